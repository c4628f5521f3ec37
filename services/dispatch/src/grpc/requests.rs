//! The requests that change something, and the RPC each belongs to.

use fenliu_proto::dispatch::v1 as proto;

use crate::call::Mutation;

macro_rules! mutations {
    ($($request:ident, $rpc:literal;)+) => {
        $(impl Mutation for proto::$request {
            const RPC: &'static str = concat!("fenliu.dispatch.v1.", $rpc);
            fn request_id(&mut self) -> &mut String {
                &mut self.request_id
            }
        })+
    };
}

mutations! {
    SetPresenceRequest, "PresenceService/SetPresence";
    SetCapacityRequest, "PresenceService/SetCapacity";
    WindDownRequest, "PresenceService/WindDown";
    RateConversationRequest, "ReceptionService/RateConversation";
    DeclineTransferRequest, "ConversationService/DeclineTransfer";
    AssignConversationRequest, "ConversationService/AssignConversation";
    TakeNextRequest, "ConversationService/TakeNext";
    ReportConversationRequest, "ConversationService/ReportConversation";
    EnterChatRequest, "ReceptionService/EnterChat";
    ReceiveMessageRequest, "ReceptionService/ReceiveMessage";
    RequestHumanRequest, "ReceptionService/RequestHuman";
    LeaveQueueRequest, "ReceptionService/LeaveQueue";
    ReplyRequest, "ConversationService/Reply";
    CloseConversationRequest, "ConversationService/CloseConversation";
    TransferConversationRequest, "ConversationService/TransferConversation";
    UpdatePolicyRequest, "PolicyService/UpdatePolicy";
}
