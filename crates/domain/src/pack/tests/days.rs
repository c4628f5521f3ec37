//! Days add up, and what time alone changes.

use proptest::prelude::*;

use super::agreement::any_pack;
use super::*;
use crate::pack::naive::stories;
use crate::pack::{DailyTallies, MAX_EXACT_WAITS, Waits};

/// Longer than any limit and any random history.
const FOREVER: Span = Span::from_hours(24 * 365);

/// Every day on which a random history can have something.
fn all_days() -> Vec<Day> {
    let friday = shanghai().day_of(Timestamp::from_micros_clamped(stories::FRIDAY));
    (0..20).map(|days| friday.minus(5).plus(days)).collect()
}

fn whole(pack: &RulePack, as_of: Timestamp, conversations: &[Conversation]) -> Report {
    let mut tally = Tally::new(pack.clone(), shanghai(), as_of, DayRange::default());
    conversations.iter().for_each(|conversation| tally.add(conversation));
    tally.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_reports_of_days_add_up(pack in any_pack(), (stories, as_of) in stories::any_stories()) {
        let conversations = stories::conversations(&stories);
        let as_of = Timestamp::from_micros_clamped(as_of);
        let mut daily = DailyTallies::new(&pack, shanghai(), as_of, all_days());
        conversations.iter().for_each(|conversation| daily.add(conversation));
        let mut sum = Report::default();
        for (day, report) in daily.finish() {
            prop_assert!(report.days.keys().all(|counted| *counted == day));
            let alone = DayRange::only(day);
            let mut tally = Tally::new(pack.clone(), shanghai(), as_of, alone);
            conversations.iter().for_each(|conversation| tally.add(conversation));
            let alone = tally.finish();
            prop_assert!(report.holds_from <= alone.holds_from);
            prop_assert_eq!(Report { holds_from: alone.holds_from, ..report.clone() }, alone);
            sum.add(&report);
        }
        prop_assert_eq!(sum, whole(&pack, as_of, &conversations));
    }

    #[test]
    fn from_a_moment_on_time_alone_changes_nothing(
        pack in any_pack(),
        (stories, as_of) in stories::any_stories(),
        later in prop::sample::select(vec![0, 1, 60_000_000, 9 * 86_400_000_000_i64]),
    ) {
        let conversations = stories::conversations(&stories);
        let end = whole(&pack, Timestamp::from_micros_clamped(stories::FRIDAY) + FOREVER, &conversations);
        prop_assert_eq!(end.total.pending, 0);
        let report = whole(&pack, end.holds_from + Span::from_micros(later), &conversations);
        prop_assert_eq!(&report, &end);
        let as_of = Timestamp::from_micros_clamped(as_of);
        let report = whole(&pack, as_of, &conversations);
        prop_assert!(report.holds_from > as_of || report == end);
    }
}

#[test]
fn waits_are_kept_one_by_one_until_they_are_many() {
    let waits = |count: usize| {
        let wait = |second: usize| Span::from_secs(i64::try_from(second).expect("few"));
        Waits::of((1..=count).map(wait).collect(), 1)
    };
    let few = waits(MAX_EXACT_WAITS);
    assert_eq!(few.summary().p50, Some(Span::from_secs(25_000)));
    let mut many = few.clone();
    many.add(&waits(1));
    assert_eq!(many.each(), None);
    let (few, many) = (few.summary(), many.summary());
    assert_eq!((many.answered, many.unanswered), (few.answered + 1, 2));
    let off =
        many.p99.zip(few.p99).map(|(many, few)| (many.micros() - few.micros()).abs() * 100 / few.micros());
    assert_eq!(off, Some(0), "less than one in a hundred: {many:?}");
}

#[test]
fn waits_add_up_to_the_same_in_any_order() {
    let wait = |second: i64| Span::from_secs(second);
    let parts = [
        Waits::of((0..30_000).map(wait).collect(), 3),
        Waits::of((0..30_000).map(wait).collect(), 0),
        Waits::of(vec![wait(7)], 1),
    ];
    let sum = |order: [usize; 3]| {
        let mut sum = Waits::default();
        order.into_iter().for_each(|part| sum.add(&parts[part]));
        sum
    };
    for order in [[0, 2, 1], [2, 1, 0], [1, 2, 0]] {
        assert_eq!(sum(order), sum([0, 1, 2]));
    }
}
