//! What becomes of a draft: another one, or some of its parts.

use fenliu_domain::problem::Violation;
use fenliu_domain::roster::Plan;
use fenliu_proto::accounts::v1 as proto;

use super::{plan_of, roster};

/// The parts of a roster.
pub(crate) const ROSTER_PATHS: [&str; 4] = ["templates", "rotations", "assignments", "min_on_duty"];

/// What becomes of a draft.
pub(crate) enum Edit {
    /// It is replaced.
    Whole(Plan),
    /// These parts of it are.
    Parts(Box<proto::Roster>, Vec<&'static str>),
}

impl Edit {
    /// The edit of these parts. What can be said without knowing the draft is said here.
    ///
    /// # Errors
    /// As [`plan_of`].
    pub(crate) fn of(given: proto::Roster, paths: Vec<&'static str>) -> Result<Self, Vec<Violation>> {
        if ROSTER_PATHS.iter().all(|path| paths.contains(path)) {
            return plan_of(&given).map(Self::Whole);
        }
        Ok(Self::Parts(Box::new(given), paths))
    }

    /// The plan that comes of it, from this one.
    ///
    /// # Errors
    /// As [`plan_of`], of the whole plan: a part may contradict another that stays.
    pub(crate) fn applied(self, base: &Plan) -> Result<Plan, Vec<Violation>> {
        let (given, paths) = match self {
            Self::Whole(plan) => return Ok(plan),
            Self::Parts(given, paths) => (*given, paths),
        };
        let mut merged = roster(base);
        for path in paths {
            match path {
                "templates" => merged.templates.clone_from(&given.templates),
                "rotations" => merged.rotations.clone_from(&given.rotations),
                "assignments" => merged.assignments.clone_from(&given.assignments),
                _ => merged.min_on_duty = given.min_on_duty,
            }
        }
        plan_of(&merged)
    }
}
