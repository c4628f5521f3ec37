//! The story played at a desk of the domain, without gRPC.

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::{
    Agent as DeskAgent, AgentEntry, Availability, DEFAULT_GROUP, Sanction, SanctionKind,
};
use fenliu_domain::desk::command::{Attempt, BuyerMessage, Command, Reply};
use fenliu_domain::desk::conversation::Stage;
use fenliu_domain::desk::event::{CloseActor, Event, Payload, PresenceCause};
use fenliu_domain::desk::policy::ShopHours;
use fenliu_domain::ids::{AgentId, CommandId, ShopId};
use fenliu_domain::message::{Actor, MessageKind};

use super::*;
use crate::demo::cast::END;

const MUTE: Sanction = Sanction { kind: SanctionKind::Muted, until: None };
const GRACE: Span = Span::from_secs(45);

/// A desk with the cast, and what was seen of the evening.
struct Play {
    story: Story,
    desk: Desk,
    commands: u128,
    beats: Vec<Timestamp>,
    seen: Seen,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    acts: Vec<(Timestamp, Act)>,
    longest_queue: usize,
    fullest: Vec<u32>,
    lapses: usize,
    replies: usize,
    given_on_break: usize,
    moved_by_mute: usize,
}

fn agent_id(agent: usize) -> AgentId {
    AgentId::from_bits(agent as u128 + 1)
}

fn agent_of(id: AgentId) -> usize {
    usize::try_from(id.bits()).expect("small") - 1
}

fn play(seed: u64) -> Play {
    let mut play = Play {
        story: Story::new(seed, START + END),
        desk: Desk::new(ShopId::from_bits(1)),
        commands: 0,
        beats: vec![START; STAFF.len()],
        seen: Seen { fullest: vec![0; STAFF.len()], ..Seen::default() },
    };
    let hours = ShopHours {
        time_zone: "Asia/Shanghai".into(),
        service_start: "08:00".into(),
        service_end: "23:00".into(),
    };
    play.command(START, &Command::SyncShop(hours));
    for agent in 0..STAFF.len() {
        play.sync(START, agent, None);
    }
    while let Some(due) = play.story.due() {
        play.catch_up(due);
        let Some((at, act)) = play.story.step() else { continue };
        play.seen.acts.push((at, act));
        play.act(at, act);
    }
    play
}

impl Play {
    fn catch_up(&mut self, at: Timestamp) {
        for agent in 0..STAFF.len() {
            let lapse = self.beats[agent] + GRACE;
            let online = self.desk.agent(agent_id(agent)).is_some_and(|of| of.presence != Presence::Offline);
            if online && lapse < at {
                self.command(lapse, &Command::Lapse { agent: agent_id(agent) });
            }
        }
        while let Some(due) = self.desk.next_due().filter(|due| *due <= at) {
            self.command(due, &Command::Tick);
        }
    }

    fn act(&mut self, at: Timestamp, act: Act) {
        let conversation_of = |agent: Option<usize>| agent.map(agent_id);
        match act {
            Act::ShowBoard => {}
            Act::Mute { agent } => self.sync(at, agent, Some(MUTE)),
            Act::LiftMute { agent } => self.sync(at, agent, None),
            Act::Beat { agent } => self.beats[agent] = at,
            Act::SetPresence { agent, presence } => {
                self.beats[agent] = at;
                self.command(at, &Command::SetPresence { agent: agent_id(agent), presence, force: true });
            }
            Act::Ask { buyer } => {
                let message = BuyerMessage {
                    buyer: format!("{buyer}").into(),
                    channel: "demo".into(),
                    external: None,
                    occurred: None,
                    kind: MessageKind::Text,
                    length: 3,
                    group: None,
                    origin: None,
                    priority: 100,
                };
                let events = self.apply(at, &Command::ReceiveMessage(message));
                let conversation = events.iter().find_map(|event| event.conversation).expect("has one");
                self.story.opened(buyer, conversation);
                self.tell(&events);
            }
            Act::Reply { agent, conversation } => self.command(
                at,
                &Command::Reply(Reply {
                    conversation,
                    actor: Actor::Human,
                    agent: Some(agent_id(agent)),
                    kind: MessageKind::Text,
                    length: 5,
                    occurred: None,
                    small_talk: false,
                    language: Vec::new(),
                }),
            ),
            Act::Close { conversation, agent } => {
                let by = if agent.is_some() { CloseActor::Agent } else { CloseActor::Buyer };
                self.command(
                    at,
                    &Command::Close { conversation, by, agent: conversation_of(agent), force: false },
                );
            }
            Act::LeaveQueue { conversation } => self.command(at, &Command::LeaveQueue { conversation }),
        }
    }

    /// The directory tells of an agent.
    fn sync(&mut self, at: Timestamp, agent: usize, sanction: Option<Sanction>) {
        let part = STAFF[agent];
        let entry = AgentEntry {
            display_name: part.name.into(),
            main_account: false,
            groups: vec![DEFAULT_GROUP.into()],
            capacity_ceiling: part.capacity,
            capacity_default: part.capacity,
            unlimited: false,
            enabled: true,
            weight: 1,
            duty: None,
            sanction,
        };
        self.command(at, &Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) });
    }

    fn command(&mut self, at: Timestamp, command: &Command) {
        let events = self.apply(at, command);
        self.tell(&events);
    }

    fn apply(&mut self, at: Timestamp, command: &Command) -> Vec<Event> {
        self.commands += 1;
        let id = CommandId::from_bits(self.commands << 12);
        let attempt = Attempt { id, request: None, traceparent: None, command: command.clone() };
        let applied = self.desk.apply(at, attempt);
        applied.unwrap_or_else(|problem| panic!("{command:?} at {at}: {problem}")).into_events()
    }

    fn tell(&mut self, events: &[Event]) {
        for event in events {
            self.note(event);
            if let Some(news) = news_of(event) {
                self.story.hear(event.recorded, news);
            }
        }
        self.seen.longest_queue = self.seen.longest_queue.max(self.desk.queue_len());
        for agent in 0..STAFF.len() {
            let load = self.desk.agent(agent_id(agent)).map_or(0, DeskAgent::load);
            self.seen.fullest[agent] = self.seen.fullest[agent].max(load);
        }
    }

    fn note(&mut self, event: &Event) {
        match &event.payload {
            Payload::PresenceChanged { cause: PresenceCause::Lapsed, .. } => self.seen.lapses += 1,
            Payload::ReplySent { .. } => self.seen.replies += 1,
            Payload::Assigned { agent, previous, .. } => {
                let muted = |id: AgentId| {
                    self.desk.agent(id).is_some_and(|agent| agent.availability() == Availability::Muted)
                };
                self.seen.moved_by_mute += usize::from(previous.is_some_and(muted));
                let presence = self.desk.agent(*agent).map(|agent| agent.presence);
                self.seen.given_on_break += usize::from(presence == Some(Presence::OnBreak));
            }
            _ => {}
        }
    }
}

fn news_of(event: &Event) -> Option<News> {
    let conversation = event.conversation;
    Some(match &event.payload {
        Payload::MessageReceived { .. } => News::Asked { conversation: conversation? },
        Payload::ReplySent { .. } => News::Replied { conversation: conversation? },
        Payload::Assigned { agent, .. } => {
            News::Assigned { conversation: conversation?, agent: Some(agent_of(*agent)) }
        }
        Payload::Queued { .. } => News::Queued { conversation: conversation? },
        Payload::Closed { .. } => News::Closed { conversation: conversation? },
        Payload::PresenceChanged { agent, presence, .. } => {
            News::Presence { agent: agent_of(*agent), presence: *presence }
        }
        Payload::AgentSynced { agent, entry } => {
            News::Muted { agent: agent_of(*agent), muted: entry.sanction.is_some() }
        }
        _ => return None,
    })
}

#[test]
fn the_evening_has_everything_a_demo_should_show() {
    let seen = play(1).seen;
    assert!(seen.acts.is_sorted_by_key(|(at, _)| *at));
    assert!(seen.longest_queue >= 10, "the queue only reached {}", seen.longest_queue);
    assert_eq!(seen.lapses, 1, "one agent drops off");
    assert_eq!(seen.given_on_break, 0);
    assert_eq!(seen.fullest[7], 3, "the newcomer saturates");
    let breaks = seen
        .acts
        .iter()
        .filter(|(_, act)| matches!(act, Act::SetPresence { presence: Presence::OnBreak, .. }));
    assert_eq!(breaks.count(), 1);
    assert!(seen.moved_by_mute > 0, "whom a muted agent owes an answer goes to others");
}

#[test]
fn the_evening_ends_with_nobody_waiting_and_everybody_at_home() {
    for seed in 1..=5 {
        let play = play(seed);
        assert_eq!(play.desk.queue_len(), 0, "seed {seed}");
        let held = play.desk.conversations().iter().filter(|c| matches!(c.stage, Stage::Assigned(_))).count();
        assert_eq!(held, 0, "seed {seed}");
        let there = play.desk.agents().iter().filter(|agent| agent.presence != Presence::Offline).count();
        assert_eq!(there, 0, "seed {seed}");
    }
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_one_another() {
    assert_eq!(play(4).seen, play(4).seen);
    assert_ne!(play(4).seen.acts, play(5).seen.acts);
}

#[test]
fn every_buyer_gets_an_answer_or_gives_up() {
    let play = play(2);
    let given_up = play.seen.acts.iter().filter(|(_, act)| matches!(act, Act::LeaveQueue { .. })).count();
    let unanswered = play.story.buyers.iter().filter(|buyer| buyer.conversation.is_none()).count();
    assert_eq!(unanswered, 0);
    assert!(play.seen.replies + given_up >= play.story.buyers());
    println!(
        "{} buyers, {} replies, {given_up} gave up, queue {}",
        play.story.buyers(),
        play.seen.replies,
        play.seen.longest_queue
    );
}
