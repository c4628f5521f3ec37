//! Streams of the history by position: complete, in order, and never ahead of what is stored.
//!
//! Nothing is queued for a follower: it reads on when it is ready, so a slow one costs nothing and a fast one
//! hears of a commit at once.

use fenliu_domain::ids::EventId;
use fenliu_domain::problem::{Problem, Reason};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::reader::{History, Stored};
use super::rows::event;
use super::{Fault, uuid};

/// Most events sent at once.
pub(crate) const PAGE: u64 = 500;

/// A reader's place in a stream that goes on.
#[derive(Debug)]
pub(crate) struct Place {
    /// Position of the last event seen.
    pub(crate) after: i64,
    /// The stored position, as it grows.
    pub(crate) position: watch::Receiver<i64>,
    /// Ends the stream.
    pub(crate) soft: CancellationToken,
    /// Nothing was sent yet, so even an empty page is news: it says that there is nothing.
    pub(crate) fresh: bool,
}

impl Place {
    /// Waits until there may be more to read after the last page.
    ///
    /// # Errors
    /// DRAINING when the server shuts down.
    pub(crate) async fn wait(&mut self, seen: i64) -> Result<(), Problem> {
        let Self { position, soft, .. } = self;
        tokio::select! {
            biased;
            () = soft.cancelled() => Err(draining()),
            grown = position.wait_for(|position| *position > seen) => grown.map(|_| ()).map_err(|_| draining()),
        }
    }

    /// The stored position now.
    pub(crate) fn stored(&self) -> i64 {
        *self.position.borrow()
    }
}

/// The end of every stream when the server shuts down.
pub(crate) fn draining() -> Problem {
    Problem::new(Reason::Draining, "the server is shutting down; go on from the last position at another one")
}

impl History {
    /// Events of all shops after a position, in order, at most [`PAGE`].
    pub(crate) async fn after(&self, position: i64) -> Result<Vec<Stored>, Fault> {
        let query = event::Entity::find()
            .filter(event::Column::Position.gt(position))
            .order_by_asc(event::Column::Position)
            .limit(PAGE);
        let events = self.read(query).await?;
        self.expect_next_position(position, events.first()).await?;
        Ok(events)
    }

    /// Refuses a follower whose last event is not the one stored at its position: the history was restored; and one that
    /// asks for what lies in an archive.
    ///
    /// # Errors
    /// HISTORY_REWOUND, HISTORY_ARCHIVED; or the store's.
    pub(crate) async fn check_place(
        &self,
        after: i64,
        last: Option<EventId>,
        stored: i64,
    ) -> Result<(), Problem> {
        // What this process has heard of trails what is stored: a reader may have seen a commit before it was told.
        let stored =
            if after > stored { self.position().await.map_err(Fault::into_problem)? } else { stored };
        if after > stored {
            return Err(rewound(after, stored));
        }
        let gone = self.last_gone().await.map_err(Fault::into_problem)?;
        let until = gone.as_ref().map_or(0, |gone| gone.range.last);
        if after < until {
            return Err(Fault::Archived { until, seq: None }.into_problem());
        }
        let (Some(last), true) = (last, after > 0) else { return Ok(()) };
        if let Some(gone) = gone.filter(|gone| gone.range.last == after) {
            return if gone.last_event == last { Ok(()) } else { Err(rewound(after, stored)) };
        }
        let row = event::Entity::find_by_id(after).one(self.database().reader()).await;
        let row = row.map_err(|error| Fault::from(error).into_problem())?;
        if row.is_some_and(|row| row.event_id == uuid(last.bits())) {
            Ok(())
        } else {
            Err(rewound(after, stored))
        }
    }
}

fn rewound(after: i64, stored: i64) -> Problem {
    Problem::new(
        Reason::HistoryRewound,
        "the history does not hold the event you saw last; it was restored, so begin again from position 0",
    )
    .with("after_position", after)
    .with("position", stored)
}
