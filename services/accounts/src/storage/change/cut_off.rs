//! Making tokens void before their time.

use fenliu_domain::access::Subject;
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};

use super::Change;
use crate::storage::Fault;
use crate::storage::rows::{directory_head, revocation};

/// How long the token of an account is valid, and so how long a revocation must be remembered at the least.
pub(crate) const ACCESS_TOKEN_LIFE: Span = Span::from_mins(15);
/// How much longer it is remembered, for clocks that differ.
const SLACK: Span = Span::from_mins(1);

impl Change<'_> {
    /// Makes the tokens of an account void that are older than this version.
    pub(crate) async fn cut_off(&mut self, subject: Subject, version: u64) -> Result<(), Fault> {
        self.cut_off_until(subject, version, self.now + ACCESS_TOKEN_LIFE + SLACK).await
    }

    /// The same for tokens that live longer: remembered until the last of them has expired.
    pub(crate) async fn cut_off_until(
        &mut self,
        subject: Subject,
        version: u64,
        forget: Timestamp,
    ) -> Result<(), Fault> {
        use revocation::{ActiveModel, Column, Entity};

        let row = ActiveModel {
            subject: Set(subject.to_string()),
            version: Set(i64::try_from(version).unwrap_or(i64::MAX)),
            forget_time: Set(forget.micros()),
        };
        let replaced = OnConflict::column(Column::Subject)
            .update_columns([Column::Version, Column::ForgetTime])
            .to_owned();
        Entity::insert(row).on_conflict(replaced).exec_without_returning(self.txn).await?;
        Entity::delete_many().filter(Column::ForgetTime.lte(self.now.micros())).exec(self.txn).await?;
        self.trust_changed().await
    }

    /// Notes that keys or revocations have changed, so that every replica reads them again.
    pub(crate) async fn trust_changed(&mut self) -> Result<(), Fault> {
        use directory_head::{Column, Entity, ONLY};

        let trust = Expr::col(Column::Trust).add(1_i64);
        Entity::update_many()
            .col_expr(Column::Trust, trust)
            .filter(Column::Id.eq(ONLY))
            .exec(self.txn)
            .await?;
        Ok(())
    }
}
