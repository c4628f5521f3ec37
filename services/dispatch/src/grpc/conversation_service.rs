//! `fenliu.dispatch.v1.ConversationService`.

mod hands;
mod reads;

use fenliu_domain::desk::event::Text;
use fenliu_domain::desk::language;
use fenliu_domain::desk::refusal::sanctioned;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::id;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::conversation_service_server::ConversationService;
use fenliu_proto::history::v1::CloseActor;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{parse, render};
use crate::call::Identified;
use crate::desks::{Call, Desks};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

impl Handler {
    async fn send(&self, call: Identified<proto::ReplyRequest>) -> Result<proto::ReplyResponse, Problem> {
        let shop = parse::shop(&call.body.shop_id)?;
        self.expect_own_voice(&call, shop).await?;
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let command = parse::reply(&body, self.flagged(shop, &body).await?)?;
        let said = parse::body(body.content.as_ref());
        let call = Call { shop, request: mark, traceparent, command, body: said };
        let answer = self.0.run(call).await?;
        render::reply(&answer.events, request_id)
    }

    /// A person speaks as a person, and whoever is muted is so under every name.
    async fn expect_own_voice(
        &self,
        call: &Identified<proto::ReplyRequest>,
        shop: ShopId,
    ) -> Result<(), Problem> {
        if !matches!(call.body.actor(), Actor::Human | Actor::Unspecified) {
            call.expect_supervisor("answering as the robot")?;
        }
        let Some(own) = call.speaks_for(&call.body.agent_id) else { return Ok(()) };
        let sanction = self.0.agent(shop, own).await?.entry.sanction;
        sanction.map_or(Ok(()), |sanction| Err(sanctioned(own, sanction)))
    }

    /// The words of the shop's list in what an agent says: the desk itself never sees what is said.
    async fn flagged(&self, shop: ShopId, request: &proto::ReplyRequest) -> Result<Vec<Text>, Problem> {
        let said = request.content.as_ref().map_or("", |content| &content.text);
        if request.agent_id.is_empty() || said.is_empty() {
            return Ok(Vec::new());
        }
        Ok(language::hits(&self.0.policy(shop).await?.language, said))
    }

    async fn end(
        &self,
        call: Identified<proto::CloseConversationRequest>,
    ) -> Result<proto::CloseConversationResponse, Problem> {
        if call.body.by() != CloseActor::Agent || call.body.force {
            call.expect_supervisor("closing for somebody else, or although a reply is owed,")?;
        }
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let command = parse::close(&body)?;
        let call =
            Call { shop: parse::shop(&body.shop_id)?, request: mark, traceparent, command, body: None };
        self.0.run(call).await?;
        Ok(proto::CloseConversationResponse { request_id })
    }

    async fn hand_over(
        &self,
        call: Identified<proto::TransferConversationRequest>,
    ) -> Result<proto::TransferConversationResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let command = parse::transfer(&body)?;
        let note = parse::note(&body);
        let call =
            Call { shop: parse::shop(&body.shop_id)?, request: mark, traceparent, command, body: note };
        let answer = self.0.run(call).await?;
        let conversation = id(&body.conversation_id, "conversation_id")?;
        let disposition = Some(render::disposition(&answer.events, conversation));
        Ok(proto::TransferConversationResponse { disposition, request_id })
    }
}

#[async_trait]
impl ConversationService for Handler {
    async fn reply(
        &self,
        request: Request<proto::ReplyRequest>,
    ) -> Result<Response<proto::ReplyResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.send(call).await.map(Response::new).map_err(refusal)
    }

    async fn close_conversation(
        &self,
        request: Request<proto::CloseConversationRequest>,
    ) -> Result<Response<proto::CloseConversationResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.end(call).await.map(Response::new).map_err(refusal)
    }

    async fn transfer_conversation(
        &self,
        request: Request<proto::TransferConversationRequest>,
    ) -> Result<Response<proto::TransferConversationResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.hand_over(call).await.map(Response::new).map_err(refusal)
    }

    async fn decline_transfer(
        &self,
        request: Request<proto::DeclineTransferRequest>,
    ) -> Result<Response<proto::DeclineTransferResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.decline(call).await.map(Response::new).map_err(refusal)
    }

    async fn assign_conversation(
        &self,
        request: Request<proto::AssignConversationRequest>,
    ) -> Result<Response<proto::AssignConversationResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.assign(call).await.map(Response::new).map_err(refusal)
    }

    async fn take_next(
        &self,
        request: Request<proto::TakeNextRequest>,
    ) -> Result<Response<proto::TakeNextResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.take(call).await.map(Response::new).map_err(refusal)
    }

    async fn report_conversation(
        &self,
        request: Request<proto::ReportConversationRequest>,
    ) -> Result<Response<proto::ReportConversationResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.report(call).await.map(Response::new).map_err(refusal)
    }

    async fn get_conversation(
        &self,
        request: Request<proto::GetConversationRequest>,
    ) -> Result<Response<proto::GetConversationResponse>, Status> {
        self.get(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn list_conversations(
        &self,
        request: Request<proto::ListConversationsRequest>,
    ) -> Result<Response<proto::ListConversationsResponse>, Status> {
        self.list(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn list_messages(
        &self,
        request: Request<proto::ListMessagesRequest>,
    ) -> Result<Response<proto::ListMessagesResponse>, Status> {
        self.messages(request.get_ref()).await.map(Response::new).map_err(refusal)
    }
}
