//! Random commands for tests, of the desk itself and of everything that must do what a desk does.
//!
//! [`sequences`] makes them in words that shrink well, and a [`Speaker`] turns words into commands, in view of a desk.

mod policies;
mod words;

pub use words::{Sequence, Standing, Step, Word, sequences};

use super::Desk;
use super::agent::AgentEntry;
use super::command::{Attempt, BuyerMessage, Command, Ordered, Reply};
use super::conversation::Conversation;
use super::event::{HandOverReason, ReportReason, RequestMark, Text, TransferTarget};
use super::language::LanguagePolicy;
use super::policy::{LastAgentWindow, Policy, ShopHours};
use super::strategy::Score;
use crate::ids::{AgentId, CommandId, ConversationId};
use crate::message::MessageKind;
use crate::time::{Span, Timestamp};

const GROUPS: [&str; 3] = ["default", "after-sale", "vip"];

/// One of the agents that words are about.
#[must_use]
pub fn agent_id(n: u8) -> AgentId {
    AgentId::from_bits(0xa0_0000 + u128::from(n))
}

/// The hours of the shop that words are about.
#[must_use]
pub fn hours() -> ShopHours {
    ShopHours {
        time_zone: "Asia/Shanghai".into(),
        service_start: "08:00".into(),
        service_end: "23:00".into(),
    }
}

/// Turns words into attempts, each a little later than the one before.
#[derive(Clone, Debug, Default)]
pub struct Speaker {
    now: Timestamp,
    commands: u128,
}

impl Speaker {
    /// How many attempts it has made.
    #[must_use]
    pub const fn commands(&self) -> u128 {
        self.commands
    }

    /// The command that opens the desk.
    pub fn open(&mut self) -> Ordered {
        self.attempt(Command::SyncShop(hours()), None)
    }

    /// What a word means at this desk.
    pub fn say(&mut self, desk: &Desk, (word, later, request): &Step) -> Ordered {
        // Clocks step back a little now and then.
        let step = Span::from_secs(i64::from(*later) - 20);
        self.now = self.now + step;
        let command = Hearer { desk, now: self.now }.command(word);
        self.attempt(command, *request)
    }

    fn attempt(&mut self, command: Command, request: Option<u8>) -> Ordered {
        self.commands += 1;
        let request = request.map(|id| RequestMark {
            caller: "test".into(),
            request_id: id.to_string().into(),
            body_hash: [0; 32],
        });
        let attempt =
            Attempt { id: CommandId::from_bits(self.commands << 12), request, traceparent: None, command };
        Ordered { attempt, now: self.now, is_new: false }
    }
}

/// The desk that words are said to.
struct Hearer<'d> {
    desk: &'d Desk,
    now: Timestamp,
}

impl Hearer<'_> {
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
