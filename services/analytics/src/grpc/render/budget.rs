//! What a target leaves of today, as GetErrorBudget tells it.

use fenliu_domain::budget::{Budget, Burn, Projection, State, Units};
use fenliu_domain::pack::WHOLE;
use fenliu_domain::time::Span;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::{to_span, to_timestamp};
use fenliu_proto::rule_pack::to_proto;

use crate::budget::{Outcome, Watched};

pub(in crate::grpc) fn error_budget(outcome: &Outcome) -> proto::GetErrorBudgetResponse {
    let question = &outcome.question;
    let project = |projection: &Projection| proto::Projection {
        usual_days: outcome.usual_days,
        ..projected(projection, question.target)
    };
    proto::GetErrorBudgetResponse {
        date: outcome.today.to_string(),
        today: Some(super::parts(&question.pack, &outcome.parts)),
        target_basis_points: question.target,
        budget: outcome.budget.as_ref().map(left),
        projection: outcome.projection.as_ref().map(project),
        fast: Some(alarm(&outcome.fast, question.target)),
        slow: Some(alarm(&outcome.slow, question.target)),
        rule_pack: Some(to_proto(&question.pack)),
        as_of_time: Some(to_timestamp(question.as_of)),
        position: outcome.position,
        time_zone: outcome.zone.name().to_owned(),
    }
}

const fn left(budget: &Budget) -> proto::ErrorBudget {
    proto::ErrorBudget {
        misses_allowed: budget.allowed,
        misses_left: budget.left,
        good_units_needed: budget.good_units_needed,
    }
}

fn projected(projection: &Projection, target: u32) -> proto::Projection {
    let prospect = match projection.reaches(target) {
        Some(true) => proto::Prospect::Reached,
        Some(false) => proto::Prospect::Missed,
        None => proto::Prospect::Open,
    };
    proto::Projection {
        units_to_come: projection.units_to_come,
        rate_basis_points: basis_points(projection.rate),
        low_basis_points: basis_points(projection.bounds.low),
        high_basis_points: basis_points(projection.bounds.high),
        prospect: prospect.into(),
        ..Default::default()
    }
}

/// A share between 0 and 1 in basis points, to the nearest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it lies between 0 and 10,000, which the bounds make sure of"
)]
fn basis_points(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * f64::from(WHOLE)).round() as u32
}

fn alarm(watched: &Watched, target: u32) -> proto::BurnAlarm {
    let state = match watched.state {
        State::NoData => proto::BurnState::NoData,
        State::Quiet => proto::BurnState::Quiet,
        State::Burning => proto::BurnState::Burning,
    };
    proto::BurnAlarm {
        short: Some(window(watched.alarm.short, watched.short, target)),
        long: Some(window(watched.alarm.long, watched.long, target)),
        at_permille: watched.alarm.at_permille,
        min_misses: watched.alarm.min_misses,
        state: state.into(),
    }
}

fn window(length: Span, units: Units, target: u32) -> proto::BurnWindow {
    proto::BurnWindow {
        window_duration: Some(to_span(length)),
        counted: units.counted(),
        missed: units.misses(),
        burn_permille: Burn::of(units, target).and_then(|burn| burn.permille),
    }
}
