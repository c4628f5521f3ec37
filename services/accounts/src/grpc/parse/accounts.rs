//! Requests about accounts.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert;

use super::{Fields, bindings};
use crate::account::NewAccount;
use crate::binding::Terms;
use crate::storage::AccountFilter;

/// What can be changed about an account.
const ACCOUNT_PATHS: [&str; 1] = ["display_name"];

pub(in crate::grpc) fn new_account(
    request: &proto::CreateSubAccountRequest,
) -> Result<(ShopId, NewAccount, Terms), Problem> {
    let mut fields = Fields::default();
    let shop_id = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let login_name = fields.login_name("login_name", &request.login_name);
    let display_name = Some(request.display_name.as_str())
        .filter(|name| !name.is_empty())
        .and_then(|name| fields.display_name("display_name", name));
    let terms = bindings::terms(&mut fields, request.terms.clone().unwrap_or_default());
    let ((shop_id, login_name), terms) = fields.finish(shop_id.zip(login_name).zip(terms))?;
    Ok((shop_id, NewAccount { login_name, display_name, password: None }, terms))
}

/// The shop and the account that a request names.
pub(in crate::grpc) fn account_of(shop_id: &str, agent_id: &str) -> Result<(ShopId, AgentId), Problem> {
    Ok((convert::id(shop_id, "shop_id")?, convert::id(agent_id, "agent_id")?))
}

pub(in crate::grpc) fn filter(request: &proto::ListSubAccountsRequest) -> AccountFilter {
    let key_prefix = fenliu_domain::login_name::key_of(&request.login_name_prefix);
    AccountFilter { enabled: request.enabled, key_prefix }
}

/// The new display name, which is all that can be changed.
pub(in crate::grpc) fn account_change(
    request: proto::UpdateSubAccountRequest,
) -> Result<((ShopId, AgentId, String), String), Problem> {
    let account = request.sub_account.unwrap_or_default();
    let mut fields = Fields::default();
    let shop_id = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let agent_id = fields.take("agent_id", request.agent_id.parse::<AgentId>());
    fields.mask(request.update_mask, &ACCOUNT_PATHS);
    let name = fields.display_name("sub_account.display_name", &account.display_name);
    let ((shop_id, agent_id), name) = fields.finish(shop_id.zip(agent_id).zip(name))?;
    Ok(((shop_id, agent_id, request.etag), name))
}
