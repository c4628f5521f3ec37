use proptest::prelude::*;

use super::*;
use crate::exchange::{Happening, What};
use crate::time::Span;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn shanghai() -> Zone {
    Zone::parse("Asia/Shanghai").expect("a zone")
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

/// So many seconds after 1 May 2026 begins in Shanghai.
fn at(seconds: i64) -> Timestamp {
    shanghai().start_of(day("2026-05-01")) + Span::from_secs(seconds)
}

/// A conversation in which a buyer asks at these moments and is answered at once.
fn conversation(buyer: &str, asked: &[Timestamp]) -> Conversation {
    let opened = What::Opened { buyer: buyer.to_owned(), group: String::new(), vip: false };
    let answer = || What::Replied {
        message: "r".into(),
        actor: crate::message::Actor::Human,
        agent: "li".into(),
        small_talk: false,
    };
    let opening = asked.first().map(|at| Happening { at: *at, what: opened });
    let talk = asked.iter().flat_map(|at| {
        [What::Asked { message: "q".into() }, answer()].map(|what| Happening { at: *at, what })
    });
    Conversation::fold(String::new(), opening.into_iter().chain(talk))
}

/// What the first days of May came to, seen long after.
fn share(conversations: &[Conversation], orders: &[(&str, Timestamp)]) -> Option<(u64, u64)> {
    let range = DayRange { first: Some(day("2026-05-01")), last: Some(day("2026-05-03")) };
    let mut inquiries = Inquiries::new(shanghai(), range, at(30 * DAY));
    conversations.iter().for_each(|conversation| inquiries.add(conversation));
    orders.iter().for_each(|(buyer, placed)| inquiries.order(buyer, *placed));
    inquiries.conversion().map(|share| (share.successes(), share.trials()))
}

#[test]
fn a_buyer_counts_once_a_day_however_often_they_ask() {
    let morning = conversation("a", &[at(9 * HOUR), at(10 * HOUR)]);
    let evening = conversation("a", &[at(20 * HOUR), at(DAY + HOUR)]);
    assert_eq!(share(&[morning, evening], &[]), Some((0, 2)));
}

#[test]
fn an_order_counts_after_the_first_question_and_until_the_next_day_ends() {
    let asked = [conversation("a", &[at(9 * HOUR), at(10 * HOUR)])];
    for (placed, converted) in [
        (at(9 * HOUR) - Span::from_micros(1), 0),
        (at(9 * HOUR), 0),
        (at(9 * HOUR) + Span::from_micros(1), 1),
        (at(2 * DAY) - Span::from_micros(1), 1),
        (at(2 * DAY), 0),
    ] {
        assert_eq!(share(&asked, &[("a", placed)]), Some((converted, 1)), "{placed}");
        assert_eq!(share(&asked, &[("b", placed)]), Some((0, 1)), "another buyer's, {placed}");
    }
}

#[test]
fn one_order_converts_the_day_it_was_placed_on_and_the_day_before() {
    let asked = [conversation("a", &[at(HOUR), at(DAY + HOUR), at(2 * DAY + HOUR)])];
    assert_eq!(share(&asked, &[("a", at(DAY + 2 * HOUR))]), Some((2, 3)));
    assert_eq!(share(&asked, &[("a", at(DAY))]), Some((1, 3)));
}

#[test]
fn who_asked_outside_of_the_days_or_was_not_named_does_not_count() {
    let outside = [conversation("a", &[at(-1)]), conversation("b", &[at(3 * DAY)])];
    assert_eq!(share(&outside, &[("a", at(1)), ("b", at(3 * DAY + 1))]), None);
    assert_eq!(share(&[conversation("", &[at(HOUR)])], &[("", at(2 * HOUR))]), None);
    assert_eq!(share(&[conversation("a", &[])], &[]), None);
}

#[test]
fn a_day_counts_once_the_next_one_is_over() {
    let asked = conversation("a", &[at(HOUR)]);
    for (as_of, counted) in [(at(2 * DAY) - Span::from_micros(1), None), (at(2 * DAY), Some((1, 1)))] {
        let mut inquiries = Inquiries::new(shanghai(), DayRange { first: None, last: None }, as_of);
        inquiries.add(&asked);
        inquiries.order("a", at(2 * HOUR));
        let share = inquiries.conversion().map(|share| (share.successes(), share.trials()));
        assert_eq!(share, counted);
    }
}

/// Zones with days of 23, 24 and 25 hours among these, and one whose calendar skips 30 December 2011.
const ZONES: [(&str, &str); 4] = [
    ("Asia/Shanghai", "2026-05-01"),
    ("America/New_York", "2026-03-06"),
    ("America/New_York", "2026-10-30"),
    ("Pacific/Apia", "2011-12-27"),
];

/// Word for word: of the buyers on days who asked, those with an order after the first question of the day and before the end
/// of the next local day.
fn word_for_word(
    zone: Zone,
    range: DayRange,
    asked: &[(String, Timestamp)],
    orders: &[(String, Timestamp)],
) -> (u64, u64) {
    let (mut converted, mut counted) = (0, 0);
    let buyers: std::collections::BTreeSet<_> = asked.iter().map(|(buyer, _)| buyer).collect();
    let mut day = range.first.expect("a first day");
    while day <= range.last.expect("a last day") {
        for buyer in &buyers {
            let of_day = asked.iter().filter(|(who, at)| who == *buyer && zone.day_of(*at) == day);
            let Some(first) = of_day.map(|(_, at)| *at).min() else { continue };
            counted += 1;
            let ends = zone.start_of(day.plus(1).plus(1));
            let in_time = |(who, at): &&(String, Timestamp)| who == *buyer && *at > first && *at < ends;
            converted += u64::from(orders.iter().any(|order| in_time(&order)));
        }
        day = day.plus(1);
    }
    (converted, counted)
}

fn moments(count: usize) -> impl Strategy<Value = Vec<(u8, i64)>> {
    prop::collection::vec((0_u8..4, 0..8 * 24 * 4_i64), 0..count)
}

proptest! {
    #[test]
    fn it_is_what_its_definition_says_word_for_word(
        zone in prop::sample::select(ZONES.to_vec()),
        asked in moments(30),
        ordered in moments(12),
    ) {
        let (zone, start) = (Zone::parse(zone.0).expect("a zone"), day(zone.1));
        let range = DayRange { first: Some(start.plus(1)), last: Some(start.plus(5)) };
        // Quarters of an hour, so that questions and orders fall on the same moment, and on midnight.
        let named = |(buyer, quarter): &(u8, i64)| {
            (format!("b{buyer}"), zone.start_of(start) + Span::from_secs(900 * quarter))
        };
        let asked: Vec<_> = asked.iter().map(named).collect();
        let ordered: Vec<_> = ordered.iter().map(named).collect();
        let of = |asked: &[(String, Timestamp)], ordered: &[(String, Timestamp)]| {
            let mut inquiries = Inquiries::new(zone, range, zone.start_of(start.plus(40)));
            asked.iter().for_each(|(buyer, at)| inquiries.add(&conversation(buyer, &[*at])));
            ordered.iter().for_each(|(buyer, at)| inquiries.order(buyer, *at));
            inquiries.conversion().map_or((0, 0), |share| (share.successes(), share.trials()))
        };
        let expected = word_for_word(zone, range, &asked, &ordered);
        prop_assert_eq!(of(&asked, &ordered), expected);
        // In another order, and twice.
        let again = |all: &[(String, Timestamp)]| -> Vec<_> { all.iter().rev().chain(all).cloned().collect() };
        prop_assert_eq!(of(&again(&asked), &again(&ordered)), expected);
        // What lies outside of the moments that matter changes nothing.
        let (from, until) = Inquiries::new(zone, range, at(0)).orders_between();
        let inside = |(_, at): &&(String, Timestamp)| Some(*at) >= from && Some(*at) < until;
        let inside: Vec<_> = ordered.iter().filter(inside).cloned().collect();
        prop_assert_eq!(of(&asked, &inside), expected);
        // Fewer orders convert no more.
        let fewer = &ordered[ordered.len().div_ceil(2)..];
        prop_assert!(of(&asked, fewer).0 <= expected.0);
    }
}
