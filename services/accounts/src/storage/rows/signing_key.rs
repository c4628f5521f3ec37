//! One row for every key whose signatures may still count.

use fenliu_runtime::auth::token::SigningKey;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::entrance::Key;
use crate::storage::Fault;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// The secret: 32 bytes.
    pub seed: Vec<u8>,
    /// Microseconds since 1970.
    pub create_time: i64,
    /// Microseconds since 1970: it signs from then on.
    pub activate_time: i64,
    /// Microseconds since 1970: by then everything it has signed has expired.
    pub last_expiry: i64,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "signing_key::Model({:?}, seed not shown)", self.kid)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a key.
pub(crate) fn row(key: &Key) -> ActiveModel {
    ActiveModel {
        kid: Set(key.signing.kid.clone()),
        seed: Set(key.signing.seed.to_vec()),
        create_time: Set(key.created.micros()),
        activate_time: Set(key.activates.micros()),
        last_expiry: Set(key.last_expiry.micros()),
    }
}

impl TryFrom<Model> for Key {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "signing_key", row: &row.kid };
        let seed: [u8; 32] =
            row.seed.try_into().map_err(|_| place.corrupt("seed", "does not have 32 bytes"))?;
        Ok(Self {
            created: place.time("create_time", row.create_time)?,
            activates: place.time("activate_time", row.activate_time)?,
            last_expiry: place.time("last_expiry", row.last_expiry)?,
            signing: SigningKey { kid: row.kid, seed },
        })
    }
}
