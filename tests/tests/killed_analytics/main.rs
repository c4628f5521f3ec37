//! `fenliu-analytics` is killed again and again, and is away, and neither its facts nor dispatch suffer.
//!
//! A `fenliu up` takes what many callers write to it. A `fenliu-analytics` of its own follows that history, and another
//! system's records are imported into it. It is killed (SIGKILL)
//!
//! - while it follows what is being written,
//! - in the middle of catching up, after having been away,
//! - with an import on its way,
//! - while what past days came to is being kept,
//!
//! each several times, in an order drawn by chance, at moments nobody chose, and started again on the same store. In the
//! end its tables equal, byte for byte, those of another that followed the same history from the beginning and was left
//! alone, and it says the same rates, of the past days that it kept too.
//!
//! `frozen` is about dispatch meanwhile. The store is SQLite, or PostgreSQL where `FENLIU_TEST_POSTGRES` says where one is.
//! `FENLIU_SEED` chooses; with `FENLIU_CASES`, which `tests/run --long` sets, it is killed more often.

mod frozen;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::get_reply_rate_request::Pack;
use fenliu_runtime::sql::ScratchDatabase;
use fenliu_tests::analytics::Analytics;
use fenliu_tests::chance::{self, Chance};
use fenliu_tests::clients::Clients;
use fenliu_tests::fold::Fold;
use fenliu_tests::load::{House, Load, Plan};
use fenliu_tests::program::Server;
use fenliu_tests::recount;
use fenliu_tests::tables::Tables;

use records::{DAYS, Records};

/// How often it is killed on each occasion, and with `FENLIU_CASES`.
const KILLS: usize = 4;
const KILLS_OF_A_LONG_RUN: usize = 25;
/// Callers who write to dispatch meanwhile: fewer than it could serve, so that there is time left for whoever follows.
const CALLERS: usize = 4;
/// Events that it works in before it is killed while it follows, at most.
const FOLLOWED: usize = 400;
/// Acknowledgements that it misses before it has to catch up: more than it works in at once.
const MISSED: usize = 1_500;
/// Requests to import that are acknowledged before it is killed with the next on its way, at most.
const IMPORTED: usize = 4;
/// How often it is looked around then before it is killed, at most.
const LOOKS: usize = 8;
/// Imported conversations of a shop, for each kill of an occasion.
const CONVERSATIONS: usize = 20;
/// How long anything may take to come about.
const LIMIT: Duration = Duration::from_secs(120);
/// How often the two are compared again because one of them had seen more.
const ATTEMPTS: usize = 10;
/// As of how long after the last event rates are judged: every limit of minutes has passed then.
const JUDGED_AFTER: Span = Span::from_mins(10);

/// Tables that are no facts: what is kept so that it need not be worked out again and how current it is, which rates
/// answer for; alerts, which depend on the moments at which somebody looked; answers that were given; and the schema's own.
const NO_FACTS: [&str; 10] = [
    "alert",
    "alert_change",
    "alert_memory",
    "alert_silence",
    "alert_webhook",
    "day_book",
    "day_card",
    "request_memory",
    "seaql_migrations",
    "shop_day",
];

/// When it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Occasion {
    Following,
    CatchingUp,
    Importing,
    KeepingDays,
}

impl Occasion {
    const ALL: [Self; 4] = [Self::Following, Self::CatchingUp, Self::Importing, Self::KeepingDays];
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_its_tables_equal_a_fresh_recomputation() {
    chance::tell(story).await;
}

async fn story(seed: u64) -> anyhow::Result<()> {
    let kills = if std::env::var_os("FENLIU_CASES").is_some() { KILLS_OF_A_LONG_RUN } else { KILLS };
    let mut chance = Chance::new(seed, 3_000_000);
    let place = tempfile::tempdir()?;
    let server = Server::start(&place.path().join("data"))?;
    let house = Arc::new(House::furnish(&mut Clients::new(&server.connect()?)).await?);
    let load = Load::start(&house, &server, Plan { seed, round: 0, callers: CALLERS })?;
    let records = Records::draw(&house.shops, CONVERSATIONS * kills, &mut chance);
    let store = ScratchDatabase::create("killed").await;
    let mut trial = Trial { server, load, records, store, hits: BTreeMap::new() };
    let mut occasions = Occasion::ALL.repeat(kills);
    records::shuffle(&mut occasions, &mut chance);
    for (round, occasion) in occasions.iter().enumerate() {
        let killed = tokio::time::timeout(LIMIT, trial.kill(*occasion, &mut chance)).await;
        killed
            .map_err(anyhow::Error::from)
            .flatten()
            .with_context(|| format!("{occasion:?} in round {round}"))?;
    }
    for occasion in Occasion::ALL {
        let hits = trial.hits.get(&occasion).copied().unwrap_or_default();
        ensure!(hits > 0, "it was never killed while {occasion:?}: {:?}", trial.hits);
    }
    let Trial { server, load, records, store, hits } = trial;
    load.stop().await?;
    let fresh = ScratchDatabase::create("undisturbed").await;
    let rows =
        Comparison { server, shops: house.shops.iter().map(|shop| shop.id.clone()).collect(), store, fresh };
    let rows = rows.of(&records, &mut chance).await?;
    println!("{} kills; hits: {hits:?}; rows: {rows:?}", occasions.len());
    Ok(())
}

/// What is going on around the analytics that is killed.
struct Trial {
    server: Server,
    load: Load,
    records: Records,
    store: ScratchDatabase,
    /// How often a kill came in the middle of what it was to interrupt.
    hits: BTreeMap<Occasion, usize>,
}

impl Trial {
    /// Starts analytics and kills it on an occasion.
    async fn kill(&mut self, occasion: Occasion, chance: &mut Chance) -> anyhow::Result<()> {
        let hit = match occasion {
            Occasion::Following => self.kill_following(chance).await?,
            Occasion::CatchingUp => self.kill_catching_up().await?,
            Occasion::Importing => self.kill_importing(chance).await?,
            Occasion::KeepingDays => self.kill_keeping_days().await?,
        };
        *self.hits.entry(occasion).or_default() += usize::from(hit);
        Ok(())
    }

    async fn kill_following(&self, chance: &mut Chance) -> anyhow::Result<bool> {
        let analytics = Analytics::start(&self.server, &self.store.url)?;
        let enough = self.number(POSITION).await? + i64::try_from(1 + chance.below(FOLLOWED))?;
        self.until(POSITION, |position| position >= enough).await?;
        analytics.kill()?;
        Ok(true)
    }

    async fn kill_catching_up(&self) -> anyhow::Result<bool> {
        let missed = self.load.count() + MISSED;
        self.load.acknowledged(missed).await?;
        let before = self.number(POSITION).await.unwrap_or_default();
        let head = head(&self.server).await?;
        let analytics = Analytics::start(&self.server, &self.store.url)?;
        self.until(POSITION, |position| position > before).await?;
        analytics.kill()?;
        let reached = self.number(POSITION).await?;
        Ok(before < reached && reached < head)
    }

    async fn kill_importing(&self, chance: &mut Chance) -> anyhow::Result<bool> {
        let analytics = Analytics::start(&self.server, &self.store.url)?;
        let enough = 1 + chance.below(IMPORTED);
        let mut importers = self.records.keep_importing(&analytics.clients()?, chance);
        while importers.acknowledged() < enough && self.records.is_any_left() {
            tokio::task::yield_now().await;
            let failed = importers.failed();
            ensure!(failed.is_none(), "an import failed before anything was killed: {failed:?}");
        }
        // Right after an answer the next import has hardly begun; looking around takes about as long as one.
        for _ in 0..chance.below(LOOKS) {
            self.number(POSITION).await?;
        }
        analytics.kill()?;
        importers.end().await?;
        Ok(true)
    }

    /// What the keeper has not got to yet when a process begins, it begins with.
    async fn kill_keeping_days(&self) -> anyhow::Result<bool> {
        let analytics = Analytics::start(&self.server, &self.store.url)?;
        self.records.import_one(&mut analytics.clients()?).await?;
        analytics.kill()?;
        let (unkept, kept) = (self.number(UNKEPT).await?, self.number(KEPT).await?);
        let analytics = Analytics::start(&self.server, &self.store.url)?;
        if unkept > 0 {
            self.until(KEPT, |now| now != kept).await?;
        }
        analytics.kill()?;
        Ok(unkept > 0 && self.number(UNKEPT).await? > 0)
    }

    /// Waits until what a query answers with is so.
    async fn until(&self, sql: &str, enough: impl Fn(i64) -> bool) -> anyhow::Result<()> {
        let tables = Tables::open(&self.store.url).await?;
        while !enough(tables.number(sql).await?) {}
        tables.close().await
    }

    async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        let tables = Tables::open(&self.store.url).await?;
        let number = tables.number(sql).await;
        tables.close().await?;
        number
    }
}

/// How far the history has been worked in.
const POSITION: &str = "SELECT position FROM log_cursor";
/// How many past days have not been worked out since they changed.
const UNKEPT: &str = "SELECT count(*) FROM shop_day WHERE kept_version < version AND date < '2025'";
/// Changes with every past day that is worked out.
const KEPT: &str =
    "SELECT CAST(count(*) + coalesce(sum(version), 0) AS bigint) FROM day_book WHERE date < '2025'";

/// The last position of the history.
async fn head(server: &Server) -> anyhow::Result<i64> {
    let mut fold = Fold::default();
    fold.catch_up(&mut Clients::new(&server.connect()?)).await?;
    Ok(fold.position())
}

/// The analytics that was killed, beside one that was not.
struct Comparison {
    server: Server,
    shops: Vec<String>,
    store: ScratchDatabase,
    fresh: ScratchDatabase,
}

impl Comparison {
    /// Imports what is left into the one and everything into the other, lets both see the whole history, and compares
    /// what they say and their tables. How many rows there are.
    async fn of(&self, records: &Records, chance: &mut Chance) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut fold = Fold::default();
        for attempt in 0..ATTEMPTS {
            let killed = Analytics::start(&self.server, &self.store.url)?;
            let fresh = Analytics::start(&self.server, &self.fresh.url)?;
            let (mut shown, mut recounted) = (killed.clients()?, fresh.clients()?);
            if attempt == 0 {
                records.import_rest(&mut shown).await?;
                records.import_all_otherwise(&mut recounted, chance).await?;
            }
            fold.catch_up(&mut Clients::new(&self.server.connect()?)).await?;
            let as_of = fold.recorded().context("no event")? + JUDGED_AFTER;
            let said =
                recount::agree(&mut shown, &mut recounted, &self.shops, fold.position(), as_of).await?;
            ensure!(said > 0, "there was nothing to say");
            self.agree_on_past_days(&mut shown, &mut recounted).await?;
            killed.kill()?;
            fresh.kill()?;
            if let Some(rows) = self.tables_agree().await? {
                return Ok(rows);
            }
        }
        anyhow::bail!("the two never stood at the same place of the history")
    }

    /// Compares what both say of the past days, of which one has kept some in the middle of being killed.
    async fn agree_on_past_days(&self, shown: &mut Clients, recounted: &mut Clients) -> anyhow::Result<()> {
        for shop in &self.shops {
            for pack in fenliu_analytics::shipped_packs()? {
                let request = || proto::GetReplyRateRequest {
                    shop_id: shop.clone(),
                    pack: Some(Pack::RulePackId(pack.id.clone())),
                    start_date: DAYS.0.to_owned(),
                    end_date: DAYS.1.to_owned(),
                    as_of_time: Some(prost_types::Timestamp { seconds: 1_720_000_000, nanos: 0 }),
                    ..Default::default()
                };
                let mut shown = shown.rates.get_reply_rate(request()).await?.into_inner();
                let mut recounted = recounted.rates.get_reply_rate(request()).await?.into_inner();
                (shown.position, recounted.position) = (0, 0);
                ensure!(shown == recounted, "of {shop}: {shown:#?}\nrecounted: {recounted:#?}");
                ensure!(!shown.days.is_empty(), "there are no past days");
            }
        }
        Ok(())
    }

    /// Compares all facts; `None` when the two do not stand at the same place of the history.
    async fn tables_agree(&self) -> anyhow::Result<Option<BTreeMap<String, usize>>> {
        let (killed, fresh) = (Tables::open(&self.store.url).await?, Tables::open(&self.fresh.url).await?);
        if killed.number(POSITION).await? != fresh.number(POSITION).await? {
            return Ok(None);
        }
        let mut counts = BTreeMap::new();
        for table in killed.names().await?.into_iter().filter(|name| !NO_FACTS.contains(&name.as_str())) {
            let (rows, recounted) = (killed.rows(&table).await?, fresh.rows(&table).await?);
            let first = rows.iter().zip(&recounted).find(|(row, recounted)| row != recounted);
            ensure!(first.is_none(), "the rows of {table} differ from a recomputation: {first:?}");
            let (here, there) = (rows.len(), recounted.len());
            ensure!(here == there, "{table} has {here} rows, recomputed {there}");
            counts.insert(table, here);
        }
        for table in [
            "conversation",
            "conversation_page",
            "imported_event",
            "imported_order",
            "agent_fact",
            "log_cursor",
        ] {
            ensure!(
                counts.get(table).is_some_and(|rows| *rows > 0),
                "nothing was compared in {table}: {counts:?}"
            );
        }
        Ok(Some(counts))
    }
}
