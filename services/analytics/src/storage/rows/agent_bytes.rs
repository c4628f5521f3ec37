//! Facts about agents as bytes, on the terms of [`super::bytes`]. Ids are their 16 bytes, words their numbers in the
//! contract of the history. What lasts ends with the event that ended it, whose time is a column of the row.

use fenliu_domain::agent_facts::{Fact, HoldEnd, Seen};
use fenliu_domain::desk::event::TransferTarget;
use fenliu_domain::ids::{AgentId, ConversationId};
use fenliu_domain::roster::Stretch;
use fenliu_domain::time::Timestamp;
use fenliu_proto::words::Word;
use prost::Message;

use super::Place;
use crate::storage::Fault;

#[derive(Clone, PartialEq, Message)]
struct FactList {
    #[prost(message, repeated, tag = "1")]
    facts: Vec<FactBytes>,
}

#[derive(Clone, PartialEq, Message)]
struct FactBytes {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(message, tag = "1")]
    Presence(PresenceFact),
    #[prost(message, tag = "2")]
    Capacity(CapacityFact),
    #[prost(message, tag = "3")]
    Held(HeldFact),
    #[prost(message, tag = "4")]
    Assigned(AssignedFact),
    #[prost(message, tag = "5")]
    Transferred(TransferredFact),
    #[prost(message, tag = "6")]
    Declined(DeclinedFact),
    #[prost(message, tag = "7")]
    Rated(RatedFact),
    #[prost(message, tag = "8")]
    Closed(ClosedFact),
}

#[derive(Clone, PartialEq, Message)]
struct PresenceFact {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(int32, tag = "2")]
    presence: i32,
    #[prost(int64, tag = "3")]
    since: i64,
}

#[derive(Clone, PartialEq, Message)]
struct CapacityFact {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(uint32, optional, tag = "2")]
    capacity: Option<u32>,
    #[prost(int64, tag = "3")]
    since: i64,
}

#[derive(Clone, PartialEq, Message)]
struct HeldFact {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
    #[prost(int32, tag = "3")]
    reason: i32,
    #[prost(int64, tag = "4")]
    since: i64,
    /// 1 = closed, 2 = reassigned, 3 = queued.
    #[prost(uint32, tag = "5")]
    end: u32,
}

#[derive(Clone, PartialEq, Message)]
struct AssignedFact {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    previous: Vec<u8>,
    #[prost(int32, tag = "4")]
    reason: i32,
}

#[derive(Clone, PartialEq, Message)]
struct TransferredFact {
    #[prost(bytes = "vec", tag = "1")]
    from: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
    /// Set when it was meant for an agent.
    #[prost(bytes = "vec", tag = "3")]
    to_agent: Vec<u8>,
    #[prost(string, tag = "4")]
    to_group: String,
}

#[derive(Clone, PartialEq, Message)]
struct DeclinedFact {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RatedFact {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
    #[prost(uint32, tag = "3")]
    stars: u32,
}

#[derive(Clone, PartialEq, Message)]
struct ClosedFact {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
    #[prost(int32, tag = "3")]
    by: i32,
    #[prost(bool, tag = "4")]
    reply_owed: bool,
}

#[derive(Clone, PartialEq, Message)]
struct SeenBytes {
    #[prost(int32, tag = "1")]
    presence: i32,
    #[prost(int64, tag = "2")]
    presence_since: i64,
    #[prost(uint32, tag = "3")]
    capacity: u32,
    #[prost(bool, tag = "4")]
    unlimited: bool,
    #[prost(int64, tag = "5")]
    capacity_since: i64,
}

/// When what a fact is about began, where it lasted.
pub(super) const fn begins(fact: &Fact) -> Option<Timestamp> {
    match fact {
        Fact::Presence { stretch, .. } | Fact::Capacity { stretch, .. } | Fact::Held { stretch, .. } => {
            Some(stretch.start)
        }
        _ => None,
    }
}

/// What one event ended, as bytes.
pub(super) fn facts(facts: &[Fact]) -> Vec<u8> {
    FactList { facts: facts.iter().map(|fact| FactBytes { kind: Some(fact.into()) }).collect() }
        .encode_to_vec()
}

/// What [`facts`] made bytes of, of an event at a moment.
pub(super) fn read_facts(place: Place<'_>, at: Timestamp, bytes: &[u8]) -> Result<Vec<Fact>, Fault> {
    let list = FactList::decode(bytes).map_err(|error| place.corrupt(error))?;
    let fact = |fact: FactBytes| fact.kind.ok_or_else(|| place.corrupt("has no kind"))?.read(place, at);
    list.facts.into_iter().map(fact).collect()
}

/// Where an agent stands, as bytes.
pub(super) fn seen(seen: &Seen) -> Vec<u8> {
    SeenBytes {
        presence: seen.presence.number(),
        presence_since: seen.presence_since.micros(),
        capacity: seen.capacity,
        unlimited: seen.unlimited,
        capacity_since: seen.capacity_since.micros(),
    }
    .encode_to_vec()
}

/// What [`seen`] made bytes of.
pub(super) fn read_seen(place: Place<'_>, bytes: &[u8]) -> Result<Seen, Fault> {
    let read = SeenBytes::decode(bytes).map_err(|error| place.corrupt(error))?;
    Ok(Seen {
        presence: word(place, read.presence)?,
        presence_since: place.time(read.presence_since)?,
        capacity: read.capacity,
        unlimited: read.unlimited,
        capacity_since: place.time(read.capacity_since)?,
    })
}

impl From<&Fact> for Kind {
    fn from(fact: &Fact) -> Self {
        let chat = |conversation: &ConversationId| conversation.bits().to_be_bytes().to_vec();
        match fact {
            Fact::Presence { agent, presence, stretch } => Self::Presence(PresenceFact {
                agent: of(Some(*agent)),
                presence: presence.number(),
                since: stretch.start.micros(),
            }),
            Fact::Capacity { agent, capacity, stretch } => Self::Capacity(CapacityFact {
                agent: of(Some(*agent)),
                capacity: *capacity,
                since: stretch.start.micros(),
            }),
            Fact::Held { agent, conversation, reason, stretch, end } => Self::Held(HeldFact {
                agent: of(Some(*agent)),
                conversation: chat(conversation),
                reason: reason.number(),
                since: stretch.start.micros(),
                end: end.map_or(0, |end| match end {
                    HoldEnd::Closed => 1,
                    HoldEnd::Reassigned => 2,
                    HoldEnd::Queued => 3,
                }),
            }),
            Fact::Assigned { agent, previous, conversation, reason, .. } => Self::Assigned(AssignedFact {
                agent: of(Some(*agent)),
                conversation: chat(conversation),
                previous: of(*previous),
                reason: reason.number(),
            }),
            Fact::Transferred { from, target, conversation, .. } => {
                let (to_agent, to_group) = match target {
                    TransferTarget::Agent(agent) => (of(Some(*agent)), String::new()),
                    TransferTarget::Group(group) => (Vec::new(), group.to_string()),
                };
                Self::Transferred(TransferredFact {
                    from: of(*from),
                    conversation: chat(conversation),
                    to_agent,
                    to_group,
                })
            }
            Fact::Declined { agent, conversation, .. } => {
                Self::Declined(DeclinedFact { agent: of(Some(*agent)), conversation: chat(conversation) })
            }
            Fact::Rated { agent, conversation, stars, .. } => Self::Rated(RatedFact {
                agent: of(*agent),
                conversation: chat(conversation),
                stars: (*stars).into(),
            }),
            Fact::Closed { agent, conversation, by, reply_owed, .. } => Self::Closed(ClosedFact {
                agent: of(*agent),
                conversation: chat(conversation),
                by: by.number(),
                reply_owed: *reply_owed,
            }),
        }
    }
}

impl Kind {
    fn read(self, place: Place<'_>, at: Timestamp) -> Result<Fact, Fault> {
        let since = |micros: i64| -> Result<Stretch, Fault> {
            let start = place.time(micros)?;
            Stretch::new(start, at).ok_or_else(|| place.corrupt("ends before it begins"))
        };
        Ok(match self {
            Self::Presence(fact) => Fact::Presence {
                agent: agent(place, &fact.agent)?,
                presence: word(place, fact.presence)?,
                stretch: since(fact.since)?,
            },
            Self::Capacity(fact) => Fact::Capacity {
                agent: agent(place, &fact.agent)?,
                capacity: fact.capacity,
                stretch: since(fact.since)?,
            },
            Self::Held(fact) => Fact::Held {
                agent: agent(place, &fact.agent)?,
                conversation: chat(place, &fact.conversation)?,
                reason: word(place, fact.reason)?,
                stretch: since(fact.since)?,
                end: Some(match fact.end {
                    1 => HoldEnd::Closed,
                    2 => HoldEnd::Reassigned,
                    3 => HoldEnd::Queued,
                    other => return Err(place.corrupt(format!("ends by {other}, which is no way to end"))),
                }),
            },
            Self::Assigned(fact) => Fact::Assigned {
                agent: agent(place, &fact.agent)?,
                previous: perhaps(place, &fact.previous)?,
                conversation: chat(place, &fact.conversation)?,
                reason: word(place, fact.reason)?,
                at,
            },
            Self::Transferred(fact) => Fact::Transferred {
                from: perhaps(place, &fact.from)?,
                target: match perhaps(place, &fact.to_agent)? {
                    Some(agent) => TransferTarget::Agent(agent),
                    None => TransferTarget::Group(fact.to_group.into()),
                },
                conversation: chat(place, &fact.conversation)?,
                at,
            },
            Self::Declined(fact) => Fact::Declined {
                agent: agent(place, &fact.agent)?,
                conversation: chat(place, &fact.conversation)?,
                at,
            },
            Self::Rated(fact) => Fact::Rated {
                agent: perhaps(place, &fact.agent)?,
                conversation: chat(place, &fact.conversation)?,
                stars: u8::try_from(fact.stars).map_err(|error| place.corrupt(error))?,
                at,
            },
            Self::Closed(fact) => Fact::Closed {
                agent: perhaps(place, &fact.agent)?,
                conversation: chat(place, &fact.conversation)?,
                by: word(place, fact.by)?,
                reply_owed: fact.reply_owed,
                at,
            },
        })
    }
}

fn of(agent: Option<AgentId>) -> Vec<u8> {
    agent.map(|agent| agent.bits().to_be_bytes().to_vec()).unwrap_or_default()
}

fn bits(place: Place<'_>, bytes: &[u8]) -> Result<u128, Fault> {
    bytes.try_into().map(u128::from_be_bytes).map_err(|_| place.corrupt("an id does not have 16 bytes"))
}

fn agent(place: Place<'_>, bytes: &[u8]) -> Result<AgentId, Fault> {
    bits(place, bytes).map(AgentId::from_bits)
}

fn perhaps(place: Place<'_>, bytes: &[u8]) -> Result<Option<AgentId>, Fault> {
    if bytes.is_empty() { Ok(None) } else { agent(place, bytes).map(Some) }
}

fn chat(place: Place<'_>, bytes: &[u8]) -> Result<ConversationId, Fault> {
    bits(place, bytes).map(ConversationId::from_bits)
}

fn word<W: Word>(place: Place<'_>, number: i32) -> Result<W, Fault> {
    W::parse(number, "number").map_err(|problem| place.corrupt(problem))
}
