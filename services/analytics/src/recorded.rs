//! The history's events, in the words of the folds.

use fenliu_domain::day::Zone;
use fenliu_domain::desk::queue::USUAL_PRIORITY;
use fenliu_domain::exchange::{Happening, Mark, What};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;
use fenliu_proto::convert::{id, optional_id, timestamp};
use fenliu_proto::dispatch::v1::StoredEvent;
use fenliu_proto::event::payload_from_proto;
use fenliu_proto::history::v1 as proto;
use fenliu_proto::history::v1::event::Payload;

use crate::heard;
use crate::imported::actor;
use crate::storage::{Step, Told};

/// When an event was recorded; `None` when it does not say.
pub(crate) fn recorded_at(stored: &StoredEvent) -> Option<Timestamp> {
    let time = stored.event.as_ref()?.recorded_time.as_ref()?;
    timestamp(time, "event.recorded_time").ok()
}

/// Adds what an event of the history says, as far as the facts care, to the steps.
///
/// # Errors
/// When it has no shop or no time: a defect of dispatch, since it stores no such event.
pub(crate) fn add_steps(stored: StoredEvent, steps: &mut Vec<Step>) -> Result<(), Problem> {
    let event = stored.event.unwrap_or_default();
    let shop: ShopId = id(&event.shop_id, "event.shop_id")?;
    let time = event.occurred_time.as_ref().or(event.recorded_time.as_ref());
    let at = timestamp(
        time.ok_or_else(|| Problem::field("event.occurred_time", "must be set"))?,
        "event.occurred_time",
    )?;
    let reached =
        event.recorded_time.as_ref().map(|time| timestamp(time, "event.recorded_time")).transpose()?;
    steps.push(Step::Shop(shop));
    let mut payload = event.payload;
    let about = payload.as_mut().filter(|payload| bears_on_agents(payload));
    if let (Some(payload), Some(recorded)) = (about, reached) {
        forget_trace(payload);
        steps.extend(of_agents(shop, stored.position, recorded, &event.conversation_id, payload));
    }
    match payload {
        Some(Payload::PolicyChanged(changed)) => {
            let policy = changed.policy.as_ref();
            let hours = policy.map(|policy| (policy.service_start.clone(), policy.service_end.clone()));
            steps.extend(hours.map(|(start, end)| Step::Hours(shop, start, end)));
            steps.extend(zone_change(shop, changed));
        }
        Some(payload) if !event.conversation_id.is_empty() => {
            let is_question = matches!(payload, Payload::MessageReceived(_));
            let said = happenings(payload).into_iter().flatten().map(|what| (at, what));
            let reached =
                reached.filter(|reached| is_question && *reached != at).map(|at| (at, What::Reached));
            let mut conversation = event.conversation_id;
            let mut left = said.chain(reached).peekable();
            while let Some((at, what)) = left.next() {
                let is_last = left.peek().is_none();
                let of = if is_last { std::mem::take(&mut conversation) } else { conversation.clone() };
                steps.push(Step::Happened(shop, of, Happening { at, what }));
            }
        }
        Some(payload) => {
            let heard = heard::word(&payload);
            steps.extend(heard.map(|(agent, word)| Step::Heard(shop, agent.to_owned(), word)));
        }
        None => {}
    }
    Ok(())
}

/// Whether the facts of agents care.
const fn bears_on_agents(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::AgentSynced(_)
            | Payload::PresenceChanged(_)
            | Payload::CapacityChanged(_)
            | Payload::Assigned(_)
            | Payload::Queued(_)
            | Payload::Transferred(_)
            | Payload::TransferDeclined(_)
            | Payload::Rated(_)
            | Payload::Closed(_)
    )
}

/// What an event says of agents. One that names things this build does not know, or agents who are none of ours, says
/// nothing of them.
fn of_agents(
    shop: ShopId,
    position: i64,
    at: Timestamp,
    conversation: &str,
    payload: &Payload,
) -> Option<Step> {
    let told = optional_id(conversation, "conversation_id").and_then(|conversation| {
        let payload = Box::new(payload_from_proto(payload)?);
        Ok(Told { position, at, conversation, payload })
    });
    match told {
        Ok(told) => Some(Step::Agents(shop, told)),
        Err(problem) => {
            tracing::error!(%shop, position, %problem, "an event says nothing that is understood of its agent");
            None
        }
    }
}

/// How a decision came about is much to read and nothing to know here.
fn forget_trace(payload: &mut Payload) {
    match payload {
        Payload::Assigned(assigned) => assigned.trace = None,
        Payload::Queued(queued) => queued.trace = None,
        _ => {}
    }
}

/// A zone this build does not know (its database is older than dispatch's) leaves the one known before.
fn zone_change(shop: ShopId, changed: proto::PolicyChanged) -> Option<Step> {
    let name = changed.policy?.time_zone;
    match Zone::parse(&name) {
        Ok(zone) => Some(Step::Zone(shop, zone)),
        Err(problem) => {
            tracing::error!(%shop, %problem, "a policy names a zone nobody here knows; the days stay as they were");
            None
        }
    }
}

/// At most two things happen at once: a conversation opens, with the robot, or it is left with somebody absent.
fn happenings(payload: Payload) -> [Option<What>; 2] {
    let only = |what| [Some(what), None];
    match payload {
        Payload::ConversationOpened(opened) => {
            let vip = opened.priority < u32::from(USUAL_PRIORITY);
            let robot = opened.with_robot.then_some(What::WithRobot);
            [Some(What::Opened { buyer: opened.buyer_id, group: opened.group, vip }), robot]
        }
        Payload::MessageReceived(message) => only(What::Asked { message: message.message_id }),
        Payload::ReplySent(reply) => only(What::Replied {
            actor: actor(reply.actor()),
            message: reply.message_id,
            agent: reply.agent_id,
            small_talk: reply.small_talk,
        }),
        // Whoever keeps a place is asked nothing yet.
        Payload::Assigned(kept) if kept.reason() == proto::AssignReason::PreAssigned => [None, None],
        // Nobody is there, so that it is left with somebody who will see it later.
        Payload::Assigned(left) if left.reason() == proto::AssignReason::LeaveMessage => {
            [Some(What::Queued { nobody_on_duty: true }), Some(What::Assigned { agent: left.agent_id })]
        }
        Payload::Assigned(assigned) => only(What::Assigned { agent: assigned.agent_id }),
        Payload::Queued(queued) => {
            only(What::Queued { nobody_on_duty: queued.reason() == proto::QueueReason::NobodyOnDuty })
        }
        Payload::QueueLeft(left) => {
            only(What::LeftQueue { abandoned: left.reason() == proto::QueueLeaveReason::Abandoned })
        }
        Payload::Closed(closed) => {
            only(What::Closed { abandoned: closed.reply_owed && closed.by() == proto::CloseActor::Buyer })
        }
        Payload::HandedToHuman(_) => only(What::HandedToHuman),
        Payload::Transferred(_) => only(What::Transferred),
        Payload::Reported(_) => only(What::Marked(Mark::Reported)),
        Payload::Rated(rated) => only(What::Rated { stars: u8::try_from(rated.stars).unwrap_or(u8::MAX) }),
        Payload::ChatEntered(_)
        | Payload::PresenceChanged(_)
        | Payload::CapacityChanged(_)
        | Payload::AgentSynced(_)
        | Payload::DutyChanged(_)
        | Payload::SanctionEnded(_)
        | Payload::LanguageFlagged(_)
        | Payload::PolicyChanged(_)
        | Payload::QueueFull(_)
        | Payload::RingOpened(_)
        | Payload::TurnedLate(_)
        | Payload::TransferDeclined(_)
        | Payload::IdleRemarked(_)
        | Payload::WindingDown(_)
        | Payload::RampStepped(_)
        | Payload::BreakOverrun(_)
        | Payload::AgentScored(_)
        | Payload::RequestNoted(_)
        | Payload::ReplyDue(_) => [None, None],
    }
}
