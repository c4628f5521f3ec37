use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Activity, CapacityChange, Figures, PresenceChange, Record, Stretches, half_hours};
use crate::day::{Day, Zone};
use crate::desk::agent::Presence;
use crate::roster::Stretch;
use crate::time::{Span, Timestamp};

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::default() + Span::from_mins(minutes)
}

fn stretch(start: i64, end: i64) -> Stretch {
    Stretch { start: at(start), end: at(end) }
}

fn presence(changes: &[(i64, Presence)]) -> Vec<PresenceChange> {
    changes
        .iter()
        .map(|(minutes, presence)| PresenceChange { at: at(*minutes), presence: *presence })
        .collect()
}

fn capacity(changes: &[(i64, Option<u32>)]) -> Vec<CapacityChange> {
    changes
        .iter()
        .map(|(minutes, capacity)| CapacityChange { at: at(*minutes), capacity: *capacity })
        .collect()
}

/// Somebody online for 100 minutes, but for a break in the middle.
fn record() -> Record {
    Record {
        presence: presence(&[
            (0, Presence::Online),
            (40, Presence::OnBreak),
            (60, Presence::Online),
            (100, Presence::Offline),
        ]),
        capacity: capacity(&[(0, Some(4))]),
        until: at(200),
        ..Record::default()
    }
}

fn whole(record: Record) -> Figures {
    Activity::of(record).figures(stretch(0, 200))
}

#[test]
fn conversations_that_overlap_occupy_once_and_count_each_towards_concurrency() {
    let figures =
        whole(Record { holds: vec![stretch(10, 30), stretch(20, 50), stretch(70, 80)], ..record() });
    assert_eq!((figures.online, figures.on_break), (Span::from_mins(80), Span::from_mins(20)));
    // 10 to 40, as the break ends what the second does to occupancy, and 70 to 80.
    assert_eq!(figures.occupied, Span::from_mins(40));
    assert_eq!(figures.occupancy_basis_points(), Some(5_000));
    // 20 + 20 + 10 minutes of conversations, of 80 × 4.
    assert_eq!(figures.concurrency_basis_points(), Some(1_562));
    assert_eq!(figures.mean_open_permille(), Some(625));
}

#[test]
fn a_stretch_ends_before_its_end_so_that_one_conversation_after_the_other_is_never_two() {
    let figures = whole(Record { holds: vec![stretch(20, 30), stretch(10, 20), stretch(5, 5)], ..record() });
    assert_eq!((figures.occupied, figures.mean_open_permille()), (Span::from_mins(20), Some(250)));
}

#[test]
fn an_unlimited_capacity_has_no_use() {
    let unlimited = Record { capacity: capacity(&[(0, None)]), holds: vec![stretch(0, 40)], ..record() };
    assert_eq!(whole(unlimited.clone()).concurrency_basis_points(), None);
    let limited_later = Record { capacity: capacity(&[(20, Some(1)), (0, None)]), ..unlimited };
    assert_eq!(whole(limited_later).concurrency_basis_points(), Some(3_333), "20 of 60 minutes");
}

#[test]
fn of_two_changes_at_one_moment_the_later_listed_holds() {
    let changes =
        [(0, Presence::Online), (0, Presence::Busy), (10, Presence::Online), (10, Presence::Offline)];
    let figures = whole(Record { presence: presence(&changes), ..record() });
    assert_eq!((figures.online, figures.busy), (Span::ZERO, Span::from_mins(10)));
}

#[test]
fn whoever_has_not_changed_since_is_what_they_were_up_to_what_is_known() {
    let figures = whole(Record { presence: presence(&[(50, Presence::Online)]), until: at(70), ..record() });
    assert_eq!(figures.online, Span::from_mins(20));
}

#[test]
fn online_rate_and_adherence_are_against_the_roster() {
    // On duty from 10 to 110 with a break planned from 50 to 70.
    let record = Record { duty: vec![stretch(10, 110)], breaks: vec![stretch(50, 70)], ..record() };
    let figures = whole(record);
    assert_eq!((figures.scheduled, figures.scheduled_work), (Span::from_mins(100), Span::from_mins(80)));
    // 10 to 40 and 70 to 100 of them; on break ten minutes early, gone ten minutes early, back ten minutes early.
    assert_eq!(figures.online_at_work, Span::from_mins(60));
    assert_eq!(figures.online_rate_basis_points(), Some(7_500));
    assert_eq!((figures.absent, figures.worked_breaks), (Span::from_mins(20), Span::from_mins(10)));
    assert_eq!(figures.adherence_basis_points(), Some(7_000));
}

#[test]
fn busy_keeps_adherence_but_is_no_online_time() {
    let busy = presence(&[(0, Presence::Busy), (100, Presence::Offline)]);
    let figures = whole(Record { presence: busy, duty: vec![stretch(0, 100)], ..record() });
    assert_eq!(
        (figures.online_rate_basis_points(), figures.adherence_basis_points()),
        (Some(0), Some(10_000))
    );
}

#[test]
fn duty_that_has_not_come_yet_is_no_exception() {
    let online = presence(&[(0, Presence::Online)]);
    let figures = whole(Record { presence: online, duty: vec![stretch(0, 100)], until: at(60), ..record() });
    assert_eq!((figures.scheduled, figures.adherence_basis_points()), (Span::from_mins(60), Some(10_000)));
}

#[test]
fn without_a_denominator_there_is_no_share() {
    let nothing = whole(Record::default());
    assert_eq!(nothing, Figures::default());
    let shares = [
        nothing.occupancy_basis_points(),
        nothing.concurrency_basis_points(),
        nothing.online_rate_basis_points(),
        nothing.adherence_basis_points(),
    ];
    assert_eq!((shares, nothing.mean_open_permille()), ([None; 4], None));
}

#[test]
fn a_day_has_48_half_hours_or_46_or_50_where_clocks_change() {
    let day = |text: &str| text.parse::<Day>().expect("a date");
    for (zone, date, cells) in [
        ("Asia/Shanghai", "2026-03-29", 48),
        ("Asia/Kathmandu", "2026-03-29", 48),
        ("Europe/Berlin", "2026-03-29", 46),
        ("Europe/Berlin", "2026-10-25", 50),
        ("Australia/Lord_Howe", "2026-04-05", 49),
        ("Australia/Lord_Howe", "2026-10-04", 47),
        ("Pacific/Apia", "2011-12-30", 0),
    ] {
        let (zone, date) = (Zone::parse(zone).expect("a zone"), day(date));
        let found = half_hours(zone, date);
        assert_eq!(found.len(), cells, "{} {date}", zone.name());
        assert!(found.iter().all(|cell| cell.stretch.length() == Span::from_mins(30)));
    }
    let twice = half_hours(Zone::parse("Europe/Berlin").expect("a zone"), day("2026-10-25"));
    let numbers: Vec<_> = twice.iter().map(|cell| cell.half_hour).collect();
    assert_eq!(numbers[3..9], [3, 4, 5, 4, 5, 6]);
}

fn any_presence() -> impl Strategy<Value = Presence> {
    prop::sample::select(Presence::ALL.to_vec())
}

fn stretches(most: usize) -> impl Strategy<Value = Vec<Stretch>> {
    vec((0..120_i64, 0..40_i64), 0..most)
        .prop_map(|drawn| drawn.into_iter().map(|(start, length)| stretch(start, start + length)).collect())
}

fn records() -> impl Strategy<Value = Record> {
    let presences = vec((0..120_i64, any_presence()), 0..10).prop_map(|changes| presence(&changes));
    let capacities =
        vec((0..120_i64, prop::option::of(0..5_u32)), 0..4).prop_map(|changes| capacity(&changes));
    (presences, capacities, stretches(8), stretches(4), stretches(4), 0..140_i64).prop_map(
        |(presence, capacity, holds, duty, breaks, until)| Record {
            presence,
            capacity,
            holds,
            duty,
            breaks,
            until: at(until),
        },
    )
}

/// The same figures, minute by minute: all that is drawn lies on whole minutes.
fn naive(record: &Record, range: Stretch) -> Figures {
    let mut figures = Figures::default();
    let minute = Span::from_mins(1);
    let mut now = range.start;
    while now < range.end.min(record.until) {
        let inside =
            |stretches: &[Stretch]| stretches.iter().filter(|s| s.start <= now && now < s.end).count();
        let last = |at: &dyn Fn(usize) -> Timestamp, count: usize| {
            (0..count).filter(|place| at(*place) <= now).max_by_key(|place| (at(*place), *place))
        };
        let presence = last(&|place| record.presence[place].at, record.presence.len())
            .map_or(Presence::Offline, |place| record.presence[place].presence);
        let capacity = last(&|place| record.capacity[place].at, record.capacity.len())
            .and_then(|place| record.capacity[place].capacity);
        let (open, duty) = (inside(&record.holds) as u128, inside(&record.duty) > 0);
        let (resting, there) =
            (inside(&record.breaks) > 0, matches!(presence, Presence::Online | Presence::Busy));
        let add = |span: &mut Span, holds: bool| *span = if holds { *span + minute } else { *span };
        let online = presence == Presence::Online;
        add(&mut figures.online, online);
        add(&mut figures.busy, presence == Presence::Busy);
        add(&mut figures.on_break, presence == Presence::OnBreak);
        add(&mut figures.occupied, online && open > 0);
        add(&mut figures.scheduled, duty);
        add(&mut figures.scheduled_work, duty && !resting);
        add(&mut figures.online_at_work, duty && !resting && online);
        add(&mut figures.absent, duty && !resting && !there);
        add(&mut figures.worked_breaks, duty && resting && there);
        if online {
            figures.open += open * 60_000_000;
            figures.open_of_room += capacity.map_or(0, |_| open * 60_000_000);
            figures.room += capacity.map_or(0, |capacity| u128::from(capacity) * 60_000_000);
        }
        now = now + minute;
    }
    figures
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn figures_are_those_of_a_count_minute_by_minute(
        record in records(), start in 0..150_i64, length in 1..150_i64,
    ) {
        let range = stretch(start, start + length);
        let naive = naive(&record, range);
        prop_assert_eq!(Activity::of(record).figures(range), naive);
    }

    #[test]
    fn figures_of_parts_add_up_to_those_of_the_whole(
        record in records(), cuts in vec(0..200_i64, 0..8),
    ) {
        let activity = Activity::of(record);
        let mut bounds = [cuts, vec![0, 200]].concat();
        bounds.sort_unstable();
        bounds.dedup();
        let mut sum = Figures::default();
        for part in bounds.windows(2) {
            sum.add(&activity.figures(stretch(part[0], part[1])));
        }
        prop_assert_eq!(sum, activity.figures(stretch(0, 200)));
    }

    #[test]
    fn the_order_in_which_conversations_and_windows_are_listed_does_not_matter(mut record in records()) {
        let listed = Activity::of(record.clone());
        for list in [&mut record.holds, &mut record.duty, &mut record.breaks] {
            list.reverse();
        }
        prop_assert_eq!(Activity::of(record), listed);
    }

    #[test]
    fn sets_of_moments_are_what_their_moments_say(one in stretches(6), other in stretches(6)) {
        let (a, b) = (Stretches::of(one), Stretches::of(other));
        let holds = |set: &Stretches, minute: i64| {
            set.as_slice().iter().any(|s| s.start <= at(minute) && at(minute) < s.end)
        };
        let (or, and, but_not) = (a.or(&b), a.and(&b), a.but_not(&b));
        for minute in 0..160 {
            let (in_a, in_b) = (holds(&a, minute), holds(&b, minute));
            prop_assert_eq!(holds(&or, minute), in_a || in_b);
            prop_assert_eq!(holds(&and, minute), in_a && in_b);
            prop_assert_eq!(holds(&but_not, minute), in_a && !in_b);
        }
        for set in [&or, &and, &but_not] {
            prop_assert!(set.as_slice().is_sorted_by(|a, b| a.start < a.end && a.end <= b.start));
        }
        prop_assert_eq!(or.length(), a.length() + b.length() - and.length());
        prop_assert_eq!(a.length_within(stretch(0, 200)), a.length());
    }

    #[test]
    fn half_hours_tile_every_day_of_every_zone(days in 0..20_000_u32, place: prop::sample::Index) {
        let zones =
            ["Europe/London", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "UTC"];
        let zone = Zone::parse(zones[place.index(zones.len())]).expect("a zone");
        let day = Day::new(1975, 1, 1).expect("a date").plus(days);
        let cells = half_hours(zone, day);
        let mut reached = zone.start_of(day);
        for cell in &cells {
            prop_assert_eq!(cell.stretch.start, reached);
            prop_assert!(cell.stretch.length() <= Span::from_mins(30));
            let minutes = zone.local(cell.stretch.start).clock().minutes();
            prop_assert_eq!(usize::from(minutes / 30), cell.half_hour);
            reached = cell.stretch.end;
        }
        prop_assert_eq!(reached, zone.start_of(day.plus(1)));
    }
}
