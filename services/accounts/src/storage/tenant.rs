//! One shop's rows: the only way to them.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::rows::{account, shop};
use super::{Fault, Stored};
use crate::account::Account;
use crate::shop::Shop;

/// The rows of one shop, seen through a connection or a transaction.
pub(crate) struct Tenant<'a, C> {
    connection: &'a C,
    shop: ShopId,
}

impl<'a, C: ConnectionTrait> Tenant<'a, C> {
    pub(super) const fn new(connection: &'a C, shop: ShopId) -> Self {
        Self { connection, shop }
    }

    /// The shop itself.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn shop(&self) -> Result<Stored<Shop>, Fault> {
        let row = shop::Entity::find_by_id(self.shop.to_string()).one(self.connection).await?;
        row.ok_or_else(|| self.no_shop())?.try_into()
    }

    /// One of its accounts.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, with the same words whether there is no such account or it is another shop's.
    pub(crate) async fn account(&self, agent: AgentId) -> Result<Stored<Account>, Fault> {
        let row = self
            .accounts()
            .filter(account::Column::AgentId.eq(agent.to_string()))
            .one(self.connection)
            .await?;
        row.ok_or_else(|| self.no_agent(agent))?.try_into()
    }

    /// Its accounts created after the one with this number, oldest first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; every shop has a main account, but a later page of a list may be empty.
    pub(crate) async fn list_accounts(&self, number: i64, limit: u64) -> Result<Vec<Stored<Account>>, Fault> {
        self.shop().await?;
        let rows = self
            .accounts()
            .filter(account::Column::Number.gt(number))
            .order_by_asc(account::Column::Number)
            .limit(limit)
            .all(self.connection)
            .await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// How many sub-accounts it has, disabled ones included.
    pub(crate) async fn count_sub_accounts(&self) -> Result<u64, Fault> {
        let subs = self.accounts().filter(account::Column::MainAccount.eq(false));
        Ok(subs.count(self.connection).await?)
    }

    fn accounts(&self) -> sea_orm::Select<account::Entity> {
        account::Entity::find().filter(account::Column::ShopId.eq(self.shop.to_string()))
    }

    fn no_shop(&self) -> Fault {
        let problem = Problem::new(Reason::ShopNotFound, format!("there is no shop {}", self.shop));
        problem.with("shop_id", self.shop).into()
    }

    fn no_agent(&self, agent: AgentId) -> Fault {
        let words = format!("there is no agent {agent} in shop {}", self.shop);
        let problem = Problem::new(Reason::AgentNotFound, words);
        problem.with("agent_id", agent).with("shop_id", self.shop).into()
    }
}
