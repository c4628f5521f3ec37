//! Recorded logs that nobody here made, through ImportEvents.

use std::collections::BTreeMap;
use std::fs;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::imported_event::Payload;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::to_span;

use crate::house::{House, SHOP, asked, event, opened, rate, replied};

/// Days of the bank's log whose rates are looked at here; the command line's tests look at all of them.
const DAYS: u32 = 5;

fn read(path: &str) -> String {
    let root = option_env!("FENLIU_REAL_LOGS").unwrap_or("../../../shared/data");
    fs::read_to_string(format!("{root}/{path}")).expect("the log is there")
}

fn moment(zone: Tz, local: NaiveDateTime) -> Timestamp {
    let utc = zone.from_local_datetime(&local).earliest().expect("a local time that exists");
    Timestamp::from_micros_clamped(utc.timestamp_micros())
}

fn batches(source: &str, zone: Tz, events: &[proto::ImportedEvent]) -> Vec<proto::ImportEventsRequest> {
    let batch = |events: &[proto::ImportedEvent]| proto::ImportEventsRequest {
        shop_id: SHOP.into(),
        source: source.into(),
        time_zone: zone.name().into(),
        events: events.to_vec(),
        orders: Vec::new(),
    };
    events.chunks(1_000).map(batch).collect()
}

#[tokio::test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
async fn of_the_25_turns_of_five_pre_sale_chats_24_are_within_three_minutes() {
    let dialogues: serde_json::Value =
        serde_json::from_str(&read("uneed/uneed_5_dialogues.json")).expect("JSON");
    let mut events = Vec::new();
    for dialogue in dialogues.as_array().expect("a list") {
        let key = dialogue["sid"].as_str().expect("a key");
        for (line, number) in dialogue["dialogue"].as_array().expect("a list").iter().zip(1..) {
            let text = line["time"].as_str().expect("a time");
            let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").expect("a local time");
            let at = moment(chrono_tz::Asia::Shanghai, local);
            if number == 1 {
                events.push(event(key, 0, at, opened(dialogue["userid"].as_str().expect("a buyer"))));
            }
            let says = if line["sender_type"] == "用户" { asked() } else { replied("客服") };
            events.push(event(key, number, at, says));
        }
    }
    let mut house = House::open().await;
    house.import(batches("uneed", chrono_tz::Asia::Shanghai, &events)).await.expect("imported");
    let answer = house.rate("taobao-3min").await;
    let total = answer.total.expect("a total");
    assert_eq!((total.within_limit, total.counted, total.missed_late), (24, 25, 1));
    let times = answer.response_times.expect("times");
    assert_eq!((times.answered, times.unanswered), (25, 0));
    let listed = house.rates.list_exchanges(proto::ListExchangesRequest {
        shop_id: SHOP.into(),
        page_size: 500,
        ..Default::default()
    });
    let exchanges = listed.await.expect("listed").into_inner().exchanges;
    let mut gaps: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for exchange in exchanges {
        let micros = |time: &prost_types::Timestamp| time.seconds * 1_000_000 + i64::from(time.nanos / 1_000);
        let asked = micros(exchange.asked_time.as_ref().expect("a time"));
        let answered = micros(exchange.replies[0].reply_time.as_ref().expect("a time"));
        // The log's seconds were made of days as floating point: 11:35:07.999996 is 11:35:08.
        gaps.entry(exchange.conversation).or_default().push((answered - asked + 500_000) / 1_000_000);
    }
    let mut gaps: Vec<_> = gaps.into_values().collect();
    gaps.sort_unstable();
    assert_eq!(
        gaps,
        [
            vec![14, 13, 10, 17, 83, 14],
            vec![25, 68, 24, 18, 69, 22],
            vec![26, 46, 161, 49],
            vec![82, 77, 68, 272],
            vec![99, 43, 23, 45, 48],
        ]
    );
}

/// One call of the bank's log that was offered to people.
struct Call {
    key: String,
    day: NaiveDate,
    hour: usize,
    buyer: String,
    entered: NaiveDateTime,
    asked: NaiveDateTime,
    wait: i64,
    service: i64,
    /// `None` when the caller gave up.
    agent: Option<String>,
}

/// The calls of January, by the rules in the data's README.
fn january() -> Vec<Call> {
    read("anonymous-bank-1999/january1999.txt").lines().skip(1).filter_map(call).collect()
}

/// Those of its first days.
fn calls() -> Vec<Call> {
    let first_days = NaiveDate::from_ymd_opt(1999, 1, 1 + DAYS).expect("a date");
    january().into_iter().filter(|call| call.day < first_days).collect()
}

fn call(line: &str) -> Option<Call> {
    let fields: Vec<_> = line.trim_end().split('\t').collect();
    let number = |index: usize| fields[index].parse::<i64>().expect("a number");
    let clock = |index: usize| NaiveTime::parse_from_str(fields[index], "%H:%M:%S").expect("a clock time");
    let (outcome, wait) = (fields[12], number(11));
    if outcome == "PHANTOM" || (outcome != "AGENT" && wait <= 0) {
        return None;
    }
    let day = NaiveDate::parse_from_str(&format!("19{}", fields[5]), "%Y%m%d").expect("a date");
    let entered = day.and_time(clock(6));
    let asked = day.and_time(clock(if wait > 0 { 9 } else { 13 }));
    let next_day = TimeDelta::days(i64::from(asked < entered));
    let agent = if fields[16] == "NO_SERVER" { "" } else { fields[16] };
    let buyer =
        if fields[2] == "0" { format!("caller {} {}", fields[0], fields[1]) } else { fields[2].into() };
    Some(Call {
        key: format!("{} {}", fields[0], fields[1]),
        hour: usize::try_from(chrono::Timelike::hour(&entered)).expect("an hour"),
        day,
        buyer,
        entered,
        asked: asked + next_day,
        wait,
        service: number(15),
        agent: (outcome == "AGENT").then(|| agent.to_owned()),
    })
}

fn told(call: &Call) -> Vec<proto::ImportedEvent> {
    let zone = chrono_tz::Asia::Jerusalem;
    let asked_at = moment(zone, call.asked);
    let left = asked_at + Span::from_secs(call.wait);
    let mut events = vec![
        event(&call.key, 0, moment(zone, call.entered), opened(&call.buyer)),
        event(&call.key, 1, asked_at, asked()),
    ];
    let abandoned = call.agent.is_none();
    if let Some(agent) = &call.agent {
        let reply =
            proto::ImportedReply { actor: Actor::Human.into(), agent: agent.clone(), small_talk: false };
        events.push(event(&call.key, 2, left, Payload::Reply(reply)));
    }
    let ended = left + Span::from_secs(if abandoned { 0 } else { call.service });
    events.push(event(&call.key, 3, ended, Payload::Closed(proto::ImportedClosing { abandoned })));
    events
}

#[tokio::test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
async fn the_first_days_of_the_banks_january_come_out_as_counted_by_hand() {
    let calls = calls();
    let events: Vec<_> = calls.iter().flat_map(told).collect();
    let mut house = House::open().await;
    let stored = house.import(batches("bank", chrono_tz::Asia::Jerusalem, &events)).await.expect("imported");
    assert_eq!(stored.into_inner().imported, events.len() as u64);
    let pack = proto::RulePack {
        rule_pack_id: "bank".into(),
        unit: proto::Unit::Session.into(),
        limit_duration: Some(to_span(Span::from_secs(180))),
        countable_actors: vec![Actor::Human.into()],
        ..Default::default()
    };
    let pack = Some(proto::get_reply_rate_request::Pack::Custom(pack));
    let request = proto::GetReplyRateRequest { pack, ..rate("") };
    let answer = house.rates.get_reply_rate(request).await.expect("a rate").into_inner();

    let expected: serde_json::Value =
        serde_json::from_str(&read("anonymous-bank-1999/expected.json")).expect("JSON");
    let days: Vec<_> =
        answer.days.iter().map(|day| day.parts.as_ref().map_or(0, |parts| parts.counted)).collect();
    let by_day = &expected["january1999"]["by_day"];
    let expected: Vec<_> =
        (1..=DAYS).map(|day| by_day[format!("9901{day:02}")].as_u64().expect("a count")).collect();
    assert_eq!(days, expected);

    let answered = calls.iter().filter(|call| call.agent.is_some());
    let within = answered.clone().filter(|call| call.wait <= 180).count() as u64;
    let total = answer.total.expect("a total");
    assert_eq!(
        (total.counted, total.answered, total.within_limit),
        (calls.len() as u64, answered.count() as u64, within)
    );
    for (hour, parts) in answer.hours.iter().enumerate() {
        assert_eq!(parts.counted, calls.iter().filter(|call| call.hour == hour).count() as u64, "{hour}");
    }
    let mut agents: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    for call in &calls {
        let agent = agents.entry(call.agent.clone().unwrap_or_default()).or_default();
        agent.0 += 1;
        agent.1 += if call.agent.is_some() { call.wait } else { 0 };
    }
    let judged: BTreeMap<_, _> = answer
        .agents
        .into_iter()
        .map(|agent| {
            let wait = agent.wait_sum_duration.map_or(0, |wait| wait.seconds);
            (agent.agent, (agent.parts.map_or(0, |parts| parts.counted), wait))
        })
        .collect();
    assert_eq!(judged, agents);
}

#[tokio::test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
async fn the_demand_of_the_banks_january_is_its_offered_calls_by_hour_and_weekday() {
    let mut house = House::open().await;
    let events: Vec<_> = january().iter().flat_map(told).collect();
    house.import(batches("bank", chrono_tz::Asia::Jerusalem, &events)).await.expect("imported");
    let request = proto::GetHourlyProfileRequest { shop_id: SHOP.into(), ..Default::default() };
    let profile = house.demand.get_hourly_profile(request).await.expect("a profile").into_inner();

    let expected: serde_json::Value =
        serde_json::from_str(&read("anonymous-bank-1999/expected.json")).expect("JSON");
    let expected = &expected["january1999"];
    assert_eq!((profile.total, Some(profile.total)), (30_140, expected["offered"].as_u64()));
    assert_eq!((profile.start_date.as_str(), profile.end_date.as_str()), ("1999-01-01", "1999-01-31"));
    let half_hours = |at: usize| profile.weekdays.iter().map(move |day| day.half_hours[at].count);
    let by_hour: Vec<u64> =
        (0..24).map(|hour| half_hours(2 * hour).chain(half_hours(2 * hour + 1)).sum()).collect();
    assert_eq!(serde_json::json!(by_hour), expected["by_hour_vru_entry"]);

    let mut by_weekday = [0; 7];
    for (day, count) in expected["by_day"].as_object().expect("days") {
        let day = NaiveDate::parse_from_str(&format!("19{day}"), "%Y%m%d").expect("a date");
        by_weekday[day.weekday().num_days_from_monday() as usize] += count.as_u64().expect("a count");
    }
    let (days, totals): (Vec<_>, Vec<_>) = profile.weekdays.iter().map(|day| (day.days, day.total)).unzip();
    // January 1999 began on a Friday.
    assert_eq!((days, totals), (vec![4, 4, 4, 4, 5, 5, 5], by_weekday.to_vec()));
}
