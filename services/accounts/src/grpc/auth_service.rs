//! `fenliu.accounts.v1.AuthService`.

use std::pin::Pin;

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::auth_service_server::AuthService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use futures::{Stream, StreamExt};
use tonic::{Request, Response, Status, async_trait};

use super::{Context, Listing, parse, render};
use crate::call::{Call, Occasion, caller_of};
use crate::entrance::TrustFollowers;
use crate::storage::Fault;

/// Handles the service's calls.
pub(super) struct Handler {
    pub(super) context: Context,
    pub(super) trust: TrustFollowers,
}

#[async_trait]
impl AuthService for Handler {
    async fn login(
        &self,
        mut request: Request<proto::LoginRequest>,
    ) -> Result<Response<proto::LoginResponse>, Status> {
        let occasion = Occasion::of(&mut request, &self.context.platform.ids);
        let source = self.context.entrance.source_of(&request);
        let credentials = parse::auth::credentials(request.into_inner(), source).map_err(refusal)?;
        let signed_in = self.context.entrance.login(occasion, credentials).await;
        signed_in.map(render::auth::login).map(Response::new).map_err(refusal)
    }

    async fn refresh(
        &self,
        mut request: Request<proto::RefreshRequest>,
    ) -> Result<Response<proto::RefreshResponse>, Status> {
        let occasion = Occasion::of(&mut request, &self.context.platform.ids);
        let source = self.context.entrance.source_of(&request);
        let token = &request.get_ref().refresh_token;
        let signed_in = self.context.entrance.refresh(occasion, token, source).await;
        signed_in.map(render::auth::refresh).map(Response::new).map_err(refusal)
    }

    async fn logout(
        &self,
        mut request: Request<proto::LogoutRequest>,
    ) -> Result<Response<proto::LogoutResponse>, Status> {
        let occasion = Occasion::of(&mut request, &self.context.platform.ids);
        let request_id = occasion.request_id.clone();
        let source = self.context.entrance.source_of(&request);
        let ended = self.context.entrance.logout(occasion, &request.get_ref().refresh_token, source).await;
        ended.map(|()| Response::new(proto::LogoutResponse { request_id })).map_err(refusal)
    }

    async fn get_caller(
        &self,
        request: Request<proto::GetCallerRequest>,
    ) -> Result<Response<proto::GetCallerResponse>, Status> {
        let caller = caller_of(&request);
        let shops = self.context.entrance.shops_of(&caller).await.map_err(refusal)?;
        Ok(Response::new(render::auth::caller(&caller, shops)))
    }

    async fn get_key_set(
        &self,
        _request: Request<proto::GetKeySetRequest>,
    ) -> Result<Response<proto::GetKeySetResponse>, Status> {
        let keys = self.context.store.public_keys().await.map_err(Fault::into_problem).map_err(refusal)?;
        let keys = keys.iter().map(render::auth::key).collect();
        Ok(Response::new(proto::GetKeySetResponse { keys }))
    }

    async fn issue_service_token(
        &self,
        mut request: Request<proto::IssueServiceTokenRequest>,
    ) -> Result<Response<proto::IssueServiceTokenResponse>, Status> {
        let call = Call::of(&mut request, &self.context.platform.ids);
        let wanted = parse::auth::wanted(request.get_ref()).map_err(refusal)?;
        let answer = self.context.entrance.issue(call, wanted, render::auth::issued).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn list_service_tokens(
        &self,
        request: Request<proto::ListServiceTokensRequest>,
    ) -> Result<Response<proto::ListServiceTokensResponse>, Status> {
        let request = request.get_ref();
        let shop: Option<ShopId> = convert::optional_id(&request.shop_id, "shop_id").map_err(refusal)?;
        let tokens = &self.context.platform.page_tokens;
        let page = (request.page_size, request.page_token.as_str());
        let list = Listing::open(tokens, "ListServiceTokens", &request.shop_id, page).map_err(refusal)?;
        let found = self.context.store.service_tokens_after(shop, list.after, list.limit()).await;
        let mut found = found.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut found, |token| token.number);
        let service_tokens = found.iter().map(render::auth::service_token).collect();
        Ok(Response::new(proto::ListServiceTokensResponse { service_tokens, next_page_token }))
    }

    async fn revoke_service_token(
        &self,
        mut request: Request<proto::RevokeServiceTokenRequest>,
    ) -> Result<Response<proto::RevokeServiceTokenResponse>, Status> {
        let call = Call::of(&mut request, &self.context.platform.ids);
        let target = parse::auth::service_token_of(request.get_ref()).map_err(refusal)?;
        let answer = self.context.entrance.revoke(call, target, render::auth::revoked).await;
        answer.map(Response::new).map_err(refusal)
    }

    type WatchTrustStream = Pin<Box<dyn Stream<Item = Result<proto::WatchTrustResponse, Status>> + Send>>;

    async fn watch_trust(
        &self,
        _request: Request<proto::WatchTrustRequest>,
    ) -> Result<Response<Self::WatchTrustStream>, Status> {
        let changes = self.trust.watch().map_err(refusal)?;
        let changes = changes.map(|trust| trust.map(|trust| render::auth::trust(&trust)).map_err(refusal));
        Ok(Response::new(Box::pin(changes)))
    }
}
