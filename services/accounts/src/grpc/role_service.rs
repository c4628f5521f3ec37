//! `fenliu.accounts.v1.RoleService`.

use fenliu_domain::access::{BuiltInRole, Permissions};
use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::role_service_server::RoleService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use fenliu_proto::words::Word;
use tonic::{Request, Response, Status, async_trait};

use super::{Context, parse, render};
use crate::call::Call;
use crate::storage::Fault;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Context);

#[async_trait]
impl RoleService for Handler {
    async fn list_permissions(
        &self,
        _request: Request<proto::ListPermissionsRequest>,
    ) -> Result<Response<proto::ListPermissionsResponse>, Status> {
        let permissions = Permissions::of_a_shop().iter().map(|permission| proto::PermissionInfo {
            permission: permission.number(),
            name: permission.name().to_owned(),
            meaning: permission.meaning().trim().to_owned(),
        });
        Ok(Response::new(proto::ListPermissionsResponse { permissions: permissions.collect() }))
    }

    async fn create_role(
        &self,
        mut request: Request<proto::CreateRoleRequest>,
    ) -> Result<Response<proto::CreateRoleResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let role = parse::roles::new_role(request.get_ref()).map_err(refusal)?;
        let answer = self.0.registry.create_role(call, role, render::created_role).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn list_roles(
        &self,
        request: Request<proto::ListRolesRequest>,
    ) -> Result<Response<proto::ListRolesResponse>, Status> {
        let shop: ShopId = convert::id(&request.get_ref().shop_id, "shop_id").map_err(refusal)?;
        let tenant = self.0.store.tenant(shop);
        tenant.shop().await.map_err(Fault::into_problem).map_err(refusal)?;
        let own = tenant.roles().await.map_err(Fault::into_problem).map_err(refusal)?;
        let roles = BuiltInRole::ALL.iter().map(|role| built_in(shop, *role));
        let roles = roles.chain(own.iter().map(render::role)).collect();
        Ok(Response::new(proto::ListRolesResponse { roles }))
    }

    async fn update_role(
        &self,
        mut request: Request<proto::UpdateRoleRequest>,
    ) -> Result<Response<proto::UpdateRoleResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, permissions) = parse::roles::role_change(request.into_inner()).map_err(refusal)?;
        let answer = self.0.registry.change_role(call, target, permissions, render::changed_role).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn delete_role(
        &self,
        mut request: Request<proto::DeleteRoleRequest>,
    ) -> Result<Response<proto::DeleteRoleResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::DeleteRoleRequest { shop_id, name, .. } = request.into_inner();
        let shop: ShopId = convert::id(&shop_id, "shop_id").map_err(refusal)?;
        let answer = self.0.registry.delete_role(call, (shop, name), render::deleted_role).await;
        answer.map(Response::new).map_err(refusal)
    }
}

fn built_in(shop: ShopId, role: BuiltInRole) -> proto::Role {
    proto::Role {
        shop_id: shop.to_string(),
        name: role.name().to_owned(),
        built_in: true,
        permissions: render::permissions(role.permissions()),
        etag: String::new(),
    }
}
