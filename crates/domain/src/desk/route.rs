//! Routing: an ordered pipeline of steps, each of which may end it, and each of which leaves a line in the trace.
//!
//! A step is a function from the desk and the question to a decision or nothing. To add a step, write it and put
//! it into [`PIPELINE`]. Steps only look; whoever asked writes the decision down.

use super::agent::{Agent, Availability, DEFAULT_GROUP, Presence};
use super::conversation::{Conversation, Stage};
use super::event::{AssignReason, QueueReason, Text};
use super::floor::Place;
use super::policy::{Fallback, QueueOrder};
use super::queue::{Line, Ticket};
use super::trace::{RouteStep, RouteTrace, StepKind, Verdict};
use super::{Desk, WORK_LIMIT};
use crate::ids::{AgentId, ConversationId};
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
    /// The buyer has said the first word; the agent who kept a place for it.
    Kept(AgentId),
    /// It was taken up again; its agent then.
    Reopened(Option<AgentId>),
    /// The agent who holds it may not keep it.
    Moved(AgentId),
    /// It stands first in its line and somebody has room.
    Admitted,
    /// It was handed to a group.
    HandedToGroup,
}

/// Where a conversation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// To this agent, found in this ring.
    Assign { agent: AgentId, reason: AssignReason, ring: u8, rank: u64 },
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
const PIPELINE: [Step; 6] = [keep, last_agent, line, strategy, fallbacks, queue];

/// The steps for a page nobody has spoken on: whoever is found keeps a place for it.
const BEFORE_THE_FIRST_WORD: [Step; 3] = [last_agent, line, strategy];

/// Decides where a conversation goes.
pub(super) fn route(desk: &Desk, question: &Question<'_>) -> Route {
    let mut trace = RouteTrace::default();
    let group = target_group(desk, &question.conversation.group, &mut trace);
    let silent = question.conversation.is_silent();
    let steps = if silent { &BEFORE_THE_FIRST_WORD[..] } else { &PIPELINE[..] };
    let decision = steps
        .iter()
        .find_map(|step| step(desk, question, &group, &mut trace))
        // The last step always decides, but for a page nobody has spoken on.
        .unwrap_or(Decision::Full);
    (group, decision, trace)
}

/// The group asked for, or the default group when nobody answers for it.
fn target_group(desk: &Desk, asked: &Text, trace: &mut RouteTrace) -> Text {
    let group = desk.served(asked);
    trace.steps.push(RouteStep::new(StepKind::TargetGroup, Verdict::Passed).in_group(&group));
    group
}

/// Whoever held it and may not keep it is named first. Whoever kept a place gets it, if she answers for the group.
fn keep(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    let (Cause::Moved(agent) | Cause::Kept(agent)) = question.cause else { return None };
    let may = |keeper: &&Agent| keeper.keeps_buyers() && keeper.entry.groups.contains(group);
    let is_kept = matches!(question.cause, Cause::Kept(_));
    let keeper = desk.agents.get(&agent).filter(|_| is_kept).filter(may);
    let verdict = if keeper.is_some() { Verdict::Chose } else { Verdict::Passed };
    trace.steps.push(RouteStep::new(StepKind::Keep, verdict).about(Some(agent)));
    let rank = desk.policy.strategy.rank(keeper?, group);
    Some(Decision::Assign { agent, reason: AssignReason::FirstWord, ring: 1, rank })
}

/// The agent the buyer knows (熟客优先), within the policy's windows; never one who is away,
/// on break, off duty, disabled or under a sanction.
fn last_agent(
    desk: &Desk,
    question: &Question<'_>,
    group: &Text,
    trace: &mut RouteTrace,
) -> Option<Decision> {
    let (agent, reason) = known_agent(desk, question, group)?;
    let verdict = if reason.is_some() { Verdict::Chose } else { Verdict::Passed };
    trace.steps.push(RouteStep::new(StepKind::LastAgent, verdict).about(Some(agent.id)));
    let rank = desk.policy.strategy.rank(agent, group);
    Some(Decision::Assign { agent: agent.id, reason: reason?, ring: 1, rank })
}

/// The agent the buyer knows, and why they get the buyer, if they do: the conversation was taken up again and they
/// are free, or the shop's windows say so.
fn known_agent<'d>(
    desk: &'d Desk,
    question: &Question<'_>,
    group: &Text,
) -> Option<(&'d Agent, Option<AssignReason>)> {
    if question.cause == Cause::HandedToGroup {
        return None;
    }
    let may_be = |agent: &&Agent| !question.excludes(agent.id);
    if let Cause::Reopened(Some(agent)) = question.cause
        && let Some(agent) = desk.agents.get(&agent).filter(may_be)
        && is_free(desk, question, agent, group)
    {
        return Some((agent, Some(AssignReason::Reopened)));
    }
    if !desk.policy.strategy.pushes() {
        return None;
    }
    let (agent, met) = desk.buyers.get(&question.conversation.buyer_key())?.last_agent?;
    let agent = desk.agents.get(&agent).filter(may_be)?;
    let taken = may_go_back(desk, question, agent, group, met).then_some(AssignReason::LastAgent);
    Some((agent, taken))
}

/// Whether an agent may be given the conversation without overtaking anybody.
fn is_free(desk: &Desk, question: &Question<'_>, agent: &Agent, group: &Text) -> bool {
    let in_line = question.cause == Cause::Admitted || !desk.queue.has_line(group);
    agent.availability() == Availability::Ready && in_line
}

fn may_go_back(desk: &Desk, question: &Question<'_>, agent: &Agent, group: &Text, met: Timestamp) -> bool {
    let Some(window) = desk.policy.last_agent_window(question.now.since(met)) else { return false };
    let answers_for_it = !agent.entry.main_account && agent.entry.groups.contains(group);
    // Only who is free keeps a place for a page nobody has spoken on.
    let may_override = !question.conversation.is_silent() && overrides(agent, window);
    answers_for_it && (is_free(desk, question, agent, group) || may_override)
}

/// Whether the window lets the agent take somebody although busy or saturated.
fn overrides(agent: &Agent, window: super::policy::LastAgentWindow) -> bool {
    let transfer_only = agent.capacity == 0 && !agent.entry.unlimited;
    let there = match agent.presence {
        Presence::Online => window.ignore_capacity,
        Presence::Busy => window.even_when_busy,
        Presence::OnBreak | Presence::Offline => false,
    };
    let may_work = agent.entry.enabled
        && agent.entry.sanction.is_none()
        && agent.duty.on_duty
        && agent.next.is_none()
        && agent.ramping.is_none_or(|ramping| ramping.rests.is_none());
    may_work && there && !transfer_only && (agent.has_room() || window.ignore_capacity)
}

/// Nobody overtakes those who wait.
fn line(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    if question.cause == Cause::Admitted || !desk.queue.has_line(group) {
        return None;
    }
    trace.steps.push(RouteStep::new(StepKind::Line, Verdict::Passed).in_group(group));
    Some(wait(desk, question, group, QueueReason::BehindOthers, trace))
}

/// Whoever the strategy ranks first among those who are ready: of the group, else of those that help it out after so
/// long a wait.
fn strategy(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    if !desk.policy.strategy.pushes() {
        return None;
    }
    let open = question.ring(desk, group);
    (1..).zip(desk.policy.rings_of(group, open)).find_map(|(ring, of_ring)| {
        let group = desk.served(of_ring);
        let (best, next) = desk.floor.best(&group, question.excluded());
        let verdict = if best.is_some() { Verdict::Chose } else { Verdict::Passed };
        let mut step =
            RouteStep::new(StepKind::Strategy, verdict).in_group(&group).about(best.map(|place| place.agent));
        step.rank = best.map(|place| place.rank);
        step.runner_up = next.map(|place| (place.agent, place.rank));
        step.dropped = desk.floor.dropped(&group);
        trace.steps.push(step);
        let Place { agent, rank, .. } = best?;
        Some(Decision::Assign { agent, reason: AssignReason::Strategy, ring, rank })
    })
}

/// What the shop does when no sub-account can take it, in its order; the queue is a step of its own.
fn fallbacks(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    if !desk.policy.strategy.pushes() {
        return None;
    }
    desk.policy.fallbacks.iter().find_map(|fallback| match fallback {
        Fallback::MainAccount => main_account(desk, question, group, trace),
        Fallback::LeaveMessage => leave_message(desk, question, group, trace),
        Fallback::Queue => None,
    })
}

/// The main account, if it is there: it then hands out by hand.
fn main_account(
    desk: &Desk,
    question: &Question<'_>,
    group: &Text,
    trace: &mut RouteTrace,
) -> Option<Decision> {
    let main = desk.ready_main_account().filter(|main| !question.excludes(main.id));
    let verdict = if main.is_some() { Verdict::Chose } else { Verdict::Passed };
    let about = main.map(|main| main.id).or(desk.main_account);
    trace.steps.push(RouteStep::new(StepKind::MainAccount, verdict).about(about));
    let main = main?;
    let rank = desk.policy.strategy.rank(main, group);
    Some(Decision::Assign { agent: main.id, reason: AssignReason::MainAccount, ring: 1, rank })
}

/// A message for whom the buyer knows, or for whoever is likeliest to be back, where nobody at all is there. While
/// somebody is there, however full, it waits instead.
fn leave_message(
    desk: &Desk,
    question: &Question<'_>,
    group: &Text,
    trace: &mut RouteTrace,
) -> Option<Decision> {
    let somebody_is_there = desk.floor.dropped(group).somebody_is_there();
    let agent = (!somebody_is_there).then(|| message_taker(desk, question, group)).flatten();
    let verdict = if agent.is_some() { Verdict::Chose } else { Verdict::Passed };
    trace.steps.push(RouteStep::new(StepKind::LeaveMessage, verdict).in_group(group).about(agent));
    let agent = agent?;
    let rank = desk.agents.get(&agent).map_or(0, |agent| desk.policy.strategy.rank(agent, group));
    Some(Decision::Assign { agent, reason: AssignReason::LeaveMessage, ring: 1, rank })
}

/// Whoever has the message already keeps it; else the agent the buyer knows, if she answers for the group and may work;
/// else the first of those who are away.
fn message_taker(desk: &Desk, question: &Question<'_>, group: &Text) -> Option<AgentId> {
    let suits = |agent: &AgentId| {
        let known = desk.agents.get(agent);
        known.is_some_and(|agent| {
            let bars = !agent.entry.enabled || agent.entry.sanction.is_some() || agent.entry.main_account;
            !bars && agent.entry.groups.contains(group) && !question.excludes(agent.id)
        })
    };
    let holder = question.conversation.agent().filter(|_| question.conversation.left);
    let knows = desk.buyers.get(&question.conversation.buyer_key()).and_then(|buyer| buyer.last_agent);
    let known = holder.into_iter().chain(knows.map(|(agent, _)| agent)).find(suits);
    known.or_else(|| desk.floor.first_away(group, question.excluded()))
}

/// It waits, unless it is new and the queue is full.
fn queue(desk: &Desk, question: &Question<'_>, group: &Text, trace: &mut RouteTrace) -> Option<Decision> {
    let reason = if question.cause == Cause::HandedToGroup {
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
    // Whoever was already received, or waits already, is never turned away: only newcomers are.
    let received = matches!(question.cause, Cause::Moved(_) | Cause::Admitted);
    let waits = desk.conversations.get(&question.conversation.id).map(|known| known.stage);
    let newcomer = !received && !matches!(waits, Some(Stage::Queued(_)));
    let full = newcomer && desk.queue.len() >= limit;
    let verdict = if full { Verdict::QueueFull } else { Verdict::Queued };
    trace.steps.push(RouteStep::new(StepKind::Queue, verdict).in_group(group));
    if full { Decision::Full } else { Decision::Queue(reason) }
}

impl Question<'_> {
    /// Who may not get it by itself.
    fn excluded(&self) -> Option<AgentId> {
        self.conversation.not_for()
    }

    fn excludes(&self, agent: AgentId) -> bool {
        self.excluded() == Some(agent)
    }

    /// How many rings may take it: as many as have opened while it waited.
    fn ring(&self, desk: &Desk, group: &Text) -> u8 {
        let waits = matches!(self.conversation.stage, Stage::Queued(_)) && self.conversation.group == *group;
        if waits { self.conversation.ring } else { desk.policy.first_ring(group) }
    }
}

impl Desk {
    /// The main account, when it is ready for a conversation.
    pub(super) fn ready_main_account(&self) -> Option<&Agent> {
        let main = self.agents.get(&self.main_account?)?;
        (main.availability() == Availability::Ready).then_some(main)
    }

    /// The conversation to admit next: of all lines, the first ticket somebody has room for. Whoever waits for
    /// somebody other than the one who handed them over is passed by while only that one has room. Where savable ones
    /// go first, every so many admissions one of the late has its turn.
    pub(super) fn next_admission(&self) -> Option<ConversationId> {
        let first = |(group, line): (&Text, &Line), late: bool| {
            let takers = self.takers(group)?;
            let servable = |(_, id): &&(Ticket, ConversationId)| takers.beside(self.not_for(*id));
            if late { line.late().find(servable).copied() } else { line.iter().find(servable).copied() }
        };
        let late = self.late_is_next().then(|| self.queue.lines().filter_map(|line| first(line, true)).min());
        let next = late.flatten().or_else(|| self.queue.lines().filter_map(|line| first(line, false)).min());
        next.map(|(_, conversation)| conversation)
    }

    /// The conversation an agent gets who takes the next one herself.
    pub(super) fn next_for(&self, agent: &Agent) -> Option<ConversationId> {
        let serves = |group: &Text| {
            let deserted = **group != *DEFAULT_GROUP && !self.floor.has_members(group);
            agent.entry.main_account
                || agent.entry.groups.contains(group)
                || (deserted && agent.entry.groups.iter().any(|own| **own == *DEFAULT_GROUP))
        };
        let lines = || self.queue.lines().filter(|(group, _)| serves(group)).map(|(_, line)| line);
        let suits = |(_, id): &&(Ticket, ConversationId)| self.not_for(*id) != Some(agent.id);
        let late = self.late_is_next().then(|| lines().filter_map(|line| line.late().find(suits)).min());
        let next = late.flatten().or_else(|| lines().filter_map(|line| line.iter().find(suits)).min());
        next.map(|(_, conversation)| *conversation)
    }

    /// Whether so many savable conversations have been taken in a row that one of the late has its turn.
    fn late_is_next(&self) -> bool {
        match self.policy.order {
            QueueOrder::SavableFirst { late_every, .. } => {
                self.savable_in_a_row.saturating_add(1) >= late_every
            }
            QueueOrder::FirstCome => false,
        }
    }

    /// The conversation to try next of those the queue had no room for.
    pub(super) fn next_overflow(&self) -> Option<ConversationId> {
        let room = self.queue.len() < usize::try_from(self.policy.queue_limit).unwrap_or(usize::MAX);
        let servable = |id: &ConversationId| {
            let Some(conversation) = self.conversations.get(id) else { return false };
            let group = self.served_group(&conversation.group);
            let takers = self.takers(group).filter(|_| !self.queue.has_line(group));
            takers.is_some_and(|takers| takers.beside(conversation.not_for()))
        };
        self.overflow.iter().take(WORK_LIMIT).map(|(_, id)| *id).find(|id| room || servable(id))
    }

    fn not_for(&self, id: ConversationId) -> Option<AgentId> {
        self.conversations.get(&id)?.not_for()
    }

    /// The same, as a name of its own.
    fn served(&self, group: &Text) -> Text {
        if self.floor.has_members(group) { group.clone() } else { Text::from(DEFAULT_GROUP) }
    }

    /// The group whose agents take what is for this group: itself, or the default group when nobody answers for it.
    fn served_group<'g>(&self, group: &'g str) -> &'g str {
        if self.floor.has_members(group) { group } else { DEFAULT_GROUP }
    }

    /// Who has room for a conversation of this group; `None` when nobody has.
    fn takers(&self, group: &str) -> Option<Takers> {
        if !self.policy.strategy.pushes() {
            return None;
        }
        let (best, next) = self.floor.best(self.served_group(group), None);
        let main_takes = self.policy.fallbacks.contains(&Fallback::MainAccount);
        let main = main_takes.then(|| self.ready_main_account()).flatten().map(|main| main.id);
        let ready = [best.map(|place| place.agent), next.map(|place| place.agent), main];
        ready.iter().any(Option::is_some).then_some(Takers(ready))
    }
}

/// Up to two agents and the main account who have room: enough to know whether anybody beside one given agent has.
struct Takers([Option<AgentId>; 3]);

impl Takers {
    fn beside(&self, except: Option<AgentId>) -> bool {
        self.0.iter().flatten().any(|agent| Some(*agent) != except)
    }
}
