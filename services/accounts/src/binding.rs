//! A binding: an account's work for a shop, and the terms of it.

use fenliu_domain::access::BuiltInRole;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::storage::Stored;

/// The capacity of an agent whose terms name none, and the least that marketplaces recommend.
pub(crate) const RECOMMENDED_CAPACITY: u32 = 200;
/// The highest capacity short of unlimited.
pub(crate) const MAX_CAPACITY: u32 = 10_000;
/// Most groups one agent answers for.
pub(crate) const MAX_GROUPS: usize = 32;
/// Most roles of one agent in a shop.
pub(crate) const MAX_ROLES: usize = 8;
/// The greatest share in weighted strategies.
pub(crate) const MAX_WEIGHT: u32 = 1_000;

/// An account's work for a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) shop: ShopId,
    pub(crate) agent: AgentId,
    pub(crate) terms: Terms,
    /// False = it has ended; kept so that followers of the directory hear of it.
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    /// The sanction in force here.
    pub(crate) sanction: Option<InForce>,
    /// When they are on duty, as far as followers were told; `None` = the shop has published no roster.
    pub(crate) duty: Option<Duty>,
}

/// How an account works for a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Names of roles, sorted; at least one.
    pub(crate) roles: Vec<String>,
    /// Empty = the default group.
    pub(crate) groups: Vec<String>,
    /// Open conversations they start with, at most the ceiling; 0 = transfers only.
    pub(crate) capacity: u32,
    /// The highest capacity they may set for themselves, at most [`MAX_CAPACITY`].
    pub(crate) ceiling: u32,
    /// Never saturated, whatever the capacity says.
    pub(crate) unlimited: bool,
    /// Share in weighted strategies, 1 to [`MAX_WEIGHT`].
    pub(crate) weight: u32,
    pub(crate) external: Option<ExternalAccount>,
}

/// An account on a marketplace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalAccount {
    pub(crate) platform: String,
    pub(crate) account_id: String,
}

/// New values for some of the terms; `None` leaves one as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct TermsChange {
    pub(crate) roles: Option<Vec<String>>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) capacity: Option<u32>,
    pub(crate) ceiling: Option<u32>,
    pub(crate) unlimited: Option<bool>,
    pub(crate) weight: Option<u32>,
    pub(crate) external: Option<Option<ExternalAccount>>,
}

/// What a sanction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SanctionKind {
    /// Cannot reply and gets nothing new (禁言).
    Mute,
    /// Cannot sign in or work (封号).
    Ban,
}

/// A sanction that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InForce {
    pub(crate) kind: SanctionKind,
    /// When it ends by itself; `None` = when it is lifted.
    pub(crate) end: Option<Timestamp>,
}

/// When somebody is on duty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Duty {
    /// In order, not overlapping; the end is not part of a span.
    pub(crate) spans: Vec<(Timestamp, Timestamp)>,
    /// Nothing is said of what comes after.
    pub(crate) through: Timestamp,
}

/// Somebody who works for a shop: the binding and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) binding: Stored<Binding>,
    pub(crate) account: Account,
}

impl Binding {
    /// A binding that begins now.
    pub(crate) const fn new(shop: ShopId, agent: AgentId, terms: Terms, now: Timestamp) -> Self {
        Self { shop, agent, terms, active: true, created: now, sanction: None, duty: None }
    }

    /// Whether a ban is in force.
    pub(crate) fn is_banned(&self, now: Timestamp) -> bool {
        let ban = self.sanction.filter(|sanction| sanction.kind == SanctionKind::Ban);
        ban.is_some_and(|ban| ban.end.is_none_or(|end| end > now))
    }
}

impl Terms {
    /// How the main account works: it hands out by hand and is the last resort of routing, so it is never full.
    pub(crate) fn of_the_main_account() -> Self {
        Self { roles: vec![BuiltInRole::Owner.name().to_owned()], unlimited: true, ..Self::default() }
    }

    /// The terms with these changes.
    ///
    /// # Errors
    /// INVALID_REQUEST when the capacity would be above the ceiling; with one changed and the other kept, this shows
    /// only here.
    pub(crate) fn changed(self, change: TermsChange) -> Result<Self, Problem> {
        let ceiling = change.ceiling.unwrap_or(self.ceiling);
        // A lower ceiling takes a capacity that nobody named along.
        let capacity = change.capacity.unwrap_or_else(|| self.capacity.min(ceiling));
        if capacity > ceiling {
            return Err(Problem::field(
                "terms.capacity",
                format!("must be at most the ceiling, {ceiling}, is {capacity}"),
            ));
        }
        Ok(Self {
            roles: change.roles.unwrap_or(self.roles),
            groups: change.groups.unwrap_or(self.groups),
            capacity,
            ceiling,
            unlimited: change.unlimited.unwrap_or(self.unlimited),
            weight: change.weight.unwrap_or(self.weight),
            external: change.external.unwrap_or(self.external),
        })
    }

    /// What succeeded but may not have been meant.
    pub(crate) fn warnings(&self) -> Vec<String> {
        if self.unlimited || self.capacity >= RECOMMENDED_CAPACITY {
            return Vec::new();
        }
        let effect = if self.capacity == 0 { "; the agent gets conversations only by transfer" } else { "" };
        let capacity = self.capacity;
        vec![format!("capacity {capacity} is below the recommended {RECOMMENDED_CAPACITY}{effect}")]
    }

    /// Whether this is one of their roles.
    pub(crate) fn has_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role == name)
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            roles: vec![BuiltInRole::Agent.name().to_owned()],
            groups: Vec::new(),
            capacity: RECOMMENDED_CAPACITY,
            ceiling: MAX_CAPACITY,
            unlimited: false,
            weight: 1,
            external: None,
        }
    }
}

impl TermsChange {
    /// Whether it says anything about how many conversations the agent may hold.
    pub(crate) const fn touches_room(&self) -> bool {
        self.capacity.is_some() || self.ceiling.is_some() || self.unlimited.is_some()
    }
}

impl Member {
    /// Changes when what callers see of the binding changes, and only then: duty and sanctions, which come and go by
    /// time, show elsewhere.
    pub(crate) fn etag(&self) -> String {
        let Account { login_name, display_name, .. } = &self.account;
        let Stored { value: Binding { shop, agent, terms, .. }, number, .. } = &self.binding;
        let Terms { roles, groups, capacity, ceiling, unlimited, weight, external } = terms;
        let external = external.as_ref().map(|account| [&account.platform, &account.account_id]);
        let whose = json!([shop.to_string(), agent.to_string(), number, login_name, display_name]);
        let shown = json!([self.at_home(), self.account.works(), roles, groups, capacity, ceiling]);
        let digest = Sha256::digest(json!([whose, shown, unlimited, weight, external]).to_string());
        let bits = digest.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        format!("b{bits:016x}")
    }

    /// Whether they may work for the shop at all.
    pub(crate) const fn works(&self) -> bool {
        self.binding.value.active && self.account.works()
    }

    /// True when the shop is the account's home.
    pub(crate) fn at_home(&self) -> bool {
        self.binding.value.shop == self.account.home
    }

    /// # Errors
    /// MAIN_ACCOUNT_PROTECTED when these terms would take ownership from the shop's main account.
    pub(crate) fn expect_owner_stays(&self, terms: &Terms) -> Result<(), Problem> {
        let owner = BuiltInRole::Owner.name();
        if !self.account.main_account || !self.at_home() || terms.has_role(owner) {
            return Ok(());
        }
        let words = "the main account stays an owner; give the role to somebody else beside it";
        let problem = Problem::new(Reason::MainAccountProtected, words);
        Err(problem.with("agent_id", self.account.id).with("shop_id", self.account.home))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_capacity_is_warned_of_unless_it_does_not_count() {
        let warned = |capacity, unlimited| Terms { capacity, unlimited, ..Terms::default() }.warnings();
        assert_eq!(warned(200, false), [""; 0]);
        assert_eq!(warned(199, true), [""; 0]);
        assert_eq!(warned(199, false), ["capacity 199 is below the recommended 200"]);
        let transfers_only =
            "capacity 0 is below the recommended 200; the agent gets conversations only by transfer";
        assert_eq!(warned(0, false), [transfers_only]);
    }

    #[test]
    fn a_lower_ceiling_takes_the_capacity_along_and_a_named_capacity_must_fit() {
        let lowered = TermsChange { ceiling: Some(50), ..TermsChange::default() };
        let terms = Terms::default().changed(lowered.clone()).expect("it fits");
        assert_eq!((terms.capacity, terms.ceiling), (50, 50));
        let beyond = TermsChange { capacity: Some(51), ..lowered };
        let refused = Terms::default().changed(beyond).expect_err("it does not fit");
        assert_eq!(refused.violations[0].field, "terms.capacity");
    }

    #[test]
    fn a_change_of_nothing_changes_nothing() {
        assert_eq!(Terms::default().changed(TermsChange::default()), Ok(Terms::default()));
    }
}
