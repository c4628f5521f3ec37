//! One row per exchange. What it holds of varying length lies in it as short JSON, since a pack reads all of an
//! exchange or nothing: `asks` is `[[µs, message], …]`, every question kept, earliest first, `replies` is `[[µs, message, actor, agent, small talk], …]`,
//! `holdings` is `[[µs, holder], …]` with a holder of `nobody`, `robot`, `queue`, `nobody_on_duty` or
//! `{"agent": name}`.

use fenliu_domain::exchange::{Ask, Exchange, Holder, Holding, Reply, by_minute};
use fenliu_domain::message::Actor;
use fenliu_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Place;
use crate::storage::{Fault, Key};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exchange")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub shop_id: String,
    /// Empty for the history's own; the source of an import otherwise.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation: String,
    /// From 1 within the conversation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// When the first question came, in microseconds since 1970.
    pub asked_us: i64,
    /// How many messages the buyer sent.
    pub asked: i64,
    pub asks: String,
    pub replies: String,
    pub holdings: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HolderText {
    Nobody,
    Robot,
    Queue,
    NobodyOnDuty,
    Agent(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActorText {
    Human,
    AssistRobot,
    FullRobot,
    AutoReply,
    FaqCard,
}

/// The row of an exchange.
pub(crate) fn row(key: &Key, exchange: &Exchange) -> Result<ActiveModel, Fault> {
    let asks: Vec<_> = exchange.every_ask().into_iter().map(|ask| (ask.at.micros(), &ask.message)).collect();
    let reply = |r: &Reply| {
        (r.at.micros(), r.message.clone(), ActorText::from(r.actor), r.agent.clone(), r.small_talk)
    };
    let replies: Vec<_> = exchange.replies.iter().map(reply).collect();
    let holding = |h: &Holding| (h.from.micros(), HolderText::from(&h.holder));
    let holdings: Vec<_> = exchange.holdings.iter().map(holding).collect();
    Ok(ActiveModel {
        shop_id: Set(key.shop.clone()),
        source: Set(key.source.clone()),
        conversation: Set(key.conversation.clone()),
        number: Set(exchange.number.into()),
        asked_us: Set(exchange.asked_at().micros()),
        asked: Set(exchange.asked.into()),
        asks: Set(text(&asks)?),
        replies: Set(text(&replies)?),
        holdings: Set(text(&holdings)?),
    })
}

impl Model {
    /// The exchange.
    pub(crate) fn into_exchange(self) -> Result<Exchange, Fault> {
        let place = Place { table: "exchange", row: &self.conversation };
        let asks: Vec<(i64, String)> = read(place, "asks", &self.asks)?;
        let asks = asks.into_iter().map(|(at, message)| Ok(Ask { at: place.time("asks", at)?, message }));
        let (asks, further_asks) = by_minute(asks.collect::<Result<_, Fault>>()?);
        let replies: Vec<(i64, String, ActorText, String, bool)> = read(place, "replies", &self.replies)?;
        let replies = replies.into_iter().map(|(at, message, actor, agent, small_talk)| {
            let at = place.time("replies", at)?;
            Ok(Reply { at, message, actor: actor.into(), agent, small_talk })
        });
        let holdings: Vec<(i64, HolderText)> = read(place, "holdings", &self.holdings)?;
        let holdings = holdings
            .into_iter()
            .map(|(from, holder)| Ok(Holding { from: place.time("holdings", from)?, holder: holder.into() }));
        Ok(Exchange {
            number: place.count("number", self.number)?,
            asked: place.count("asked", self.asked)?,
            asks,
            further_asks,
            replies: replies.collect::<Result<_, Fault>>()?,
            holdings: holdings.collect::<Result<_, Fault>>()?,
        })
    }

    /// When the first question came.
    pub(crate) fn asked_at(&self) -> Timestamp {
        Timestamp::from_micros_clamped(self.asked_us)
    }
}

pub(super) fn holder_text(holder: &Holder) -> Result<String, Fault> {
    text(&HolderText::from(holder))
}

pub(super) fn read_holder(place: Place<'_>, text: &str) -> Result<Holder, Fault> {
    read::<HolderText>(place, "holder", text).map(Holder::from)
}

fn text<T: Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Database(DbErr::Custom(error.to_string())))
}

fn read<T: DeserializeOwned>(place: Place<'_>, column: &'static str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| place.corrupt(column, error))
}

impl From<&Holder> for HolderText {
    fn from(holder: &Holder) -> Self {
        match holder {
            Holder::Nobody => Self::Nobody,
            Holder::Robot => Self::Robot,
            Holder::Queue => Self::Queue,
            Holder::NobodyOnDuty => Self::NobodyOnDuty,
            Holder::Agent(agent) => Self::Agent(agent.clone()),
        }
    }
}

impl From<HolderText> for Holder {
    fn from(holder: HolderText) -> Self {
        match holder {
            HolderText::Nobody => Self::Nobody,
            HolderText::Robot => Self::Robot,
            HolderText::Queue => Self::Queue,
            HolderText::NobodyOnDuty => Self::NobodyOnDuty,
            HolderText::Agent(agent) => Self::Agent(agent),
        }
    }
}

impl From<Actor> for ActorText {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Human => Self::Human,
            Actor::AssistRobot => Self::AssistRobot,
            Actor::FullRobot => Self::FullRobot,
            Actor::AutoReply => Self::AutoReply,
            Actor::FaqCard => Self::FaqCard,
        }
    }
}

impl From<ActorText> for Actor {
    fn from(actor: ActorText) -> Self {
        match actor {
            ActorText::Human => Self::Human,
            ActorText::AssistRobot => Self::AssistRobot,
            ActorText::FullRobot => Self::FullRobot,
            ActorText::AutoReply => Self::AutoReply,
            ActorText::FaqCard => Self::FaqCard,
        }
    }
}
