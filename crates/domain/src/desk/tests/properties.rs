//! The ten properties of `../README.md`, over random commands. Each run checks all of them after every event and
//! every command; the tests below are named after the properties that need a comparison of their own.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::Config;
use proptest::{collection, prop_assert_eq, proptest};

use super::policies::{More, more};
use super::world::World;
use crate::desk::Desk;
use crate::desk::agent::{AgentEntry, Presence, Sanction, SanctionKind};
use crate::desk::command::{Attempt, BuyerMessage, Command, Reply};
use crate::desk::duty::{Duty, DutyWindow};
use crate::desk::event::{
    CloseActor, Event, HandOverReason, ReportReason, RequestMark, Text, TransferTarget,
};
use crate::desk::language::{LanguageAction, LanguagePolicy};
use crate::desk::policy::{LastAgentWindow, Policy, ShopHours};
use crate::desk::strategy::Score;
use crate::ids::{AgentId, CommandId, ConversationId, ShopId};
use crate::message::{Actor, MessageKind};
use crate::time::{Span, Timestamp};

const AGENTS: u8 = 6;
const BUYERS: u8 = 12;
const GROUPS: [&str; 3] = ["default", "after-sale", "vip"];

/// A command in words that shrink well; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Word {
    Sync { agent: u8, groups: u8, capacity: u8, unlimited: bool, enabled: bool, standing: Standing },
    Presence(u8, Presence, bool),
    WindDown(u8, Option<Presence>, bool),
    TakeNext(u8),
    Assign(u8, u8, bool),
    Decline(u8),
    Report(u8),
    Rate(u8, u8),
    Score(u8, u16),
    Capacity(u8, u8),
    Lapse(u8),
    Enter(u8),
    Message { buyer: u8, group: u8, priority: u8, external: Option<u8>, late: u8 },
    Human(u8),
    Leave(u8),
    Reply { conversation: u8, actor: Actor, right_agent: bool, rude: bool },
    Close { conversation: u8, by: CloseActor, force: bool },
    ToAgent(u8, u8, bool),
    ToGroup(u8, u8, bool),
    Policy { limit: u8, robot: bool, last: u8, rude: LanguageAction, more: Box<More> },
    Tick,
}

/// Roster and sanction of an agent, in minutes from when they are told.
#[derive(Clone, Debug)]
struct Standing {
    windows: Option<Vec<(i8, u8)>>,
    through: u8,
    sanction: Option<(SanctionKind, Option<i8>)>,
}

impl Standing {
    fn duty(&self, now: Timestamp) -> Option<Duty> {
        let windows = self.windows.as_ref()?.iter().map(|(start, length)| {
            let start = now + Span::from_mins(i64::from(*start));
            DutyWindow { start, end: start + Span::from_mins(i64::from(*length)) }
        });
        Some(Duty { windows: windows.collect(), through: now + Span::from_mins(i64::from(self.through)) })
    }

    fn sanction(&self, now: Timestamp) -> Option<Sanction> {
        let (kind, until) = self.sanction?;
        Some(Sanction { kind, until: until.map(|minutes| now + Span::from_mins(i64::from(minutes))) })
    }
}

fn standing() -> impl Strategy<Value = Standing> {
    let windows = collection::vec((-30..60_i8, 1..40_u8), 0..5);
    let kind = prop_oneof![Just(SanctionKind::Muted), Just(SanctionKind::Banned)];
    let sanction = (kind, proptest::option::weighted(0.8, -5..40_i8));
    (proptest::option::of(windows), 0..120_u8, proptest::option::weighted(0.2, sanction))
        .prop_map(|(windows, through, sanction)| Standing { windows, through, sanction })
}

/// A word, how much later it is said than the one before, and the request id it carries, if any.
type Step = (Word, u16, Option<u8>);

fn word() -> impl Strategy<Value = Word> {
    let agent = 0..AGENTS + 1;
    let any_presence = prop_oneof![4 => Just(Presence::Online), 1 => Just(Presence::Busy), 1 => Just(Presence::OnBreak), 1 => Just(Presence::Offline)];
    let closer = prop_oneof![4 => Just(CloseActor::Agent), 1 => Just(CloseActor::Buyer), 1 => Just(CloseActor::Supervisor)];
    let actor =
        prop_oneof![6 => Just(Actor::Human), 1 => Just(Actor::FullRobot), 1 => Just(Actor::AutoReply)];
    let action =
        prop_oneof![Just(LanguageAction::Warn), Just(LanguageAction::Refuse), Just(LanguageAction::Record)];
    let next = proptest::option::weighted(0.8, prop_oneof![Just(Presence::Offline), Just(Presence::OnBreak)]);
    prop_oneof![
        4 => (agent.clone(), 0..8_u8, 0..4_u8, any::<bool>(), any::<bool>(), standing()).prop_map(
            |(agent, groups, capacity, a, b, standing)| {
                Word::Sync { agent, groups, capacity, unlimited: a && b, enabled: a || b, standing }
            }
        ),
        6 => (agent.clone(), any_presence, any::<bool>()).prop_map(|(a, p, force)| Word::Presence(a, p, force)),
        1 => (agent.clone(), next, any::<bool>()).prop_map(|(a, next, force)| Word::WindDown(a, next, force)),
        2 => agent.clone().prop_map(Word::TakeNext),
        1 => (any::<u8>(), agent.clone(), any::<bool>()).prop_map(|(c, a, force)| Word::Assign(c, a, force)),
        1 => any::<u8>().prop_map(Word::Decline),
        1 => any::<u8>().prop_map(Word::Report),
        1 => (any::<u8>(), 0..7_u8).prop_map(|(c, stars)| Word::Rate(c, stars)),
        1 => (agent.clone(), any::<u16>()).prop_map(|(a, speed)| Word::Score(a, speed)),
        2 => (agent.clone(), 0..4_u8).prop_map(|(agent, capacity)| Word::Capacity(agent, capacity)),
        1 => agent.clone().prop_map(Word::Lapse),
        1 => (0..BUYERS).prop_map(Word::Enter),
        12 => (0..BUYERS, 0..4_u8, 0..3_u8, proptest::option::of(0..20_u8), 0..4_u8).prop_map(
            |(buyer, group, priority, external, late)| Word::Message { buyer, group, priority, external, late }
        ),
        1 => any::<u8>().prop_map(Word::Human),
        1 => any::<u8>().prop_map(Word::Leave),
        8 => (any::<u8>(), actor, proptest::bool::weighted(0.9), proptest::bool::weighted(0.2)).prop_map(
            |(conversation, actor, right_agent, rude)| Word::Reply { conversation, actor, right_agent, rude }
        ),
        6 => (any::<u8>(), closer, any::<bool>()).prop_map(
            |(conversation, by, force)| Word::Close { conversation, by, force }
        ),
        2 => (any::<u8>(), agent, any::<bool>()).prop_map(|(c, a, s)| Word::ToAgent(c, a, s)),
        2 => (any::<u8>(), 0..4_u8, any::<bool>()).prop_map(|(c, g, s)| Word::ToGroup(c, g, s)),
        1 => (0..6_u8, proptest::bool::weighted(0.2), 0..4_u8, action, more()).prop_map(
            |(limit, robot, last, rude, more)| Word::Policy { limit, robot, last, rude, more: Box::new(more) }
        ),
        4 => Just(Word::Tick),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    collection::vec((word(), 0..400_u16, proptest::option::weighted(0.3, 0..10_u8)), 1..120)
}

pub(super) fn agent_id(n: u8) -> AgentId {
    AgentId::from_bits(0xa0_0000 + u128::from(n))
}

pub(super) fn hours() -> ShopHours {
    ShopHours {
        time_zone: "Asia/Shanghai".into(),
        service_start: "08:00".into(),
        service_end: "23:00".into(),
    }
}

/// Runs words against a desk, keeping a naive account beside it.
struct Run {
    desk: Desk,
    world: World,
    now: Timestamp,
    commands: u128,
    events: Vec<Event>,
}

impl Run {
    fn new() -> Self {
        let mut run = Self {
            desk: Desk::new(ShopId::from_bits(1)),
            world: World::default(),
            now: Timestamp::default(),
            commands: 0,
            events: Vec::new(),
        };
        run.apply(Command::SyncShop(hours()), None);
        run
    }

    fn apply(&mut self, command: Command, request: Option<u8>) {
        self.commands += 1;
        let request = request.map(|id| RequestMark {
            caller: "test".into(),
            request_id: id.to_string().into(),
            body_hash: [0; 32],
        });
        let attempt =
            Attempt { id: CommandId::from_bits(self.commands << 12), request, traceparent: None, command };
        let before = self.desk.snapshot();
        let ticks = attempt.command == Command::Tick && attempt.request.is_none();
        match self.desk.apply(self.now, attempt) {
            Ok(applied) => {
                for event in applied.into_events() {
                    self.world.see(&event);
                    self.events.push(event);
                }
            }
            Err(_) => assert_eq!(self.desk.snapshot(), before, "a refused command changes nothing"),
        }
        self.world.check_against(&self.desk);
        if ticks {
            self.world.check_current(&self.desk, self.now);
        }
    }

    fn say(&mut self, (word, later, request): &Step) {
        // Clocks step back a little now and then.
        let step = Span::from_secs(i64::from(*later) - 20);
        self.now = self.now + step;
        let command = self.command(word);
        self.apply(command, *request);
    }

    fn conversation(&self, n: u8) -> ConversationId {
        let open = self.desk.conversations();
        if open.is_empty() { ConversationId::from_bits(7) } else { open[usize::from(n) % open.len()].id }
    }

    fn holder(&self, conversation: ConversationId) -> Option<AgentId> {
        self.desk.conversation(conversation).and_then(super::super::Conversation::agent)
    }

    fn command(&self, word: &Word) -> Command {
        match *word {
            Word::Sync { agent, groups, capacity, unlimited, enabled, ref standing } => {
                let groups =
                    (0..3).filter(|bit| groups & (1 << bit) != 0).map(|bit| GROUPS[bit].into()).collect();
                let main = agent == 0;
                let entry = AgentEntry {
                    display_name: format!("agent {agent}").into(),
                    main_account: main,
                    groups,
                    capacity_ceiling: u32::from(capacity) + 2,
                    capacity_default: u32::from(capacity),
                    unlimited: unlimited || main,
                    enabled: enabled || main,
                    weight: 1,
                    duty: standing.duty(self.now),
                    sanction: standing.sanction(self.now),
                };
                Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) }
            }
            Word::Presence(agent, presence, force) => {
                Command::SetPresence { agent: agent_id(agent), presence, force }
            }
            Word::WindDown(agent, next, force) => Command::WindDown { agent: agent_id(agent), next, force },
            Word::TakeNext(agent) => Command::TakeNext { agent: agent_id(agent) },
            Word::Score(agent, speed) => Command::ScoreAgent {
                agent: agent_id(agent),
                scores: vec![("vip".into(), Score { speed_permille: speed.into(), ..Score::default() })],
            },
            Word::Capacity(agent, n) => Command::SetCapacity { agent: agent_id(agent), capacity: n.into() },
            Word::Lapse(agent) => Command::Lapse { agent: agent_id(agent) },
            Word::Enter(n) => Command::EnterChat { buyer: buyer(n), channel: "test".into() },
            Word::Message { buyer: n, group, priority, external, late } => {
                Command::ReceiveMessage(BuyerMessage {
                    buyer: buyer(n),
                    channel: "test".into(),
                    external: external.map(|n| format!("m{n}").into()),
                    occurred: Some(self.now - Span::from_secs(60 * i64::from(late))),
                    kind: MessageKind::Text,
                    length: 3,
                    group: group_name(group),
                    origin: None,
                    priority: 99 + priority,
                })
            }
            Word::Human(n) => Command::RequestHuman {
                conversation: self.conversation(n),
                reason: HandOverReason::BuyerAsked,
            },
            Word::Leave(n) => Command::LeaveQueue { conversation: self.conversation(n) },
            _ => self.shop_side(word),
        }
    }

    fn shop_side(&self, word: &Word) -> Command {
        match *word {
            Word::Reply { conversation, actor, right_agent, rude } => {
                let conversation = self.conversation(conversation);
                let agent = if right_agent { self.holder(conversation) } else { Some(agent_id(1)) };
                Command::Reply(Reply {
                    conversation,
                    actor,
                    agent,
                    kind: MessageKind::Text,
                    length: 2,
                    occurred: None,
                    small_talk: false,
                    language: rude.then(|| Text::from("rude")).into_iter().collect(),
                })
            }
            Word::Close { conversation, by, force } => {
                let conversation = self.conversation(conversation);
                Command::Close { conversation, by, agent: self.holder(conversation), force }
            }
            Word::ToAgent(conversation, agent, supervisor) => {
                let conversation = self.conversation(conversation);
                let from = if supervisor { None } else { self.holder(conversation) };
                Command::Transfer { conversation, from, target: TransferTarget::Agent(agent_id(agent)) }
            }
            Word::ToGroup(conversation, group, supervisor) => {
                let conversation = self.conversation(conversation);
                let from = if supervisor { None } else { self.holder(conversation) };
                let group = group_name(group).unwrap_or_else(|| "nobody's".into());
                Command::Transfer { conversation, from, target: TransferTarget::Group(group) }
            }
            Word::Assign(conversation, agent, force) => Command::Assign {
                conversation: self.conversation(conversation),
                agent: agent_id(agent),
                force,
            },
            Word::Decline(n) => {
                let conversation = self.conversation(n);
                let agent = self.holder(conversation).unwrap_or(agent_id(1));
                Command::DeclineTransfer { conversation, agent }
            }
            Word::Report(n) => {
                let conversation = self.conversation(n);
                let agent = self.holder(conversation).unwrap_or(agent_id(1));
                Command::Report { conversation, agent, reason: ReportReason::Advertising }
            }
            Word::Rate(n, stars) => Command::Rate { conversation: self.conversation(n), agent: None, stars },
            Word::Policy { limit, robot, last, rude, ref more } => {
                let window = LastAgentWindow {
                    max_age: Span::from_mins(20),
                    even_when_busy: last & 1 != 0,
                    ignore_capacity: last & 2 != 0,
                };
                let policy = Policy {
                    queue_limit: limit.into(),
                    robot_first: robot,
                    last_agent_windows: vec![window],
                    language: LanguagePolicy { words: vec!["rude".into()], action: rude },
                    ..Policy::for_hours(hours())
                };
                Command::ReplacePolicy { policy: Box::new(more.apply(policy)), if_policy: None }
            }
            _ => Command::Tick,
        }
    }
}

fn buyer(n: u8) -> Text {
    format!("buyer {n}").into()
}

fn group_name(n: u8) -> Option<Text> {
    GROUPS.get(usize::from(n)).map(|group| Text::from(*group))
}

/// How many random sequences a test runs; `FENLIU_CASES` asks for more.
fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500);
    Config { cases, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Properties 1 to 6, 9 and 10 are checked by the naive account at every event; 7 is checked at the end.
    #[test]
    fn the_ten_properties_hold_over_random_commands(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.say(step);
        }
        let mut replayed = Desk::new(run.desk.shop());
        for event in &run.events {
            replayed.replay(event).expect("the events of one desk follow each other");
        }
        let left = run.desk.snapshot();
        prop_assert_eq!(replayed.snapshot(), left.clone(), "replay gives the state that apply left");
        let restored = left.clone().map(Desk::restore).expect("something has happened");
        prop_assert_eq!(restored.snapshot(), left);
        prop_assert_eq!(&restored.floor, &run.desk.floor);
        prop_assert_eq!(&restored.queue, &run.desk.queue);
        prop_assert_eq!(&restored.timers, &run.desk.timers);
        prop_assert_eq!(&restored.boundaries, &run.desk.boundaries);
        prop_assert_eq!(&restored.stranded, &run.desk.stranded);
        prop_assert_eq!(&restored.wound_down, &run.desk.wound_down);
        prop_assert_eq!(&restored.expiries, &run.desk.expiries);
    }

    #[test]
    fn the_same_commands_at_the_same_times_give_the_same_events(steps in steps()) {
        let events = || {
            let mut run = Run::new();
            for step in &steps {
                run.say(step);
            }
            run.events
        };
        prop_assert_eq!(events(), events());
    }

    /// A desk restored in the middle goes on exactly as the one that was never interrupted.
    #[test]
    fn a_restored_desk_decides_as_the_one_that_never_stopped(steps in steps(), cut in 0..120_usize) {
        let mut through = Run::new();
        let mut stopped = Run::new();
        for (place, step) in steps.iter().enumerate() {
            if place == cut {
                let snapshot = stopped.desk.snapshot().expect("something has happened");
                stopped.desk = Desk::restore(snapshot);
            }
            through.say(step);
            stopped.say(step);
        }
        prop_assert_eq!(through.events, stopped.events);
    }
}
