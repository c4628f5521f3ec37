//! Conversations that go from hand to hand by name, and what agents say of them.

use fenliu_domain::desk::command::Command;
use fenliu_domain::problem::Problem;
use fenliu_proto::convert::id;
use fenliu_proto::dispatch::v1 as proto;

use super::super::{parse, render};
use super::Handler;
use crate::call::{Identified, Mutation};
use crate::desks::{Answer, Call};

impl Handler {
    async fn carry_out<M: Mutation>(
        &self,
        call: Identified<M>,
        shop_id: &str,
        command: Command,
    ) -> Result<(Answer, String), Problem> {
        let Identified { request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(shop_id)?;
        let answer = self.0.run(Call { shop, request: mark, traceparent, command, body: None }).await?;
        Ok((answer, request_id))
    }

    pub(super) async fn decline(
        &self,
        call: Identified<proto::DeclineTransferRequest>,
    ) -> Result<proto::DeclineTransferResponse, Problem> {
        let command = parse::decline(&call.body)?;
        let (shop, conversation) =
            (call.body.shop_id.clone(), id(&call.body.conversation_id, "conversation_id")?);
        let (answer, request_id) = self.carry_out(call, &shop, command).await?;
        let disposition = Some(render::disposition(&answer.events, conversation));
        Ok(proto::DeclineTransferResponse { disposition, request_id })
    }

    pub(super) async fn assign(
        &self,
        call: Identified<proto::AssignConversationRequest>,
    ) -> Result<proto::AssignConversationResponse, Problem> {
        let (command, shop) = (parse::assign(&call.body)?, call.body.shop_id.clone());
        let (_, request_id) = self.carry_out(call, &shop, command).await?;
        Ok(proto::AssignConversationResponse { request_id })
    }

    pub(super) async fn take(
        &self,
        call: Identified<proto::TakeNextRequest>,
    ) -> Result<proto::TakeNextResponse, Problem> {
        let command = Command::TakeNext { agent: id(&call.body.agent_id, "agent_id")? };
        let shop = call.body.shop_id.clone();
        let (answer, request_id) = self.carry_out(call, &shop, command).await?;
        let conversation = render::conversation_of(&answer.events);
        let conversation_id = conversation.map(|id| id.to_string()).unwrap_or_default();
        Ok(proto::TakeNextResponse { conversation_id, request_id })
    }

    pub(super) async fn report(
        &self,
        call: Identified<proto::ReportConversationRequest>,
    ) -> Result<proto::ReportConversationResponse, Problem> {
        let (command, shop) = (parse::report(&call.body)?, call.body.shop_id.clone());
        let (_, request_id) = self.carry_out(call, &shop, command).await?;
        Ok(proto::ReportConversationResponse { request_id })
    }
}
