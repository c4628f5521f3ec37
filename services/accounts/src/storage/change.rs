//! One change in the making.

use fenliu_domain::ids::ShopId;
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use fenliu_runtime::clock::SharedClock;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, SqlErr};

use super::rows::{account, directory_head, shop};
use super::{Fault, Stored, Tenant};
use crate::account::Account;
use crate::shop::Shop;

/// A transaction that holds the directory's head, and the versions it uses up.
pub(crate) struct Change<'a> {
    txn: &'a DatabaseTransaction,
    /// The version that taking the head gave, until somebody uses it.
    first: Option<i64>,
    now: Timestamp,
}

impl<'a> Change<'a> {
    /// Takes the head, as the transaction's first statement, and then the time.
    pub(super) async fn begin(txn: &'a DatabaseTransaction, clock: &SharedClock) -> Result<Self, Fault> {
        let first = Some(advance(txn).await?);
        Ok(Self { txn, first, now: clock.now() })
    }

    /// When the change is made.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Everything of one shop, as this transaction sees it.
    pub(crate) const fn tenant(&self, shop: ShopId) -> Tenant<'a, DatabaseTransaction> {
        Tenant::new(self.txn, shop)
    }

    /// Stores a new shop.
    pub(crate) async fn insert_shop(&mut self, value: Shop) -> Result<Stored<Shop>, Fault> {
        let stored = self.first_version_of(value).await?;
        shop::Entity::insert(shop::row(&stored)).exec_without_returning(self.txn).await?;
        Ok(stored)
    }

    /// Stores a new account.
    ///
    /// # Errors
    /// LOGIN_NAME_TAKEN when anybody on the platform signs in with this name.
    pub(crate) async fn insert_account(
        &mut self,
        value: Account,
        name: &LoginName,
    ) -> Result<Stored<Account>, Fault> {
        let stored = self.first_version_of(value).await?;
        let mut row = account::row(&stored);
        row.login_key = Set(name.key().to_owned());
        let inserted = account::Entity::insert(row).exec_without_returning(self.txn).await;
        inserted.map_err(|error| if is_taken(&error) { taken(name).into() } else { Fault::from(error) })?;
        Ok(stored)
    }

    /// Stores what a shop has become.
    pub(crate) async fn update_shop(
        &mut self,
        old: &Stored<Shop>,
        value: Shop,
    ) -> Result<Stored<Shop>, Fault> {
        let stored = Stored { value, number: old.number, version: self.next_version().await? };
        shop::Entity::update(shop::row(&stored)).exec(self.txn).await?;
        Ok(stored)
    }

    /// Stores what an account has become.
    pub(crate) async fn update_account(
        &mut self,
        old: &Stored<Account>,
        value: Account,
    ) -> Result<Stored<Account>, Fault> {
        let stored = Stored { value, number: old.number, version: self.next_version().await? };
        account::Entity::update(account::row(&stored)).exec(self.txn).await?;
        Ok(stored)
    }

    async fn first_version_of<T>(&mut self, value: T) -> Result<Stored<T>, Fault> {
        let version = self.next_version().await?;
        Ok(Stored { value, number: version, version })
    }

    async fn next_version(&mut self) -> Result<i64, Fault> {
        match self.first.take() {
            Some(version) => Ok(version),
            None => advance(self.txn).await,
        }
    }
}

/// Moves the head on by one and keeps it locked until the transaction ends.
async fn advance(txn: &DatabaseTransaction) -> Result<i64, Fault> {
    let heads = directory_head::Entity::update_many()
        .col_expr(directory_head::Column::Version, Expr::col(directory_head::Column::Version).add(1_i64))
        .filter(directory_head::Column::Id.eq(directory_head::ONLY))
        .exec_with_returning(txn)
        .await?;
    super::directory::only(heads.into_iter().next())
}

/// Both databases name the column in the words of the violation: SQLite as itself, PostgreSQL in its index.
fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(words)) if words.contains("login_key"))
}

fn taken(name: &LoginName) -> Problem {
    let advice = format!("somebody signs in as {name} already; choose another name");
    Problem::new(Reason::LoginNameTaken, advice).with("login_name", name)
}
