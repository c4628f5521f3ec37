//! Routing: an ordered pipeline of steps, each of which may end it, and each of which leaves a line in the trace.
//!
//! A step is a function from the desk and the question to a decision or nothing. To add a step, write it and put
//! it into [`PIPELINE`]. Steps only look; whoever asked writes the decision down.

use super::Desk;
use super::agent::{Agent, Availability, DEFAULT_GROUP, Presence};
use super::conversation::Conversation;
use super::event::{AssignReason, QueueReason, Text};
use super::policy::Fallback;
use super::trace::{RouteStep, RouteTrace, StepKind, Verdict};
use crate::ids::AgentId;
use crate::time::Timestamp;

/// A conversation that needs somebody.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// The conversation.
    pub(super) conversation: &'a Conversation,
    /// When.
    pub(super) now: Timestamp,
    /// How it came to need somebody.
    pub(super) cause: Cause,
}

/// How a conversation came to need somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It is new, or its queue was full before.
    New,
    /// It was taken up again; its agent then.
    Reopened(Option<AgentId>),
    /// The agent who holds it may not keep it.
    Moved(AgentId),
    /// It stands first in its line and somebody has room.
    Admitted,
    /// It was handed to a group, by this agent if one held it.
    HandedToGroup(Option<AgentId>),
}

/// Where a conversation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// To this agent.
    Assign { agent: AgentId, reason: AssignReason, rank: u64 },
    /// Into the line of its group.
    Queue(QueueReason),
    /// Nowhere: even the queue is full.
    Full,
}

/// The group the decision is for, the decision, and how it came about.
pub(super) type Route = (Text, Decision, RouteTrace);

/// One step: what it saw goes into the trace; a decision ends the pipeline.
type Step = fn(&Desk, &Question<'_>, &Text, &mut RouteTrace) -> Option<Decision>;

/// The steps, in order.
const PIPELINE: [Step; 6] = [keep, last_agent, line, strategy, main_account, queue];

/// Decides where a conversation goes.
pub(super) fn route(desk: &Desk, question: &Question<'_>) -> Route {
    let mut trace = RouteTrace::default();
    let group = target_group(desk, &question.conversation.group, &mut trace);
    let decision = PIPELINE
        .iter()
        .find_map(|step| step(desk, question, &group, &mut trace))
        // The last step always decides.
        .unwrap_or(Decision::Full);
    (group, decision, trace)
}

/// The group asked for, or the default group when nobody answers for it.
fn target_group(desk: &Desk, asked: &Text, trace: &mut RouteTrace) -> Text {
    let group = if desk.floor.has_members(asked) { asked.clone() } else { Text::from(DEFAULT_GROUP) };
    trace.steps.push(RouteStep::new(StepKind::TargetGroup, Verdict::Passed).in_group(&group));
    group
}

/// Whoever held it and may not keep it is named first.
fn keep(_: &Desk, question: &Question<'_>, _: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    if let Cause::Moved(holder) = question.cause {
        trace.steps.push(RouteStep::new(StepKind::Keep, Verdict::Passed).about(Some(holder)));
    }
    None
}

/// The agent the buyer knows (熟客优先), within the policy's windows; never one who is away, on break or disabled.
fn last_agent(
    desk: &Desk,
    question: &Question<'_>,
    group: &Text,
    trace: &mut RouteTrace,
) -> Option<Decision> {
    let (agent, reason) = known_agent(desk, question)?;
    let taken = agent.filter(|agent| {
        let reopened = reason == AssignReason::Reopened;
        may_go_back(desk, question, agent, group, reopened)
    });
    let verdict = if taken.is_some() { Verdict::Chose } else { Verdict::Passed };
    trace.steps.push(RouteStep::new(StepKind::LastAgent, verdict).about(agent.map(|agent| agent.id)));
    let agent = taken?;
    Some(Decision::Assign { agent: agent.id, reason, rank: desk.policy.strategy.rank(agent, group) })
}

/// The agent a conversation taken up again had, else the one the buyer spoke with last.
fn known_agent<'d>(desk: &'d Desk, question: &Question<'_>) -> Option<(Option<&'d Agent>, AssignReason)> {
    match question.cause {
        Cause::Reopened(Some(agent)) => Some((desk.agents.get(&agent), AssignReason::Reopened)),
        Cause::HandedToGroup(_) => None,
        _ => {
            let (agent, _) = desk.buyers.get(&question.conversation.buyer)?.last_agent?;
            Some((desk.agents.get(&agent), AssignReason::LastAgent))
        }
    }
}

fn may_go_back(desk: &Desk, question: &Question<'_>, agent: &Agent, group: &Text, reopened: bool) -> bool {
    let in_line = question.cause == Cause::Admitted || !desk.queue.has_line(group);
    let free = agent.availability() == Availability::Ready && in_line;
    if reopened {
        return free;
    }
    let met = desk.buyers.get(&question.conversation.buyer).and_then(|buyer| buyer.last_agent);
    let Some((_, at)) = met else { return false };
    let Some(window) = desk.policy.last_agent_window(question.now.since(at)) else { return false };
    let answers_for_it = !agent.entry.main_account && agent.entry.groups.contains(group);
    answers_for_it && (free || overrides(agent, window))
}

/// Whether the window lets the agent take somebody although busy or saturated.
fn overrides(agent: &Agent, window: super::policy::LastAgentWindow) -> bool {
    let transfer_only = agent.capacity == 0 && !agent.entry.unlimited;
    let there = match agent.presence {
        Presence::Online => window.ignore_capacity,
        Presence::Busy => window.even_when_busy,
        Presence::OnBreak | Presence::Offline => false,
    };
    agent.entry.enabled && there && !transfer_only && (agent.has_room() || window.ignore_capacity)
}

/// Nobody overtakes those who wait.
fn line(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    if question.cause == Cause::Admitted || !desk.queue.has_line(group) {
        return None;
    }
    trace.steps.push(RouteStep::new(StepKind::Line, Verdict::Passed).in_group(group));
    Some(wait(desk, question, group, QueueReason::BehindOthers, trace))
}

/// Whoever the strategy ranks first among those who are ready.
fn strategy(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    let (best, next) = desk.floor.best(group, handed_by(question));
    let verdict = if best.is_some() { Verdict::Chose } else { Verdict::Passed };
    let mut step = RouteStep::new(StepKind::Strategy, verdict).in_group(group).about(best.map(|p| p.agent));
    step.rank = best.map(|place| place.rank);
    step.runner_up = next.map(|place| (place.agent, place.rank));
    step.dropped = desk.floor.dropped(group);
    trace.steps.push(step);
    best.map(|place| Decision::Assign {
        agent: place.agent,
        reason: AssignReason::Strategy,
        rank: place.rank,
    })
}

/// The agent who hands a conversation to a group does not get it back.
const fn handed_by(question: &Question<'_>) -> Option<AgentId> {
    match question.cause {
        Cause::HandedToGroup(agent) => agent,
        _ => None,
    }
}

/// The main account, if the policy says so and it is there: it then hands out by hand.
fn main_account(
    desk: &Desk,
    question: &Question<'_>,
    group: &Text,
    trace: &mut RouteTrace,
) -> Option<Decision> {
    if !desk.policy.fallbacks.contains(&Fallback::MainAccount) {
        return None;
    }
    let main = desk.ready_main_account().filter(|main| handed_by(question) != Some(main.id));
    let verdict = if main.is_some() { Verdict::Chose } else { Verdict::Passed };
    let about = main.map(|main| main.id).or(desk.main_account);
    trace.steps.push(RouteStep::new(StepKind::MainAccount, verdict).about(about));
    let main = main?;
    let rank = desk.policy.strategy.rank(main, group);
    Some(Decision::Assign { agent: main.id, reason: AssignReason::MainAccount, rank })
}

/// It waits, unless it is new and the queue is full.
fn queue(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    let reason = if matches!(question.cause, Cause::HandedToGroup(_)) {
        QueueReason::Transfer
    } else if desk.floor.dropped(group).somebody_is_there() {
        QueueReason::AllSaturated
    } else {
        QueueReason::NobodyOnDuty
    };
    Some(wait(desk, question, group, reason, trace))
}

fn wait(
    desk: &Desk,
    question: &Question<'_>,
    group: &Text,
    reason: QueueReason,
    trace: &mut RouteTrace,
) -> Decision {
    let limit = usize::try_from(desk.policy.queue_limit).unwrap_or(usize::MAX);
    // Whoever was already received is never turned away, only newcomers are.
    let newcomer = !matches!(question.cause, Cause::Moved(_) | Cause::Admitted);
    let full = newcomer && desk.queue.len() >= limit;
    let verdict = if full { Verdict::QueueFull } else { Verdict::Queued };
    trace.steps.push(RouteStep::new(StepKind::Queue, verdict).in_group(group));
    if full { Decision::Full } else { Decision::Queue(reason) }
}

impl Desk {
    /// The main account, when it is ready for a conversation.
    pub(super) fn ready_main_account(&self) -> Option<&Agent> {
        let main = self.agents.get(&self.main_account?)?;
        (main.availability() == Availability::Ready).then_some(main)
    }

    /// The conversation to admit next: the first ticket of all lines for which somebody has room.
    pub(super) fn next_admission(&self) -> Option<crate::ids::ConversationId> {
        let main_takes =
            self.policy.fallbacks.contains(&Fallback::MainAccount) && self.ready_main_account().is_some();
        self.queue
            .heads()
            .filter(|(group, ..)| {
                let deserted = !self.floor.has_members(group);
                main_takes || self.floor.has_ready(group) || (deserted && self.floor.has_ready(DEFAULT_GROUP))
            })
            .min_by_key(|(_, ticket, _)| *ticket)
            .map(|(.., conversation)| conversation)
    }
}
