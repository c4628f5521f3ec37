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
    /// It was done before; these are the bytes of the answer.
    #[error("the request was answered before")]
    Repeated(Vec<u8>),
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
            Self::Database(error) if may_pass(&error) => {
                tracing::error!(%error, "the accounts database refused");
                let advice = "the store cannot take this now; repeat it with the same request id";
                Problem::new(Reason::StoreUnavailable, advice).retry_after(RETRY_AFTER)
            }
            Self::Database(_) | Self::Repeated(_) | Self::Corrupt { .. } => {
                tracing::error!(error = %self, "the accounts database and its code disagree");
                Problem::new(Reason::Internal, "a defect of fenliu; the log has the details")
            }
        }
    }
}

/// Whether repeating may help: the database was not reached, or refused something other than by a key of ours.
fn may_pass(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(_) | DbErr::Query(_) => error.sql_err().is_none(),
        // The process is ending, as runtime's transactions put it.
        DbErr::Custom(_) => true,
        _ => false,
    }
}
