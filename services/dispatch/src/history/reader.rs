//! Reads of one shop's history. Every query starts from the shop.

use std::collections::BTreeMap;

use fenliu_domain::desk::event::Event;
use fenliu_domain::ids::{AgentId, CommandId, ConversationId, EventId, ShopId};
use fenliu_domain::time::Timestamp;
use fenliu_proto::event::from_proto;
use fenliu_proto::history::v1 as proto;
use fenliu_runtime::sql::Database;
use prost::Message;
use sea_orm::sea_query::NullOrdering;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::projection::{self, ConversationRecord};
use super::rows::log_head::{self, LOG_HEAD};
use super::rows::{conversation, event, message_body, shop_head};
use super::{Body, Fault, uuid};

/// Most events of one command: what an id has room for.
const COMMAND_EVENTS: usize = CommandId::MAX_MADE as usize;
/// Events read at once to find those of a command; few commands make more.
const COMMAND_PAGE: u64 = 16;

/// A stored event and its position.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Its place over all shops.
    pub(crate) position: i64,
    /// The event, as stored.
    pub(crate) event: proto::Event,
}

/// Which conversations to list.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) agent: Option<AgentId>,
    pub(crate) unanswered_only: bool,
    pub(crate) stages: Vec<proto::Stage>,
}

/// Where a conversation stands in a list with the longest waiting first: a page goes on behind it whatever has been
/// answered since the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitingPlace {
    pub(crate) owed_since: Option<Timestamp>,
    pub(crate) opened: Timestamp,
    pub(crate) id: ConversationId,
}

impl WaitingPlace {
    pub(crate) const fn of(record: &ConversationRecord) -> Self {
        Self { owed_since: record.owed_since, opened: record.opened, id: record.id }
    }

    /// What stands behind it.
    fn behind(self) -> Condition {
        let (owed, opened) = (conversation::Column::OwedSinceTime, conversation::Column::OpenTime);
        let later = Condition::any().add(opened.gt(self.opened.micros())).add(
            Condition::all()
                .add(opened.eq(self.opened.micros()))
                .add(conversation::Column::ConversationId.gt(uuid(self.id.bits()))),
        );
        match self.owed_since.map(Timestamp::micros) {
            None => Condition::all().add(owed.is_null()).add(later),
            Some(since) => Condition::any()
                .add(owed.gt(since))
                .add(owed.is_null())
                .add(Condition::all().add(owed.eq(since)).add(later)),
        }
    }
}

/// A page of conversations from one state of the history.
#[derive(Debug)]
pub(crate) struct ConversationPage {
    pub(crate) records: Vec<ConversationRecord>,
    pub(crate) total: u64,
    pub(crate) seq: u64,
}

/// Reads the history. Clones share the store.
#[derive(Clone, Debug)]
pub(crate) struct History {
    database: Database,
}

impl History {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    pub(super) const fn database(&self) -> &Database {
        &self.database
    }

    /// Position of the last stored event; 0 when nothing is stored.
    pub(crate) async fn position(&self) -> Result<i64, Fault> {
        let head = log_head::Entity::find_by_id(LOG_HEAD).one(self.database.reader()).await?;
        Ok(head.map_or(0, |head| head.position))
    }

    /// The number and id of a shop's last stored event; `None` when nothing is stored.
    pub(crate) async fn head(&self, shop: ShopId) -> Result<Option<(u64, EventId)>, Fault> {
        let row = shop_head::Entity::find_by_id(uuid(shop.bits())).one(self.database.reader()).await?;
        row.map(|row| Ok((number(row.seq)?, EventId::from_bits(row.event_id.as_u128())))).transpose()
    }

    /// Every shop that has a history.
    pub(crate) async fn shops(&self) -> Result<Vec<ShopId>, Fault> {
        let rows = shop_head::Entity::find().all(self.database.reader()).await?;
        Ok(rows.into_iter().map(|row| ShopId::from_bits(row.shop_id.as_u128())).collect())
    }

    /// A shop's events after a number, all or of one conversation, in order, at most `limit`.
    pub(crate) async fn events(
        &self,
        shop: ShopId,
        conversation: Option<ConversationId>,
        after: u64,
        limit: u64,
    ) -> Result<Vec<Stored>, Fault> {
        let mut query = of_shop(shop).filter(event::Column::Seq.gt(column(after)));
        if let Some(conversation) = conversation {
            self.expect_whole(shop, conversation, after).await?;
            query = query.filter(event::Column::ConversationId.eq(uuid(conversation.bits())));
        }
        let events = self.read(query.order_by_asc(event::Column::Seq).limit(limit)).await?;
        if conversation.is_none() {
            self.expect_next(shop, after, events.first()).await?;
        }
        Ok(events)
    }

    /// The events of a conversation of these kinds after a number, in order, at most `limit`.
    pub(crate) async fn messages(
        &self,
        shop: ShopId,
        conversation: ConversationId,
        kinds: &[&str],
        after: u64,
        limit: u64,
    ) -> Result<Vec<Stored>, Fault> {
        self.expect_whole(shop, conversation, after).await?;
        let query = of_shop(shop)
            .filter(event::Column::ConversationId.eq(uuid(conversation.bits())))
            .filter(event::Column::Kind.is_in(kinds.iter().copied()))
            .filter(event::Column::Seq.gt(column(after)))
            .order_by_asc(event::Column::Seq)
            .limit(limit);
        self.read(query).await
    }

    /// The events of a conversation of these kinds, in order, at most the last `limit`.
    pub(crate) async fn last_events(
        &self,
        shop: ShopId,
        conversation: ConversationId,
        kinds: &[&str],
        limit: u64,
    ) -> Result<Vec<Stored>, Fault> {
        self.expect_whole(shop, conversation, 0).await?;
        let query = of_shop(shop)
            .filter(event::Column::ConversationId.eq(uuid(conversation.bits())))
            .filter(event::Column::Kind.is_in(kinds.iter().copied()))
            .order_by_desc(event::Column::Seq)
            .limit(limit);
        let mut events = self.read(query).await?;
        events.reverse();
        Ok(events)
    }

    /// What concerns one agent after a position, in order, at most `limit`.
    pub(crate) async fn inbox(
        &self,
        shop: ShopId,
        agent: AgentId,
        after: i64,
        limit: u64,
    ) -> Result<Vec<Stored>, Fault> {
        let query = of_shop(shop)
            .filter(event::Column::InboxAgentId.eq(uuid(agent.bits())))
            .filter(event::Column::Position.gt(after))
            .order_by_asc(event::Column::Position)
            .limit(limit);
        self.read(query).await
    }

    /// All events of the command whose first event has this number.
    pub(crate) async fn command(&self, shop: ShopId, first: u64) -> Result<Vec<Event>, Fault> {
        let mut events: Vec<Event> = Vec::new();
        let mut after = first.saturating_sub(1);
        loop {
            let page = self.events(shop, None, after, COMMAND_PAGE).await?;
            for stored in &page {
                let event = parse(stored)?;
                if events.first().is_some_and(|first| CommandId::of(first.id) != CommandId::of(event.id)) {
                    return Ok(events);
                }
                after = event.seq.0;
                events.push(event);
            }
            // An id numbers at most 4,096 events, so this ends whatever is stored.
            if u64::try_from(page.len()).unwrap_or(0) < COMMAND_PAGE || events.len() >= COMMAND_EVENTS {
                return Ok(events);
            }
        }
    }

    /// The first event of the command that stored a channel's message.
    pub(crate) async fn delivery(
        &self,
        shop: ShopId,
        channel: &str,
        external: &str,
    ) -> Result<Option<Event>, Fault> {
        let query = of_shop(shop)
            .filter(event::Column::Channel.eq(channel))
            .filter(event::Column::ExternalMessageId.eq(external))
            .order_by_asc(event::Column::Seq)
            .limit(1);
        self.read(query).await?.first().map(parse).transpose()
    }

    /// The last event that carries a request's mark.
    pub(crate) async fn request(
        &self,
        shop: ShopId,
        caller: &str,
        request_id: &str,
    ) -> Result<Option<Event>, Fault> {
        let query = of_shop(shop)
            .filter(event::Column::Caller.eq(caller))
            .filter(event::Column::RequestId.eq(request_id))
            .order_by_desc(event::Column::Seq)
            .limit(1);
        self.read(query).await?.first().map(parse).transpose()
    }

    /// The contents of these events that are still kept.
    pub(crate) async fn bodies(
        &self,
        shop: ShopId,
        events: &[EventId],
    ) -> Result<BTreeMap<EventId, Body>, Fault> {
        if events.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<_> = events.iter().map(|id| uuid(id.bits())).collect();
        let rows = message_body::Entity::find()
            .filter(message_body::Column::ShopId.eq(uuid(shop.bits())))
            .filter(message_body::Column::EventId.is_in(ids))
            .all(self.database.reader())
            .await?;
        let body = |row: message_body::Model| {
            let id = EventId::from_bits(row.event_id.as_u128());
            (id, Body { kind: row.kind, text: row.text, reference: row.reference })
        };
        Ok(rows.into_iter().map(body).collect())
    }

    /// One conversation.
    pub(crate) async fn conversation(
        &self,
        shop: ShopId,
        id: ConversationId,
    ) -> Result<Option<ConversationRecord>, Fault> {
        let row = conversation::Entity::find()
            .filter(conversation::Column::ShopId.eq(uuid(shop.bits())))
            .filter(conversation::Column::ConversationId.eq(uuid(id.bits())))
            .one(self.database.reader())
            .await?;
        Ok(projection::read(row.into_iter().collect())?.pop())
    }

    /// A page of conversations after a place, the longest waiting first, with the count of all, from one state.
    pub(crate) async fn conversations(
        &self,
        shop: ShopId,
        filter: &Filter,
        after: Option<WaitingPlace>,
        limit: u64,
    ) -> Result<ConversationPage, Fault> {
        let matching = conversation::Entity::find().filter(condition(shop, filter));
        let page = matching
            .clone()
            .filter(after.map_or_else(Condition::all, WaitingPlace::behind))
            .order_by_with_nulls(conversation::Column::OwedSinceTime, Order::Asc, NullOrdering::Last)
            .order_by_asc(conversation::Column::OpenTime)
            .order_by_asc(conversation::Column::ConversationId)
            .limit(limit);
        let shop = uuid(shop.bits());
        self.database
            .snapshot(move |txn| {
                Box::pin(async move {
                    let head = shop_head::Entity::find_by_id(shop).one(txn).await?;
                    let total = matching.count(txn).await?;
                    let records = projection::read(page.all(txn).await?)?;
                    let seq = head.map_or(Ok(0), |head| number(head.seq))?;
                    Ok::<_, Fault>(ConversationPage { records, total, seq })
                })
            })
            .await
    }

    pub(super) async fn read(&self, query: Select<event::Entity>) -> Result<Vec<Stored>, Fault> {
        let rows = query.all(self.database.reader()).await?;
        rows.iter().map(decode).collect()
    }
}

fn decode(row: &event::Model) -> Result<Stored, Fault> {
    let event = proto::Event::decode(row.payload.as_slice())
        .map_err(|error| Fault::corrupt("event", "payload", row.position, error))?;
    Ok(Stored { position: row.position, event })
}

/// The domain's event of a stored one.
pub(crate) fn parse(stored: &Stored) -> Result<Event, Fault> {
    from_proto(&stored.event).map_err(|error| Fault::corrupt("event", "payload", stored.position, error))
}

fn of_shop(shop: ShopId) -> Select<event::Entity> {
    event::Entity::find().filter(event::Column::ShopId.eq(uuid(shop.bits())))
}

fn condition(shop: ShopId, filter: &Filter) -> Condition {
    let mut condition = Condition::all().add(conversation::Column::ShopId.eq(uuid(shop.bits())));
    if let Some(agent) = filter.agent {
        condition = condition.add(conversation::Column::AgentId.eq(uuid(agent.bits())));
    }
    if filter.unanswered_only {
        condition = condition.add(conversation::Column::OwedSinceTime.is_not_null());
    }
    // Stages are named rather than left out, so that the index passes over all that have ended.
    let open = [
        proto::Stage::Entered,
        proto::Stage::Open,
        proto::Stage::WithRobot,
        proto::Stage::Queued,
        proto::Stage::Assigned,
    ];
    let stages = if filter.stages.is_empty() { &open[..] } else { &filter.stages };
    condition.add(conversation::Column::Stage.is_in(stages.iter().map(|stage| i32::from(*stage))))
}

fn number(column: i64) -> Result<u64, Fault> {
    u64::try_from(column).map_err(|_| Fault::corrupt("event", "seq", column, "is negative"))
}

fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
