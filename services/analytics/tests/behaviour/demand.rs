//! Demand: when buyers come, and what stands out of it.

use fenliu_domain::day::{ClockTime, Day, Zone};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;

use crate::house::{
    House, SHOP, asked, batch, conversation, event, opened, refused, refused_fields, replied,
};

/// A moment by the clock of a zone.
fn at(zone: &str, day: &str, clock: &str) -> Timestamp {
    let (zone, day) = (Zone::parse(zone).expect("a zone"), day.parse::<Day>().expect("a date"));
    zone.at(day, clock.parse::<ClockTime>().expect("a clock time"))
}

fn shanghai(day: &str, clock: &str) -> Timestamp {
    at("Asia/Shanghai", day, clock)
}

/// A conversation opened at a moment, with a question in the same.
fn begun(key: &str, moment: Timestamp) -> Vec<proto::ImportedEvent> {
    vec![event(key, 0, moment, opened(key)), event(key, 1, moment, asked())]
}

/// One conversation for each moment.
fn begun_at(moments: impl IntoIterator<Item = Timestamp>) -> Vec<proto::ImportedEvent> {
    moments.into_iter().enumerate().flat_map(|(n, moment)| begun(&format!("c{n}"), moment)).collect()
}

fn profile_of(start: &str, end: &str) -> proto::GetHourlyProfileRequest {
    proto::GetHourlyProfileRequest {
        shop_id: SHOP.into(),
        start_date: start.into(),
        end_date: end.into(),
        ..Default::default()
    }
}

fn peaks_of(start: &str, end: &str) -> proto::GetPeaksRequest {
    proto::GetPeaksRequest {
        shop_id: SHOP.into(),
        start_date: start.into(),
        end_date: end.into(),
        ..Default::default()
    }
}

async fn profile(
    house: &mut House,
    request: proto::GetHourlyProfileRequest,
) -> proto::GetHourlyProfileResponse {
    house.demand.get_hourly_profile(request).await.expect("a profile").into_inner()
}

/// The half hours in which somebody came, by weekday, each with how many.
fn busy(profile: &proto::GetHourlyProfileResponse) -> Vec<(proto::Weekday, &str, u64)> {
    let of_day = |day| {
        let day: &proto::WeekdayProfile = day;
        let busy = day.half_hours.iter().filter(|half_hour| half_hour.count > 0);
        busy.map(|half_hour| (day.weekday(), half_hour.start.as_str(), half_hour.count))
    };
    profile.weekdays.iter().flat_map(of_day).collect()
}

#[tokio::test]
async fn a_days_demand_is_counted_by_half_hour() {
    let mut house = House::open().await;
    let first = shanghai("2026-05-04", "19:00");
    let last = shanghai("2026-05-04", "19:30") - Span::from_micros(1);
    let next = shanghai("2026-05-04", "19:30");
    let early = shanghai("2026-05-04", "07:59");
    house.import(vec![batch(begun_at([next, first, early, last]))]).await.expect("imported");
    let profile = profile(&mut house, profile_of("", "")).await;
    let monday = proto::Weekday::Monday;
    assert_eq!(busy(&profile), [(monday, "07:30", 1), (monday, "19:00", 2), (monday, "19:30", 1)]);
    assert_eq!((profile.total, profile.inside_service_basis_points), (4, Some(7_500)));
    assert_eq!((profile.start_date.as_str(), profile.end_date.as_str()), ("2026-05-04", "2026-05-04"));
    assert_eq!((profile.service_start.as_str(), profile.service_end.as_str()), ("08:00", "23:00"));
    assert_eq!(profile.time_zone, "Asia/Shanghai");
    let days: Vec<_> = profile.weekdays.iter().map(|day| (day.days, day.half_hours.len())).collect();
    assert_eq!(days, [(1, 48), (0, 48), (0, 48), (0, 48), (0, 48), (0, 48), (0, 48)]);
    let means = |day: usize| profile.weekdays[day].half_hours[38].mean;
    assert_eq!((means(0), means(1)), (Some(2.0), None));
}

#[tokio::test]
async fn days_on_which_nobody_came_make_the_mean_smaller() {
    let mut house = House::open().await;
    house.import(vec![batch(begun("c", shanghai("2026-04-27", "10:10")))]).await.expect("imported");
    let profile = profile(&mut house, profile_of("2026-04-06", "2026-05-03")).await;
    let monday = &profile.weekdays[0];
    assert_eq!((monday.days, monday.total, monday.half_hours[20].mean), (4, 1, Some(0.25)));
    assert_eq!((profile.weekdays[6].days, profile.weekdays[6].half_hours[20].mean), (4, Some(0.0)));
}

#[tokio::test]
async fn a_conversation_counts_when_it_was_opened_and_only_if_the_buyer_says_something() {
    let mut house = House::open().await;
    let (entered, said) = (shanghai("2026-05-04", "18:50"), shanghai("2026-05-04", "19:10"));
    let events = vec![
        event("late", 0, entered, opened("anna")),
        event("late", 1, said, asked()),
        event("silent", 0, entered, opened("bert")),
        event("silent", 1, said, replied("lan")),
        // Where no opening is told, the first question is the beginning.
        event("bare", 0, said, asked()),
    ];
    house.import(vec![batch(events)]).await.expect("imported");
    let profile = profile(&mut house, profile_of("", "")).await;
    let monday = proto::Weekday::Monday;
    assert_eq!(busy(&profile), [(monday, "18:30", 1), (monday, "19:00", 1)]);
}

#[tokio::test]
async fn on_the_days_clocks_change_every_conversation_is_in_the_half_hour_the_clock_showed() {
    const BERLIN: &str = "Europe/Berlin";
    let mut house = House::open().await;
    let hour = Span::from_hours(1);
    let tick = Span::from_micros(1);
    let (spring, autumn) = ("2025-03-30", "2025-10-26");
    let moments = [
        at(BERLIN, spring, "00:00") - tick,
        at(BERLIN, spring, "00:00"),
        // A microsecond later the clock shows 03:00.
        at(BERLIN, spring, "03:00") - tick,
        at(BERLIN, spring, "03:00"),
        at(BERLIN, "2025-03-31", "00:00") - tick,
        at(BERLIN, "2025-03-31", "00:00"),
        at(BERLIN, autumn, "02:15"),
        at(BERLIN, autumn, "02:15") + hour,
        at(BERLIN, autumn, "03:00"),
        at(BERLIN, "2025-10-27", "00:00") - tick,
        at(BERLIN, "2025-10-27", "00:00"),
    ];
    let events = proto::ImportEventsRequest { time_zone: BERLIN.into(), ..batch(begun_at(moments)) };
    house.import(vec![events]).await.expect("imported");
    let sunday = proto::Weekday::Sunday;
    let seen = profile(&mut house, profile_of(spring, spring)).await;
    let expected = [(sunday, "00:00", 1), (sunday, "01:30", 1), (sunday, "03:00", 1), (sunday, "23:30", 1)];
    assert_eq!((busy(&seen), seen.total), (expected.to_vec(), 4));
    let seen = profile(&mut house, profile_of(autumn, autumn)).await;
    let expected = [(sunday, "02:00", 2), (sunday, "03:00", 1), (sunday, "23:30", 1)];
    assert_eq!((busy(&seen), seen.total, seen.weekdays[6].days), (expected.to_vec(), 4, 1));
}

#[tokio::test]
async fn a_range_holds_its_first_and_last_day_whole_and_nothing_beside_them() {
    let mut house = House::open().await;
    let tick = Span::from_micros(1);
    let midnight = |day| shanghai(day, "00:00");
    let mut events = begun_at([
        midnight("2026-05-02") - tick,
        midnight("2026-05-02"),
        midnight("2026-05-04") - tick,
        midnight("2026-05-04"),
    ]);
    // Begun before the range and still asked in within it: that is demand of the day it began on.
    events.extend(begun("long", shanghai("2026-04-20", "10:00")));
    events.push(event("long", 2, shanghai("2026-05-02", "10:00"), asked()));
    house.import(vec![batch(events)]).await.expect("imported");
    let (saturday, sunday) = (proto::Weekday::Saturday, proto::Weekday::Sunday);
    let seen = profile(&mut house, profile_of("2026-05-02", "2026-05-03")).await;
    assert_eq!(busy(&seen), [(saturday, "00:00", 1), (sunday, "23:30", 1)]);
    for (start, end, total, first, last) in [
        ("", "", 5, "2026-04-20", "2026-05-04"),
        ("2026-05-02", "", 3, "2026-05-02", "2026-05-04"),
        ("", "2026-05-01", 2, "2026-04-20", "2026-05-01"),
    ] {
        let seen = profile(&mut house, profile_of(start, end)).await;
        assert_eq!(
            (seen.total, seen.start_date.as_str(), seen.end_date.as_str()),
            (total, first, last),
            "{start}..{end}"
        );
    }
}

#[tokio::test]
async fn where_nothing_is_known_there_is_no_share_no_mean_and_no_peak() {
    let mut house = House::open().await;
    let silent = vec![event("silent", 0, shanghai("2026-05-01", "10:00"), opened("bert"))];
    house.import(vec![batch(silent)]).await.expect("imported");
    let seen = profile(&mut house, profile_of("", "")).await;
    assert_eq!((seen.total, seen.inside_service_basis_points), (0, None));
    assert_eq!((seen.start_date.as_str(), seen.end_date.as_str(), busy(&seen)), ("", "", vec![]));
    assert!(seen.weekdays.iter().all(|day| day.days == 0 && day.half_hours[20].mean.is_none()));

    house.import(vec![batch(conversation("c", 3_600, None))]).await.expect("imported");
    for (start, end, days) in [("", "2026-01-01", 0), ("2026-05-05", "", 0), ("2026-01-01", "2026-01-07", 1)]
    {
        let seen = profile(&mut house, profile_of(start, end)).await;
        assert_eq!((seen.total, seen.inside_service_basis_points), (0, None), "{start}..{end}");
        assert!(seen.weekdays.iter().all(|day| day.days == days), "{start}..{end}");
        let peaks = house.demand.get_peaks(peaks_of(start, end)).await.expect("peaks").into_inner();
        assert!(peaks.days.len() == 8 && peaks.days.iter().all(|day| day.peaks.is_empty()));
    }
}

#[tokio::test]
async fn an_evening_peak_is_found_with_its_factor_and_its_share_of_the_day() {
    let mut house = House::open().await;
    let sunday = |minutes: i64| shanghai("2026-05-03", "00:00") + Span::from_mins(minutes);
    // 10 in each half hour of service, 40 in each from 19:00 to 20:00, and 40 at night.
    let by_day = (0..30).flat_map(|slot| {
        let count = if slot == 22 || slot == 23 { 40 } else { 10 };
        (0..count).map(move |_| sunday(8 * 60 + 30 * slot))
    });
    let events = begun_at(by_day.chain((0..40).map(|_| sunday(3 * 60))));
    house.import(vec![batch(events)]).await.expect("imported");
    let seen = house.demand.get_peaks(peaks_of("", "")).await.expect("peaks").into_inner();
    assert_eq!(seen.factor_permille, 1_500);
    let found: Vec<_> = seen.days.iter().filter(|day| !day.peaks.is_empty()).collect();
    let kinds: Vec<_> = found.iter().map(|day| (day.weekday(), day.days, day.total)).collect();
    assert_eq!(kinds, [(proto::Weekday::Sunday, 1, 400), (proto::Weekday::Unspecified, 1, 400)]);
    for day in found {
        let [peak] = &day.peaks[..] else { panic!("one peak: {day:?}") };
        assert_eq!((peak.start.as_str(), peak.end.as_str(), peak.count), ("19:00", "20:00", 80));
        // The mean half hour of service has 360 ÷ 30 = 12; the whole day has 400.
        assert!((peak.mean - 80.0).abs() < 1e-12 && (peak.factor - 40.0 / 12.0).abs() < 1e-12);
        assert_eq!(peak.share_basis_points, 2_000);
    }
    let higher = proto::GetPeaksRequest { factor_permille: Some(3_334), ..peaks_of("", "") };
    let seen = house.demand.get_peaks(higher).await.expect("peaks").into_inner();
    assert!(seen.days.iter().all(|day| day.peaks.is_empty()));
    let night = proto::GetPeaksRequest {
        service_start: "23:00".into(),
        service_end: "08:00".into(),
        ..peaks_of("", "")
    };
    let seen = house.demand.get_peaks(night).await.expect("peaks").into_inner();
    let peak = &seen.days[6].peaks[0];
    assert_eq!((peak.start.as_str(), peak.end.as_str(), peak.count), ("03:00", "03:30", 40));
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_named_field_by_field() {
    let mut house = House::open().await;
    let wrong = proto::GetHourlyProfileRequest {
        service_start: "8:00".into(),
        service_end: "24:01".into(),
        ..profile_of("2026-02-30", "yesterday")
    };
    let fields = ["start_date", "end_date", "service_start", "service_end"];
    refused_fields(house.demand.get_hourly_profile(wrong).await, Reason::InvalidRequest, &fields);
    for (start, end, from, until, field) in [
        ("2026-05-02", "2026-05-01", "", "", "end_date"),
        ("2025-01-01", "2026-02-06", "", "", "end_date"),
        ("", "", "10:00", "10:00", "service_end"),
        ("", "", "23:00", "", "service_end"),
        ("", "", "24:00", "06:00", "service_start"),
    ] {
        let request = proto::GetPeaksRequest {
            service_start: from.into(),
            service_end: until.into(),
            ..peaks_of(start, end)
        };
        refused_fields(house.demand.get_peaks(request).await, Reason::InvalidRequest, &[field]);
    }
    for factor in [999, 48_001] {
        let request = proto::GetPeaksRequest { factor_permille: Some(factor), ..peaks_of("", "") };
        let refusal = house.demand.get_peaks(request).await;
        refused_fields(refusal, Reason::InvalidRequest, &["factor_permille"]);
    }
}

#[tokio::test]
async fn a_range_left_open_over_too_many_days_asks_for_the_date_that_is_missing() {
    let mut house = House::open().await;
    let moments = ["2023-01-01", "2026-01-04", "2026-01-05"].map(|day| shanghai(day, "10:00"));
    house.import(vec![batch(begun_at(moments))]).await.expect("imported");
    // 1,100 days, and one more.
    let seen = profile(&mut house, profile_of("", "2026-01-04")).await;
    assert_eq!((seen.total, seen.weekdays.iter().map(|day| day.days).sum::<u32>()), (2, 1_100));
    for (start, field) in [("", "start_date"), ("2023-01-01", "end_date")] {
        let refusal = house.demand.get_hourly_profile(profile_of(start, "")).await;
        refused_fields(refusal, Reason::InvalidRequest, &[field]);
    }
}

#[tokio::test]
async fn demand_of_a_shop_nobody_told_of_is_not_found() {
    let mut house = House::open().await;
    refused(house.demand.get_hourly_profile(profile_of("", "")).await, Reason::ShopNotFound);
    refused(house.demand.get_peaks(peaks_of("", "")).await, Reason::ShopNotFound);
}
