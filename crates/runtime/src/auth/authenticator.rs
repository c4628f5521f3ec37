//! Verifies tokens by the keys and the revocations that are known now.

use std::sync::Arc;
use std::time::Duration;

use fenliu_domain::access::{Caller, Subject};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, watch};

pub use self::trust::MAX_REVOCATIONS;
use self::trust::Trust;
use super::token::{self, MAX_TOKEN_BYTES, PublicKey};
use super::token_invalid;
use crate::clock::SharedClock;

mod trust;

/// How long a token under a key nobody knows yet waits for that key: keys rotate, and a new one may be on its way.
const KEY_WAIT: Duration = Duration::from_secs(1);

/// Calls that wait for a key at once. Names of keys can be made up by anybody, and those who wait hold places.
const MAX_WAITING: usize = 64;

/// Tokens whose signature need not be verified again.
const MAX_VERIFIED: u64 = 10_000;

/// What callers are told to wait while no keys have arrived.
const RETRY_AFTER: Span = Span::from_secs(1);

/// That a subject's tokens count no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revocation {
    /// Whose.
    pub subject: Subject,
    /// Tokens with a version below this are void.
    pub below_version: u64,
    /// From then on nobody needs to remember: the last token that this makes void has expired by itself.
    pub forget_at: Timestamp,
}

/// Verifies tokens. Clones share what they know.
#[derive(Clone, Debug)]
pub struct Authenticator {
    clock: SharedClock,
    trust: Arc<watch::Sender<Trust>>,
    waiting: Arc<Semaphore>,
    verified: Cache<[u8; 32], Verified>,
}

/// A token whose signature was found good, and the key it was good under.
#[derive(Clone, Debug)]
struct Verified {
    key: PublicKey,
    caller: Caller,
}

impl Authenticator {
    /// One that trusts nobody yet: until keys arrive, every token is answered with PEER_UNAVAILABLE.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            trust: Arc::new(watch::Sender::new(Trust::default())),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            verified: Cache::new(MAX_VERIFIED),
        }
    }

    /// From now on exactly these keys count. Tokens under a key that is gone are void.
    pub fn set_keys(&self, keys: Vec<PublicKey>) {
        self.trust.send_modify(|trust| trust.set_keys(keys));
    }

    /// From now on this revocation counts, too; of two of one subject the stricter half of each. At most
    /// [`MAX_REVOCATIONS`] are remembered. When there are more, the one that would be forgotten first goes, and with
    /// it all tokens that expire by then count no longer, whoever's they are: rather too many sign in again than one
    /// token too many counts.
    pub fn revoke(&self, revocation: Revocation) {
        let now = self.clock.now();
        self.trust.send_modify(|trust| trust.revoke(revocation, now));
    }

    /// From now on exactly these keys and these revocations count, as a snapshot says them.
    pub fn set_trust(&self, keys: Vec<PublicKey>, revocations: Vec<Revocation>) {
        let now = self.clock.now();
        self.trust.send_modify(|trust| trust.replace(keys, revocations, now));
    }

    /// Says whether somebody follows accounts now, so that it is worth waiting a moment for a key that is not known
    /// yet. What is known stays and counts in either case.
    pub fn set_followed(&self, followed: bool) {
        self.trust.send_modify(|trust| trust.followed = followed);
    }

    /// Who calls with this token.
    ///
    /// # Errors
    /// TOKEN_INVALID when it is none of ours, also when its key does not arrive within a second; TOKEN_EXPIRED;
    /// TOKEN_REVOKED; PEER_UNAVAILABLE while no keys have ever arrived.
    pub async fn verify(&self, token: &str) -> Result<Caller, Problem> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(token_invalid());
        }
        let caller = self.signed(token).await?;
        self.current(&caller)?;
        Ok(caller)
    }

    /// Whether the caller's token still counts, by its time and by the revocations.
    ///
    /// # Errors
    /// TOKEN_EXPIRED or TOKEN_REVOKED.
    pub fn current(&self, caller: &Caller) -> Result<(), Problem> {
        if caller.expires <= self.clock.now() {
            return Err(expired(caller));
        }
        if self.trust.borrow().revokes(caller) { Err(revoked()) } else { Ok(()) }
    }

    /// Waits until the caller's token counts no longer, and says why: TOKEN_EXPIRED or TOKEN_REVOKED. To end streams
    /// with.
    pub async fn ended(&self, caller: &Caller) -> Problem {
        let mut changes = self.trust.subscribe();
        let revocation = async {
            // It only fails when the sender is gone, which this one holds.
            drop(changes.wait_for(|trust| trust.revokes(caller)).await);
            revoked()
        };
        tokio::select! {
            biased;
            problem = revocation => problem,
            () = self.clock.sleep_until(caller.expires) => expired(caller),
        }
    }

    /// The caller a token names, if its signature is good. A signature is verified once as long as its key stays.
    async fn signed(&self, token: &str) -> Result<Caller, Problem> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(known) = self.verified.get(&digest)
            && self.trust.borrow().key(&known.key.kid) == Some(&known.key)
        {
            return Ok(known.caller);
        }
        let kid = token::kid(token).ok_or_else(token_invalid)?;
        let key = self.key(&kid).await?;
        let caller = token::verified(token, &key).ok_or_else(token_invalid)?.caller;
        self.verified.insert(digest, Verified { key, caller: caller.clone() });
        Ok(caller)
    }

    /// The key of this name, which may be on its way.
    async fn key(&self, kid: &str) -> Result<PublicKey, Problem> {
        {
            let trust = self.trust.borrow();
            if !trust.received {
                return Err(no_keys());
            }
            if let Some(key) = trust.key(kid) {
                return Ok(key.clone());
            }
            if !trust.followed {
                return Err(token_invalid());
            }
        }
        let _place = self.waiting.try_acquire().map_err(|_| token_invalid())?;
        let mut changes = self.trust.subscribe();
        let arrived =
            tokio::time::timeout(KEY_WAIT, changes.wait_for(|trust| trust.key(kid).is_some())).await;
        let trust = arrived.ok().and_then(Result::ok);
        trust.and_then(|trust| trust.key(kid).cloned()).ok_or_else(token_invalid)
    }
}

fn expired(caller: &Caller) -> Problem {
    let message = format!("the token's time was over at {}; sign in or refresh it", caller.expires);
    Problem::new(Reason::TokenExpired, message).with("expire_time", caller.expires)
}

fn revoked() -> Problem {
    Problem::new(Reason::TokenRevoked, "the token was revoked; sign in again")
}

fn no_keys() -> Problem {
    let message =
        "the keys that tokens are verified with have not arrived from accounts yet; try again in a second";
    Problem::new(Reason::PeerUnavailable, message).with("peer", "accounts").retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests;
