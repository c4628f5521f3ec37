//! Random commands, in words that shrink well.

use proptest::collection;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::policies::{More, more};
use crate::desk::agent::{Presence, Sanction, SanctionKind};
use crate::desk::duty::{Duty, DutyWindow};
use crate::desk::event::CloseActor;
use crate::desk::language::LanguageAction;
use crate::message::Actor;
use crate::time::{Span, Timestamp};

const AGENTS: u8 = 6;
const BUYERS: u8 = 12;
/// Most commands in a sequence, less one.
const LENGTH: usize = 120;

/// Commands that follow each other, and after how many of them a desk is stopped and restored.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The commands.
    pub steps: Vec<Step>,
    /// After how many of them, modulo how many there are.
    pub cut: usize,
}

/// A command in words that shrink well; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is the command of its name")]
pub enum Word {
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
pub struct Standing {
    windows: Option<Vec<(i8, u8)>>,
    through: u8,
    sanction: Option<(SanctionKind, Option<i8>)>,
}

impl Standing {
    pub(super) fn duty(&self, now: Timestamp) -> Option<Duty> {
        let windows = self.windows.as_ref()?.iter().map(|(start, length)| {
            let start = now + Span::from_mins(i64::from(*start));
            DutyWindow { start, end: start + Span::from_mins(i64::from(*length)) }
        });
        Some(Duty { windows: windows.collect(), through: now + Span::from_mins(i64::from(self.through)) })
    }

    pub(super) fn sanction(&self, now: Timestamp) -> Option<Sanction> {
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
pub type Step = (Word, u16, Option<u8>);

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
        3 => (0..BUYERS).prop_map(Word::Enter),
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

/// Random sequences.
pub fn sequences() -> impl Strategy<Value = Sequence> {
    let step = (word(), 0..400_u16, proptest::option::weighted(0.3, 0..10_u8));
    (collection::vec(step, 1..LENGTH), 0..LENGTH).prop_map(|(steps, cut)| Sequence { steps, cut })
}
