//! Keeps a shop's own roles.

use fenliu_domain::access::{BuiltInRole, Permissions};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};
use prost::Message;

use super::{Done, Registry, expect_etag, record};
use crate::call::Call;
use crate::role::{Role, built_in};
use crate::storage::{BindingFilter, Fault, Stored};

/// Most of a shop's own roles.
const MAX_OWN_ROLES: usize = 100;
/// Members whose tokens are made void at a time.
const MEMBERS_AT_ONCE: u64 = 500;

/// A role after it was made or changed.
pub(crate) struct ChangedRole {
    pub(crate) role: Stored<Role>,
    pub(crate) request_id: String,
}

impl Registry {
    /// Creates a role.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ROLE_NAME_TAKEN, PERMISSION_NOT_HELD, ROLE_LIMIT, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn create_role<M>(
        &self,
        call: Call,
        role: Role,
        answer: fn(ChangedRole) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let tenant = change.tenant(role.shop);
                tenant.shop().await?;
                change.expect_held(role.permissions)?;
                if BuiltInRole::parse(&role.name).is_some() {
                    return Err(name_taken(&role.name).into());
                }
                if tenant.roles().await?.len() >= MAX_OWN_ROLES {
                    let words = format!("the shop has {MAX_OWN_ROLES} roles of its own; delete one first");
                    return Err(Problem::new(Reason::RoleLimit, words).with("limit", MAX_OWN_ROLES).into());
                }
                let role = change.insert_role(role).await?;
                let noted = (None, Some(record::role(&role.value)));
                change.audit(Some(role.value.shop), "role.created", &role.value.name, noted).await?;
                Ok(answer(ChangedRole { role, request_id }))
            })
        });
        work.await
    }

    /// Replaces what a role permits. The tokens of all who have it are void.
    ///
    /// # Errors
    /// ROLE_NOT_FOUND, ROLE_BUILT_IN, PERMISSION_NOT_HELD, ETAG_MISMATCH, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn change_role<M>(
        &self,
        call: Call,
        (shop_id, name, etag): (ShopId, String, String),
        permissions: Permissions,
        answer: fn(ChangedRole) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                if BuiltInRole::parse(&name).is_some() {
                    return Err(built_in(&name).into());
                }
                let old = change.tenant(shop_id).role(&name).await?;
                expect_etag(&old.etag(), &etag)?;
                change.expect_held(old.value.permissions.union(permissions))?;
                let role = change.update_role(Role { permissions, ..old.value.clone() }).await?;
                cut_off_members(&mut change, shop_id, &name).await?;
                let noted = (Some(record::role(&old.value)), Some(record::role(&role.value)));
                change.audit(Some(shop_id), "role.updated", &name, noted).await?;
                Ok(answer(ChangedRole { role, request_id }))
            })
        });
        work.await
    }

    /// Deletes a role that nobody has.
    ///
    /// # Errors
    /// ROLE_NOT_FOUND, ROLE_BUILT_IN, ROLE_IN_USE, PERMISSION_NOT_HELD, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn delete_role<M>(
        &self,
        call: Call,
        (shop_id, name): (ShopId, String),
        answer: fn(Done) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                if BuiltInRole::parse(&name).is_some() {
                    return Err(built_in(&name).into());
                }
                let tenant = change.tenant(shop_id);
                let old = tenant.role(&name).await?;
                change.expect_held(old.value.permissions)?;
                let having = BindingFilter { role: name.clone(), ..BindingFilter::default() };
                if let Some(member) = tenant.list_members(&having, 0, 1).await?.first() {
                    return Err(in_use(&name, &member.account.login_name).into());
                }
                change.delete_role(&old.value).await?;
                let noted = (Some(record::role(&old.value)), None);
                change.audit(Some(shop_id), "role.deleted", &name, noted).await?;
                Ok(answer(Done { request_id }))
            })
        });
        work.await
    }
}

async fn cut_off_members(
    change: &mut crate::storage::Change<'_>,
    shop: ShopId,
    role: &str,
) -> Result<(), Fault> {
    let having = BindingFilter { role: role.to_owned(), ..BindingFilter::default() };
    let mut after = 0;
    loop {
        let members = change.tenant(shop).list_members(&having, after, MEMBERS_AT_ONCE).await?;
        let Some(last) = members.last() else { return Ok(()) };
        after = last.binding.number;
        for member in &members {
            change.cut_off_account(member.account.id).await?;
        }
    }
}

fn name_taken(name: &str) -> Problem {
    let words = format!("{name} is the name of a built-in role; choose another name");
    Problem::new(Reason::RoleNameTaken, words).with("role", name)
}

fn in_use(name: &str, login_name: &str) -> Problem {
    let words =
        format!("{login_name} still has the role {name}; give everybody who has it another one first");
    Problem::new(Reason::RoleInUse, words).with("role", name).with("login_name", login_name)
}
