//! Scorecards: one pass over the facts of a shop's conversations and agents, and the duty accounts knows of.
//!
//! Invariants: the facts are of one state of the store; without an answer of accounts the card says that the schedule is
//! not known.

use std::ops::RangeInclusive;

use fenliu_domain::agent_facts::Fact;
use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::RulePack;
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::Stretch;
use fenliu_domain::scorecard::{self, Books, Report, Shift};
use fenliu_domain::time::Timestamp;

use crate::duty::Rosters;
use crate::storage::{AgentFold, Fault, Fold, Folded, Store};

/// Most days from the first to the last.
const MAX_DAYS: i64 = 91;

/// What cards are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) shop: ShopId,
    /// As far as they were given.
    pub(crate) range: DayRange,
    pub(crate) shifts: Vec<Shift>,
    pub(crate) packs: Vec<RulePack>,
    pub(crate) as_of: Timestamp,
}

/// Everybody's cards.
#[derive(Debug)]
pub(crate) struct Scorecards {
    pub(crate) question: Question,
    pub(crate) report: Report,
    pub(crate) schedule_known: bool,
    pub(crate) days: RangeInclusive<Day>,
    pub(crate) position: i64,
    pub(crate) zone: Zone,
}

/// The books, as the store feeds them.
struct Fed {
    books: Books,
    as_of: Timestamp,
}

impl Question {
    /// The cards.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; INVALID_REQUEST when the days, with what was left out, make no range or too long a one.
    pub(crate) async fn answer(self, store: &Store, rosters: &Rosters) -> Result<Scorecards, Problem> {
        let asked = self.clone();
        let begin = move |zone: Zone| {
            let days = asked.days(zone)?;
            let range = DayRange { first: Some(*days.start()), last: Some(*days.end()) };
            let Self { shifts, packs, as_of, .. } = asked;
            let books = Books::new(scorecard::Question { zone, days, shifts, packs, as_of });
            Ok((range, Fed { books, as_of }))
        };
        let folded = store.fold_with_agents(self.shop, begin).await.map_err(Fault::into_problem)?;
        let Folded { fold: Fed { mut books, .. }, position, zone } = folded;
        let duty = match books.whole() {
            Some(whole) => rosters.duty(self.shop, whole).await,
            // Nothing has been scheduled of what has not begun.
            None => Some(Vec::new()),
        };
        let schedule_known = duty.is_some();
        for (agent, stretch) in duty.unwrap_or_default() {
            books.schedule(agent, [stretch]);
        }
        let days = self.days(zone)?;
        Ok(Scorecards { question: self, report: books.finish(), schedule_known, days, position, zone })
    }

    /// The days meant: the last is the day of the moment asked for, and the first is the last.
    fn days(&self, zone: Zone) -> Result<RangeInclusive<Day>, Problem> {
        let last = self.range.last.unwrap_or_else(|| zone.day_of(self.as_of));
        let first = self.range.first.unwrap_or(last);
        match first.days_until(last) {
            ..0 => Err(Problem::field(
                "end_date",
                format!("must not be before start_date, {first}; empty means {last}"),
            )),
            days if days > MAX_DAYS => {
                let expected =
                    format!("must be at most {MAX_DAYS} days after start_date, {first}; empty means {last}");
                Err(Problem::field("end_date", expected))
            }
            _ => Ok(first..=last),
        }
    }
}

impl Fold for Fed {
    fn add(&mut self, conversation: &Conversation) {
        self.books.add(conversation);
    }
}

impl AgentFold for Fed {
    fn reach(&self) -> Option<(Stretch, Timestamp)> {
        Some((self.books.whole()?, self.as_of))
    }

    fn learn(&mut self, fact: &Fact) {
        self.books.learn(fact);
    }
}
