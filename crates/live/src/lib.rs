//! The live desk: where a shop's present lives, behind one port.
//!
//! [`LiveDesk`] is the port; [`embedded`] keeps every desk in this process; [`redis`] lets many replicas share them. A command is *proposed*: the engine
//! decides, changes its state and returns the shop's pending tail, which is everything it has decided and nobody
//! has confirmed as stored. The caller stores the tail, answers, and *confirms*. An engine that has lost a desk
//! says [`ProposeError::NotLoaded`]; the caller rebuilds it from snapshot and history and *restores* it.
//!
//! Invariants: no SQL and no gRPC here; a tail is returned whole and in order; an engine never forgets an
//! unconfirmed event other than by losing the whole desk, which shows as another epoch.

#[cfg(test)]
mod behaviour;
pub mod embedded;
pub mod port;
pub mod redis;
mod room;

pub use embedded::EmbeddedDesks;
pub use port::{
    Announcement, Beat, Board, ConfirmError, DeskInfo, Epoch, Known, LAPSE_SPAN, Lapsed, LiveDesk, LookError,
    News, Outcome, Proposal, ProposeError, QueueEntry, QueueView,
};
pub use redis::{AttemptCodec, ConnectError, RedisConfig, RedisDesks};
#[cfg(any(test, feature = "testing"))]
pub use redis::{ScratchCluster, ScratchRedis};
