//! What the audit log shows of things: everything but secrets.

use fenliu_domain::time::Timestamp;
use serde_json::{Value, json};

use crate::account::Account;
use crate::binding::{Binding, Terms};
use crate::role::Role;
use crate::shop::Shop;

pub(super) fn shop(shop: &Shop) -> Value {
    json!({
        "display_name": shop.display_name,
        "time_zone": shop.zone.name(),
        "service_start": shop.hours.start().to_string(),
        "service_end": shop.hours.end().to_string(),
    })
}

pub(super) fn account(account: &Account) -> Value {
    json!({
        "login_name": account.login_name,
        "display_name": account.display_name,
        "enabled": account.enabled,
        "has_password": account.password.is_some(),
    })
}

/// What a shop sees of an account whose home is another.
pub(super) fn shown(account: &Account) -> Value {
    json!({ "display_name": account.display_name, "enabled": account.enabled })
}

pub(super) fn binding(binding: &Binding) -> Value {
    let Terms { roles, groups, capacity, ceiling, unlimited, weight, external } = &binding.terms;
    let external = external.as_ref().map(|account| format!("{}:{}", account.platform, account.account_id));
    json!({
        "roles": roles,
        "groups": groups,
        "capacity": capacity,
        "capacity_ceiling": ceiling,
        "unlimited": unlimited,
        "weight": weight,
        "external_account": external,
    })
}

pub(super) fn binding_code(expires: Timestamp) -> Value {
    json!({ "expire_time": expires.to_string() })
}

pub(super) fn role(role: &Role) -> Value {
    json!({ "permissions": role.permissions.names().collect::<Vec<_>>() })
}
