//! Timelines by hand, at every edge; the comparison with a naive judge is in `agreement`.

use super::*;
use crate::day::{DayRange, Zone};
use crate::exchange::tests::{asked, human, opened, replied};
use crate::exchange::{Conversation, Happening, What};
use crate::time::Timestamp;

mod agreement;
mod days;
mod douyin;
mod drafts;
mod evaluations;
mod figures;
mod jd;
mod local_days;
mod messages;
mod pinduoduo;
mod robots;
mod taobao;
mod tiktok;
mod tiktok_sea;
mod versions;

fn shanghai() -> Zone {
    Zone::parse("Asia/Shanghai").expect("a zone")
}

/// Microseconds of a local time in Shanghai, such as `2026-05-01 10:10:15`.
fn local(text: &str) -> Timestamp {
    let moment =
        chrono::DateTime::parse_from_rfc3339(&format!("{}+08:00", text.replace(' ', "T"))).expect("a time");
    Timestamp::from_micros_clamped(moment.timestamp_micros())
}

/// A conversation of buyer `b`; each line is a time of 1 May 2026 (or a full local time) and what happened.
fn story(lines: &[(&str, What)]) -> Conversation {
    story_of("c", "b", lines)
}

fn story_of(key: &str, buyer: &str, lines: &[(&str, What)]) -> Conversation {
    let moment =
        |text: &str| local(&if text.len() > 15 { text.to_owned() } else { format!("2026-05-01 {text}") });
    let first = lines.first().map(|(text, _)| Happening { at: moment(text), what: opened(buyer) });
    let rest = lines.iter().map(|(text, what)| Happening { at: moment(text), what: what.clone() });
    Conversation::fold(key, first.into_iter().chain(rest))
}

/// A shipped pack.
fn pack(draft: Draft) -> RulePack {
    draft.check().expect("a valid pack")
}

fn robot() -> What {
    replied(Actor::FullRobot, "", false)
}

fn card() -> What {
    replied(Actor::FaqCard, "", false)
}

fn canned() -> What {
    replied(Actor::AutoReply, "", false)
}

fn closed() -> What {
    What::Closed { abandoned: false }
}

fn taobao() -> RulePack {
    let draft = Draft {
        rule_pack_id: "taobao".into(),
        unit: Some(Unit::Turn),
        limit: Span::from_secs(180),
        window_start: "08:00".into(),
        window_end: "23:00".into(),
        countable_actors: vec![Actor::AssistRobot, Actor::Human],
        robot_only: Treatment::Exclude,
        ..Draft::default()
    };
    draft.check().expect("a valid pack")
}

fn pinduoduo() -> RulePack {
    RulePack { unit: Unit::BuyerDay, countable: vec![Actor::Human], robot_only: Treatment::Judge, ..taobao() }
}

fn tiktok() -> RulePack {
    RulePack {
        unit: Unit::Session,
        limit: Span::from_hours(24),
        window: Window::ALL_DAY,
        min_content: true,
        weekend_answer_by: "12:00".parse().ok(),
        ..taobao()
    }
}

fn report_as_of(pack: RulePack, as_of: &str, conversations: &[Conversation]) -> Report {
    let mut tally = Tally::new(pack, shanghai(), local(as_of), DayRange::default()).keeping_misses();
    conversations.iter().for_each(|conversation| tally.add(conversation));
    tally.finish()
}

fn report(pack: RulePack, conversations: &[Conversation]) -> Report {
    report_as_of(pack, "2026-06-01 00:00:00", conversations)
}

/// Within the limit, and counted.
fn rate(pack: RulePack, conversations: &[Conversation]) -> (u64, u64) {
    let total = report(pack, conversations).total;
    (total.within_limit, total.counted)
}

#[test]
fn the_worked_cases_of_taobao() {
    let mut lines = vec![("10:10:15", asked("1")), ("10:15:20", asked("2")), ("10:18:10", human("lan"))];
    assert_eq!(rate(taobao(), &[story(&lines)]), (0, 1));
    lines.extend([("10:18:30", asked("3")), ("10:19:00", human("lan"))]);
    assert_eq!(rate(taobao(), &[story(&lines)]), (1, 2));
    let ten: Vec<_> =
        ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"].map(|m| ("11:00:00", asked(m))).into();
    assert_eq!(rate(taobao(), &[story(&ten)]), (0, 1));
}

#[test]
fn an_answer_after_exactly_the_limit_is_in_time() {
    for (answer, within) in [("10:03:00", 1), ("10:03:00.000001", 0), ("10:02:59.999999", 1)] {
        let lines = [("10:00:00", asked("1")), (answer, human("lan"))];
        for pack in [taobao(), pinduoduo()] {
            assert_eq!(rate(pack, &[story(&lines)]), (within, 1), "{answer}");
        }
    }
}

#[test]
fn a_turn_is_judged_by_when_it_was_asked() {
    for (ask, answer, expected) in [
        ("22:58:00", "23:00:30", (1, 1)),
        ("22:59:59.999999", "23:02:59", (1, 1)),
        ("23:00:00", "23:00:01", (0, 0)),
        ("07:59:00", "08:05:00", (0, 0)),
        ("07:59:59.999999", "08:05:00", (0, 0)),
        ("08:00:00", "08:03:00", (1, 1)),
    ] {
        let conversations = [story(&[(ask, asked("1")), (answer, human("lan"))])];
        for pack in [taobao(), pinduoduo()] {
            let total = report(pack, &conversations).total;
            assert_eq!((total.within_limit, total.counted), expected, "{ask}");
            assert_eq!(total.excluded_outside_window, 1 - expected.1, "{ask}");
        }
    }
}

#[test]
fn asked_again_inside_the_window_a_turn_is_judged_from_there() {
    let lines = [("07:59:00", asked("1")), ("08:00:30", asked("2")), ("08:03:30", human("lan"))];
    assert_eq!(rate(taobao(), &[story(&lines)]), (1, 1));
    let late = [("07:59:00", asked("1")), ("08:00:30", asked("2")), ("08:03:31", human("lan"))];
    let report = report(taobao(), &[story(&late)]);
    assert_eq!(report.misses[0].ask.message, "2");
    assert_eq!(report.misses[0].waited, Span::from_secs(181));
}

#[test]
fn exchanges_without_a_reply_that_counts_are_one_turn() {
    let robot = || replied(Actor::FullRobot, "", false);
    let lines = [
        ("10:00:00", asked("1")),
        ("10:00:01", robot()),
        ("10:02:00", asked("2")),
        ("10:03:01", human("lan")),
    ];
    assert_eq!(rate(pinduoduo(), &[story(&lines)]), (0, 1));
    let counting =
        RulePack { unit: Unit::Turn, countable: vec![Actor::Human, Actor::FullRobot], ..pinduoduo() };
    assert_eq!(rate(counting, &[story(&lines)]), (2, 2));
}

#[test]
fn a_buyer_answered_well_once_and_late_later_is_a_miss() {
    let good = story_of("c1", "b", &[("10:00:00", asked("1")), ("10:00:10", human("lan"))]);
    let late = story_of("c2", "b", &[("12:00:00", asked("2")), ("12:09:00", human("mei"))]);
    let other = story_of("c3", "other", &[("12:00:00", asked("3")), ("12:00:09", human("mei"))]);
    let report = report(pinduoduo(), &[late, good, other]);
    assert_eq!((report.total.within_limit, report.total.counted), (1, 2));
    assert_eq!(report.misses.len(), 1);
    assert_eq!(report.misses[0].ask.message, "2");
    assert_eq!(report.agents["mei"].parts.counted, 2);
}

#[test]
fn waits_are_summed_over_what_is_counted() {
    let conversations = [
        story_of("c1", "b", &[("10:00:00", asked("1")), ("10:00:10", human("lan"))]),
        story_of("c2", "b", &[("12:00:00", asked("2")), ("12:00:40", human("lan"))]),
        story_of("c3", "b", &[("13:00:00", asked("3")), ("13:00:20", human("mei"))]),
        story_of("c4", "other", &[("12:00:00", asked("4")), ("12:05:00", human("lan"))]),
    ];
    let of =
        |report: &Report, agent: &str| (report.agents[agent].parts.answered, report.agents[agent].wait_sum);
    let buyers = report(pinduoduo(), &conversations);
    assert_eq!(of(&buyers, "lan"), (2, Span::from_secs(340)), "each buyer by the turn that decides");
    assert!(!buyers.agents.contains_key("mei"));
    let turns = report(taobao(), &conversations);
    assert_eq!(of(&turns, "lan"), (3, Span::from_secs(350)));
    assert_eq!(of(&turns, "mei"), (1, Span::from_secs(20)));
}

#[test]
fn questions_over_midnight_are_a_buyer_day_each() {
    let all_day = RulePack { window: Window::ALL_DAY, ..pinduoduo() };
    let lines = [
        ("2026-05-01 23:59:59.999999", asked("1")),
        ("2026-05-02 00:00:00", asked("2")),
        ("2026-05-02 00:03:00", human("lan")),
    ];
    let report = report(all_day.clone(), &[story(&lines)]);
    let days: Vec<_> = report.days.values().map(|parts| (parts.within_limit, parts.counted)).collect();
    assert_eq!(days, [(0, 1), (1, 1)]);
    let as_turns = RulePack { unit: Unit::Turn, ..all_day };
    assert_eq!(rate(as_turns, &[story(&lines)]), (0, 1));
}

#[test]
fn the_same_buyer_in_another_unnamed_conversation_is_another() {
    let lines = [("10:00:00", asked("1")), ("10:00:10", human("lan"))];
    let conversations = [story_of("c1", "", &lines), story_of("c2", "", &lines)];
    assert_eq!(rate(pinduoduo(), &conversations), (2, 2));
}

#[test]
fn an_open_turn_is_pending_until_its_limit_has_passed() {
    let conversations = [story(&[("10:00:00", asked("1"))])];
    for (as_of, pending) in [("2026-05-01 10:03:00", 1), ("2026-05-01 10:03:00.000001", 0)] {
        for pack in [taobao(), pinduoduo()] {
            let total = report_as_of(pack, as_of, &conversations).total;
            assert_eq!((total.pending, total.missed_unanswered), (pending, 1 - pending), "{as_of}");
            assert_eq!(total.rate_basis_points(), (pending == 0).then_some(0));
        }
    }
}

#[test]
fn what_comes_after_as_of_is_not_seen() {
    let conversations =
        [story(&[("10:00:00", asked("1")), ("10:02:00", human("lan")), ("10:05:00", asked("2"))])];
    let before = report_as_of(taobao(), "2026-05-01 10:01:00", &conversations).total;
    assert_eq!((before.pending, before.counted), (1, 0));
    let between = report_as_of(taobao(), "2026-05-01 10:02:00", &conversations).total;
    assert_eq!((between.pending, between.counted, between.within_limit), (0, 1, 1));
}

#[test]
fn small_talk_is_no_answer_where_content_is_wanted() {
    let hello = replied(Actor::Human, "lan", true);
    let lines = [("10:00:00", asked("1")), ("10:00:05", hello), ("10:05:00", human("lan"))];
    assert_eq!(rate(taobao(), &[story(&lines)]), (1, 1));
    assert_eq!(rate(RulePack { min_content: true, ..taobao() }, &[story(&lines)]), (0, 1));
}

#[test]
fn what_nobody_was_given_is_treated_as_the_pack_says() {
    let never = [story(&[("10:00:00", asked("1")), ("10:00:02", What::Queued { nobody_on_duty: true })])];
    let unattributed = [story(&[("10:00:00", asked("1")), ("10:00:02", human(""))])];
    for unit in [Unit::BuyerDay, Unit::Session, Unit::Turn] {
        let pack = RulePack { unit, unassigned: Treatment::Exclude, ..taobao() };
        assert_eq!(report(pack.clone(), &never).total.excluded_unassigned, 1);
        assert_eq!(report(pack, &unattributed).total.within_limit, 1, "answered by somebody without a name");
    }
}

#[test]
fn a_session_is_judged_by_its_first_turn_and_counts_for_the_day_it_was_opened() {
    let pack = RulePack { unit: Unit::Session, window: Window::ALL_DAY, ..taobao() };
    let lines = [
        ("2026-05-01 23:59:00", What::WithRobot),
        ("2026-05-02 00:00:10", asked("1")),
        ("2026-05-02 00:00:20", human("lan")),
        ("2026-05-02 00:01:00", asked("2")),
    ];
    let report = report(pack, &[story(&lines)]);
    assert_eq!((report.total.within_limit, report.total.counted), (1, 1));
    assert_eq!(report.days.keys().map(ToString::to_string).collect::<Vec<_>>(), ["2026-05-01"]);
    assert_eq!(report.hours[23].counted, 1);
    assert_eq!((report.response_times().answered, report.response_times().unanswered), (1, 1));
    assert_eq!((report.first_response_times().answered, report.first_response_times().unanswered), (1, 0));
}

#[test]
fn weekends_leave_the_clock_until_monday_noon() {
    // 1 May 2026 is a Friday.
    for (asked_at, due) in [
        ("2026-05-01 20:00:00", "2026-05-04 20:00:00"),
        ("2026-04-30 23:59:59.999999", "2026-05-01 23:59:59.999999"),
        ("2026-05-01 00:00:00", "2026-05-02 00:00:00"),
        ("2026-05-01 00:00:00.000001", "2026-05-04 00:00:00.000001"),
        ("2026-05-02 00:00:00", "2026-05-04 12:00:00"),
        ("2026-05-03 23:59:59.999999", "2026-05-04 12:00:00"),
        ("2026-05-04 00:00:00", "2026-05-05 00:00:00"),
    ] {
        assert_eq!(tiktok().due(shanghai(), local(asked_at)), local(due), "{asked_at}");
    }
    let month = RulePack { limit: MAX_LIMIT, ..tiktok() };
    assert_eq!(month.due(shanghai(), local("2026-05-04 00:00:00")), local("2026-06-13 00:00:00"));
    for (answer, within) in [("2026-05-04 12:00:00", 1), ("2026-05-04 12:00:00.000001", 0)] {
        let lines = [("2026-05-02 10:00:00", asked("1")), (answer, human("lan"))];
        assert_eq!(rate(tiktok(), &[story(&lines)]), (within, 1), "{answer}");
    }
}

#[test]
fn a_weekend_that_loses_an_hour_loses_it_from_the_pause() {
    let new_york = Zone::parse("America/New_York").expect("a zone");
    let friday = Timestamp::from_micros_clamped(1_772_809_200_000_000); // 2026-03-06 10:00 in New York
    let due = tiktok().due(new_york, friday);
    assert_eq!(due.since(friday), Span::from_hours(24 + 47), "Monday 10:00, and Sunday had 23 hours");
}

#[test]
fn blame_says_where_the_time_went_and_adds_up() {
    let lines = [
        ("10:00:00", What::WithRobot),
        ("10:00:00", asked("1")),
        ("10:00:10", What::HandedToHuman),
        ("10:00:10", What::Queued { nobody_on_duty: true }),
        ("10:00:40", What::Queued { nobody_on_duty: false }),
        ("10:01:00", What::Assigned { agent: "lan".into() }),
        ("10:03:00", What::Assigned { agent: "mei".into() }),
        ("10:04:00", human("mei")),
    ];
    let report = report(pinduoduo(), &[story(&lines)]);
    let miss = &report.misses[0];
    let seconds = Span::from_secs;
    assert_eq!(miss.agent.as_deref(), Some("lan"), "the first agent's miss, whoever answers");
    assert_eq!(miss.due, local("2026-05-01 10:03:00"));
    assert_eq!(
        miss.blame,
        Blame {
            queued: seconds(20),
            with_agent: seconds(120),
            with_robot: seconds(10),
            nobody_on_duty: seconds(30),
            after_transfer: seconds(60),
        }
    );
    assert_eq!(report.agents["mei"].parts.missed_late, 1);
}

#[test]
fn a_wait_without_an_answer_ends_when_the_conversation_does() {
    let lines = [("10:00:00", asked("1")), ("10:07:00", What::Closed { abandoned: true })];
    assert_eq!(report(taobao(), &[story(&lines)]).misses[0].waited, Span::from_mins(7));
    let open = report_as_of(taobao(), "2026-05-01 11:00:00", &[story(&lines[..1])]);
    assert_eq!(open.misses[0].waited, Span::from_hours(1));
}

#[test]
fn without_units_there_is_no_rate() {
    let report = report(taobao(), &[]);
    assert_eq!(report.total.rate_basis_points(), None);
    assert_eq!(report.total.reaches(0), None);
    assert_eq!(report.response_times().mean, None);
    assert_eq!(report.response_times().p50, None);
}

#[test]
fn targets_are_compared_without_rounding() {
    let parts = |within_limit, counted| Parts { within_limit, counted, ..Parts::default() };
    assert_eq!(parts(2, 3).rate_basis_points(), Some(6_666));
    assert_eq!(parts(2, 3).reaches(6_667), Some(false));
    assert_eq!(parts(19, 20).reaches(9_500), Some(true));
    assert_eq!(parts(u64::MAX, u64::MAX).rate_basis_points(), Some(WHOLE));
}

#[test]
fn percentiles_are_the_nearest_rank() {
    let conversations: Vec<_> = (1..=10_u32)
        .map(|i| {
            let answer = format!("10:00:{i:02}");
            story_of(&i.to_string(), "b", &[("10:00:00", asked("1")), (answer.as_str(), human("lan"))])
        })
        .collect();
    let times = report(taobao(), &conversations).response_times();
    let seconds = |s| Some(Span::from_secs(s));
    assert_eq!((times.p50, times.p90, times.p99), (seconds(5), seconds(9), seconds(10)));
    assert_eq!(times.mean, Some(Span::from_millis(5_500)));
}
