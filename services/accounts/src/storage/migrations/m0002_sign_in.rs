//! Signing in: who was cut off, who failed, who is signed in, and with what tokens are signed.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, boolean, json, text};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{Index, IndexCreateStatement, Table, TableCreateStatement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 6] =
    ["revocation", "login_attempt", "session", "refresh_token", "signing_key", "service_token"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_sign_in"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in
            [revocation(), login_attempt(), session(), refresh_token(), signing_key(), service_token()]
        {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn revocation() -> TableCreateStatement {
    Table::create()
        .table("revocation")
        .col(text("subject").primary_key())
        .col(big_integer("version"))
        .col(big_integer("forget_time"))
        .to_owned()
}

fn login_attempt() -> TableCreateStatement {
    Table::create()
        .table("login_attempt")
        .col(text("key").primary_key())
        .col(big_integer("failures"))
        .col(big_integer("last_time"))
        .col(big_integer("blocked_until"))
        .to_owned()
}

fn session() -> TableCreateStatement {
    Table::create()
        .table("session")
        .col(text("session_id").primary_key())
        .col(text("agent_id"))
        .col(text("shop_id"))
        .col(text("source"))
        .col(big_integer("create_time"))
        .col(big_integer("use_time"))
        .col(big_integer("expire_time"))
        .col(big_integer_null("end_time"))
        .to_owned()
}

fn refresh_token() -> TableCreateStatement {
    Table::create()
        .table("refresh_token")
        .col(text("session_id"))
        .col(big_integer("number"))
        .col(binary("hash"))
        .col(boolean("spent"))
        .primary_key(Index::create().col("session_id").col("number"))
        .to_owned()
}

fn signing_key() -> TableCreateStatement {
    Table::create()
        .table("signing_key")
        .col(text("kid").primary_key())
        .col(binary("seed"))
        .col(big_integer("create_time"))
        .col(big_integer("activate_time"))
        .col(big_integer("last_expiry"))
        .to_owned()
}

fn service_token() -> TableCreateStatement {
    Table::create()
        .table("service_token")
        .col(text("service_id").primary_key())
        .col(text("shop_id"))
        .col(big_integer("number"))
        .col(text("display_name"))
        .col(json("permissions"))
        .col(text("kid"))
        .col(big_integer("create_time"))
        .col(big_integer("expire_time"))
        .col(big_integer_null("revoke_time"))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &'static str, table: &'static str, column: &'static str| {
        Index::create().name(name).table(table).col(column).to_owned()
    };
    vec![
        index("revocation_forget", "revocation", "forget_time"),
        index("login_attempt_last", "login_attempt", "last_time"),
        index("session_agent", "session", "agent_id"),
        index("session_expire", "session", "expire_time"),
        Index::create()
            .name("service_token_list")
            .table("service_token")
            .col("shop_id")
            .col("number")
            .to_owned(),
    ]
}
