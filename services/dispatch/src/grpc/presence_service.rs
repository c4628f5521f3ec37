//! `fenliu.dispatch.v1.PresenceService`.

use fenliu_domain::problem::Problem;
use fenliu_proto::convert::{id, to_timestamp};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::presence_service_server::PresenceService;
use fenliu_proto::status::refusal;
use fenliu_proto::words::Word;
use tonic::{Request, Response, Status, async_trait};

use super::paging::Page;
use super::{parse, render};
use crate::call::Identified;
use crate::desks::{Call, Desks};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

impl Handler {
    async fn set(
        &self,
        call: Identified<proto::SetPresenceRequest>,
    ) -> Result<proto::SetPresenceResponse, Problem> {
        if call.body.force {
            call.expect_supervisor("leaving although nobody would remain")?;
        }
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(&body.shop_id)?;
        let command = parse::set_presence(&body)?;
        self.0.run(Call { shop, request: mark, traceparent, command, body: None }).await?;
        let agent = self.0.agent(shop, id(&body.agent_id, "agent_id")?).await?;
        Ok(proto::SetPresenceResponse { agent: Some(render::agent(&agent)), request_id })
    }

    async fn wind(
        &self,
        call: Identified<proto::WindDownRequest>,
    ) -> Result<proto::WindDownResponse, Problem> {
        if call.body.force {
            call.expect_supervisor("winding down although nobody would remain")?;
        }
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(&body.shop_id)?;
        let command = parse::wind_down(&body)?;
        self.0.run(Call { shop, request: mark, traceparent, command, body: None }).await?;
        let agent = self.0.agent(shop, id(&body.agent_id, "agent_id")?).await?;
        Ok(proto::WindDownResponse { agent: Some(render::agent(&agent)), request_id })
    }

    async fn resize(
        &self,
        call: Identified<proto::SetCapacityRequest>,
    ) -> Result<proto::SetCapacityResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(&body.shop_id)?;
        let command = parse::set_capacity(&body)?;
        self.0.run(Call { shop, request: mark, traceparent, command, body: None }).await?;
        let agent = self.0.agent(shop, id(&body.agent_id, "agent_id")?).await?;
        let warnings = render::capacity_warnings(&agent);
        Ok(proto::SetCapacityResponse { agent: Some(render::agent(&agent)), request_id, warnings })
    }

    async fn beat(&self, request: &proto::HeartbeatRequest) -> Result<proto::HeartbeatResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let agent = id(&request.agent_id, "agent_id")?;
        let now = self.0.platform().clock.now();
        let beat = self.0.beat(shop, agent, &request.session_id, now).await?;
        let lapse_time = beat.lapses.map(to_timestamp);
        Ok(proto::HeartbeatResponse { lapse_time, presence: beat.presence.number() })
    }

    async fn get(&self, request: &proto::GetAgentRequest) -> Result<proto::GetAgentResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let agent = self.0.agent(shop, id(&request.agent_id, "agent_id")?).await?;
        Ok(proto::GetAgentResponse { agent: Some(render::agent(&agent)) })
    }

    async fn list(&self, request: &proto::ListAgentsRequest) -> Result<proto::ListAgentsResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let scope = format!("ListAgents {shop}");
        let tokens = &self.0.platform().page_tokens;
        let page = Page::of(tokens, scope, request.page_size, &request.page_token)?;
        let board = self.0.board(shop).await?;
        let (after, limit) = (count(page.after), count(page.limit));
        let agents: Vec<_> = board.agents.iter().skip(after).take(limit).map(render::agent).collect();
        let through = after + agents.len();
        let more = through < board.agents.len();
        let next_page_token = if more { page.token(&(through as u64)) } else { String::new() };
        Ok(proto::ListAgentsResponse { agents, next_page_token, seq: board.seq.0 })
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[async_trait]
impl PresenceService for Handler {
    async fn set_presence(
        &self,
        request: Request<proto::SetPresenceRequest>,
    ) -> Result<Response<proto::SetPresenceResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.set(call).await.map(Response::new).map_err(refusal)
    }

    async fn heartbeat(
        &self,
        request: Request<proto::HeartbeatRequest>,
    ) -> Result<Response<proto::HeartbeatResponse>, Status> {
        self.beat(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn wind_down(
        &self,
        request: Request<proto::WindDownRequest>,
    ) -> Result<Response<proto::WindDownResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.wind(call).await.map(Response::new).map_err(refusal)
    }

    async fn set_capacity(
        &self,
        request: Request<proto::SetCapacityRequest>,
    ) -> Result<Response<proto::SetCapacityResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.resize(call).await.map(Response::new).map_err(refusal)
    }

    async fn get_agent(
        &self,
        request: Request<proto::GetAgentRequest>,
    ) -> Result<Response<proto::GetAgentResponse>, Status> {
        self.get(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn list_agents(
        &self,
        request: Request<proto::ListAgentsRequest>,
    ) -> Result<Response<proto::ListAgentsResponse>, Status> {
        self.list(request.get_ref()).await.map(Response::new).map_err(refusal)
    }
}
