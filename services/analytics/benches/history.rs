//! How fast a history becomes facts: events come over real gRPC from a stand-in for dispatch and end in a SQLite file with
//! `synchronous=FULL`, as they do when a service that was away follows from the beginning. Beside it, in the same run, the
//! floor: the same stream decoded and thrown away, and rows of the same bytes inserted, with nothing of ours.
//! `cargo bench -p fenliu-analytics --bench history`. The stand-in is a process of its own: its time is in no figure.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_runtime::lifecycle::Lifecycle;
use futures::{StreamExt, stream};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, Connection, QueryBuilder, Row, Sqlite};

use self::stand_in::{STORY, Took, event, follow, stand_in, timed};

#[expect(unreachable_pub, reason = "benchmarks share it")]
mod stand_in;

const SHOPS: u128 = 100;
const CONVERSATIONS: usize = 100_000;
/// Conversations that go on at the same time.
const AT_ONCE: usize = 500;
/// Events of a message of the stream, as dispatch sends them.
const MESSAGE_EVENTS: usize = 500;
/// Messages of the whole history.
const MESSAGES: usize = CONVERSATIONS * STORY / MESSAGE_EVENTS;
/// Has the benchmark stand in for dispatch.
const STAND_IN: &str = "--stand-in";
/// Rows of one insertion of the floor.
const ROWS: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if std::env::args().any(|argument| argument == STAND_IN) {
        runtime.block_on(tell());
    } else {
        runtime.block_on(measure());
    }
}

/// Stands in for dispatch until the parent has gone.
async fn tell() {
    let messages = Arc::new(messages());
    let telling = move || {
        let messages = messages.clone();
        stream::iter(0..MESSAGES).map(move |at| messages.get(at).cloned().unwrap_or_default()).boxed()
    };
    println!("{}", stand_in(Arc::new(telling)).await);
    let parent = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(parent).await.expect("no panic").expect("a parent that says nothing");
}

async fn measure() {
    let (mut child, address) = stand_in_elsewhere();
    let (events, last) = (CONVERSATIONS * STORY, i64::try_from(CONVERSATIONS * STORY).unwrap_or(i64::MAX));
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("facts.db");

    let ((), decoded) = timed(decode(&address, events)).await;
    print_line("floor: decoded", events, decoded);
    let lifecycle = Lifecycle::new();
    let (_, facts) = timed(follow(&address, &file, last, &lifecycle)).await;
    lifecycle.drain(Duration::from_secs(5)).await;
    let ((), inserted) = timed(insert(&file, &directory.path().join("floor.db"))).await;
    print_line("floor: the same rows inserted", events, inserted);
    let floor = Took { wall: decoded.wall + inserted.wall, cpu: decoded.cpu + inserted.cpu };
    print_line("floor, both", events, floor);
    print_line("history to facts", events, facts);
    println!(
        "to the floor: {:.2} of its events a second, {:.2} times its processor time",
        floor.wall.as_secs_f64() / facts.wall.as_secs_f64(),
        facts.cpu.as_secs_f64() / floor.cpu.as_secs_f64()
    );
    drop(child.stdin.take());
    child.wait().expect("the stand-in ends with its parent");
}

/// The stand-in in a process of its own, so that what it takes to tell the history is in no figure; and where it is.
fn stand_in_elsewhere() -> (Child, String) {
    let myself = std::env::current_exe().expect("the benchmark's own file");
    let mut child = Command::new(myself)
        .arg(STAND_IN)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the stand-in begins");
    let mut address = String::new();
    let said = child.stdout.take().expect("it is piped");
    BufReader::new(said).read_line(&mut address).expect("an address");
    (child, address.trim().to_owned())
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn print_line(what: &str, events: usize, Took { wall, cpu }: Took) {
    let events = events as f64;
    println!(
        "{what:<32} {:>9.0} events/s  {:>6.2} µs of processor time each",
        events / wall.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / events
    );
}

/// Reads the whole stream.
async fn decode(address: &str, events: usize) {
    let mut client = HistoryServiceClient::connect(address.to_owned()).await.expect("it is there");
    let mut stream =
        client.follow_events(dispatch::FollowEventsRequest::default()).await.expect("it tells").into_inner();
    let mut seen = 0;
    while seen < events {
        seen += stream.message().await.expect("whole").expect("it goes on").events.len();
    }
}

/// Inserts rows of the same keys and bytes as the service made.
async fn insert(file: &Path, copy: &Path) {
    let options = |file: &Path| {
        SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
    };
    let mut made = SqliteConnection::connect_with(&options(file)).await.expect("the service's file");
    let mut floor = SqliteConnection::connect_with(&options(copy)).await.expect("a file");
    let table =
        "CREATE TABLE facts (shop TEXT, name TEXT, facts BLOB, PRIMARY KEY (shop, name)) WITHOUT ROWID";
    sqlx::raw_sql(table).execute(&mut floor).await.expect("a table");
    let rows = "SELECT shop_id, conversation, facts FROM conversation \
                UNION ALL SELECT shop_id, ends_us || '/' || position, facts FROM agent_fact";
    let rows = sqlx::query(rows).fetch_all(&mut made).await.expect("rows");
    for rows in rows.chunks(ROWS) {
        let mut insertion = QueryBuilder::<Sqlite>::new("INSERT INTO facts ");
        insertion.push_values(rows, |mut values, row| {
            let (shop, name, facts): (String, String, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
            values.push_bind(shop).push_bind(name).push_bind(facts);
        });
        insertion.build().execute(&mut floor).await.expect("inserted");
    }
}

/// The whole history in messages, its conversations in each other's midst.
fn messages() -> Vec<dispatch::FollowEventsResponse> {
    let mut events = Vec::with_capacity(CONVERSATIONS * STORY);
    for group in 0..CONVERSATIONS / AT_ONCE {
        for step in 0..STORY {
            let seconds = i64::try_from(group * 600 + step * 40).unwrap_or_default();
            for number in group * AT_ONCE..(group + 1) * AT_ONCE {
                events.push(event(number as u128 % SHOPS, number, step, events.len(), seconds));
            }
        }
    }
    let message = |events: &[dispatch::StoredEvent]| dispatch::FollowEventsResponse {
        events: events.to_vec(),
        caught_up: false,
    };
    events.chunks(MESSAGE_EVENTS).map(message).collect()
}
