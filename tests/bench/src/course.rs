//! The course: what is measured, in which order, on which stores.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use fenliu_live::ScratchRedis;
use tonic::transport::Channel;

use crate::cpu;
use crate::floor::{self, Stores, Variant};
use crate::generated::CallRequest;
use crate::generated::floor_client::FloorClient;
use crate::load::{self, Call, Measured, Pace};
use crate::product::{Mix, Product, Size, free_address};
use crate::redis_use::RedisUse;

/// Shops and agents of everything but the hot shop.
const MANY: Size = Size { shops: 100, agents: 200 };
/// One shop that has all the buyers.
const HOT: Size = Size { shops: 1, agents: 2_000 };
/// Callers at once.
const IN_FLIGHT: [usize; 4] = [1, 8, 64, 256];
/// Callers a second where they come at even times.
const PER_SECOND: u64 = 2_000;
/// The line of floor c at 64 in flight, which all but new conversations are held against.
const FLOOR_C: usize = 6;

/// What is to be done.
pub(crate) struct Plan {
    pub(crate) postgres: String,
    pub(crate) postgres_pid: u32,
    pub(crate) dispatch: PathBuf,
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
    pub(crate) only: Option<String>,
}

impl Plan {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }
}

/// One line of the report: one thing that was measured in every round.
pub(crate) struct Line {
    pub(crate) name: String,
    /// The line it is held against.
    pub(crate) floor: Option<usize>,
    pub(crate) rounds: Vec<Round>,
}

/// One measurement.
pub(crate) struct Round {
    pub(crate) measured: Measured,
    /// Seconds of processor time of server, Redis, PostgreSQL and callers.
    pub(crate) cpu: [f64; 4],
    /// What Redis was asked meanwhile.
    pub(crate) redis: RedisUse,
}

/// A server under measurement.
pub(crate) struct Subject {
    call: Call,
    pid: u32,
    redis_pid: Option<u32>,
    redis_url: Option<String>,
    postgres_pid: Option<u32>,
    numbers: Arc<AtomicU64>,
    _keeps: Box<dyn Send>,
}

/// A process that is killed when it is measured no more.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures everything, round by round.
pub(crate) async fn run(plan: &Plan) -> anyhow::Result<Vec<Line>> {
    let place = tempfile::tempdir()?;
    let redis = ScratchRedis::start(&["--appendonly", "yes", "--appendfsync", "everysec"]).await;
    let product_redis = ScratchRedis::start(&["--appendonly", "yes", "--appendfsync", "everysec"]).await;
    floor::seed(&redis.url(), MANY.shops, MANY.agents).await?;
    eprintln!("starting floors and products");
    let sqlite = |name: &str| format!("sqlite://{}", place.path().join(name).display());
    let floors = floors(plan, &redis, &sqlite("floor.db")).await?;
    let shared = on(&plan.postgres, &product_redis.url());
    let many = Product::start(&plan.dispatch, &shared, MANY).await?;
    let embedded = Product::start(&plan.dispatch, &on(&sqlite("dispatch.db"), ""), MANY).await?;
    let mut lines = Vec::new();
    let mut subjects: Vec<(usize, Subject, Pace)> = Vec::new();
    let mut add = |name: &str, floor: Option<usize>, subject: Subject, pace: Pace| {
        lines.push(Line { name: name.to_owned(), floor, rounds: Vec::new() });
        subjects.push((lines.len() - 1, subject, pace));
        lines.len() - 1
    };
    let at = |in_flight| Pace::Closed { in_flight };
    let [a, b, c, d] = &floors;
    add("floor a, echo, 64 in flight", None, a.again(), at(64));
    add("floor b, + script, 64 in flight", None, b.again(), at(64));
    for in_flight in IN_FLIGHT {
        let floor = add(&format!("floor c, + rows, {in_flight} in flight"), None, c.again(), at(in_flight));
        let subject = Subject::of(plan, &many, Mix::New, Some(&product_redis));
        add(&format!("new conversations, {in_flight} in flight"), Some(floor), subject, at(in_flight));
    }
    let open = Pace::Open { per_second: PER_SECOND };
    let floor_open = add(&format!("floor c, {PER_SECOND} a second"), None, c.again(), open);
    let subject = Subject::of(plan, &many, Mix::New, Some(&product_redis));
    add(&format!("new conversations, {PER_SECOND} a second"), Some(floor_open), subject, open);
    for (mix, name) in
        [(Mix::Message, "messages"), (Mix::Reply, "replies"), (Mix::Close, "come and go, two calls")]
    {
        let subject = Subject::of(plan, &many, mix, Some(&product_redis));
        add(&format!("{name}, 64 in flight"), Some(FLOOR_C), subject, at(64));
    }
    let floor = add("floor d, memory + SQLite, 64 in flight", None, d.again(), at(64));
    add(
        "new conversations embedded, 64 in flight",
        Some(floor),
        Subject::of(plan, &embedded, Mix::New, None),
        at(64),
    );
    // What needs no store shows what the layers around every call take.
    add(
        "heartbeats embedded, 64 in flight",
        Some(0),
        Subject::of(plan, &embedded, Mix::Heartbeat, None),
        at(64),
    );
    let wanted = wanted(plan, &lines);
    for round in 1..=plan.rounds {
        for (line, subject, pace) in &subjects {
            if !wanted.contains(line) {
                continue;
            }
            eprint!("\rround {round} of {}: {:50}", plan.rounds, lines[*line].name);
            let measured =
                measure(subject, *pace, plan.length).await.with_context(|| lines[*line].name.clone())?;
            lines[*line].rounds.push(measured);
        }
    }
    eprintln!();
    drop(subjects);
    drop(many);
    lines.extend(hot(plan, &product_redis).await?);
    Ok(lines)
}

fn on(database: &str, redis: &str) -> Stores {
    Stores { redis: redis.to_owned(), database: database.to_owned() }
}

/// Starts each floor.
async fn floors(plan: &Plan, redis: &ScratchRedis, sqlite: &str) -> anyhow::Result<[Subject; 4]> {
    Ok([
        floor(plan, Variant::A, Stores::default(), None).await?,
        floor(plan, Variant::B, on("", &redis.url()), Some(redis)).await?,
        floor(plan, Variant::C, on(&plan.postgres, &redis.url()), Some(redis)).await?,
        floor(plan, Variant::D, on(sqlite, ""), None).await?,
    ])
}

/// What is measured: all that was asked for, and the floors it is held against.
fn wanted(plan: &Plan, lines: &[Line]) -> BTreeSet<usize> {
    let asked = lines.iter().enumerate().filter(|(_, line)| plan.wants(&line.name));
    let mut wanted: BTreeSet<_> =
        asked.flat_map(|(place, line)| line.floor.into_iter().chain([place])).collect();
    if plan.wants(&hot_name()) {
        wanted.insert(FLOOR_C);
    }
    wanted
}

fn hot_name() -> String {
    format!("one hot shop, {} agents, 64 in flight", HOT.agents)
}

/// One shop that has all the buyers, at the end: it needs a product of its own.
async fn hot(plan: &Plan, redis: &ScratchRedis) -> anyhow::Result<Vec<Line>> {
    let name = hot_name();
    if !plan.wants(&name) {
        return Ok(Vec::new());
    }
    let stores = Stores { redis: redis.url(), database: plan.postgres.clone() };
    let hot = Product::start(&plan.dispatch, &stores, HOT).await?;
    let subject = Subject::of(plan, &hot, Mix::New, Some(redis));
    let mut line = Line { name, floor: Some(FLOOR_C), rounds: Vec::new() };
    for _ in 0..plan.rounds {
        line.rounds.push(measure(&subject, Pace::Closed { in_flight: 64 }, plan.length).await?);
    }
    Ok(vec![line])
}

/// Starts a floor in a process of its own.
async fn floor(
    plan: &Plan,
    variant: Variant,
    stores: Stores,
    redis: Option<&ScratchRedis>,
) -> anyhow::Result<Subject> {
    let listen = free_address().await?;
    let name = variant.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let child = Command::new(std::env::current_exe()?)
        .args(["floor", "--variant", &name, "--listen", &listen.to_string()])
        .args(["--redis", &stores.redis, "--database", &stores.database])
        .stdin(Stdio::null())
        .spawn()?;
    let pid = child.id();
    let channel = Channel::from_shared(format!("http://{listen}"))?;
    let channels: Vec<_> = (0..4).map(|_| channel.clone().connect_lazy()).collect();
    let mut first = FloorClient::new(channels[0].clone());
    while first.call(request(0)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let call: Call = Arc::new(move |number| {
        let mut client = FloorClient::new(channels[number as usize % channels.len()].clone());
        Box::pin(async move { Ok(client.call(request(number)).await.map(|_| ())?) })
    });
    let postgres_pid = (variant == Variant::C).then_some(plan.postgres_pid);
    let (redis_pid, redis_url) = (redis.map(ScratchRedis::pid), redis.map(ScratchRedis::url));
    // Floors share a Redis, which knows the requests of each.
    let numbers = Arc::new(AtomicU64::new((variant as u64) << 40));
    Ok(Subject { call, pid, redis_pid, redis_url, postgres_pid, numbers, _keeps: Box::new(Killed(child)) })
}

fn request(number: u64) -> CallRequest {
    CallRequest {
        request_id: format!("r-{number}"),
        shop_id: (number % MANY.shops as u64).to_string(),
        buyer_id: format!("new-{number}"),
        text: "Is the green tea in stock, and when will it be sent?".to_owned(),
    }
}

impl Subject {
    pub(crate) fn of(plan: &Plan, product: &Product, mix: Mix, redis: Option<&ScratchRedis>) -> Self {
        Self {
            call: product.call(mix),
            pid: product.pid(),
            redis_pid: redis.map(ScratchRedis::pid),
            redis_url: redis.map(ScratchRedis::url),
            postgres_pid: redis.map(|_| plan.postgres_pid),
            // Numbers name buyers and requests, so each mix has its own.
            numbers: Arc::new(AtomicU64::new((mix as u64) << 40)),
            _keeps: Box::new(()),
        }
    }

    /// The same subject under another line.
    fn again(&self) -> Self {
        Self {
            call: self.call.clone(),
            pid: self.pid,
            redis_pid: self.redis_pid,
            redis_url: self.redis_url.clone(),
            postgres_pid: self.postgres_pid,
            numbers: self.numbers.clone(),
            _keeps: Box::new(()),
        }
    }

    fn cpu(&self) -> [f64; 4] {
        let of = |pid: Option<u32>| pid.map_or(0.0, cpu::used);
        [cpu::used(self.pid), of(self.redis_pid), of(self.postgres_pid), cpu::own(std::process::id())]
    }
}

pub(crate) async fn measure(subject: &Subject, pace: Pace, length: Duration) -> anyhow::Result<Round> {
    let asked = async || match &subject.redis_url {
        Some(url) => RedisUse::of(url).await,
        None => Ok(RedisUse::default()),
    };
    let (before, asked_before) = (subject.cpu(), asked().await?);
    let measured = load::run(&subject.call, pace, &subject.numbers, length).await?;
    let after = subject.cpu();
    let redis = asked().await?.since(&asked_before);
    Ok(Round { measured, cpu: std::array::from_fn(|at| after[at] - before[at]), redis })
}
