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
        let mut tried = 0;
        loop {
            match $look.await {
                Ok(seen) => break seen,
                Err(error) => $desks.look_again($shop, tried, error).await?,
            }
            tried += 1;
        }
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

    /// Makes ready for another look, or says why there is none.
    async fn look_again(&self, shop: ShopId, tried: usize, error: LookError) -> Result<(), Problem> {
        match error {
            LookError::NotLoaded if tried >= TRIES => Err(unavailable()),
            LookError::NotLoaded => {
                if self.rebuild(shop).await? {
                    Ok(())
                } else {
                    Err(shop_not_found(shop))
                }
            }
            // A connection that was lost comes back with the next call.
            LookError::Unavailable(_) if tried == 0 => Ok(()),
            LookError::Unavailable(error) => Err(unreached(shop, &error)),
        }
    }

    /// What is known of a desk as a whole.
    pub(crate) async fn info(&self, shop: ShopId) -> Result<DeskInfo, Problem> {
        let info = look!(self, shop, self.live.info(shop));
        opened(shop, info.head.map_or(Seq::default(), |head| head.seq), info)
    }

    /// The policy, as this replica knows it without asking others: for what may be moments behind.
    pub(crate) async fn policy(&self, shop: ShopId) -> Result<Policy, Problem> {
        Ok(look!(self, shop, self.live.policy(shop)))
    }

    /// One agent; AGENT_NOT_FOUND when the shop has none of that id.
    pub(crate) async fn agent(&self, shop: ShopId, agent: AgentId) -> Result<Agent, Problem> {
        look!(self, shop, self.live.agent(shop, agent)).ok_or_else(|| agent_not_found(agent))
    }

    /// Every agent of a shop, by name.
    pub(crate) async fn board(&self, shop: ShopId) -> Result<Board, Problem> {
        let board = look!(self, shop, self.live.board(shop));
        opened(shop, board.seq, board)
    }

    /// The queue of a shop, with its first conversations.
    pub(crate) async fn queue(&self, shop: ShopId, limit: usize) -> Result<QueueView, Problem> {
        let view = look!(self, shop, self.live.queue(shop, limit));
        opened(shop, view.seq, view)
    }

    /// Where a message would go now.
    pub(crate) async fn preview(
        &self,
        shop: ShopId,
        now: Timestamp,
        message: &BuyerMessage,
    ) -> Result<Preview, Problem> {
        self.expect(shop).await?;
        Ok(look!(self, shop, self.live.preview(shop, now, message)))
    }

    /// Takes a heartbeat; AGENT_NOT_FOUND when the shop has none of that id.
    pub(crate) async fn beat(
        &self,
        shop: ShopId,
        agent: AgentId,
        device: &str,
        now: Timestamp,
    ) -> Result<Beat, Problem> {
        look!(self, shop, self.live.beat(shop, agent, device, now)).ok_or_else(|| agent_not_found(agent))
    }
}
