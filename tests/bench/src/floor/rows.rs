//! The rows a call writes at least, written in batches: while one commits, the next fills.

use std::sync::Arc;

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::postgres::{PgPool, Postgres};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sea_orm::sqlx::{self, AssertSqlSafe, QueryBuilder, Sqlite};
use tokio::sync::{mpsc, oneshot};

/// Calls of one batch at most.
const BATCH: usize = 256;
/// Bytes of an event.
const PAYLOAD: usize = 250;

type Waiting = (Arc<str>, oneshot::Sender<Result<(), String>>);

/// The way to the task that writes.
pub(crate) struct Rows(mpsc::Sender<Waiting>);

enum Store {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Rows {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        let store = if url.starts_with("sqlite") {
            let options: SqliteConnectOptions = url.parse()?;
            let options =
                options.create_if_missing(true).pragma("journal_mode", "WAL").pragma("synchronous", "FULL");
            let pool: SqlitePool =
                PoolOptions::<Sqlite>::new().max_connections(1).connect_with(options).await?;
            for statement in tables("BLOB") {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await?;
            }
            Store::Sqlite(pool)
        } else {
            let pool: PgPool = PoolOptions::<Postgres>::new().max_connections(2).connect(url).await?;
            for statement in tables("BYTEA") {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await?;
            }
            Store::Postgres(pool)
        };
        let (calls, waiting) = mpsc::channel(4_096);
        tokio::spawn(write(store, waiting));
        Ok(Self(calls))
    }

    /// Answers after the commit.
    pub(crate) async fn store(&self, shop: Arc<str>) -> anyhow::Result<()> {
        let (answer, answered) = oneshot::channel();
        self.0.send((shop, answer)).await?;
        answered.await?.map_err(anyhow::Error::msg)
    }
}

fn tables(bytes: &str) -> Vec<String> {
    vec![
        "DROP TABLE IF EXISTS floor_event".to_owned(),
        "DROP TABLE IF EXISTS floor_conversation".to_owned(),
        format!(
            "CREATE TABLE floor_event (position BIGINT PRIMARY KEY, shop TEXT NOT NULL, seq BIGINT NOT NULL, payload \
             {bytes} NOT NULL)"
        ),
        "CREATE UNIQUE INDEX floor_event_by_seq ON floor_event (shop, seq)".to_owned(),
        "CREATE TABLE floor_conversation (id TEXT PRIMARY KEY, shop TEXT NOT NULL, stage INTEGER NOT NULL)"
            .to_owned(),
    ]
}

async fn write(store: Store, mut waiting: mpsc::Receiver<Waiting>) {
    let mut position = 0_i64;
    while let Some(first) = waiting.recv().await {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        let shops: Vec<String> = batch.iter().map(|(shop, _)| shop.to_string()).collect();
        let written = match &store {
            Store::Postgres(pool) => postgres(pool, &shops, position).await,
            Store::Sqlite(pool) => sqlite(pool, &shops, position).await,
        };
        position += i64::try_from(shops.len() * 2).unwrap_or_default();
        let written = written.map_err(|error| error.to_string());
        for (_, answer) in batch {
            // Whoever has gone needs no answer.
            let _ = answer.send(written.clone());
        }
    }
}

async fn postgres(pool: &PgPool, shops: &[String], position: i64) -> Result<(), sqlx::Error> {
    let twice: Vec<&String> = shops.iter().flat_map(|shop| [shop, shop]).collect();
    let positions: Vec<i64> = (position..).take(twice.len()).collect();
    let payloads = vec![vec![7_u8; PAYLOAD]; twice.len()];
    let ids: Vec<String> = positions.iter().step_by(2).map(ToString::to_string).collect();
    let mut transaction = pool.begin().await?;
    let events =
        "INSERT INTO floor_event SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::bigint[], $4::bytea[])";
    let events = sqlx::query(events).bind(&positions).bind(twice).bind(&positions).bind(payloads);
    events.execute(&mut *transaction).await?;
    let conversations = "INSERT INTO floor_conversation SELECT a, b, 1 FROM UNNEST($1::text[], $2::text[]) AS t(a, b) \
                         ON CONFLICT (id) DO UPDATE SET stage = 2";
    sqlx::query(conversations).bind(ids).bind(shops).execute(&mut *transaction).await?;
    transaction.commit().await
}

async fn sqlite(pool: &SqlitePool, shops: &[String], position: i64) -> Result<(), sqlx::Error> {
    let twice = shops.iter().flat_map(|shop| [shop, shop]).zip(position..);
    let mut transaction = pool.begin().await?;
    let mut events = QueryBuilder::<Sqlite>::new("INSERT INTO floor_event ");
    events.push_values(twice, |mut row, (shop, position)| {
        row.push_bind(position).push_bind(shop).push_bind(position).push_bind(vec![7_u8; PAYLOAD]);
    });
    events.build().execute(&mut *transaction).await?;
    let mut conversations = QueryBuilder::<Sqlite>::new("INSERT INTO floor_conversation ");
    conversations.push_values(shops.iter().zip((position..).step_by(2)), |mut row, (shop, id)| {
        row.push_bind(id.to_string()).push_bind(shop).push_bind(1);
    });
    conversations.push(" ON CONFLICT (id) DO UPDATE SET stage = 2");
    conversations.build().execute(&mut *transaction).await?;
    transaction.commit().await
}
