//! Looking at live desks: one that is not loaded is loaded for that.

use fenliu_domain::desk::agent::Agent;
use fenliu_domain::desk::command::BuyerMessage;
use fenliu_domain::desk::event::Seq;
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
        for tried in 0..TRIES {
            match $look.await {
                Ok(seen) => return Ok(seen),
                Err(LookError::NotLoaded) if !$desks.rebuild($shop).await? => {
                    return Err(shop_not_found($shop));
                }
                Err(LookError::NotLoaded) => {}
                // A connection that was lost comes back with the next call.
                Err(LookError::Unavailable(_)) if tried == 0 => {}
                Err(LookError::Unavailable(error)) => return Err(unreached($shop, &error)),
            }
        }
        Err(unavailable())
    }};
}

/// What is seen of a desk that something has happened at; before that it is none.
fn opened<T>(shop: ShopId, seq: Seq, seen: T) -> Result<T, Problem> {
    if seq > Seq::default() { Ok(seen) } else { Err(shop_not_found(shop)) }
}

impl Desks {
    /// Whether there is such a shop.
    pub(crate) async fn expect(&self, shop: ShopId) -> Result<(), Problem> {
        self.info(shop).await.map(|_| ())
    }

    /// What is known of a desk as a whole.
    pub(crate) async fn info(&self, shop: ShopId) -> Result<DeskInfo, Problem> {
        let info: Result<DeskInfo, Problem> = self.any_info(shop).await;
        info.and_then(|info| opened(shop, info.head.map_or(Seq::default(), |head| head.seq), info))
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
        let board: Result<Board, Problem> = self.any_board(shop).await;
        board.and_then(|board| opened(shop, board.seq, board))
    }

    async fn any_board(&self, shop: ShopId) -> Result<Board, Problem> {
        look!(self, shop, self.live.board(shop))
    }

    /// The queue of a shop, with its first conversations.
    pub(crate) async fn queue(&self, shop: ShopId, limit: usize) -> Result<QueueView, Problem> {
        let view: Result<QueueView, Problem> = self.any_queue(shop, limit).await;
        view.and_then(|view| opened(shop, view.seq, view))
    }

    async fn any_queue(&self, shop: ShopId, limit: usize) -> Result<QueueView, Problem> {
        look!(self, shop, self.live.queue(shop, limit))
    }

    /// Where a message would go now.
    pub(crate) async fn preview(
        &self,
        shop: ShopId,
        now: Timestamp,
        message: &BuyerMessage,
    ) -> Result<Preview, Problem> {
        self.expect(shop).await?;
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
