//! The cursor, the shops, the log of imports, sessions and exchanges.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, boolean, integer, text, text_null};
use sea_orm_migration::sea_orm::sea_query::{
    Index, IndexCreateStatement, Query, SqliteQueryBuilder, Table, TableCreateStatement,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 5] = ["log_cursor", "shop", "imported_event", "session", "exchange"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_facts"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [log_cursor(), shop(), imported_event()] {
            create(manager, table).await?;
        }
        manager.create_index(once()).await?;
        create_facts(manager).await?;
        let start = Query::insert()
            .into_table("log_cursor")
            .columns(["id", "position", "event_id"])
            .values_panic([1_i32.into(), 0_i64.into(), "".into()])
            .to_owned();
        manager.execute(start).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// The tables of facts and their indexes.
pub(super) async fn create_facts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for table in [session(), exchange()] {
        create(manager, table).await?;
    }
    let day = ["shop_id", "lasting", "begins_us", "source", "conversation"];
    manager.create_index(index("session_day", "session", &day)).await?;
    let asked = ["shop_id", "asked_us", "source", "conversation", "number"];
    manager.create_index(index("exchange_asked", "exchange", &asked)).await
}

/// On SQLite a table lies in the order of its key, without a row number and a second tree beside it: all keys here
/// are made of several columns, and rows are read by the beginning of their key.
pub(super) async fn create(manager: &SchemaManager<'_>, table: TableCreateStatement) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Sqlite {
        return manager.create_table(table).await;
    }
    let sql = format!("{} WITHOUT ROWID", table.to_string(SqliteQueryBuilder));
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}

fn log_cursor() -> TableCreateStatement {
    Table::create()
        .table("log_cursor")
        .col(integer("id").primary_key())
        .col(big_integer("position"))
        .col(text("event_id"))
        .to_owned()
}

fn shop() -> TableCreateStatement {
    Table::create()
        .table("shop")
        .col(text("shop_id").primary_key())
        .col(text_null("policy_zone"))
        .col(text_null("import_zone"))
        .to_owned()
}

/// Keyed so that a conversation lies together and in order.
fn imported_event() -> TableCreateStatement {
    let key = ["shop_id", "source", "conversation", "occurred_us", "rank", "record_id"];
    Table::create()
        .table("imported_event")
        .col(text("shop_id"))
        .col(text("source"))
        .col(text("conversation"))
        .col(big_integer("occurred_us"))
        .col(big_integer("rank"))
        .col(text("record_id"))
        .col(blob("payload"))
        .primary_key(key.into_iter().fold(&mut Index::create(), |index, column| index.col(column)))
        .to_owned()
}

fn session() -> TableCreateStatement {
    Table::create()
        .table("session")
        .col(text("shop_id"))
        .col(text("source"))
        .col(text("conversation"))
        .col(text("buyer"))
        .col(text("buyer_group"))
        .col(boolean("vip"))
        .col(big_integer_null("opened_us"))
        .col(boolean("opening_seen"))
        .col(big_integer_null("first_asked_us"))
        .col(big_integer_null("last_asked_us"))
        .col(big_integer_null("closed_us"))
        .col(boolean("abandoned"))
        .col(big_integer_null("people_us"))
        .col(big_integer_null("agent_us"))
        .col(big_integer_null("human_us"))
        .col(big_integer_null("robot_us"))
        .col(text("holder"))
        .col(big_integer("exchanges"))
        .col(big_integer("begins_us"))
        .col(big_integer("ends_us"))
        .col(boolean("lasting"))
        .primary_key(Index::create().col("shop_id").col("source").col("conversation"))
        .to_owned()
}

fn exchange() -> TableCreateStatement {
    Table::create()
        .table("exchange")
        .col(text("shop_id"))
        .col(text("source"))
        .col(text("conversation"))
        .col(big_integer("number"))
        .col(big_integer("asked_us"))
        .col(big_integer("asked"))
        .col(text("asks"))
        .col(text("replies"))
        .col(text("holdings"))
        .primary_key(Index::create().col("shop_id").col("source").col("conversation").col("number"))
        .to_owned()
}

pub(super) fn index(name: &str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let start = Index::create().name(name).table(table).to_owned();
    columns.iter().fold(start, |mut index, column| index.col(*column).to_owned())
}

fn once() -> IndexCreateStatement {
    index("imported_event_record", "imported_event", &["shop_id", "source", "record_id"]).unique().to_owned()
}
