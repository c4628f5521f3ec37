//! Where a shop stands, as GetStanding tells it.

use fenliu_domain::day::Day;
use fenliu_domain::pack::RulePack;
use fenliu_domain::standing::{Cause, DayRate, InForce, Kind, Line, Rules, Standing, Trigger, What, Why};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::rule_pack::to_proto;

use crate::compliance::{JudgedDay, ShopStanding, WhatIf};

pub(in crate::grpc) fn standing(answer: &ShopStanding) -> proto::GetStandingResponse {
    let ShopStanding { question, standing, .. } = answer;
    let day = |day: &JudgedDay| judged_day(&question.pack, &question.rules, day);
    proto::GetStandingResponse {
        today: Some(day(&answer.today)),
        days: answer.days.iter().map(day).collect(),
        in_force: in_force(standing),
        good_days: standing.good_days(),
        free_from_date: date(standing.free_from()),
        ledger: answer.ledger.iter().map(line).collect(),
        what_if: answer.what_if.as_ref().map(what_if),
        by_notice: by_notice(&question.rules),
        rule_pack: Some(to_proto(&question.pack)),
        as_of_time: Some(to_timestamp(question.as_of)),
        position: answer.position,
        time_zone: answer.zone.name().to_owned(),
    }
}

fn judged_day(pack: &RulePack, rules: &Rules, day: &JudgedDay) -> proto::StandingDay {
    proto::StandingDay {
        date: day.day.to_string(),
        parts: Some(super::parts(pack, &day.parts)),
        rate_basis_points: day.rate.map(DayRate::basis_points),
        counted: day.rate.map_or(0, DayRate::counted),
        outcome: outcome(rules, day.rate).into(),
    }
}

fn outcome(rules: &Rules, rate: Option<DayRate>) -> proto::DayOutcome {
    match rate.map(|rate| rate.reaches(rules.target_basis_points())) {
        Some(true) => proto::DayOutcome::Good,
        Some(false) => proto::DayOutcome::Bad,
        None => proto::DayOutcome::NoData,
    }
}

fn in_force(standing: &Standing) -> Vec<proto::ConsequenceInForce> {
    standing.in_force().map(|held| held_consequence(standing.rules(), &held)).collect()
}

fn held_consequence(rules: &Rules, held: &InForce) -> proto::ConsequenceInForce {
    let days = rules.consequences().get(held.place).map_or(0, |consequence| consequence.days);
    proto::ConsequenceInForce {
        consequence: kind(held.kind).into(),
        began_date: held.first.to_string(),
        latest_cause_date: held.latest_cause.day.to_string(),
        end_date: held.latest_cause.day.plus(days).to_string(),
        good_days: held.good_days,
        good_days_needed: held.good_days_needed,
        recovery_date: held.free_from.to_string(),
    }
}

fn line(line: &Line) -> proto::LedgerLine {
    let consequence = kind(line.kind).into();
    let (event, cause) = match line.what {
        What::Began(cause) => (proto::LedgerEvent::Began, cause),
        What::Prolonged(cause) => (proto::LedgerEvent::Prolonged, cause),
        What::FellDue(cause) => (proto::LedgerEvent::FellDue, cause),
        What::Ended { last } => {
            let event = proto::LedgerEvent::Ended.into();
            return proto::LedgerLine { date: last.to_string(), consequence, event, ..Default::default() };
        }
    };
    proto::LedgerLine { consequence, event: event.into(), ..caused(&cause) }
}

fn caused(cause: &Cause) -> proto::LedgerLine {
    let date = cause.day.to_string();
    match cause.why {
        Why::Below { basis_points, rate } => proto::LedgerLine {
            date,
            below_basis_points: basis_points,
            rate_basis_points: Some(rate.basis_points()),
            counted: rate.counted(),
            ..Default::default()
        },
        Why::Notice => proto::LedgerLine { date, ..Default::default() },
    }
}

fn what_if(supposed: &WhatIf) -> proto::WhatIf {
    let WhatIf { rate, standing, ledger } = supposed;
    proto::WhatIf {
        rate_basis_points: rate.basis_points(),
        counted: rate.counted(),
        outcome: outcome(standing.rules(), Some(*rate)).into(),
        ledger: ledger.iter().map(line).collect(),
        in_force: in_force(standing),
        free_from_date: date(standing.free_from()),
    }
}

fn by_notice(rules: &Rules) -> Vec<i32> {
    let by_notice = rules.consequences().iter().filter(|consequence| consequence.trigger == Trigger::Notice);
    by_notice.map(|consequence| kind(consequence.kind).into()).collect()
}

fn date(day: Option<Day>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

const fn kind(kind: Kind) -> proto::Consequence {
    match kind {
        Kind::Enforced => proto::Consequence::Enforced,
        Kind::Restricted => proto::Consequence::Restricted,
        Kind::ResourceSlot => proto::Consequence::ResourceSlot,
        Kind::BlackRoom => proto::Consequence::BlackRoom,
        Kind::Fine => proto::Consequence::FineDue,
    }
}
