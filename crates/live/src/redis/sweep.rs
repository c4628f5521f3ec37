//! What is due and who fell silent, over all shards; and whether this Redis keeps what it is given.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use futures::StreamExt;
use redis::RedisError;

use super::keys::{self, SHARDS};
use super::link::{Call, Link};
use super::scripts::{CLAIM, SILENT};
use super::{ConnectError, Engine};
use crate::port::Lapsed;

/// How long a shop that is due is left to the replica that took it.
const CLAIMED: Span = Span::from_secs(2);
/// Shards asked side by side.
const AT_ONCE: usize = 64;

impl Engine {
    pub(super) async fn due(&self, now: Timestamp, limit: usize) -> Vec<ShopId> {
        // What this replica knows to be done is not due.
        self.tell_all().await;
        let shards = futures::stream::iter(0..SHARDS).map(|shard| async move {
            let call = Call::of(&CLAIM)
                .key(&keys::due(shard))
                .arg(now.micros())
                .arg((now + CLAIMED).micros())
                .arg(limit);
            self.link.run::<Vec<(String, f64)>>(&call).await
        });
        let answers: Vec<_> = shards.buffer_unordered(AT_ONCE).collect().await;
        let mut due: Vec<(f64, ShopId)> = told(answers)
            .into_iter()
            .flatten()
            .filter_map(|(member, at)| Some((at, keys::shop_of(&member)?)))
            .collect();
        due.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        due.into_iter().map(|(_, shop)| shop).take(limit).collect()
    }

    pub(super) async fn lapsed(&self, now: Timestamp, limit: usize) -> Lapsed {
        let shards = futures::stream::iter(0..SHARDS).map(|shard| async move {
            let call = Call::of(&SILENT).key(&keys::beats(shard)).arg(now.micros()).arg(limit);
            self.link.run::<(usize, usize, Vec<String>)>(&call).await
        });
        let answers: Vec<_> = shards.buffer_unordered(AT_ONCE).collect().await;
        let mut lapsed = Lapsed::default();
        for (watched, silent, members) in told(answers) {
            lapsed.watched += watched;
            lapsed.silent += silent;
            let agents = members.iter().filter_map(|member| keys::agent_of(member));
            lapsed.agents.extend(agents.collect::<Vec<(ShopId, AgentId)>>());
        }
        lapsed.agents.sort_unstable();
        lapsed.agents.truncate(limit);
        lapsed
    }
}

/// What shards answered; those that did not are asked again with the next sweep.
fn told<T>(answers: Vec<Result<T, RedisError>>) -> Vec<T> {
    let mut told = Vec::with_capacity(answers.len());
    let mut silent = 0;
    for answer in answers {
        match answer {
            Ok(answer) => told.push(answer),
            Err(error) => {
                silent += 1;
                if silent == 1 {
                    tracing::warn!(%error, "a shard of Redis was not swept; it is tried again");
                }
            }
        }
    }
    told
}

/// Refuses a Redis that would evict what it is given; warns of one that would not survive a restart.
pub(super) async fn expect_keeping(link: &Link) -> Result<(), ConnectError> {
    let info: String = link.query(redis::cmd("INFO").arg("everything")).await?;
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
            "Redis writes no append-only file: after a restart every live desk is rebuilt from the history; set appendonly yes"
        );
    }
    Ok(())
}
