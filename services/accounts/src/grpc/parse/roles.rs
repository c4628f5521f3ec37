//! Requests about roles.

use fenliu_domain::access::{Permission, Permissions};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::words::Word;

use super::Fields;
use crate::role::Role;

pub(in crate::grpc) fn new_role(request: &proto::CreateRoleRequest) -> Result<Role, Problem> {
    let mut fields = Fields::default();
    let shop = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    let name = fields.display_name("name", &request.name);
    let permissions = permissions(&mut fields, &request.permissions);
    let ((shop, name), permissions) = fields.finish(shop.zip(name).zip(permissions))?;
    Ok(Role { shop, name, permissions })
}

pub(in crate::grpc) fn role_change(
    request: proto::UpdateRoleRequest,
) -> Result<((ShopId, String, String), Permissions), Problem> {
    let mut fields = Fields::default();
    let shop = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    // What it permits is all that can be changed of a role.
    fields.optional_mask(request.update_mask, &["permissions"]);
    let permissions = permissions(&mut fields, &request.permissions);
    let (shop, permissions) = fields.finish(shop.zip(permissions))?;
    Ok(((shop, request.name, request.etag), permissions))
}

/// Permissions that a role of a shop can hold.
fn permissions(fields: &mut Fields, numbers: &[i32]) -> Option<Permissions> {
    let read = numbers.iter().enumerate().map(|(index, number)| {
        let field = format!("permissions[{index}]");
        let permission = <Permission as Word>::parse(*number, &field)
            .ok()
            .filter(|permission| !permission.is_of_the_platform());
        fields.take(&field, permission.ok_or("must be a permission that can be held in a shop"))
    });
    // Every one is read, so that every wrong one is named.
    let read: Vec<Option<Permission>> = read.collect();
    read.into_iter().collect()
}
