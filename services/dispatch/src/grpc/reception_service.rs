//! `fenliu.dispatch.v1.ReceptionService`.

use fenliu_domain::desk::command::Command;
use fenliu_domain::desk::event::Text;
use fenliu_domain::desk::policy::rule;
use fenliu_domain::desk::refusal::conversation_not_found;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::convert::id;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::reception_service_server::ReceptionService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{parse, render};
use crate::call::Identified;
use crate::desks::{Answer, Call, Desks};
use crate::history::Fault;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

impl Handler {
    async fn enter(
        &self,
        call: Identified<proto::EnterChatRequest>,
    ) -> Result<proto::EnterChatResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let command = parse::enter_chat(&body);
        let call =
            Call { shop: parse::shop(&body.shop_id)?, request: mark, traceparent, command, body: None };
        let answer = self.0.run(call).await?;
        let conversation = render::conversation_of(&answer.events).ok_or_else(nothing_happened)?;
        Ok(proto::EnterChatResponse {
            conversation_id: conversation.to_string(),
            disposition: Some(render::disposition(&answer.events, conversation)),
            request_id,
        })
    }

    async fn receive(
        &self,
        call: Identified<proto::ReceiveMessageRequest>,
    ) -> Result<proto::ReceiveMessageResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(&body.shop_id)?;
        let words = body.content.as_ref().map_or("", |content| &content.text);
        let command = parse::receive_message(&body, keywords(&self.0, shop, words).await?)?;
        let said = parse::body(body.content.as_ref());
        let call = Call { shop, request: mark, traceparent, command, body: said };
        let Answer { events, redelivered } = self.0.run(call).await?;
        let (conversation, message_id) = render::message_of(&events).ok_or_else(nothing_happened)?;
        let disposition = Some(render::disposition(&events, conversation));
        let conversation_id = conversation.to_string();
        Ok(proto::ReceiveMessageResponse {
            conversation_id,
            message_id,
            disposition,
            redelivered,
            request_id,
        })
    }

    async fn rate(
        &self,
        call: Identified<proto::RateConversationRequest>,
    ) -> Result<proto::RateConversationResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(&body.shop_id)?;
        let conversation = id(&body.conversation_id, "conversation_id")?;
        let known = self.0.history().conversation(shop, conversation).await.map_err(Fault::into_problem)?;
        let known = known.ok_or_else(|| conversation_not_found(conversation))?;
        let stars = u8::try_from(body.stars).unwrap_or(u8::MAX);
        let command = Command::Rate { conversation, agent: known.agent, stars };
        self.0.run(Call { shop, request: mark, traceparent, command, body: None }).await?;
        Ok(proto::RateConversationResponse { request_id })
    }

    async fn hand_over(
        &self,
        call: Identified<proto::RequestHumanRequest>,
    ) -> Result<proto::RequestHumanResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let command = parse::request_human(&body)?;
        let call =
            Call { shop: parse::shop(&body.shop_id)?, request: mark, traceparent, command, body: None };
        let answer = self.0.run(call).await?;
        let conversation = id(&body.conversation_id, "conversation_id")?;
        let disposition = Some(render::disposition(&answer.events, conversation));
        Ok(proto::RequestHumanResponse { disposition, request_id })
    }

    async fn leave(
        &self,
        call: Identified<proto::LeaveQueueRequest>,
    ) -> Result<proto::LeaveQueueResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let command = parse::leave_queue(&body)?;
        let call =
            Call { shop: parse::shop(&body.shop_id)?, request: mark, traceparent, command, body: None };
        self.0.run(call).await?;
        Ok(proto::LeaveQueueResponse { request_id })
    }
}

/// The keywords of the shop's routing rules that a text has: the desk itself never sees what is said.
pub(super) async fn keywords(desks: &Desks, shop: ShopId, text: &str) -> Result<Vec<Text>, Problem> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Ok(rule::keywords_in(&desks.policy(shop).await?.routing_rules, text))
}

/// A command that always makes an event made none.
fn nothing_happened() -> Problem {
    Problem::new(Reason::Internal, "the desk recorded nothing; the log has the details")
}

#[async_trait]
impl ReceptionService for Handler {
    async fn enter_chat(
        &self,
        request: Request<proto::EnterChatRequest>,
    ) -> Result<Response<proto::EnterChatResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.enter(call).await.map(Response::new).map_err(refusal)
    }

    async fn receive_message(
        &self,
        request: Request<proto::ReceiveMessageRequest>,
    ) -> Result<Response<proto::ReceiveMessageResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.receive(call).await.map(Response::new).map_err(refusal)
    }

    async fn request_human(
        &self,
        request: Request<proto::RequestHumanRequest>,
    ) -> Result<Response<proto::RequestHumanResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.hand_over(call).await.map(Response::new).map_err(refusal)
    }

    async fn rate_conversation(
        &self,
        request: Request<proto::RateConversationRequest>,
    ) -> Result<Response<proto::RateConversationResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.rate(call).await.map(Response::new).map_err(refusal)
    }

    async fn leave_queue(
        &self,
        request: Request<proto::LeaveQueueRequest>,
    ) -> Result<Response<proto::LeaveQueueResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.leave(call).await.map(Response::new).map_err(refusal)
    }
}
