//! From the words of the domain to responses.

use fenliu_domain::exchange::Reply;
use fenliu_domain::message::Actor;
use fenliu_domain::pack::{
    AgentParts, Blame, Confidence, Miss, Parts, ResponseTimes, RulePack, Treatment, Unit,
};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::common::v1::Actor as ProtoActor;
use fenliu_proto::convert::{to_span, to_timestamp};

use super::parse::Question;
use crate::storage::{Listed, Tallied};

pub(super) fn reply_rate(question: &Question, tallied: Tallied) -> proto::GetReplyRateResponse {
    let Tallied { report, position, zone } = tallied;
    proto::GetReplyRateResponse {
        total: Some(parts(&report.total)),
        days: report.days.iter().map(|(day, counts)| day_rate(day.to_string(), counts)).collect(),
        hours: report.hours.iter().map(parts).collect(),
        agents: report.agents.into_iter().map(agent_rate).collect(),
        rule_pack: Some(rule_pack(&question.pack)),
        as_of_time: Some(to_timestamp(question.as_of)),
        position,
        time_zone: zone.name().to_owned(),
        response_times: Some(response_times(&report.response_times)),
        first_response_times: Some(response_times(&report.first_response_times)),
    }
}

fn day_rate(date: String, counts: &Parts) -> proto::DayRate {
    proto::DayRate { date, parts: Some(parts(counts)) }
}

fn agent_rate((agent, counts): (String, AgentParts)) -> proto::AgentRate {
    let wait_sum_duration = Some(to_span(counts.wait_sum));
    proto::AgentRate { agent, parts: Some(parts(&counts.parts)), wait_sum_duration }
}

fn parts(counts: &Parts) -> proto::RateParts {
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

pub(super) fn rule_pack(pack: &RulePack) -> proto::RulePack {
    proto::RulePack {
        rule_pack_id: pack.id.clone(),
        version: pack.version,
        description: pack.description.clone(),
        unit: unit(pack.unit).into(),
        limit_duration: Some(to_span(pack.limit)),
        window_start: pack.window.start().to_string(),
        window_end: pack.window.end().to_string(),
        countable_actors: pack.countable.iter().map(|kind| actor(*kind).into()).collect(),
        min_content: pack.min_content,
        robot_only: treatment(pack.robot_only).into(),
        unassigned: treatment(pack.unassigned).into(),
        target_basis_points: pack.target_basis_points,
        source: pack.source.clone(),
        confidence: confidence(pack.confidence).into(),
        weekend_pause: pack.weekend_answer_by.is_some(),
        weekend_answer_by: pack.weekend_answer_by.map(|clock| clock.to_string()).unwrap_or_default(),
        valid_from: pack.valid_from.map(|day| day.to_string()).unwrap_or_default(),
    }
}

const fn unit(unit: Unit) -> proto::Unit {
    match unit {
        Unit::BuyerDay => proto::Unit::BuyerDay,
        Unit::Session => proto::Unit::Session,
        Unit::Turn => proto::Unit::Turn,
    }
}

const fn treatment(treatment: Treatment) -> proto::Treatment {
    match treatment {
        Treatment::Judge => proto::Treatment::Unspecified,
        Treatment::Exclude => proto::Treatment::Exclude,
        Treatment::Answered => proto::Treatment::Answered,
        Treatment::Miss => proto::Treatment::Miss,
    }
}

const fn confidence(confidence: Confidence) -> proto::Confidence {
    match confidence {
        Confidence::Unknown => proto::Confidence::Unspecified,
        Confidence::Official => proto::Confidence::Official,
        Confidence::Several => proto::Confidence::Several,
        Confidence::Single => proto::Confidence::Single,
    }
}
