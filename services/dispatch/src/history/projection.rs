//! One row per conversation, kept in the same transaction as its events: what lists are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fenliu_domain::desk::conversation::Standing;
use fenliu_domain::desk::event::{AssignReason, Event, Payload};
use fenliu_domain::ids::{AgentId, ConversationId, ShopId};
use fenliu_domain::message::Actor;
use fenliu_domain::time::Timestamp;
use fenliu_proto::history::v1::Stage;
use fenliu_runtime::sql::filled_up;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::rows::conversation::{ActiveModel, Column, Entity, Model};
use super::{Fault, moment, uuid};

/// What a row that is there takes over; whose it is never changes.
pub(super) const OVERWRITE: &str = "ON CONFLICT (conversation_id) DO UPDATE SET channel = excluded.channel, \
    group_name = excluded.group_name, stage = excluded.stage, agent_id = excluded.agent_id, \
    open_time = excluded.open_time, last_message_time = excluded.last_message_time, \
    owed_since_time = excluded.owed_since_time, unanswered = excluded.unanswered, \
    close_time = excluded.close_time, seq = excluded.seq";

/// A conversation as its events tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConversationRecord {
    pub(crate) id: ConversationId,
    pub(crate) shop: ShopId,
    pub(crate) buyer: String,
    pub(crate) channel: String,
    pub(crate) group: String,
    pub(crate) stage: Stage,
    pub(crate) agent: Option<AgentId>,
    pub(crate) opened: Timestamp,
    pub(crate) last_message: Option<Timestamp>,
    pub(crate) owed_since: Option<Timestamp>,
    pub(crate) unanswered: u32,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) seq: u64,
}

impl ConversationRecord {
    fn begin(id: ConversationId, event: &Event, buyer: &str, channel: &str) -> Self {
        Self {
            id,
            shop: event.shop,
            buyer: buyer.to_owned(),
            channel: channel.to_owned(),
            group: fenliu_domain::desk::agent::DEFAULT_GROUP.to_owned(),
            stage: Stage::Entered,
            agent: None,
            opened: event.recorded,
            last_message: None,
            owed_since: None,
            unanswered: 0,
            closed: None,
            seq: event.seq.0,
        }
    }

    fn see(&mut self, event: &Event) {
        self.seq = event.seq.0;
        match &event.payload {
            Payload::ConversationOpened { group, with_robot, channel, .. } => {
                group.as_str().clone_into(&mut self.group);
                channel.as_str().clone_into(&mut self.channel);
                self.stage = if *with_robot { Stage::WithRobot } else { Stage::Open };
                self.opened = event.recorded;
                (self.closed, self.agent, self.owed_since, self.unanswered) = (None, None, None, 0);
            }
            Payload::MessageReceived { .. } => {
                self.last_message = Some(event.occurred);
                self.owed_since.get_or_insert(event.occurred);
                self.unanswered = self.unanswered.saturating_add(1);
            }
            Payload::ReplySent { actor, .. } => {
                self.last_message = Some(event.occurred);
                if answers(*actor, self.stage) {
                    (self.owed_since, self.unanswered) = (None, 0);
                }
            }
            Payload::Assigned { agent, reason, .. } => {
                let keeps = *reason == AssignReason::PreAssigned;
                self.stage = if keeps { Stage::Entered } else { Stage::Assigned };
                self.agent = Some(*agent);
            }
            Payload::Queued { group, .. } => {
                group.as_str().clone_into(&mut self.group);
                (self.stage, self.agent) = (Stage::Queued, None);
            }
            Payload::HandedToHuman { .. } | Payload::QueueLeft { .. } => self.stage = Stage::Open,
            Payload::Closed { .. } => {
                (self.stage, self.closed) = (Stage::Closed, Some(event.recorded));
            }
            _ => {}
        }
    }

    fn from_row(row: Model) -> Result<Self, Fault> {
        let corrupt = |column, why: &str| Fault::corrupt("conversation", column, row.conversation_id, why);
        let time = |column, value: Option<i64>| value.map(|t| moment("conversation", column, t)).transpose();
        Ok(Self {
            id: ConversationId::from_bits(row.conversation_id.as_u128()),
            shop: ShopId::from_bits(row.shop_id.as_u128()),
            stage: Stage::try_from(row.stage).map_err(|_| corrupt("stage", "is no stage"))?,
            agent: row.agent_id.map(|id| AgentId::from_bits(id.as_u128())),
            opened: moment("conversation", "open_time", row.open_time)?,
            last_message: time("last_message_time", row.last_message_time)?,
            owed_since: time("owed_since_time", row.owed_since_time)?,
            unanswered: u32::try_from(row.unanswered).map_err(|_| corrupt("unanswered", "is negative"))?,
            closed: time("close_time", row.close_time)?,
            seq: u64::try_from(row.seq).map_err(|_| corrupt("seq", "is negative"))?,
            buyer: row.buyer_id,
            channel: row.channel,
            group: row.group_name,
        })
    }

    /// Its row.
    pub(super) fn to_row(&self) -> ActiveModel {
        ActiveModel {
            conversation_id: Set(uuid(self.id.bits())),
            shop_id: Set(uuid(self.shop.bits())),
            buyer_id: Set(self.buyer.clone()),
            channel: Set(self.channel.clone()),
            group_name: Set(self.group.clone()),
            stage: Set(self.stage.into()),
            agent_id: Set(self.agent.map(|agent| uuid(agent.bits()))),
            open_time: Set(self.opened.micros()),
            last_message_time: Set(self.last_message.map(Timestamp::micros)),
            owed_since_time: Set(self.owed_since.map(Timestamp::micros)),
            unanswered: Set(i32::try_from(self.unanswered).unwrap_or(i32::MAX)),
            close_time: Set(self.closed.map(Timestamp::micros)),
            seq: Set(i64::try_from(self.seq).unwrap_or(i64::MAX)),
        }
    }
}

/// As the desk decides it: see `fenliu_domain::desk::evolve`.
const fn answers(actor: Actor, stage: Stage) -> bool {
    match actor {
        Actor::Human => true,
        Actor::AssistRobot | Actor::FullRobot | Actor::FaqCard => matches!(stage, Stage::WithRobot),
        Actor::AutoReply => false,
    }
}

/// Reads rows.
pub(super) fn read(rows: Vec<Model>) -> Result<Vec<ConversationRecord>, Fault> {
    rows.into_iter().map(ConversationRecord::from_row).collect()
}

/// Reads the rows of these conversations that there are.
pub(super) async fn read_of(
    txn: &DatabaseTransaction,
    conversations: BTreeSet<ConversationId>,
) -> Result<Vec<ConversationRecord>, Fault> {
    if conversations.is_empty() {
        return Ok(Vec::new());
    }
    let ids = filled_up(conversations.into_iter().map(|id| uuid(id.bits())).collect());
    read(Entity::find().filter(Column::ConversationId.is_in(ids)).all(txn).await?)
}

/// Whether an event is the first of its conversation, or tells anew all that came before: then its row need not be known.
pub(super) const fn begins(event: &Event) -> bool {
    matches!(event.payload, Payload::ConversationOpened { reopened: false, .. })
}

/// The rows of conversations after these events, from what is known of them before.
pub(super) fn fold(
    known: impl Fn(ConversationId) -> Option<ConversationRecord>,
    events: &[Arc<Event>],
) -> Vec<ConversationRecord> {
    let mut records: BTreeMap<ConversationId, Option<ConversationRecord>> = BTreeMap::new();
    for event in events {
        let Some(id) = event.conversation else { continue };
        let record = records.entry(id).or_insert_with(|| known(id));
        match &event.payload {
            Payload::ChatEntered { buyer, channel, standing: Standing::Entered }
            | Payload::ConversationOpened { buyer, channel, .. } => {
                record.get_or_insert_with(|| ConversationRecord::begin(id, event, buyer, channel));
            }
            _ => {}
        }
        if let Some(record) = record {
            record.see(event);
        }
    }
    records.into_values().flatten().collect()
}
