//! Signing in: passwords, and the tokens that they are traded for.
//!
//! A sign-in is counted first (`attempts`), then its password is looked at (`password`), and only then does a
//! transaction open a session (`sessions`) and sign its first access token with the key of the day (`keys`). Programs
//! get tokens without a password (`service_tokens`, `issuer`). Whoever verifies tokens follows `trust`.
//!
//! Invariants
//! - An attempt is counted before its password is looked at, in a committed transaction: however many come at once, no
//!   more are looked at than are allowed.
//! - An attempt that is looked at costs one evaluation of argon2, whether there is such an account or not. A password
//!   that was hashed at another cost is hashed anew apart from the sign-in, which does not wait for it.
//! - Nobody learns that an account is disabled or banned who does not know its password.
//! - Refresh tokens are stored as hashes, service tokens not at all; neither they nor passwords are logged.
//! - A session opens under the password that was looked at, or not at all: the transaction reads it again.

mod attempts;
mod issuer;
mod keys;
pub(crate) mod password;
mod refresh_token;
mod service_tokens;
mod sessions;
mod sign_in;
mod source;
mod trust;

use fenliu_domain::access::{Caller, Permissions};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::platform::Platform;

pub(crate) use self::attempts::{Counted, Tally};
pub use self::issuer::Issuer;
pub(crate) use self::keys::{Key, KeyRing};
pub use self::password::Evaluations;
pub(crate) use self::password::Passwords;
pub(crate) use self::refresh_token::TokenHash;
pub(crate) use self::service_tokens::{NewServiceToken, ServiceToken, Wanted};
pub(crate) use self::sessions::Session;
pub(crate) use self::sign_in::Credentials;
pub(crate) use self::source::Source;
pub(crate) use self::trust::{TrustFollowers, feed};

use crate::account::PasswordHash;
use crate::config::AuthConfig;
use crate::storage::{Fault, Store};

/// Most shops that a sign-in names.
const NAMED_SHOPS: u64 = 50;

/// The use cases of signing in. Clones share everything.
#[derive(Clone)]
pub(crate) struct Entrance {
    store: Store,
    passwords: Passwords,
    platform: Platform,
    session_life: Span,
    /// The header in which a trusted proxy says where a call comes from; empty = there is none.
    source_header: String,
}

/// A shop that an account may sign in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Enterable {
    pub(crate) shop: ShopId,
    pub(crate) display_name: String,
    pub(crate) roles: Vec<String>,
}

/// A pair of tokens, and whom they speak for.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) access_token: String,
    /// Whom the access token speaks for, and until when.
    pub(crate) caller: Caller,
    pub(crate) refresh_token: String,
    pub(crate) refresh_expires: Timestamp,
    pub(crate) request_id: String,
}

impl Entrance {
    /// The entrance to what this store keeps.
    pub(crate) fn new(store: Store, passwords: Passwords, config: &AuthConfig, platform: &Platform) -> Self {
        Self {
            store,
            passwords,
            platform: platform.clone(),
            session_life: config.session_life(),
            source_header: config.source_header.clone(),
        }
    }

    /// Where a call comes from.
    pub(crate) fn source_of<T>(&self, request: &tonic::Request<T>) -> Source {
        Source::of(request, &self.source_header)
    }

    /// The shops that the account may sign in to; none for programs.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE.
    pub(crate) async fn shops_of(&self, caller: &Caller) -> Result<Vec<Enterable>, Problem> {
        let Some(agent) = caller.agent() else { return Ok(Vec::new()) };
        self.store.enterable(agent, NAMED_SHOPS).await.map_err(Fault::into_problem)
    }

    /// The hash of a new password for somebody else's account.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, PASSWORD_WEAK, OVERLOADED.
    pub(crate) async fn new_password_of(
        &self,
        (shop, agent): (ShopId, AgentId),
        password: &str,
    ) -> Result<PasswordHash, Problem> {
        let account = self.store.tenant(shop).account(agent).await.map_err(Fault::into_problem)?;
        let name = stored_name(&account.value.login_name)?;
        self.passwords.hash_new("new_password", password, &name).await
    }

    /// Lets the account of this shop try again at once: what was guessed before its password was reset is no longer
    /// held against it.
    ///
    /// # Errors
    /// AGENT_NOT_FOUND, STORE_UNAVAILABLE.
    pub(crate) async fn forget_failures_of(&self, (shop, agent): (ShopId, AgentId)) -> Result<(), Problem> {
        let account = self.store.tenant(shop).account(agent).await.map_err(Fault::into_problem)?;
        self.store.forget_attempts(Counted::for_name(&account.value.login_name)).await
    }

    /// Somebody who acts in this shop under this account.
    fn caller(&self, (agent, version): (AgentId, u64), shop: ShopId, permissions: Permissions) -> Caller {
        let subject = fenliu_domain::access::Subject::Agent(agent);
        let expires = self.platform.clock.now() + crate::storage::ACCESS_TOKEN_LIFE;
        Caller { subject, shop: Some(shop), permissions, version, expires }
    }
}

/// A login name as it was stored.
fn stored_name(text: &str) -> Result<LoginName, Problem> {
    LoginName::parse(text).map_err(|error| {
        tracing::error!(%error, "a stored login name is none");
        Problem::new(Reason::Internal, "a defect of fenliu; the log has the details")
    })
}

/// The refusal of a name and a password that do not belong together, in the same words whatever is wrong with them.
fn refused() -> Problem {
    Problem::new(
        Reason::SignInRefused,
        "the login name or the password is wrong, or they do not open this shop",
    )
}

fn disabled() -> Problem {
    Problem::new(
        Reason::SignInDisabled,
        "the account is disabled; ask a manager of its home shop to enable it",
    )
}

fn banned(end: Option<Timestamp>) -> Problem {
    let until = end.map_or_else(|| "until the ban is lifted".to_owned(), |end| format!("until {end}"));
    let problem = Problem::new(Reason::SignInBanned, format!("the account is banned in this shop {until}"));
    match end {
        Some(end) => problem.with("end_time", end),
        None => problem,
    }
}
