//! An account of a shop: the main account and the sub-accounts, and what may be changed about them.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;

/// The capacity of an account that names none, and the least that marketplaces recommend.
pub(crate) const RECOMMENDED_CAPACITY: u32 = 200;
/// The highest capacity short of unlimited.
pub(crate) const MAX_CAPACITY: u32 = 10_000;
/// Most groups one account answers for.
pub(crate) const MAX_GROUPS: usize = 32;

/// An account that may receive conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: AgentId,
    pub(crate) shop: ShopId,
    /// As it was given, composed.
    pub(crate) login_name: String,
    pub(crate) display_name: String,
    pub(crate) main_account: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) room: Room,
    pub(crate) enabled: bool,
    pub(crate) created: Timestamp,
}

/// How many open conversations an account may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// At most [`MAX_CAPACITY`]; 0 = transfers only.
    pub(crate) capacity: u32,
    /// Never saturated, whatever the capacity says.
    pub(crate) unlimited: bool,
}

/// What somebody who creates a sub-account decides.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) login_name: LoginName,
    /// The login name when `None`.
    pub(crate) display_name: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) room: Room,
}

/// New values for some of an account's fields; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountChange {
    pub(crate) display_name: Option<String>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) capacity: Option<u32>,
    pub(crate) unlimited: Option<bool>,
    pub(crate) enabled: Option<bool>,
}

impl Account {
    /// A shop's main account. It hands out by hand and is the last resort of routing, so it is never full.
    pub(crate) fn main(id: AgentId, shop: ShopId, name: &LoginName, now: Timestamp) -> Self {
        Self {
            id,
            shop,
            login_name: name.given().to_owned(),
            display_name: name.given().to_owned(),
            main_account: true,
            groups: Vec::new(),
            room: Room { capacity: RECOMMENDED_CAPACITY, unlimited: true },
            enabled: true,
            created: now,
        }
    }

    /// The account with these changes.
    ///
    /// # Errors
    /// MAIN_ACCOUNT_PROTECTED when they would disable a main account.
    pub(crate) fn changed(self, change: AccountChange) -> Result<Self, Problem> {
        let enabled = change.enabled.unwrap_or(self.enabled);
        if self.main_account && !enabled {
            let advice = "the main account cannot be disabled; it is the last resort of routing";
            let problem = Problem::new(Reason::MainAccountProtected, advice);
            return Err(problem.with("agent_id", self.id).with("shop_id", self.shop));
        }
        Ok(Self {
            display_name: change.display_name.unwrap_or(self.display_name),
            groups: change.groups.unwrap_or(self.groups),
            room: Room {
                capacity: change.capacity.unwrap_or(self.room.capacity),
                unlimited: change.unlimited.unwrap_or(self.room.unlimited),
            },
            enabled,
            ..self
        })
    }
}

impl NewAccount {
    /// The sub-account.
    pub(crate) fn create(self, id: AgentId, shop: ShopId, now: Timestamp) -> Account {
        let login_name = self.login_name.given().to_owned();
        Account {
            id,
            shop,
            display_name: self.display_name.unwrap_or_else(|| login_name.clone()),
            login_name,
            main_account: false,
            groups: self.groups,
            room: self.room,
            enabled: true,
            created: now,
        }
    }
}

impl AccountChange {
    /// Whether it says anything about how many conversations the account may hold.
    pub(crate) const fn touches_room(&self) -> bool {
        self.capacity.is_some() || self.unlimited.is_some()
    }
}

impl Room {
    /// What succeeded but may not have been meant.
    pub(crate) fn warnings(self) -> Vec<String> {
        if self.unlimited || self.capacity >= RECOMMENDED_CAPACITY {
            return Vec::new();
        }
        let effect =
            if self.capacity == 0 { "; the account gets conversations only by transfer" } else { "" };
        let capacity = self.capacity;
        vec![format!("capacity {capacity} is below the recommended {RECOMMENDED_CAPACITY}{effect}")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main_account() -> Account {
        let name = LoginName::parse("owner").expect("a name");
        let now = Timestamp::from_micros_clamped(0);
        Account::main(AgentId::from_bits(1), ShopId::from_bits(1), &name, now)
    }

    #[test]
    fn the_main_account_is_never_full_and_never_disabled() {
        assert!(main_account().room.unlimited);
        let change = AccountChange { enabled: Some(false), ..AccountChange::default() };
        let refused = main_account().changed(change).expect_err("it is protected");
        assert_eq!(refused.reason, Reason::MainAccountProtected);
    }

    #[test]
    fn a_change_of_nothing_changes_nothing() {
        assert_eq!(main_account().changed(AccountChange::default()), Ok(main_account()));
    }

    #[test]
    fn a_small_capacity_is_warned_of_unless_it_does_not_count() {
        let warned = |capacity, unlimited| Room { capacity, unlimited }.warnings();
        assert_eq!(warned(200, false), [""; 0]);
        assert_eq!(warned(199, true), [""; 0]);
        assert_eq!(warned(199, false), ["capacity 199 is below the recommended 200"]);
        let transfers_only =
            "capacity 0 is below the recommended 200; the account gets conversations only by transfer";
        assert_eq!(warned(0, false), [transfers_only]);
    }
}
