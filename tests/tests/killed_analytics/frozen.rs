//! Dispatch, while analytics is frozen with its stream open, and while there is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::{FollowEventsRequest, FollowEventsResponse};
use fenliu_runtime::sql::ScratchDatabase;
use fenliu_tests::analytics::Analytics;
use fenliu_tests::chance;
use fenliu_tests::clients::Clients;
use fenliu_tests::load::request::Verdict;
use fenliu_tests::load::{House, Load, Plan};
use fenliu_tests::program::Server;
use fenliu_tests::tables::Tables;
use prost::Message;
use tonic::transport::Endpoint;
use tonic::{Request, Streaming};

use super::{LIMIT, POSITION, head};

/// Callers at once.
const CALLERS: usize = 48;
/// Acknowledgements while analytics follows, is frozen, and is away; and while others do not read either.
const ACKNOWLEDGED: usize = 1_500;
/// Streams from the beginning of the history that nobody reads.
const DEAF: usize = 64;
/// Bytes that such a reader's side takes before it says that it has read some.
const WINDOW: u32 = 65_535;
/// How often what dispatch grows by goes into what is written and not read, at least.
const SMALL_PART: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dispatch_answers_everything_while_analytics_is_frozen_or_dead_and_queues_nothing_for_it() {
    chance::tell(story).await;
}

async fn story(seed: u64) -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let server = Server::start(&place.path().join("data"))?;
    let house = Arc::new(House::furnish(&mut Clients::new(&server.connect()?)).await?);
    let store = ScratchDatabase::create("frozen").await;
    let analytics = Analytics::start(&server, &store.url)?;
    let load = Load::start(&house, &server, Plan { seed, round: 0, callers: CALLERS })?;
    load.acknowledged(ACKNOWLEDGED).await.context("with analytics")?;
    let followed = position(&store).await?;
    ensure!(followed > 0, "analytics does not follow");

    analytics.freeze()?;
    let stood = position(&store).await?;
    load.acknowledged(load.count() + 2 * ACKNOWLEDGED).await.context("while analytics is frozen")?;
    ensure!(analytics.is_frozen()?, "it was not frozen");
    ensure!(position(&store).await? == stood, "somebody else works for it");

    let told = told(&server).await?;
    let deaf = Deaf::open(&server).await?;
    let before = memory(&server)?;
    load.acknowledged(load.count() + ACKNOWLEDGED).await.context("while nobody reads")?;
    let grown = memory(&server)?.saturating_sub(before);
    let unread = deaf.unread(told)?;
    ensure!(grown < unread / SMALL_PART, "dispatch has grown by {grown} bytes of {unread} that nobody read");
    drop(deaf);

    analytics.kill()?;
    load.acknowledged(load.count() + ACKNOWLEDGED).await.context("without analytics")?;
    let mut verdicts = BTreeMap::new();
    for record in load.stop().await? {
        let open = matches!(record.verdict, Verdict::Unknown(_));
        ensure!(!open, "{:?} was left without an answer: {:?}", record.request, record.verdict);
        *verdicts.entry(matches!(record.verdict, Verdict::Acknowledged(_))).or_insert(0) += 1;
    }
    let head = head(&server).await?;
    let _back = Analytics::start(&server, &store.url)?;
    let caught_up = async {
        while position(&store).await? < head {}
        anyhow::Ok(())
    };
    tokio::time::timeout(LIMIT, caught_up).await.context("it does not catch up")??;
    println!("acknowledged: {verdicts:?}; dispatch grew by {grown} of {unread} unread bytes; head {head}");
    Ok(())
}

/// Where an analytics stands in the history.
async fn position(store: &ScratchDatabase) -> anyhow::Result<i64> {
    let tables = Tables::open(&store.url).await?;
    let position = tables.number(POSITION).await;
    tables.close().await?;
    position
}

/// Bytes of the history as it is told so far.
async fn told(server: &Server) -> anyhow::Result<u64> {
    let mut clients = Clients::new(&server.connect()?);
    let mut stream = clients.history.follow_events(FollowEventsRequest::default()).await?.into_inner();
    let mut bytes = 0;
    while let Some(message) = stream.message().await? {
        bytes += message.encoded_len() as u64;
        if message.caught_up {
            break;
        }
    }
    Ok(bytes)
}

/// What a process has in memory, in bytes.
fn memory(server: &Server) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("it has no memory")?;
    let kilobytes = line.split_whitespace().next().context("an unreadable size")?;
    Ok(kilobytes.parse::<u64>()? * 1_024)
}

/// Streams that are open and never read, a connection each, as its window is what fills.
struct Deaf(Vec<Streaming<FollowEventsResponse>>);

impl Deaf {
    async fn open(server: &Server) -> anyhow::Result<Self> {
        let token = std::fs::read_to_string(server.token_file())?;
        let mut streams = Vec::new();
        for _ in 0..DEAF {
            let channel = Endpoint::from_shared(format!("http://{}", server.address()))?
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW)
                .connect_lazy();
            let mut request = Request::new(FollowEventsRequest::default());
            request.metadata_mut().insert("authorization", format!("Bearer {}", token.trim()).parse()?);
            streams.push(HistoryServiceClient::new(channel).follow_events(request).await?.into_inner());
        }
        Ok(Self(streams))
    }

    /// What would have to lie somewhere in dispatch if it were queued for them, of a history of so many bytes: all that does
    /// not fit into their windows.
    fn unread(&self, told: u64) -> anyhow::Result<u64> {
        let each =
            told.checked_sub(WINDOW.into()).with_context(|| format!("only {told} bytes of history"))?;
        Ok(each * self.0.len() as u64)
    }
}
