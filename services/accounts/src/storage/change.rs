//! One change in the making.

use fenliu_domain::access::{Caller, Permissions, Subject};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use fenliu_runtime::clock::SharedClock;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, SqlErr};

use super::rows::{account, binding, directory_head, role, shop};
use super::{Fault, Stored, Tenant};
use crate::account::Account;
use crate::binding::Binding;
use crate::call::{Call, Occasion};
use crate::role::{Role, expect_held};
use crate::shop::Shop;

mod cut_off;
mod groups;
mod noting;
mod rosters;
mod sanctions;

pub(crate) use self::cut_off::ACCESS_TOKEN_LIFE;

/// A transaction that holds the directory's head, and the versions it uses up.
pub(crate) struct Change<'a> {
    txn: &'a DatabaseTransaction,
    /// The version that taking the head gave, until somebody uses it.
    first: Option<i64>,
    now: Timestamp,
    actor: Actor,
}

/// Who makes a change, under which request.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    /// `None` = fenliu itself.
    caller: Option<Caller>,
    request_id: String,
}

impl Actor {
    /// Whoever calls.
    pub(super) fn of(call: &Call) -> Self {
        Self { caller: Some(call.caller.clone()), request_id: call.request_id.clone() }
    }

    /// Whoever asks for something that is not remembered.
    pub(super) fn on(occasion: Occasion) -> Self {
        Self { caller: occasion.caller, request_id: occasion.request_id }
    }

    /// What happens by itself.
    pub(super) const fn fenliu() -> Self {
        Self { caller: None, request_id: String::new() }
    }

    fn name(&self) -> String {
        self.caller.as_ref().map_or_else(|| "fenliu".to_owned(), |caller| caller.subject.to_string())
    }
}

impl<'a> Change<'a> {
    /// Takes the head, as the transaction's first statement, and then the time.
    pub(super) async fn begin(
        txn: &'a DatabaseTransaction,
        clock: &SharedClock,
        actor: Actor,
    ) -> Result<Self, Fault> {
        let first = Some(advance(txn).await?);
        Ok(Self { txn, first, now: clock.now(), actor })
    }

    /// When the change is made.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Who makes it, as far as lists show it.
    pub(crate) fn author(&self) -> String {
        self.actor.name()
    }

    /// The request it belongs to; empty for what happens by itself.
    pub(crate) fn request_id(&self) -> &str {
        &self.actor.request_id
    }

    /// From here on this account makes the change: it has shown what only it has.
    pub(crate) fn made_by(&mut self, agent: AgentId) {
        self.actor.caller = Some(Caller { subject: Subject::Agent(agent), ..Caller::ANYBODY });
    }

    /// Everything of one shop, as this transaction sees it.
    pub(crate) const fn tenant(&self, shop: ShopId) -> Tenant<'a, DatabaseTransaction> {
        Tenant::new(self.txn, shop)
    }

    /// The transaction itself, for the rooms of the store.
    pub(super) const fn txn(&self) -> &'a DatabaseTransaction {
        self.txn
    }

    /// Nobody changes what concerns more than they may themselves; fenliu itself may.
    ///
    /// # Errors
    /// PERMISSION_NOT_HELD.
    pub(crate) fn expect_held(&self, permissions: Permissions) -> Result<(), Fault> {
        let Some(caller) = &self.actor.caller else { return Ok(()) };
        Ok(expect_held(caller, permissions)?)
    }

    /// Who makes the change; `None` = fenliu itself.
    pub(crate) const fn caller(&self) -> Option<&Caller> {
        self.actor.caller.as_ref()
    }

    /// Nobody is judge in their own case.
    ///
    /// # Errors
    /// PERMISSION_DENIED when the caller is this agent.
    pub(crate) fn expect_somebody_else(&self, agent: AgentId) -> Result<(), Fault> {
        let caller = self.actor.caller.as_ref().and_then(Caller::agent);
        if caller != Some(agent) {
            return Ok(());
        }
        let words = "nobody imposes or lifts a sanction of their own; ask another supervisor";
        Err(Problem::new(Reason::PermissionDenied, words).with("agent_id", agent).into())
    }

    /// Stores a new shop.
    pub(crate) async fn insert_shop(&mut self, value: Shop) -> Result<Stored<Shop>, Fault> {
        let stored = self.first_version_of(value).await?;
        shop::Entity::insert(shop::row(&stored)).exec_without_returning(self.txn).await?;
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

    /// Stores a new account.
    ///
    /// # Errors
    /// LOGIN_NAME_TAKEN when anybody on the platform signs in with this name, or did.
    pub(crate) async fn insert_account(
        &mut self,
        value: Account,
        name: &LoginName,
    ) -> Result<Stored<Account>, Fault> {
        let stored = self.first_version_of(value).await?;
        let mut row = account::row(&stored);
        row.login_key = Set(name.key().to_owned());
        let inserted = account::Entity::insert(row).exec_without_returning(self.txn).await;
        inserted.map_err(
            |error| if names(&error, "login_key") { taken(name).into() } else { Fault::from(error) },
        )?;
        Ok(stored)
    }

    /// Stores what an account has become, and tells of it wherever it works.
    pub(crate) async fn update_account(
        &mut self,
        old: &Stored<Account>,
        value: Account,
    ) -> Result<Stored<Account>, Fault> {
        let stored = Stored { value, number: old.number, version: self.next_version().await? };
        account::Entity::update(account::row(&stored)).exec(self.txn).await?;
        for bound in self.bindings_of(stored.value.id).await? {
            let value = bound.value.clone();
            self.update_binding(&bound, value).await?;
        }
        Ok(stored)
    }

    /// Stores a new binding, or an ended one that begins again.
    ///
    /// # Errors
    /// EXTERNAL_ACCOUNT_TAKEN.
    pub(crate) async fn insert_binding(&mut self, value: Binding) -> Result<Stored<Binding>, Fault> {
        let stored = self.first_version_of(value).await?;
        let (shop, agent) = (stored.value.shop.to_string(), stored.value.agent.to_string());
        binding::Entity::delete_by_id((shop, agent)).exec(self.txn).await?;
        let inserted = binding::Entity::insert(binding::row(&stored)).exec_without_returning(self.txn).await;
        inserted.map_err(|error| external_fault(error, &stored.value))?;
        Ok(stored)
    }

    /// Stores what a binding has become.
    ///
    /// # Errors
    /// EXTERNAL_ACCOUNT_TAKEN.
    pub(crate) async fn update_binding(
        &mut self,
        old: &Stored<Binding>,
        value: Binding,
    ) -> Result<Stored<Binding>, Fault> {
        let stored = Stored { value, number: old.number, version: self.next_version().await? };
        let updated = binding::Entity::update(binding::row(&stored)).exec(self.txn).await;
        updated.map_err(|error| external_fault(error, &stored.value))?;
        Ok(stored)
    }

    /// Every binding of an account, ended ones included.
    pub(crate) async fn bindings_of(&self, agent: AgentId) -> Result<Vec<Stored<Binding>>, Fault> {
        let of_agent = binding::Column::AgentId.eq(agent.to_string());
        let rows = binding::Entity::find().filter(of_agent).all(self.txn).await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// Stores a new role.
    ///
    /// # Errors
    /// ROLE_NAME_TAKEN.
    pub(crate) async fn insert_role(&mut self, value: Role) -> Result<Stored<Role>, Fault> {
        let stored = self.first_version_of(value).await?;
        let inserted = role::Entity::insert(role::row(&stored)).exec_without_returning(self.txn).await;
        inserted.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => role_taken(&stored.value.name).into(),
            _ => Fault::from(error),
        })?;
        Ok(stored)
    }

    /// Stores what a role has become.
    pub(crate) async fn update_role(&mut self, value: Role) -> Result<Stored<Role>, Fault> {
        let stored = self.first_version_of(value).await?;
        role::Entity::update(role::row(&stored)).exec(self.txn).await?;
        Ok(stored)
    }

    /// Deletes a role.
    pub(crate) async fn delete_role(&mut self, role: &Role) -> Result<(), Fault> {
        role::Entity::delete_by_id((role.shop.to_string(), role.name.clone())).exec(self.txn).await?;
        Ok(())
    }

    /// Makes all tokens void that the account has now.
    pub(crate) async fn cut_off_account(&mut self, agent: AgentId) -> Result<(), Fault> {
        let column = account::Column::TokenVersion;
        let rows = account::Entity::update_many()
            .col_expr(column, Expr::col(column).add(1_i64))
            .filter(account::Column::AgentId.eq(agent.to_string()))
            .exec_with_returning(self.txn)
            .await?;
        let Some(row) = rows.into_iter().next() else { return Ok(()) };
        let account = Stored::<Account>::try_from(row)?.value;
        self.cut_off(Subject::Agent(agent), account.token_version).await
    }

    pub(super) async fn first_version_of<T>(&mut self, value: T) -> Result<Stored<T>, Fault> {
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
fn names(error: &DbErr, column: &str) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(words)) if words.contains(column))
}

fn taken(name: &LoginName) -> Problem {
    let advice = format!("somebody signs in as {name} already, or did; choose another name");
    Problem::new(Reason::LoginNameTaken, advice).with("login_name", name)
}

fn role_taken(name: &str) -> Problem {
    let advice = format!("the shop has a role named {name} already; choose another name");
    Problem::new(Reason::RoleNameTaken, advice).with("role", name)
}

fn external_fault(error: DbErr, binding: &Binding) -> Fault {
    let external = binding.terms.external.as_ref().filter(|_| names(&error, "external"));
    let Some(external) = external else { return error.into() };
    // Whose it is may be another shop's secret.
    let words = format!(
        "the {} account {} belongs to another binding; unbind it there first",
        external.platform, external.account_id
    );
    let problem = Problem::new(Reason::ExternalAccountTaken, words);
    problem.with("external_account", &external.account_id).with("platform", &external.platform).into()
}
