//! Refusals that more than one place gives, always in the same words, so that nothing can be told from their
//! shape: an id of another shop looks like one that does not exist.

use super::agent::{Sanction, SanctionKind};
use super::event::Text;
use crate::ids::{AgentId, ConversationId, ShopId};
use crate::problem::{Problem, Reason};

/// There is no such shop.
#[must_use]
pub fn shop_not_found(id: ShopId) -> Problem {
    Problem::new(Reason::ShopNotFound, "there is no such shop").with("shop_id", id)
}

/// This shop has no such agent.
#[must_use]
pub fn agent_not_found(id: AgentId) -> Problem {
    Problem::new(Reason::AgentNotFound, "this shop has no such agent").with("agent_id", id)
}

/// This shop has no such conversation.
#[must_use]
pub fn conversation_not_found(id: ConversationId) -> Problem {
    Problem::new(Reason::ConversationNotFound, "this shop has no such conversation")
        .with("conversation_id", id)
}

/// The account is disabled.
#[must_use]
pub fn agent_disabled(id: AgentId) -> Problem {
    Problem::new(Reason::AgentDisabled, "the account is disabled; enable it in accounts first")
        .with("agent_id", id)
}

/// The agent is muted or banned; says until when.
#[must_use]
pub fn sanctioned(id: AgentId, sanction: Sanction) -> Problem {
    let (reason, what) = match sanction.kind {
        SanctionKind::Muted => (Reason::AgentMuted, "muted"),
        SanctionKind::Banned => (Reason::AgentBanned, "banned"),
    };
    let problem = match sanction.until {
        Some(until) => {
            Problem::new(reason, format!("the agent is {what} until {until}")).with("until", until)
        }
        None => Problem::new(reason, format!("the agent is {what} until it is lifted in accounts")),
    };
    problem.with("agent_id", id)
}

/// The reply has words the shop does not let its agents send.
#[must_use]
pub fn language_refused(conversation: ConversationId, words: &[Text]) -> Problem {
    let words = words.join(", ");
    Problem::new(
        Reason::LanguageRefused,
        format!("the shop does not send these words; say it without: {words}"),
    )
    .with("conversation_id", conversation)
    .with("words", words)
}

/// The conversation has ended.
#[must_use]
pub fn conversation_closed(id: ConversationId) -> Problem {
    Problem::new(Reason::ConversationClosed, "the conversation has ended; the buyer's next message opens one")
        .with("conversation_id", id)
}

/// The request id came with another body before.
#[must_use]
pub fn request_id_reused(request_id: &str) -> Problem {
    Problem::new(Reason::RequestIdReused, "this request_id came with another body before; use a new one")
        .with("request_id", request_id)
}
