//! gRPC clients of all services on one connection.

use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::analytics::v1::import_service_client::ImportServiceClient;
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::dispatch::v1::conversation_service_client::ConversationServiceClient;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::queue_service_client::QueueServiceClient;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_runtime::channel::Outgoing;

/// The clients. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Shops.
    pub shops: ShopServiceClient<Outgoing>,
    /// Sub-accounts.
    pub accounts: AccountServiceClient<Outgoing>,
    /// Presence, capacity, the board.
    pub presence: PresenceServiceClient<Outgoing>,
    /// The buyer's side.
    pub reception: ReceptionServiceClient<Outgoing>,
    /// The agent's side.
    pub conversations: ConversationServiceClient<Outgoing>,
    /// Who waits.
    pub queue: QueueServiceClient<Outgoing>,
    /// What happened.
    pub history: HistoryServiceClient<Outgoing>,
    /// How fast the shop answered.
    pub rates: ReplyRateServiceClient<Outgoing>,
    /// What happened elsewhere.
    pub imports: ImportServiceClient<Outgoing>,
}

impl Clients {
    /// Clients on this connection.
    #[must_use]
    pub fn new(connection: &Outgoing) -> Self {
        Self {
            shops: ShopServiceClient::new(connection.clone()),
            accounts: AccountServiceClient::new(connection.clone()),
            presence: PresenceServiceClient::new(connection.clone()),
            reception: ReceptionServiceClient::new(connection.clone()),
            conversations: ConversationServiceClient::new(connection.clone()),
            queue: QueueServiceClient::new(connection.clone()),
            history: HistoryServiceClient::new(connection.clone()),
            rates: ReplyRateServiceClient::new(connection.clone()),
            imports: ImportServiceClient::new(connection.clone()),
        }
    }
}
