//! Two packs side by side.

use fenliu_domain::exchange::Mark;
use fenliu_domain::pack::{Differing, JudgedUnit, Report, RulePack, Verdict, Why};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::common::v1::Actor as ProtoActor;
use fenliu_proto::convert::{to_span, to_timestamp};
use fenliu_proto::rule_pack::to_proto;

use crate::evaluation::Outcome;

pub(in crate::grpc) fn evaluation(
    outcome: Outcome,
    next_page_token: String,
) -> proto::EvaluateRulePackResponse {
    let Outcome { question, days: (first, last), evaluated, position, zone } = outcome;
    proto::EvaluateRulePackResponse {
        draft: Some(evaluated_pack(&question.packs.0, &evaluated.draft)),
        beside: Some(evaluated_pack(&question.packs.1, &evaluated.beside)),
        differences: evaluated.page.into_iter().map(difference).collect(),
        next_page_token,
        total_size: evaluated.differing,
        conversations_scanned: evaluated.scanned,
        start_date: first.to_string(),
        end_date: last.to_string(),
        as_of_time: Some(to_timestamp(question.as_of)),
        position,
        time_zone: zone.name().to_owned(),
    }
}

fn evaluated_pack(pack: &RulePack, report: &Report) -> proto::EvaluatedPack {
    proto::EvaluatedPack {
        rule_pack: Some(to_proto(pack)),
        total: Some(super::parts(pack, &report.total)),
        days: super::day_rates(pack, &report.days),
        separate_days: super::day_rates(pack, &report.separate_days),
    }
}

fn difference(differing: Differing) -> proto::UnitDifference {
    let Differing { key, draft, beside, why } = differing;
    proto::UnitDifference {
        date: key.day.to_string(),
        buyer_id: key.buyer,
        draft: draft.map(judged_unit),
        beside: beside.map(judged_unit),
        reason: reason(why).into(),
    }
}

const fn reason(why: Why) -> proto::DifferenceReason {
    match why {
        Why::OnlyOne => proto::DifferenceReason::OnlyOne,
        Why::LeftOut => proto::DifferenceReason::LeftOut,
        Why::Separate => proto::DifferenceReason::Separate,
        Why::Question => proto::DifferenceReason::Question,
        Why::Reply => proto::DifferenceReason::Reply,
        Why::Deadline => proto::DifferenceReason::Deadline,
        Why::Treatment => proto::DifferenceReason::Treatment,
    }
}

fn judged_unit(unit: JudgedUnit) -> proto::JudgedUnit {
    let reply_actor = unit.reply.as_ref().map_or(ProtoActor::Unspecified, |reply| super::actor(reply.actor));
    proto::JudgedUnit {
        outcome: outcome(unit.verdict).into(),
        separate: unit.separate,
        conversation: unit.conversation,
        message: unit.ask.message,
        asked_time: Some(to_timestamp(unit.ask.at)),
        deadline_time: Some(to_timestamp(unit.due)),
        reply_time: unit.reply.as_ref().map(|reply| to_timestamp(reply.at)),
        reply: unit.reply.map(|reply| reply.message).unwrap_or_default(),
        reply_actor: reply_actor.into(),
        waited_duration: Some(to_span(unit.waited)),
    }
}

const fn outcome(verdict: Verdict) -> proto::UnitOutcome {
    match verdict {
        Verdict::Met => proto::UnitOutcome::Met,
        Verdict::Pending => proto::UnitOutcome::Pending,
        Verdict::MissedLate => proto::UnitOutcome::MissedLate,
        Verdict::MissedUnanswered => proto::UnitOutcome::MissedUnanswered,
        Verdict::OutsideWindow => proto::UnitOutcome::OutsideWindow,
        Verdict::BeforeHandover => proto::UnitOutcome::BeforeHandover,
        Verdict::Unassigned => proto::UnitOutcome::Unassigned,
        Verdict::RobotOnly => proto::UnitOutcome::RobotOnly,
        Verdict::SelfServed => proto::UnitOutcome::SelfServed,
        Verdict::Marked(Mark::Blocked) => proto::UnitOutcome::Blocked,
        Verdict::Marked(Mark::Reported) => proto::UnitOutcome::Reported,
        Verdict::Marked(Mark::ShopInitiated) => proto::UnitOutcome::ShopInitiated,
        Verdict::Marked(Mark::HolidayMode) => proto::UnitOutcome::HolidayMode,
    }
}
