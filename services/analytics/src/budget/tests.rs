use fenliu_domain::day::{Day, Zone};
use fenliu_domain::demand::{Counts, DayProfile};
use fenliu_domain::time::Span;

use super::usual_day;

/// A Monday.
fn today() -> Day {
    Day::new(2026, 5, 4).expect("a day")
}

fn zone() -> Zone {
    Zone::parse("Asia/Shanghai").expect("a zone")
}

/// So many conversations at noon of each of the days so long ago.
fn usual(days_ago: &[(u32, u64)]) -> DayProfile {
    let mut counts = Counts::new(zone(), &(today().minus(28)..=today().minus(1))).expect("few days");
    for (age, count) in days_ago {
        assert!(counts.add(zone().start_of(today().minus(*age)) + Span::from_hours(12), *count));
    }
    usual_day(&counts, zone(), today()).expect("few days")
}

#[test]
fn without_a_conversation_there_is_no_usual_day() {
    assert_eq!(usual(&[]), DayProfile::default());
}

#[test]
fn the_usual_day_of_a_young_shop_is_the_mean_of_the_days_it_has_had() {
    let profile = usual(&[(5, 10), (2, 20)]);
    assert_eq!((profile.days, profile.total(), profile.mean(24)), (5, 30, Some(6.0)));
}

#[test]
fn where_there_are_enough_the_usual_day_is_of_the_same_weekday() {
    let profile = usual(&[(28, 40), (21, 40), (14, 40), (7, 40), (6, 1_000)]);
    assert_eq!((profile.days, profile.total()), (4, 160));
}

#[test]
fn a_weekday_with_few_conversations_borrows_from_the_others() {
    let profile = usual(&[(28, 1), (21, 1), (14, 1), (7, 1), (6, 24)]);
    assert_eq!((profile.days, profile.total()), (28, 28));
}
