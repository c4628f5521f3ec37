//! What dispatch knows and accounts must ask before it lets somebody go: whether they still hold conversations.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use fenliu_proto::dispatch::v1::GetAgentRequest;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::status::reason_of;
use fenliu_runtime::channel::Outgoing;

/// How long a caller is advised to wait while dispatch does not answer.
const RETRY_AFTER: Span = Span::from_secs(5);

/// The way to dispatch, when there is one. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Conversations(Option<Outgoing>);

impl Conversations {
    /// Asks behind this channel; `None` = there is nobody to ask.
    pub(crate) const fn new(dispatch: Option<Outgoing>) -> Self {
        Self(dispatch)
    }

    /// Makes sure that an agent holds no conversation of a shop.
    ///
    /// # Errors
    /// OPEN_CONVERSATIONS; PEER_UNAVAILABLE when dispatch cannot say.
    pub(crate) async fn expect_none(&self, shop: ShopId, agent: AgentId) -> Result<(), Problem> {
        let held = match &self.0 {
            Some(dispatch) => held(dispatch.clone(), shop, agent).await?,
            None => return Err(unavailable("no address of dispatch is configured")),
        };
        if held == 0 {
            return Ok(());
        }
        let words = format!(
            "agent {agent} holds {held} open conversations of shop {shop}; let them be closed or transferred first, \
             or repeat this with hand_over"
        );
        let problem = Problem::new(Reason::OpenConversations, words);
        Err(problem.with("open_conversations", held).with("agent_id", agent).with("shop_id", shop))
    }
}

async fn held(dispatch: Outgoing, shop: ShopId, agent: AgentId) -> Result<u32, Problem> {
    let request = GetAgentRequest { shop_id: shop.to_string(), agent_id: agent.to_string() };
    match PresenceServiceClient::new(dispatch).get_agent(request).await {
        Ok(answer) => Ok(answer.into_inner().agent.map_or(0, |agent| agent.load)),
        // Dispatch has not even heard of them.
        Err(status) if reason_of(&status) == Some(Reason::AgentNotFound) => Ok(0),
        Err(status) => {
            tracing::warn!(%status, "dispatch does not say who holds conversations");
            Err(unavailable("dispatch does not answer"))
        }
    }
}

fn unavailable(why: &str) -> Problem {
    let words = format!("{why}, so nobody knows whether conversations are open; try again, or use hand_over");
    Problem::new(Reason::PeerUnavailable, words).with("peer", "dispatch").retry_after(RETRY_AFTER)
}
