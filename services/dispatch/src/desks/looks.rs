//! Looking at live desks: one that is not loaded is loaded for that.

use fenliu_domain::desk::agent::Agent;
use fenliu_domain::desk::command::BuyerMessage;
use fenliu_domain::desk::policy::Policy;
use fenliu_domain::desk::preview::Preview;
use fenliu_domain::desk::refusal::{agent_not_found, shop_not_found};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_live::{Beat, Board, DeskInfo, LookError, QueueView};

use super::{Desks, TRIES, unavailable, unreached};

/// Looks until the desk is loaded, a bounded number of times. Every look can fail with SHOP_NOT_FOUND when there is no such
/// shop, and with STORE_UNAVAILABLE when the history or the live desks cannot be reached.
macro_rules! look {
    ($desks:ident, $shop:ident, $look:expr) => {{
        for _ in 0..TRIES {
            match $look.await {
                Ok(seen) => return Ok(seen),
                Err(LookError::NotLoaded) if !$desks.rebuild($shop).await? => {
                    return Err(shop_not_found($shop));
                }
                Err(LookError::NotLoaded) => {}
                Err(LookError::Unavailable(error)) => return Err(unreached($shop, &error)),
            }
        }
        Err(unavailable())
    }};
}

impl Desks {
    /// Whether there is such a shop.
    pub(crate) async fn expect(&self, shop: ShopId) -> Result<(), Problem> {
        self.info(shop).await.map(|_| ())
    }

    /// What is known of a desk as a whole.
    pub(crate) async fn info(&self, shop: ShopId) -> Result<DeskInfo, Problem> {
        let info: Result<DeskInfo, Problem> = self.any_info(shop).await;
        // A desk that nothing has happened at is none yet.
        info.and_then(|info| if info.head.is_some() { Ok(info) } else { Err(shop_not_found(shop)) })
    }

    async fn any_info(&self, shop: ShopId) -> Result<DeskInfo, Problem> {
        look!(self, shop, self.live.info(shop))
    }

    /// The policy, as this replica knows it without asking others: for what may be moments behind.
    pub(crate) async fn policy(&self, shop: ShopId) -> Result<Policy, Problem> {
        look!(self, shop, self.live.policy(shop))
    }

    /// One agent; AGENT_NOT_FOUND when the shop has none of that id.
    pub(crate) async fn agent(&self, shop: ShopId, agent: AgentId) -> Result<Agent, Problem> {
        self.any_agent(shop, agent).await?.ok_or_else(|| agent_not_found(agent))
    }

    async fn any_agent(&self, shop: ShopId, agent: AgentId) -> Result<Option<Agent>, Problem> {
        look!(self, shop, self.live.agent(shop, agent))
    }

    /// Every agent of a shop, by name.
    pub(crate) async fn board(&self, shop: ShopId) -> Result<Board, Problem> {
        look!(self, shop, self.live.board(shop))
    }

    /// The queue of a shop, with its first conversations.
    pub(crate) async fn queue(&self, shop: ShopId, limit: usize) -> Result<QueueView, Problem> {
        look!(self, shop, self.live.queue(shop, limit))
    }

    /// Where a message would go now.
    pub(crate) async fn preview(
        &self,
        shop: ShopId,
        now: Timestamp,
        message: &BuyerMessage,
    ) -> Result<Preview, Problem> {
        look!(self, shop, self.live.preview(shop, now, message))
    }

    /// Takes a heartbeat; AGENT_NOT_FOUND when the shop has none of that id.
    pub(crate) async fn beat(
        &self,
        shop: ShopId,
        agent: AgentId,
        device: &str,
        now: Timestamp,
    ) -> Result<Beat, Problem> {
        self.any_beat(shop, agent, device, now).await?.ok_or_else(|| agent_not_found(agent))
    }

    async fn any_beat(
        &self,
        shop: ShopId,
        agent: AgentId,
        device: &str,
        now: Timestamp,
    ) -> Result<Option<Beat>, Problem> {
        look!(self, shop, self.live.beat(shop, agent, device, now))
    }
}
