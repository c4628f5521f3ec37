//! What a marketplace makes of a day, as data.

use super::{DayRate, Why};
use crate::pack::{self, RulePack, Target, WHOLE};
use crate::problem::{Problem, Violation};

/// Most consequences of one pack.
pub const MAX_CONSEQUENCES: usize = 16;
/// Most days a consequence lasts, and most good days it needs.
pub const MAX_DAYS: u32 = 366;

/// What can be imposed on a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The marketplace acts, and does not say how.
    Enforced,
    /// No campaigns.
    Restricted,
    /// Taken out of a resource slot (资源位).
    ResourceSlot,
    /// The "black room" (小黑屋): hidden from buyers.
    BlackRoom,
    /// A fine is due.
    Fine,
}

/// What brings a consequence about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A day below a mark with enough units.
    Below {
        /// The mark in basis points; a day that reaches it is spared.
        basis_points: u32,
        /// Units that must be exceeded: a day with exactly so many is spared. 0 where any data will do.
        more_than_units: u64,
    },
    /// The marketplace says so: a removal from a resource slot, or the black room.
    Notice,
}

/// One consequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// What is imposed.
    pub kind: Kind,
    /// What brings it about.
    pub trigger: Trigger,
    /// Days it lasts at least, from the day after its latest cause; 0 to [`MAX_DAYS`].
    pub days: u32,
    /// Good days in a row, after the latest cause, that it takes to lift it; 0 = time alone does, at most [`MAX_DAYS`].
    pub good_days: u32,
}

/// The consequences of a pack, which make sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    target_basis_points: u32,
    consequences: Vec<Consequence>,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Enforced, Self::Restricted, Self::ResourceSlot, Self::BlackRoom, Self::Fine];

    /// Its name in SQL, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Restricted => "restricted",
            Self::ResourceSlot => "resource_slot",
            Self::BlackRoom => "black_room",
            Self::Fine => "fine",
        }
    }
}

impl Consequence {
    /// A line of a pack. How a marketplace acts that does not say how is not known to last; a line without a rate waits
    /// for its notice.
    fn of_target(target: &Target) -> Self {
        let (kind, days, good_days) = match target.consequence {
            pack::Consequence::Enforced => (Kind::Enforced, 0, 0),
            pack::Consequence::Restricted { days, good_days } => (Kind::Restricted, days, good_days),
            pack::Consequence::ResourceSlot { days } => (Kind::ResourceSlot, days, 0),
            pack::Consequence::BlackRoom { days } => (Kind::BlackRoom, days, 0),
            pack::Consequence::FineDue => (Kind::Fine, 0, 0),
        };
        let trigger = match target.below_basis_points {
            0 => Trigger::Notice,
            basis_points => Trigger::Below { basis_points, more_than_units: target.above_units.into() },
        };
        Self { kind, trigger, days, good_days }
    }

    /// Whether it falls due once instead of lasting.
    #[must_use]
    pub const fn is_momentary(&self) -> bool {
        self.days == 0 && self.good_days == 0
    }

    /// Why a day brings it about, if it does.
    pub(super) fn cause(&self, rate: Option<DayRate>, notices: &[Kind]) -> Option<Why> {
        match self.trigger {
            Trigger::Below { basis_points, more_than_units } => rate
                .filter(|rate| !rate.reaches(basis_points) && rate.counted() > more_than_units)
                .map(|rate| Why::Below { basis_points, rate }),
            Trigger::Notice => notices.contains(&self.kind).then_some(Why::Notice),
        }
    }
}

impl Rules {
    /// These consequences, where a good day is one that reaches `target_basis_points`.
    ///
    /// # Errors
    /// INVALID_REQUEST naming every field that is out of bounds.
    pub fn new(target_basis_points: u32, consequences: Vec<Consequence>) -> Result<Self, Problem> {
        let mut violations = Vec::new();
        let mut unless = |fine: bool, field: String, expected: &str| {
            if !fine {
                violations.push(Violation { field, expected: expected.into() });
            }
        };
        unless(target_basis_points <= WHOLE, "target_basis_points".into(), "must be at most 10000");
        let few = consequences.len() <= MAX_CONSEQUENCES;
        unless(few, "consequences".into(), "must be at most 16");
        for (place, consequence) in consequences.iter().enumerate().take(MAX_CONSEQUENCES) {
            let field = |name: &str| format!("consequences[{place}].{name}");
            unless(consequence.days <= MAX_DAYS, field("days"), "must be at most 366");
            unless(consequence.good_days <= MAX_DAYS, field("good_days"), "must be at most 366");
            if let Trigger::Below { basis_points, .. } = consequence.trigger {
                unless(basis_points <= WHOLE, field("basis_points"), "must be at most 10000");
            }
        }
        if violations.is_empty() {
            Ok(Self { target_basis_points, consequences })
        } else {
            Err(Problem::invalid(violations))
        }
    }

    /// What a pack says. Where it has no target, a good day is one that falls below none of its lines.
    ///
    /// # Errors
    /// As [`Rules::new`]; never for a pack that was checked.
    pub fn of_pack(pack: &RulePack) -> Result<Self, Problem> {
        let highest = pack.targets.iter().map(|target| target.below_basis_points).max().unwrap_or(0);
        let target = if pack.target_basis_points > 0 { pack.target_basis_points } else { highest };
        Self::new(target, pack.targets.iter().map(Consequence::of_target).collect())
    }

    /// What a good day reaches, in basis points.
    #[must_use]
    pub const fn target_basis_points(&self) -> u32 {
        self.target_basis_points
    }

    /// The consequences.
    #[must_use]
    pub fn consequences(&self) -> &[Consequence] {
        &self.consequences
    }

    /// What a day must reach to be a good one for a consequence, in basis points.
    #[must_use]
    pub const fn mark(&self, consequence: &Consequence) -> u32 {
        match consequence.trigger {
            Trigger::Below { basis_points, .. } => basis_points,
            Trigger::Notice => self.target_basis_points,
        }
    }
}
