//! Whose signatures count, and whose tokens do no longer.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::access::{Caller, Subject};
use fenliu_domain::time::Timestamp;

use super::Revocation;
use crate::auth::token::PublicKey;

/// The most revocations remembered at once.
pub const MAX_REVOCATIONS: usize = 100_000;

/// What is known of keys and revocations.
#[derive(Debug)]
pub(super) struct Trust {
    /// By name.
    keys: BTreeMap<String, PublicKey>,
    /// Keys have arrived at least once; until then an unknown key says nothing against a token.
    pub(super) received: bool,
    /// Somebody keeps this up to date.
    pub(super) followed: bool,
    revoked: BTreeMap<Subject, Revocation>,
    /// The same revocations, those to be forgotten first in front.
    by_end: BTreeSet<(Timestamp, Subject)>,
    /// Tokens that expire by then are void, whoever's: revocations that there was no room for.
    void_until: Timestamp,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
            received: false,
            followed: false,
            revoked: BTreeMap::new(),
            by_end: BTreeSet::new(),
            void_until: Timestamp::MIN,
        }
    }
}

impl Trust {
    pub(super) fn set_keys(&mut self, keys: Vec<PublicKey>) {
        self.keys = keys.into_iter().map(|key| (key.kid.clone(), key)).collect();
        self.received = true;
    }

    pub(super) fn key(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.get(kid)
    }

    pub(super) fn replace(&mut self, keys: Vec<PublicKey>, revocations: Vec<Revocation>, now: Timestamp) {
        self.revoked.clear();
        self.by_end.clear();
        self.void_until = Timestamp::MIN;
        self.set_keys(keys);
        for revocation in revocations {
            self.revoke(revocation, now);
        }
    }

    pub(super) fn revoke(&mut self, revocation: Revocation, now: Timestamp) {
        let subject = revocation.subject;
        let entry = self.revoked.entry(subject).or_insert(revocation);
        self.by_end.remove(&(entry.forget_at, subject));
        entry.below_version = entry.below_version.max(revocation.below_version);
        entry.forget_at = entry.forget_at.max(revocation.forget_at);
        self.by_end.insert((entry.forget_at, subject));
        self.forget(now);
    }

    /// Drops what need not be remembered, and then what there is no room for.
    fn forget(&mut self, now: Timestamp) {
        while let Some(&(end, subject)) = self.by_end.first() {
            let over = end <= now;
            if !over && self.revoked.len() <= MAX_REVOCATIONS {
                return;
            }
            if !over {
                tracing::warn!(limit = MAX_REVOCATIONS, %end, "more revocations than fit: every token until then is void");
                self.void_until = self.void_until.max(end);
            }
            self.by_end.pop_first();
            self.revoked.remove(&subject);
        }
    }

    pub(super) fn revokes(&self, caller: &Caller) -> bool {
        let older = |revocation: &Revocation| caller.version < revocation.below_version;
        caller.expires <= self.void_until || self.revoked.get(&caller.subject).is_some_and(older)
    }
}
