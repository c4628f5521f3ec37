//! The same rates once more, from nothing but the history: what ListEvents tells, folded and judged by the domain.

use std::collections::BTreeMap;

use anyhow::Context;
use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::desk::event::Event;
use fenliu_domain::exchange::{Conversation, Happening};
use fenliu_domain::ids::ConversationId;
use fenliu_domain::pack::{Draft, Parts, RulePack, Tally};
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::dispatch::v1::ListEventsRequest;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::event::from_proto;
use fenliu_proto::rule_pack;
use fenliu_runtime::channel::Outgoing;

use crate::target::{asking, refused};

/// Events asked for at once: the most a page holds.
const PAGE_SIZE: i32 = 500;

/// Everything a shop's history says of its conversations.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How many events there are.
    pub events: usize,
    conversations: Vec<Conversation>,
}

impl History {
    /// Reads a shop's whole history.
    ///
    /// # Errors
    /// Refusals, and events that cannot be read.
    pub async fn read(channel: &Outgoing, shop: &str) -> anyhow::Result<Self> {
        let mut client = HistoryServiceClient::new(channel.clone());
        let mut events: Vec<Event> = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListEventsRequest {
                shop_id: shop.to_owned(),
                conversation_id: String::new(),
                page_size: PAGE_SIZE,
                page_token,
                after_seq: 0,
            };
            let page = client.list_events(asking(request)).await.map_err(refused)?.into_inner();
            for stored in page.events {
                events.push(from_proto(&stored.event.context("the history left out an event")?)?);
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(Self::of(&events));
            }
        }
    }

    fn of(events: &[Event]) -> Self {
        let mut happenings: BTreeMap<ConversationId, Vec<Happening>> = BTreeMap::new();
        for event in events {
            if let Some(conversation) = event.conversation {
                happenings.entry(conversation).or_default().extend(Happening::of_event(event));
            }
        }
        let fold = |(id, of): (ConversationId, Vec<Happening>)| Conversation::fold(id.to_string(), of);
        Self { events: events.len(), conversations: happenings.into_iter().map(fold).collect() }
    }

    /// The counts under a pack, as of a moment.
    #[must_use]
    pub fn judge(&self, pack: RulePack, zone: Zone, as_of: Timestamp) -> Parts {
        let mut tally = Tally::new(pack, zone, as_of, DayRange::default());
        for conversation in &self.conversations {
            tally.add(conversation);
        }
        tally.finish().total
    }
}

/// The pack an answer was judged by, as the domain knows it.
///
/// # Errors
/// When it is none.
pub fn pack_of(pack: &proto::RulePack) -> anyhow::Result<RulePack> {
    Ok(rule_pack::draft(pack.clone()).and_then(Draft::check)?)
}

/// Whether the service counted the same.
#[must_use]
pub const fn agrees(ours: &Parts, theirs: &proto::RateParts) -> bool {
    ours.counted == theirs.counted
        && ours.answered == theirs.answered
        && ours.within_limit == theirs.within_limit
        && ours.missed_late == theirs.missed_late
        && ours.missed_unanswered == theirs.missed_unanswered
        && ours.pending == theirs.pending
        && ours.excluded_outside_window == theirs.excluded_outside_window
        && ours.excluded_robot_only == theirs.excluded_robot_only
        && ours.excluded_unassigned == theirs.excluded_unassigned
        && ours.excluded_before_handover == theirs.excluded_before_handover
        && ours.excluded_self_served == theirs.excluded_self_served
        && ours.excluded_blocked == theirs.excluded_blocked
        && ours.excluded_reported == theirs.excluded_reported
        && ours.excluded_shop_initiated == theirs.excluded_shop_initiated
        && ours.excluded_holiday_mode == theirs.excluded_holiday_mode
}
