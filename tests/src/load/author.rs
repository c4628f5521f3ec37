//! What callers ask for, drawn by chance from what they know.

use std::sync::Arc;

use fenliu_proto::common::v1::{Content, Presence};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::{CloseActor, Stage};

use super::request::{Answer, Request, Verdict};
use super::{Held, House, Shop};
use crate::chance::Chance;
use crate::clients::Clients;

/// The channel all buyers come by.
pub const CHANNEL: &str = "web";

/// What a caller does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// It asks for something that changes something.
    Ask(Box<Request>),
    /// A console says that its agent is there.
    Beat(proto::HeartbeatRequest),
    /// It learns who holds what, as a console does that was just opened.
    Look(proto::ListConversationsRequest),
}

/// Draws what one caller does.
#[derive(Debug)]
pub struct Author {
    house: Arc<House>,
    chance: Chance,
    name: String,
    made: usize,
}

impl Author {
    /// The author of the caller of this name, which its request ids begin with.
    #[must_use]
    pub const fn new(house: Arc<House>, chance: Chance, name: String) -> Self {
        Self { house, chance, name, made: 0 }
    }

    /// Its source of draws.
    pub const fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// What to do next; `None` when what was drawn cannot be done now.
    pub fn next_step(&mut self) -> Option<Step> {
        let ask = |request| Some(Step::Ask(Box::new(request)));
        let shop = self.chance.of(&self.house.shops).cloned()?;
        match self.chance.below(100) {
            0..55 => ask(self.message(&shop)),
            55..77 => self.reply().and_then(ask),
            77..92 => self.close().and_then(ask),
            92..94 => self.transfer(&shop).and_then(ask),
            94 => ask(self.presence(&shop)),
            95 => ask(self.capacity(&shop)),
            96..98 => self.beat(&shop).map(Step::Beat),
            _ => Some(Step::Look(proto::ListConversationsRequest {
                shop_id: shop.id,
                stages: vec![Stage::Assigned.into()],
                page_size: 100,
                ..proto::ListConversationsRequest::default()
            })),
        }
    }

    /// Does what changes nothing that is written down. What is lost of it is followed by others.
    pub async fn look(&mut self, step: Step, clients: &mut Clients) {
        match step {
            Step::Ask(_) => {}
            Step::Beat(beat) => drop(clients.presence.heartbeat(beat).await),
            Step::Look(list) => {
                if let Ok(found) = clients.conversations.list_conversations(list).await {
                    self.saw(found.into_inner().conversations);
                }
            }
        }
    }

    fn saw(&mut self, conversations: Vec<proto::Conversation>) {
        for conversation in conversations {
            self.house.forget(&conversation.conversation_id);
            let proto::Conversation { shop_id: shop, conversation_id: conversation, agent_id: agent, .. } =
                conversation;
            self.house.remember(&mut self.chance, Held { shop, conversation, agent });
        }
    }

    /// Remembers what an answer says of who holds what.
    pub fn learn(&mut self, request: &Request, verdict: &Verdict) {
        match (request, verdict) {
            (_, Verdict::Acknowledged(Answer::Message { conversation, disposition, .. }))
                if !disposition.agent_id.is_empty() =>
            {
                self.house.forget(conversation);
                let agent = disposition.agent_id.clone();
                let held =
                    Held { shop: request.shop().to_owned(), conversation: conversation.clone(), agent };
                self.house.remember(&mut self.chance, held);
            }
            (Request::Reply(reply), Verdict::Refused(_)) => self.house.forget(&reply.conversation_id),
            (Request::Transfer(transfer), _) => self.house.forget(&transfer.conversation_id),
            _ => {}
        }
    }

    fn request_id(&mut self) -> String {
        self.made += 1;
        format!("{}-{}", self.name, self.made)
    }

    fn message(&mut self, shop: &Shop) -> Request {
        let request_id = self.request_id();
        let buyer = match self.chance.below(12) {
            0 => format!("passer-by {request_id}"),
            _ => format!("buyer {}", self.chance.below(self.house.buyers)),
        };
        Request::Receive(proto::ReceiveMessageRequest {
            shop_id: shop.id.clone(),
            buyer_id: buyer,
            channel: CHANNEL.to_owned(),
            external_message_id: format!("ext {request_id}"),
            content: Some(text(format!("question {request_id}"))),
            request_id,
            ..proto::ReceiveMessageRequest::default()
        })
    }

    fn any_held(&mut self) -> Option<Held> {
        let held = self.house.held();
        self.chance.of(&held).cloned()
    }

    fn reply(&mut self) -> Option<Request> {
        let Held { shop: shop_id, conversation: conversation_id, agent: agent_id } = self.any_held()?;
        let request_id = self.request_id();
        let content = Some(text(format!("answer {request_id}")));
        let reply = proto::ReplyRequest {
            request_id,
            shop_id,
            conversation_id,
            agent_id,
            content,
            ..Default::default()
        };
        Some(Request::Reply(reply))
    }

    fn close(&mut self) -> Option<Request> {
        let Held { shop: shop_id, conversation: conversation_id, agent: agent_id } = self.any_held()?;
        self.house.forget(&conversation_id);
        Some(Request::Close(proto::CloseConversationRequest {
            request_id: self.request_id(),
            shop_id,
            conversation_id,
            by: CloseActor::Agent.into(),
            agent_id,
            force: true,
        }))
    }

    fn transfer(&mut self, shop: &Shop) -> Option<Request> {
        let held = self.any_held().filter(|held| held.shop == shop.id)?;
        let to = self.chance.of(&shop.agents)?.clone();
        Some(Request::Transfer(proto::TransferConversationRequest {
            request_id: self.request_id(),
            shop_id: held.shop,
            conversation_id: held.conversation,
            from_agent_id: held.agent,
            target: Some(proto::transfer_conversation_request::Target::ToAgentId(to)),
            note: "please go on".to_owned(),
        }))
    }

    fn presence(&mut self, shop: &Shop) -> Request {
        let presence = match self.chance.below(10) {
            0 => Presence::Busy,
            1 => Presence::OnBreak,
            2 => Presence::Offline,
            _ => Presence::Online,
        };
        Request::Presence(proto::SetPresenceRequest {
            request_id: self.request_id(),
            shop_id: shop.id.clone(),
            agent_id: self.chance.of(&shop.agents).cloned().unwrap_or_default(),
            presence: presence.into(),
            force: true,
        })
    }

    fn capacity(&mut self, shop: &Shop) -> Request {
        let less = i32::try_from(self.chance.below(4)).unwrap_or(0);
        Request::Capacity(proto::SetCapacityRequest {
            request_id: self.request_id(),
            shop_id: shop.id.clone(),
            agent_id: self.chance.of(&shop.agents).cloned().unwrap_or_default(),
            capacity: self.house.capacity - less.min(self.house.capacity),
        })
    }

    fn beat(&mut self, shop: &Shop) -> Option<proto::HeartbeatRequest> {
        Some(proto::HeartbeatRequest {
            shop_id: shop.id.clone(),
            agent_id: self.chance.of(&shop.agents).cloned()?,
            session_id: "console".to_owned(),
        })
    }
}

fn text(text: String) -> Content {
    Content { text, ..Content::default() }
}
