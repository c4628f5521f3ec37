//! What people do, and what they hear of.

use fenliu_domain::desk::agent::Presence;
use fenliu_domain::ids::ConversationId;

/// Something somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// An agent's console says that it is there.
    Beat {
        /// Which agent.
        agent: usize,
    },
    /// An agent changes presence.
    SetPresence {
        /// Which agent.
        agent: usize,
        /// To what.
        presence: Presence,
    },
    /// A buyer asks something.
    Ask {
        /// Which buyer.
        buyer: usize,
    },
    /// An agent answers.
    Reply {
        /// Which agent.
        agent: usize,
        /// In which conversation.
        conversation: ConversationId,
    },
    /// A conversation is over.
    Close {
        /// Which.
        conversation: ConversationId,
        /// The agent who ends it; `None` = the buyer does.
        agent: Option<usize>,
    },
    /// A buyer gives up waiting in the queue.
    LeaveQueue {
        /// Their conversation.
        conversation: ConversationId,
    },
    /// Whoever leads the shift mutes an agent.
    Mute {
        /// Which agent.
        agent: usize,
    },
    /// Whoever leads the shift lifts the mute of an agent.
    LiftMute {
        /// Which agent.
        agent: usize,
    },
    /// Time to look at the board.
    ShowBoard,
}

/// Something the desk recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A buyer's message came.
    Asked {
        /// In which conversation.
        conversation: ConversationId,
    },
    /// An agent answered.
    Replied {
        /// In which conversation.
        conversation: ConversationId,
    },
    /// An agent was given a conversation.
    Assigned {
        /// Which conversation.
        conversation: ConversationId,
        /// Which agent; `None` = the main account.
        agent: Option<usize>,
    },
    /// A conversation waits.
    Queued {
        /// Which.
        conversation: ConversationId,
    },
    /// A conversation ended.
    Closed {
        /// Which.
        conversation: ConversationId,
    },
    /// An agent's presence changed.
    Presence {
        /// Which agent.
        agent: usize,
        /// What it is now.
        presence: Presence,
    },
    /// The desk heard that an agent is muted, or is no longer.
    Muted {
        /// Which agent.
        agent: usize,
        /// Whether they are.
        muted: bool,
    },
}
