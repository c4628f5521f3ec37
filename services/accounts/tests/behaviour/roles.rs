//! A shop's own roles.

use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::common::v1::Permission;

use super::house::{House, change_terms, mask, new_agent, refused, refused_fields};

fn role(shop: &proto::Shop, name: &str, permissions: &[Permission]) -> proto::CreateRoleRequest {
    proto::CreateRoleRequest {
        shop_id: shop.shop_id.clone(),
        name: name.into(),
        permissions: permissions.iter().map(|permission| (*permission).into()).collect(),
        ..Default::default()
    }
}

async fn names(house: &mut House, shop: &proto::Shop) -> Vec<String> {
    let request = proto::ListRolesRequest { shop_id: shop.shop_id.clone() };
    let listed = house.roles.list_roles(request).await.expect("listed").into_inner();
    listed.roles.into_iter().map(|role| role.name).collect()
}

#[tokio::test]
async fn every_shop_has_the_four_built_in_roles_and_its_own() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    house.roles.create_role(role(&shop, "auditor", &[Permission::AuditRead])).await.expect("created");
    house.roles.create_role(role(&other, "auditor", &[Permission::ShopRead])).await.expect("another shop's");
    let built_in = ["owner", "manager", "supervisor", "agent"];
    assert_eq!(names(&mut house, &shop).await, [&built_in[..], &["auditor"]].concat());
    for taken in ["auditor", "owner"] {
        let again = house.roles.create_role(role(&shop, taken, &[Permission::ShopRead])).await;
        refused(again, Reason::RoleNameTaken);
    }
    let nowhere = proto::Shop { shop_id: format!("shp_{:032x}", 1), ..shop };
    let nowhere = house.roles.create_role(role(&nowhere, "x", &[Permission::ShopRead])).await;
    refused(nowhere, Reason::ShopNotFound);
}

#[tokio::test]
async fn the_published_permissions_are_those_of_shops() {
    let mut house = House::open().await;
    let listed = house.roles.list_permissions(proto::ListPermissionsRequest {}).await.expect("listed");
    let names: Vec<_> = listed.into_inner().permissions.into_iter().map(|info| info.name).collect();
    assert!(names.contains(&"desk.work".to_owned()));
    assert!(!names.iter().any(|name| name.starts_with("platform.")));
    let shop = house.shop("owner").await;
    let request = role(&shop, "root", &[Permission::ShopRead, Permission::PlatformShops]);
    refused_fields(house.roles.create_role(request).await, Reason::InvalidRequest, &["permissions[1]"]);
}

#[tokio::test]
async fn a_role_that_somebody_has_is_not_deleted() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    house.roles.create_role(role(&shop, "auditor", &[Permission::AuditRead])).await.expect("created");
    let terms = proto::BindingTerms { roles: vec!["auditor".into()], ..Default::default() };
    let request = proto::CreateSubAccountRequest { terms: Some(terms), ..new_agent(&shop, "ann") };
    let binding = house.accounts.create_sub_account(request).await.expect("created").into_inner().binding;
    let delete = |name: &str| proto::DeleteRoleRequest {
        shop_id: shop.shop_id.clone(),
        name: name.into(),
        ..Default::default()
    };
    refused(house.roles.delete_role(delete("auditor")).await, Reason::RoleInUse);
    refused(house.roles.delete_role(delete("owner")).await, Reason::RoleBuiltIn);
    refused(house.roles.delete_role(delete("nobody")).await, Reason::RoleNotFound);
    let binding = binding.expect("the binding");
    let plain = proto::BindingTerms::default();
    house.bindings.update_binding(change_terms(&binding, plain, &["roles"])).await.expect("an agent again");
    house.roles.delete_role(delete("auditor")).await.expect("nobody has it");
    assert_eq!(house.done_to(&shop, "auditor").await, ["role.created", "role.deleted"]);
}

#[tokio::test]
async fn a_role_changes_as_it_was_read_and_built_in_ones_never() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let created = house.roles.create_role(role(&shop, "auditor", &[Permission::AuditRead])).await;
    let read = created.expect("created").into_inner().role.expect("the role");
    let update = |name: &str, etag: &str| proto::UpdateRoleRequest {
        shop_id: shop.shop_id.clone(),
        name: name.into(),
        permissions: vec![Permission::ShopRead.into()],
        etag: etag.into(),
        ..Default::default()
    };
    let changed = house.roles.update_role(update("auditor", &read.etag)).await.expect("changed").into_inner();
    assert_eq!(changed.role.expect("the role").permissions, [Permission::ShopRead as i32]);
    refused(house.roles.update_role(update("auditor", &read.etag)).await, Reason::EtagMismatch);
    refused(house.roles.update_role(update("agent", "")).await, Reason::RoleBuiltIn);
    let masked = |path| proto::UpdateRoleRequest { update_mask: mask(&[path]), ..update("auditor", "") };
    house.roles.update_role(masked("permissions")).await.expect("changed");
    let renamed = house.roles.update_role(masked("name")).await;
    refused_fields(renamed, Reason::InvalidRequest, &["update_mask.paths[0]"]);
}
