//! The history: everything that happened, stored before it is acknowledged, dense and in order.
//!
//! [`writer`] stores tails in group-committed transactions and answers after the commit; [`plan`] is its fence,
//! pure; [`partitions`] are where they lie; [`projection`] keeps one row per conversation in the same transaction; [`reader`] reads events, bodies
//! and conversations of one shop; [`retention`] lets old ranges go into an archive; [`follow`] streams by position; [`snapshots`] keeps each desk at an event, so
//! that a start need not replay everything.
//!
//! Invariants: an event is stored only at its shop's head + 1 and only after the very event before it; positions
//! grow in commit order; bodies lie apart from the chain; rows never leave this module.

pub(crate) mod follow;
mod migrations;
pub(crate) mod partitions;
mod plan;
mod projection;
pub(crate) mod reader;
pub(crate) mod retention;
mod rows;
pub(crate) mod snapshots;
pub(crate) mod writer;

use std::fmt::Display;

use fenliu_domain::desk::event::Event;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::DbErr;
use sea_orm::prelude::Uuid;

pub(crate) use migrations::Migrator;
pub(crate) use projection::ConversationRecord;
pub(crate) use reader::{History, Stored};

/// How long a caller should wait before trying a store again that does not answer.
const RETRY_AFTER: Span = Span::from_secs(1);

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The store failed.
    #[error("the history's store failed: {0}")]
    Store(#[from] DbErr),
    /// What is stored no longer reads.
    #[error("corrupt history: table {table}, column {column}, row {row}: {why}")]
    Corrupt { table: &'static str, column: &'static str, row: String, why: String },
    /// What is asked for has gone into an archive.
    #[error("the history up to position {until} lies in an archive")]
    Archived {
        /// The last position that has gone.
        until: i64,
        /// The shop's last event that has gone, where one shop's events were asked for.
        seq: Option<u64>,
    },
}

impl Fault {
    pub(crate) fn corrupt(
        table: &'static str,
        column: &'static str,
        row: impl Display,
        why: impl Display,
    ) -> Self {
        Self::Corrupt { table, column, row: row.to_string(), why: why.to_string() }
    }

    /// What a caller is told: a store that fails may be back soon; corruption is a defect. Logged here, once.
    pub(crate) fn into_problem(self) -> Problem {
        match &self {
            Self::Store(error) => {
                tracing::warn!(%error, "the history's store does not answer");
                Problem::new(
                    Reason::StoreUnavailable,
                    "the history cannot be reached; repeat with the same request_id",
                )
                .retry_after(RETRY_AFTER)
            }
            Self::Corrupt { .. } => {
                tracing::error!(error = %self, "the history is corrupt");
                Problem::new(Reason::Internal, "stored history cannot be read; the log names the row")
            }
            Self::Archived { until, seq } => {
                let problem = Problem::new(
                    Reason::HistoryArchived,
                    "what is asked for lies in the archive; begin after it, or have the archive put back",
                );
                let problem = problem.with("archived_position", until);
                match seq {
                    Some(seq) => problem.with("archived_seq", seq),
                    None => problem,
                }
            }
        }
    }
}

/// The column form of an id.
pub(crate) const fn uuid(bits: u128) -> Uuid {
    Uuid::from_u128(bits)
}

/// A moment from its column.
pub(crate) fn moment(table: &'static str, column: &'static str, micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_micros(micros)
        .ok_or_else(|| Fault::corrupt(table, column, micros, "is outside the years 1 to 9999"))
}

/// The content of one message or note, which lies apart from its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// Number of its kind on the wire.
    pub(crate) kind: i32,
    /// Its words.
    pub(crate) text: String,
    /// What it refers to.
    pub(crate) reference: String,
}

/// The place of an event's command among its shop's events: its first event's number.
pub(crate) fn first_of_command(event: &Event) -> u64 {
    event.seq.0 - u64::from(fenliu_domain::ids::CommandId::index_of(event.id))
}
