//! Facts as bytes: Protocol Buffers messages of this service alone. Fields are only ever added; what a field means changes
//! with [`FACTS_VERSION`](crate::storage::FACTS_VERSION), which has all facts made anew.
//!
//! The same facts are the same bytes, so that tables can be compared.

use fenliu_domain::exchange::{Ask, Exchange, Holder, Holding, Marks, Reply, Session};
use fenliu_domain::message::Actor;
use fenliu_domain::time::Timestamp;
use prost::Message;

use super::Place;
use crate::storage::Fault;

#[derive(Clone, PartialEq, Message)]
struct ConversationFacts {
    #[prost(message, optional, tag = "1")]
    session: Option<SessionFacts>,
    #[prost(message, repeated, tag = "2")]
    exchanges: Vec<ExchangeFacts>,
}

/// Times are microseconds since 1970. The buyer is a column of the row.
#[derive(Clone, PartialEq, Message)]
struct SessionFacts {
    #[prost(string, tag = "1")]
    group: String,
    #[prost(bool, tag = "2")]
    vip: bool,
    #[prost(int64, optional, tag = "3")]
    opened: Option<i64>,
    #[prost(bool, tag = "4")]
    opening_seen: bool,
    #[prost(int64, optional, tag = "5")]
    first_asked: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    last_asked: Option<i64>,
    #[prost(int64, optional, tag = "7")]
    closed: Option<i64>,
    #[prost(bool, tag = "8")]
    abandoned: bool,
    #[prost(int64, optional, tag = "9")]
    people: Option<i64>,
    #[prost(int64, optional, tag = "10")]
    agent: Option<i64>,
    #[prost(int64, optional, tag = "11")]
    human: Option<i64>,
    #[prost(int64, optional, tag = "12")]
    robot: Option<i64>,
    #[prost(message, optional, tag = "13")]
    holder: Option<HolderFacts>,
    #[prost(uint32, tag = "14")]
    exchanges: u32,
    #[prost(int64, optional, tag = "15")]
    blocked: Option<i64>,
    #[prost(int64, optional, tag = "16")]
    reported: Option<i64>,
    #[prost(int64, optional, tag = "17")]
    shop_initiated: Option<i64>,
    #[prost(int64, optional, tag = "18")]
    holiday_mode: Option<i64>,
    #[prost(uint32, optional, tag = "19")]
    stars: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct ExchangeFacts {
    #[prost(uint32, tag = "1")]
    number: u32,
    #[prost(uint32, tag = "2")]
    asked: u32,
    #[prost(message, repeated, tag = "3")]
    asks: Vec<AskFacts>,
    #[prost(message, repeated, tag = "4")]
    further_asks: Vec<AskFacts>,
    #[prost(message, repeated, tag = "5")]
    replies: Vec<ReplyFacts>,
    #[prost(message, repeated, tag = "6")]
    holdings: Vec<HoldingFacts>,
}

#[derive(Clone, PartialEq, Message)]
struct ExchangeList {
    #[prost(message, repeated, tag = "1")]
    exchanges: Vec<ExchangeFacts>,
}

#[derive(Clone, PartialEq, Message)]
struct AskFacts {
    #[prost(int64, tag = "1")]
    at: i64,
    #[prost(string, tag = "2")]
    message: String,
}

#[derive(Clone, PartialEq, Message)]
struct ReplyFacts {
    #[prost(int64, tag = "1")]
    at: i64,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(enumeration = "ActorFact", tag = "3")]
    actor: i32,
    #[prost(string, tag = "4")]
    agent: String,
    #[prost(bool, tag = "5")]
    small_talk: bool,
}

#[derive(Clone, PartialEq, Message)]
struct HoldingFacts {
    #[prost(int64, tag = "1")]
    from: i64,
    #[prost(message, optional, tag = "2")]
    holder: Option<HolderFacts>,
}

#[derive(Clone, PartialEq, Message)]
struct HolderFacts {
    #[prost(enumeration = "HolderFact", tag = "1")]
    kind: i32,
    /// Set when it is an agent.
    #[prost(string, tag = "2")]
    agent: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum HolderFact {
    Nobody = 0,
    Robot = 1,
    Queue = 2,
    NobodyOnDuty = 3,
    Agent = 4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum ActorFact {
    Human = 0,
    AssistRobot = 1,
    FullRobot = 2,
    AutoReply = 3,
    FaqCard = 4,
}

/// A session and exchanges as bytes.
pub(super) fn conversation(session: &Session, exchanges: &[Exchange]) -> Vec<u8> {
    let exchanges = exchanges.iter().map(ExchangeFacts::from).collect();
    ConversationFacts { session: Some(session.into()), exchanges }.encode_to_vec()
}

/// Exchanges as bytes.
pub(super) fn exchanges(exchanges: &[Exchange]) -> Vec<u8> {
    ExchangeList { exchanges: exchanges.iter().map(ExchangeFacts::from).collect() }.encode_to_vec()
}

/// What [`conversation`] made bytes of.
pub(super) fn read_conversation(
    place: Place<'_>,
    buyer: &str,
    bytes: &[u8],
) -> Result<(Session, Vec<Exchange>), Fault> {
    let facts = ConversationFacts::decode(bytes).map_err(|error| place.corrupt(error))?;
    let session = facts.session.ok_or_else(|| place.corrupt("has no session"))?;
    Ok((session.read(place, buyer)?, read_all(place, facts.exchanges)?))
}

/// What [`exchanges`] made bytes of.
pub(super) fn read_exchanges(place: Place<'_>, bytes: &[u8]) -> Result<Vec<Exchange>, Fault> {
    let list = ExchangeList::decode(bytes).map_err(|error| place.corrupt(error))?;
    read_all(place, list.exchanges)
}

fn read_all(place: Place<'_>, exchanges: Vec<ExchangeFacts>) -> Result<Vec<Exchange>, Fault> {
    exchanges.into_iter().map(|exchange| exchange.read(place)).collect()
}

impl From<&Session> for SessionFacts {
    fn from(session: &Session) -> Self {
        let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
        Self {
            group: session.group.clone(),
            vip: session.vip,
            opened: micros(session.opened_at),
            opening_seen: session.opening_seen,
            first_asked: micros(session.first_asked_at),
            last_asked: micros(session.last_asked_at),
            closed: micros(session.closed_at),
            abandoned: session.abandoned,
            people: micros(session.people_at),
            agent: micros(session.agent_at),
            human: micros(session.human_at),
            robot: micros(session.robot_at),
            holder: Some((&session.holder).into()),
            exchanges: session.exchanges,
            blocked: micros(session.marks.blocked_at),
            reported: micros(session.marks.reported_at),
            shop_initiated: micros(session.marks.shop_initiated_at),
            holiday_mode: micros(session.marks.holiday_mode_at),
            stars: session.stars.map(u32::from),
        }
    }
}

impl SessionFacts {
    fn read(self, place: Place<'_>, buyer: &str) -> Result<Session, Fault> {
        let time = |micros: Option<i64>| micros.map(|micros| place.time(micros)).transpose();
        let marks = Marks {
            blocked_at: time(self.blocked)?,
            reported_at: time(self.reported)?,
            shop_initiated_at: time(self.shop_initiated)?,
            holiday_mode_at: time(self.holiday_mode)?,
        };
        let stars = self.stars.map(|stars| u8::try_from(stars).map_err(|error| place.corrupt(error)));
        Ok(Session {
            buyer: buyer.to_owned(),
            group: self.group,
            vip: self.vip,
            opened_at: time(self.opened)?,
            opening_seen: self.opening_seen,
            first_asked_at: time(self.first_asked)?,
            last_asked_at: time(self.last_asked)?,
            closed_at: time(self.closed)?,
            abandoned: self.abandoned,
            people_at: time(self.people)?,
            agent_at: time(self.agent)?,
            human_at: time(self.human)?,
            robot_at: time(self.robot)?,
            holder: HolderFacts::read(self.holder, place)?,
            marks,
            stars: stars.transpose()?,
            exchanges: self.exchanges,
        })
    }
}

impl From<&Exchange> for ExchangeFacts {
    fn from(exchange: &Exchange) -> Self {
        Self {
            number: exchange.number,
            asked: exchange.asked,
            asks: exchange.asks.iter().map(AskFacts::from).collect(),
            further_asks: exchange.further_asks.iter().map(AskFacts::from).collect(),
            replies: exchange.replies.iter().map(ReplyFacts::from).collect(),
            holdings: exchange.holdings.iter().map(HoldingFacts::from).collect(),
        }
    }
}

impl ExchangeFacts {
    fn read(self, place: Place<'_>) -> Result<Exchange, Fault> {
        let asks = |asks: Vec<AskFacts>| -> Result<Vec<Ask>, Fault> {
            asks.into_iter().map(|ask| Ok(Ask { at: place.time(ask.at)?, message: ask.message })).collect()
        };
        let holding = |holding: HoldingFacts| {
            Ok(Holding { from: place.time(holding.from)?, holder: HolderFacts::read(holding.holder, place)? })
        };
        Ok(Exchange {
            number: self.number,
            asked: self.asked,
            asks: asks(self.asks)?,
            further_asks: asks(self.further_asks)?,
            replies: self.replies.into_iter().map(|reply| reply.read(place)).collect::<Result<_, _>>()?,
            holdings: self.holdings.into_iter().map(holding).collect::<Result<_, Fault>>()?,
        })
    }
}

impl From<&Ask> for AskFacts {
    fn from(ask: &Ask) -> Self {
        Self { at: ask.at.micros(), message: ask.message.clone() }
    }
}

impl From<&Reply> for ReplyFacts {
    fn from(reply: &Reply) -> Self {
        let actor = match reply.actor {
            Actor::Human => ActorFact::Human,
            Actor::AssistRobot => ActorFact::AssistRobot,
            Actor::FullRobot => ActorFact::FullRobot,
            Actor::AutoReply => ActorFact::AutoReply,
            Actor::FaqCard => ActorFact::FaqCard,
        };
        Self {
            at: reply.at.micros(),
            message: reply.message.clone(),
            actor: actor.into(),
            agent: reply.agent.clone(),
            small_talk: reply.small_talk,
        }
    }
}

impl ReplyFacts {
    fn read(self, place: Place<'_>) -> Result<Reply, Fault> {
        let actor = match ActorFact::try_from(self.actor).map_err(|error| place.corrupt(error))? {
            ActorFact::Human => Actor::Human,
            ActorFact::AssistRobot => Actor::AssistRobot,
            ActorFact::FullRobot => Actor::FullRobot,
            ActorFact::AutoReply => Actor::AutoReply,
            ActorFact::FaqCard => Actor::FaqCard,
        };
        let Self { at, message, agent, small_talk, .. } = self;
        Ok(Reply { at: place.time(at)?, message, actor, agent, small_talk })
    }
}

impl From<&Holding> for HoldingFacts {
    fn from(holding: &Holding) -> Self {
        Self { from: holding.from.micros(), holder: Some((&holding.holder).into()) }
    }
}

impl From<&Holder> for HolderFacts {
    fn from(holder: &Holder) -> Self {
        let (kind, agent) = match holder {
            Holder::Nobody => (HolderFact::Nobody, ""),
            Holder::Robot => (HolderFact::Robot, ""),
            Holder::Queue => (HolderFact::Queue, ""),
            Holder::NobodyOnDuty => (HolderFact::NobodyOnDuty, ""),
            Holder::Agent(agent) => (HolderFact::Agent, agent.as_str()),
        };
        Self { kind: kind.into(), agent: agent.to_owned() }
    }
}

impl HolderFacts {
    fn read(holder: Option<Self>, place: Place<'_>) -> Result<Holder, Fault> {
        let Self { kind, agent } = holder.unwrap_or_default();
        Ok(match HolderFact::try_from(kind).map_err(|error| place.corrupt(error))? {
            HolderFact::Nobody => Holder::Nobody,
            HolderFact::Robot => Holder::Robot,
            HolderFact::Queue => Holder::Queue,
            HolderFact::NobodyOnDuty => Holder::NobodyOnDuty,
            HolderFact::Agent => Holder::Agent(agent),
        })
    }
}
