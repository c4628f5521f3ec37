//! Every word that reports, heat maps, scorecards and comparisons say, in each language they speak.
//!
//! A text holds places in braces, which `fill` fills: the same ones in every language, in whatever order. Each language is
//! one whole `Words`, so that none lacks a text; tests see to it that none is empty, left in the other language, or
//! without a place of the other's.

use std::fmt::Display;

use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1::{Consequence, PeriodMeasure, PeriodVerdict, Unit, Weekday};
use fenliu_proto::common::v1::Actor;
use serde::Serialize;

use crate::report::whole::ResponseLine;

mod en;
mod packs;
mod texts;
mod zh;

pub(crate) use self::texts::{Cards, Compare, Days, Demand, Head, Lengths, Misses, People, Rates};

/// A language that reports speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, in simplified characters.
    Zh,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// What it says.
    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Zh => &zh::WORDS,
        }
    }
}

/// The texts of one language.
#[derive(Debug, Serialize)]
pub(crate) struct Words {
    /// The language as BCP 47 has it.
    pub(crate) language: &'static str,
    pub(crate) head: Head,
    pub(crate) rates: Rates,
    pub(crate) days: Days,
    pub(crate) misses: Misses,
    pub(crate) people: People,
    pub(crate) cards: Cards,
    pub(crate) demand: Demand,
    pub(crate) compare: Compare,
    pub(crate) lengths: Lengths,
    /// What rule packs say, where it is another text than their own.
    #[serde(skip)]
    packs: &'static [packs::Said],
}

/// A text with its places filled. A place that nothing is given for stays as it is.
pub(crate) fn fill(text: &str, parts: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match parts.iter().find(|(known, _)| *known == name) {
            Some((_, part)) => filled.push_str(&part.to_string()),
            None => filled.extend(["{", name, "}"]),
        }
        rest = behind;
    }
    filled + rest
}

impl Words {
    /// A length of time for people: `95 s`, `3 min 20 s`, `2 h 5 min`.
    pub(crate) fn length(&self, span: Span) -> String {
        /// Microseconds of a second.
        const SECOND: i64 = 1_000_000;
        let seconds = span.micros() / SECOND;
        let part = |name: &'static str, value: i64| (name, value.to_string());
        let (text, parts) = match seconds {
            0..10 if span.micros() % SECOND != 0 => {
                (self.lengths.seconds, vec![("seconds", format!("{:.1}", span.seconds()))])
            }
            ..120 => (self.lengths.seconds, vec![part("seconds", seconds)]),
            120..7_200 if seconds % 60 == 0 => (self.lengths.minutes, vec![part("minutes", seconds / 60)]),
            120..7_200 => {
                let parts = vec![part("minutes", seconds / 60), part("seconds", seconds % 60)];
                (self.lengths.minutes_seconds, parts)
            }
            7_200.. => {
                let parts = vec![part("hours", seconds / 3_600), part("minutes", seconds % 3_600 / 60)];
                (self.lengths.hours_minutes, parts)
            }
        };
        let parts: Vec<(&str, &dyn Display)> =
            parts.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        fill(text, &parts)
    }

    /// A length of time in seconds, for people.
    #[expect(clippy::cast_possible_truncation, reason = "no wait is as long")]
    pub(crate) fn seconds(&self, seconds: f64) -> String {
        self.length(Span::from_millis((seconds * 1_000.0).round() as i64))
    }

    /// What is left of a budget.
    pub(crate) fn left(&self, left: i64) -> String {
        match left {
            0.. => format!("{} {left}", self.days.left),
            _ => fill(self.days.too_many, &[("count", &left.unsigned_abs())]),
        }
    }

    /// A consequence that holds, in a sentence.
    pub(crate) fn days_in_force(&self, what: &str, until: &str, needed: u32) -> String {
        fill(self.days.in_force, &[("what", &what), ("until", &until), ("needed", &needed)])
    }

    /// How long answers took.
    pub(crate) fn response_times(&self, times: &ResponseLine) -> String {
        let [mean, p50, p90, p99] =
            [times.mean, times.p50, times.p90, times.p99].map(|seconds| self.seconds(seconds));
        let parts: [(&str, &dyn Display); 4] = [("mean", &mean), ("p50", &p50), ("p90", &p90), ("p99", &p99)];
        fill(self.rates.response_line, &parts)
    }

    /// How people call a unit, several of them.
    pub(crate) const fn units(&self, unit: Unit) -> &'static str {
        match unit {
            Unit::BuyerDay => self.rates.buyer_days,
            Unit::Session => self.rates.sessions,
            Unit::Turn => self.rates.turns,
            Unit::Message => self.rates.messages,
            Unit::Unspecified => self.rates.units,
        }
    }

    /// What a rule pack says; in a language that lacks it, as the pack itself describes it.
    pub(crate) fn pack(&self, name: &str, version: u32, description: &str) -> String {
        let known = self.packs.iter().find(|(of, its, _)| (*of, *its) == (name, version));
        known.map_or(description, |(_, _, said)| said).to_owned()
    }

    /// Who answered.
    pub(crate) const fn actor(&self, actor: Actor) -> &'static str {
        match actor {
            Actor::Human | Actor::Unspecified => self.misses.person,
            Actor::AssistRobot => self.misses.assist_robot,
            Actor::FullRobot => self.misses.robot,
            Actor::AutoReply => self.misses.auto_reply,
            Actor::FaqCard => self.misses.faq_card,
        }
    }

    /// A day of the week, in short; any of them when it is no certain one.
    pub(crate) const fn weekday(&self, day: Weekday) -> &'static str {
        let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = self.demand.weekdays;
        match day {
            Weekday::Unspecified => self.demand.any_day,
            Weekday::Monday => monday,
            Weekday::Tuesday => tuesday,
            Weekday::Wednesday => wednesday,
            Weekday::Thursday => thursday,
            Weekday::Friday => friday,
            Weekday::Saturday => saturday,
            Weekday::Sunday => sunday,
        }
    }

    /// How many agents more there are than are shown.
    pub(crate) fn more_agents(&self, count: usize) -> String {
        fill(self.people.rest, &[("count", &count)])
    }

    /// A measure of two periods.
    pub(crate) const fn measure(&self, measure: PeriodMeasure) -> &'static str {
        match measure {
            PeriodMeasure::Unspecified => self.compare.unknown,
            PeriodMeasure::ReplyRate => self.compare.reply_rate,
            PeriodMeasure::FirstResponseMean => self.compare.first_response_mean,
            PeriodMeasure::FirstResponseP50 => self.compare.first_response_p50,
            PeriodMeasure::FirstResponseP90 => self.compare.first_response_p90,
            PeriodMeasure::FirstResponseP99 => self.compare.first_response_p99,
            PeriodMeasure::Csat => self.compare.csat,
            PeriodMeasure::Dissatisfaction => self.compare.dissatisfaction,
            PeriodMeasure::Conversion => self.compare.conversion,
        }
    }

    /// What is to be said of two periods.
    pub(crate) const fn verdict(&self, verdict: PeriodVerdict) -> &'static str {
        match verdict {
            PeriodVerdict::Better => self.compare.better,
            PeriodVerdict::Worse => self.compare.worse,
            PeriodVerdict::NoDifference => self.compare.no_difference,
            PeriodVerdict::NoData | PeriodVerdict::Unspecified => self.compare.no_data,
        }
    }

    /// A shift; one that is none of the usual ones is called as it was named.
    pub(crate) fn shift<'a>(&'a self, name: &'a str) -> &'a str {
        match name {
            "morning" => self.cards.morning,
            "afternoon" => self.cards.afternoon,
            "evening" => self.cards.evening,
            other => other,
        }
    }

    /// What a marketplace does to a shop.
    pub(crate) const fn consequence(&self, consequence: Consequence) -> &'static str {
        match consequence {
            Consequence::Enforced | Consequence::Unspecified => self.days.enforced,
            Consequence::Restricted => self.days.restricted,
            Consequence::ResourceSlot => self.days.resource_slot,
            Consequence::BlackRoom => self.days.black_room,
            Consequence::FineDue => self.days.fine_due,
        }
    }
}

#[cfg(test)]
mod tests;
