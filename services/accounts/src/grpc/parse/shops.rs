//! Requests about shops.

use fenliu_domain::ids::ShopId;
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::Problem;
use fenliu_proto::accounts::v1 as proto;

use super::{Fields, or};
use crate::account::PasswordHash;
use crate::entrance::Passwords;
use crate::shop::{DEFAULT_SERVICE_END, DEFAULT_SERVICE_START, DEFAULT_ZONE, NewShop, Shop, ShopChange};

/// What can be changed about a shop.
const SHOP_PATHS: [&str; 4] = ["display_name", "time_zone", "service_start", "service_end"];

/// The password that comes with a new account, hashed; empty = none yet.
pub(in crate::grpc) async fn first_password(
    passwords: &Passwords,
    (field, password): (&'static str, &str),
    login_name: &LoginName,
) -> Result<Option<PasswordHash>, Problem> {
    if password.is_empty() {
        return Ok(None);
    }
    passwords.hash_new(field, password, login_name).await.map(Some)
}

pub(in crate::grpc) fn new_shop(request: &proto::CreateShopRequest) -> Result<NewShop, Problem> {
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
            Ok(NewShop { display_name, zone, hours, main_login_name, main_password: None })
        }
        _ => Err(fields.refusal()),
    }
}

pub(in crate::grpc) fn shop_change(
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
