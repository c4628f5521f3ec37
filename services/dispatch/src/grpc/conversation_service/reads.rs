//! Reads of conversations.

use fenliu_domain::desk::refusal::conversation_not_found;
use fenliu_domain::ids::{ConversationId, EventId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_proto::convert::{id, optional_id};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::history::v1::{Event, Stage};

use super::Handler;
use crate::grpc::paging::{Cursor, Page};
use crate::grpc::{parse, render};
use crate::history::reader::{Filter, WaitingPlace};
use crate::history::{Body, ConversationRecord, Fault};

/// The place in a list with the longest waiting first: whether something is owed, since when, when it was opened, and
/// its id.
impl Cursor for Option<WaitingPlace> {
    fn bytes(&self) -> Vec<u8> {
        let Some(WaitingPlace { owed_since, opened, id }) = self else { return Vec::new() };
        let owed = owed_since.map_or(i64::MAX, Timestamp::micros);
        [&owed.to_be_bytes()[..], &opened.micros().to_be_bytes(), &id.bits().to_be_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (owed, rest) = bytes.split_first_chunk()?;
        let (opened, id) = rest.split_first_chunk()?;
        Some(Some(WaitingPlace {
            // Nothing owed is beyond any time.
            owed_since: Timestamp::from_micros(i64::from_be_bytes(*owed)),
            opened: Timestamp::from_micros(i64::from_be_bytes(*opened))?,
            id: ConversationId::from_bits(u128::from_be_bytes(id.try_into().ok()?)),
        }))
    }
}

/// The kinds of event that are messages.
const MESSAGES: [&str; 2] = ["message_received", "reply_sent"];

impl Handler {
    pub(super) async fn get(
        &self,
        request: &proto::GetConversationRequest,
    ) -> Result<proto::GetConversationResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let record = self.record(shop, id(&request.conversation_id, "conversation_id")?).await?;
        Ok(proto::GetConversationResponse { conversation: Some(render::conversation(&record)) })
    }

    async fn record(&self, shop: ShopId, id: ConversationId) -> Result<ConversationRecord, Problem> {
        let record = self.0.history().conversation(shop, id).await.map_err(Fault::into_problem)?;
        record.ok_or_else(|| conversation_not_found(id))
    }

    pub(super) async fn list(
        &self,
        request: &proto::ListConversationsRequest,
    ) -> Result<proto::ListConversationsResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        self.0.expect(shop).await?;
        let filter = Filter {
            agent: optional_id(&request.agent_id, "agent_id")?,
            unanswered_only: request.unanswered_only,
            stages: request.stages.iter().filter_map(|stage| Stage::try_from(*stage).ok()).collect(),
        };
        let scope = format!("ListConversations {shop} {filter:?}");
        let tokens = &self.0.platform().page_tokens;
        let page: Page<'_, Option<WaitingPlace>> =
            Page::of(tokens, scope, request.page_size, &request.page_token)?;
        let found = self.0.history().conversations(shop, &filter, page.after, page.limit_and_one()).await;
        let mut found = found.map_err(Fault::into_problem)?;
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = found.records.len() > limit;
        found.records.truncate(limit);
        let last = found.records.last().filter(|_| more).map(WaitingPlace::of);
        Ok(proto::ListConversationsResponse {
            conversations: found.records.iter().map(render::conversation).collect(),
            next_page_token: last.map(|last| page.token(&Some(last))).unwrap_or_default(),
            total_size: u32::try_from(found.total).unwrap_or(u32::MAX),
            seq: found.seq,
        })
    }

    pub(super) async fn messages(
        &self,
        request: &proto::ListMessagesRequest,
    ) -> Result<proto::ListMessagesResponse, Problem> {
        let shop = parse::shop(&request.shop_id)?;
        let conversation: ConversationId = id(&request.conversation_id, "conversation_id")?;
        self.record(shop, conversation).await?;
        let scope = format!("ListMessages {shop} {conversation}");
        let tokens = &self.0.platform().page_tokens;
        let page = Page::of(tokens, scope, request.page_size, &request.page_token)?;
        let history = self.0.history();
        let stored = history.messages(shop, conversation, &MESSAGES, page.after, page.limit_and_one()).await;
        let events: Vec<Event> =
            stored.map_err(Fault::into_problem)?.into_iter().map(|stored| stored.event).collect();
        let ids: Vec<EventId> =
            events.iter().map(|event| id(&event.event_id, "event_id")).collect::<Result<_, _>>()?;
        let bodies = history.bodies(shop, &ids).await.map_err(Fault::into_problem)?;
        let messages = events.into_iter().zip(ids).filter_map(|(event, id)| message(event, bodies.get(&id)));
        let mut messages: Vec<_> = messages.collect();
        let next_page_token = page.cut(&mut messages, |message| message.seq);
        Ok(proto::ListMessagesResponse { messages, next_page_token })
    }
}

/// A message with its content; what was erased keeps its kind.
fn message(event: Event, body: Option<&Body>) -> Option<proto::Message> {
    let (message_id, kind, actor, agent_id) = match event.payload? {
        Payload::MessageReceived(said) => (said.message_id, said.kind, 0, String::new()),
        Payload::ReplySent(said) => (said.message_id, said.kind, said.actor, said.agent_id),
        _ => return None,
    };
    let erased = Body { kind, text: String::new(), reference: String::new() };
    Some(proto::Message {
        message_id,
        seq: event.seq,
        occurred_time: event.occurred_time,
        actor,
        agent_id,
        content: Some(render::content(body.unwrap_or(&erased))),
    })
}
