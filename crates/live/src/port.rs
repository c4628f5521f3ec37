//! The port every engine implements.

use std::sync::Arc;

use async_trait::async_trait;
use fenliu_domain::desk::Head;
use fenliu_domain::desk::agent::{Agent, Presence};
use fenliu_domain::desk::command::{Attempt, BuyerMessage};
use fenliu_domain::desk::event::{Event, Seq, Text};
use fenliu_domain::desk::pace::Estimate;
use fenliu_domain::desk::policy::Policy;
use fenliu_domain::desk::preview::Preview;
use fenliu_domain::desk::queue::Ticket;
use fenliu_domain::desk::snapshot::Snapshot;
use fenliu_domain::ids::{AgentId, ConversationId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use tokio::sync::broadcast;

/// One life of a shop's live desk: a restore begins a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u128);

/// What an engine decided, not yet stored.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The life of the desk it was decided in.
    pub epoch: Epoch,
    /// Everything decided and not confirmed as stored, in order: what the caller must store before it answers.
    pub tail: Vec<Arc<Event>>,
    /// What came of the attempt.
    pub outcome: Outcome,
}

/// What the caller of a proposal knows from the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The highest number of this shop's events that is known to be stored.
    pub seq: Seq,
    /// True when the history was asked for the attempt's request and delivery and has neither.
    pub is_new: bool,
}

/// What came of an attempt that was not refused.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It took effect with these events, the last of the tail; none when everything already was as asked.
    Done(Vec<Arc<Event>>),
    /// It had taken effect before; its events begin with this one and are stored, or in the tail.
    Repeated {
        /// Its first event.
        first: Seq,
        /// True when the channel's message id was recognised, not the request id.
        redelivered: bool,
    },
}

/// Why nothing was proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// The engine has no desk of this shop: rebuild it, restore it, try again.
    #[error("the desk is not loaded")]
    NotLoaded,
    /// The desk is behind what the caller has seen: invalidate it and rebuild.
    #[error("the live desk is behind the history")]
    Stale(Epoch),
    /// The desk does not know the request, or the channel's message id, and has forgotten some: ask the history, and
    /// propose again with what it said.
    #[error("the desk may have forgotten the request")]
    MayBeKnown,
    /// Too much is waiting to be stored: try again later.
    #[error("too much waits to be stored")]
    Backlogged,
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// The engine cannot be reached.
    #[error("the live desk cannot be reached: {0}")]
    Unavailable(String),
}

/// Why a desk cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// The engine has no desk of this shop: rebuild it, restore it, look again.
    #[error("the desk is not loaded")]
    NotLoaded,
    /// The engine cannot be reached.
    #[error("the live desk cannot be reached: {0}")]
    Unavailable(String),
}

/// A confirmation that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    /// The desk has begun another life since; there is nothing to confirm.
    #[error("the desk has been rebuilt since")]
    OtherEpoch,
    /// The desk holds another event under that number: it has forked from the history.
    #[error("the desk has forked from the history")]
    Forked,
}

/// A heartbeat as the engine took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// What the desk has the agent as.
    pub presence: Presence,
    /// When the agent counts as offline if no further one comes; `None` when they are offline already.
    pub lapses: Option<Timestamp>,
}

/// How far the lapses of agents are apart whose heartbeats stopped at once: consoles do not beat in step. Somebody whose
/// console beats three times within the grace, of 15 seconds or more, is never this near to lapsing.
pub const LAPSE_SPAN: Span = Span::from_secs(10);

/// Agents whose heartbeats stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lapsed {
    /// Who, by shop; the first of them.
    pub agents: Vec<(ShopId, AgentId)>,
    /// How many agents lapsed, or will within [`LAPSE_SPAN`] unless they beat, over all shops.
    pub silent: usize,
    /// How many agents have a presence that needs heartbeats, over all shops.
    pub watched: usize,
}

/// Every agent of a shop, by name.
#[derive(Clone, Debug)]
pub struct Board {
    /// The desk's last event, which may not be stored yet.
    pub seq: Seq,
    /// The agents.
    pub agents: Vec<Agent>,
    /// How many conversations wait in the queue.
    pub queue_length: usize,
}

/// The queue of a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// The desk's last event, which may not be stored yet.
    pub seq: Seq,
    /// How many wait.
    pub length: usize,
    /// The first of them, group by group, as many as were asked for.
    pub first: Vec<QueueEntry>,
}

/// One conversation that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// The conversation.
    pub conversation: ConversationId,
    /// The group it waits for.
    pub group: Text,
    /// Its place in that group, from 1.
    pub position: u32,
    /// Its ticket.
    pub ticket: Ticket,
    /// How long it will still wait; `None` when too little is known.
    pub estimate: Option<Estimate>,
}

/// What is known of a desk as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskInfo {
    /// Its last event, which may not be stored yet.
    pub head: Option<Head>,
    /// The policy in force.
    pub policy: Policy,
    /// The event the policy came with.
    pub policy_seq: Seq,
}

/// Something of a shop was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The shop.
    pub shop: ShopId,
    /// Its last stored event's number.
    pub seq: Seq,
    /// The history's last position when it was stored.
    pub position: i64,
}

/// What whoever waits for something to be stored is woken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Something was.
    Stored(Announcement),
    /// Other replicas may have told of something that did not arrive: whoever waits must look.
    Missed,
}

/// A store of live desks. Calls for one shop take effect one after the other.
///
/// **Timers.** What `fenliu_domain::desk::Desk::next_due` says of a desk follows from it and is no state of its own. Every
/// engine keeps one set of shops ordered by it, from which [`LiveDesk::due`] answers without touching any shop; what is
/// told too early finds nothing due. Work left over makes a shop due at once.
#[async_trait]
pub trait LiveDesk: Send + Sync + 'static {
    /// Runs one command at `now`. A desk behind what the caller knows to be stored is stale. An agent who is no
    /// longer offline gets a fresh heartbeat; one who has beaten within the grace does not lapse.
    ///
    /// # Errors
    /// [`ProposeError`]; then nothing has changed.
    async fn propose(
        &self,
        shop: ShopId,
        now: Timestamp,
        known: Known,
        attempt: Attempt,
    ) -> Result<Proposal, ProposeError>;

    /// The pending tail and its epoch: what somebody has proposed and nobody has confirmed.
    ///
    /// # Errors
    /// [`LookError`].
    async fn tail(&self, shop: ShopId) -> Result<(Epoch, Vec<Arc<Event>>), LookError>;

    /// Everything up to this event is stored: the tail needs it no longer.
    ///
    /// # Errors
    /// [`ConfirmError::Forked`] when the desk holds another event under that number: invalidate it.
    async fn confirm(&self, shop: ShopId, epoch: Epoch, head: Head) -> Result<(), ConfirmError>;

    /// Installs a rebuilt desk under this epoch and gives everybody who is not offline a fresh heartbeat; where a
    /// desk is loaded already, that one stays. Where more than this desk's events are said to be stored, nothing is
    /// installed, and the number of the last of those is the answer: the history has gone on since it was read, or it was
    /// restored from a backup.
    async fn restore(&self, epoch: Epoch, snapshot: Snapshot, now: Timestamp) -> Option<Seq>;

    /// Installs the desk of a shop nothing has happened at, where none is loaded; the same answer.
    async fn begin(&self, epoch: Epoch, shop: ShopId) -> Option<Seq>;

    /// Ends a life in which more is said to be stored than this, which is all that the history holds.
    async fn outlive(&self, shop: ShopId, stored: Seq);

    /// Drops a desk, if it is still in this life.
    async fn invalidate(&self, shop: ShopId, epoch: Epoch);

    /// Takes a heartbeat of one of an agent's devices; `None` when the shop has no such agent.
    ///
    /// # Errors
    /// [`LookError`].
    async fn beat(
        &self,
        shop: ShopId,
        agent: AgentId,
        device: &str,
        now: Timestamp,
    ) -> Result<Option<Beat>, LookError>;

    /// Shops with something due by `now` (a timer, work left over, a tail nobody stored for a second), the
    /// longest due first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: usize) -> Vec<ShopId>;

    /// Those of these shops that no replica has a desk of: nothing of them is ever due until somebody loads it. What the
    /// engine cannot tell, because it is not reached, is not among them.
    async fn missing(&self, shops: &[ShopId]) -> Vec<ShopId>;

    /// A whole desk as it is now, with its life, for comparing it with the history; `None` while nothing has happened at it.
    ///
    /// # Errors
    /// [`LookError`]; a desk that is not here already is not loaded for this.
    async fn snapshot(&self, shop: ShopId) -> Result<Option<(Epoch, Snapshot)>, LookError>;

    /// Agents whose every device has been silent for longer than their shop's grace, at most `limit`.
    async fn lapsed(&self, now: Timestamp, limit: usize) -> Lapsed;

    /// One agent; `None` when the shop has none of that id.
    ///
    /// # Errors
    /// [`LookError`].
    async fn agent(&self, shop: ShopId, agent: AgentId) -> Result<Option<Agent>, LookError>;

    /// Every agent of a shop, by name.
    ///
    /// # Errors
    /// [`LookError`].
    async fn board(&self, shop: ShopId) -> Result<Board, LookError>;

    /// The queue of a shop, with its first `limit` conversations.
    ///
    /// # Errors
    /// [`LookError`].
    async fn queue(&self, shop: ShopId, limit: usize) -> Result<QueueView, LookError>;

    /// Where a message would go now, without effect. An engine that cannot decide without changing anything answers
    /// from a copy of the desk.
    ///
    /// # Errors
    /// [`LookError`].
    async fn preview(
        &self,
        shop: ShopId,
        now: Timestamp,
        message: &BuyerMessage,
    ) -> Result<Preview, LookError>;

    /// What is known of a desk as a whole.
    ///
    /// # Errors
    /// [`LookError`].
    async fn info(&self, shop: ShopId) -> Result<DeskInfo, LookError>;

    /// The policy as this engine knows it without asking anybody: one that was replaced a moment ago by another replica may
    /// not be here yet.
    ///
    /// # Errors
    /// [`LookError`].
    async fn policy(&self, shop: ShopId) -> Result<Policy, LookError>;

    /// Tells every replica that something of a shop was stored.
    async fn announce(&self, announcement: Announcement);

    /// What is announced from now on, by any replica. A receiver that lags has missed only wake-ups, never truth:
    /// that is in the history.
    fn announcements(&self) -> broadcast::Receiver<News>;
}
