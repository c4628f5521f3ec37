//! Callers: so many at once, or so many a second whatever the answers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::BoxFuture;

/// One call, by its number.
pub(crate) type Call = Arc<dyn Fn(u64) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// How callers come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each comes again as soon as it was answered.
    Closed { in_flight: usize },
    /// They come at even times; latency counts from when each meant to come.
    Open { per_second: u64 },
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) calls: u64,
    pub(crate) took: Duration,
    /// In order.
    latencies: Vec<Duration>,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        self.calls as f64 / self.took.as_secs_f64()
    }

    /// The latency that so many thousandths of the calls did not exceed, in milliseconds.
    pub(crate) fn quantile(&self, permille: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (self.latencies.len() * permille / 1_000).min(last);
        self.latencies.get(at).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// Calls for so long.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
pub(crate) async fn run(
    call: &Call,
    pace: Pace,
    numbers: &Arc<AtomicU64>,
    length: Duration,
) -> anyhow::Result<Measured> {
    let began = Instant::now();
    let mut latencies = match pace {
        Pace::Closed { in_flight } => closed(call, in_flight, numbers, length).await?,
        Pace::Open { per_second } => open(call, per_second, numbers, length).await?,
    };
    let took = began.elapsed();
    latencies.sort_unstable();
    Ok(Measured { calls: latencies.len() as u64, took, latencies })
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn closed(
    call: &Call,
    in_flight: usize,
    numbers: &Arc<AtomicU64>,
    length: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (call, numbers, over) = (call.clone(), numbers.clone(), over.clone());
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    call(numbers.fetch_add(1, Ordering::Relaxed)).await?;
                    latencies.push(began.elapsed());
                }
                anyhow::Ok(latencies)
            })
        })
        .collect();
    tokio::time::sleep(length).await;
    over.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    for caller in callers {
        all.extend(caller.await.context("a caller panicked")??);
    }
    Ok(all)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn open(
    call: &Call,
    per_second: u64,
    numbers: &Arc<AtomicU64>,
    length: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let began = Instant::now();
    let mut callers = Vec::new();
    let all = per_second * length.as_secs();
    for number in 0..all {
        let due = began + Duration::from_secs_f64(number as f64 / per_second as f64);
        tokio::time::sleep_until(due.into()).await;
        let (call, number) = (call.clone(), numbers.fetch_add(1, Ordering::Relaxed));
        callers.push(tokio::spawn(async move {
            call(number).await?;
            anyhow::Ok(due.elapsed())
        }));
    }
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.push(caller.await.context("a caller panicked")??);
    }
    Ok(latencies)
}
