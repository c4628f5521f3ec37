//! A desk that random commands are said to, with a naive account kept beside it.

use super::words::{Sequence, Step, Word};
use super::{agent_id, hours};
use crate::desk::agent::AgentEntry;
use crate::desk::command::{Applied, Attempt, BuyerMessage, Command, Reply};
use crate::desk::conversation::Conversation;
use crate::desk::event::{Event, HandOverReason, ReportReason, RequestMark, Text, TransferTarget};
use crate::desk::language::LanguagePolicy;
use crate::desk::policy::{LastAgentWindow, Policy};
use crate::desk::strategy::Score;
use crate::desk::tests::property::{Broken, Property};
use crate::desk::tests::world::World;
use crate::desk::{Desk, WORK_LIMIT};
use crate::ids::{AgentId, CommandId, ConversationId, ShopId};
use crate::message::MessageKind;
use crate::time::{Span, Timestamp};

const GROUPS: [&str; 3] = ["default", "after-sale", "vip"];

/// A naive account of the desk, and what it shows to be broken.
#[derive(Debug)]
struct Watch<'b> {
    world: World,
    broken: &'b mut Broken,
}

/// Runs words against a desk, keeping a naive account beside it where one is wanted.
#[derive(Debug)]
struct Run<'b> {
    desk: Desk,
    watch: Option<Watch<'b>>,
    now: Timestamp,
    commands: u128,
    events: Vec<Event>,
}

/// Runs a sequence to its end, and again; what it breaks is noted. How many commands it had.
pub(super) fn run(sequence: &Sequence, broken: &mut Broken) -> u128 {
    let mut watched = Run::new(Some(Watch { world: World::default(), broken: &mut *broken }));
    watched.say_all(&sequence.steps);
    let Run { desk, commands, events, .. } = watched;
    check_replay(&desk, &events, broken);
    let mut again = Run::new(None);
    again.say_all(&sequence.steps);
    broken.unless(again.events == events, Property::SameEvents, "other events the second time");
    let (before, after) = sequence.steps.split_at(sequence.cut % sequence.steps.len());
    let mut stopped = Run::new(None);
    stopped.say_all(before);
    stopped.desk = Desk::restore(stopped.desk.snapshot().expect("something has happened"));
    stopped.say_all(after);
    let goes_on = stopped.events == events;
    broken.unless(goes_on, Property::Replay, "a restored desk decides as the one that never stopped");
    commands
}

/// Property 7: what is rebuilt from the events, and what is restored from a snapshot, is the desk there was.
fn check_replay(desk: &Desk, events: &[Event], broken: &mut Broken) {
    let mut replayed = Desk::new(desk.shop());
    let follow = events.iter().all(|event| replayed.replay(event).is_ok());
    broken.unless(follow, Property::Replay, "the events of one desk follow each other");
    let left = desk.snapshot();
    broken.unless(replayed.snapshot() == left, Property::Replay, "replay gives the state that apply left");
    let restored = left.clone().map(Desk::restore).expect("something has happened");
    broken.unless(restored.snapshot() == left, Property::Replay, "so does a snapshot");
    for (name, rebuilt) in [("replayed", &replayed), ("restored", &restored)] {
        let indexes = [
            ("floor", rebuilt.floor == desk.floor),
            ("queue", rebuilt.queue == desk.queue),
            ("timers", rebuilt.timers == desk.timers),
            ("boundaries", rebuilt.boundaries == desk.boundaries),
            ("stranded", rebuilt.stranded == desk.stranded),
            ("wound down", rebuilt.wound_down == desk.wound_down),
            ("overflow", rebuilt.overflow == desk.overflow),
            ("expiries", rebuilt.expiries == desk.expiries),
        ];
        for (index, same) in indexes {
            broken.unless(same, Property::Replay, format_args!("the {index} of a {name} desk is the same"));
        }
    }
}

impl<'b> Run<'b> {
    fn new(watch: Option<Watch<'b>>) -> Self {
        let mut run = Self {
            desk: Desk::new(ShopId::from_bits(1)),
            watch,
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
        let ticks = attempt.command == Command::Tick && attempt.request.is_none();
        let before = self.watch.is_some().then(|| self.desk.snapshot());
        let applied = self.desk.apply(self.now, attempt);
        if let Some(Watch { broken, .. }) = &mut self.watch {
            let unchanged = applied.is_ok() || before == Some(self.desk.snapshot());
            broken.unless(unchanged, Property::Beside, "a refused command changes nothing");
        }
        let events = applied.map(Applied::into_events).unwrap_or_default();
        if let Some(Watch { broken, .. }) = &mut self.watch {
            // A whole share of work leaves events behind, and nothing else may leave anything over.
            let all = self.desk.next_due() != Some(Timestamp::MIN) || events.len() >= WORK_LIMIT;
            broken.unless(all, Property::Beside, "nothing is left over");
        }
        for event in events {
            if let Some(Watch { world, broken }) = &mut self.watch {
                world.see(&event, broken);
            }
            self.events.push(event);
        }
        if let Some(Watch { world, broken }) = &mut self.watch {
            world.check_against(&self.desk, broken);
            if ticks {
                world.check_current(&self.desk, self.now, broken);
            }
        }
    }

    fn say_all(&mut self, steps: &[Step]) {
        for step in steps {
            self.say(step);
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
        self.desk.conversation(conversation).and_then(Conversation::agent)
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
