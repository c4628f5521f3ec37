//! Requests that change something, and what a caller may conclude from what comes back.

use std::time::Duration;

use fenliu_domain::problem::{Kind, Reason};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::status::reason_of;
use tonic::{Response, Status};

use crate::clients::Clients;

/// How long a caller waits for an answer.
const DEADLINE: Duration = Duration::from_secs(20);

/// A request that can be sent again as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A buyer says something.
    Receive(proto::ReceiveMessageRequest),
    /// An agent answers.
    Reply(proto::ReplyRequest),
    /// An agent ends a conversation.
    Close(proto::CloseConversationRequest),
    /// An agent hands a conversation over.
    Transfer(proto::TransferConversationRequest),
    /// An agent comes or goes.
    Presence(proto::SetPresenceRequest),
    /// An agent's capacity changes.
    Capacity(proto::SetCapacityRequest),
}

/// What an acknowledgement said, as far as every repetition must say the same.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The message is stored.
    Message {
        /// Its conversation.
        conversation: String,
        /// The message.
        message: String,
        /// Where the conversation went.
        disposition: proto::Disposition,
        /// Whether the channel had delivered it before.
        redelivered: bool,
    },
    /// The reply is stored.
    Reply {
        /// The message.
        message: String,
    },
    /// The conversation went there.
    Transfer(Option<proto::Disposition>),
    /// It is done. When it was so before, nothing happened.
    Done,
}

/// What a caller may conclude.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It took effect and is kept.
    Acknowledged(Answer),
    /// It had no effect.
    Refused(Reason),
    /// It may have had its effect or not.
    Unknown(String),
}

impl Request {
    /// The caller's id of it.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Receive(request) => &request.request_id,
            Self::Reply(request) => &request.request_id,
            Self::Close(request) => &request.request_id,
            Self::Transfer(request) => &request.request_id,
            Self::Presence(request) => &request.request_id,
            Self::Capacity(request) => &request.request_id,
        }
    }

    /// Its shop.
    #[must_use]
    pub fn shop(&self) -> &str {
        match self {
            Self::Receive(request) => &request.shop_id,
            Self::Reply(request) => &request.shop_id,
            Self::Close(request) => &request.shop_id,
            Self::Transfer(request) => &request.shop_id,
            Self::Presence(request) => &request.shop_id,
            Self::Capacity(request) => &request.shop_id,
        }
    }

    /// Whether it may be acknowledged without an event, because everything was as asked already.
    #[must_use]
    pub const fn may_change_nothing(&self) -> bool {
        matches!(self, Self::Presence(_) | Self::Capacity(_))
    }

    /// Sends it, and waits for an answer as long as callers usually do.
    pub async fn send(&self, clients: &mut Clients) -> Verdict {
        self.send_within(clients, DEADLINE).await
    }

    /// Sends it, and waits for an answer for so long.
    pub async fn send_within(&self, clients: &mut Clients, limit: Duration) -> Verdict {
        match self.clone() {
            Self::Receive(request) => {
                let answered = clients.reception.receive_message(within(request, limit)).await;
                verdict(answered, |response| Answer::Message {
                    conversation: response.conversation_id,
                    message: response.message_id,
                    disposition: response.disposition.unwrap_or_default(),
                    redelivered: response.redelivered,
                })
            }
            Self::Reply(request) => {
                let answered = clients.conversations.reply(within(request, limit)).await;
                verdict(answered, |response| Answer::Reply { message: response.message_id })
            }
            Self::Close(request) => {
                verdict(clients.conversations.close_conversation(within(request, limit)).await, |_| {
                    Answer::Done
                })
            }
            Self::Transfer(request) => {
                let answered = clients.conversations.transfer_conversation(within(request, limit)).await;
                verdict(answered, |response| Answer::Transfer(response.disposition))
            }
            Self::Presence(request) => {
                verdict(clients.presence.set_presence(within(request, limit)).await, |_| Answer::Done)
            }
            Self::Capacity(request) => {
                verdict(clients.presence.set_capacity(within(request, limit)).await, |_| Answer::Done)
            }
        }
    }
}

fn within<T>(message: T, limit: Duration) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(limit);
    request
}

fn verdict<T>(answered: Result<Response<T>, Status>, answer: impl FnOnce(T) -> Answer) -> Verdict {
    match answered {
        Ok(response) => Verdict::Acknowledged(answer(response.into_inner())),
        Err(status) => match reason_of(&status) {
            Some(reason) if !matches!(reason.kind(), Kind::Unavailable | Kind::Deadline) => {
                Verdict::Refused(reason)
            }
            // Without a reason of fenliu's it comes from the connection.
            _ => Verdict::Unknown(format!("{:?}: {}", status.code(), status.message())),
        },
    }
}
