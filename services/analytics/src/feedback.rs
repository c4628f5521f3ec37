//! What buyers said of a shop, and what changed between two periods of it.
//!
//! One pass over the facts feeds everything: the tallies of both periods ([`Periods`]), and how content the buyers of each
//! day were, and who of them asked. A conversation is of the day it was opened on. Orders that were imported then say who went
//! on to order.
//!
//! Invariants: all of it is of one state of the store; what was not measured is told as no data.

use std::collections::BTreeMap;

use fenliu_domain::comparison::{Compared, Wish, seconds};
use fenliu_domain::conversion::Inquiries;
use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::exchange::Conversation;
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Report, RulePack, Tally};
use fenliu_domain::problem::Problem;
use fenliu_domain::proportion::Proportion;
use fenliu_domain::satisfaction::Scores;
use fenliu_domain::sketch::Sketch;
use fenliu_domain::time::Timestamp;

use crate::storage::{Fault, Fold, Folded, OrderFold, Store};

/// How content the buyers of some days were, by day.
#[derive(Debug)]
pub(crate) struct Satisfaction {
    zone: Zone,
    range: DayRange,
    pub(crate) days: BTreeMap<Day, Scores>,
}

/// Which periods of which shop are compared, by which pack, as of when.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) shop: ShopId,
    pub(crate) pack: RulePack,
    /// Both ends known; the second begins after the first ends.
    pub(crate) before: DayRange,
    pub(crate) after: DayRange,
    pub(crate) as_of: Timestamp,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    ReplyRate,
    FirstResponseMean,
    FirstResponseP50,
    FirstResponseP90,
    FirstResponseP99,
    Csat,
    Dissatisfaction,
    Conversion,
}

/// What changed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) question: Question,
    pub(crate) measures: Vec<(Measure, Compared)>,
    pub(crate) before: Report,
    pub(crate) after: Report,
    /// Whether any order of the shop was ever imported.
    pub(crate) orders_reported: bool,
    pub(crate) position: i64,
    pub(crate) zone: Zone,
}

struct Periods {
    before: Period,
    after: Period,
}

struct Period {
    tally: Tally,
    satisfaction: Satisfaction,
    inquiries: Inquiries,
}

impl Satisfaction {
    const fn new(zone: Zone, range: DayRange) -> Self {
        Self { zone, range, days: BTreeMap::new() }
    }

    /// How content the buyers of these days of a shop were.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn of(store: &Store, shop: ShopId, range: DayRange) -> Result<Folded<Self>, Problem> {
        let begin = move |zone| Ok((range, Self::new(zone, range)));
        store.fold(shop, begin).await.map_err(Fault::into_problem)
    }

    /// All days together.
    pub(crate) fn total(&self) -> Scores {
        let mut total = Scores::default();
        self.days.values().for_each(|day| total.merge(day));
        total
    }
}

impl Fold for Satisfaction {
    fn add(&mut self, conversation: &Conversation) {
        let session = &conversation.session;
        let Some(opened) = session.opened_at else { return };
        let day = self.zone.day_of(opened);
        if self.range.contains(day) {
            self.days.entry(day).or_default().add(session.stars);
        }
    }
}

impl Period {
    fn new(asked: &Question, zone: Zone, range: DayRange) -> Self {
        let tally = Tally::new(asked.pack.clone(), zone, asked.as_of, range).keeping_first_waits();
        let inquiries = Inquiries::new(zone, range, asked.as_of);
        Self { tally, satisfaction: Satisfaction::new(zone, range), inquiries }
    }

    fn add(&mut self, conversation: &Conversation) {
        self.tally.add(conversation);
        self.satisfaction.add(conversation);
        self.inquiries.add(conversation);
    }
}

impl Fold for Periods {
    fn add(&mut self, conversation: &Conversation) {
        self.before.add(conversation);
        self.after.add(conversation);
    }
}

impl OrderFold for Periods {
    fn orders_between(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.before.inquiries.orders_between().0, self.after.inquiries.orders_between().1)
    }

    fn order(&mut self, buyer: &str, placed: Timestamp) {
        self.before.inquiries.order(buyer, placed);
        self.after.inquiries.order(buyer, placed);
    }
}

impl Question {
    /// What changed.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn answer(self, store: &Store) -> Result<Outcome, Problem> {
        let asked = self.clone();
        let begin = move |zone: Zone| {
            let before = Period::new(&asked, zone, asked.before);
            let after = Period::new(&asked, zone, asked.after);
            Ok((DayRange { first: asked.before.first, last: asked.after.last }, Periods { before, after }))
        };
        let folded = store.fold_with_orders(self.shop, begin).await.map_err(Fault::into_problem)?;
        let (folded, orders_reported) = folded;
        let Folded { fold: Periods { before, after }, position, zone } = folded;
        let scores = (before.satisfaction.total(), after.satisfaction.total());
        let conversions = (before.inquiries.conversion(), after.inquiries.conversion());
        let (before, after) = (before.tally.finish(), after.tally.finish());
        let mut measures = measures((&before, &after), &scores);
        // Without any order that was ever reported, nobody is known not to have ordered.
        let conversion = match orders_reported {
            true => Compared::shares(conversions.0, conversions.1, Wish::Higher),
            false => Compared::NOTHING,
        };
        measures.push((Measure::Conversion, conversion));
        Ok(Outcome { question: self, measures, before, after, orders_reported, position, zone })
    }
}

fn measures((before, after): (&Report, &Report), scores: &(Scores, Scores)) -> Vec<(Measure, Compared)> {
    let rate = |report: &Report| Proportion::new(report.total.within_limit, report.total.counted);
    let waits =
        |report: &Report| report.every_first_wait.iter().map(|wait| seconds(*wait)).collect::<Vec<_>>();
    let sketches = [before, after].map(|report| Sketch::of(report.every_first_wait.iter().copied()));
    let quantile = |points| Compared::quantiles(&sketches[0], &sketches[1], points, Wish::Lower);
    let (content, discontent) = (Scores::content, Scores::discontent);
    vec![
        (Measure::ReplyRate, Compared::shares(rate(before), rate(after), Wish::Higher)),
        (Measure::FirstResponseMean, Compared::means(&waits(before), &waits(after), Wish::Lower)),
        (Measure::FirstResponseP50, quantile(5_000)),
        (Measure::FirstResponseP90, quantile(9_000)),
        (Measure::FirstResponseP99, quantile(9_900)),
        (Measure::Csat, Compared::shares(content(&scores.0), content(&scores.1), Wish::Higher)),
        (
            Measure::Dissatisfaction,
            Compared::shares(discontent(&scores.0), discontent(&scores.1), Wish::Lower),
        ),
    ]
}
