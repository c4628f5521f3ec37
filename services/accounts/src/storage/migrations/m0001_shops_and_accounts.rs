//! Shops, accounts, bindings, roles, the directory's head, the memory of requests and the audit log.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, integer, json, text, text_null};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{
    ColumnDef, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, IndexCreateStatement, Query,
    Table, TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 8] =
    ["directory_head", "shop", "account", "binding", "shop_group", "role", "request_memory", "audit_entry"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_shops_and_accounts"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            directory_head(),
            shop(),
            account(),
            binding(),
            shop_group(),
            role(),
            request_memory(),
            audit_entry(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let head = Query::insert()
            .into_table("directory_head")
            .columns(["id", "version", "trust"])
            .values_panic([1_i32.into(), 0_i64.into(), 0_i64.into()])
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

fn directory_head() -> TableCreateStatement {
    Table::create()
        .table("directory_head")
        .col(integer("id").primary_key())
        .col(big_integer("version"))
        .col(big_integer("trust"))
        .to_owned()
}

fn shop() -> TableCreateStatement {
    Table::create()
        .table("shop")
        .col(text("shop_id").primary_key())
        .col(big_integer("number"))
        .col(big_integer("version"))
        .col(text("display_name"))
        .col(text("time_zone"))
        .col(text("service_start"))
        .col(text("service_end"))
        .col(text("main_account_id"))
        .col(big_integer("create_time"))
        .to_owned()
}

fn account() -> TableCreateStatement {
    Table::create()
        .table("account")
        .col(text("agent_id").primary_key())
        .col(text("shop_id"))
        .col(big_integer("number"))
        .col(big_integer("version"))
        .col(text("login_name"))
        .col(text("login_key"))
        .col(text("display_name"))
        .col(boolean("main_account"))
        .col(boolean("enabled"))
        .col(text_null("password_hash"))
        .col(big_integer("token_version"))
        .col(big_integer("create_time"))
        .col(big_integer_null("delete_time"))
        .foreign_key(&mut of("account_shop_id", "account", "shop_id", "shop"))
        .to_owned()
}

fn binding() -> TableCreateStatement {
    Table::create()
        .table("binding")
        .col(text("shop_id"))
        .col(text("agent_id"))
        .col(big_integer("number"))
        .col(big_integer("version"))
        .col(text("roles"))
        .col(text("groups"))
        .col(big_integer("capacity"))
        .col(big_integer("ceiling"))
        .col(boolean("unlimited"))
        .col(big_integer("weight"))
        .col(text_null("platform"))
        .col(text_null("external_id"))
        .col(boolean("active"))
        .col(big_integer("create_time"))
        .col(text_null("sanction_kind"))
        .col(big_integer_null("sanction_end"))
        .col(ColumnDef::new("duty").json().null().to_owned())
        .col(big_integer_null("duty_through"))
        .primary_key(Index::create().col("shop_id").col("agent_id"))
        .foreign_key(&mut of("binding_shop_id", "binding", "shop_id", "shop"))
        .foreign_key(&mut of("binding_agent_id", "binding", "agent_id", "account"))
        .to_owned()
}

fn shop_group() -> TableCreateStatement {
    Table::create()
        .table("shop_group")
        .col(text("shop_id"))
        .col(text("name"))
        .primary_key(Index::create().col("shop_id").col("name"))
        .foreign_key(&mut of("shop_group_shop_id", "shop_group", "shop_id", "shop"))
        .to_owned()
}

fn role() -> TableCreateStatement {
    Table::create()
        .table("role")
        .col(text("shop_id"))
        .col(text("name"))
        .col(big_integer("version"))
        .col(json("permissions"))
        .primary_key(Index::create().col("shop_id").col("name"))
        .foreign_key(&mut of("role_shop_id", "role", "shop_id", "shop"))
        .to_owned()
}

fn request_memory() -> TableCreateStatement {
    Table::create()
        .table("request_memory")
        .col(text("caller"))
        .col(text("request_id"))
        .col(text("rpc"))
        .col(blob("body_hash"))
        .col(blob("answer"))
        .col(big_integer("time"))
        .primary_key(Index::create().col("caller").col("request_id"))
        .to_owned()
}

fn audit_entry() -> TableCreateStatement {
    Table::create()
        .table("audit_entry")
        .col(big_integer("number").primary_key().auto_increment())
        .col(big_integer("time"))
        .col(text("shop_id"))
        .col(text("actor"))
        .col(text("action"))
        .col(text("target"))
        .col(text("before"))
        .col(text("after"))
        .col(text("request_id"))
        .to_owned()
}

/// Names a row of another table, which may not go before.
fn of(name: &str, from: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    let key = if to == "account" { "agent_id" } else { "shop_id" };
    ForeignKey::create()
        .name(name)
        .from(from, column)
        .to(to, key)
        .on_delete(ForeignKeyAction::Restrict)
        .to_owned()
}

fn blob(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().to_owned()
}

/// The unique ones keep promises: one owner of a name, one entry per version and place. The others find things.
fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().name(name).table(table).to_owned();
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        index("account_login_key", "account", &["login_key"]).unique().to_owned(),
        index("account_number", "account", &["number"]).unique().to_owned(),
        index("account_of_shop", "account", &["shop_id", "number"]),
        index("shop_version", "shop", &["version"]).unique().to_owned(),
        index("shop_number", "shop", &["number"]).unique().to_owned(),
        index("binding_version", "binding", &["version"]).unique().to_owned(),
        index("binding_of_shop", "binding", &["shop_id", "number"]),
        index("binding_of_account", "binding", &["agent_id"]),
        index("binding_external_account", "binding", &["platform", "external_id"]).unique().to_owned(),
        index("binding_duty_through", "binding", &["duty_through"]),
        index("binding_sanction_end", "binding", &["sanction_end"]),
        index("request_memory_time", "request_memory", &["time"]),
        index("audit_entry_of_shop", "audit_entry", &["shop_id", "number"]),
    ]
}
