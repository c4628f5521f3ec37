//! What a pack needs beside making sense, to be kept and to judge days on its own.

use super::super::{Confidence, RulePack};
use super::{Draft, Faults};
use crate::problem::Problem;

impl Draft {
    /// Makes a pack that is kept: beside what [`check`](Draft::check) asks, it must say where its rule was read, how sure
    /// that reading is, and from which day it holds.
    ///
    /// # Errors
    /// `RULE_PACK_INVALID`, naming every field that is out of its bounds or missing.
    pub fn check_for_keeping(self) -> Result<RulePack, Problem> {
        let mut missing = Faults::default();
        missing.unless(!self.source.trim().is_empty(), "source", "must say where the rule was read");
        let said = self.confidence != Confidence::Unknown;
        missing.unless(said, "confidence", "must be official, several or single");
        let dated = !self.valid_from.is_empty();
        missing.unless(dated, "valid_from", "must be the first day it holds, such as 2026-01-31");
        let id = self.rule_pack_id.clone();
        match self.check() {
            Ok(pack) if missing.0.is_empty() => Ok(pack),
            Ok(_) => Err(missing.into_problem(&id)),
            Err(problem) => {
                let violations = problem.violations.into_iter().chain(missing.0).collect();
                Err(Faults(violations).into_problem(&id))
            }
        }
    }
}
