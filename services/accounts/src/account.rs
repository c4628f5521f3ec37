//! An account: who somebody is, and how they sign in. What they do in a shop is their [binding](crate::binding).

use std::fmt;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;

/// An account. It belongs to the shop that created it, its home, and is managed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: AgentId,
    pub(crate) home: ShopId,
    /// As it was given, composed.
    pub(crate) login_name: String,
    pub(crate) display_name: String,
    pub(crate) main_account: bool,
    pub(crate) enabled: bool,
    /// `None` = it cannot sign in yet.
    pub(crate) password: Option<PasswordHash>,
    /// Tokens of an earlier version are void.
    pub(crate) token_version: u64,
    pub(crate) created: Timestamp,
    /// A deleted account is kept for its name and its history, and found by nobody.
    pub(crate) deleted: Option<Timestamp>,
}

/// A password as it is kept: an argon2id text in the PHC format, with its salt and its parameters.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash(String);

/// What somebody who creates a sub-account decides about it.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) login_name: LoginName,
    /// The login name when `None`.
    pub(crate) display_name: Option<String>,
    pub(crate) password: Option<PasswordHash>,
}

impl Account {
    /// A shop's main account, its owner and the last resort of routing.
    pub(crate) fn main(
        id: AgentId,
        home: ShopId,
        name: &LoginName,
        password: Option<PasswordHash>,
        now: Timestamp,
    ) -> Self {
        let new = NewAccount { login_name: name.clone(), display_name: None, password };
        Self { main_account: true, ..new.create(id, home, now) }
    }

    /// The account, able to sign in and work or not.
    ///
    /// # Errors
    /// MAIN_ACCOUNT_PROTECTED when this would disable a main account.
    pub(crate) fn with_enabled(self, enabled: bool) -> Result<Self, Problem> {
        if !enabled {
            self.expect_no_main_account("disabled")?;
        }
        Ok(Self { enabled, ..self })
    }

    /// The account, deleted: disabled and without a password.
    ///
    /// # Errors
    /// MAIN_ACCOUNT_PROTECTED when it is a main account.
    pub(crate) fn deleted(self, now: Timestamp) -> Result<Self, Problem> {
        self.expect_no_main_account("deleted")?;
        Ok(Self { enabled: false, password: None, deleted: Some(now), ..self })
    }

    /// Whether it may sign in and work.
    pub(crate) const fn works(&self) -> bool {
        self.enabled && self.deleted.is_none()
    }

    /// # Errors
    /// MAIN_ACCOUNT_PROTECTED when it is one.
    pub(crate) fn expect_no_main_account(&self, done: &str) -> Result<(), Problem> {
        if !self.main_account {
            return Ok(());
        }
        let words =
            format!("the main account cannot be {done}; it owns the shop and is the last resort of routing");
        let problem = Problem::new(Reason::MainAccountProtected, words);
        Err(problem.with("agent_id", self.id).with("shop_id", self.home))
    }
}

impl NewAccount {
    /// The sub-account.
    pub(crate) fn create(self, id: AgentId, home: ShopId, now: Timestamp) -> Account {
        let login_name = self.login_name.given().to_owned();
        Account {
            id,
            home,
            display_name: self.display_name.unwrap_or_else(|| login_name.clone()),
            login_name,
            main_account: false,
            enabled: true,
            password: self.password,
            token_version: 1,
            created: now,
            deleted: None,
        }
    }
}

impl PasswordHash {
    /// The hash with this PHC text.
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// Its PHC text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main_account() -> Account {
        let name = LoginName::parse("owner").expect("a name");
        let now = Timestamp::from_micros_clamped(0);
        Account::main(AgentId::from_bits(1), ShopId::from_bits(1), &name, None, now)
    }

    #[test]
    fn the_main_account_is_neither_disabled_nor_deleted() {
        let refusals = [main_account().with_enabled(false), main_account().deleted(Timestamp::MAX)];
        for refused in refusals {
            assert_eq!(refused.expect_err("it is protected").reason, Reason::MainAccountProtected);
        }
        assert_eq!(main_account().with_enabled(true), Ok(main_account()));
    }

    #[test]
    fn a_deleted_account_neither_works_nor_keeps_its_password() {
        let account =
            Account { main_account: false, password: Some(PasswordHash::new("x".into())), ..main_account() };
        assert!(account.works());
        let deleted = account.deleted(Timestamp::from_micros_clamped(5)).expect("deleted");
        assert!(!deleted.works());
        assert_eq!((deleted.password, deleted.login_name.as_str()), (None, "owner"));
    }

    #[test]
    fn a_hash_is_never_printed() {
        assert_eq!(format!("{:?}", PasswordHash::new("$argon2id$…".into())), "PasswordHash(not shown)");
    }
}
