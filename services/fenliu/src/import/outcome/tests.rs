use fenliu_proto::convert::to_span;

use super::*;
use crate::reading::MalformedRow;

fn parts(counted: u64, answered: u64, within_limit: u64) -> RateParts {
    RateParts {
        counted,
        answered,
        within_limit,
        missed_unanswered: counted - answered,
        missed_late: answered - within_limit,
        ..RateParts::default()
    }
}

fn outcome() -> Outcome {
    let mut hours = vec![RateParts::default(); 24];
    hours[9] = parts(60, 50, 45);
    hours[21] = parts(41, 41, 41);
    let agent = |parts, wait| Agent { parts, wait: Span::from_secs(wait) };
    let judged = Judged {
        rule_pack: Some(RulePack {
            unit: Unit::Session.into(),
            limit_duration: Some(to_span(Span::from_secs(180))),
            ..RulePack::default()
        }),
        total: parts(101, 91, 86),
        days: [("1999-02-01".to_owned(), parts(101, 91, 86))].into(),
        hours,
        agents: [
            (String::new(), agent(parts(21, 12, 12), 3)),
            ("DARMON".to_owned(), agent(parts(31, 30, 30), 13_662)),
            ("TOVA".to_owned(), agent(parts(49, 49, 44), 4_900)),
        ]
        .into(),
        response_times: None,
        time_zone: "Asia/Jerusalem".to_owned(),
        position: 0,
        as_of: None,
    };
    let reading = Reading {
        rows_read: 104,
        rows_malformed: 1,
        rows_not_offered: 2,
        malformed: vec![MalformedRow {
            file: "march1999.txt".into(),
            line: 17,
            why: "has 16 columns, expected 17".into(),
        }],
        ..Reading::default()
    };
    let waits = Waits {
        turns: [10, 20].map(Span::from_secs).into(),
        first: [Span::from_secs(10)].into(),
        unanswered: 1,
    };
    Outcome::new(
        Format::AnonymousBank,
        Sent { reading, imported: 505, ..Sent::default() },
        &[Judgement { name: "calls-180s".into(), judged }],
        Some(&waits),
        [("DARMON".to_owned(), Span::from_secs(1_087))].into(),
    )
}

#[test]
fn people_read_tables() {
    insta::assert_snapshot!(outcome().to_string());
}

#[test]
fn programs_read_exact_counts() {
    insta::assert_json_snapshot!(outcome());
}

#[test]
fn the_waits_of_those_who_gave_up_on_somebody_are_summed_by_agent() {
    let miss = |agent: &str, seconds: i64, answered: bool| Miss {
        agent: agent.to_owned(),
        reply_time: answered.then(prost_types::Timestamp::default),
        waited_duration: Some(to_span(Span::from_secs(seconds))),
        ..Miss::default()
    };
    let misses = [miss("A", 5, false), miss("A", 7, false), miss("A", 100, true), miss("", 9, false)];
    assert_eq!(given_up(&misses).expect("sound"), [("A".to_owned(), Span::from_secs(12))].into());
}
