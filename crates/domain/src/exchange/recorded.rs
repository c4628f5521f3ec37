//! What a desk's events say of a conversation, as far as reply rates care.

use super::{Happening, Mark, What};
use crate::desk::event::{AssignReason, CloseActor, Event, Payload, QueueLeaveReason, QueueReason};
use crate::desk::queue::USUAL_PRIORITY;

impl Happening {
    /// What an event says, in order: at most two things happen at once.
    pub fn of_event(event: &Event) -> impl Iterator<Item = Self> {
        let at = event.occurred;
        let [first, second] = said(&event.payload);
        // A question that reached the desk later than it was asked has waited on the way.
        let on_its_way = matches!(event.payload, Payload::MessageReceived { .. }) && event.recorded != at;
        let second = if on_its_way { Some(What::Reached) } else { second };
        [(at, first), (if on_its_way { event.recorded } else { at }, second)]
            .into_iter()
            .filter_map(|(at, what)| Some(Self { at, what: what? }))
    }
}

fn said(payload: &Payload) -> [Option<What>; 2] {
    let only = |what| [Some(what), None];
    match payload {
        Payload::ConversationOpened { buyer, group, priority, with_robot, .. } => {
            let (buyer, group) = (buyer.to_string(), group.to_string());
            let opened = What::Opened { buyer, group, vip: *priority < USUAL_PRIORITY };
            [Some(opened), with_robot.then_some(What::WithRobot)]
        }
        Payload::MessageReceived { message, .. } => only(What::Asked { message: message.to_string() }),
        Payload::ReplySent { message, actor, agent, small_talk, .. } => only(What::Replied {
            message: message.to_string(),
            actor: *actor,
            agent: agent.map(|agent| agent.to_string()).unwrap_or_default(),
            small_talk: *small_talk,
        }),
        // Whoever keeps a place is asked nothing yet.
        Payload::Assigned { reason: AssignReason::PreAssigned, .. } => [None, None],
        // Nobody is there, so that it is left with somebody who will see it later.
        Payload::Assigned { reason: AssignReason::LeaveMessage, agent, .. } => {
            let assigned = What::Assigned { agent: agent.to_string() };
            [Some(What::Queued { nobody_on_duty: true }), Some(assigned)]
        }
        Payload::Assigned { agent, .. } => only(What::Assigned { agent: agent.to_string() }),
        Payload::Queued { reason, .. } => {
            only(What::Queued { nobody_on_duty: *reason == QueueReason::NobodyOnDuty })
        }
        Payload::QueueLeft { reason, .. } => {
            only(What::LeftQueue { abandoned: *reason == QueueLeaveReason::Abandoned })
        }
        Payload::Closed { by, reply_owed, .. } => {
            only(What::Closed { abandoned: *reply_owed && *by == CloseActor::Buyer })
        }
        Payload::HandedToHuman { .. } => only(What::HandedToHuman),
        Payload::Transferred { .. } => only(What::Transferred),
        Payload::Reported { .. } => only(What::Marked(Mark::Reported)),
        Payload::Rated { stars, .. } => only(What::Rated { stars: *stars }),
        // The others are about agents, policies and timers, or say nothing of who asked and who answered.
        Payload::ChatEntered { .. }
        | Payload::QueueFull { .. }
        | Payload::RingOpened { .. }
        | Payload::TurnedLate
        | Payload::TransferDeclined { .. }
        | Payload::IdleRemarked { .. }
        | Payload::WindingDown { .. }
        | Payload::RampStepped { .. }
        | Payload::BreakOverrun { .. }
        | Payload::AgentScored { .. }
        | Payload::RequestNoted
        | Payload::PresenceChanged { .. }
        | Payload::CapacityChanged { .. }
        | Payload::AgentSynced { .. }
        | Payload::DutyChanged { .. }
        | Payload::SanctionEnded { .. }
        | Payload::LanguageFlagged { .. }
        | Payload::PolicyChanged { .. }
        | Payload::ReplyDue { .. } => [None, None],
    }
}
