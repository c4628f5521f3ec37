//! What is due and who fell silent, over all shards; and whether this Redis keeps what it is given.

use std::collections::BTreeMap;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use futures::future::join_all;
use redis::{FromRedisValue, RedisError, Script};

use super::keys::{self, SHARDS, ShopKeys};
use super::link::{Call, Link};
use super::scripts::{CLAIM, MISSING, SILENT};
use super::{ConnectError, Engine};
use crate::port::{LAPSE_SPAN, Lapsed};

/// Most shops that Redis is asked about in one call.
const ASKED_AT_ONCE: usize = 1_000;
/// How long a shop that is due is left to the replica that took it.
const CLAIMED: Span = Span::from_secs(2);

impl Engine {
    pub(super) async fn due(&self, now: Timestamp, limit: usize) -> Vec<ShopId> {
        // What this replica knows to be done is not due.
        self.tell_all().await;
        let until = now + CLAIMED;
        let args = [
            now.micros().to_string(),
            until.micros().to_string(),
            limit.to_string(),
            self.config.skew_text(),
        ];
        let claims: Vec<Vec<(String, f64)>> = self.over_shards(&CLAIM, keys::due, &args).await;
        let mut due: Vec<(f64, ShopId)> = claims
            .into_iter()
            .flatten()
            .filter_map(|(member, at)| Some((at, keys::shop_of(&member)?)))
            .collect();
        due.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        due.into_iter().map(|(_, shop)| shop).take(limit).collect()
    }

    /// Those of these shops that have no life in Redis, as far as it answers.
    pub(super) async fn missing(&self, shops: &[ShopId]) -> Vec<ShopId> {
        let mut shards: BTreeMap<usize, Vec<ShopId>> = BTreeMap::new();
        let shards_a_call = self.link.shards_a_call();
        for shop in shops {
            shards.entry(usize::from(keys::shard_of(*shop)) / shards_a_call).or_default().push(*shop);
        }
        let mut missing = Vec::new();
        for asked in shards.values().flat_map(|shops| shops.chunks(ASKED_AT_ONCE)) {
            let orders: Vec<_> = asked.iter().map(|shop| ShopKeys::of(*shop).order).collect();
            match self.link.run::<Vec<usize>>(&Call::of(&MISSING).keys(&orders)).await {
                Ok(places) => missing.extend(places.iter().filter_map(|place| asked.get(place - 1))),
                Err(error) => {
                    tracing::warn!(%error, "Redis does not tell which live desks it has");
                    return missing;
                }
            }
        }
        missing
    }

    pub(super) async fn lapsed(&self, now: Timestamp, limit: usize) -> Lapsed {
        let soon = now + LAPSE_SPAN;
        let args =
            [now.micros().to_string(), soon.micros().to_string(), limit.to_string(), self.config.skew_text()];
        let silent: Vec<(usize, usize, Vec<String>)> = self.over_shards(&SILENT, keys::beats, &args).await;
        let mut lapsed = Lapsed::default();
        for (watched, silent, members) in silent {
            lapsed.watched += watched;
            lapsed.silent += silent;
            let agents = members.iter().filter_map(|member| keys::agent_of(member));
            lapsed.agents.extend(agents.collect::<Vec<(ShopId, AgentId)>>());
        }
        lapsed.agents.sort_unstable();
        lapsed.agents.truncate(limit);
        lapsed
    }

    /// Runs a script over a set of every shard, of as many at once as Redis takes in one call.
    async fn over_shards<T: FromRedisValue + Send>(
        &self,
        script: &'static Script,
        key: fn(u16) -> String,
        args: &[String],
    ) -> Vec<T> {
        let shards: Vec<_> = (0..SHARDS).map(key).collect();
        let calls: Vec<_> = shards
            .chunks(self.link.shards_a_call())
            .map(|keys| Call::of(script).keys(keys).args(args))
            .collect();
        let answers = join_all(calls.iter().map(|call| self.link.run(call))).await;
        // Shards that did not answer are asked again with the next sweep.
        let warn = |error: &RedisError| tracing::warn!(%error, "a shard of Redis was not swept");
        answers.into_iter().filter_map(|answer| answer.inspect_err(warn).ok()).collect()
    }
}

/// Refuses a Redis that would evict what it is given; warns of one that would not survive a restart.
pub(super) async fn expect_keeping(link: &Link) -> Result<(), ConnectError> {
    for info in link.info().await? {
        let field = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(str::trim).unwrap_or_default()
        };
        let policy = field("maxmemory_policy");
        if policy != "noeviction" {
            return Err(ConnectError::Evicts(policy.to_owned()));
        }
        if field("aof_enabled") != "1" {
            tracing::warn!(
                "Redis writes no append-only file: after a restart every live desk is rebuilt from the history; set \
                 appendonly yes"
            );
        }
    }
    Ok(())
}
