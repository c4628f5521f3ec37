//! How long it takes until everybody is served again after Redis has lost everything.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::ensure;
use fenliu_live::ScratchRedis;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::course::Plan;
use crate::floor::Stores;
use crate::load::Call;
use crate::product::{Mix, Product, STANDING, Size};

/// Callers at once.
const CALLERS: usize = 64;
/// How often it is looked whether all desks are there.
const LOOK: Duration = Duration::from_millis(20);
/// How long the desks may take to come back.
const PATIENCE: Duration = Duration::from_secs(600);

/// What there is before Redis loses it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Before {
    /// Shops.
    #[arg(long, default_value_t = 1_000)]
    shops: usize,
    /// Agents of each, all of them online.
    #[arg(long, default_value_t = 20)]
    agents: usize,
    /// Open conversations of each.
    #[arg(long, default_value_t = 50)]
    open: usize,
    /// Messages that were received of each beside the first ones.
    #[arg(long, default_value_t = 100)]
    messages: usize,
}

/// Prepares shops, lets Redis lose them, and says how long it took until they were back.
pub(crate) async fn run(plan: &Plan, before: Before) -> anyhow::Result<()> {
    let redis = ScratchRedis::start(&[]).await;
    let stores = Stores { redis: redis.url(), database: plan.postgres.clone() };
    let Before { shops, agents, open, messages } = before;
    eprintln!("preparing {shops} shops");
    let product = Product::start(&plan.dispatch, &stores, Size { shops, agents }).await?;
    let numbers = Arc::new(AtomicU64::new(1));
    let conversations = shops * open.saturating_sub(STANDING);
    ask(&product.call(Mix::New), &numbers, conversations).await?;
    ask(&product.call(Mix::Message), &numbers, shops * messages).await?;

    redis.flush().await;
    // The numbers name shops in turn, so that each is called once.
    let mut latencies = ask(&product.call(Mix::New), &numbers, shops).await?;
    let took = latencies.pop().unwrap_or_default();
    latencies.sort_unstable();
    let at = |permille: usize| latencies.get(latencies.len() * permille / 1_000).copied().unwrap_or_default();
    println!(
        "{shops} shops of {agents} agents, {open} open conversations, {messages} messages more each; Redis lost everything"
    );
    println!(
        "each called at once, {CALLERS} side by side: all served after {took:.1?}; a first call p50 {:.1?}, p99 {:.1?}",
        at(500),
        at(990)
    );

    redis.flush().await;
    println!("nobody calls: all desks were back after {:.1?}", wait_for_desks(&redis, shops).await?);
    Ok(())
}

/// Makes so many calls; gives how long each took and, last, all of them.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn ask(call: &Call, numbers: &AtomicU64, count: usize) -> anyhow::Result<Vec<Duration>> {
    let began = Instant::now();
    let next = || numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let calls = stream::iter(0..count).map(|_| async {
        let asked = Instant::now();
        call(next()).await.map(|()| asked.elapsed())
    });
    let mut latencies: Vec<_> = calls.buffer_unordered(CALLERS).try_collect().await?;
    latencies.push(began.elapsed());
    Ok(latencies)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn wait_for_desks(redis: &ScratchRedis, shops: usize) -> anyhow::Result<Duration> {
    let mut connection = redis::Client::open(redis.url())?.get_multiplexed_async_connection().await?;
    let began = Instant::now();
    loop {
        let orders: Vec<Vec<u8>> = redis::cmd("KEYS").arg("fl:*:order").query_async(&mut connection).await?;
        if orders.len() == shops {
            return Ok(began.elapsed());
        }
        ensure!(began.elapsed() < PATIENCE, "only {} of {shops} desks came back", orders.len());
        tokio::time::sleep(LOOK).await;
    }
}
