//! `fenliu.accounts.v1.AccountService`.

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::account_service_server::AccountService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{Context, Listing, parse, render};
use crate::call::Call;
use crate::storage::Fault;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Context);

#[async_trait]
impl AccountService for Handler {
    async fn create_sub_account(
        &self,
        mut request: Request<proto::CreateSubAccountRequest>,
    ) -> Result<Response<proto::CreateSubAccountResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (shop, new) = parse::new_account(request.into_inner()).map_err(refusal)?;
        let answer = self.0.registry.create_account(call, shop, new, render::created_account).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn get_sub_account(
        &self,
        request: Request<proto::GetSubAccountRequest>,
    ) -> Result<Response<proto::GetSubAccountResponse>, Status> {
        let (shop_id, agent_id) = parse::account_of(request.get_ref()).map_err(refusal)?;
        let account = self.0.store.tenant(shop_id).account(agent_id).await;
        let account = account.map_err(Fault::into_problem).map_err(refusal)?;
        Ok(Response::new(proto::GetSubAccountResponse { sub_account: Some(render::account(&account)) }))
    }

    async fn list_sub_accounts(
        &self,
        request: Request<proto::ListSubAccountsRequest>,
    ) -> Result<Response<proto::ListSubAccountsResponse>, Status> {
        let proto::ListSubAccountsRequest { shop_id, page_size, page_token } = request.get_ref();
        let shop: ShopId = convert::id(shop_id, "shop_id").map_err(refusal)?;
        let (tokens, page) = (&self.0.platform.page_tokens, (*page_size, page_token.as_str()));
        let list = Listing::open(tokens, "ListSubAccounts", shop_id, page).map_err(refusal)?;
        let accounts = self.0.store.tenant(shop).list_accounts(list.after, list.limit()).await;
        let mut accounts = accounts.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut accounts);
        let sub_accounts = accounts.iter().map(render::account).collect();
        Ok(Response::new(proto::ListSubAccountsResponse { sub_accounts, next_page_token }))
    }

    async fn update_sub_account(
        &self,
        mut request: Request<proto::UpdateSubAccountRequest>,
    ) -> Result<Response<proto::UpdateSubAccountResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, change) = parse::account_change(request.into_inner()).map_err(refusal)?;
        let answer = self.0.registry.change_account(call, target, change, render::changed_account).await;
        answer.map(Response::new).map_err(refusal)
    }
}
