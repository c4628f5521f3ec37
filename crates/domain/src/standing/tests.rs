use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{
    Consequence, DayRate, DayResult, InForce, Kind, Line, MAX_DAYS, Rules, Standing, Trigger, What, Why,
};
use crate::day::Day;

const TARGET: u32 = 8_500;

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(250);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// The day so many days after 31 December 2025.
fn day(n: u32) -> Day {
    Day::new(2025, 12, 31).expect("a date").plus(n)
}

/// A day of 120 buyers, so many percent of whom were answered in time.
fn percent(n: u32, percent: u32) -> DayResult {
    let rate = Some(DayRate::exactly(percent * 100, 120));
    DayResult { day: day(n), rate, notices: Vec::new() }
}

fn quiet(n: u32) -> DayResult {
    DayResult { day: day(n), rate: None, notices: Vec::new() }
}

fn notice(n: u32, kind: Kind) -> DayResult {
    DayResult { notices: vec![kind], ..percent(n, 100) }
}

/// The consequences of Pinduoduo, with the target that is ours.
fn pinduoduo() -> Rules {
    let below = |basis_points, more_than_units| Trigger::Below { basis_points, more_than_units };
    let consequence = |kind, trigger, days, good_days| Consequence { kind, trigger, days, good_days };
    let consequences = vec![
        consequence(Kind::Restricted, below(TARGET, 0), 3, 3),
        consequence(Kind::ResourceSlot, Trigger::Notice, 3, 0),
        consequence(Kind::BlackRoom, Trigger::Notice, 30, 0),
        consequence(Kind::Fine, below(5_000, 100), 0, 0),
    ];
    Rules::new(TARGET, consequences).expect("within bounds")
}

fn after(results: &[DayResult]) -> (Standing, Vec<Line>) {
    Standing::replay(pinduoduo(), results).expect("in order")
}

fn only(results: &[DayResult]) -> InForce {
    let (standing, _) = after(results);
    let held: Vec<_> = standing.in_force().collect();
    assert_eq!(held.len(), 1, "{held:?}");
    held[0]
}

/// The last days of what has ended.
fn ends(ledger: &[Line], kind: Kind) -> Vec<Day> {
    let of_kind = ledger.iter().filter(|line| line.kind == kind);
    of_kind.filter_map(|line| if let What::Ended { last } = line.what { Some(last) } else { None }).collect()
}

#[test]
fn a_day_below_target_means_three_days_out_and_three_good_days_back() {
    let held = only(&[percent(1, 84)]);
    assert_eq!((held.kind, held.first), (Kind::Restricted, day(2)));
    assert_eq!((held.good_days, held.good_days_needed, held.free_from), (0, 3, day(5)));
    let held = only(&[percent(1, 84), percent(2, 85), percent(3, 100)]);
    assert_eq!((held.good_days, held.good_days_needed, held.free_from), (2, 1, day(5)));
    let (standing, ledger) = after(&[percent(1, 84), percent(2, 85), percent(3, 100), percent(4, 90)]);
    assert_eq!(standing.free_from(), None);
    assert_eq!(ends(&ledger, Kind::Restricted), [day(4)]);
}

#[test]
fn a_bad_day_in_between_counts_all_three_anew() {
    let (standing, ledger) = after(&[percent(1, 84), percent(2, 90), percent(3, 90), percent(4, 10)]);
    let held: Vec<_> = standing.in_force().collect();
    assert_eq!((held[0].first, held[0].good_days_needed, held[0].free_from), (day(2), 3, day(8)));
    assert_eq!((held[0].cause.day, held[0].latest_cause.day), (day(1), day(4)));
    let kinds: Vec<_> = ledger.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, [Kind::Restricted, Kind::Restricted, Kind::Fine]);
    assert!(matches!(ledger[1].what, What::Prolonged(cause) if cause.day == day(4)));
}

#[test]
fn a_day_without_data_is_no_good_day_and_breaks_no_row_of_them() {
    let held = only(&[percent(1, 84), percent(2, 90), quiet(3), percent(4, 90)]);
    assert_eq!((held.good_days, held.good_days_needed, held.free_from), (2, 1, day(6)));
    let (_, ledger) = after(&[percent(1, 84), percent(2, 90), quiet(3), percent(4, 90), percent(5, 90)]);
    assert_eq!(ends(&ledger, Kind::Restricted), [day(5)]);
    // Nothing was counted: that is no rate of 0 %.
    assert_eq!(DayRate::new(0, 0, 0), None);
    let (standing, ledger) = after(&[quiet(1)]);
    assert_eq!((standing.in_force().count(), standing.good_days(), ledger), (0, 0, vec![]));
}

#[test]
fn days_left_out_are_days_without_data() {
    let left_out = after(&[percent(1, 84), notice(2, Kind::ResourceSlot), percent(9, 90)]);
    let mut told = vec![percent(1, 84), notice(2, Kind::ResourceSlot)];
    told.extend((3..9).map(quiet));
    told.push(percent(9, 90));
    assert_eq!(left_out, after(&told));
    assert_eq!(ends(&left_out.1, Kind::ResourceSlot), [day(5)]);
}

#[test]
fn a_shop_removed_from_a_resource_slot_is_back_after_three_days_whatever_they_are_like() {
    let removed = only(&[notice(1, Kind::ResourceSlot)]);
    assert_eq!((removed.first, removed.good_days_needed, removed.free_from), (day(2), 0, day(5)));
    let (_, ledger) = after(&[notice(1, Kind::ResourceSlot), percent(2, 10), quiet(3), quiet(4)]);
    assert_eq!(ends(&ledger, Kind::ResourceSlot), [day(4)]);
}

#[test]
fn the_black_room_lasts_thirty_days() {
    let held = only(&[notice(1, Kind::BlackRoom)]);
    assert_eq!((held.first, held.free_from), (day(2), day(32)));
    assert_eq!(held.cause.why, Why::Notice);
    // Another one while it lasts counts its days anew.
    assert_eq!(only(&[notice(1, Kind::BlackRoom), notice(31, Kind::BlackRoom)]).free_from, day(62));
    // The day after the last one it begins anew.
    let (_, ledger) = after(&[notice(1, Kind::BlackRoom), notice(32, Kind::BlackRoom)]);
    assert_eq!(ends(&ledger, Kind::BlackRoom), [day(31)]);
}

#[test]
fn a_fine_is_due_above_100_buyers_and_below_half_of_them() {
    let fined = |within_limit, counted: u64| {
        let rate = DayRate::new(within_limit, counted.into(), counted);
        after(&[DayResult { rate, ..quiet(1) }]).1.iter().any(|line| line.kind == Kind::Fine)
    };
    assert!(fined(50, 101));
    assert!(!fined(49, 100), "not more than 100");
    assert!(!fined(51, 102), "exactly half is not below it");
    let (standing, ledger) = after(&[percent(1, 40), percent(2, 40)]);
    assert_eq!(ledger.iter().filter(|line| line.kind == Kind::Fine).count(), 2, "each day for itself");
    assert_eq!(standing.in_force().count(), 1, "a fine does not last");
}

#[test]
fn exactly_the_target_is_a_good_day_and_one_unit_less_is_not() {
    let good = |within_limit| DayRate::new(within_limit, 20, 20).map(|rate| rate.reaches(TARGET));
    assert_eq!((good(17), good(16)), (Some(true), Some(false)));
    let exactly = |basis_points| DayRate::exactly(basis_points, 20).reaches(TARGET);
    assert!(exactly(TARGET) && !exactly(TARGET - 1));
    assert_eq!(DayRate::new(2, 3, 3).map(DayRate::basis_points), Some(6_666));
}

#[test]
fn each_consequence_has_good_days_by_its_own_mark() {
    let below = |basis_points| Trigger::Below { basis_points, more_than_units: 0 };
    let of = |trigger| Consequence { kind: Kind::Restricted, trigger, days: 1, good_days: 1 };
    let rules = Rules::new(9_000, vec![of(below(9_000)), of(below(8_000)), of(Trigger::Notice)]);
    let both = DayResult { notices: vec![Kind::Restricted], ..percent(1, 70) };
    let (standing, _) = Standing::replay(rules.expect("sound"), &[both, percent(2, 85)]).expect("in order");
    let places: Vec<_> = standing.in_force().map(|held| held.place).collect();
    assert_eq!(places, [0, 2], "85 % is good for the second only");
    assert_eq!(standing.good_days(), 0);
}

#[test]
fn what_today_would_bring_changes_nothing() {
    let (standing, _) = after(&[percent(1, 84), percent(2, 90), percent(3, 90)]);
    let before = standing.clone();
    let supposed = |basis_points| DayResult { rate: Some(DayRate::exactly(basis_points, 212)), ..quiet(4) };
    let (free, lines) = standing.what_if(&supposed(8_500)).expect("the next day");
    assert_eq!((free.free_from(), lines.len()), (None, 1));
    let (held, _) = standing.what_if(&supposed(8_499)).expect("the next day");
    assert_eq!(held.free_from(), Some(day(8)));
    assert_eq!(standing, before);
}

#[test]
fn a_day_that_came_before_is_refused_and_changes_nothing() {
    let (mut standing, _) = after(&[percent(5, 84)]);
    let before = standing.clone();
    for n in [4, 5] {
        let error = standing.apply(&percent(n, 90)).expect_err("not the next");
        assert_eq!((error.day, error.last), (day(n), day(5)));
    }
    assert_eq!(standing, before);
}

#[test]
fn rules_that_make_no_sense_are_refused_field_by_field() {
    let mark = Trigger::Below { basis_points: 10_001, more_than_units: 0 };
    let long = Consequence { kind: Kind::Fine, trigger: mark, days: MAX_DAYS + 1, good_days: MAX_DAYS + 1 };
    let problem = Rules::new(10_001, vec![long; 17]).expect_err("out of bounds");
    let fields: Vec<_> = problem.violations.iter().take(5).map(|v| v.field.as_str()).collect();
    let first = ["days", "good_days", "basis_points"].map(|name| format!("consequences[0].{name}"));
    assert_eq!(fields[..2], ["target_basis_points", "consequences"]);
    assert_eq!(fields[2..], first);
}

/// Rules of short consequences, so that much happens in few days.
fn rules() -> impl Strategy<Value = Rules> {
    let trigger = prop_oneof![
        Just(Trigger::Below { basis_points: TARGET, more_than_units: 0 }),
        Just(Trigger::Notice),
        Just(Trigger::Below { basis_points: 5_000, more_than_units: 10 }),
    ];
    // Two consequences may be of one kind.
    let kind = prop::sample::select(Kind::ALL[..3].to_vec());
    let consequence = (kind, trigger, 0..5_u32, 0..4_u32)
        .prop_map(|(kind, trigger, days, good_days)| Consequence { kind, trigger, days, good_days });
    vec(consequence, 1..=4).prop_map(|consequences| Rules::new(TARGET, consequences).expect("within bounds"))
}

fn result() -> impl Strategy<Value = (u32, Option<DayRate>, Vec<Kind>)> {
    let counts = (0..=20_u64, 0..=20_u64);
    let rate = prop_oneof![
        1 => Just(None),
        2 => Just(DayRate::new(20, 20, 20)),
        2 => counts.prop_map(|(a, b)| DayRate::new(a.min(b).into(), a.max(b).into(), a.max(b))),
        1 => (0..=10_000_u32, 0..20_u64).prop_map(|(points, counted)| Some(DayRate::exactly(points, counted))),
    ];
    let notices =
        prop_oneof![4 => Just(Vec::new()), 1 => vec(prop::sample::select(Kind::ALL.to_vec()), 1..3)];
    let gap = prop_oneof![6 => Just(1_u32), 1 => 2..9_u32];
    (gap, rate, notices)
}

fn results() -> impl Strategy<Value = Vec<DayResult>> {
    vec(result(), 0..40).prop_map(|drawn| {
        let mut n = 0;
        let dated = drawn.into_iter().map(|(gap, rate, notices)| {
            n += gap;
            DayResult { day: day(n), rate, notices }
        });
        dated.collect()
    })
}

/// The days on which a consequence is in force, up to the day after the last result: worked out anew for every day from
/// the raw results, with no state but the causes since it began.
fn naive(rules: &Rules, consequence: &Consequence, results: &[DayResult]) -> Vec<Day> {
    let Some(last) = results.last() else { return Vec::new() };
    let (first, mark) = (results[0].day, rules.mark(consequence));
    let on = |day: Day| results.iter().find(|result| result.day == day);
    let caused =
        |day: Day| on(day).is_some_and(|result| consequence.cause(result.rate, &result.notices).is_some());
    let is_over = |latest: Day, today: Day| {
        let since = (1..=u32::try_from(latest.days_until(today)).expect("later")).map(|n| latest.plus(n));
        let verdicts = since.filter_map(|day| Some(on(day)?.rate?.reaches(mark))).collect::<Vec<_>>();
        let row = verdicts.iter().rev().take_while(|good| **good).count();
        latest.plus(consequence.days) <= today && row >= consequence.good_days as usize
    };
    let mut latest = None;
    let mut held = Vec::new();
    for n in 0..=u32::try_from(first.days_until(last.day)).expect("later") {
        let today = first.plus(n);
        if caused(today) {
            latest = Some(today);
        }
        if latest.is_some_and(|latest| is_over(latest, today)) {
            latest = None;
        }
        if latest.is_some() {
            held.push(today.plus(1));
        }
    }
    held
}

/// The days on which the ledger says it is in force.
fn by_ledger(ledger: &[Line], place: usize, until: Day) -> Vec<Day> {
    let mut held = Vec::new();
    let mut since: Option<Day> = None;
    for line in ledger.iter().filter(|line| line.place == place) {
        match line.what {
            What::Began(cause) => {
                assert_eq!(since, None, "begins while it is in force");
                since = Some(cause.day.plus(1));
                assert!(held.last().is_none_or(|last| *last <= cause.day), "overlaps with the one before");
            }
            What::Prolonged(_) => assert_ne!(since, None, "prolongs what is not in force"),
            What::FellDue(_) => assert_eq!(since, None, "falls due while it is in force"),
            What::Ended { last } => {
                let first = since.take().expect("ends what is in force");
                let days = u32::try_from(first.days_until(last)).expect("at least one day");
                held.extend((0..=days).map(|n| first.plus(n)));
            }
        }
    }
    if let Some(first) = since {
        held.extend((0..=u32::try_from(first.days_until(until)).expect("later")).map(|n| first.plus(n)));
    }
    held
}

/// The first day without a consequence over every course of the next days, each good, bad or without data.
fn earliest_by_brute_force(standing: &Standing, place: usize, ahead: u32) -> Option<Day> {
    if !standing.in_force().any(|held| held.place == place) {
        return standing.last_day().map(|last| last.plus(1));
    }
    let next = standing.last_day()?.plus(1);
    if ahead == 0 {
        return None;
    }
    let (good, bad) = (DayRate::new(20, 20, 20), DayRate::new(0, 20, 20));
    let courses = [good, bad, None].into_iter().filter_map(|rate| {
        let result = DayResult { day: next, rate, notices: Vec::new() };
        let (after, _) = standing.what_if(&result).expect("the next day");
        earliest_by_brute_force(&after, place, ahead - 1)
    });
    courses.min()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_ledger_and_the_standing_say_what_the_rules_say_day_by_day(rules in rules(), results in results()) {
        let (standing, ledger) = Standing::replay(rules.clone(), &results).expect("in order");
        let Some(last) = results.last() else { return Ok(()) };
        for (place, consequence) in rules.consequences().iter().enumerate() {
            let naive = naive(&rules, consequence, &results);
            prop_assert_eq!(&by_ledger(&ledger, place, last.day.plus(1)), &naive);
            let now = standing.in_force().any(|held| held.place == place);
            prop_assert_eq!(now, naive.last() == Some(&last.day.plus(1)));
        }
    }

    #[test]
    fn replaying_day_by_day_is_the_same_as_replaying_at_once_and_from_any_cut(
        rules in rules(), results in results(), cut: prop::sample::Index,
    ) {
        let whole = Standing::replay(rules.clone(), &results).expect("in order");
        prop_assert_eq!(&Standing::replay(rules.clone(), &results).expect("in order"), &whole);
        let (head, tail) = results.split_at(cut.index(results.len() + 1));
        let (mut standing, mut ledger) = Standing::replay(rules, head).expect("in order");
        for result in tail {
            ledger.extend(standing.apply(result).expect("in order"));
        }
        prop_assert_eq!((standing, ledger), whole);
    }

    #[test]
    fn a_day_without_data_told_or_left_out_is_the_same(rules in rules(), results in results()) {
        let spoke = |result: &&DayResult| result.rate.is_some() || !result.notices.is_empty();
        let Some(last) = results.last() else { return Ok(()) };
        let said: Vec<_> = results.iter().filter(spoke).cloned().collect();
        let end = [quiet(0)].map(|result| DayResult { day: last.day.plus(1), ..result });
        let (told, ledger) = Standing::replay(rules.clone(), results.iter().chain(&end)).expect("in order");
        let (left_out, same) = Standing::replay(rules, said.iter().chain(&end)).expect("in order");
        prop_assert_eq!((told, ledger), (left_out, same));
    }

    #[test]
    fn the_earliest_recovery_is_the_earliest_that_any_course_of_days_brings(
        rules in rules(), results in results(),
    ) {
        let (standing, _) = Standing::replay(rules, &results).expect("in order");
        for held in standing.in_force() {
            prop_assert_eq!(earliest_by_brute_force(&standing, held.place, 6), Some(held.free_from));
        }
    }
}
