//! One shop: its desk as this replica knows it, and what is asked of it, one flight to Redis after the other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fenliu_domain::desk::command::Ordered;
use fenliu_domain::desk::event::Seq;
use fenliu_domain::ids::ShopId;
use tokio::sync::oneshot;

use super::keys::ShopKeys;
use super::local::Local;
use crate::port::{Epoch, LookError, Proposal, ProposeError};
use crate::room::{Room, TAIL_LIMIT};

/// Most errands that wait for one shop.
const OUTBOX_LIMIT: usize = 4_096;
/// Most errands of one flight.
const FLIGHT_LIMIT: usize = 64;

/// Something that needs what others have put into the order.
#[derive(Debug)]
pub(super) enum Errand {
    /// To put an attempt into it, and to decide it.
    Propose {
        attempt: Box<Ordered>,
        /// What its caller knows to be stored.
        known: Seq,
        answer: oneshot::Sender<Result<Proposal, ProposeError>>,
    },
    /// To know it all.
    Look { answer: oneshot::Sender<Result<(), LookError>> },
}

/// One shop.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) id: ShopId,
    pub(super) keys: ShopKeys,
    /// When it was asked for last, in calls of all shops.
    used: AtomicU64,
    state: Mutex<State>,
}

/// What is known of it, and asked of it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) local: Option<Local>,
    outbox: VecDeque<Errand>,
    in_flight: bool,
}

impl Shop {
    pub(super) fn new(id: ShopId) -> Self {
        Self { id, keys: ShopKeys::of(id), used: AtomicU64::default(), state: Mutex::default() }
    }

    /// Notes that it is asked for, at this call of all.
    pub(super) fn touch(&self, call: u64) {
        self.used.store(call, Ordering::Relaxed);
    }

    /// At which call it was asked for last.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Its state. Whoever panicked while holding it had changed the desk by whole events only.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at its desk as this replica knows it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Room) -> T) -> Result<T, LookError> {
        self.lock().local.as_ref().map(|local| look(&local.room)).ok_or(LookError::NotLoaded)
    }
}

impl State {
    /// Takes in a desk that was loaded, unless the same life of it is here already.
    pub(super) fn settle_in(&mut self, loaded: Local) {
        let here = self.local.as_ref().map(|local| local.room.epoch());
        if here != Some(loaded.room.epoch()) {
            self.local = Some(loaded);
        }
    }

    /// Lets go of the desk, if it is still in this life.
    pub(super) fn forget(&mut self, epoch: Epoch) {
        self.local.take_if(|local| local.room.epoch() == epoch);
    }

    /// Takes an errand in; true when a flight has to be begun for it.
    pub(super) fn ask(&mut self, errand: Errand) -> bool {
        let Some(local) = &self.local else {
            errand.fail(&ProposeError::NotLoaded);
            return false;
        };
        let full = matches!(errand, Errand::Propose { .. }) && local.room.tail_len() >= TAIL_LIMIT;
        if full || self.outbox.len() >= OUTBOX_LIMIT {
            errand.fail(&ProposeError::Backlogged);
            return false;
        }
        self.outbox.push_back(errand);
        !std::mem::replace(&mut self.in_flight, true)
    }

    /// Whether nobody asks anything and Redis knows all that there is to be told, so that nothing is lost with it but the
    /// time to load it again.
    pub(super) fn is_idle(&self) -> bool {
        !self.in_flight && self.outbox.is_empty() && self.local.as_ref().is_none_or(Local::is_settled)
    }

    /// What goes with the next flight; nothing when there is none.
    pub(super) fn load(&mut self) -> Vec<Errand> {
        let most = self.outbox.len().min(FLIGHT_LIMIT);
        let errands: Vec<_> = self.outbox.drain(..most).collect();
        self.in_flight = !errands.is_empty();
        errands
    }
}

impl Errand {
    /// Ends it without what it was for.
    pub(super) fn fail(self, error: &ProposeError) {
        // Whoever has gone needs no answer.
        match self {
            Self::Propose { answer, .. } => drop(answer.send(Err(error.clone()))),
            Self::Look { answer } => drop(answer.send(Err(match error {
                ProposeError::NotLoaded => LookError::NotLoaded,
                other => LookError::Unavailable(other.to_string()),
            }))),
        }
    }
}
