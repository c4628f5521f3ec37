//! Requests about signing in.

use fenliu_domain::access::{Permission, Permissions};
use fenliu_domain::ids::{ServiceId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert;
use fenliu_proto::words::Word;

use super::Fields;
use crate::entrance::{Credentials, Source, Wanted};

/// Days that a service token is valid when nobody says.
const DEFAULT_DAYS: i32 = 90;

pub(in crate::grpc) fn credentials(
    request: proto::LoginRequest,
    source: Source,
) -> Result<Credentials, Problem> {
    let shop = convert::optional_id(&request.shop_id, "shop_id")?;
    let proto::LoginRequest { login_name, password, .. } = request;
    Ok(Credentials { login_name, password, shop, source })
}

pub(in crate::grpc) fn wanted(request: &proto::IssueServiceTokenRequest) -> Result<Wanted, Problem> {
    let mut fields = Fields::default();
    let shop = fields.take("shop_id", convert::optional_id::<ShopId>(&request.shop_id, "shop_id"));
    let display_name = fields.display_name("display_name", &request.display_name);
    let permissions = permissions(&mut fields, &request.permissions, !request.shop_id.is_empty());
    let ((shop, display_name), permissions) = fields.finish(shop.zip(display_name).zip(permissions))?;
    let days = if request.valid_days == 0 { DEFAULT_DAYS } else { request.valid_days };
    Ok(Wanted { shop, display_name, permissions, life: Span::from_hours(24 * i64::from(days)) })
}

pub(in crate::grpc) fn service_token_of(
    request: &proto::RevokeServiceTokenRequest,
) -> Result<(Option<ShopId>, ServiceId), Problem> {
    let shop = convert::optional_id(&request.shop_id, "shop_id")?;
    Ok((shop, convert::id(&request.service_id, "service_id")?))
}

/// Permissions that a program may hold there.
fn permissions(fields: &mut Fields, numbers: &[i32], in_a_shop: bool) -> Option<Permissions> {
    let read = numbers.iter().enumerate().map(|(index, number)| {
        let field = format!("permissions[{index}]");
        let permission = <Permission as Word>::parse(*number, &field).ok();
        let held = permission.filter(|permission| !(in_a_shop && permission.is_of_the_platform()));
        fields.take(&field, held.ok_or("must be a permission that can be held there"))
    });
    // Every one is read, so that every wrong one is named.
    let read: Vec<Option<Permission>> = read.collect();
    read.into_iter().collect()
}
