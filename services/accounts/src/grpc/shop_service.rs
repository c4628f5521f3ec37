//! `fenliu.accounts.v1.ShopService`.

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::shop_service_server::ShopService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{Context, Listing, parse, render};
use crate::call::Call;
use crate::storage::Fault;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Context);

#[async_trait]
impl ShopService for Handler {
    async fn create_shop(
        &self,
        mut request: Request<proto::CreateShopRequest>,
    ) -> Result<Response<proto::CreateShopResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let mut new = parse::shops::new_shop(request.get_ref()).map_err(refusal)?;
        let given = ("main_account_password", request.get_ref().main_account_password.as_str());
        let password = parse::shops::first_password(&self.0.passwords, given, &new.main_login_name).await;
        new.main_password = password.map_err(refusal)?;
        let answer = self.0.registry.open_shop(call, new, render::opened).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn get_shop(
        &self,
        request: Request<proto::GetShopRequest>,
    ) -> Result<Response<proto::GetShopResponse>, Status> {
        let shop_id: ShopId = convert::id(&request.get_ref().shop_id, "shop_id").map_err(refusal)?;
        let shop = self.0.store.tenant(shop_id).shop().await.map_err(Fault::into_problem).map_err(refusal)?;
        Ok(Response::new(proto::GetShopResponse { shop: Some(render::shop(&shop)) }))
    }

    async fn list_shops(
        &self,
        request: Request<proto::ListShopsRequest>,
    ) -> Result<Response<proto::ListShopsResponse>, Status> {
        let proto::ListShopsRequest { page_size, page_token } = request.get_ref();
        let tokens = &self.0.platform.page_tokens;
        let list = Listing::open(tokens, "ListShops", "", (*page_size, page_token)).map_err(refusal)?;
        let shops = self.0.store.shops_after(list.after, list.limit()).await;
        let mut shops = shops.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut shops, |shop| shop.number);
        let shops = shops.iter().map(render::shop).collect();
        Ok(Response::new(proto::ListShopsResponse { shops, next_page_token }))
    }

    async fn update_shop(
        &self,
        mut request: Request<proto::UpdateShopRequest>,
    ) -> Result<Response<proto::UpdateShopResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, change) = parse::shops::shop_change(request.into_inner()).map_err(refusal)?;
        let answer = self.0.registry.change_shop(call, target, change, render::changed_shop).await;
        answer.map(Response::new).map_err(refusal)
    }
}
