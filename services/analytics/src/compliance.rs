//! Where a shop stands with a marketplace: the figures of its last days, and what the consequence machine makes of them.
//!
//! A [`Question`] asks for the days shown and for those their figures look back on; [`ShopStanding`]
//! feeds the days before today to [`Standing`]. Today is shown beside them, and only supposed ([`WhatIf`]) to have ended.
//!
//! Invariant: the same facts give the same standing and the same ledger; neither is kept.

use std::collections::BTreeMap;

use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Parts, RulePack};
use fenliu_domain::problem::Problem;
use fenliu_domain::standing::{DayRate, DayResult, Line, Rules, Standing};
use fenliu_domain::time::Timestamp;

use crate::storage::{Fault, Store, Tallied};

#[cfg(test)]
mod tests;

/// Local days before today that are judged.
const DAYS: u32 = 35;

/// Whose standing is asked for, by which pack, as of when.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) shop: ShopId,
    pub(crate) pack: RulePack,
    /// What the pack says follows from its rates.
    pub(crate) rules: Rules,
    /// What today is supposed to end at, in basis points.
    pub(crate) what_if: Option<u32>,
    pub(crate) as_of: Timestamp,
}

/// Where a shop stands.
#[derive(Debug)]
pub(crate) struct ShopStanding {
    pub(crate) question: Question,
    pub(crate) today: JudgedDay,
    /// The days before it, oldest first, from the first with data on.
    pub(crate) days: Vec<JudgedDay>,
    /// What holds today.
    pub(crate) standing: Standing,
    pub(crate) ledger: Vec<Line>,
    pub(crate) what_if: Option<WhatIf>,
    pub(crate) position: i64,
    pub(crate) zone: Zone,
}

/// One day, and the figure the pack shows for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JudgedDay {
    pub(crate) day: Day,
    pub(crate) parts: Parts,
    pub(crate) rate: Option<DayRate>,
}

/// What follows if today ends at some rate.
#[derive(Debug)]
pub(crate) struct WhatIf {
    pub(crate) rate: DayRate,
    /// What would hold tomorrow.
    pub(crate) standing: Standing,
    pub(crate) ledger: Vec<Line>,
}

impl Question {
    /// Where the shop stands.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn answer(self, store: &Store) -> Result<ShopStanding, Problem> {
        let (pack, as_of) = (self.pack.clone(), self.as_of);
        let range = move |zone: Zone| {
            let today = zone.day_of(as_of);
            DayRange { last: Some(today), ..pack.days_behind(today.minus(DAYS)) }
        };
        let tallied = store.report(self.shop, self.pack.clone(), as_of, range).await;
        let Tallied { report, position, zone } = tallied.map_err(Fault::into_problem)?;
        Ok(self.judged(&report.days, zone, position))
    }

    fn judged(self, counts: &BTreeMap<Day, Parts>, zone: Zone, position: i64) -> ShopStanding {
        let now = zone.day_of(self.as_of);
        let today = self.day(counts, now);
        let days: Vec<_> = self.known_days(counts, now).map(|day| self.day(counts, day)).collect();
        let mut standing = Standing::new(self.rules.clone());
        let mut ledger = Vec::new();
        for day in &days {
            // Each day comes once and after the one before, so none is out of order.
            ledger.extend(standing.apply(&day.result()).unwrap_or_default());
        }
        let what_if = self.what_if.and_then(|rate| WhatIf::of(&standing, &today, rate));
        ShopStanding { question: self, today, days, standing, ledger, what_if, position, zone }
    }

    /// The days before today that are judged: before the first with data there is nothing to judge.
    fn known_days(&self, counts: &BTreeMap<Day, Parts>, today: Day) -> impl Iterator<Item = Day> + use<> {
        let first = counts.keys().next().copied();
        (1..=DAYS).rev().map(move |age| today.minus(age)).filter(move |day| first.is_some_and(|f| f <= *day))
    }

    fn day(&self, counts: &BTreeMap<Day, Parts>, day: Day) -> JudgedDay {
        let parts = counts.get(&day).copied().unwrap_or_default();
        JudgedDay { day, parts, rate: DayRate::of_figure(&self.pack.figure(counts, day)) }
    }
}

impl JudgedDay {
    /// What the consequence machine is fed. Nobody tells fenliu what the marketplace imposed by notice.
    const fn result(&self) -> DayResult {
        DayResult { day: self.day, rate: self.rate, notices: Vec::new() }
    }
}

impl WhatIf {
    /// A rate is supposed to be of what was counted so far, and of one unit at least, as without any there is no rate.
    fn of(standing: &Standing, today: &JudgedDay, basis_points: u32) -> Option<Self> {
        let counted = today.rate.map_or(0, DayRate::counted).max(1);
        let rate = DayRate::exactly(basis_points, counted);
        let supposed = DayResult { rate: Some(rate), ..today.result() };
        // Today comes after every day that was taken in, so it is never out of order.
        let (standing, ledger) = standing.what_if(&supposed).ok()?;
        Some(Self { rate, standing, ledger })
    }
}
