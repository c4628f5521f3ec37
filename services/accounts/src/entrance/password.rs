//! Passwords: what makes a good one, and how one is kept.
//!
//! A password is kept as argon2id (version 19) in the PHC text format, at the cost that the OWASP Password Storage Cheat
//! Sheet asks for unless more is configured. An evaluation takes tens of milliseconds of one core and much memory, so
//! only a few run at once, on threads of their own, and only so many wait.

mod rules;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use fenliu_runtime::ids::IdSource;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use unicode_normalization::UnicodeNormalization;

use crate::account::PasswordHash;
use crate::config::AuthConfig;

use self::threads::Threads;

#[cfg(test)]
mod tests;

/// Bytes of a salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;
/// Lanes of an evaluation.
const LANES: u32 = 1;
/// Most evaluations that run or wait at once.
const MAX_AT_ONCE: usize = 256;
/// What callers are told to wait beyond that.
const RETRY_AFTER: Span = Span::from_secs(2);

/// Hashes passwords and compares them. Clones share everything.
#[derive(Clone)]
pub(crate) struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    ids: IdSource,
    /// The hash of nobody's password, evaluated for those who have none.
    nobodys: PasswordHash,
    /// A place for each evaluation that runs or waits.
    places: Arc<Semaphore>,
    threads: Threads,
    evaluations: Evaluations,
}

/// Counts the evaluations of argon2 in a process; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Evaluations {
    asked_for: Arc<AtomicU64>,
    apart: Arc<AtomicU64>,
}

/// Somebody's right to one evaluation, now or soon.
pub(crate) struct Place(#[expect(dead_code, reason = "it is held until it is dropped")] OwnedSemaphorePermit);

impl Evaluations {
    /// How many there were since the service started that a caller waited for.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.asked_for.load(Ordering::SeqCst)
    }

    /// How many there were since the service started that nobody waited for: passwords that were hashed anew after a
    /// sign-in, because they had been hashed at another cost.
    #[must_use]
    pub fn apart(&self) -> u64 {
        self.apart.load(Ordering::SeqCst)
    }
}

impl Passwords {
    /// Hashes at the configured cost.
    ///
    /// # Errors
    /// When argon2 cannot work at that cost.
    pub(crate) async fn new(config: &AuthConfig, ids: IdSource) -> anyhow::Result<Self> {
        let params = Params::new(config.password_memory_kib, config.password_passes, LANES, None);
        let params = params.map_err(|error| anyhow::anyhow!("{error}"));
        let params =
            params.context("auth.password_memory_kib and auth.password_passes are no cost of argon2")?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (hasher, salt, secret) = (argon2.clone(), ids.next_key(), ids.next_key());
        let nobodys = tokio::task::spawn_blocking(move || hash(&hasher, &salt, &secret)).await??;
        Ok(Self(Arc::new(Inner {
            argon2,
            ids,
            nobodys,
            places: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            threads: Threads::start(config.threads())?,
            evaluations: Evaluations::default(),
        })))
    }

    /// Counts what this evaluates.
    pub(crate) fn evaluations(&self) -> Evaluations {
        self.0.evaluations.clone()
    }

    /// A place for one evaluation.
    ///
    /// # Errors
    /// OVERLOADED.
    pub(crate) fn place(&self) -> Result<Place, Problem> {
        self.0.places.clone().try_acquire_owned().map(Place).map_err(|_| overloaded())
    }

    /// Whether the password is the one that is kept. Where none is kept, it is not, and finding out costs the same.
    ///
    /// # Errors
    /// OVERLOADED while the process ends.
    pub(crate) async fn matches(
        &self,
        place: Place,
        kept: Option<&PasswordHash>,
        password: &str,
    ) -> Result<bool, Problem> {
        let exists = kept.is_some();
        let kept = kept.unwrap_or(&self.0.nobodys).clone();
        let nobodys = self.0.nobodys.clone();
        let password: String = password.nfc().collect();
        let matches = self.evaluated(place, &self.0.evaluations.asked_for, move |argon2| {
            let parsed = phc::PasswordHash::new(kept.text()).or_else(|error| {
                tracing::error!(%error, "a kept password is no text of argon2, and so nobody's");
                phc::PasswordHash::new(nobodys.text())
            });
            parsed.is_ok_and(|parsed| argon2.verify_password(password.as_bytes(), &parsed).is_ok())
        });
        Ok(matches.await? && exists)
    }

    /// Whether a kept password was hashed at another cost than is configured now.
    pub(crate) fn is_outdated(&self, kept: &PasswordHash) -> bool {
        let Ok(parsed) = phc::PasswordHash::new(kept.text()) else { return true };
        let (now, then) = (self.0.argon2.params(), Params::try_from(&parsed));
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let same_cost = then.is_ok_and(|then| cost(&then) == cost(now));
        let same_kind = parsed.algorithm.as_str() == Algorithm::Argon2id.as_str()
            && parsed.version == Some(Version::V0x13.into());
        !(same_cost && same_kind)
    }

    /// The hash of a password that has been accepted before.
    ///
    /// # Errors
    /// OVERLOADED.
    pub(crate) async fn hash(&self, password: &str) -> Result<PasswordHash, Problem> {
        self.hash_counted(password, &self.0.evaluations.asked_for).await
    }

    /// The same, for whoever has been answered already.
    ///
    /// # Errors
    /// OVERLOADED.
    pub(crate) async fn hash_apart(&self, password: &str) -> Result<PasswordHash, Problem> {
        self.hash_counted(password, &self.0.evaluations.apart).await
    }

    async fn hash_counted(&self, password: &str, count: &Arc<AtomicU64>) -> Result<PasswordHash, Problem> {
        let place = self.place()?;
        let salt = self.0.ids.next_key();
        let password: String = password.nfc().collect();
        let hashed = self.evaluated(place, count, move |argon2| hash(argon2, &salt, password.as_bytes()));
        hashed.await?.map_err(|error| {
            tracing::error!(%error, "argon2 cannot hash a password");
            Problem::new(Reason::Internal, "a defect of fenliu; the log has the details")
        })
    }

    /// The hash of a new password of the account with this name.
    ///
    /// # Errors
    /// PASSWORD_WEAK, naming `field` and the rule; OVERLOADED.
    pub(crate) async fn hash_new(
        &self,
        field: &'static str,
        password: &str,
        name: &LoginName,
    ) -> Result<PasswordHash, Problem> {
        let composed: String = password.nfc().collect();
        if let Err(rule) = rules::check(&composed, name) {
            return Err(Problem { reason: Reason::PasswordWeak, ..Problem::field(field, rule) });
        }
        self.hash(&composed).await
    }

    /// Runs one evaluation on a thread of its own, when it is its turn.
    async fn evaluated<T: Send + 'static>(
        &self,
        place: Place,
        count: &Arc<AtomicU64>,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (argon2, count) = (self.0.argon2.clone(), Arc::clone(count));
        let (answer, answered) = oneshot::channel();
        // It goes on when the caller goes away: what it costs must stay within the limit, too.
        let taken = self.0.threads.run(move || {
            let _place = place;
            count.fetch_add(1, Ordering::SeqCst);
            // Whoever asked may have gone away.
            answer.send(work(&argon2)).ok();
        });
        if taken { answered.await.map_err(|_| overloaded()) } else { Err(overloaded()) }
    }
}

fn hash(argon2: &Argon2<'_>, salt: &[u8; 32], password: &[u8]) -> anyhow::Result<PasswordHash> {
    let hashed = argon2.hash_password_with_salt(password, &salt[..SALT_BYTES]);
    hashed.map(|hashed| PasswordHash::new(hashed.to_string())).map_err(|error| anyhow::anyhow!("{error}"))
}

fn overloaded() -> Problem {
    let words = format!("{MAX_AT_ONCE} passwords are being looked at, as many as may; try again in a moment");
    Problem::new(Reason::Overloaded, words).with("limit", MAX_AT_ONCE).retry_after(RETRY_AFTER)
}
