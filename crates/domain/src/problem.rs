//! Refusals: one small vocabulary of reasons, from the rules to the wire.
//!
//! A [`Problem`] says which reason, in words that say what to do next, with every variable apart so that a
//! program can read it. One place maps it to gRPC (`fenliu_proto::status`).

use std::fmt;

use crate::time::Span;

/// The family a reason belongs to; each becomes one gRPC status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong; repeating it will not help.
    Invalid,
    /// What it names does not exist, or belongs to somebody else.
    NotFound,
    /// What it wants to create is there.
    AlreadyExists,
    /// It is right, but not in this state.
    Precondition,
    /// Somebody else was faster; read again and repeat.
    Aborted,
    /// A limit is reached.
    Exhausted,
    /// The place to read from is gone.
    OutOfRange,
    /// Not now; repeat with the same request id.
    Unavailable,
    /// It took too long; whether it took effect is unknown.
    Deadline,
    /// There is no such method.
    Unimplemented,
    /// Who calls is not known, or no longer.
    Unauthenticated,
    /// Who calls is known, and may not.
    Denied,
    /// A defect of fenliu.
    Internal,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident, $text:literal, $kind:ident;)+) => {
        /// Why something was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Every reason there is, in the order of the README's list.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The family it belongs to.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)+ }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

reasons! {
    /// One or more fields are out of bounds; each is named.
    InvalidRequest, "INVALID_REQUEST", Invalid;
    /// The same request id came with another body.
    RequestIdReused, "REQUEST_ID_REUSED", Invalid;
    /// The page token is not one of this list, this filter or this server.
    PageTokenInvalid, "PAGE_TOKEN_INVALID", Invalid;
    /// The time zone is not in the IANA database.
    TimeZoneInvalid, "TIME_ZONE_INVALID", Invalid;
    /// The policy contradicts itself or its bounds.
    PolicyInvalid, "POLICY_INVALID", Invalid;
    /// The rule pack contradicts itself or its bounds.
    RulePackInvalid, "RULE_PACK_INVALID", Invalid;
    /// Agents cannot send video.
    VideoNotAllowed, "VIDEO_NOT_ALLOWED", Invalid;
    /// The reply has words the shop does not let its agents send.
    LanguageRefused, "LANGUAGE_REFUSED", Invalid;
    /// The time given is too far from the server's.
    ClockSkew, "CLOCK_SKEW", Invalid;
    /// The password is too short, too long or too easily guessed.
    PasswordWeak, "PASSWORD_WEAK", Invalid;
    /// The binding code is none, or it has expired.
    BindingCodeInvalid, "BINDING_CODE_INVALID", Invalid;
    /// The roster contradicts itself or its bounds; each field is named.
    RosterInvalid, "ROSTER_INVALID", Invalid;
    /// A message on the wire is larger than this server takes.
    MessageTooLarge, "MESSAGE_TOO_LARGE", Exhausted;
    /// There is no such shop.
    ShopNotFound, "SHOP_NOT_FOUND", NotFound;
    /// There is no such agent in this shop.
    AgentNotFound, "AGENT_NOT_FOUND", NotFound;
    /// There is no such conversation in this shop.
    ConversationNotFound, "CONVERSATION_NOT_FOUND", NotFound;
    /// No agent of this shop answers for this group.
    GroupNotFound, "GROUP_NOT_FOUND", NotFound;
    /// There is no such service on this server.
    ServiceNotFound, "SERVICE_NOT_FOUND", NotFound;
    /// There is no such rule pack.
    RulePackNotFound, "RULE_PACK_NOT_FOUND", NotFound;
    /// The account does not work for this shop.
    BindingNotFound, "BINDING_NOT_FOUND", NotFound;
    /// There is no such role in this shop.
    RoleNotFound, "ROLE_NOT_FOUND", NotFound;
    /// The shop has no such version of its roster.
    RosterNotFound, "ROSTER_NOT_FOUND", NotFound;
    /// There is no such leave, swap or extra duty in this shop.
    ExceptionNotFound, "EXCEPTION_NOT_FOUND", NotFound;
    /// There is no such sanction in this shop.
    SanctionNotFound, "SANCTION_NOT_FOUND", NotFound;
    /// There is no such service token.
    ServiceTokenNotFound, "SERVICE_TOKEN_NOT_FOUND", NotFound;
    /// Somebody on the platform signs in with this name already.
    LoginNameTaken, "LOGIN_NAME_TAKEN", AlreadyExists;
    /// The account works for this shop already.
    AlreadyBound, "ALREADY_BOUND", AlreadyExists;
    /// The platform account belongs to another binding already.
    ExternalAccountTaken, "EXTERNAL_ACCOUNT_TAKEN", AlreadyExists;
    /// The shop has a role of this name already.
    RoleNameTaken, "ROLE_NAME_TAKEN", AlreadyExists;
    /// The rule pack has this version already, and it says something else.
    RulePackVersionTaken, "RULE_PACK_VERSION_TAKEN", AlreadyExists;
    /// The shop has as many sub-accounts as it may.
    SubAccountLimit, "SUB_ACCOUNT_LIMIT", Exhausted;
    /// The shop has as many groups as it may.
    GroupLimit, "GROUP_LIMIT", Exhausted;
    /// The shop has as many custom roles as it may.
    RoleLimit, "ROLE_LIMIT", Exhausted;
    /// There are as many versions of rule packs as there may be.
    RulePackLimit, "RULE_PACK_LIMIT", Exhausted;
    /// The account works for as many shops as it may.
    BindingLimit, "BINDING_LIMIT", Exhausted;
    /// There are as many service tokens as there may be.
    ServiceTokenLimit, "SERVICE_TOKEN_LIMIT", Exhausted;
    /// The shop has as many leaves, swaps and extra duties ahead as it may.
    ExceptionLimit, "EXCEPTION_LIMIT", Exhausted;
    /// Too many sign-ins have failed; wait before the next.
    TooManyAttempts, "TOO_MANY_ATTEMPTS", Exhausted;
    /// What was read has changed since.
    EtagMismatch, "ETAG_MISMATCH", Aborted;
    /// The main account cannot be disabled, deleted, sanctioned or stripped of ownership.
    MainAccountProtected, "MAIN_ACCOUNT_PROTECTED", Precondition;
    /// An account always works for the shop that created it.
    HomeBinding, "HOME_BINDING", Precondition;
    /// The account works for other shops too.
    BoundElsewhere, "BOUND_ELSEWHERE", Precondition;
    /// The account still holds open conversations.
    OpenConversations, "OPEN_CONVERSATIONS", Precondition;
    /// Somebody still has the role.
    RoleInUse, "ROLE_IN_USE", Precondition;
    /// A built-in role cannot be changed or deleted.
    RoleBuiltIn, "ROLE_BUILT_IN", Precondition;
    /// The leave, swap or extra duty has been decided already.
    ExceptionDecided, "EXCEPTION_DECIDED", Precondition;
    /// The sanction has ended already.
    SanctionEnded, "SANCTION_ENDED", Precondition;
    /// The account is disabled.
    AgentDisabled, "AGENT_DISABLED", Precondition;
    /// The agent is muted and cannot reply.
    AgentMuted, "AGENT_MUTED", Precondition;
    /// The agent is banned and cannot work.
    AgentBanned, "AGENT_BANNED", Precondition;
    /// The capacity asked for is above the agent's ceiling.
    CapacityAboveCeiling, "CAPACITY_ABOVE_CEILING", Precondition;
    /// The agent's presence does not allow it.
    AgentUnavailable, "AGENT_UNAVAILABLE", Precondition;
    /// The agent holds this conversation already.
    AlreadyAssigned, "ALREADY_ASSIGNED", Precondition;
    /// The queue has no room.
    QueueFull, "QUEUE_FULL", Precondition;
    /// The conversation has ended.
    ConversationClosed, "CONVERSATION_CLOSED", Precondition;
    /// Only the agent who holds the conversation may do this.
    NotAssignee, "NOT_ASSIGNEE", Precondition;
    /// The robot does not hold the conversation.
    NotWithRobot, "NOT_WITH_ROBOT", Precondition;
    /// The conversation does not wait in the queue.
    NotQueued, "NOT_QUEUED", Precondition;
    /// Nothing has been said in the conversation yet.
    NothingSaid, "NOTHING_SAID", Precondition;
    /// A reply is still owed.
    ReplyOwed, "REPLY_OWED", Precondition;
    /// Nobody of the shop, or of the shift, would be there for buyers.
    LastAgentOnDuty, "LAST_AGENT_ON_DUTY", Precondition;
    /// The agent has no room for one more conversation.
    AgentSaturated, "AGENT_SATURATED", Precondition;
    /// The conversation was not handed to the agent by name, or she has answered it already.
    NotOffered, "NOT_OFFERED", Precondition;
    /// The call needs a token and has none.
    TokenMissing, "TOKEN_MISSING", Unauthenticated;
    /// The token is not one of ours.
    TokenInvalid, "TOKEN_INVALID", Unauthenticated;
    /// The token's time is over.
    TokenExpired, "TOKEN_EXPIRED", Unauthenticated;
    /// The token was revoked before its time was over.
    TokenRevoked, "TOKEN_REVOKED", Unauthenticated;
    /// Name and password do not belong together.
    SignInRefused, "SIGN_IN_REFUSED", Unauthenticated;
    /// The refresh token is unknown, spent or over.
    RefreshTokenInvalid, "REFRESH_TOKEN_INVALID", Unauthenticated;
    /// The caller may not do this.
    PermissionDenied, "PERMISSION_DENIED", Denied;
    /// Nobody grants what they do not hold themselves.
    PermissionNotHeld, "PERMISSION_NOT_HELD", Denied;
    /// The account is disabled and cannot sign in.
    SignInDisabled, "SIGN_IN_DISABLED", Denied;
    /// The account is banned and cannot sign in.
    SignInBanned, "SIGN_IN_BANNED", Denied;
    /// The history does not hold the event the follower saw last: it was restored from a backup.
    HistoryRewound, "HISTORY_REWOUND", OutOfRange;
    /// What is asked for lies in the archive, and not in the history any more.
    HistoryArchived, "HISTORY_ARCHIVED", OutOfRange;
    /// The store cannot take anything now.
    StoreUnavailable, "STORE_UNAVAILABLE", Unavailable;
    /// More calls than this server takes at once.
    Overloaded, "OVERLOADED", Exhausted;
    /// The server is shutting down; another one will answer.
    Draining, "DRAINING", Unavailable;
    /// Another service this one needs does not answer.
    PeerUnavailable, "PEER_UNAVAILABLE", Unavailable;
    /// The deadline passed before the answer.
    DeadlineExceeded, "DEADLINE_EXCEEDED", Deadline;
    /// There is no such method on this server.
    MethodNotFound, "METHOD_NOT_FOUND", Unimplemented;
    /// The message is compressed in a way this server does not read.
    CompressionUnsupported, "COMPRESSION_UNSUPPORTED", Unimplemented;
    /// A defect of fenliu; the log has the details.
    Internal, "INTERNAL", Internal;
}

/// One field that is out of bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its path in the request, such as `content.text` or `groups[2]`.
    pub field: String,
    /// What was expected, such as `must be at most 8192 bytes`.
    pub expected: String,
}

/// A refusal: nothing was changed, and this is why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which reason.
    pub reason: Reason,
    /// In words, lower case, with what to do next.
    pub message: String,
    /// Every variable of the message, by name.
    pub metadata: Vec<(&'static str, String)>,
    /// Every field that is out of bounds, when fields are the problem.
    pub violations: Vec<Violation>,
    /// How long to wait before repeating, when repeating can help.
    pub retry_after: Option<Span>,
}

impl Problem {
    /// A refusal with this reason and these words.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            metadata: Vec::new(),
            violations: Vec::new(),
            retry_after: None,
        }
    }

    /// The refusal of a request with fields out of bounds; `violations` names each.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let fields: Vec<_> = violations.iter().map(|v| format!("{} {}", v.field, v.expected)).collect();
        Self { violations, ..Self::new(Reason::InvalidRequest, fields.join("; ")) }
    }

    /// The refusal of one field.
    #[must_use]
    pub fn field(field: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::invalid(vec![Violation { field: field.into(), expected: expected.into() }])
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.metadata.push((name, value.to_string()));
        self
    }

    /// The same with the advice to wait so long before repeating.
    #[must_use]
    pub fn retry_after(mut self, wait: Span) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.name(), self.message)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_upper_snake_and_unique() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|r| r.name()).collect();
        assert!(names.iter().all(|n| n.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }

    #[test]
    fn an_invalid_request_names_every_field() {
        let field = |name: &str| Violation { field: name.into(), expected: "must be set".into() };
        let problem = Problem::invalid(vec![field("a"), field("b")]);
        assert_eq!(problem.to_string(), "INVALID_REQUEST: a must be set; b must be set");
    }
}
