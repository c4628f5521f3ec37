//! Every word that reports and heat maps say, in each language they speak.
//!
//! A text holds places in braces, which `fill` fills: the same ones in every language, in whatever order. Each language is
//! one whole `Words`, so that none lacks a text; tests see to it that none is empty, left in the other language, or
//! without a place of the other's.

use std::fmt::Display;

use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1::{Consequence, Unit, Weekday};
use fenliu_proto::common::v1::Actor;
use serde::Serialize;

use crate::report::whole::ResponseLine;

mod en;
mod packs;
mod zh;

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

/// The texts of one language. A name says what its text is for; texts of a table's head have no places.
#[derive(Debug, Serialize)]
pub(crate) struct Words {
    /// The language as BCP 47 has it.
    pub(crate) language: &'static str,
    pub(crate) head: Head,
    pub(crate) rates: Rates,
    pub(crate) days: Days,
    pub(crate) misses: Misses,
    pub(crate) people: People,
    pub(crate) demand: Demand,
    pub(crate) lengths: Lengths,
    /// What rule packs say, where it is another text than their own.
    #[serde(skip)]
    packs: &'static [packs::Said],
}

/// What a report is about.
#[derive(Debug, Serialize)]
pub(crate) struct Head {
    pub(crate) title: &'static str,
    pub(crate) shop_line: &'static str,
    pub(crate) shop: &'static str,
    pub(crate) range: &'static str,
    pub(crate) from_to: &'static str,
    pub(crate) from_on: &'static str,
    pub(crate) up_to: &'static str,
    pub(crate) all_days: &'static str,
    pub(crate) zone: &'static str,
    pub(crate) as_of: &'static str,
    pub(crate) as_of_note: &'static str,
    pub(crate) made_by: &'static str,
    pub(crate) comma: &'static str,
    pub(crate) semicolon: &'static str,
    pub(crate) colon: &'static str,
}

/// Rates and their parts.
#[derive(Debug, Serialize)]
pub(crate) struct Rates {
    pub(crate) by_pack: &'static str,
    pub(crate) pack: &'static str,
    pub(crate) version: &'static str,
    pub(crate) rate: &'static str,
    pub(crate) target: &'static str,
    pub(crate) with_target: &'static str,
    pub(crate) no_target: &'static str,
    pub(crate) reached: &'static str,
    pub(crate) below: &'static str,
    pub(crate) no_data: &'static str,
    pub(crate) counted: &'static str,
    pub(crate) in_time: &'static str,
    pub(crate) late: &'static str,
    pub(crate) never: &'static str,
    pub(crate) open: &'static str,
    pub(crate) left_out: &'static str,
    pub(crate) of_counted: &'static str,
    pub(crate) parts: &'static str,
    pub(crate) mean_wait: &'static str,
    pub(crate) buyer_days: &'static str,
    pub(crate) sessions: &'static str,
    pub(crate) turns: &'static str,
    pub(crate) messages: &'static str,
    pub(crate) units: &'static str,
    pub(crate) response_times: &'static str,
    pub(crate) response_line: &'static str,
    pub(crate) counts_as: &'static str,
}

/// Days, hours, budgets and standing.
#[derive(Debug, Serialize)]
pub(crate) struct Days {
    pub(crate) budget: &'static str,
    pub(crate) budget_of: &'static str,
    pub(crate) allowed: &'static str,
    pub(crate) missed: &'static str,
    pub(crate) left: &'static str,
    pub(crate) too_many: &'static str,
    pub(crate) needed: &'static str,
    pub(crate) beyond_reach: &'static str,
    pub(crate) projection: &'static str,
    pub(crate) projected: &'static str,
    pub(crate) burning: &'static str,
    pub(crate) quiet: &'static str,
    pub(crate) by_day: &'static str,
    pub(crate) day: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) good: &'static str,
    pub(crate) bad: &'static str,
    pub(crate) earlier_days: &'static str,
    pub(crate) by_hour: &'static str,
    pub(crate) hour: &'static str,
    pub(crate) by_hour_note: &'static str,
    pub(crate) standing: &'static str,
    pub(crate) nothing_in_force: &'static str,
    pub(crate) in_force: &'static str,
    pub(crate) good_days: &'static str,
    pub(crate) free_from: &'static str,
    pub(crate) enforced: &'static str,
    pub(crate) restricted: &'static str,
    pub(crate) resource_slot: &'static str,
    pub(crate) black_room: &'static str,
    pub(crate) fine_due: &'static str,
}

/// Misses and their proof.
#[derive(Debug, Serialize)]
pub(crate) struct Misses {
    pub(crate) longest: &'static str,
    pub(crate) none: &'static str,
    pub(crate) rest: &'static str,
    pub(crate) buyer: &'static str,
    pub(crate) waited: &'static str,
    pub(crate) asked: &'static str,
    pub(crate) due: &'static str,
    pub(crate) answered: &'static str,
    pub(crate) bears: &'static str,
    pub(crate) blame: &'static str,
    pub(crate) proof: &'static str,
    pub(crate) told: &'static str,
    pub(crate) answered_by: &'static str,
    pub(crate) never_answered: &'static str,
    pub(crate) nobody_assigned: &'static str,
    pub(crate) person: &'static str,
    pub(crate) assist_robot: &'static str,
    pub(crate) robot: &'static str,
    pub(crate) auto_reply: &'static str,
    pub(crate) faq_card: &'static str,
    pub(crate) in_queue: &'static str,
    pub(crate) with_agent: &'static str,
    pub(crate) with_robot: &'static str,
    pub(crate) nobody_on_duty: &'static str,
    pub(crate) after_transfer: &'static str,
    pub(crate) part: &'static str,
}

/// Agents.
#[derive(Debug, Serialize)]
pub(crate) struct People {
    pub(crate) by_agent: &'static str,
    pub(crate) agent: &'static str,
    pub(crate) nobody_known: &'static str,
    pub(crate) mean_wait: &'static str,
    pub(crate) share: &'static str,
    pub(crate) rest: &'static str,
}

/// When buyers come.
#[derive(Debug, Serialize)]
pub(crate) struct Demand {
    pub(crate) title: &'static str,
    pub(crate) counted: &'static str,
    pub(crate) inside_service: &'static str,
    pub(crate) outside_service: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) none: &'static str,
    pub(crate) no_peaks: &'static str,
    pub(crate) peaks: &'static str,
    pub(crate) peaks_note: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) a_day: &'static str,
    pub(crate) times_the_mean: &'static str,
    pub(crate) share_of_day: &'static str,
    pub(crate) usual_day: &'static str,
    pub(crate) usual_day_note: &'static str,
    pub(crate) bar_title: &'static str,
    pub(crate) week: &'static str,
    pub(crate) week_note: &'static str,
    pub(crate) cell_title: &'static str,
    pub(crate) no_such_day: &'static str,
    pub(crate) nobody: &'static str,
    pub(crate) blank: &'static str,
    pub(crate) up_to: &'static str,
    pub(crate) legend: &'static str,
    pub(crate) service_hours: &'static str,
    pub(crate) weekday: &'static str,
    pub(crate) any_day: &'static str,
    pub(crate) weekdays: [&'static str; 7],
}

/// Lengths of time.
#[derive(Debug, Serialize)]
pub(crate) struct Lengths {
    pub(crate) seconds: &'static str,
    pub(crate) minutes: &'static str,
    pub(crate) minutes_seconds: &'static str,
    pub(crate) hours_minutes: &'static str,
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
