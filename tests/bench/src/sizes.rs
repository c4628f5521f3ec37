//! One shop with ever more agents: what a script costs, and what Redis holds.

use fenliu_live::ScratchRedis;

use crate::course::{Plan, Subject, measure};
use crate::floor::Stores;
use crate::load::Pace;
use crate::product::{Mix, Product, Size};
use crate::redis_use::key_bytes;

/// Agents of the shop.
const AGENTS: [usize; 3] = [10, 1_000, 10_000];
const CALLERS: usize = 64;

/// A shop of one size.
pub(crate) struct Sized {
    pub(crate) agents: usize,
    /// Microseconds in a script, median of the rounds.
    pub(crate) script: Vec<f64>,
    /// Bytes in Redis for each agent.
    pub(crate) agent_bytes: f64,
    /// Bytes in Redis for each conversation that was begun.
    pub(crate) conversation_bytes: f64,
}

pub(crate) async fn run(plan: &Plan) -> anyhow::Result<Vec<Sized>> {
    if plan.only.as_ref().is_some_and(|only| !"one shop by agents".contains(only.as_str())) {
        return Ok(Vec::new());
    }
    let mut sizes = Vec::new();
    for agents in AGENTS {
        eprint!("\rone shop by agents: {agents:40}");
        let redis = ScratchRedis::start(&["--appendonly", "yes", "--appendfsync", "everysec"]).await;
        let stores = Stores { redis: redis.url(), database: plan.postgres.clone() };
        let product = Product::start(&plan.dispatch, &stores, Size { shops: 1, agents }).await?;
        let settled = key_bytes(&redis.url()).await?;
        let subject = Subject::of(plan, &product, Mix::New, Some(&redis));
        let (mut script, mut begun) = (Vec::new(), 0);
        for _ in 0..plan.rounds {
            let round = measure(&subject, Pace::Closed { in_flight: CALLERS }, plan.length).await?;
            begun += round.measured.calls;
            script.push(round.redis.scripts().1);
        }
        let full = key_bytes(&redis.url()).await?;
        sizes.push(Sized {
            agents,
            script,
            agent_bytes: settled as f64 / agents as f64,
            conversation_bytes: full.saturating_sub(settled) as f64 / begun as f64,
        });
    }
    eprintln!();
    Ok(sizes)
}
