//! Recorded calls through the production desk, on a clock that jumps from one thing that happens to the next.
//!
//! One call is one conversation: it is answered the moment our desk gives it to an agent, and closed when its matter
//! is dealt with. A caller whose patience ends first leaves the queue. At the end of their duty agents finish what
//! they have and take nothing new.
//!
//! Invariants: the same calls, duties and capacity give the same run; every call ends in exactly one [`Fate`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::{AgentEntry, Presence};
use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Reply};
use fenliu_domain::desk::conversation::Stage;
use fenliu_domain::desk::event::{CloseActor, Event, Payload, Text};
use fenliu_domain::desk::policy::{Fallback, MAX_QUEUE_LIMIT, Policy, ShopHours};
use fenliu_domain::ids::{AgentId, CommandId, ConversationId, ShopId};
use fenliu_domain::message::{Actor, MessageKind};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};

use super::calls::Call;
use super::duty::Roster;

/// Head start of callers with priority: they wait as if they had come so much earlier. The bank's own rule.
pub const VIP_HEAD_START: Span = Span::from_secs(90);
/// Priority band of every call; the head start does the rest.
const PRIORITY: u8 = 100;
/// Low bits of a command id that the desk numbers what it makes with.
const INDEX_BITS: u32 = 12;

/// What became of a call at our desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was answered after this wait.
    Answered(Span),
    /// The caller gave up after this wait.
    Abandoned(Span),
    /// It still waited when the log ended.
    Waiting,
}

/// How a replay is to be run.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The calls, in order of asking.
    pub calls: &'a [Call],
    /// Who is on duty when.
    pub roster: &'a Roster,
    /// How many calls an agent may hold at once.
    pub capacity: u32,
    /// When the log ends; nothing after it is seen.
    pub end: Timestamp,
}

/// Runs the calls through a desk of their own. The fates are in the order of the calls.
///
/// # Errors
/// A refusal of the desk, which means that this module and the desk disagree about its rules.
pub fn run(setting: &Setting<'_>) -> Result<Vec<Fate>, Problem> {
    let mut office = Office::open(setting)?;
    while let Some(Reverse(next)) = office.agenda.pop() {
        if next.at > setting.end {
            break;
        }
        office.handle(&next)?;
    }
    Ok(office.fates)
}

/// One entry of the agenda. At the same moment, what frees somebody comes first and what ends patience last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Timestamp,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Finish(usize),
    DutyBegins(usize),
    DutyEnds(usize),
    Arrive(usize),
    LosePatience(usize),
}

struct Office<'a> {
    setting: &'a Setting<'a>,
    desk: Desk,
    commands: u128,
    agenda: BinaryHeap<Reverse<Entry>>,
    fates: Vec<Fate>,
    /// The conversation of each call that is under way.
    conversations: BTreeMap<usize, ConversationId>,
    /// The call of each conversation that waits.
    waiting: BTreeMap<ConversationId, usize>,
}

impl<'a> Office<'a> {
    fn open(setting: &'a Setting<'a>) -> Result<Self, Problem> {
        let duties = setting.roster.duties.iter();
        let starts = duties.clone().map(|duty| Entry { at: duty.from, what: What::DutyBegins(duty.agent) });
        let ends = duties.map(|duty| Entry { at: duty.to, what: What::DutyEnds(duty.agent) });
        let calls = setting.calls.iter().enumerate();
        let arrivals = calls.map(|(call, of)| Entry { at: of.asked, what: What::Arrive(call) });
        let mut office = Self {
            setting,
            desk: Desk::new(ShopId::from_bits(1)),
            commands: 0,
            agenda: starts.chain(ends).chain(arrivals).map(Reverse).collect(),
            fates: vec![Fate::Waiting; setting.calls.len()],
            conversations: BTreeMap::new(),
            waiting: BTreeMap::new(),
        };
        let first = office.agenda.peek().map_or(Timestamp::default(), |first| first.0.at);
        office.set_up(first)?;
        Ok(office)
    }

    fn set_up(&mut self, at: Timestamp) -> Result<(), Problem> {
        let hours =
            ShopHours { time_zone: "UTC".into(), service_start: "00:00".into(), service_end: "24:00".into() };
        let policy = Policy {
            last_agent_windows: Vec::new(),
            fallbacks: vec![Fallback::Queue],
            queue_limit: MAX_QUEUE_LIMIT,
            reopen_window: Span::ZERO,
            reply_due: Vec::new(),
            ..Policy::for_hours(hours.clone())
        };
        self.apply(at, Command::SyncShop(hours))?;
        self.apply(at, Command::ReplacePolicy { policy: Box::new(policy), if_policy: None })?;
        for (agent, name) in self.setting.roster.agents.iter().enumerate() {
            let entry = AgentEntry::plain(Text::from(name.as_str()), self.setting.capacity);
            self.apply(at, Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) })?;
        }
        Ok(())
    }

    fn handle(&mut self, entry: &Entry) -> Result<(), Problem> {
        let at = entry.at;
        match entry.what {
            What::Arrive(call) => self.arrive(at, call),
            What::LosePatience(call) => self.lose_patience(at, call),
            What::Finish(call) => self.finish(at, call),
            What::DutyBegins(agent) => self.command(
                at,
                Command::SetPresence { agent: agent_id(agent), presence: Presence::Online, force: true },
            ),
            What::DutyEnds(agent) => self.end_duty(at, agent_id(agent)),
        }
    }

    fn arrive(&mut self, at: Timestamp, call: usize) -> Result<(), Problem> {
        let of = &self.setting.calls[call];
        let head_start = if of.vip { VIP_HEAD_START } else { Span::ZERO };
        let message = BuyerMessage {
            buyer: format!("call {call}").into(),
            channel: "replay".into(),
            external: None,
            occurred: Some(at - head_start),
            kind: MessageKind::Text,
            length: 0,
            group: None,
            origin: None,
            priority: PRIORITY,
        };
        let events = self.apply(at, Command::ReceiveMessage(message))?;
        if let Some(conversation) = events.iter().find_map(|event| event.conversation) {
            self.conversations.insert(call, conversation);
            self.waiting.insert(conversation, call);
        }
        self.follow(at, &events)?;
        if self.fates[call] == Fate::Waiting {
            self.plan(at + of.patience, What::LosePatience(call));
        }
        Ok(())
    }

    fn lose_patience(&mut self, at: Timestamp, call: usize) -> Result<(), Problem> {
        let Some(conversation) = self.conversations.get(&call).copied() else { return Ok(()) };
        if self.waiting.remove(&conversation).is_none() {
            return Ok(());
        }
        self.fates[call] = Fate::Abandoned(at.since(self.setting.calls[call].asked));
        self.conversations.remove(&call);
        let queued =
            self.desk.conversation(conversation).is_some_and(|c| matches!(c.stage, Stage::Queued(_)));
        if queued {
            return self.command(at, Command::LeaveQueue { conversation });
        }
        let close = Command::Close { conversation, by: CloseActor::Supervisor, agent: None, force: true };
        self.command(at, close)
    }

    fn finish(&mut self, at: Timestamp, call: usize) -> Result<(), Problem> {
        let Some(conversation) = self.conversations.remove(&call) else { return Ok(()) };
        let agent = self.desk.conversation(conversation).and_then(|c| match c.stage {
            Stage::Assigned(agent) => Some(agent),
            Stage::Entered | Stage::Kept(_) | Stage::Open | Stage::WithRobot | Stage::Queued(_) => None,
        });
        self.command(at, Command::Close { conversation, by: CloseActor::Agent, agent, force: false })?;
        match agent {
            Some(agent) if self.presence(agent) == Some(Presence::Busy) => self.end_duty(at, agent),
            _ => Ok(()),
        }
    }

    /// Agents who still have somebody finish first; then they go.
    fn end_duty(&mut self, at: Timestamp, agent: AgentId) -> Result<(), Problem> {
        let idle = self.desk.agent(agent).is_none_or(|agent| agent.load() == 0);
        let presence = if idle { Presence::Offline } else { Presence::Busy };
        self.command(at, Command::SetPresence { agent, presence, force: true })
    }

    fn presence(&self, agent: AgentId) -> Option<Presence> {
        self.desk.agent(agent).map(|agent| agent.presence)
    }

    /// Carries out a command and everything that comes of it.
    fn command(&mut self, at: Timestamp, command: Command) -> Result<(), Problem> {
        let events = self.apply(at, command)?;
        self.follow(at, &events)
    }

    /// Answers whoever was given to an agent, and lets the desk work off what one command could not.
    fn follow(&mut self, at: Timestamp, events: &[Event]) -> Result<(), Problem> {
        self.answer(at, events)?;
        while self.desk.next_due().is_some_and(|due| due <= at) {
            let events = self.apply(at, Command::Tick)?;
            if events.is_empty() {
                break;
            }
            self.answer(at, &events)?;
        }
        Ok(())
    }

    fn answer(&mut self, at: Timestamp, events: &[Event]) -> Result<(), Problem> {
        for event in events {
            let (Payload::Assigned { agent, .. }, Some(conversation)) = (&event.payload, event.conversation)
            else {
                continue;
            };
            let Some(call) = self.waiting.remove(&conversation) else { continue };
            let of = &self.setting.calls[call];
            self.fates[call] = Fate::Answered(at.since(of.asked));
            self.plan(at + of.handling, What::Finish(call));
            let reply = Reply {
                conversation,
                actor: Actor::Human,
                agent: Some(*agent),
                kind: MessageKind::Text,
                length: 0,
                occurred: None,
                small_talk: false,
                language: Vec::new(),
            };
            self.apply(at, Command::Reply(reply))?;
        }
        Ok(())
    }

    fn apply(&mut self, at: Timestamp, command: Command) -> Result<Vec<Event>, Problem> {
        self.commands += 1;
        let id = CommandId::from_bits(self.commands << INDEX_BITS);
        let applied = self.desk.apply(at, Attempt { id, request: None, traceparent: None, command })?;
        Ok(applied.into_events())
    }

    fn plan(&mut self, at: Timestamp, what: What) {
        self.agenda.push(Reverse(Entry { at, what }));
    }
}

const fn agent_id(agent: usize) -> AgentId {
    AgentId::from_bits(agent as u128 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::calls::Recorded;
    use crate::replay::duty::Duty;

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_micros_clamped(1_000_000_000_000_000 + seconds * 1_000_000)
    }

    fn call(asked: i64, patience: i64, handling: i64) -> Call {
        Call {
            opened: second(asked),
            asked: second(asked),
            vip: false,
            patience: Span::from_secs(patience),
            handling: Span::from_secs(handling),
            recorded: Recorded { waited: Span::ZERO, answered: true },
        }
    }

    fn fates(calls: &[Call], duties: &[(i64, i64)], capacity: u32) -> Vec<Fate> {
        let roster = Roster {
            agents: (0..duties.len()).map(|agent| format!("agent {agent}")).collect(),
            duties: duties
                .iter()
                .enumerate()
                .map(|(agent, (from, to))| Duty { agent, from: second(*from), to: second(*to) })
                .collect(),
        };
        run(&Setting { calls, roster: &roster, capacity, end: second(100_000) })
            .expect("the desk takes it all")
    }

    const fn answered(seconds: i64) -> Fate {
        Fate::Answered(Span::from_secs(seconds))
    }

    const fn abandoned(seconds: i64) -> Fate {
        Fate::Abandoned(Span::from_secs(seconds))
    }

    #[test]
    fn one_agent_serves_one_call_after_the_other_and_the_impatient_leave() {
        let calls = [call(10, 99, 100), call(20, 500, 50), call(30, 60, 50), call(40, 500, 10)];
        assert_eq!(
            fates(&calls, &[(0, 1_000)], 1),
            [answered(0), answered(90), abandoned(60), answered(120)]
        );
    }

    #[test]
    fn a_second_slot_answers_at_once() {
        let calls = [call(10, 99, 100), call(20, 500, 50)];
        assert_eq!(fates(&calls, &[(0, 1_000)], 2), [answered(0), answered(0)]);
    }

    #[test]
    fn a_caller_with_a_head_start_goes_before_those_who_came_up_to_ninety_seconds_earlier() {
        let vip = |asked| Call { vip: true, ..call(asked, 5_000, 10) };
        let calls = [call(0, 9, 200), call(10, 5_000, 10), call(50, 5_000, 10), vip(110)];
        assert_eq!(
            fates(&calls, &[(0, 9_000)], 1),
            [answered(0), answered(190), answered(170), answered(100)]
        );
    }

    #[test]
    fn who_calls_before_anybody_is_on_duty_waits_for_the_first_to_come() {
        assert_eq!(fates(&[call(0, 90, 5), call(1, 20, 5)], &[(60, 90)], 1), [answered(60), abandoned(20)]);
    }

    #[test]
    fn at_the_end_of_a_duty_the_call_under_way_is_finished_and_no_other_begun() {
        let calls = [call(80, 0, 50), call(95, 300, 5)];
        assert_eq!(fates(&calls, &[(0, 90), (200, 300)], 1), [answered(0), answered(105)]);
    }

    #[test]
    fn who_waits_when_the_log_ends_still_waits() {
        assert_eq!(fates(&[call(0, 200_000, 5)], &[], 1), [Fate::Waiting]);
    }
}
