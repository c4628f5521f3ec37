//! A running service with its clients, and short ways to say what a test wants.
//!
//! The database is a SQLite file, or, when `FENLIU_TEST_POSTGRES` holds the URL of a PostgreSQL whose user may create
//! databases, a new database there for each house. So one suite proves both.

use fenliu_analytics::Config;
use fenliu_analytics::config::{AlertsConfig, WebhookConfig};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::alert_service_client::AlertServiceClient;
use fenliu_proto::analytics::v1::compliance_service_client::ComplianceServiceClient;
use fenliu_proto::analytics::v1::demand_service_client::DemandServiceClient;
use fenliu_proto::analytics::v1::feedback_service_client::FeedbackServiceClient;
use fenliu_proto::analytics::v1::import_service_client::ImportServiceClient;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::analytics::v1::rule_pack_service_client::RulePackServiceClient;
use fenliu_proto::analytics::v1::scorecard_service_client::ScorecardServiceClient;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1::Event;
use fenliu_proto::status::{reason_of, refusal};
use fenliu_runtime::channel;
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::{Drained, Lifecycle};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::{DatabaseConfig, ScratchDatabase};
use futures::stream;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use tonic_types::StatusExt;

use crate::accounts::Accounts;
use crate::dispatch::Dispatch;

/// Monday, 4 May 2026, 20:00 in Shanghai.
pub(crate) const START: Timestamp = Timestamp::from_micros_clamped(1_777_896_000_000_000);

/// A shop.
pub(crate) const SHOP: &str = "shp_00000000000000000000000000000001";

/// The service of one database, clients of it, and the dispatch it follows.
pub(crate) struct House {
    pub(crate) alerts: AlertServiceClient<Channel>,
    pub(crate) rates: ReplyRateServiceClient<Channel>,
    pub(crate) compliance: ComplianceServiceClient<Channel>,
    pub(crate) packs: RulePackServiceClient<Channel>,
    pub(crate) imports: ImportServiceClient<Channel>,
    pub(crate) demand: DemandServiceClient<Channel>,
    pub(crate) scorecards: ScorecardServiceClient<Channel>,
    pub(crate) accounts: Accounts,
    pub(crate) feedback: FeedbackServiceClient<Channel>,
    pub(crate) dispatch: Dispatch,
    pub(crate) clock: VirtualClock,
    lifecycle: Lifecycle,
    server: JoinHandle<Drained>,
    data: ScratchDatabase,
    wanted: Wanted,
}

/// What is configured of alerts.
#[derive(Clone, Default)]
struct Wanted {
    alerts: AlertsConfig,
    webhook: WebhookConfig,
}

impl House {
    /// A service that knows nothing yet.
    pub(crate) async fn open() -> Self {
        Self::begin(Wanted::default()).await
    }

    /// The same, telling somebody of alerts.
    pub(crate) async fn telling(webhook: WebhookConfig) -> Self {
        Self::begin(Wanted { webhook, ..Wanted::default() }).await
    }

    /// The same, with alerts as they are configured.
    pub(crate) async fn alerting(alerts: AlertsConfig) -> Self {
        Self::begin(Wanted { alerts, ..Wanted::default() }).await
    }

    async fn begin(wanted: Wanted) -> Self {
        let data = ScratchDatabase::create("analytics").await;
        let peers = (Accounts::start().await, Dispatch::start().await);
        Box::pin(Self::start(data, VirtualClock::new(START), peers, wanted)).await
    }

    async fn start(
        data: ScratchDatabase,
        clock: VirtualClock,
        (accounts, dispatch): (Accounts, Dispatch),
        wanted: Wanted,
    ) -> Self {
        let lifecycle = Lifecycle::new();
        let platform = Platform::simulated(&clock, 1, lifecycle.clone())
            .with_page_tokens(fenliu_runtime::page::PageTokens::new([7; 32]));
        let auth = platform.auth.clone();
        let peer = |address| {
            channel::connect_lazy(format!("http://{address}").parse().expect("an address is a URI"))
        };
        let (rosters, history) = (peer(accounts.address), peer(dispatch.address));
        let database = DatabaseConfig { max_connections: 4, ..data.config() };
        let Wanted { alerts, webhook } = wanted.clone();
        let config = Config { alerts, webhook, ..Config::at(database) };
        let service = fenliu_analytics::start(config, platform, history, rosters).await;
        let service = service.expect("the service starts");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let options = ServerOptions {
            config: ServerConfig {
                insecure_no_auth: true,
                default_deadline_ms: 60_000,
                ..ServerConfig::default()
            },
            descriptor_set: fenliu_proto::DESCRIPTOR_SET,
            refuse: refusal,
            lifecycle: lifecycle.clone(),
            auth,
        };
        let server = tokio::spawn(async move {
            serve(listener, vec![service], options).await.expect("the server serves until it drains")
        });
        let channel = Endpoint::from_shared(format!("http://{address}")).expect("a URI").connect_lazy();
        Self {
            alerts: AlertServiceClient::new(channel.clone()),
            rates: ReplyRateServiceClient::new(channel.clone()),
            compliance: ComplianceServiceClient::new(channel.clone()),
            packs: RulePackServiceClient::new(channel.clone()),
            imports: ImportServiceClient::new(channel.clone()),
            demand: DemandServiceClient::new(channel.clone()),
            scorecards: ScorecardServiceClient::new(channel.clone()),
            accounts,
            feedback: FeedbackServiceClient::new(channel),
            dispatch,
            clock,
            lifecycle,
            server,
            data,
            wanted,
        }
    }

    /// The same house after its process has ended and another one has begun.
    pub(crate) async fn restart(self) -> Self {
        let Self { alerts, rates, compliance, packs, imports, demand, scorecards, feedback, .. } = self;
        let Self { accounts, dispatch, clock, lifecycle, server, data, wanted, .. } = self;
        // A server drains when its clients have hung up.
        drop((alerts, rates, compliance, packs, imports, demand, scorecards, feedback));
        lifecycle.soft().cancel();
        server.await.expect("the server ends");
        Box::pin(Self::start(data, clock, (accounts, dispatch), wanted)).await
    }

    /// Adds to the history, and waits until it has been worked in, while no time passes.
    pub(crate) async fn recorded(&mut self, events: impl IntoIterator<Item = Event>) {
        let position = self.dispatch.record(events);
        loop {
            let seen = self.rates.get_reply_rate(rate("taobao-3min")).await;
            if seen.is_ok_and(|seen| seen.into_inner().position >= position) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the history has been worked in up to a position, letting time pass so that waits end.
    pub(crate) async fn caught_up(&mut self, position: i64) {
        loop {
            let seen = self.rates.get_reply_rate(rate("taobao-3min")).await;
            if seen.is_ok_and(|seen| seen.into_inner().position >= position) {
                return;
            }
            self.clock.advance_to(self.clock.now() + Span::from_secs(1)).await;
        }
    }

    /// Sends events, one request for each batch.
    pub(crate) async fn import(
        &mut self,
        batches: Vec<proto::ImportEventsRequest>,
    ) -> Result<Response<proto::ImportEventsResponse>, Status> {
        self.imports.import_events(stream::iter(batches)).await
    }

    /// The rate of the shop under a shipped pack.
    pub(crate) async fn rate(&mut self, pack: &str) -> proto::GetReplyRateResponse {
        self.rates.get_reply_rate(rate(pack)).await.expect("a rate").into_inner()
    }
}

/// A request for the rate of everything under a shipped pack.
pub(crate) fn rate(pack: &str) -> proto::GetReplyRateRequest {
    let pack = Some(proto::get_reply_rate_request::Pack::RulePackId(pack.into()));
    proto::GetReplyRateRequest { shop_id: SHOP.into(), pack, ..Default::default() }
}

/// The moment so many seconds before the clock's start.
pub(crate) fn before_start(seconds: i64) -> Timestamp {
    START - Span::from_secs(seconds)
}

/// One event of an import.
pub(crate) fn event(
    conversation: &str,
    number: u32,
    at: Timestamp,
    payload: Payload,
) -> proto::ImportedEvent {
    proto::ImportedEvent {
        record_id: format!("{conversation}/{number}"),
        conversation: conversation.into(),
        occurred_time: Some(to_timestamp(at)),
        order: number,
        recorded_time: None,
        payload: Some(payload),
    }
}

/// The beginning of a conversation with a buyer.
pub(crate) fn opened(buyer: &str) -> Payload {
    Payload::Opened(proto::ImportedOpening { buyer_id: buyer.into(), ..Default::default() })
}

/// A question.
pub(crate) fn asked() -> Payload {
    Payload::Message(proto::ImportedMessage::default())
}

/// A human's reply.
pub(crate) fn replied(agent: &str) -> Payload {
    Payload::Reply(proto::ImportedReply {
        actor: Actor::Human.into(),
        agent: agent.into(),
        small_talk: false,
    })
}

/// A batch of events of the source "test", in Shanghai.
pub(crate) fn batch(events: Vec<proto::ImportedEvent>) -> proto::ImportEventsRequest {
    proto::ImportEventsRequest {
        shop_id: SHOP.into(),
        source: "test".into(),
        time_zone: "Asia/Shanghai".into(),
        events,
        orders: Vec::new(),
    }
}

/// A conversation asked so many seconds before the clock's start, and answered by an agent after some.
pub(crate) fn conversation(
    key: &str,
    asked_before: i64,
    answered_after: Option<i64>,
) -> Vec<proto::ImportedEvent> {
    let at = before_start(asked_before);
    let mut events = vec![event(key, 0, at, opened(&format!("buyer {key}"))), event(key, 1, at, asked())];
    events.extend(answered_after.map(|after| event(key, 2, at + Span::from_secs(after), replied("lan"))));
    events
}

/// The status of a call that must be refused, after checking its reason.
#[track_caller]
pub(crate) fn refused<T>(result: Result<Response<T>, Status>, reason: Reason) -> Status {
    let Err(status) = result else { panic!("expected {}, but it succeeded", reason.name()) };
    assert_eq!(reason_of(&status), Some(reason), "{status:?}");
    status
}

/// Checks that a call was refused for exactly these fields.
#[track_caller]
pub(crate) fn refused_fields<T>(result: Result<Response<T>, Status>, reason: Reason, fields: &[&str]) {
    let status = refused(result, reason);
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    let named: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(named, fields, "{status:?}");
}
