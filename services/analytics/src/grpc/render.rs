//! From the words of the domain to responses.

mod budget;
mod demand;
mod evaluation;
mod feedback;
mod packs;
mod scorecard;
mod standing;

use std::collections::BTreeMap;

use fenliu_domain::day::Day;
use fenliu_domain::exchange::Reply;
use fenliu_domain::message::Actor;
use fenliu_domain::pack::{AgentParts, Blame, Miss, Parts, ResponseTimes, RulePack};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::common::v1::Actor as ProtoActor;
use fenliu_proto::convert::{to_span, to_timestamp};
use fenliu_proto::rule_pack::to_proto;

pub(super) use self::budget::error_budget;
pub(super) use self::demand::{hourly_profile, peaks};
pub(super) use self::evaluation::evaluation;
pub(super) use self::feedback::{compared_periods, satisfaction};
pub(super) use self::packs::owned_pack;
pub(super) use self::scorecard::{scorecard, scorecards, scores};
pub(super) use self::standing::standing;

use super::parse::Question;
use crate::storage::{Listed, Tallied};

pub(super) fn reply_rate(question: &Question, tallied: Tallied) -> proto::GetReplyRateResponse {
    let Tallied { report, position, zone } = tallied;
    let pack = &question.pack;
    proto::GetReplyRateResponse {
        total: Some(parts(pack, &report.total)),
        days: day_rates(pack, &report.days),
        hours: report.hours.iter().map(|counts| parts(pack, counts)).collect(),
        agents: report.agents.iter().map(|(agent, counts)| agent_rate(pack, agent, counts)).collect(),
        separate_days: day_rates(pack, &report.separate_days),
        rule_pack: Some(to_proto(pack)),
        as_of_time: Some(to_timestamp(question.as_of)),
        position,
        time_zone: zone.name().to_owned(),
        response_times: Some(response_times(&report.response_times())),
        first_response_times: Some(response_times(&report.first_response_times())),
    }
}

fn day_rates(pack: &RulePack, days: &BTreeMap<Day, Parts>) -> Vec<proto::DayRate> {
    let rate = |(day, counts): (&Day, &Parts)| proto::DayRate {
        date: day.to_string(),
        parts: Some(parts(pack, counts)),
    };
    days.iter().map(rate).collect()
}

fn agent_rate(pack: &RulePack, agent: &str, counts: &AgentParts) -> proto::AgentRate {
    let wait_sum_duration = Some(to_span(counts.wait_sum));
    proto::AgentRate { agent: agent.to_owned(), parts: Some(parts(pack, &counts.parts)), wait_sum_duration }
}

fn parts(pack: &RulePack, counts: &Parts) -> proto::RateParts {
    proto::RateParts {
        counted: counts.counted,
        answered: counts.answered,
        within_limit: counts.within_limit,
        missed: counts.missed(),
        pending: counts.pending,
        excluded_robot_only: counts.excluded_robot_only,
        excluded_unassigned: counts.excluded_unassigned,
        excluded_outside_window: counts.excluded_outside_window,
        rate_basis_points: counts.rate_basis_points(),
        missed_late: counts.missed_late,
        missed_unanswered: counts.missed_unanswered,
        excluded_before_handover: counts.excluded_before_handover,
        excluded_self_served: counts.excluded_self_served,
        excluded_blocked: counts.excluded_blocked,
        excluded_reported: counts.excluded_reported,
        excluded_shop_initiated: counts.excluded_shop_initiated,
        excluded_holiday_mode: counts.excluded_holiday_mode,
        mean_wait_duration: pack.mean(counts).map(to_span),
    }
}

fn response_times(times: &ResponseTimes) -> proto::ResponseTimes {
    proto::ResponseTimes {
        answered: times.answered,
        unanswered: times.unanswered,
        mean_duration: times.mean.map(to_span),
        p50_duration: times.p50.map(to_span),
        p90_duration: times.p90.map(to_span),
        p99_duration: times.p99.map(to_span),
    }
}

pub(super) fn miss(miss: Miss) -> proto::Miss {
    let reply_actor = miss.reply.as_ref().map_or(ProtoActor::Unspecified, |reply| actor(reply.actor));
    proto::Miss {
        date: miss.day.to_string(),
        conversation: miss.conversation,
        buyer_id: miss.buyer,
        message: miss.ask.message,
        asked_time: Some(to_timestamp(miss.ask.at)),
        deadline_time: Some(to_timestamp(miss.due)),
        reply_time: miss.reply.as_ref().map(|reply| to_timestamp(reply.at)),
        reply: miss.reply.map(|reply| reply.message).unwrap_or_default(),
        reply_actor: reply_actor.into(),
        agent: miss.agent.unwrap_or_default(),
        waited_duration: Some(to_span(miss.waited)),
        blame: Some(blame(&miss.blame)),
    }
}

fn blame(blame: &Blame) -> proto::Blame {
    proto::Blame {
        queued_duration: Some(to_span(blame.queued)),
        with_agent_duration: Some(to_span(blame.with_agent)),
        with_robot_duration: Some(to_span(blame.with_robot)),
        nobody_on_duty_duration: Some(to_span(blame.nobody_on_duty)),
        after_transfer_duration: Some(to_span(blame.after_transfer)),
    }
}

pub(super) fn exchange(listed: Listed) -> proto::Exchange {
    let Listed { cursor, buyer, exchange } = listed;
    proto::Exchange {
        conversation: cursor.conversation,
        number: exchange.number,
        buyer_id: buyer,
        asked_time: Some(to_timestamp(exchange.asked_at())),
        asks: exchange.asked,
        agent: exchange.agent_asked().unwrap_or_default().to_owned(),
        replies: exchange.replies.into_iter().map(exchange_reply).collect(),
    }
}

fn exchange_reply(reply: Reply) -> proto::ExchangeReply {
    proto::ExchangeReply {
        actor: actor(reply.actor).into(),
        agent: reply.agent,
        reply_time: Some(to_timestamp(reply.at)),
        small_talk: reply.small_talk,
    }
}

const fn actor(actor: Actor) -> ProtoActor {
    match actor {
        Actor::Human => ProtoActor::Human,
        Actor::AssistRobot => ProtoActor::AssistRobot,
        Actor::FullRobot => ProtoActor::FullRobot,
        Actor::AutoReply => ProtoActor::AutoReply,
        Actor::FaqCard => ProtoActor::FaqCard,
    }
}
