//! `fenliu.accounts.v1.SanctionService`.

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::sanction_service_server::SanctionService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::render::sanctions as render;
use super::{Context, Listing, parse};
use crate::call::Call;
use crate::storage::Fault;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Context);

#[async_trait]
impl SanctionService for Handler {
    async fn mute_agent(
        &self,
        mut request: Request<proto::MuteAgentRequest>,
    ) -> Result<Response<proto::MuteAgentResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let new = parse::sanctions::mute(request.into_inner()).map_err(refusal)?;
        let answer = self.0.discipline.impose(call, new, render::muted).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn ban_agent(
        &self,
        mut request: Request<proto::BanAgentRequest>,
    ) -> Result<Response<proto::BanAgentResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let new = parse::sanctions::ban(request.into_inner()).map_err(refusal)?;
        let answer = self.0.discipline.impose(call, new, render::banned).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn lift_sanction(
        &self,
        mut request: Request<proto::LiftSanctionRequest>,
    ) -> Result<Response<proto::LiftSanctionResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::LiftSanctionRequest { shop_id, sanction_id, reason, .. } = request.into_inner();
        let target = parse::sanctions::sanction_id(&shop_id, &sanction_id).map_err(refusal)?;
        let answer = self.0.discipline.lift(call, target, reason, render::lifted).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn list_sanctions(
        &self,
        request: Request<proto::ListSanctionsRequest>,
    ) -> Result<Response<proto::ListSanctionsResponse>, Status> {
        let (request, now) = (request.get_ref(), self.0.platform.clock.now());
        let (shop, filter) = parse::sanctions::sanctions(request, now).map_err(refusal)?;
        let (tokens, page) = (&self.0.platform.page_tokens, (request.page_size, request.page_token.as_str()));
        let scope = format!("{shop}&{}&{}", request.agent_id, request.in_force);
        let list = Listing::open(tokens, "ListSanctions", &scope, page).map_err(refusal)?;
        let found = self.0.store.tenant(shop).sanctions_before(filter, list.after, list.limit()).await;
        let mut found = found.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut found, |sanction| sanction.number);
        let sanctions = found.iter().map(|found| render::sanction(&found.value, found.value.runs(now)));
        Ok(Response::new(proto::ListSanctionsResponse { sanctions: sanctions.collect(), next_page_token }))
    }

    async fn list_violations(
        &self,
        request: Request<proto::ListViolationsRequest>,
    ) -> Result<Response<proto::ListViolationsResponse>, Status> {
        let request = request.get_ref();
        let (shop, filter) = parse::sanctions::violations(request).map_err(refusal)?;
        let (tokens, page) = (&self.0.platform.page_tokens, (request.page_size, request.page_token.as_str()));
        let scope = format!("{shop}&{}", request.agent_id);
        let list = Listing::open(tokens, "ListViolations", &scope, page).map_err(refusal)?;
        let found = self.0.store.tenant(shop).violations_before(&filter, list.after, list.limit()).await;
        let mut found = found.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut found, |violation| violation.number);
        let violations = found.iter().map(render::violation).collect();
        Ok(Response::new(proto::ListViolationsResponse { violations, next_page_token }))
    }

    async fn suggest_sanction(
        &self,
        request: Request<proto::SuggestSanctionRequest>,
    ) -> Result<Response<proto::SuggestSanctionResponse>, Status> {
        let proto::SuggestSanctionRequest { shop_id, agent_id } = request.get_ref();
        let (shop, agent) = parse::accounts::account_of(shop_id, agent_id).map_err(refusal)?;
        let suggestion = self.0.discipline.suggest(shop, agent).await.map_err(refusal)?;
        Ok(Response::new(render::suggestion(&suggestion)))
    }

    async fn get_sanction_ladder(
        &self,
        request: Request<proto::GetSanctionLadderRequest>,
    ) -> Result<Response<proto::GetSanctionLadderResponse>, Status> {
        let shop: ShopId = convert::id(&request.get_ref().shop_id, "shop_id").map_err(refusal)?;
        let ladder = self.0.store.tenant(shop).ladder().await;
        let ladder = ladder.map_err(Fault::into_problem).map_err(refusal)?;
        Ok(Response::new(render::ladder(&ladder)))
    }

    async fn update_sanction_ladder(
        &self,
        mut request: Request<proto::UpdateSanctionLadderRequest>,
    ) -> Result<Response<proto::UpdateSanctionLadderResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, ladder) = parse::sanctions::ladder(request.into_inner()).map_err(refusal)?;
        let answer = self.0.discipline.change_ladder(call, target, ladder, render::changed_ladder).await;
        answer.map(Response::new).map_err(refusal)
    }
}
