//! Questions about today: where the shop stands, and what its target leaves.

use fenliu_domain::pack::RulePack;
use fenliu_domain::problem::Problem;
use fenliu_domain::standing::Rules;
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::get_error_budget_request;
use fenliu_proto::convert::id;

use super::{Chosen, as_of, chosen_pack};
use crate::packs::{Known, Wanted};
use crate::{budget, compliance};

/// Whose standing is asked for.
///
/// # Errors
/// RULE_PACK_NOT_FOUND; INVALID_REQUEST naming every field that makes no sense, such as `rule_pack_id` of a pack without
/// a target.
pub(in crate::grpc) fn standing_question(
    request: &proto::GetStandingRequest,
    known: &Known,
    now: Timestamp,
) -> Result<compliance::Question, Problem> {
    let shop = id(&request.shop_id, "shop_id")?;
    let as_of = as_of(request.as_of_time.as_ref(), now)?;
    let (id, version) = (request.rule_pack_id.as_str(), request.rule_pack_version);
    let pack = known.find(Wanted { id, version, day: None, as_of })?.pack;
    let rules = Rules::of_pack(&pack)?;
    if rules.target_basis_points() == 0 {
        let expected = "must be a pack with a target, such as pinduoduo-3min-human; this one has none";
        return Err(Problem::field("rule_pack_id", expected));
    }
    Ok(compliance::Question { shop, pack, rules, what_if: request.what_if_rate_basis_points, as_of })
}

/// Whose budget is asked for.
///
/// # Errors
/// RULE_PACK_NOT_FOUND, RULE_PACK_INVALID; INVALID_REQUEST naming every field that makes no sense.
pub(in crate::grpc) fn budget_question(
    request: proto::GetErrorBudgetRequest,
    known: &Known,
    now: Timestamp,
) -> Result<budget::Question, Problem> {
    let shop = id(&request.shop_id, "shop_id")?;
    let as_of = as_of(request.as_of_time.as_ref(), now)?;
    let (field, chosen) = match request.pack {
        Some(get_error_budget_request::Pack::RulePackId(id)) => {
            ("rule_pack_id", Some(Chosen::Named(id, request.rule_pack_version)))
        }
        Some(get_error_budget_request::Pack::Custom(pack)) => {
            ("custom", Some(Chosen::Custom(Box::new(pack))))
        }
        None => ("pack", None),
    };
    let pack = chosen_pack(chosen, None, as_of, known)?;
    if pack.is_mean() {
        return Err(Problem::field(
            field,
            "must be a pack whose figure is a rate; that of this one is a mean",
        ));
    }
    let target = target(&pack, request.target_basis_points)?;
    Ok(budget::Question { shop, pack, target, as_of })
}

fn target(pack: &RulePack, asked: Option<u32>) -> Result<u32, Problem> {
    let own = Some(pack.target_basis_points).filter(|own| *own > 0);
    let expected = "must be 1 to 10000, since the rule pack has no target of its own";
    asked.or(own).ok_or_else(|| Problem::field("target_basis_points", expected))
}
