//! The keys that sign access tokens: made, published, used, and forgotten when nothing they signed is valid any more.
//!
//! A new key is published at once and signs only an hour later, when everybody who verifies has heard of it. Replicas
//! decide inside the transaction that takes the directory's head, so that of many that see a key grow old, one makes the
//! next.

use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::auth::token::SigningKey;
use fenliu_runtime::platform::Platform;
use serde_json::{Value, json};

use super::attempts::REMEMBERED;
use crate::storage::{Change, Fault, Store};

/// How long a new key is known before it signs.
const OVERLAP: Span = Span::from_hours(1);
/// How often keys are looked at, and what is over is forgotten.
const LOOK_EVERY: Span = Span::from_hours(1);
/// Most rows of one kind forgotten by one statement.
const PRUNED_AT_ONCE: u64 = 500;
/// Most statements of one kind in a row.
const PRUNED_IN_A_ROW: usize = 100;

/// A key and its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) signing: SigningKey,
    pub(crate) created: Timestamp,
    /// It signs from then on, until a younger one does.
    pub(crate) activates: Timestamp,
    /// By then everything it has signed has expired.
    pub(crate) last_expiry: Timestamp,
}

/// Keeps the keys young.
#[derive(Clone)]
pub(crate) struct KeyRing {
    store: Store,
    platform: Platform,
    /// How old the youngest key may become.
    rotation: Span,
}

/// What is to be done about the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Due {
    /// A new key, which signs from this moment on.
    new_from: Option<Timestamp>,
    /// Keys that have nothing left to verify.
    over: Vec<Key>,
}

impl KeyRing {
    /// The keys of this store.
    pub(crate) fn new(store: Store, platform: &Platform, rotation: Span) -> Self {
        Self { store, platform: platform.clone(), rotation }
    }

    /// Makes a key when there is none or the youngest has grown old, and forgets those that are over.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE.
    pub(crate) async fn tend(&self) -> Result<(), Problem> {
        let known = self.store.keys().await.map_err(Fault::into_problem)?;
        let due = due(&known, self.rotation, self.platform.clock.now());
        if due.new_from.is_none() && due.over.is_empty() {
            return Ok(());
        }
        let ring = self.clone();
        let tended = self
            .store
            .by_itself(move |mut change| Box::pin(async move { ring.tend_within(&mut change).await }));
        tended.await
    }

    /// Another replica may have done it since, so it is decided again.
    async fn tend_within(&self, change: &mut Change<'_>) -> Result<(), Fault> {
        let now = change.now();
        let due = due(&change.keys().await?, self.rotation, now);
        if let Some(activates) = due.new_from {
            let kid = format!("key_{:032x}", self.platform.ids.next_bits());
            tracing::info!(kid, %activates, "a new key will sign tokens");
            let signing = SigningKey { kid, seed: self.platform.ids.next_key() };
            let key = Key { signing, created: now, activates, last_expiry: now };
            change.insert_key(&key).await?;
            let noted = (None, Some(record(&key)));
            change.audit(None, "signing_key.created", &key.signing.kid, noted).await?;
        }
        for key in due.over {
            tracing::info!(kid = key.signing.kid, "a key is forgotten: nothing it signed is valid any more");
            change.delete_key(&key).await?;
            let noted = (Some(record(&key)), None);
            change.audit(None, "signing_key.forgotten", &key.signing.kid, noted).await?;
        }
        Ok(())
    }

    /// Tends the keys and forgets what is over, hour by hour until the platform drains.
    pub(crate) async fn tend_for_good(self) {
        let (clock, soft) = (self.platform.clock.clone(), self.platform.lifecycle.soft());
        loop {
            tokio::select! {
                () = clock.sleep_until(clock.now() + LOOK_EVERY) => {}
                () = soft.cancelled() => return,
            }
            if let Err(problem) = self.tend().await {
                tracing::warn!(%problem, "the keys could not be tended; the next try is in an hour");
            }
            if let Err(fault) = self.prune().await {
                tracing::warn!(%fault, "what is over could not be forgotten; the next try is in an hour");
            }
        }
    }

    /// Forgets failures, sessions and service tokens that are over, a bounded number at a time.
    async fn prune(&self) -> Result<(), Fault> {
        let (store, now) = (&self.store, self.platform.clock.now());
        for _ in 0..PRUNED_IN_A_ROW {
            let attempts = store.prune_attempts(now - REMEMBERED, PRUNED_AT_ONCE).await?;
            let sessions = store.prune_sessions(now, PRUNED_AT_ONCE).await?;
            let tokens = store.prune_service_tokens(now, PRUNED_AT_ONCE).await?;
            if attempts.max(sessions).max(tokens) < PRUNED_AT_ONCE {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// What the audit log shows of a key: nothing that signs.
fn record(key: &Key) -> Value {
    json!({ "create_time": key.created.to_string(), "activate_time": key.activates.to_string() })
}

/// What is to be done, given the keys there are.
fn due(keys: &[Key], rotation: Span, now: Timestamp) -> Due {
    let youngest = keys.iter().map(|key| key.created).max();
    let new_from = match youngest {
        // Nothing was signed before the first key, so nobody need hear of it first.
        None => Some(now),
        Some(created) if now.since(created) >= rotation => Some(now + OVERLAP),
        Some(_) => None,
    };
    let signing = keys.iter().map(|key| key.activates).filter(|activates| *activates <= now).max();
    let replaced = |key: &&Key| signing.is_some_and(|signing| key.activates < signing);
    let over = keys.iter().filter(replaced).filter(|key| key.last_expiry <= now);
    Due { new_from, over: over.cloned().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROTATION: Span = Span::from_hours(30 * 24);

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_micros_clamped(1_772_323_200_000_000) + Span::from_hours(hour)
    }

    fn key(kid: &str, created: i64, activates: i64, last_expiry: i64) -> Key {
        Key {
            signing: SigningKey { kid: kid.into(), seed: [0; 32] },
            created: hour(created),
            activates: hour(activates),
            last_expiry: hour(last_expiry),
        }
    }

    #[test]
    fn the_first_key_signs_at_once_and_the_next_an_hour_after_it_is_known() {
        assert_eq!(due(&[], ROTATION, hour(0)).new_from, Some(hour(0)));
        let keys = [key("a", 0, 0, 1)];
        assert_eq!(due(&keys, ROTATION, hour(719)).new_from, None);
        assert_eq!(due(&keys, ROTATION, hour(720)).new_from, Some(hour(721)));
        let keys = [key("a", 0, 0, 721), key("b", 720, 721, 720)];
        assert_eq!(due(&keys, ROTATION, hour(720)).new_from, None);
    }

    #[test]
    fn a_key_is_forgotten_when_it_is_replaced_and_all_it_signed_has_expired() {
        let keys = [key("a", 0, 0, 900), key("b", 720, 721, 720)];
        let over = |at| due(&keys, ROTATION, hour(at)).over.len();
        assert_eq!([over(720), over(899), over(900)], [0, 0, 1]);
        // The one that signs stays, whatever it has signed.
        assert_eq!(due(&[key("a", 0, 0, 0)], ROTATION, hour(5)).over, []);
    }
}
