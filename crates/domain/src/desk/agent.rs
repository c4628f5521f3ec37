//! Agents: what the directory says of them, where they are, and how much room they have.

use super::duty::{Duty, DutyState};
use super::event::{Seq, Text};
use super::held::Held;
use super::strategy::Score;
use crate::ids::AgentId;
use crate::time::Timestamp;

/// Highest capacity an agent can have.
pub const MAX_CAPACITY: u32 = 10_000;
/// Capacity below which a warning is given, after TikTok Shop's recommended minimum.
pub const RECOMMENDED_CAPACITY: u32 = 200;
/// Most groups one agent answers for.
pub const MAX_GROUPS: usize = 32;
/// The group of agents who name none, and of conversations that name none.
pub const DEFAULT_GROUP: &str = "default";
/// In scores, every group that is not named.
pub const ANY_GROUP: &str = "";

/// What an agent has said about being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// At the desk.
    Online,
    /// Busy (忙碌, 挂起).
    Busy,
    /// On break (小休).
    OnBreak,
    /// Away, or their heartbeat lapsed.
    Offline,
}

/// One row of the presence table of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresenceRow {
    /// Gets new conversations, while there is room.
    pub new_conversations: bool,
    /// Keeps the buyers they have.
    pub keeps_buyers: bool,
    /// Takes transfers, also beyond capacity.
    pub transfers: bool,
    /// Counts as staffed.
    pub staffed: bool,
}

impl Presence {
    /// Every presence, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Online, Self::Busy, Self::OnBreak, Self::Offline];

    /// The row of the presence table for this state.
    #[must_use]
    pub const fn row(self) -> PresenceRow {
        let (new_conversations, keeps_buyers, transfers, staffed) = match self {
            //                 new    keeps  transf staffed
            Self::Online => (true, true, true, true),
            Self::Busy => (false, true, true, false),
            Self::OnBreak => (false, true, false, false),
            Self::Offline => (false, false, false, false),
        };
        PresenceRow { new_conversations, keeps_buyers, transfers, staffed }
    }
}

impl PresenceRow {
    /// The row of whoever may not work: disabled, muted or banned.
    const BARRED: Self =
        Self { new_conversations: false, keeps_buyers: false, transfers: false, staffed: false };

    /// The row of the same presence off duty: whom they have they keep, and transfers may still come.
    const fn off_duty(self) -> Self {
        Self { new_conversations: false, staffed: false, ..self }
    }
}

/// What an agent may not do for a while, by a decision of the shop or the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sanction {
    /// How far it goes.
    pub kind: SanctionKind,
    /// When it ends by itself; `None` = when it is lifted.
    pub until: Option<Timestamp>,
}

/// How far a sanction goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SanctionKind {
    /// Muted (禁言): nothing new, and no replies.
    Muted,
    /// Banned (封号): not there at all.
    Banned,
}

impl Sanction {
    /// Whether it has ended by itself.
    #[must_use]
    pub fn is_over(self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// How an agent begins who came online while many waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramping {
    /// Until when.
    pub until: Timestamp,
    /// Until when nothing is given to them after the last one; `None` = they may be given the next.
    pub rests: Option<Timestamp>,
}

/// What the directory says of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentEntry {
    /// The name people see.
    pub display_name: Text,
    /// True for the shop's main account, which only takes what no sub-account can.
    pub main_account: bool,
    /// The groups they answer for; never empty, [`DEFAULT_GROUP`] when the directory names none.
    pub groups: Vec<Text>,
    /// Highest capacity they may be given.
    pub capacity_ceiling: u32,
    /// Capacity they start with.
    pub capacity_default: u32,
    /// True = never saturated.
    pub unlimited: bool,
    /// False = the account may not work.
    pub enabled: bool,
    /// Share in weighted strategies.
    pub weight: u32,
    /// Their roster; `None` = the shop keeps none, so they are always on duty.
    pub duty: Option<Duty>,
    /// The sanction in force; gone from the entry as soon as it has ended by itself.
    pub sanction: Option<Sanction>,
}

impl AgentEntry {
    /// An account of the default group that may work, with this capacity, no roster and no sanction.
    #[must_use]
    pub fn plain(display_name: Text, capacity: u32) -> Self {
        Self {
            display_name,
            main_account: false,
            groups: vec![DEFAULT_GROUP.into()],
            capacity_ceiling: capacity,
            capacity_default: capacity,
            unlimited: false,
            enabled: true,
            weight: 1,
            duty: None,
            sanction: None,
        }
    }
}

/// Where an agent stands when somebody is wanted for a new conversation: ready, or the first reason why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Availability {
    /// May be given a conversation.
    Ready,
    /// The account is disabled.
    Disabled,
    /// Banned.
    Banned,
    /// Muted.
    Muted,
    /// Away.
    Offline,
    /// On break.
    OnBreak,
    /// Busy.
    Busy,
    /// There, but off duty.
    OffDuty,
    /// Winding down: nobody new, and away when the last conversation has ended.
    WindingDown,
    /// Began a moment ago while many waited, and gets the next one a little later.
    Ramping,
    /// Capacity 0: transfers only.
    TransferOnly,
    /// No room left.
    Saturated,
}

/// An agent at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Their id.
    pub id: AgentId,
    /// What the directory says of them.
    pub entry: AgentEntry,
    /// What they have said about being there.
    pub presence: Presence,
    /// What they become when their last conversation ends; `None` = they are not winding down.
    pub next: Option<Presence>,
    /// When their break has taken too long; `None` = they have none, it may take as long as it takes, or it was told.
    pub break_ends: Option<Timestamp>,
    /// How gently they begin; `None` = as any other.
    pub ramping: Option<Ramping>,
    /// What their roster says now.
    pub duty: DutyState,
    /// Open conversations they may hold now.
    pub capacity: u32,
    /// The shop's assignment counter when they were last given a conversation; 0 = never.
    pub last_assigned: u64,
    /// The moment of the shop's virtual time at which they are next, for strategies that share out turns.
    pub turn: u64,
    /// The event since which they have had nobody, if they have nobody.
    pub idle_since: Seq,
    /// How they have been answering, group by group, at most one for each; see [`Agent::score`].
    pub scores: Vec<(Text, Score)>,
    /// The conversations they hold. Their number is the load, so that it cannot drift.
    pub(super) held: Held,
}

/// The score for a group: its own, or else that of [`ANY_GROUP`], or else neutral.
pub(super) fn score_among(scores: &[(Text, Score)], group: &str) -> Score {
    let of = |group: &str| scores.iter().find(|(name, _)| &**name == group).map(|(_, score)| *score);
    of(group).or_else(|| of(ANY_GROUP)).unwrap_or_default()
}

impl Agent {
    /// A new agent as the directory describes them, not there yet.
    #[must_use]
    pub(super) fn new(id: AgentId, entry: AgentEntry) -> Self {
        Self {
            id,
            capacity: entry.capacity_default.min(entry.capacity_ceiling),
            entry,
            presence: Presence::Offline,
            next: None,
            break_ends: None,
            ramping: None,
            duty: DutyState::default(),
            last_assigned: 0,
            turn: 0,
            idle_since: Seq::default(),
            scores: Vec::new(),
            held: Held::default(),
        }
    }

    /// Open conversations they hold.
    #[must_use]
    pub fn load(&self) -> u32 {
        self.held.len()
    }

    /// Whether one more conversation fits.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.entry.unlimited || self.load() < self.capacity
    }

    /// Load ÷ capacity in percent, rounded down; 0 when unlimited, 100 for a load without capacity.
    #[must_use]
    pub fn saturation_percent(&self) -> u32 {
        match (self.entry.unlimited, self.capacity, self.load()) {
            (true, _, _) | (false, 0, 0) => 0,
            (false, 0, _) => 100,
            (false, capacity, load) => load.saturating_mul(100) / capacity,
        }
    }

    /// How they have been answering for a group.
    #[must_use]
    pub fn score(&self, group: &str) -> Score {
        score_among(&self.scores, group)
    }

    /// How many of their conversations owe a reply.
    #[must_use]
    pub const fn unanswered(&self) -> u32 {
        self.held.owing()
    }

    /// Since when the conversation that waits longest for them waits.
    #[must_use]
    pub fn oldest_unanswered(&self) -> Option<Timestamp> {
        self.held.oldest_owed()
    }

    /// Their row of the presence table: what they have said about being there, as far as roster and account allow.
    #[must_use]
    pub const fn row(&self) -> PresenceRow {
        match (self.entry.enabled, self.entry.sanction) {
            (false, _) | (_, Some(_)) => PresenceRow::BARRED,
            _ if self.duty.on_duty && self.next.is_none() => self.presence.row(),
            // Who winds down stands like who is off duty: whom they have they keep.
            _ => self.presence.row().off_duty(),
        }
    }

    /// Whether they may keep a conversation they hold.
    #[must_use]
    pub const fn keeps_buyers(&self) -> bool {
        self.row().keeps_buyers
    }

    /// Whether they may keep one that was left with them as a message: away too, as long as they may work.
    #[must_use]
    pub const fn keeps_messages(&self) -> bool {
        self.entry.enabled && self.entry.sanction.is_none()
    }

    /// Whether a conversation may be handed over to them.
    #[must_use]
    pub const fn takes_transfers(&self) -> bool {
        self.row().transfers
    }

    /// When time alone changes something about them next: their shift begins or ends, a sanction ends, a break has taken
    /// too long, or they may be given the next conversation.
    #[must_use]
    pub fn boundary(&self) -> Option<Timestamp> {
        let sanction = self.entry.sanction.and_then(|sanction| sanction.until);
        let rests = self.ramping.and_then(|ramping| ramping.rests);
        [self.duty.until, sanction, self.break_ends, rests].into_iter().flatten().min()
    }

    /// Whether they are ready for a new conversation, or the first reason why not.
    #[must_use]
    pub fn availability(&self) -> Availability {
        match self.presence {
            _ if !self.entry.enabled => Availability::Disabled,
            _ if self.entry.sanction.is_some() => self.barred_by(),
            Presence::Offline => Availability::Offline,
            Presence::OnBreak => Availability::OnBreak,
            Presence::Busy => Availability::Busy,
            Presence::Online if !self.duty.on_duty => Availability::OffDuty,
            Presence::Online if self.next.is_some() => Availability::WindingDown,
            Presence::Online if self.capacity == 0 && !self.entry.unlimited => Availability::TransferOnly,
            Presence::Online if !self.has_room() => Availability::Saturated,
            Presence::Online if self.ramping.is_some_and(|ramping| ramping.rests.is_some()) => {
                Availability::Ramping
            }
            Presence::Online => Availability::Ready,
        }
    }

    const fn barred_by(&self) -> Availability {
        match self.entry.sanction {
            Some(Sanction { kind: SanctionKind::Banned, .. }) => Availability::Banned,
            _ => Availability::Muted,
        }
    }
}
