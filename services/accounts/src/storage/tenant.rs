//! One shop's rows: the only way to them.

use fenliu_domain::access::Permissions;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use sea_orm::sea_query::{Expr, Func, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

use super::members::{self, members};
use super::rows::{account, binding, listed, role, shop};
use super::{Fault, Stored};
use crate::account::Account;
use crate::binding::Member;
use crate::role::{Role, permissions_of};
use crate::shop::Shop;

/// The rows of one shop, seen through a connection or a transaction.
pub(crate) struct Tenant<'a, C> {
    connection: &'a C,
    shop: ShopId,
}

/// Which of a shop's accounts a list shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountFilter {
    pub(crate) enabled: Option<bool>,
    /// The beginning of a login name's key; empty = all.
    pub(crate) key_prefix: String,
}

/// Which of a shop's bindings a list shows; empty = all.
#[derive(Clone, Debug, Default)]
pub(crate) struct BindingFilter {
    pub(crate) group: String,
    pub(crate) role: String,
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
        row.ok_or_else(|| no_shop(self.shop))?.try_into()
    }

    /// One of the accounts whose home it is.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, with the same words whether there is no such account or it is another shop's.
    pub(crate) async fn account(&self, agent: AgentId) -> Result<Stored<Account>, Fault> {
        let by_id = account::Column::AgentId.eq(agent.to_string());
        let row = self.accounts().filter(by_id).one(self.connection).await?;
        row.ok_or_else(|| self.no_agent(agent))?.try_into()
    }

    /// The accounts whose home it is, created after the one with this number, oldest first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; every shop has a main account, but a later page of a list may be empty.
    pub(crate) async fn list_accounts(
        &self,
        filter: &AccountFilter,
        number: i64,
        limit: u64,
    ) -> Result<Vec<Stored<Account>>, Fault> {
        self.shop().await?;
        let mut accounts = self.accounts().filter(account::Column::Number.gt(number));
        if let Some(enabled) = filter.enabled {
            accounts = accounts.filter(account::Column::Enabled.eq(enabled));
        }
        if !filter.key_prefix.is_empty() {
            accounts = accounts.filter(self.position(account::Column::LoginKey, &filter.key_prefix).eq(1));
        }
        let rows = accounts.order_by_asc(account::Column::Number).limit(limit).all(self.connection).await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// How many work for it, disabled ones included, the main account not.
    pub(crate) async fn count_members(&self) -> Result<u64, Fault> {
        Ok(self.bindings().count(self.connection).await?.saturating_sub(1))
    }

    /// Somebody who works for it.
    ///
    /// # Errors
    /// BINDING_NOT_FOUND, with the same words whether there is no such account or it does not work here.
    pub(crate) async fn member(&self, agent: AgentId) -> Result<Member, Fault> {
        let by_id = binding::Column::AgentId.eq(agent.to_string());
        let rows = self.bindings().filter(by_id).all(self.connection).await?;
        let found = members(self.connection, rows).await?.into_iter().next();
        found.ok_or_else(|| self.no_binding(agent))
    }

    /// Those who work for it, bound after the one with this number, oldest binding first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn list_members(
        &self,
        filter: &BindingFilter,
        number: i64,
        limit: u64,
    ) -> Result<Vec<Member>, Fault> {
        self.shop().await?;
        let mut bindings = self.bindings().filter(binding::Column::Number.gt(number));
        if !filter.group.is_empty() {
            bindings = bindings.filter(self.position(binding::Column::Groups, &listed(&filter.group)).gt(0));
        }
        if !filter.role.is_empty() {
            bindings = bindings.filter(self.position(binding::Column::Roles, &listed(&filter.role)).gt(0));
        }
        let rows = bindings.order_by_asc(binding::Column::Number).limit(limit).all(self.connection).await?;
        members(self.connection, rows).await
    }

    /// One of its own roles.
    ///
    /// # Errors
    /// ROLE_NOT_FOUND.
    pub(crate) async fn role(&self, name: &str) -> Result<Stored<Role>, Fault> {
        let key = (self.shop.to_string(), name.to_owned());
        let row = role::Entity::find_by_id(key).one(self.connection).await?;
        row.ok_or_else(|| no_role(name))?.try_into()
    }

    /// All of its own roles, by name.
    pub(crate) async fn roles(&self) -> Result<Vec<Stored<Role>>, Fault> {
        let of_shop = role::Column::ShopId.eq(self.shop.to_string());
        let rows = role::Entity::find()
            .filter(of_shop)
            .order_by_asc(role::Column::Name)
            .all(self.connection)
            .await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// What these roles permit together.
    ///
    /// # Errors
    /// ROLE_NOT_FOUND when one is neither built in nor the shop's own.
    pub(crate) async fn permissions_of_known(&self, names: &[String]) -> Result<Permissions, Fault> {
        for name in names {
            if fenliu_domain::access::BuiltInRole::parse(name).is_none() {
                self.role(name).await?;
            }
        }
        self.permissions_of(names).await
    }

    /// What these roles permit together; one that is gone permits nothing.
    pub(crate) async fn permissions_of(&self, names: &[String]) -> Result<Permissions, Fault> {
        let all_built_in = names.iter().all(|name| fenliu_domain::access::BuiltInRole::parse(name).is_some());
        let own = if all_built_in { Vec::new() } else { self.roles().await? };
        let own: Vec<Role> = own.into_iter().map(|role| role.value).collect();
        Ok(permissions_of(names, &own))
    }

    /// The connection or transaction, for the rooms of the store.
    pub(super) const fn connection(&self) -> &'a C {
        self.connection
    }

    /// Which shop.
    pub(crate) const fn shop_id(&self) -> ShopId {
        self.shop
    }

    /// Where `part` stands in a text column, from 1; 0 = nowhere. Byte by byte, unlike LIKE, whose wildcards and
    /// letter cases differ between databases.
    pub(super) fn position(&self, column: impl ColumnTrait, part: &str) -> SimpleExpr {
        let function = match self.connection.get_database_backend() {
            DatabaseBackend::Postgres => "strpos",
            _ => "instr",
        };
        Func::cust(function).arg(Expr::col(column)).arg(part).into()
    }

    fn accounts(&self) -> Select<account::Entity> {
        account::Entity::find()
            .filter(account::Column::ShopId.eq(self.shop.to_string()))
            .filter(account::Column::DeleteTime.is_null())
    }

    fn bindings(&self) -> Select<binding::Entity> {
        members::active().filter(binding::Column::ShopId.eq(self.shop.to_string()))
    }

    fn no_agent(&self, agent: AgentId) -> Fault {
        let words = format!("there is no agent {agent} in shop {}", self.shop);
        let problem = Problem::new(Reason::AgentNotFound, words);
        problem.with("agent_id", agent).with("shop_id", self.shop).into()
    }

    fn no_binding(&self, agent: AgentId) -> Fault {
        let words = format!("nobody with the id {agent} works for shop {}", self.shop);
        let problem = Problem::new(Reason::BindingNotFound, words);
        problem.with("agent_id", agent).with("shop_id", self.shop).into()
    }
}

/// The refusal of a shop that is not there.
pub(crate) fn no_shop(shop: ShopId) -> Fault {
    Problem::new(Reason::ShopNotFound, format!("there is no shop {shop}")).with("shop_id", shop).into()
}

fn no_role(name: &str) -> Fault {
    let words = format!("the shop has no role named {name}; ListRoles names those it has");
    Problem::new(Reason::RoleNotFound, words).with("role", name).into()
}
