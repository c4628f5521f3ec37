//! Scorecards: what days came to, added up, and the duty accounts knows of. Shifts of the caller's own are answered by one pass
//! over the facts of the shop's conversations and agents.
//!
//! Invariants: all of it is of one state of the store; without an answer of accounts the card says that the schedule is
//! not known; nobody can tell from an answer whether days were kept or read.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use fenliu_domain::agent_facts::Fact;
use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::pack::RulePack;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::roster::Stretch;
use fenliu_domain::scorecard::{self, Books, Report, Shift, Slots};
use fenliu_domain::time::{Span, Timestamp};

use crate::duty::Rosters;
use crate::packs::Packs;
use crate::storage::{AgentFold, Cards, CardsAsked, Fault, Fold, Folded, Store, Whose};

/// Most days from the first to the last.
const MAX_DAYS: i64 = 91;
/// How often a question is begun anew because the zone of the days has changed meanwhile.
const ATTEMPTS: usize = 3;

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
    /// The shop's card and those wanted.
    pub(crate) report: Report,
    /// Everybody who has a card.
    pub(crate) names: BTreeSet<String>,
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
    /// The cards of those wanted.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; INVALID_REQUEST when the days, with what was left out, make no range or too long a one.
    pub(crate) async fn answer(
        self,
        store: &Store,
        rosters: &Rosters,
        packs: &Packs,
        whose: &Whose,
    ) -> Result<Scorecards, Problem> {
        for _ in 0..ATTEMPTS {
            let zone = store.zone(self.shop).await.map_err(Fault::into_problem)?;
            let days = self.days(zone)?;
            let duty = self.duty(rosters, zone, &days).await;
            let schedule_known = duty.is_some();
            let shifts = [Vec::new(), Shift::usual()];
            let kept = shifts.contains(&self.shifts).then(|| self.places(packs)).flatten();
            let duty = duty.unwrap_or_default();
            let cards = match kept {
                Some(places) => self.added_up(store, packs, (zone, &days), places, (duty, whose)).await,
                None => self.read_through(store, zone, duty).await,
            };
            // Where the days became those of another zone meanwhile, others are meant.
            let Some(cards) = cards.map_err(Fault::into_problem)? else { continue };
            let Cards { report, names, position } = cards;
            return Ok(Scorecards { question: self, report, names, schedule_known, days, position, zone });
        }
        let advice = "the time zone of the shop changes again and again; repeat the request";
        Err(Problem::new(Reason::StoreUnavailable, advice))
    }

    /// Who is on duty in the days; `None` when accounts does not say.
    async fn duty(
        &self,
        rosters: &Rosters,
        zone: Zone,
        days: &RangeInclusive<Day>,
    ) -> Option<Vec<(AgentId, Stretch)>> {
        match Slots::new(zone, days, &[], self.as_of + Span::from_micros(1)).whole() {
            Some(whole) => rosters.duty(self.shop, whole).await,
            // Nothing has been scheduled of what has not begun.
            None => Some(Vec::new()),
        }
    }

    /// The places of the packs among those shipped.
    fn places(&self, packs: &Packs) -> Option<Vec<usize>> {
        self.packs.iter().map(|pack| packs.all().position(|shipped| shipped == pack)).collect()
    }

    async fn added_up(
        &self,
        store: &Store,
        packs: &Packs,
        (zone, days): (Zone, &RangeInclusive<Day>),
        wanted_packs: Vec<usize>,
        (duty, whose): (Vec<(AgentId, Stretch)>, &Whose),
    ) -> Result<Option<Cards>, Fault> {
        let asked = CardsAsked {
            shop: self.shop,
            zone,
            days: days.clone(),
            by_shift: !self.shifts.is_empty(),
            shipped: packs.all().cloned().collect(),
            wanted_packs,
            as_of: self.as_of,
            duty,
            whose: whose.clone(),
        };
        store.cards(asked).await
    }

    /// The cards of everybody; `None` when the zone is another by now.
    async fn read_through(
        &self,
        store: &Store,
        meant: Zone,
        duty: Vec<(AgentId, Stretch)>,
    ) -> Result<Option<Cards>, Fault> {
        let asked = self.clone();
        let begin = move |zone: Zone| {
            let days = asked.days(zone)?;
            let range = DayRange { first: Some(*days.start()), last: Some(*days.end()) };
            let Self { shifts, packs, as_of, .. } = asked;
            let books = Books::new(scorecard::Question { zone, days, shifts, packs, as_of });
            Ok((range, Fed { books, as_of }))
        };
        let folded = store.fold_with_agents(self.shop, begin).await?;
        let Folded { fold: Fed { mut books, .. }, position, zone } = folded;
        for (agent, stretch) in duty {
            books.schedule(agent, [stretch]);
        }
        let report = books.finish();
        let names = report.agents.keys().cloned().collect();
        Ok((zone == meant).then_some(Cards { report, names, position }))
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
