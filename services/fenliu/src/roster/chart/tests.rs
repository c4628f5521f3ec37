//! What a week looks like: golden drawings.

use fenliu_domain::day::ClockTime;

use super::*;

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect("a zone")
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn clock(text: &str) -> ClockTime {
    text.parse().expect("a clock time")
}

/// From one clock time up to another, which is the next day's when it is not later.
fn hours(zone: Zone, day: Day, text: &str) -> Stretch {
    let (start, end) = text.split_once('-').expect("hours");
    let (start, end) = (clock(start), clock(end));
    let last = if end <= start { day.plus(1) } else { day };
    Stretch::new(zone.at(day, start), zone.at(last, end))
}

fn bar(zone: Zone, day: Day, who: &str, shift: &str, when: &str, breaks: &[&str]) -> Bar {
    let breaks = breaks.iter().map(|text| hours(zone, day, text)).collect();
    Bar { who: who.into(), when: hours(zone, day, when), shift: shift.into(), breaks }
}

fn chart(zone: Zone, days: Vec<Day>) -> Chart {
    Chart {
        title: "云雾茶铺, week of 2026-11-23".into(),
        zone,
        service: Window::new(clock("08:00"), clock("23:00")),
        days,
        bars: Vec::new(),
        gaps: Vec::new(),
        risks: Vec::new(),
    }
}

/// Three shifts of eight agents; on Wednesday the afternoon begins late, and at lunch on Thursday one is alone.
fn ordinary() -> Chart {
    let zone = zone("Asia/Shanghai");
    let monday = day("2026-11-23");
    let days: Vec<_> = (0..7).map(|later| monday.plus(later)).collect();
    let mut chart = chart(zone, days.clone());
    let people = ["小红", "小李", "Annabelle Featherstone", "小周", "小吴", "bob", "小赵", "小何"];
    let shifts = [("早班", "08:00-13:00"), ("中班", "13:00-18:00"), ("晚班", "18:00-23:00")];
    for (index, day) in days.iter().enumerate() {
        for (place, who) in people.iter().enumerate() {
            let (name, when) = shifts[(place + index) % 3];
            let works = (place + index) % 8 != 7;
            let late = index == 2 && name == "中班";
            let when = if late { "14:15-18:00" } else { when };
            let breaks: &[&str] = if name == "晚班" { &["20:00-20:30"] } else { &[] };
            chart.bars.extend(works.then(|| bar(zone, *day, who, name, when, breaks)));
        }
    }
    let wednesday = monday.plus(2);
    chart.gaps.push(Gap {
        day: wednesday,
        when: hours(zone, wednesday, "13:00-14:15"),
        on_duty: 0,
        needed: 1,
    });
    let thursday = monday.plus(3);
    let alone = hours(zone, thursday, "20:00-20:30");
    chart.risks.push(Risk {
        day: thursday,
        when: alone,
        who: vec!["Annabelle Featherstone".into(), "bob".into()],
    });
    chart
}

#[test]
fn an_ordinary_week_shows_its_shifts_and_its_gap() {
    insta::assert_snapshot!(draw(&ordinary(), Paint::Plain));
}

#[test]
fn a_shift_over_midnight_goes_on_in_the_next_block() {
    let zone = zone("Asia/Shanghai");
    let days = vec![day("2026-12-31"), day("2027-01-01")];
    let mut chart = chart(zone, days.clone());
    chart.bars.push(bar(zone, days[0], "夜猫子", "夜班", "22:00-06:00", &[]));
    chart.bars[0].breaks.push(hours(zone, days[1], "02:00-02:30"));
    chart.bars.push(bar(zone, days[1], "ann", "00:00-24:00", "00:00-24:00", &[]));
    insta::assert_snapshot!(draw(&chart, Paint::Plain));
}

#[test]
fn a_day_has_as_many_columns_as_hours_really_pass() {
    let zone = zone("Europe/Berlin");
    let days = vec![day("2026-03-29"), day("2026-10-25")];
    let mut chart = chart(zone, days.clone());
    for day in days {
        chart.bars.push(bar(zone, day, "ann", "night", "00:00-08:00", &["03:00-03:30"]));
        chart.bars.push(bar(zone, day, "bob", "day", "08:00-24:00", &[]));
    }
    insta::assert_snapshot!(draw(&chart, Paint::Plain));
}

#[test]
fn a_week_of_nobody_is_all_gap() {
    let zone = zone("Asia/Shanghai");
    let monday = day("2026-11-23");
    let mut chart = chart(zone, vec![monday]);
    chart.gaps.push(Gap { day: monday, when: hours(zone, monday, "08:00-23:00"), on_duty: 0, needed: 2 });
    insta::assert_snapshot!(draw(&chart, Paint::Plain));
}

#[test]
fn a_day_that_the_calendar_skips_says_so() {
    let drawn = draw(&chart(zone("Pacific/Apia"), vec![day("2011-12-30")]), Paint::Plain);
    assert!(drawn.contains("the calendar skips this day"), "{drawn}");
}

#[test]
fn many_agents_are_counted_every_two_hours() {
    let zone = zone("Asia/Shanghai");
    let monday = day("2026-11-23");
    let mut chart = chart(zone, vec![monday]);
    for number in 0..12 {
        chart.bars.push(bar(zone, monday, &format!("agent {number:02}"), "day", "09:00-17:15", &[]));
    }
    let drawn = draw(&chart, Paint::Plain);
    let counted = drawn.lines().find(|line| line.starts_with("on duty")).expect("a line");
    assert_eq!(
        counted.split_whitespace().collect::<Vec<_>>().join(" "),
        "on duty · · · · 0 12 12 12 0 0 0 0"
    );
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let chart = ordinary();
    let coloured = draw(&chart, Paint::Colours);
    assert!(coloured.contains("\u{1b}[1;31mGAP"), "{coloured}");
    assert_eq!(console::strip_ansi_codes(&coloured), draw(&chart, Paint::Plain));
}
