//! The history as it lies in PostgreSQL.

use std::collections::BTreeMap;

use anyhow::Context;
use fenliu_domain::desk::event::Event;
use fenliu_domain::ids::{AgentId, ConversationId, EventId, ShopId};
use fenliu_proto::event::from_proto;
use fenliu_proto::history::v1 as proto;
use prost::Message;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};

use crate::stage::SCHEMA;

/// A history with what is kept beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Positions and events, in order of positions.
    pub(crate) events: Vec<(i64, Event)>,
    /// What was said, by the event that says so.
    pub(crate) words: BTreeMap<EventId, String>,
    /// One row for each conversation.
    pub(crate) rows: Vec<Row>,
}

/// A conversation as the projection has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) conversation: ConversationId,
    pub(crate) shop: ShopId,
    pub(crate) stage: i32,
    pub(crate) agent: Option<AgentId>,
}

impl History {
    /// Reads everything there is.
    pub(crate) async fn read(database: &DatabaseConnection) -> anyhow::Result<Self> {
        let mut history = Self::default();
        let events = select(database, "position, payload", "event", "position").await?;
        for row in events {
            let position: i64 = row.try_get("", "position")?;
            let payload: Vec<u8> = row.try_get("", "payload")?;
            let stored = proto::Event::decode(payload.as_slice()).context("an event is no message")?;
            let event = from_proto(&stored).with_context(|| format!("the event at {position}"))?;
            history.events.push((position, event));
        }
        for row in select(database, "event_id, text", "message_body", "event_id").await? {
            let event: Uuid = row.try_get("", "event_id")?;
            history.words.insert(EventId::from_bits(event.as_u128()), row.try_get("", "text")?);
        }
        let columns = "conversation_id, shop_id, stage, agent_id";
        for row in select(database, columns, "conversation", "conversation_id").await? {
            let id = |column| row.try_get::<Uuid>("", column).map(|id| id.as_u128());
            let agent: Option<Uuid> = row.try_get("", "agent_id")?;
            history.rows.push(Row {
                conversation: ConversationId::from_bits(id("conversation_id")?),
                shop: ShopId::from_bits(id("shop_id")?),
                stage: row.try_get("", "stage")?,
                agent: agent.map(|id| AgentId::from_bits(id.as_u128())),
            });
        }
        Ok(history)
    }
}

/// The position of the last event.
pub(crate) async fn head(database: &DatabaseConnection) -> anyhow::Result<i64> {
    let sql = format!("SELECT COALESCE(MAX(position), 0) AS head FROM {SCHEMA}.event");
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.context("there is no history")?.try_get("", "head")?)
}

async fn select(
    database: &DatabaseConnection,
    columns: &str,
    table: &str,
    order: &str,
) -> anyhow::Result<Vec<QueryResult>> {
    let sql = format!("SELECT {columns} FROM {SCHEMA}.{table} ORDER BY {order}");
    Ok(database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?)
}
