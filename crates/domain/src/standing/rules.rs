//! What a marketplace makes of a day, as data.

use super::{DayRate, Why};
use crate::pack::WHOLE;
use crate::problem::{Problem, Violation};

/// Most consequences of one pack.
pub const MAX_CONSEQUENCES: usize = 16;
/// Most days a consequence lasts, and most good days it needs.
pub const MAX_DAYS: u32 = 366;

/// What can be imposed on a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
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
    /// A day below the target.
    BelowTarget,
    /// A day below a mark of its own with enough units.
    BelowWithVolume {
        /// The mark in basis points; a day that reaches it is spared.
        basis_points: u32,
        /// Units that must be exceeded: a day with exactly so many is spared.
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
    pub const ALL: [Self; 4] = [Self::Restricted, Self::ResourceSlot, Self::BlackRoom, Self::Fine];

    /// Its name in SQL, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::ResourceSlot => "resource_slot",
            Self::BlackRoom => "black_room",
            Self::Fine => "fine",
        }
    }
}

impl Consequence {
    /// Whether it falls due once instead of lasting.
    #[must_use]
    pub const fn is_momentary(&self) -> bool {
        self.days == 0 && self.good_days == 0
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
            let alone = consequences.iter().take(place).all(|earlier| earlier.kind != consequence.kind);
            unless(alone, field("kind"), "must be there once only");
            unless(consequence.days <= MAX_DAYS, field("days"), "must be at most 366");
            unless(consequence.good_days <= MAX_DAYS, field("good_days"), "must be at most 366");
            if let Trigger::BelowWithVolume { basis_points, .. } = consequence.trigger {
                unless(basis_points <= WHOLE, field("basis_points"), "must be at most 10000");
            }
        }
        if violations.is_empty() {
            Ok(Self { target_basis_points, consequences })
        } else {
            Err(Problem::invalid(violations))
        }
    }

    /// What a good day reaches, in basis points.
    #[must_use]
    pub const fn target_basis_points(&self) -> u32 {
        self.target_basis_points
    }

    /// The consequences, each kind at most once.
    #[must_use]
    pub fn consequences(&self) -> &[Consequence] {
        &self.consequences
    }

    /// Why a day brings a consequence about, if it does.
    pub(super) fn cause(&self, consequence: &Consequence, rate: DayRate, notices: &[Kind]) -> Option<Why> {
        let below = |basis_points| {
            (rate.reaches(basis_points) == Some(false)).then_some(Why::Below { basis_points, rate })
        };
        match consequence.trigger {
            Trigger::BelowTarget => below(self.target_basis_points),
            Trigger::BelowWithVolume { basis_points, more_than_units } => {
                below(basis_points).filter(|_| rate.counted() > more_than_units)
            }
            Trigger::Notice => notices.contains(&consequence.kind).then_some(Why::Notice),
        }
    }
}
