//! One row for every login name and every source whose sign-ins failed lately.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::Place;
use crate::entrance::Tally;
use crate::storage::Fault;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_attempt")]
pub struct Model {
    /// What is counted, and the SHA-256 of whose: names that people mistype may be passwords.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub failures: i64,
    /// Microseconds since 1970 of the latest.
    pub last_time: i64,
    /// Microseconds since 1970: no attempt is looked at before.
    pub blocked_until: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The whole row of a tally.
pub(crate) fn row(key: &str, tally: Tally) -> ActiveModel {
    ActiveModel {
        key: Set(key.to_owned()),
        failures: Set(tally.failures.into()),
        last_time: Set(tally.last.micros()),
        blocked_until: Set(tally.blocked_until.micros()),
    }
}

impl TryFrom<Model> for Tally {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        let place = Place { table: "login_attempt", row: &row.key };
        Ok(Self {
            failures: place.number("failures", row.failures)?,
            last: place.time("last_time", row.last_time)?,
            blocked_until: place.time("blocked_until", row.blocked_until)?,
        })
    }
}
