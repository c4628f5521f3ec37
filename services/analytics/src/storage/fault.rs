//! Why the store did not do something.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;
use sea_orm::DbErr;

/// How long a caller is advised to wait while the database does not answer.
const RETRY_AFTER: Span = Span::from_secs(1);

/// What ends a transaction other than its commit, or a read other than its result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// The history has been worked in up to another place than the batch begins after.
    #[error("somebody else has worked the history in")]
    Overtaken,
    /// The database said no.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// What was read makes no sense.
    #[error("{table}.{column} of row {row:?} is corrupt: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Fault {
    /// What the caller is told. What only an operator can mend is logged here, once.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Refused(problem) => problem,
            Self::Database(error) => {
                tracing::error!(%error, "the analytics database refused");
                let advice = "the store cannot take this now; repeat the request";
                Problem::new(Reason::StoreUnavailable, advice).retry_after(RETRY_AFTER)
            }
            Self::Overtaken | Self::Corrupt { .. } => {
                tracing::error!(error = %self, "the analytics database holds what it should not");
                Problem::new(Reason::Internal, "a defect of fenliu; the log has the details")
            }
        }
    }
}
