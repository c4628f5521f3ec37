//! A conversation and its exchanges in one row, and which version of the fold made them. The facts before go: they are made
//! anew of the history and of what was imported, when the service starts.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, integer, text};
use sea_orm_migration::sea_orm::sea_query::{
    Index, IndexCreateStatement, Query, Table, TableCreateStatement,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::m0001_facts;

/// See the module.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_whole_conversations"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["exchange", "session"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for table in [conversation(), conversation_page(), facts_version()] {
            m0001_facts::create(manager, table).await?;
        }
        manager.create_index(by_beginning()).await?;
        manager.get_connection().execute_unprepared(LASTING).await?;
        let none_made = Query::insert()
            .into_table("facts_version")
            .columns(["id", "version"])
            .values_panic([1_i32.into(), 0_i32.into()])
            .to_owned();
        manager.execute(none_made).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["facts_version", "conversation_page", "conversation"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        m0001_facts::create_facts(manager).await?;
        let from_the_start = Query::update()
            .table("log_cursor")
            .values([("position", 0_i64.into()), ("event_id", "".into())])
            .to_owned();
        manager.execute(from_the_start).await
    }
}

/// The few that go on for a day or longer are found by their end.
const LASTING: &str = "CREATE INDEX conversation_lasting \
    ON conversation (shop_id, lasting_ends_us, source, conversation) WHERE lasting_ends_us IS NOT NULL";

fn conversation() -> TableCreateStatement {
    Table::create()
        .table("conversation")
        .col(text("shop_id"))
        .col(text("source"))
        .col(text("conversation"))
        .col(text("buyer"))
        .col(big_integer("begins_us"))
        .col(big_integer("ends_us"))
        .col(big_integer_null("lasting_ends_us"))
        .col(blob("facts"))
        .primary_key(Index::create().col("shop_id").col("source").col("conversation"))
        .to_owned()
}

fn conversation_page() -> TableCreateStatement {
    Table::create()
        .table("conversation_page")
        .col(text("shop_id"))
        .col(text("source"))
        .col(text("conversation"))
        .col(big_integer("number"))
        .col(blob("exchanges"))
        .primary_key(Index::create().col("shop_id").col("source").col("conversation").col("number"))
        .to_owned()
}

fn facts_version() -> TableCreateStatement {
    Table::create().table("facts_version").col(integer("id").primary_key()).col(integer("version")).to_owned()
}

fn by_beginning() -> IndexCreateStatement {
    Index::create()
        .name("conversation_by_beginning")
        .table("conversation")
        .col("shop_id")
        .col("begins_us")
        .col("source")
        .col("conversation")
        .to_owned()
}
