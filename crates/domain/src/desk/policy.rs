//! The rules one shop has chosen for its desk.

use super::event::Text;
use super::language::LanguagePolicy;
use super::strategy::Strategy;
use crate::time::Span;

pub mod preset;
pub mod rule;
mod validate;

use rule::RoutingRule;

/// Most windows for the last agent.
pub const MAX_LAST_AGENT_WINDOWS: usize = 8;
/// Most steps of the reply-due alert.
pub const MAX_REPLY_DUE_STEPS: usize = 4;
/// Highest queue limit.
pub const MAX_QUEUE_LIMIT: u32 = 10_000;
/// Most rings of a shop, over all groups.
pub const MAX_RINGS: usize = 64;
/// Longest lift a rule gives to who has to queue.
pub const MAX_ARTIFICIAL_AGE: Span = Span::from_mins(10);
/// Longest window for the last agent.
pub const MAX_LAST_AGENT_AGE: Span = Span::from_hours(30 * 24);
/// Shortest time that an agent keeps a place for a silent page.
pub const MIN_PRE_ASSIGN: Span = Span::from_secs(10);
/// Longest such time: a silent page does not last longer.
pub const MAX_PRE_ASSIGN: Span = super::conversation::ENTERED_EXPIRY;

/// One shop's policy: a whole document, replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The shop's zone and service window, which belong to accounts.
    pub hours: ShopHours,
    /// How an agent is chosen within a group.
    pub strategy: Strategy,
    /// Which group a new conversation is for; the first that fits counts, else the default group.
    pub routing_rules: Vec<RoutingRule>,
    /// Which groups help out when nobody of a group has room, and after how long.
    pub rings: Vec<Ring>,
    /// For how long, and how firmly, a buyer goes back to the agent they know; ascending by age.
    pub last_agent_windows: Vec<LastAgentWindow>,
    /// What happens when no sub-account can take a conversation, in order; the queue comes last, said or not.
    pub fallbacks: Vec<Fallback>,
    /// In which order those who wait are taken.
    pub order: QueueOrder,
    /// Most conversations that may wait.
    pub queue_limit: u32,
    /// For how long after closing the same conversation is taken up again.
    pub reopen_window: Span,
    /// How long a reply may be owed before each alert; ascending.
    pub reply_due: Vec<Span>,
    /// What happens to conversations in which the shop spoke last and the buyer says nothing more; `None` = nothing.
    pub idle: Option<IdleRule>,
    /// How long a break may take before somebody should know; `None` = as long as it takes.
    pub break_limit: Option<Span>,
    /// What becomes of an agent's conversations when she leaves.
    pub on_leave: LeavePolicy,
    /// True = within the service window, the last of the shop, or of a shift, is asked to stay.
    pub guard_last_agent: bool,
    /// How gently an agent begins who comes online while many wait; `None` = as any other.
    pub ramp: Option<Ramp>,
    /// How long an agent keeps a place for a buyer who has opened the chat page and said nothing; then the page counts as
    /// left. [`MIN_PRE_ASSIGN`] to [`MAX_PRE_ASSIGN`]; `None` = nobody is found before the first word.
    pub pre_assign: Option<Span>,
    /// How long heartbeats may be missing before an agent counts as offline.
    pub heartbeat_grace: Span,
    /// True = the robot answers first, and people after a hand-over.
    pub robot_first: bool,
    /// The words agents should not send, and what happens when they do.
    pub language: LanguagePolicy,
}

/// A shop's zone and service window, as accounts tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopHours {
    /// IANA time zone.
    pub time_zone: Text,
    /// Start of the service window, local HH:MM.
    pub service_start: Text,
    /// End of the service window, local HH:MM, not part of it.
    pub service_end: Text,
}

/// For how long, and how firmly, a buyer goes back to the agent they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastAgentWindow {
    /// The window holds for buyers whose last contact is at most this old.
    pub max_age: Span,
    /// True = also when the agent is busy.
    pub even_when_busy: bool,
    /// True = also when the agent is saturated.
    pub ignore_capacity: bool,
}

/// What happens when no sub-account can take a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// The main account gets it, if it is there, and hands it out.
    MainAccount,
    /// A sub-account who is away or busy gets it all the same, as a message left for later: whom the buyer knows, else
    /// whoever is likeliest to be back.
    LeaveMessage,
    /// It waits.
    Queue,
}

/// A group that helps out another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The group that is helped.
    pub group: Text,
    /// The group that helps.
    pub helper: Text,
    /// How long a conversation has to have waited.
    pub after: Span,
}

/// In which order those who wait are taken, within a group and a priority band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueueOrder {
    /// Who has waited longest.
    #[default]
    FirstCome,
    /// Who can still be answered within the limit before who cannot, each of them by how long they have waited.
    SavableFirst {
        /// How long an answer may take.
        limit: Span,
        /// Every so many admissions one of those already late is taken all the same, 2 to 100.
        late_every: u32,
    },
}

/// What happens to conversations in which the shop spoke last and the buyer says nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdleRule {
    /// After so long the buyer is asked whether there is anything else.
    pub remark_after: Span,
    /// After so long it is closed.
    pub close_after: Span,
}

/// What becomes of an agent's conversations when she goes offline, lapses or is muted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LeavePolicy {
    /// Those owing a reply move at once, the others on their buyers' next messages.
    #[default]
    MoveOwedNow,
    /// All of them move at once.
    MoveAllNow,
    /// She may not go offline while she holds any; a lapse or a mute moves those owing a reply.
    Refuse,
}

/// How gently an agent begins who comes online while many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ramp {
    /// She gets at most one conversation in so long.
    pub every: Span,
    /// For so long.
    pub lasts: Span,
    /// When more than so many wait at that moment.
    pub queue_over: u32,
}

impl Policy {
    /// The default policy of a shop with these hours: least saturated first; the last agent for a day even when
    /// busy and for three days when free; then the main account; then the queue.
    #[must_use]
    pub fn for_hours(hours: ShopHours) -> Self {
        let window = |hours, even_when_busy| LastAgentWindow {
            max_age: Span::from_hours(hours),
            even_when_busy,
            ignore_capacity: false,
        };
        Self {
            hours,
            strategy: Strategy::LeastSaturated,
            routing_rules: Vec::new(),
            rings: Vec::new(),
            last_agent_windows: vec![window(24, true), window(72, false)],
            fallbacks: vec![Fallback::MainAccount, Fallback::Queue],
            order: QueueOrder::FirstCome,
            queue_limit: 500,
            reopen_window: Span::from_mins(10),
            reply_due: vec![Span::from_secs(100)],
            idle: None,
            break_limit: None,
            on_leave: LeavePolicy::MoveOwedNow,
            guard_last_agent: true,
            ramp: None,
            pre_assign: None,
            heartbeat_grace: Span::from_secs(45),
            robot_first: false,
            language: LanguagePolicy::default(),
        }
    }

    /// The groups whose agents may take a conversation of this group in so many rings: the group itself first.
    pub fn rings_of<'p>(&'p self, group: &'p Text, ring: u8) -> impl Iterator<Item = &'p Text> {
        let helpers = self.helpers(group).take(usize::from(ring.saturating_sub(1))).map(|ring| &ring.helper);
        std::iter::once(group).chain(helpers)
    }

    /// How many rings are open to a conversation of this group from the beginning; 1 = the group alone. The others open
    /// one by one, in the order of the conversations that wait for them, so that nobody is overtaken.
    #[must_use]
    pub fn first_ring(&self, group: &Text) -> u8 {
        let open = self.helpers(group).take_while(|ring| ring.after <= Span::ZERO).count();
        u8::try_from(open).unwrap_or(u8::MAX).saturating_add(1)
    }

    /// How long a conversation of this group has to have waited for the ring after this one; `None` = it is the last.
    #[must_use]
    pub fn next_ring(&self, group: &Text, ring: u8) -> Option<Span> {
        self.helpers(group).nth(usize::from(ring.saturating_sub(1))).map(|ring| ring.after)
    }

    fn helpers<'p>(&'p self, group: &'p Text) -> impl Iterator<Item = &'p Ring> {
        self.rings.iter().filter(move |ring| ring.group == *group)
    }

    /// The first window a last contact of this age falls into.
    #[must_use]
    pub fn last_agent_window(&self, age: Span) -> Option<LastAgentWindow> {
        self.last_agent_windows.iter().copied().find(|window| age <= window.max_age)
    }

    /// How long a buyer is remembered after their conversation closed.
    #[must_use]
    pub fn memory(&self) -> Span {
        let longest = self.last_agent_windows.last().map_or(Span::ZERO, |window| window.max_age);
        longest.max(self.reopen_window)
    }
}
