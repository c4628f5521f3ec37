//! Every key in Redis, what it holds, how long it lives and how large it can get.
//!
//! | key | type | holds | bound |
//! |---|---|---|---|
//! | `fl:{n}:<shop>:order` | hash | where the order of the shop's attempts stands: `epoch` and `rules` of this life; `number` and `command` of its last attempt; `first`, `first_command`: the last attempt that is kept no more; `stored`, `stored_command`, and `seq` and `event` of the history's head there | ten fields |
//! | `fl:{n}:<shop>:tail` | list | the attempts themselves, from `first` + 1 on: 16 bytes of command id, then the attempt | those that wait to be stored, at most [`TAIL_LIMIT`](crate::room::TAIL_LIMIT) and a flight, and at most twice [`KEPT`] stored ones |
//! | `fl:{n}:due` | sorted set | shops, by when something of them is due | a member for each shop of the shard |
//! | `fl:{n}:beats` | sorted set | shop and agent, by when they count as silent | a member for each agent of the shard who is there |
//!
//! `n` is the shard, so that all that one script touches lies in one slot of a Redis Cluster. Order and tail of a shop are
//! made when its desk is first loaded and deleted when a life of it is found wrong; the shard's sets are never deleted.
//! Nothing expires. All of it can be lost: the history has what was acknowledged.

use fenliu_domain::ids::{AgentId, ShopId};

/// Shards the shops are spread over, for good: a shop's keys are named by it.
pub(super) const SHARDS: u16 = 256;

/// Stored attempts that are kept for replicas that have not decided them yet; whoever missed more reads the history.
pub(super) const KEPT: usize = 64;

/// The keys of one shop.
#[derive(Clone, Debug)]
pub(super) struct ShopKeys {
    pub(super) order: String,
    pub(super) tail: String,
    pub(super) due: String,
    pub(super) beats: String,
    /// The shop as a member of its shard's sets.
    pub(super) member: String,
}

impl ShopKeys {
    pub(super) fn of(shop: ShopId) -> Self {
        let shard = shard_of(shop);
        let member = format!("{:032x}", shop.bits());
        Self {
            order: format!("fl:{{{shard}}}:{member}:order"),
            tail: format!("fl:{{{shard}}}:{member}:tail"),
            due: due(shard),
            beats: beats(shard),
            member,
        }
    }

    /// An agent of the shop as a member of the shard's beats.
    pub(super) fn agent(&self, agent: AgentId) -> String {
        format!("{}{:032x}", self.member, agent.bits())
    }
}

/// The shard of a shop: the low bits of its id, which are random.
pub(super) const fn shard_of(shop: ShopId) -> u16 {
    (shop.bits() % (SHARDS as u128)) as u16
}

pub(super) fn due(shard: u16) -> String {
    format!("fl:{{{shard}}}:due")
}

pub(super) fn beats(shard: u16) -> String {
    format!("fl:{{{shard}}}:beats")
}

/// The shop a member of a shard's `due` stands for.
pub(super) fn shop_of(member: &str) -> Option<ShopId> {
    u128::from_str_radix(member, 16).ok().map(ShopId::from_bits)
}

/// The shop and the agent a member of a shard's `beats` stands for.
pub(super) fn agent_of(member: &str) -> Option<(ShopId, AgentId)> {
    let (shop, agent) = member.split_at_checked(32)?;
    Some((shop_of(shop)?, AgentId::from_bits(u128::from_str_radix(agent, 16).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_back_as_what_they_stand_for() {
        let (shop, agent) = (ShopId::from_bits(0x1ff), AgentId::from_bits(u128::MAX - 7));
        let keys = ShopKeys::of(shop);
        assert_eq!(shop_of(&keys.member), Some(shop));
        assert_eq!(agent_of(&keys.agent(agent)), Some((shop, agent)));
        assert_eq!(keys.order, format!("fl:{{255}}:{:032x}:order", 0x1ff));
        assert_eq!((shop_of("x"), agent_of("short"), agent_of("é")), (None, None, None));
    }
}
