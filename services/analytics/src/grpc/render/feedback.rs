//! Ratings, and two periods side by side.

use fenliu_domain::comparison::{Change, Compared, Estimate, Verdict};
use fenliu_domain::pack::WHOLE;
use fenliu_domain::proportion::{Proportion, Z_95};
use fenliu_domain::satisfaction::Scores;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::rule_pack::to_proto;

use crate::feedback::{Measure, Outcome, Satisfaction};
use crate::storage::Folded;

pub(in crate::grpc) fn satisfaction(folded: &Folded<Satisfaction>) -> proto::GetSatisfactionResponse {
    let Folded { fold, position, zone } = folded;
    let days = fold.days.iter().map(|(day, said)| proto::DaySatisfaction {
        date: day.to_string(),
        satisfaction: Some(scores(said)),
    });
    proto::GetSatisfactionResponse {
        total: Some(scores(&fold.total())),
        days: days.collect(),
        position: *position,
        time_zone: zone.name().to_owned(),
    }
}

fn scores(scores: &Scores) -> proto::Satisfaction {
    proto::Satisfaction {
        conversations: scores.conversations,
        ratings: scores.ratings(),
        by_stars: scores.by_stars.to_vec(),
        csat: scores.content().map(share),
        dissatisfaction: scores.discontent().map(share),
    }
}

fn share(share: Proportion) -> proto::RatedShare {
    let bounds = share.interval(Z_95);
    proto::RatedShare {
        basis_points: points(share.share()),
        low_basis_points: points(bounds.low),
        high_basis_points: points(bounds.high),
    }
}

/// A share in basis points, to the nearest.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is between 0 and 1")]
fn points(share: f64) -> u32 {
    (share * f64::from(WHOLE)).round() as u32
}

pub(in crate::grpc) fn compared_periods(outcome: &Outcome) -> proto::ComparePeriodsResponse {
    let Outcome { question, before, after, .. } = outcome;
    proto::ComparePeriodsResponse {
        measures: outcome.measures.iter().map(|(measure, compared)| line(*measure, compared)).collect(),
        before: Some(super::parts(&question.pack, &before.total)),
        after: Some(super::parts(&question.pack, &after.total)),
        before_unanswered: before.first_response_times().unanswered,
        after_unanswered: after.first_response_times().unanswered,
        rule_pack: Some(to_proto(&question.pack)),
        as_of_time: Some(to_timestamp(question.as_of)),
        position: outcome.position,
        time_zone: outcome.zone.name().to_owned(),
        orders_reported: outcome.orders_reported,
    }
}

fn line(measure: Measure, compared: &Compared) -> proto::ComparedMeasure {
    let named = match measure {
        Measure::ReplyRate => proto::PeriodMeasure::ReplyRate,
        Measure::FirstResponseMean => proto::PeriodMeasure::FirstResponseMean,
        Measure::FirstResponseP50 => proto::PeriodMeasure::FirstResponseP50,
        Measure::FirstResponseP90 => proto::PeriodMeasure::FirstResponseP90,
        Measure::FirstResponseP99 => proto::PeriodMeasure::FirstResponseP99,
        Measure::Csat => proto::PeriodMeasure::Csat,
        Measure::Dissatisfaction => proto::PeriodMeasure::Dissatisfaction,
        Measure::Conversion => proto::PeriodMeasure::Conversion,
    };
    let verdict = match compared.verdict {
        Verdict::Better => proto::PeriodVerdict::Better,
        Verdict::Worse => proto::PeriodVerdict::Worse,
        Verdict::NoDifference => proto::PeriodVerdict::NoDifference,
        Verdict::NoData => proto::PeriodVerdict::NoData,
    };
    proto::ComparedMeasure {
        measure: named.into(),
        before: compared.before.map(estimate),
        after: compared.after.map(estimate),
        change: compared.change.map(change),
        verdict: verdict.into(),
    }
}

const fn estimate(estimate: Estimate) -> proto::PeriodEstimate {
    let Estimate { value, low, high, count } = estimate;
    proto::PeriodEstimate { value, low, high, count }
}

const fn change(change: Change) -> proto::PeriodChange {
    let Change { difference, low, high } = change;
    proto::PeriodChange { difference, low, high }
}
