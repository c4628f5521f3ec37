//! Roles: the four that exist everywhere, and a shop's own.

use fenliu_domain::access::{BuiltInRole, Caller, Permissions};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};

/// A shop's own role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) shop: ShopId,
    pub(crate) name: String,
    pub(crate) permissions: Permissions,
}

/// What a role's name leads to: a built-in role, or one of the shop's own that is looked up.
pub(crate) fn permissions_of(names: &[String], own: &[Role]) -> Permissions {
    names.iter().fold(Permissions::NONE, |held, name| {
        let built_in = BuiltInRole::parse(name).map(BuiltInRole::permissions);
        let found = || own.iter().find(|role| role.name == *name).map(|role| role.permissions);
        // A name that leads nowhere permits nothing.
        held.union(built_in.or_else(found).unwrap_or(Permissions::NONE))
    })
}

/// Nobody grants, takes away or has power over what they do not hold themselves.
///
/// # Errors
/// PERMISSION_NOT_HELD, naming the first permission the caller lacks.
pub(crate) fn expect_held(caller: &Caller, permissions: Permissions) -> Result<(), Problem> {
    let Some(lacking) = permissions.without(caller.permissions).iter().next() else { return Ok(()) };
    let words = format!(
        "this concerns the permission {}, which you do not hold; ask somebody who does",
        lacking.name()
    );
    Err(Problem::new(Reason::PermissionNotHeld, words).with("permission", lacking.name()))
}

/// The refusal of a change to a built-in role.
pub(crate) fn built_in(name: &str) -> Problem {
    let words = format!("{name} is built in; create a role of your own");
    Problem::new(Reason::RoleBuiltIn, words).with("role", name)
}

#[cfg(test)]
mod tests {
    use fenliu_domain::access::Permission;

    use super::*;

    #[test]
    fn roles_add_up_and_an_unknown_one_permits_nothing() {
        let own = Role {
            shop: ShopId::from_bits(1),
            name: "auditor".into(),
            permissions: Permissions::of(&[Permission::AuditRead]),
        };
        let held = permissions_of(&["agent".into(), "auditor".into(), "gone".into()], &[own]);
        assert!(held.holds(Permission::AuditRead) && held.holds(Permission::DeskWork));
        assert_eq!(
            held.without(BuiltInRole::Agent.permissions()).names().collect::<Vec<_>>(),
            ["audit.read"]
        );
    }

    #[test]
    fn only_what_is_held_is_granted() {
        let manager = Caller { permissions: BuiltInRole::Manager.permissions(), ..Caller::ANYBODY };
        assert_eq!(expect_held(&manager, BuiltInRole::Supervisor.permissions()), Ok(()));
        let refused = expect_held(&manager, BuiltInRole::Owner.permissions()).expect_err("owners may more");
        assert_eq!(refused.reason, Reason::PermissionNotHeld);
    }
}
