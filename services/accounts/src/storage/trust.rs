//! What it takes to verify tokens: the keys, and who was cut off.

use fenliu_domain::access::Subject;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::auth::token::{Claims, PublicKey, SigningKey};
use fenliu_runtime::auth::{MAX_REVOCATIONS, Revocation};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::rows::{directory_head, revocation, signing_key};
use super::{Change, Fault, Store};
use crate::entrance::Key;

/// How much longer than it must a key is kept, so that not every token that it signs has to be noted.
const KEPT_LONGER: Span = Span::from_hours(1);

/// All that verifiers need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trust {
    /// It has changed since when this has.
    pub(crate) version: i64,
    pub(crate) keys: Vec<PublicKey>,
    /// One more than verifiers can remember, at the most: they then know that there are more.
    pub(crate) revocations: Vec<Revocation>,
}

impl Store {
    /// Changes with every change of keys and revocations.
    pub(crate) async fn trust_version(&self) -> Result<i64, Fault> {
        let head = directory_head::Entity::find_by_id(directory_head::ONLY).one(self.db.reader()).await?;
        Ok(head.map_or(0, |head| head.trust))
    }

    /// What it takes to verify tokens now. What changes while it is read makes its version old, so that whoever
    /// compares reads again.
    pub(crate) async fn trust(&self) -> Result<Trust, Fault> {
        let version = self.trust_version().await?;
        let keys = self.public_keys().await?;
        Ok(Trust { version, keys, revocations: self.revocations().await? })
    }

    /// The keys that sign now or soon, and those that signed what may still be valid.
    pub(crate) async fn public_keys(&self) -> Result<Vec<PublicKey>, Fault> {
        let keys = keys(self.db.reader()).await?;
        Ok(keys.iter().map(|key| key.signing.public()).collect())
    }

    /// All keys, the oldest first.
    pub(crate) async fn keys(&self) -> Result<Vec<Key>, Fault> {
        keys(self.db.reader()).await
    }

    async fn revocations(&self) -> Result<Vec<Revocation>, Fault> {
        let rows = revocation::Entity::find()
            .filter(revocation::Column::ForgetTime.gt(self.clock.now().micros()))
            .order_by_desc(revocation::Column::ForgetTime)
            .limit(MAX_REVOCATIONS as u64 + 1)
            .all(self.db.reader())
            .await?;
        rows.iter().map(read).collect()
    }
}

impl Change<'_> {
    /// All keys, the oldest first.
    pub(crate) async fn keys(&self) -> Result<Vec<Key>, Fault> {
        keys(self.txn()).await
    }

    /// Stores a new key, which everybody hears of.
    pub(crate) async fn insert_key(&mut self, key: &Key) -> Result<(), Fault> {
        signing_key::Entity::insert(signing_key::row(key)).exec_without_returning(self.txn()).await?;
        self.trust_changed().await
    }

    /// Forgets a key; whatever it signed is void.
    pub(crate) async fn delete_key(&mut self, key: &Key) -> Result<(), Fault> {
        signing_key::Entity::delete_by_id(key.signing.kid.clone()).exec(self.txn()).await?;
        self.trust_changed().await
    }

    /// The key that signs now, kept until a token that expires then has expired.
    pub(crate) async fn key_until(&mut self, expires: Timestamp) -> Result<SigningKey, Fault> {
        let now = self.now();
        let active = self.keys().await?.into_iter().filter(|key| key.activates <= now);
        let Some(key) = active.max_by_key(|key| key.activates) else { return Err(no_key()) };
        if key.last_expiry < expires {
            let last_expiry = expires + KEPT_LONGER;
            let longer = Key { last_expiry, ..key.clone() };
            signing_key::Entity::update(signing_key::row(&longer)).exec(self.txn()).await?;
        }
        Ok(key.signing)
    }

    /// A token that says this.
    pub(crate) async fn sign(&mut self, claims: &Claims) -> Result<String, Fault> {
        Ok(self.key_until(claims.caller.expires).await?.sign(claims))
    }
}

async fn keys<C: ConnectionTrait>(connection: &C) -> Result<Vec<Key>, Fault> {
    let in_order = signing_key::Entity::find().order_by_asc(signing_key::Column::ActivateTime);
    let rows = in_order.all(connection).await?;
    rows.into_iter().map(Key::try_from).collect()
}

fn no_key() -> Fault {
    Fault::Corrupt {
        table: "signing_key",
        column: "activate_time",
        row: "(any)".into(),
        why: "no key is active".into(),
    }
}

fn read(row: &revocation::Model) -> Result<Revocation, Fault> {
    let corrupt = |column, why: &str| Fault::Corrupt {
        table: "revocation",
        column,
        row: row.subject.clone(),
        why: why.to_owned(),
    };
    Ok(Revocation {
        subject: Subject::parse(&row.subject).ok_or_else(|| corrupt("subject", "is no id"))?,
        below_version: u64::try_from(row.version).map_err(|_| corrupt("version", "is negative"))?,
        forget_at: Timestamp::from_micros_clamped(row.forget_time),
    })
}
