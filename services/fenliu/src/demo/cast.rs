//! Who plays: the shop, its two shifts, and what befalls them. Everything that chance does not decide is said here.

use fenliu_domain::time::{Span, Timestamp};

use super::arrivals::Stretch;

/// The shop's name.
pub const SHOP: &str = "云雾茶铺 (Cloud Tea)";
/// Login name of its main account.
pub const OWNER: &str = "cloud-tea";
/// The shop's IANA zone.
pub const ZONE: &str = "Asia/Shanghai";
/// The channel its buyers come by.
pub const CHANNEL: &str = "demo";
/// When the story begins: 18:00 in the shop, on the day of the year's largest sale (11 November 2026).
pub const START: Timestamp = Timestamp::from_micros_clamped(1_794_391_200_000_000);
/// When it ends: 23:15 in the shop.
pub const END: Span = clock(23, 15);
/// How often the board is shown.
pub const BOARD_EVERY: Span = Span::from_mins(15);
/// How often a console says that it is still there. The default grace forgives two that are lost.
pub const BEAT_EVERY: Span = Span::from_secs(15);
/// Mean time a buyer takes to read an answer and ask on.
pub const MEAN_THINK_SECONDS: f64 = 55.0;
/// A buyer asks on after an answer with this probability, so that a conversation has four questions on average.
pub const ASKS_ON: f64 = 0.75;
/// Most questions of one buyer.
pub const MAX_QUESTIONS: u32 = 12;
/// Mean time a buyer waits in the queue before giving up.
pub const MEAN_PATIENCE_SECONDS: f64 = 900.0;
/// A buyer who has waited so long for an answer asks whether anybody is there, once a question.
pub const NUDGE_AFTER: Span = Span::from_secs(150);
/// A conversation that is over is closed after this long.
pub const CLOSE_AFTER: Span = Span::from_secs(20);
/// Shortest time in which anybody reads a question and answers it.
pub const MIN_HANDLING_SECONDS: f64 = 6.0;

/// Purpose of the chance that decides when buyers come.
pub const CHANCE_OF_ARRIVALS: u64 = 0;
/// Purpose of the first agent's chance; each has one of their own.
pub const CHANCE_OF_AGENT: u64 = 100;
/// Purpose of the first buyer's chance; each has one of their own.
pub const CHANCE_OF_BUYER: u64 = 1_000;

/// From the beginning of the story to a time of its evening.
#[must_use]
pub const fn clock(hour: i64, minute: i64) -> Span {
    Span::from_mins((hour - 18) * 60 + minute)
}

/// How busy the evening is, hour by hour.
pub const EVENING: [Stretch; 6] = [
    Stretch { length: Span::from_hours(1), per_hour: 55.0 },
    Stretch { length: Span::from_hours(1), per_hour: 85.0 },
    Stretch { length: Span::from_hours(1), per_hour: 165.0 },
    Stretch { length: Span::from_hours(1), per_hour: 160.0 },
    Stretch { length: Span::from_mins(30), per_hour: 60.0 },
    Stretch { length: Span::from_mins(15), per_hour: 25.0 },
];

/// One agent and their evening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The name people see.
    pub name: &'static str,
    /// The login name.
    pub login: &'static str,
    /// Conversations they may hold.
    pub capacity: u32,
    /// Mean time they take to read a question and answer it.
    pub mean_handling_seconds: f64,
    /// When their shift begins, or the story where it began before.
    pub from: Span,
    /// When their shift ends; then they finish what they have.
    pub to: Span,
    /// What befalls them.
    pub incident: Option<Incident>,
}

/// What befalls an agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Incident {
    /// A break, for so long; their buyers wait.
    Break {
        /// When it begins.
        at: Span,
        /// How long it takes.
        length: Span,
    },
    /// The connection is lost; nobody says goodbye, and the heartbeats stop.
    DropOff {
        /// When it is lost.
        at: Span,
        /// How long until they are back.
        length: Span,
    },
    /// Whoever leads the shift mutes them, for being rude to a buyer, and lifts it again.
    Mute {
        /// When it is imposed.
        at: Span,
        /// How long until it is lifted.
        length: Span,
    },
}

const EARLY_FROM: Span = clock(18, 0);
const EARLY_TO: Span = clock(21, 0);
const LATE_FROM: Span = clock(19, 30);
const LATE_TO: Span = clock(23, 0);

/// The shifts of the day's roster, as the command line takes them: the early one began in the morning. Nobody is there
/// in the service window's first hour, for the chart to show.
pub const SHIFTS: [(&str, &str); 2] = [("early", "09:00-21:00"), ("late", "19:30-23:00")];
/// The day, by the shop's calendar.
pub const TODAY: &str = "2026-11-11";

/// The early shift, which began in the morning, and the late one.
pub const STAFF: [Part; 8] = [
    part("小红", "xiao-hong", 6, 25.0, EARLY_FROM, EARLY_TO),
    Part {
        incident: Some(Incident::Break { at: clock(20, 10), length: Span::from_mins(8) }),
        ..part("小李", "xiao-li", 6, 26.0, EARLY_FROM, EARLY_TO)
    },
    Part {
        incident: Some(Incident::DropOff { at: clock(20, 35), length: Span::from_mins(9) }),
        ..part("小周", "xiao-zhou", 5, 28.0, EARLY_FROM, EARLY_TO)
    },
    part("小陈", "xiao-chen", 5, 30.0, EARLY_FROM, EARLY_TO),
    part("小吴", "xiao-wu", 6, 24.0, LATE_FROM, LATE_TO),
    part("小赵", "xiao-zhao", 6, 26.0, LATE_FROM, LATE_TO),
    part("小孙", "xiao-sun", 5, 28.0, LATE_FROM, LATE_TO),
    Part {
        incident: Some(Incident::Mute { at: clock(19, 50), length: Span::from_mins(10) }),
        ..part("小何", "xiao-he", 3, 40.0, LATE_FROM, LATE_TO)
    },
];

impl Part {
    /// Their role in the shop: whoever comes first in a shift's list leads it.
    #[must_use]
    pub fn role(&self) -> &'static str {
        let leads = STAFF.iter().find(|part| part.shift() == self.shift()).is_some_and(|part| part == self);
        if leads { "supervisor" } else { "agent" }
    }

    /// The name of the shift they work.
    #[must_use]
    pub fn shift(&self) -> &'static str {
        if self.from == LATE_FROM { SHIFTS[1].0 } else { SHIFTS[0].0 }
    }
}

/// Who leads the shift of this agent of the cast.
#[must_use]
pub fn leader_of(agent: usize) -> usize {
    let shift = STAFF[agent].shift();
    STAFF.iter().position(|part| part.shift() == shift).unwrap_or(agent)
}

const fn part(
    name: &'static str,
    login: &'static str,
    capacity: u32,
    mean_handling_seconds: f64,
    from: Span,
    to: Span,
) -> Part {
    Part { name, login, capacity, mean_handling_seconds, from, to, incident: None }
}
