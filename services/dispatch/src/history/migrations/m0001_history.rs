//! Events, heads, bodies, conversations and snapshots.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer, string, string_null, text, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{
    Index, IndexCreateStatement, Query, Table, TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 6] = ["log_head", "shop_head", "event", "message_body", "conversation", "desk_snapshot"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_history"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [log_head(), shop_head(), event(), message_body(), conversation(), desk_snapshot()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let head = Query::insert()
            .into_table("log_head")
            .columns(["id", "position"])
            .values_panic([1_i32.into(), 0_i64.into()])
            .to_owned();
        manager.execute(head).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// One row: the position of the last event. Every writer takes it first, so commit order is position order.
fn log_head() -> TableCreateStatement {
    Table::create().table("log_head").col(integer("id").primary_key()).col(big_integer("position")).to_owned()
}

/// The last event of each shop: the fence.
fn shop_head() -> TableCreateStatement {
    Table::create()
        .table("shop_head")
        .col(uuid("shop_id").primary_key())
        .col(big_integer("seq"))
        .col(uuid("event_id"))
        .to_owned()
}

fn event() -> TableCreateStatement {
    Table::create()
        .table("event")
        .col(big_integer("position").primary_key())
        .col(uuid("shop_id"))
        .col(big_integer("seq"))
        .col(uuid("event_id"))
        .col(uuid_null("conversation_id"))
        .col(string("kind"))
        .col(uuid_null("inbox_agent_id"))
        .col(string_null("caller"))
        .col(string_null("request_id"))
        .col(string_null("channel"))
        .col(string_null("external_message_id"))
        .col(big_integer("recorded_time"))
        .col(binary("payload"))
        .to_owned()
}

/// What was said, apart from the chain, so that it can be erased.
fn message_body() -> TableCreateStatement {
    Table::create()
        .table("message_body")
        .col(uuid("event_id").primary_key())
        .col(uuid("shop_id"))
        .col(uuid("conversation_id"))
        .col(integer("kind"))
        .col(text("text"))
        .col(text("reference"))
        .to_owned()
}

fn conversation() -> TableCreateStatement {
    Table::create()
        .table("conversation")
        .col(uuid("conversation_id").primary_key())
        .col(uuid("shop_id"))
        .col(string("buyer_id"))
        .col(string("channel"))
        .col(string("group_name"))
        .col(integer("stage"))
        .col(uuid_null("agent_id"))
        .col(big_integer("open_time"))
        .col(big_integer_null("last_message_time"))
        .col(big_integer_null("owed_since_time"))
        .col(integer("unanswered"))
        .col(big_integer_null("close_time"))
        .col(big_integer("seq"))
        .to_owned()
}

fn desk_snapshot() -> TableCreateStatement {
    Table::create()
        .table("desk_snapshot")
        .col(uuid("shop_id"))
        .col(big_integer("seq"))
        .col(uuid("event_id"))
        .col(big_integer("recorded_time"))
        .col(binary("payload"))
        .primary_key(Index::create().col("shop_id").col("seq"))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table(table);
        for column in columns {
            index.col(*column);
        }
        index
    };
    let partial = |name: &str, columns: &[&'static str], set: &'static str| {
        use sea_orm_migration::sea_orm::ExprTrait;
        use sea_orm_migration::sea_orm::sea_query::{ConditionalStatement, Expr};
        let mut index = index(name, "event", columns);
        index.and_where(Expr::col(set).is_not_null());
        index
    };
    vec![
        index("event_by_shop_seq", "event", &["shop_id", "seq"]).unique().to_owned(),
        partial("event_by_conversation", &["shop_id", "conversation_id", "seq"], "conversation_id"),
        partial("event_by_inbox", &["shop_id", "inbox_agent_id", "position"], "inbox_agent_id"),
        partial("event_by_request", &["shop_id", "caller", "request_id"], "request_id"),
        partial("event_by_delivery", &["shop_id", "channel", "external_message_id"], "external_message_id"),
        index("conversation_by_stage", "conversation", &["shop_id", "stage", "owed_since_time"]),
    ]
}
