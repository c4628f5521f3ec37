//! A small report, for tests of its forms.

use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1::{
    Blame, Consequence, ConsequenceInForce, ErrorBudget, GetErrorBudgetResponse, GetStandingResponse, Miss,
    Projection, RateParts, RulePack, Unit,
};
use fenliu_proto::convert::{to_span, to_timestamp};

use super::outlook::{BudgetSheet, StandingSheet};
use super::sheet::{PackSheet, Parts};
use super::whole::{AgentLine, Cards, PackReport, Report, ResponseLine};
use crate::demand::sheet::tests::sheet as demand;
use crate::rates::Judged;
use crate::scorecards::sheet::Sheet as CardSheet;
use crate::scorecards::sheet::tests::cards;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros_clamped((1_767_268_800 + seconds) * 1_000_000)
}

fn miss(answered: bool) -> Miss {
    Miss {
        date: "2026-01-01".into(),
        conversation: "cnv_1".into(),
        buyer_id: "小明".into(),
        message: "msg_1".into(),
        asked_time: Some(to_timestamp(at(0))),
        deadline_time: Some(to_timestamp(at(180))),
        reply_time: answered.then(|| to_timestamp(at(250))),
        agent: if answered { "小红 <b>&".into() } else { String::new() },
        waited_duration: Some(to_span(Span::from_secs(250))),
        blame: Some(Blame {
            queued_duration: Some(to_span(Span::from_secs(50))),
            with_agent_duration: Some(to_span(Span::from_secs(200))),
            ..Blame::default()
        }),
        ..Miss::default()
    }
}

fn parts(counted: u64, within_limit: u64) -> RateParts {
    RateParts {
        counted,
        answered: counted,
        within_limit,
        missed: counted - within_limit,
        missed_late: counted - within_limit,
        excluded_outside_window: 2,
        ..RateParts::default()
    }
}

fn judged() -> Judged {
    let mut hours = vec![RateParts::default(); 24];
    hours[19] = parts(10, 10);
    hours[20] = parts(30, 20);
    Judged {
        rule_pack: Some(RulePack {
            version: 1,
            description: "Buyers who never waited longer than 3 minutes for a person.".into(),
            unit: Unit::BuyerDay.into(),
            target_basis_points: 8_500,
            ..RulePack::default()
        }),
        total: parts(40, 30),
        days: [("2025-12-31".to_owned(), parts(10, 10)), ("2026-01-01".to_owned(), parts(30, 20))].into(),
        hours,
        time_zone: "Asia/Shanghai".into(),
        ..Judged::default()
    }
}

fn agent(name: &str, counted: u64, within: u64, wait: Option<f64>) -> AgentLine {
    AgentLine {
        agent: name.into(),
        name: name.into(),
        parts: Parts::of(&parts(counted, within)),
        mean_wait_seconds: wait,
    }
}

fn standing() -> GetStandingResponse {
    GetStandingResponse {
        in_force: vec![ConsequenceInForce {
            consequence: Consequence::Restricted.into(),
            end_date: "2026-01-03".into(),
            good_days_needed: 3,
            ..Default::default()
        }],
        free_from_date: "2026-01-04".into(),
        ..Default::default()
    }
}

fn budget() -> GetErrorBudgetResponse {
    GetErrorBudgetResponse {
        date: "2026-01-01".into(),
        today: Some(parts(30, 20)),
        budget: Some(ErrorBudget { misses_allowed: 4, misses_left: -6, good_units_needed: Some(37) }),
        projection: Some(Projection {
            rate_basis_points: 7_012,
            low_basis_points: 6_500,
            high_basis_points: 7_777,
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Cards of the days of the report.
fn of_two_days(mut cards: CardSheet) -> CardSheet {
    cards.first_day = "2025-12-31".into();
    cards.last_day = "2026-01-01".into();
    cards
}

/// A shop whose name needs escaping, under a pack with everything and one without data.
pub(super) fn report() -> Report {
    let busy = PackReport {
        sheet: PackSheet::new("pinduoduo-3min-human", &judged(), &[miss(true), miss(false)]).expect("sound"),
        misses_total: 10,
        mean_wait_seconds: None,
        response_times: Some(ResponseLine { mean: 61.5, p50: 20.0, p90: 200.0, p99: 250.0 }),
        agents: vec![agent("小红 <b>&", 25, 20, Some(61.5)), agent("", 15, 10, None)],
        budget: BudgetSheet::of(&budget()),
        standing: Some(StandingSheet::of(&standing())),
    };
    let empty = PackReport {
        sheet: PackSheet::new("tiktok-us-24h", &Judged::default(), &[]).expect("sound"),
        misses_total: 0,
        mean_wait_seconds: None,
        response_times: None,
        agents: Vec::new(),
        budget: None,
        standing: None,
    };
    Report {
        shop_id: "shp_1".into(),
        display_name: "茶铺 <script>alert(1)</script> & Söhne".into(),
        time_zone: "Asia/Shanghai".into(),
        from: Some("2025-12-31".into()),
        to: Some("2026-01-01".into()),
        as_of: Some("2026-01-01 23:59:59".into()),
        day: Some("2026-01-01".into()),
        packs: vec![busy, empty],
        demand: demand(),
        scorecards: Cards::Told(Box::new(of_two_days(cards(&["pinduoduo-3min-human", "taobao-3min"])))),
    }
}
