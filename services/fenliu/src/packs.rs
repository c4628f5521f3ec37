//! Which rule packs a command judges by.

use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1::{Confidence, RulePack, Treatment, Unit};
use fenliu_proto::analytics::v1::{get_reply_rate_request, list_misses_request};
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_span;

use crate::recorded::Format;

/// A pack to judge by.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// One that fenliu ships, by name.
    Shipped(String),
    /// One made up here.
    Custom(Box<RulePack>),
}

impl Choice {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Shipped(name) => name,
            Self::Custom(pack) => &pack.rule_pack_id,
        }
    }

    /// The choice as GetReplyRate takes it.
    #[must_use]
    pub fn for_rate(&self) -> get_reply_rate_request::Pack {
        match self.clone() {
            Self::Shipped(name) => get_reply_rate_request::Pack::RulePackId(name),
            Self::Custom(pack) => get_reply_rate_request::Pack::Custom(*pack),
        }
    }

    /// The choice as ListMisses takes it.
    #[must_use]
    pub fn for_misses(&self) -> list_misses_request::Pack {
        match self.clone() {
            Self::Shipped(name) => list_misses_request::Pack::RulePackId(name),
            Self::Custom(pack) => list_misses_request::Pack::Custom(*pack),
        }
    }
}

/// The packs that suit a log. The first one decides what an import reports; the others are told beside it.
#[must_use]
pub fn suiting(format: Format) -> Vec<Choice> {
    let minutes = Span::from_secs(180);
    match format {
        Format::AnonymousBank => vec![plain("calls-180s", Unit::Session, minutes)],
        Format::TwitterCare => vec![
            plain("turns-180s", Unit::Turn, minutes),
            plain("turns-1h", Unit::Turn, Span::from_hours(1)),
            plain("turns-24h", Unit::Turn, Span::from_hours(24)),
            plain("first-response-180s", Unit::Session, minutes),
        ],
        Format::Uneed => vec![Choice::Shipped("taobao-3min".to_owned())],
        Format::FenliuJsonl => ["pinduoduo-3min-human", "taobao-3min", "tiktok-us-24h"]
            .map(|name| Choice::Shipped(name.to_owned()))
            .into(),
        // No pack has a word about orders.
        Format::OrdersJsonl => Vec::new(),
    }
}

/// A pack without exceptions: all day, answers by people, never answered is a miss.
fn plain(name: &str, unit: Unit, limit: Span) -> Choice {
    Choice::Custom(Box::new(RulePack {
        rule_pack_id: name.to_owned(),
        version: 1,
        description: format!("Answered by a person within {limit}, at any time of day."),
        unit: unit.into(),
        limit_duration: Some(to_span(limit)),
        countable_actors: vec![Actor::Human.into()],
        robot_only: Treatment::Unspecified.into(),
        unassigned: Treatment::Unspecified.into(),
        source: "fenliu's command line".to_owned(),
        confidence: Confidence::Unspecified.into(),
        ..RulePack::default()
    }))
}

/// How people call a unit, several of them.
#[must_use]
pub const fn units(unit: Unit) -> &'static str {
    match unit {
        Unit::BuyerDay => "buyers a day",
        Unit::Session => "conversations",
        Unit::Turn => "turns",
        Unit::Message => "messages",
        Unit::Unspecified => "units",
    }
}
