//! Demand: which buyers come, when, with how much to say. Drawn before anybody is routed, so that every reception
//! meets the very same buyers (common random numbers).

use super::chance::{Chance, Purpose};
use crate::desk::event::Text;
use crate::desk::policy::rule::Origin;
use crate::desk::queue::USUAL_PRIORITY;
use crate::problem::{Problem, Violation};
use crate::time::{Span, Timestamp};

/// Length of a slot of a [`Profile`].
pub const SLOT: Span = Span::from_mins(30);
/// Most visits of one demand; later ones do not come.
pub const MAX_VISITS: usize = 5_000_000;
/// Most messages one buyer sends; a longer draw is cut off here.
pub const MAX_MESSAGES: u32 = 1_000;
/// Longest time of any kind that is drawn, handled or thought; longer ones are cut off here.
pub const MAX_TIME: Span = Span::from_hours(7 * 24);

/// Which buyers come, when, with how much to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// When they come, and for whom.
    pub arrivals: Arrivals,
    /// How many messages a buyer sends on average, at least 1; geometrically distributed from 1.
    pub messages: f64,
    /// How long an agent of speed 1 takes to answer one message.
    pub handling: Distribution,
    /// How long a buyer takes from a reply to their next message.
    pub think: Distribution,
    /// How long a buyer waits for an agent on average (exponentially distributed); `None` = for ever.
    pub patience: Option<Span>,
}

/// When buyers come, and for whom.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Exactly these, as a log has them.
    Log(Vec<Arrival>),
    /// At random, as often as a profile of the day says.
    Profile(Profile),
}

/// One buyer who came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// The group they are for; `None` = as the shop's rules say.
    pub group: Option<Text>,
    /// What the shop's rules can tell them by; `None` = nothing.
    pub origin: Option<Box<Origin>>,
    /// Their priority band; lower goes first.
    pub priority: u8,
}

/// A Poisson process whose rate is constant within each slot of half an hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// When the first slot begins.
    pub start: Timestamp,
    /// Buyers expected in each slot of [`SLOT`], slot after slot.
    pub per_slot: Vec<f64>,
    /// The kinds of buyer; none = all are of one kind, for the default group.
    pub kinds: Vec<Kind>,
}

/// A kind of buyer.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// How many of the buyers are of it, in proportion to the other kinds' shares.
    pub share: f64,
    /// The group they are for; `None` = as the shop's rules say.
    pub group: Option<Text>,
    /// What the shop's rules can tell them by; `None` = nothing.
    pub origin: Option<Box<Origin>>,
    /// Their priority band; lower goes first.
    pub priority: u8,
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Always so long.
    Constant(Span),
    /// Exponentially distributed with this mean.
    Exponential(Span),
    /// Lognormally distributed, as recorded handling times mostly are.
    Lognormal {
        /// The mean.
        mean: Span,
        /// Deviation ÷ mean.
        variation: f64,
    },
}

/// One buyer's whole visit, as it was drawn or recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// When they come, for whom, in which band.
    pub arrival: Arrival,
    /// How long they wait for an agent before they give up; `None` = for ever.
    pub patience: Option<Span>,
    /// What they say, message by message; never empty.
    pub messages: Vec<Message>,
}

/// One message of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// How long an agent of speed 1 takes to answer it.
    pub handling: Span,
    /// How long after its answer the next message comes.
    pub think: Span,
}

impl Demand {
    /// The visits of a seed, in the order they come. A buyer's draws depend on the seed and their number alone.
    ///
    /// # Errors
    /// INVALID_REQUEST naming every field that is out of bounds.
    pub fn visits(&self, seed: u64) -> Result<Vec<Visit>, Problem> {
        self.check()?;
        let mut arrivals = match &self.arrivals {
            Arrivals::Log(arrivals) => arrivals.clone(),
            Arrivals::Profile(profile) => profile.draw(seed),
        };
        arrivals.sort_by_key(|arrival| arrival.at);
        arrivals.truncate(MAX_VISITS);
        Ok((0..).zip(arrivals).map(|(number, arrival)| self.visit(seed, number, arrival)).collect())
    }

    fn visit(&self, seed: u64, number: u64, arrival: Arrival) -> Visit {
        let stream = |purpose| Chance::new(seed, purpose, number);
        let count = stream(Purpose::Messages).geometric(self.messages).min(MAX_MESSAGES);
        let (mut handling, mut think) = (stream(Purpose::Handling), stream(Purpose::Think));
        let messages = (0..count)
            .map(|_| Message {
                handling: self.handling.draw(&mut handling),
                think: self.think.draw(&mut think),
            })
            .collect();
        let patience =
            self.patience.map(|mean| Distribution::Exponential(mean).draw(&mut stream(Purpose::Patience)));
        Visit { arrival, patience, messages }
    }

    fn check(&self) -> Result<(), Problem> {
        let mut violations = Vec::new();
        let mut ensure = |holds: bool, field: &str, expected: &str| {
            if !holds {
                violations.push(Violation { field: field.into(), expected: expected.into() });
            }
        };
        ensure((1.0..=f64::from(MAX_MESSAGES)).contains(&self.messages), "messages", "must be 1 to 1000");
        for (field, distribution) in [("handling", self.handling), ("think", self.think)] {
            ensure(distribution.is_sound(), field, "must be 0 to 7 days, with a variation of 0 to 100");
        }
        let patience = self.patience.unwrap_or(MAX_TIME);
        ensure((Span::ZERO..=MAX_TIME).contains(&patience), "patience", "must be 0 to 7 days");
        if let Arrivals::Profile(profile) = &self.arrivals {
            let fair = |number: &f64| number.is_finite() && *number >= 0.0;
            let (rates, kinds) = (&profile.per_slot, &profile.kinds);
            ensure(rates.iter().all(fair), "per_slot", "must not be negative");
            let expected: f64 = rates.iter().sum();
            ensure(expected <= MAX_EXPECTED, "per_slot", "must be at most 4000000 together");
            ensure(kinds.iter().all(|kind| fair(&kind.share)), "kinds", "must have shares of 0 or more");
        }
        if violations.is_empty() {
            return Ok(());
        }
        Err(Problem::invalid(violations))
    }
}

/// Most visits a profile may expect; far enough below [`MAX_VISITS`] that chance does not reach it.
const MAX_EXPECTED: f64 = 4_000_000.0;

impl Profile {
    /// The arrivals of a seed. Gaps are exponential in expected buyers, and the profile says when so many are
    /// reached (time change of a Poisson process: Çinlar, *Introduction to Stochastic Processes*, 1975, ch. 4.7).
    fn draw(&self, seed: u64) -> Vec<Arrival> {
        let mut chance = Chance::new(seed, Purpose::Arrivals, 0);
        let mut arrivals = Vec::new();
        // What is left to wait, in expected buyers.
        let mut left = chance.exponential(1.0);
        let mut begins = self.start;
        for rate in &self.per_slot {
            let mut gone = 0.0;
            while left < rate - gone && arrivals.len() < MAX_VISITS {
                gone += left;
                let at = begins + span(SLOT.seconds() * gone / rate);
                arrivals.push(self.arrival(seed, arrivals.len(), at));
                left = chance.exponential(1.0);
            }
            left -= rate - gone;
            begins = begins + SLOT;
        }
        arrivals
    }

    fn arrival(&self, seed: u64, number: usize, at: Timestamp) -> Arrival {
        let all: f64 = self.kinds.iter().map(|kind| kind.share).sum();
        let mut left = Chance::new(seed, Purpose::Kind, number as u64).unit() * all;
        let chosen = self.kinds.iter().find(|kind| {
            left -= kind.share;
            left < 0.0
        });
        match chosen.or(self.kinds.last()) {
            Some(kind) => Arrival {
                at,
                group: kind.group.clone(),
                origin: kind.origin.clone(),
                priority: kind.priority,
            },
            None => Arrival { at, group: None, origin: None, priority: USUAL_PRIORITY },
        }
    }
}

impl Distribution {
    fn draw(self, chance: &mut Chance) -> Span {
        match self {
            Self::Constant(span) => span,
            Self::Exponential(mean) => span(chance.exponential(mean.seconds())),
            Self::Lognormal { mean, variation } => span(chance.lognormal(mean.seconds(), variation)),
        }
    }

    /// The mean.
    #[must_use]
    pub const fn mean(self) -> Span {
        match self {
            Self::Constant(mean) | Self::Exponential(mean) | Self::Lognormal { mean, .. } => mean,
        }
    }

    fn is_sound(self) -> bool {
        let varies = match self {
            Self::Lognormal { variation, .. } => (0.0..=100.0).contains(&variation),
            Self::Constant(_) | Self::Exponential(_) => true,
        };
        varies && (Span::ZERO..=MAX_TIME).contains(&self.mean())
    }
}

/// So many seconds, from none to [`MAX_TIME`].
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and so does the bound after it")]
pub(super) fn span(seconds: f64) -> Span {
    Span::from_micros((seconds * 1e6).round() as i64).clamp(Span::ZERO, MAX_TIME)
}
