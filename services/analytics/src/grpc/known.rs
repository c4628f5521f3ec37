//! Which packs a request can name: looked up before it is read any further.

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::id;

use super::Desk;
use crate::packs::{Known, Own};
use crate::storage::Fault;

/// A request that may name packs.
pub(super) trait NamesPacks {
    /// The shop it is about; empty = none.
    fn shop(&self) -> &str;

    /// The names in it.
    fn names(&self) -> Vec<&str>;
}

/// Requests that have a shop and a choice between a pack's name and a pack of the caller's own.
macro_rules! choosing {
    ($($request:ident: $choice:ident,)+) => {
        $(impl NamesPacks for proto::$request {
            fn shop(&self) -> &str {
                &self.shop_id
            }
            fn names(&self) -> Vec<&str> {
                match &self.pack {
                    Some(proto::$choice::Pack::RulePackId(id)) => vec![id],
                    Some(proto::$choice::Pack::Custom(_)) | None => Vec::new(),
                }
            }
        })+
    };
}

choosing! {
    ComparePeriodsRequest: compare_periods_request,
    GetReplyRateRequest: get_reply_rate_request,
    GetErrorBudgetRequest: get_error_budget_request,
    ListMissesRequest: list_misses_request,
}

/// Requests that have a shop and the name of a pack.
macro_rules! naming {
    ($($request:ident,)+) => {
        $(impl NamesPacks for proto::$request {
            fn shop(&self) -> &str {
                &self.shop_id
            }
            fn names(&self) -> Vec<&str> {
                vec![&self.rule_pack_id]
            }
        })+
    };
}

naming! {
    GetRulePackRequest,
    GetStandingRequest,
}

impl NamesPacks for proto::EvaluateRulePackRequest {
    fn shop(&self) -> &str {
        &self.shop_id
    }

    fn names(&self) -> Vec<&str> {
        let beside = self.beside_rule_pack_id.as_str();
        match &self.pack {
            Some(proto::evaluate_rule_pack_request::Pack::RulePackId(id)) => vec![id, beside],
            Some(proto::evaluate_rule_pack_request::Pack::Custom(_)) | None => vec![beside],
        }
    }
}

impl Desk {
    /// The packs that this request can name.
    ///
    /// # Errors
    /// INVALID_REQUEST naming shop_id, STORE_UNAVAILABLE.
    pub(super) async fn known(&self, request: &impl NamesPacks) -> Result<Known, Problem> {
        let names: Vec<_> = request.names().into_iter().filter(|name| !self.packs.has(name)).collect();
        let own = if names.is_empty() {
            Own::default()
        } else {
            let shop = optional_shop(request.shop())?;
            let names = names.into_iter().map(str::to_owned).collect();
            self.store.packs_named(shop, names).await.map_err(Fault::into_problem)?
        };
        Ok(Known::new(self.packs.clone(), own))
    }
}

/// The shop, where one is named.
pub(super) fn optional_shop(text: &str) -> Result<Option<ShopId>, Problem> {
    if text.is_empty() { Ok(None) } else { id(text, "shop_id").map(Some) }
}
