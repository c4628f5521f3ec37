//! Shops, accounts, the directory's head and the memory of requests.

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::schema::{big_integer, boolean, integer, json, text};
use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sea_query::{
    ColumnDef, ForeignKey, ForeignKeyAction, Index, IndexCreateStatement, Query, Table, TableCreateStatement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// See the module.
pub(crate) struct Migration;

/// The tables, in the order in which they can be created.
const TABLES: [&str; 4] = ["directory_head", "shop", "account", "request_memory"];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_shops_and_accounts"
    }
}

#[async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [directory_head(), shop(), account(), request_memory()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let head = Query::insert()
            .into_table("directory_head")
            .columns(["id", "version"])
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

fn directory_head() -> TableCreateStatement {
    Table::create()
        .table("directory_head")
        .col(integer("id").primary_key())
        .col(big_integer("version"))
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
    let mut of_a_shop = ForeignKey::create()
        .name("account_shop_id")
        .from("account", "shop_id")
        .to("shop", "shop_id")
        .on_delete(ForeignKeyAction::Restrict)
        .to_owned();
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
        .col(json("groups"))
        .col(big_integer("capacity"))
        .col(boolean("unlimited"))
        .col(boolean("enabled"))
        .col(big_integer("create_time"))
        .foreign_key(&mut of_a_shop)
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

fn blob(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().to_owned()
}

/// The unique ones keep promises: one owner of a name, one entry per version and place. The others find things.
fn indexes() -> [IndexCreateStatement; 7] {
    let index = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().name(name).table(table).to_owned();
        for column in columns {
            index.col(*column);
        }
        index
    };
    [
        index("account_login_key", "account", &["login_key"]).unique().to_owned(),
        index("account_version", "account", &["version"]).unique().to_owned(),
        index("shop_version", "shop", &["version"]).unique().to_owned(),
        index("shop_number", "shop", &["number"]).unique().to_owned(),
        index("account_number", "account", &["number"]).unique().to_owned(),
        index("account_of_shop", "account", &["shop_id", "number"]),
        index("request_memory_time", "request_memory", &["time"]),
    ]
}
