//! Requests about bindings.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_proto::accounts::v1 as proto;

use super::Fields;
use crate::binding::{ExternalAccount, MAX_CAPACITY, RECOMMENDED_CAPACITY, Terms, TermsChange};
use crate::storage::BindingFilter;

/// What can be changed about a binding.
const TERMS_PATHS: [&str; 7] =
    ["roles", "groups", "capacity", "capacity_ceiling", "unlimited", "weight", "external_account"];

/// The terms of a new binding, with defaults for what is not said.
pub(super) fn terms(fields: &mut Fields, terms: proto::BindingTerms) -> Option<Terms> {
    let roles = fields.roles("terms.roles", terms.roles);
    let groups = fields.groups("terms.groups", terms.groups);
    let ceiling = match terms.capacity_ceiling {
        Some(ceiling) => fields.capacity("terms.capacity_ceiling", ceiling),
        None => Some(MAX_CAPACITY),
    };
    let highest = ceiling.unwrap_or(MAX_CAPACITY);
    let capacity = match terms.capacity {
        Some(capacity) => fields.capacity_within("terms.capacity", capacity, highest),
        None => Some(RECOMMENDED_CAPACITY.min(highest)),
    };
    let weight = fields.weight("terms.weight", terms.weight.unwrap_or(1));
    let external = external(fields, terms.external_account);
    let ((((roles, groups), capacity), ceiling), weight) =
        roles.zip(groups).zip(capacity).zip(ceiling).zip(weight)?;
    Some(Terms { roles, groups, capacity, ceiling, unlimited: terms.unlimited, weight, external: external? })
}

pub(in crate::grpc) fn new_binding(
    request: proto::BindAgentRequest,
) -> Result<(ShopId, String, Terms), Problem> {
    let mut fields = Fields::default();
    let shop_id = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let terms = terms(&mut fields, request.terms.unwrap_or_default());
    let (shop_id, terms) = fields.finish(shop_id.zip(terms))?;
    Ok((shop_id, request.binding_code, terms))
}

pub(in crate::grpc) fn filter(request: &proto::ListBindingsRequest) -> BindingFilter {
    BindingFilter { group: request.group.clone(), role: request.role.clone() }
}

pub(in crate::grpc) fn binding_change(
    request: proto::UpdateBindingRequest,
) -> Result<((ShopId, AgentId, String), TermsChange), Problem> {
    let terms = request.terms.unwrap_or_default();
    let mut fields = Fields::default();
    let shop_id = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let agent_id = fields.take("agent_id", request.agent_id.parse::<AgentId>());
    let mut change = TermsChange::default();
    for path in fields.mask(request.update_mask, &TERMS_PATHS) {
        match path {
            "roles" => change.roles = fields.roles("terms.roles", terms.roles.clone()),
            "groups" => change.groups = fields.groups("terms.groups", terms.groups.clone()),
            "capacity" => {
                let capacity = fields.set("terms.capacity", terms.capacity);
                change.capacity = capacity.and_then(|capacity| fields.capacity("terms.capacity", capacity));
            }
            "capacity_ceiling" => {
                let ceiling = fields.set("terms.capacity_ceiling", terms.capacity_ceiling);
                change.ceiling =
                    ceiling.and_then(|ceiling| fields.capacity("terms.capacity_ceiling", ceiling));
            }
            "unlimited" => change.unlimited = Some(terms.unlimited),
            "weight" => {
                let weight = fields.set("terms.weight", terms.weight);
                change.weight = weight.and_then(|weight| fields.weight("terms.weight", weight));
            }
            _ => change.external = external(&mut fields, terms.external_account.clone()),
        }
    }
    let (shop_id, agent_id) = fields.finish(shop_id.zip(agent_id))?;
    Ok(((shop_id, agent_id, request.etag), change))
}

/// The account on a marketplace, if there is one; `None` when it is wrong.
fn external(fields: &mut Fields, given: Option<proto::ExternalAccount>) -> Option<Option<ExternalAccount>> {
    let Some(proto::ExternalAccount { platform, account_id }) = given else { return Some(None) };
    let lower =
        platform.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    let expected = "must be lower-case letters, digits, - and _, such as pinduoduo";
    fields.take("terms.external_account.platform", lower.then_some(()).ok_or(expected))?;
    Some(Some(ExternalAccount { platform, account_id }))
}
