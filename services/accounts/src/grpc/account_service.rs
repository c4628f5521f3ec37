//! `fenliu.accounts.v1.AccountService`.

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::account_service_server::AccountService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{Context, Listing, parse, render};
use crate::call::{Call, Occasion};
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
        let (shop, mut new, terms) = parse::accounts::new_account(request.get_ref()).map_err(refusal)?;
        let given = ("password", request.get_ref().password.as_str());
        let password = parse::shops::first_password(&self.0.passwords, given, &new.login_name).await;
        new.password = password.map_err(refusal)?;
        let answer = self.0.registry.create_account(call, shop, (new, terms), render::created_account).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn get_sub_account(
        &self,
        request: Request<proto::GetSubAccountRequest>,
    ) -> Result<Response<proto::GetSubAccountResponse>, Status> {
        let proto::GetSubAccountRequest { shop_id, agent_id } = request.get_ref();
        let (shop_id, agent_id) = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let account = self.0.store.tenant(shop_id).account(agent_id).await;
        let account = account.map_err(Fault::into_problem).map_err(refusal)?;
        Ok(Response::new(proto::GetSubAccountResponse { sub_account: Some(render::account(&account)) }))
    }

    async fn list_sub_accounts(
        &self,
        request: Request<proto::ListSubAccountsRequest>,
    ) -> Result<Response<proto::ListSubAccountsResponse>, Status> {
        let request = request.get_ref();
        let shop: ShopId = convert::id(&request.shop_id, "shop_id").map_err(refusal)?;
        let filter = parse::accounts::filter(request);
        let (tokens, page) = (&self.0.platform.page_tokens, (request.page_size, request.page_token.as_str()));
        let scope = format!("{shop}&{:?}&{}", filter.enabled, filter.key_prefix);
        let list = Listing::open(tokens, "ListSubAccounts", &scope, page).map_err(refusal)?;
        let accounts = self.0.store.tenant(shop).list_accounts(&filter, list.after, list.limit()).await;
        let mut accounts = accounts.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut accounts, |account| account.number);
        let sub_accounts = accounts.iter().map(render::account).collect();
        Ok(Response::new(proto::ListSubAccountsResponse { sub_accounts, next_page_token }))
    }

    async fn update_sub_account(
        &self,
        mut request: Request<proto::UpdateSubAccountRequest>,
    ) -> Result<Response<proto::UpdateSubAccountResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, name) = parse::accounts::account_change(request.into_inner()).map_err(refusal)?;
        let answer = self.0.registry.rename_account(call, target, name, render::renamed_account).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn disable_sub_account(
        &self,
        mut request: Request<proto::DisableSubAccountRequest>,
    ) -> Result<Response<proto::DisableSubAccountResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::DisableSubAccountRequest { shop_id, agent_id, .. } = request.get_ref();
        let target = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let answer = self.0.registry.enable_account(call, target, false, render::disabled_account).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn enable_sub_account(
        &self,
        mut request: Request<proto::EnableSubAccountRequest>,
    ) -> Result<Response<proto::EnableSubAccountResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::EnableSubAccountRequest { shop_id, agent_id, .. } = request.get_ref();
        let target = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let answer = self.0.registry.enable_account(call, target, true, render::enabled_account).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn delete_sub_account(
        &self,
        mut request: Request<proto::DeleteSubAccountRequest>,
    ) -> Result<Response<proto::DeleteSubAccountResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::DeleteSubAccountRequest { shop_id, agent_id, hand_over, .. } = request.get_ref();
        let target = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let answer = self.0.registry.delete_account(call, target, *hand_over, render::deleted_account).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn reset_password(
        &self,
        mut request: Request<proto::ResetPasswordRequest>,
    ) -> Result<Response<proto::ResetPasswordResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::ResetPasswordRequest { shop_id, agent_id, new_password, .. } = request.get_ref();
        let target = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let hash = self.0.entrance.new_password_of(target, new_password).await.map_err(refusal)?;
        let answer = self.0.registry.reset_password(call, target, hash, render::password_reset).await;
        let answer = answer.map_err(refusal)?;
        self.0.entrance.forget_failures_of(target).await.map_err(refusal)?;
        Ok(Response::new(answer))
    }

    async fn change_password(
        &self,
        mut request: Request<proto::ChangePasswordRequest>,
    ) -> Result<Response<proto::ChangePasswordResponse>, Status> {
        let occasion = Occasion::of(&mut request, &self.0.platform.ids);
        let who = (occasion, self.0.entrance.source_of(&request));
        let proto::ChangePasswordRequest { old_password, new_password, .. } = request.into_inner();
        let changed = self.0.entrance.change_password(who, old_password, new_password).await;
        changed.map(|request_id| Response::new(proto::ChangePasswordResponse { request_id })).map_err(refusal)
    }
}
