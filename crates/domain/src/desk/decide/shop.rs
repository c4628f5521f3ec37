//! What the shop decides about its desk.

use super::Session;
use crate::desk::event::{Payload, Seq};
use crate::desk::policy::{Policy, ShopHours};
use crate::problem::{Problem, Reason};

impl Session<'_> {
    /// Takes over the shop's hours; the first time, this opens the desk.
    pub(super) fn sync_shop(&mut self, hours: ShopHours) -> Result<(), Problem> {
        let policy = if self.desk.head.is_none() {
            Policy::for_hours(hours)
        } else if self.desk.policy.hours == hours {
            return Ok(());
        } else {
            Policy { hours, ..self.desk.policy.clone() }
        };
        self.record(None, Payload::PolicyChanged { policy: Box::new(policy) });
        Ok(())
    }

    /// Replaces the policy as a whole, unless somebody else was faster.
    pub(super) fn replace_policy(
        &mut self,
        mut policy: Policy,
        if_policy: Option<Seq>,
    ) -> Result<(), Problem> {
        policy.language.normalise();
        policy.validate()?;
        if if_policy.is_some_and(|seq| seq != self.desk.policy_seq) {
            return Err(Problem::new(
                Reason::EtagMismatch,
                "the policy has changed since it was read; read it again",
            )
            .with("etag", self.desk.policy_seq.0));
        }
        if policy.hours != self.desk.policy.hours {
            return Err(Problem {
                reason: Reason::PolicyInvalid,
                ..Problem::field(
                    "policy",
                    "must keep the shop's time zone and service window; change them in accounts",
                )
            });
        }
        if policy != self.desk.policy {
            self.record(None, Payload::PolicyChanged { policy: Box::new(policy) });
        }
        Ok(())
    }
}
