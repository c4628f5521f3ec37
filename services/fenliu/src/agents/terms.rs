//! How somebody works for a shop: read from the command line, and told.

use anyhow::Context;
use fenliu_proto::accounts::v1::{Binding, BindingTerms, ExternalAccount};
use prost_types::FieldMask;
use serde_json::{Value, json};

use crate::cli::agent::TermsArgs;

/// The highest capacity there is; a ceiling at it is none.
const MAX_CAPACITY: i32 = 10_000;

/// The terms that the command line names.
///
/// # Errors
/// When the account on a marketplace is not named with its marketplace.
pub fn of(args: &TermsArgs) -> anyhow::Result<BindingTerms> {
    let external = |text: &String| -> anyhow::Result<ExternalAccount> {
        let (platform, account_id) = text.split_once(':').with_context(|| {
            format!("--external {text:?} names no marketplace; use one such as pinduoduo:8812")
        })?;
        Ok(ExternalAccount { platform: platform.to_owned(), account_id: account_id.to_owned() })
    };
    Ok(BindingTerms {
        roles: args.role.clone(),
        groups: args.group.clone(),
        capacity: args.capacity,
        capacity_ceiling: args.ceiling,
        unlimited: args.unlimited,
        weight: args.weight,
        external_account: args.external.as_ref().map(external).transpose()?,
    })
}

/// Which terms the command line names.
#[must_use]
pub fn named(args: &TermsArgs) -> FieldMask {
    let fields = [
        (!args.role.is_empty(), "roles"),
        (!args.group.is_empty(), "groups"),
        (args.capacity.is_some(), "capacity"),
        (args.ceiling.is_some(), "capacity_ceiling"),
        (args.unlimited, "unlimited"),
        (args.weight.is_some(), "weight"),
        (args.external.is_some(), "external_account"),
    ];
    let named = fields.into_iter().filter(|(named, _)| *named);
    FieldMask { paths: named.map(|(_, field)| field.to_owned()).collect() }
}

/// Conversations somebody may hold, and the most they may set that to where that is bounded.
#[must_use]
pub fn capacity(terms: &BindingTerms) -> String {
    let capacity = terms.capacity.unwrap_or_default();
    match terms.capacity_ceiling {
        _ if terms.unlimited => "unlimited".to_owned(),
        Some(ceiling) if ceiling < MAX_CAPACITY => format!("{capacity}/{ceiling}"),
        _ => capacity.to_string(),
    }
}

/// A binding for a program.
#[must_use]
pub fn to_json(binding: &Binding) -> Value {
    let terms = binding.terms.clone().unwrap_or_default();
    let external = terms.external_account.as_ref();
    json!({
        "agent_id": binding.agent_id,
        "shop_id": binding.shop_id,
        "login_name": binding.login_name,
        "display_name": binding.display_name,
        "home": binding.home,
        "enabled": binding.enabled,
        "roles": terms.roles,
        "groups": terms.groups,
        "capacity": terms.capacity,
        "capacity_ceiling": terms.capacity_ceiling,
        "unlimited": terms.unlimited,
        "weight": terms.weight,
        "external_account": external.map(|account| format!("{}:{}", account.platform, account.account_id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_does_not_change() {
        let args = TermsArgs { ceiling: Some(300), group: vec!["vip".into()], ..TermsArgs::default() };
        assert_eq!(named(&args).paths, ["groups", "capacity_ceiling"]);
        assert_eq!(named(&TermsArgs { unlimited: true, ..TermsArgs::default() }).paths, ["unlimited"]);
        assert!(named(&TermsArgs::default()).paths.is_empty());
    }

    #[test]
    fn an_account_on_a_marketplace_has_both_names() {
        let args = |text: &str| TermsArgs { external: Some(text.into()), ..TermsArgs::default() };
        let account = of(&args("pinduoduo:88:12")).expect("read").external_account.expect("there");
        assert_eq!((account.platform.as_str(), account.account_id.as_str()), ("pinduoduo", "88:12"));
        assert!(of(&args("8812")).is_err());
    }

    #[test]
    fn a_ceiling_is_told_where_it_bounds() {
        let terms = |capacity_ceiling, unlimited| BindingTerms {
            capacity: Some(200),
            capacity_ceiling,
            unlimited,
            ..BindingTerms::default()
        };
        assert_eq!(capacity(&terms(Some(300), false)), "200/300");
        assert_eq!(capacity(&terms(Some(MAX_CAPACITY), false)), "200");
        assert_eq!(capacity(&terms(None, true)), "unlimited");
    }
}
