//! How far facts trail a history that is being written at 5,000 events a second: from the moment an event is meant to be written,
//! by a schedule that waits for nobody, to the moment the cursor of a SQLite file with `synchronous=FULL` stands behind it. What
//! comes late for whatever reason counts as late. `cargo bench -p fenliu-analytics --bench lag`; processor time holds the stand-in
//! for dispatch and whoever looks at the cursor, which run in the same process.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fenliu_domain::time::Span;
use fenliu_proto::dispatch::v1::{FollowEventsResponse, StoredEvent};
use fenliu_runtime::clock::{Clock, SystemClock};
use fenliu_runtime::lifecycle::Lifecycle;
use futures::{StreamExt, stream};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, Connection};

use self::stand_in::{STORY, event, follow, stand_in, timed};

#[expect(unreachable_pub, reason = "benchmarks share it")]
mod stand_in;

/// Events a second, and for how long.
const RATE: u32 = 5_000;
const SECONDS: u32 = 30;
/// What no event may trail by.
const TARGET: Duration = Duration::from_secs(1);
/// How often dispatch has something new to tell, as commits come together; and how often the cursor is looked at.
const TICK: Span = Span::from_millis(5);
/// Most events of a message of the stream, as dispatch sends them.
const MESSAGE_EVENTS: usize = 500;
const SHOPS: u128 = 100;
/// Conversations that go on at the same time.
const AT_ONCE: usize = 500;

/// When the first event is meant to be written: when the service first asks.
type Start = Arc<OnceLock<Instant>>;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let events = (RATE * SECONDS) as usize;
    let start = Start::default();
    let told = start.clone();
    let address = stand_in(Arc::new(move || paced(told.clone(), events).boxed())).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("facts.db");
    let last = i64::try_from(events).unwrap_or(i64::MAX);
    let lifecycle = Lifecycle::new();
    let both = async { tokio::join!(follow(&address, &file, last, &lifecycle), lags(&file, &start, events)) };
    let ((_, mut lags), took) = timed(both).await;
    lifecycle.drain(Duration::from_secs(5)).await;
    lags.sort_unstable();
    let quantile = |percent: usize| lags[(lags.len() - 1) * percent / 100];
    let (p50, p99, max) = (quantile(50), quantile(99), quantile(100));
    println!("{RATE} events/s for {SECONDS} s, from being meant to be written to being facts:");
    println!("p50 {p50:.1?}  p99 {p99:.1?}  max {max:.1?}");
    println!("{:.2} cores in use", took.cpu.as_secs_f64() / took.wall.as_secs_f64());
    println!("all within {TARGET:?}: {}", if max <= TARGET { "yes" } else { "no" });
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
fn since(start: &Start) -> Duration {
    start.get_or_init(Instant::now).elapsed()
}

/// When an event is meant to be written, after the start.
fn intended(at: usize) -> Duration {
    Duration::from_secs(1) * u32::try_from(at).unwrap_or(u32::MAX) / RATE
}

/// A history that grows by its schedule, whether it is read or not.
fn paced(start: Start, events: usize) -> impl stream::Stream<Item = FollowEventsResponse> + Send {
    stream::unfold(0, move |told| {
        let start = start.clone();
        async move {
            if told == events {
                return None;
            }
            loop {
                let due = (told..events).take_while(|at| intended(*at) <= since(&start)).count();
                if due > 0 {
                    let until = told + due.min(MESSAGE_EVENTS);
                    let events = (told..until).map(written).collect();
                    return Some((FollowEventsResponse { events, caught_up: until == told + due }, until));
                }
                SystemClock.sleep_until(SystemClock.now() + TICK).await;
            }
        }
    })
}

/// An event of conversations in each other's midst.
fn written(at: usize) -> StoredEvent {
    let (group, step) = (at / (AT_ONCE * STORY), at / AT_ONCE % STORY);
    let number = group * AT_ONCE + at % AT_ONCE;
    event(number as u128 % SHOPS, number, step, at, i64::try_from(at / RATE as usize).unwrap_or_default())
}

/// How far each event trailed, as the cursor showed.
async fn lags(file: &Path, start: &Start, events: usize) -> Vec<Duration> {
    let mut facts = open(file).await;
    let mut lags = Vec::with_capacity(events);
    while lags.len() < events {
        // Nothing is a fact before the start.
        let position = position(&mut facts).await.unwrap_or_default();
        if position > lags.len() {
            let now = since(start);
            lags.extend((lags.len()..position).map(|at| now.saturating_sub(intended(at))));
        }
        SystemClock.sleep_until(SystemClock.now() + TICK).await;
    }
    lags
}

/// The file of the facts, as soon as the service has made it.
async fn open(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    loop {
        if let Ok(mut facts) = SqliteConnection::connect_with(&options).await
            && position(&mut facts).await.is_some()
        {
            return facts;
        }
        SystemClock.sleep_until(SystemClock.now() + TICK).await;
    }
}

/// How many events are facts; `None` as long as there is no cursor.
async fn position(facts: &mut SqliteConnection) -> Option<usize> {
    let read = sqlx::query_scalar::<_, i64>("SELECT position FROM log_cursor").fetch_one(facts).await;
    usize::try_from(read.ok()?).ok()
}
