//! How long the report of a month takes in a busy shop, from what its days came to. A stand-in for dispatch tells a month
//! of one shop over real gRPC; then its rates and the first page of its cards are asked for over real gRPC: once while no day is
//! kept, and again and again when all are. Beside it, in the same run, the floor: the bytes that are kept of those days, and of
//! the agents on the page, read with nothing of ours.
//! `cargo bench -p fenliu-analytics --bench month [-- TURNS]`; without a number the month has a million turns.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::analytics::v1::scorecard_service_client::ScorecardServiceClient;
use fenliu_proto::analytics::v1::{
    GetReplyRateResponse, ListScorecardsRequest, ListScorecardsResponse, ShiftSplit,
};
use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_runtime::lifecycle::Lifecycle;
use futures::{StreamExt, stream};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, Connection, Row};
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use self::stand_in::{STORY, event, follow, rate_request, shop, stand_in, timed};

#[expect(dead_code, unreachable_pub, reason = "each benchmark uses what it needs of what they share")]
mod stand_in;

/// Turns of a month, unless told otherwise.
const TURNS: usize = 1_000_000;
/// Turns of a conversation.
const TURNS_EACH: usize = 2;
/// Conversations of a message of the stream.
const TOLD_AT_ONCE: usize = 60;
/// Seconds of a month of 31 days.
const MONTH: usize = 31 * 86_400;
/// Reports of which the middle one counts.
const ROUNDS: usize = 21;
const PACKS: [&str; 3] = ["taobao-3min", "pinduoduo-3min-human", "jd-first-30s"];

fn main() {
    let turns = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(TURNS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(turns));
}

async fn measure(turns: usize) {
    let conversations = turns / TURNS_EACH;
    let messages = conversations.div_ceil(TOLD_AT_ONCE);
    let telling = move || stream::iter(0..messages).map(move |at| message(conversations, at)).boxed();
    let address = stand_in(Arc::new(telling)).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("facts.db");
    let last = i64::try_from(conversations * STORY).unwrap_or(i64::MAX);
    let lifecycle = Lifecycle::new();
    let (channel, took) = timed(follow(&address, &file, last, &lifecycle)).await;
    println!(
        "a month of {turns} turns in {conversations} conversations, followed in {:.1} s",
        took.wall.as_secs_f64()
    );
    for pack in PACKS {
        let ((first, asked), read) = timed(ask_until_answered(&channel, pack)).await;
        let mut kept = Vec::new();
        for _ in 0..ROUNDS {
            let (again, took) = timed(ask(&channel, pack)).await;
            assert_eq!(again.total, first.total, "a day that was kept is a day that was read");
            kept.push(took.wall);
        }
        let mut floor = Vec::new();
        for _ in 0..ROUNDS {
            floor.push(timed(bytes_of_days(&file, pack)).await.1.wall);
        }
        let bytes = bytes_of_days(&file, pack).await;
        let (kept, floor) = (middle(kept), middle(floor));
        println!(
            "{pack:<22} read {:>8.1} ms in {asked} calls, kept {:>6.2} ms of {} agents; floor: {bytes} bytes of {} days read in {:.2} ms, {:.1} times less",
            millis(read.wall),
            millis(kept),
            first.agents.len(),
            first.days.len(),
            millis(floor),
            millis(kept) / millis(floor),
        );
    }
    for by_shift in [false, true] {
        measure_cards(&channel, &file, by_shift).await;
    }
    lifecycle.drain(Duration::from_secs(5)).await;
}

async fn measure_cards(channel: &Channel, file: &Path, by_shift: bool) {
    let ((first, asked), read) = timed(list_until_answered(channel, by_shift)).await;
    let mut kept = Vec::new();
    for _ in 0..ROUNDS {
        let (again, took) = timed(try_list(channel, by_shift)).await;
        assert_eq!(again.expect("an answer").shop, first.shop, "a day that was kept is a day that was read");
        kept.push(took.wall);
    }
    let page: Vec<_> = first.scorecards.iter().map(|card| card.agent.clone()).collect();
    let mut floor = Vec::new();
    for _ in 0..ROUNDS {
        floor.push(timed(bytes_of_cards(file, &page)).await.1.wall);
    }
    let bytes = bytes_of_cards(file, &page).await;
    let (kept, floor) = (middle(kept), middle(floor));
    println!(
        "{:<22} read {:>8.1} ms in {asked} calls, kept {:>6.2} ms for {} of {} agents; floor: {bytes} bytes read in {:.2} ms, {:.1} times less",
        if by_shift { "cards by shift" } else { "cards" },
        millis(read.wall),
        millis(kept),
        page.len(),
        first.total_size,
        millis(floor),
        millis(kept) / millis(floor),
    );
}

/// As [`ask_until_answered`].
async fn list_until_answered(channel: &Channel, by_shift: bool) -> (ListScorecardsResponse, usize) {
    let mut calls = 1;
    loop {
        match try_list(channel, by_shift).await {
            Ok(answer) => return (answer, calls),
            Err(status) => assert_eq!(status.code(), Code::DeadlineExceeded, "{status}"),
        }
        calls += 1;
    }
}

async fn try_list(channel: &Channel, by_shift: bool) -> Result<ListScorecardsResponse, Status> {
    let mut cards = ScorecardServiceClient::new(channel.clone());
    let request = ListScorecardsRequest {
        shop_id: shop(0),
        start_date: "2026-05-01".into(),
        end_date: "2026-05-31".into(),
        by_shift: by_shift.then(ShiftSplit::default),
        ..Default::default()
    };
    cards.list_scorecards(request).await.map(Response::into_inner)
}

/// How many bytes are kept of the days of the shop and of these agents.
async fn bytes_of_cards(file: &Path, agents: &[String]) -> usize {
    let options = SqliteConnectOptions::new().filename(file);
    let mut kept = SqliteConnection::connect_with(&options).await.expect("the service's file");
    let rows = sqlx::query("SELECT counts FROM day_book WHERE pack = '' AND pack_version = 1");
    let rows = rows.fetch_all(&mut kept).await.expect("rows");
    let mut bytes = rows.iter().map(|row| row.get::<Vec<u8>, _>(0).len()).sum();
    for agent in agents {
        let rows = sqlx::query("SELECT whole FROM day_card WHERE shop_id = ? AND agent = ?");
        let rows = rows.bind(shop(0)).bind(agent).fetch_all(&mut kept).await.expect("rows");
        bytes += rows.iter().map(|row| row.get::<Vec<u8>, _>(0).len()).sum::<usize>();
    }
    bytes
}

async fn ask(channel: &Channel, pack: &str) -> GetReplyRateResponse {
    try_ask(channel, pack).await.expect("an answer")
}

/// Asks as somebody does who is told that it takes too long: again, since what was read by then is kept. The answer, and
/// how many calls it took.
async fn ask_until_answered(channel: &Channel, pack: &str) -> (GetReplyRateResponse, usize) {
    let mut calls = 1;
    loop {
        match try_ask(channel, pack).await {
            Ok(answer) => return (answer, calls),
            Err(status) => assert_eq!(status.code(), Code::DeadlineExceeded, "{status}"),
        }
        calls += 1;
    }
}

async fn try_ask(channel: &Channel, pack: &str) -> Result<GetReplyRateResponse, Status> {
    let mut rates = ReplyRateServiceClient::new(channel.clone());
    let request = rate_request(&shop(0), pack, "2026-05-01", "2026-05-31");
    rates.get_reply_rate(request).await.map(Response::into_inner)
}

/// How many bytes are kept of the days under a pack, without the waits one by one.
async fn bytes_of_days(file: &Path, pack: &str) -> usize {
    let options = SqliteConnectOptions::new().filename(file);
    let mut kept = SqliteConnection::connect_with(&options).await.expect("the service's file");
    let rows = sqlx::query("SELECT counts FROM day_book WHERE pack = ?").bind(pack);
    let rows = rows.fetch_all(&mut kept).await.expect("rows");
    rows.iter().map(|row| row.get::<Vec<u8>, _>(0).len()).sum()
}

fn message(conversations: usize, at: usize) -> dispatch::FollowEventsResponse {
    let first = at * TOLD_AT_ONCE;
    let numbers = first..(first + TOLD_AT_ONCE).min(conversations);
    let story = |number: usize| {
        let opened = number * MONTH / conversations;
        (0..STORY).map(move |step| {
            let seconds = i64::try_from(opened + step * 40).unwrap_or_default();
            event(0, number, step, number * STORY + step, seconds)
        })
    };
    dispatch::FollowEventsResponse { events: numbers.flat_map(story).collect(), caught_up: false }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
