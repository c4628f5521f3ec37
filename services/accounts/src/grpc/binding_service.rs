//! `fenliu.accounts.v1.BindingService`.

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::binding_service_server::BindingService;
use fenliu_proto::convert::{self, to_timestamp};
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{Context, Listing, parse, render};
use crate::call::{Call, Occasion};
use crate::registry::{BindingCode, CODE_LIFE};
use crate::storage::Fault;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Context);

#[async_trait]
impl BindingService for Handler {
    async fn create_binding_code(
        &self,
        mut request: Request<proto::CreateBindingCodeRequest>,
    ) -> Result<Response<proto::CreateBindingCodeResponse>, Status> {
        let occasion = Occasion::of(&mut request, &self.0.platform.ids);
        let request_id = occasion.request_id.clone();
        let proto::CreateBindingCodeRequest { shop_id, agent_id, .. } = request.get_ref();
        let (home, agent) = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let expires = self.0.platform.clock.now() + CODE_LIFE;
        let code = self.0.registry.binding_code(occasion, (home, agent), expires).await;
        let binding_code = code.map_err(refusal)?.seal(&self.0.platform.page_tokens);
        let expire_time = Some(to_timestamp(expires));
        Ok(Response::new(proto::CreateBindingCodeResponse { binding_code, expire_time, request_id }))
    }

    async fn bind_agent(
        &self,
        mut request: Request<proto::BindAgentRequest>,
    ) -> Result<Response<proto::BindAgentResponse>, Status> {
        let platform = &self.0.platform;
        let call = Call::of(&mut request, &platform.ids);
        let (shop, code, terms) = parse::bindings::new_binding(request.into_inner()).map_err(refusal)?;
        let code = BindingCode::open(&code, &platform.page_tokens, platform.clock.now()).map_err(refusal)?;
        let answer = self.0.registry.bind(call, (shop, code), terms, render::bound).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn get_binding(
        &self,
        request: Request<proto::GetBindingRequest>,
    ) -> Result<Response<proto::GetBindingResponse>, Status> {
        let proto::GetBindingRequest { shop_id, agent_id } = request.get_ref();
        let (shop_id, agent_id) = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let member = self.0.store.tenant(shop_id).member(agent_id).await;
        let member = member.map_err(Fault::into_problem).map_err(refusal)?;
        Ok(Response::new(proto::GetBindingResponse { binding: Some(render::binding(&member)) }))
    }

    async fn list_bindings(
        &self,
        request: Request<proto::ListBindingsRequest>,
    ) -> Result<Response<proto::ListBindingsResponse>, Status> {
        let request = request.get_ref();
        let shop: ShopId = convert::id(&request.shop_id, "shop_id").map_err(refusal)?;
        let filter = parse::bindings::filter(request);
        let (tokens, page) = (&self.0.platform.page_tokens, (request.page_size, request.page_token.as_str()));
        let scope = format!("{shop}&{:?}&{:?}", filter.group, filter.role);
        let list = Listing::open(tokens, "ListBindings", &scope, page).map_err(refusal)?;
        let members = self.0.store.tenant(shop).list_members(&filter, list.after, list.limit()).await;
        let mut members = members.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut members, |member| member.binding.number);
        let bindings = members.iter().map(render::binding).collect();
        Ok(Response::new(proto::ListBindingsResponse { bindings, next_page_token }))
    }

    async fn update_binding(
        &self,
        mut request: Request<proto::UpdateBindingRequest>,
    ) -> Result<Response<proto::UpdateBindingResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, change) = parse::bindings::binding_change(request.into_inner()).map_err(refusal)?;
        let answer = self.0.registry.change_binding(call, target, change, render::changed_binding).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn unbind_agent(
        &self,
        mut request: Request<proto::UnbindAgentRequest>,
    ) -> Result<Response<proto::UnbindAgentResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::UnbindAgentRequest { shop_id, agent_id, hand_over, .. } = request.get_ref();
        let target = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let answer = self.0.registry.unbind(call, target, *hand_over, render::unbound).await;
        answer.map(Response::new).map_err(refusal)
    }
}
