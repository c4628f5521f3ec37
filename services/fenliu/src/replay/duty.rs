//! Who was on duty when, as far as a log tells: each agent from the first to the last service of each local day.

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, Zone};
use fenliu_domain::time::Timestamp;

use crate::recorded::Conversation;

/// One agent's stretch of duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Which agent, as an index into [`Roster::agents`].
    pub agent: usize,
    /// From the start of the first service.
    pub from: Timestamp,
    /// To the end of the last one.
    pub to: Timestamp,
}

/// The agents of a log and when they worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// Their names, in alphabetical order.
    pub agents: Vec<String>,
    /// Their duties, by agent and then time; those of one agent never overlap.
    pub duties: Vec<Duty>,
}

/// The roster a log shows. A service that runs over midnight belongs to the day it began on.
#[must_use]
pub fn roster(conversations: &[Conversation], zone: Zone) -> Roster {
    let mut spans: BTreeMap<&str, BTreeMap<Day, (Timestamp, Timestamp)>> = BTreeMap::new();
    for conversation in conversations {
        let (Some(agent), Some(from)) = (conversation.agent(), conversation.answered()) else { continue };
        let to = conversation.closed().unwrap_or(from).max(from);
        let day = spans.entry(agent).or_default().entry(zone.day_of(from)).or_insert((from, to));
        *day = (day.0.min(from), day.1.max(to));
    }
    let mut duties: Vec<Duty> = Vec::new();
    for (agent, days) in spans.values().enumerate() {
        for &(from, to) in days.values() {
            match duties.last_mut().filter(|last| last.agent == agent && from <= last.to) {
                Some(last) => last.to = last.to.max(to),
                None => duties.push(Duty { agent, from, to }),
            }
        }
    }
    Roster { agents: spans.into_keys().map(str::to_owned).collect(), duties }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{Happening, Repairs, What};

    fn service(agent: Option<&str>, from: i64, to: i64) -> Conversation {
        let at = |seconds: i64| Timestamp::from_micros_clamped(seconds * 1_000_000);
        Conversation {
            shop: String::new(),
            key: format!("{from}"),
            buyer: "b".into(),
            group: "PS".into(),
            vip: false,
            opened: at(from),
            happenings: vec![
                Happening { at: at(from), what: What::Asked },
                Happening { at: at(from), what: What::Answered(agent.map(str::to_owned)) },
                Happening { at: at(to), what: What::Closed { abandoned: false } },
            ],
            repairs: Repairs::default(),
        }
    }

    #[test]
    fn a_duty_runs_from_the_first_to_the_last_service_of_a_day() {
        let day = 86_400;
        let log = [
            service(Some("TOVA"), 9_000, 9_100),
            service(None, 100, 200),
            service(Some("AVI"), 8_000, 8_500),
            service(Some("AVI"), 7_000, 8_200),
            service(Some("AVI"), day + 50, day + 60),
        ];
        let roster = roster(&log, Zone::UTC);
        let duties: Vec<_> = roster
            .duties
            .iter()
            .map(|d| (d.agent, d.from.micros() / 1_000_000, d.to.micros() / 1_000_000))
            .collect();
        assert_eq!(roster.agents, ["AVI", "TOVA"]);
        assert_eq!(duties, [(0, 7_000, 8_500), (0, day + 50, day + 60), (1, 9_000, 9_100)]);
    }

    #[test]
    fn a_service_over_midnight_joins_the_next_days_duty_when_they_touch() {
        let log = [service(Some("A"), 86_000, 87_000), service(Some("A"), 86_900, 88_000)];
        assert_eq!(roster(&log, Zone::UTC).duties.len(), 1);
    }
}
