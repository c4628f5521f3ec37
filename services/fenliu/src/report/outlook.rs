//! What a target leaves of a day, and what a marketplace makes of the days.

use std::collections::BTreeMap;

use fenliu_domain::budget::{Budget, Units};
use fenliu_proto::analytics::v1::{
    BurnState, Consequence, ConsequenceInForce, DayOutcome, GetErrorBudgetResponse, GetStandingResponse,
    StandingDay,
};
use serde::{Serialize, Serializer};

use super::sheet::Parts;
use crate::words::Words;

/// The error budget of one day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BudgetSheet {
    /// The local day.
    pub date: String,
    /// Misses that its units allow.
    pub allowed: u64,
    /// Misses there are.
    pub missed: u64,
    /// What is left; negative = so many too many.
    pub left: i64,
    /// Good units in a row that reach the target, 0 where it is; `null` where no number does.
    pub good_units_needed: Option<u64>,
    /// Where the day is heading; `null` without enough data.
    pub projection: Option<ProjectionLine>,
    /// Whether the budget burns, over minutes or hours.
    pub burning: bool,
}

/// Where a day is heading, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProjectionLine {
    /// The rate at its end.
    pub rate: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end of it.
    pub high: f64,
}

impl BudgetSheet {
    /// What analytics says; `None` without data on that day.
    #[must_use]
    pub fn of(answer: &GetErrorBudgetResponse) -> Option<Self> {
        let budget = answer.budget?;
        let parts = Parts::of(&answer.today.unwrap_or_default());
        let percent = |points: u32| f64::from(points) / 100.0;
        let projection = answer.projection.map(|projection| ProjectionLine {
            rate: percent(projection.rate_basis_points),
            low: percent(projection.low_basis_points),
            high: percent(projection.high_basis_points),
        });
        let mut alarms = [answer.fast.as_ref(), answer.slow.as_ref()].into_iter().flatten();
        Some(Self {
            date: answer.date.clone(),
            allowed: budget.misses_allowed,
            missed: parts.missed(),
            left: budget.misses_left,
            good_units_needed: budget.good_units_needed,
            projection,
            burning: alarms.any(|alarm| alarm.state() == BurnState::Burning),
        })
    }
}

/// What a target leaves of a day that was counted like this; `None` without data.
#[must_use]
pub fn left_of(parts: &Parts, target_basis_points: u32) -> Option<i64> {
    Budget::of(Units::new(parts.counted, parts.missed()), target_basis_points).map(|budget| budget.left)
}

/// Where a shop stands with a marketplace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StandingSheet {
    /// Good days in a row up to the day before.
    pub good_days: u32,
    /// What is in force.
    pub in_force: Vec<InForceLine>,
    /// The first day free of everything if every day is good; `null` when nothing is in force.
    pub free_from: Option<String>,
    /// What each of the last days was, by date; days without a rate are not among them.
    #[serde(skip)]
    pub good: BTreeMap<String, bool>,
}

/// A consequence that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InForceLine {
    /// What it is: `CONSEQUENCE_RESTRICTED` and so on.
    #[serde(serialize_with = "name_of")]
    pub consequence: Consequence,
    /// The first day it held.
    pub began: String,
    /// The last day it lasts at least.
    pub end: String,
    /// Good days still needed, in a row.
    pub good_days_needed: u32,
}

fn name_of<S: Serializer>(consequence: &Consequence, serializer: S) -> Result<S::Ok, S::Error> {
    consequence.as_str_name().serialize(serializer)
}

impl StandingSheet {
    /// What analytics says.
    #[must_use]
    pub fn of(answer: &GetStandingResponse) -> Self {
        let in_force = |line: &ConsequenceInForce| InForceLine {
            consequence: line.consequence(),
            began: line.began_date.clone(),
            end: line.end_date.clone(),
            good_days_needed: line.good_days_needed,
        };
        let good = |day: &StandingDay| match day.outcome() {
            DayOutcome::Good => Some((day.date.clone(), true)),
            DayOutcome::Bad => Some((day.date.clone(), false)),
            DayOutcome::NoData | DayOutcome::Unspecified => None,
        };
        Self {
            good_days: answer.good_days,
            in_force: answer.in_force.iter().map(in_force).collect(),
            free_from: Some(answer.free_from_date.clone()).filter(|day| !day.is_empty()),
            good: answer.days.iter().chain(&answer.today).filter_map(good).collect(),
        }
    }

    /// The standing, a line each.
    pub(crate) fn told(&self, words: &Words) -> Vec<String> {
        let mut lines: Vec<String> = self
            .in_force
            .iter()
            .map(|line| {
                let what = words.consequence(line.consequence);
                words.days_in_force(what, &line.end, line.good_days_needed)
            })
            .collect();
        if lines.is_empty() {
            lines.push(words.days.nothing_in_force.to_owned());
        }
        lines.push(crate::words::fill(words.days.good_days, &[("count", &self.good_days)]));
        if let Some(day) = &self.free_from {
            lines.push(crate::words::fill(words.days.free_from, &[("day", day)]));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use fenliu_proto::analytics::v1::{BurnAlarm, ErrorBudget, Projection, RateParts};

    use super::*;
    use crate::words::Lang;

    #[test]
    fn a_budget_is_told_with_its_projection_and_whether_it_burns() {
        let answer = GetErrorBudgetResponse {
            date: "2026-05-04".into(),
            today: Some(RateParts {
                counted: 40,
                missed: 5,
                missed_late: 3,
                missed_unanswered: 2,
                ..Default::default()
            }),
            budget: Some(ErrorBudget { misses_allowed: 4, misses_left: -1, good_units_needed: Some(10) }),
            projection: Some(Projection {
                rate_basis_points: 8_850,
                low_basis_points: 8_000,
                high_basis_points: 9_400,
                ..Default::default()
            }),
            slow: Some(BurnAlarm { state: BurnState::Burning.into(), ..Default::default() }),
            ..Default::default()
        };
        let sheet = BudgetSheet::of(&answer).expect("data");
        assert_eq!((sheet.missed, sheet.left, sheet.burning), (5, -1, true));
        assert_eq!(sheet.projection, Some(ProjectionLine { rate: 88.5, low: 80.0, high: 94.0 }));
        let quiet = GetErrorBudgetResponse { slow: None, ..answer.clone() };
        assert!(!BudgetSheet::of(&quiet).expect("data").burning);
        assert_eq!(BudgetSheet::of(&GetErrorBudgetResponse { budget: None, ..answer }), None);
    }

    #[test]
    fn what_is_left_of_a_past_day_follows_the_same_rule() {
        let parts = |counted, missed_late| Parts { counted, missed_late, ..Parts::default() };
        assert_eq!(left_of(&parts(40, 3), 9_000), Some(1));
        assert_eq!(left_of(&parts(40, 5), 9_000), Some(-1));
        assert_eq!(left_of(&parts(0, 0), 9_000), None);
    }

    #[test]
    fn the_standing_is_told_line_by_line() {
        let answer = GetStandingResponse {
            in_force: vec![ConsequenceInForce {
                consequence: Consequence::Restricted.into(),
                end_date: "2026-05-06".into(),
                good_days_needed: 2,
                ..Default::default()
            }],
            good_days: 1,
            free_from_date: "2026-05-07".into(),
            today: Some(StandingDay {
                date: "2026-05-04".into(),
                outcome: DayOutcome::Good.into(),
                ..Default::default()
            }),
            days: vec![
                StandingDay {
                    date: "2026-05-02".into(),
                    outcome: DayOutcome::NoData.into(),
                    ..Default::default()
                },
                StandingDay {
                    date: "2026-05-03".into(),
                    outcome: DayOutcome::Bad.into(),
                    ..Default::default()
                },
            ],
            ..Default::default()
        };
        let sheet = StandingSheet::of(&answer);
        assert_eq!(
            sheet.told(Lang::En.words()),
            [
                "restricted: no campaigns, until 2026-05-06 at least; 2 more good days in a row lift it",
                "good days in a row: 1",
                "free of everything on 2026-05-07 if every day from now on is good",
            ]
        );
        assert_eq!(sheet.good.values().copied().collect::<Vec<_>>(), [false, true]);
        assert_eq!(StandingSheet::of(&Default::default()).told(Lang::Zh.words())[0], "无处罚");
    }
}
