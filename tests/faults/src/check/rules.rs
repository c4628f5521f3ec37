//! The replay: every event is one that the rules allow where it stands, and the conversations' rows say the same.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::event::{AssignReason, Event, Payload};
use fenliu_domain::ids::{AgentId, ConversationId, ShopId};
use fenliu_proto::history::v1::Stage;

use super::{Findings, Wrong};
use crate::history::History;

/// Each shop's desk, as far as its history could be replayed.
pub(super) type Desks = BTreeMap<ShopId, Desk>;

pub(super) fn check(history: &History, findings: &mut Findings) -> Desks {
    let mut desks = Desks::new();
    let mut broken = BTreeSet::new();
    for (position, event) in history.events.iter().filter(|(_, event)| event.seq.0 > 0) {
        if broken.contains(&event.shop) {
            continue;
        }
        let desk = desks.entry(event.shop).or_insert_with(|| Desk::new(event.shop));
        if let Payload::Assigned { agent, previous, reason, .. } = &event.payload {
            check_assignment(desk, event, (*agent, *previous, *reason), findings);
        }
        if let Err(error) = desk.replay(event) {
            findings.add(Wrong::Chain, format_args!("at {position} the history cannot be replayed: {error}"));
            broken.insert(event.shop);
        }
    }
    desks
}

/// Whether nobody but the rules chose the agent, who must have had room, then.
const fn is_automatic(reason: AssignReason) -> bool {
    matches!(
        reason,
        AssignReason::Strategy
            | AssignReason::LastAgent
            | AssignReason::Reopened
            | AssignReason::MainAccount
            | AssignReason::PreAssigned
    )
}

fn check_assignment(
    desk: &Desk,
    event: &Event,
    (agent, previous, reason): (AgentId, Option<AgentId>, AssignReason),
    findings: &mut Findings,
) {
    let seq = event.seq.0;
    let Some(conversation) = event.conversation.and_then(|id| desk.conversation(id)) else {
        return findings
            .add(Wrong::Owner, format_args!("event {seq} assigns a conversation that is not open"));
    };
    if conversation.agent().is_some_and(|owner| Some(owner) != previous) {
        findings.add(Wrong::Owner, format_args!("event {seq} takes {} from nobody", conversation.id));
    }
    let Some(agent) = desk.agent(agent) else {
        return findings.add(Wrong::Owner, format_args!("event {seq} assigns to nobody the shop knows"));
    };
    if is_automatic(reason) && !agent.has_room() {
        let (load, capacity) = (agent.load(), agent.capacity);
        findings.add(
            Wrong::Capacity,
            format_args!("event {seq} gives {} one more, who holds {load} of {capacity}", agent.id),
        );
    }
    if matches!(reason, AssignReason::Strategy) && !agent.row().new_conversations {
        findings.add(Wrong::Presence, format_args!("event {seq} gives {} one, who takes none", agent.id));
    }
}

/// Compares the conversations' rows with the desks that the history leads to.
pub(super) fn check_rows(history: &History, desks: &Desks, findings: &mut Findings) {
    let mut open: BTreeMap<ConversationId, ShopId> = desks
        .values()
        .flat_map(|desk| desk.conversations().into_iter().map(|open| (open.id, desk.shop())))
        .collect();
    for row in &history.rows {
        let closed = row.stage == i32::from(Stage::Closed);
        let told = desks.get(&row.shop).and_then(|desk| desk.conversation(row.conversation));
        let holds = told.and_then(fenliu_domain::desk::conversation::Conversation::agent);
        open.remove(&row.conversation);
        if closed != told.is_none() || (!closed && row.agent != holds) {
            let what = format_args!("{row:?}, and by the history {:?} with {holds:?}", told.map(|it| it.id));
            findings.add(Wrong::Projection, what);
        }
    }
    for (conversation, shop) in open {
        findings.add(Wrong::Projection, format_args!("{conversation} of {shop} has no row"));
    }
}
