//! The packs fenliu ships, for tests: what timelines made by hand and random histories are judged by here. The data
//! files beside the analytics service must say the same.

use super::{Confidence, Consequence, Draft, JudgeTime, Lookback, RulePack, Score, Target, Treatment, Unit};
use crate::exchange::Mark;
use crate::message::Actor;
use crate::problem::Problem;
use crate::time::Span;

const PEOPLE: [Actor; 2] = [Actor::Human, Actor::AssistRobot];
const ANYBODY: [Actor; 3] = [Actor::Human, Actor::AssistRobot, Actor::FullRobot];

/// Every pack, by its name.
///
/// # Errors
/// When one of them makes no sense.
pub fn all() -> Result<Vec<RulePack>, Problem> {
    let drafts = [
        douyin(),
        jd(),
        pinduoduo_human(),
        pinduoduo("pinduoduo-reply-rate", Span::from_hours(1), Lookback::Day),
        pinduoduo("pinduoduo-reply-rate-15min", Span::from_mins(15), Lookback::Day),
        pinduoduo("pinduoduo-reply-rate-5min", Span::from_mins(5), Lookback::Days3),
        taobao(),
        taobao_mean(),
        tiktok_faq(),
        tiktok_sea(),
        tiktok_us(),
    ];
    drafts.into_iter().map(Draft::check).collect()
}

fn of(name: &str, unit: Unit, limit: Span, actors: &[Actor], confidence: Confidence) -> Draft {
    Draft {
        rule_pack_id: name.to_owned(),
        version: 1,
        unit: Some(unit),
        limit,
        countable_actors: actors.to_vec(),
        confidence,
        ..Draft::default()
    }
}

fn from_to(start: &str, end: &str, draft: Draft) -> Draft {
    Draft { window_start: start.to_owned(), window_end: end.to_owned(), ..draft }
}

/// Buyers no message of whom waited longer than 3 minutes for a human.
#[must_use]
pub fn pinduoduo_human() -> Draft {
    let below = |below_basis_points, above_units, consequence| Target {
        below_basis_points,
        above_units,
        consequence,
    };
    let three_minutes = Span::from_mins(3);
    Draft {
        target_basis_points: 8_500,
        targets: vec![
            below(8_500, 0, Consequence::Restricted { days: 3, good_days: 3 }),
            below(8_500, 0, Consequence::ResourceSlot { days: 3 }),
            below(0, 0, Consequence::BlackRoom { days: 30 }),
            below(5_000, 100, Consequence::FineDue),
        ],
        ..from_to(
            "08:00",
            "23:00",
            of("pinduoduo-3min-human", Unit::BuyerDay, three_minutes, &[Actor::Human], Confidence::Single),
        )
    }
}

/// Buyers every message of whom was answered within the limit by a human or a robot.
#[must_use]
pub fn pinduoduo(name: &str, limit: Span, lookback: Lookback) -> Draft {
    let draft = of(name, Unit::BuyerDay, limit, &ANYBODY, Confidence::Several);
    Draft { lookback, ..from_to("08:00", "23:00", draft) }
}

/// Sessions whose mean wait was within 3 minutes, of what was said to people.
#[must_use]
pub fn douyin() -> Draft {
    let draft = of("douyin-3min", Unit::Session, Span::from_mins(3), &[Actor::Human], Confidence::Several);
    Draft {
        score: Some(Score::MeanWait),
        after_handover: true,
        unassigned: Treatment::Miss,
        ..from_to("08:00", "23:00", draft)
    }
}

/// Sessions with a valid first answer within 24 hours, weekends left out of the clock.
#[must_use]
pub fn tiktok_us() -> Draft {
    Draft {
        min_content: true,
        robot_only: Treatment::Exclude,
        target_basis_points: 9_000,
        targets: vec![Target {
            below_basis_points: 8_500,
            above_units: 0,
            consequence: Consequence::Enforced,
        }],
        weekend_pause: true,
        weekend_answer_by: "12:00".to_owned(),
        ..of("tiktok-us-24h", Unit::Session, Span::from_hours(24), &ANYBODY, Confidence::Official)
    }
}

/// The same, where a card that answers is an answer.
#[must_use]
pub fn tiktok_faq() -> Draft {
    Draft {
        rule_pack_id: "tiktok-24h-faq".to_owned(),
        confidence: Confidence::Single,
        self_service: Treatment::Answered,
        self_service_actors: vec![Actor::FaqCard],
        ..tiktok_us()
    }
}

/// Sessions answered within 12 hours on any day, over 30 days.
#[must_use]
pub fn tiktok_sea() -> Draft {
    Draft {
        self_service: Treatment::Exclude,
        self_service_actors: vec![Actor::AutoReply, Actor::FaqCard],
        exclusions: vec![Mark::Blocked, Mark::ShopInitiated, Mark::HolidayMode],
        lookback: Lookback::Days30,
        target_basis_points: 9_000,
        ..of("tiktok-sea-12h", Unit::Session, Span::from_hours(12), &ANYBODY, Confidence::Official)
    }
}

/// Turns answered within 3 minutes of the first question.
#[must_use]
pub fn taobao() -> Draft {
    let draft = of("taobao-3min", Unit::Turn, Span::from_mins(3), &PEOPLE, Confidence::Several);
    Draft {
        robot_only: Treatment::Exclude,
        lookback: Lookback::Days30,
        until_yesterday: true,
        ..from_to("08:00", "23:00", draft)
    }
}

/// The mean wait of turns, each at most 10 minutes.
#[must_use]
pub fn taobao_mean() -> Draft {
    let ten_minutes = Span::from_mins(10);
    let draft = of("taobao-mean-response", Unit::Turn, ten_minutes, &PEOPLE, Confidence::Single);
    Draft { score: Some(Score::MeanWait), cap: ten_minutes, robot_only: Treatment::Exclude, ..draft }
}

/// Sessions whose first answer came within 30 seconds; those that met nobody are a rate of their own.
#[must_use]
pub fn jd() -> Draft {
    let draft = of("jd-first-30s", Unit::Session, Span::from_secs(30), &PEOPLE, Confidence::Several);
    Draft {
        judge_time: JudgeTime::SessionStart,
        rejoin_within: Span::from_mins(10),
        robot_only: Treatment::Exclude,
        unassigned: Treatment::Separate,
        ..from_to("09:00", "23:00", draft)
    }
}
