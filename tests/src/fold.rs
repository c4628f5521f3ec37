//! The history as a follower sees it, replayed through the desk of the domain.
//!
//! Everything that must hold of a history is checked as it comes: positions grow; each shop's events are dense and
//! chained (which [`Desk::replay`] refuses to do without); no request and no delivery has a second effect.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, ensure};
use fenliu_domain::desk::Desk;
use fenliu_domain::desk::event::{Event, Payload};
use fenliu_domain::ids::{ConversationId, EventId, MessageId, ShopId};
use fenliu_domain::time::Timestamp;
use fenliu_proto::dispatch::v1::{FollowEventsRequest, StoredEvent};
use fenliu_proto::event::from_proto;

use crate::clients::Clients;

/// How long reading the history may take.
const READ_LIMIT: Duration = Duration::from_secs(120);

/// A history, read up to a position.
#[derive(Debug, Default)]
pub struct Fold {
    /// Every shop's desk, by its history alone.
    pub desks: BTreeMap<ShopId, Desk>,
    /// How many events there were.
    pub events: usize,
    position: i64,
    last: Option<EventId>,
    recorded: Option<Timestamp>,
    requests: BTreeSet<(ShopId, String)>,
    deliveries: BTreeSet<(ShopId, String, String)>,
    messages: BTreeMap<MessageId, (ShopId, ConversationId)>,
}

impl Fold {
    /// Reads what has been stored since.
    ///
    /// # Errors
    /// When the stream ends, or something in it must not be.
    pub async fn catch_up(&mut self, clients: &mut Clients) -> anyhow::Result<()> {
        tokio::time::timeout(READ_LIMIT, self.follow(clients)).await.context("the history does not end")?
    }

    async fn follow(&mut self, clients: &mut Clients) -> anyhow::Result<()> {
        let request = FollowEventsRequest {
            after_position: self.position,
            after_event_id: self.last.map(|id| id.to_string()).unwrap_or_default(),
        };
        let mut stream =
            clients.history.follow_events(request).await.context("the history goes on")?.into_inner();
        while let Some(batch) = stream.message().await? {
            for stored in batch.events {
                let position = stored.position;
                self.take(stored).with_context(|| format!("at position {position}"))?;
            }
            if batch.caught_up {
                return Ok(());
            }
        }
        anyhow::bail!("the stream ended")
    }

    fn take(&mut self, stored: StoredEvent) -> anyhow::Result<()> {
        ensure!(stored.position > self.position, "positions do not grow: {} came before", self.position);
        let event = from_proto(&stored.event.context("no event")?)?;
        self.note(&event)?;
        let desk = self.desks.entry(event.shop).or_insert_with(|| Desk::new(event.shop));
        desk.replay(&event)?;
        (self.position, self.last, self.recorded) = (stored.position, Some(event.id), Some(event.recorded));
        self.events += 1;
        Ok(())
    }

    fn note(&mut self, event: &Event) -> anyhow::Result<()> {
        if let Some(mark) = &event.request {
            let first = self.requests.insert((event.shop, mark.request_id.to_string()));
            ensure!(first, "request {} has a second effect", mark.request_id);
        }
        let message = match &event.payload {
            Payload::MessageReceived { message, external, channel, .. } => {
                let external = external.as_ref().map(ToString::to_string).unwrap_or_default();
                let first = external.is_empty()
                    || self.deliveries.insert((event.shop, channel.to_string(), external.clone()));
                ensure!(first, "delivery {external:?} has a second effect");
                *message
            }
            Payload::ReplySent { message, .. } => *message,
            _ => return Ok(()),
        };
        let conversation = event.conversation.context("a message without a conversation")?;
        let first = self.messages.insert(message, (event.shop, conversation)).is_none();
        ensure!(first, "{message} is there twice");
        Ok(())
    }

    /// The last position read.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// When the last event was recorded.
    #[must_use]
    pub const fn recorded(&self) -> Option<Timestamp> {
        self.recorded
    }

    /// Whether a request had an effect.
    #[must_use]
    pub fn has_request(&self, shop: ShopId, request_id: &str) -> bool {
        self.requests.contains(&(shop, request_id.to_owned()))
    }

    /// Where a message is.
    #[must_use]
    pub fn place_of(&self, message: MessageId) -> Option<(ShopId, ConversationId)> {
        self.messages.get(&message).copied()
    }

    /// The desk of a shop.
    ///
    /// # Errors
    /// When the history has none.
    pub fn desk(&self, shop: ShopId) -> anyhow::Result<&Desk> {
        self.desks.get(&shop).with_context(|| format!("the history knows no {shop}"))
    }
}

#[cfg(test)]
mod tests;
