//! Messages as what they mean, or every field that means nothing.
//!
//! The codec has checked the bounds that the proto declares. What is left is what a proto cannot say (zones,
//! clock times, login names), and the fields inside `shop` and `sub_account` of an update, of which only those in
//! the mask count.

mod fields;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert;

use self::fields::Fields;
use crate::account::{AccountChange, NewAccount, RECOMMENDED_CAPACITY, Room};
use crate::shop::{DEFAULT_SERVICE_END, DEFAULT_SERVICE_START, DEFAULT_ZONE, NewShop, Shop, ShopChange};

/// What can be changed about a shop.
const SHOP_PATHS: [&str; 4] = ["display_name", "time_zone", "service_start", "service_end"];
/// What can be changed about an account.
const ACCOUNT_PATHS: [&str; 5] = ["display_name", "groups", "capacity", "unlimited", "enabled"];

pub(super) fn new_shop(request: &proto::CreateShopRequest) -> Result<NewShop, Problem> {
    let mut fields = Fields::default();
    let display_name = fields.display_name("display_name", &request.display_name);
    let zone = fields.zone("time_zone", or(&request.time_zone, DEFAULT_ZONE));
    let start = fields.clock("service_start", or(&request.service_start, DEFAULT_SERVICE_START));
    let end = fields.clock("service_end", or(&request.service_end, DEFAULT_SERVICE_END));
    let main_login_name = fields.login_name("main_account_login_name", &request.main_account_login_name);
    let hours = start.zip(end).and_then(|(start, end)| {
        let hours = Shop::hours(start, end);
        fields.take("service_end", hours)
    });
    match (display_name, zone, hours, main_login_name) {
        (Some(display_name), Some(zone), Some(hours), Some(main_login_name)) => {
            Ok(NewShop { display_name, zone, hours, main_login_name })
        }
        _ => Err(fields.refusal()),
    }
}

pub(super) fn shop_change(
    request: proto::UpdateShopRequest,
) -> Result<((ShopId, String), ShopChange), Problem> {
    let shop = request.shop.unwrap_or_default();
    let mut fields = Fields::default();
    let shop_id = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let mut change = ShopChange::default();
    for path in fields.mask(request.update_mask, &SHOP_PATHS) {
        match path {
            "display_name" => {
                change.display_name = fields.display_name("shop.display_name", &shop.display_name);
            }
            "time_zone" => change.zone = fields.zone("shop.time_zone", &shop.time_zone),
            "service_start" => change.service_start = fields.clock("shop.service_start", &shop.service_start),
            _ => change.service_end = fields.clock("shop.service_end", &shop.service_end),
        }
    }
    fields.finish(shop_id).map(|shop_id| ((shop_id, request.etag), change))
}

pub(super) fn new_account(request: proto::CreateSubAccountRequest) -> Result<(ShopId, NewAccount), Problem> {
    let mut fields = Fields::default();
    let shop_id = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let login_name = fields.login_name("login_name", &request.login_name);
    let display_name = Some(request.display_name.as_str())
        .filter(|name| !name.is_empty())
        .and_then(|name| fields.display_name("display_name", name));
    let groups = fields.groups("groups", request.groups);
    let capacity = match request.capacity {
        Some(capacity) => fields.capacity("capacity", i64::from(capacity)),
        None => Some(RECOMMENDED_CAPACITY),
    };
    let room = capacity.map(|capacity| Room { capacity, unlimited: request.unlimited });
    let parts = shop_id.zip(login_name).zip(groups).zip(room);
    let (((shop_id, login_name), groups), room) = fields.finish(parts)?;
    Ok((shop_id, NewAccount { login_name, display_name, groups, room }))
}

pub(super) fn account_of(request: &proto::GetSubAccountRequest) -> Result<(ShopId, AgentId), Problem> {
    let shop_id = convert::id(&request.shop_id, "shop_id")?;
    let agent_id = convert::id(&request.agent_id, "agent_id")?;
    Ok((shop_id, agent_id))
}

pub(super) fn account_change(
    request: proto::UpdateSubAccountRequest,
) -> Result<((ShopId, AgentId, String), AccountChange), Problem> {
    let account = request.sub_account.unwrap_or_default();
    let mut fields = Fields::default();
    let shop_id = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let agent_id = fields.take("agent_id", request.agent_id.parse::<AgentId>());
    let mut change = AccountChange::default();
    for path in fields.mask(request.update_mask, &ACCOUNT_PATHS) {
        match path {
            "display_name" => {
                change.display_name = fields.display_name("sub_account.display_name", &account.display_name);
            }
            "groups" => change.groups = fields.groups("sub_account.groups", account.groups.clone()),
            "capacity" => {
                change.capacity = fields.capacity("sub_account.capacity", i64::from(account.capacity));
            }
            "unlimited" => change.unlimited = Some(account.unlimited),
            _ => change.enabled = Some(account.enabled),
        }
    }
    let (shop_id, agent_id) = fields.finish(shop_id.zip(agent_id))?;
    Ok(((shop_id, agent_id, request.etag), change))
}

/// The text, or `default` when there is none.
const fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}
