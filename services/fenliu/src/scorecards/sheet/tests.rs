use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::Binding;
use fenliu_proto::analytics::v1::coaching_hint::Figure;
use fenliu_proto::analytics::v1::{
    CardTimes, CoachingHint, CoachingRule, HintEvidence, PackMisses, Scorecard, ScorecardFigures, Share,
    ShiftFigures,
};
use fenliu_proto::convert::{to_span, to_timestamp};

use super::*;
use crate::scorecards::tables::{CardTable, Tables, clock};
use crate::words::Lang;

fn shop() -> Shop {
    Shop { shop_id: "shp_1".into(), display_name: "云雾茶铺".into(), ..Shop::default() }
}

fn people() -> People {
    let binding = |id: &str, name: &str| Binding {
        agent_id: id.into(),
        login_name: name.into(),
        display_name: name.into(),
        ..Binding::default()
    };
    People::among(&[binding("agt_1", "小红"), binding("agt_2", "阿明")])
}

fn share(count: u64, total: u64) -> Share {
    let basis_points = u32::try_from(count * 10_000 / total).expect("a share");
    let (low_basis_points, high_basis_points) = (basis_points - 700, (basis_points + 200).min(10_000));
    Share { count, total, basis_points, low_basis_points, high_basis_points }
}

fn times(count: u64, seconds: i64) -> CardTimes {
    let of = |seconds| (count > 0).then(|| to_span(Span::from_secs(seconds)));
    CardTimes {
        count,
        mean_duration: of(seconds),
        p50_duration: of(seconds - 5),
        p90_duration: of(seconds * 3),
        p99_duration: of(seconds * 6),
    }
}

fn figures(minutes: i64, sessions: u64) -> ScorecardFigures {
    let online = to_span(Span::from_mins(minutes));
    ScorecardFigures {
        online_duration: Some(online),
        scheduled_duration: Some(to_span(Span::from_mins(minutes + 15))),
        exception_duration: Some(to_span(Span::from_mins(15))),
        online_rate_basis_points: (minutes > 0).then_some(9_412),
        adherence_basis_points: (minutes > 0).then_some(9_412),
        occupancy_basis_points: (minutes > 0).then_some(7_777),
        sessions,
        turns: sessions * 3,
        answered: sessions * 3,
        slow: sessions * 3 / 20,
        declined: sessions / 20,
        mean_open_permille: (minutes > 0).then_some(1_250),
        stars: vec![0, 0, 1, 0, sessions.saturating_sub(1)],
        first_response_times: Some(times(sessions, 30)),
        next_response_times: Some(times(sessions * 2, 60)),
        answers: sessions * 4,
        empty_answers: sessions / 4,
        closes: sessions,
        short_closes: sessions / 10,
        satisfaction: (sessions > 0).then(|| share(sessions - 1, sessions)),
        misses: [("pinduoduo-3min-human", sessions / 4), ("taobao-3min", sessions / 5), ("tiktok-us-24h", 0)]
            .map(|(pack, missed)| PackMisses { rule_pack_id: pack.into(), missed })
            .into(),
        ..Default::default()
    }
}

fn card(agent: &str, all: ScorecardFigures, shifts: [ScorecardFigures; 2]) -> Scorecard {
    let names = [("morning", "08:00", "13:00"), ("evening", "18:00", "23:00")];
    let shift = |((name, start, end), figures): ((&str, &str, &str), ScorecardFigures)| ShiftFigures {
        shift: name.into(),
        start: start.into(),
        end: end.into(),
        figures: Some(figures),
    };
    let shifts = names.into_iter().zip(shifts).map(shift).collect();
    Scorecard { agent: agent.into(), figures: Some(all), shifts, hints: Vec::new() }
}

fn at() -> Option<prost_types::Timestamp> {
    Some(to_timestamp(Timestamp::from_micros_clamped(1_777_896_000_000_000)))
}

fn answer() -> ListScorecardsResponse {
    let nothing = ScorecardFigures::default;
    let evidence = |conversation: &str| HintEvidence { conversation: conversation.into(), time: at() };
    let hints = vec![
        CoachingHint {
            rule: CoachingRule::EmptyAnswers.into(),
            figure: Some(Figure::Share(share(50, 160))),
            threshold_basis_points: 1_000,
            evidence: vec![evidence("cnv_1"), evidence("cnv_2")],
        },
        CoachingHint {
            rule: CoachingRule::LowAdherence.into(),
            figure: Some(Figure::TimeBasisPoints(8_321)),
            threshold_basis_points: 9_000,
            evidence: vec![],
        },
    ];
    let hong = card("agt_1", figures(285, 40), [figures(285, 40), nothing()]);
    let ming = card("agt_2", figures(600, 7), [figures(300, 3), figures(300, 4)]);
    ListScorecardsResponse {
        scorecards: vec![Scorecard { hints, ..hong }, ming],
        shop: Some(card("", figures(885, 47), [figures(585, 43), figures(300, 4)])),
        total_size: 2,
        schedule_known: true,
        start_date: "2026-05-04".into(),
        end_date: "2026-05-10".into(),
        time_zone: "Asia/Shanghai".into(),
        position: 9,
        as_of_time: at(),
        ..Default::default()
    }
}

fn sheet(answer: ListScorecardsResponse) -> Sheet {
    Sheet::new(&shop(), &people(), &["taobao-3min".to_owned()], answer).expect("a sheet")
}

/// The cards of two agents in two shifts, with misses under these packs.
pub(crate) fn cards(packs: &[&str]) -> Sheet {
    let packs: Vec<_> = packs.iter().map(|pack| (*pack).to_owned()).collect();
    Sheet::new(&shop(), &people(), &packs, answer()).expect("a sheet")
}

#[test]
fn people_read_tables_by_shift_and_what_stands_out_in_their_language() {
    for lang in Lang::ALL {
        let text = sheet(answer()).told(lang.words());
        insta::assert_snapshot!(format!("text_{}", lang.words().language), text);
    }
}

/// The line of somebody in a table: each title with what stands below it.
fn line_of(table: &CardTable, name: &str) -> Vec<(String, String)> {
    let row = table.rows.iter().find(|row| row.name == name).expect("a line");
    let titles = table.columns.iter().map(|title| title.short.clone());
    titles.zip(row.cells.iter().cloned()).collect()
}

#[test]
fn the_agent_table_has_name_online_time_online_rate_and_mean_response_by_shift_of_the_day() {
    let sheet = cards(&[]);
    for (lang, titles, shifts) in [
        (
            Lang::En,
            ["online", "online rate", "mean response"],
            ["morning, 08:00–13:00", "evening, 18:00–23:00"],
        ),
        (Lang::Zh, ["在线时长", "在线率", "平均响应"], ["早班，08:00–13:00", "晚班，18:00–23:00"]),
    ] {
        let tables = Tables { sheet: &sheet, words: lang.words(), most: usize::MAX };
        for shown in [tables.shifts(), tables.shifts_in_short()] {
            assert_eq!(shown.iter().map(|table| table.title.as_str()).collect::<Vec<_>>(), shifts);
            let line = line_of(&shown[0], "小红");
            let cell = |title: &str| {
                line.iter().find(|(of, _)| of == title).map(|(_, cell)| cell.as_str()).expect("a column")
            };
            assert_eq!(titles.map(cell), ["4:45", "94.1 %", lang.words().seconds(50.0).as_str()]);
            let there: Vec<_> = shown[1].rows.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(
                there,
                ["阿明", lang.words().cards.the_shop],
                "who is not there in the evening is left out"
            );
        }
    }
}

#[test]
fn a_table_holds_so_many_agents_and_counts_the_others() {
    let sheet = cards(&["taobao-3min", "tiktok-us-24h"]);
    let tables = Tables { sheet: &sheet, words: Lang::En.words(), most: 1 };
    let all_day = tables.all_day();
    assert_eq!(all_day.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["小红", "the shop"]);
    assert_eq!(all_day.more, "and 1 more agents");
    let text = sheet.tables_told(Lang::En.words(), 1);
    assert!(text.contains("and 1 more agents"), "{text}");
}

#[test]
fn misses_of_several_packs_have_a_table_whose_numbers_are_explained() {
    // A pack of the shop's own is none that cards know of.
    let sheet = cards(&["taobao-3min", "tiktok-us-24h", "ours"]);
    let tables = Tables { sheet: &sheet, words: Lang::En.words(), most: usize::MAX };
    let misses = tables.misses().expect("two packs");
    let line = line_of(&misses, "小红");
    assert_eq!(line, [("1".to_owned(), "8".to_owned()), ("2".to_owned(), "0".to_owned())]);
    assert_eq!(misses.legend, ["1 taobao-3min", "2 tiktok-us-24h"]);
    assert_eq!(misses.columns[0].full, "taobao-3min");
    let of_one = cards(&["taobao-3min"]);
    let tables = Tables { sheet: &of_one, ..tables };
    assert_eq!(tables.misses(), None);
    assert!(line_of(&tables.all_day(), "小红").contains(&("missed".to_owned(), "8".to_owned())));
}

#[test]
fn a_table_of_people_with_ordinary_names_fits_a_terminal_of_120_columns() {
    for lang in Lang::ALL {
        for packs in [&["taobao-3min"][..], &["taobao-3min", "tiktok-us-24h"]] {
            let text = cards(packs).tables_told(lang.words(), usize::MAX);
            let (tables, _) = text.split_once(lang.words().cards.talk).expect("hints");
            let widest = tables.lines().map(crate::table::width).max();
            assert!(widest <= Some(120), "{widest:?} of 120\n{text}");
        }
    }
}

#[test]
fn programs_read_every_figure() {
    let json = serde_json::to_value(sheet(answer())).expect("JSON");
    let hong = &json["agents"][0];
    assert_eq!((&hong["agent"], &hong["name"]), (&"agt_1".into(), &"小红".into()));
    assert_eq!(hong["all_day"]["mean_response_seconds"], 50.0);
    assert_eq!(hong["all_day"]["misses"]["taobao-3min"], 8);
    assert_eq!(hong["shifts"][1]["figures"]["online_rate"], serde_json::Value::Null);
    assert_eq!(hong["hints"][0]["share"]["total"], 160);
    assert_eq!(hong["hints"][0]["evidence"][0]["time"], "2026-05-04T12:00:00Z");
    assert_eq!((&hong["hints"][1]["percent"], &hong["hints"][1]["threshold"]), (&83.21.into(), &90.0.into()));
    assert_eq!(json["shop"]["all_day"]["sessions"], 47);
    assert_eq!(json.get("packs"), None);
    let all_day = &hong["all_day"];
    assert_eq!(
        (&all_day["slow"], &all_day["declined"], &all_day["mean_open"]),
        (&6.into(), &2.into(), &1.25.into())
    );
    assert_eq!(
        (&all_day["exception_seconds"], &all_day["stars"]),
        (&900.0.into(), &serde_json::json!([0, 0, 1, 0, 39]))
    );
    assert_eq!(json["as_of"], "2026-05-04T12:00:00Z");
}

/// The names of every field, whatever it is in.
fn fields(value: &serde_json::Value, into: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(all) => {
            for (name, value) in all {
                into.insert(name.clone());
                fields(value, into);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| fields(item, into)),
        _ => {}
    }
}

#[test]
fn every_field_of_the_json_is_described() {
    let formats = include_str!("../../../formats.md");
    let (_, described) = formats.split_once("## fenliu scorecards --json").expect("its part");
    let mut named = std::collections::BTreeSet::new();
    fields(&serde_json::to_value(sheet(answer())).expect("JSON"), &mut named);
    // What is called after packs are no fields.
    named.retain(|name| !["pinduoduo-3min-human", "taobao-3min", "tiktok-us-24h"].contains(&name.as_str()));
    assert!(named.len() > 40, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !described.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn that_the_schedule_is_unknown_and_that_there_is_nothing_is_said_in_words() {
    let nobody = ListScorecardsResponse { scorecards: vec![], schedule_known: false, ..answer() };
    let told = sheet(nobody).told(Lang::En.words());
    assert!(told.contains("the schedule is not known"), "{told}");
    assert!(told.ends_with("nobody was there, scheduled or asked\n"), "{told}");
}

#[test]
fn time_online_is_told_in_hours_and_minutes() {
    assert_eq!((clock(59.0), clock(3_600.0 * 27.0 + 60.0)), ("0:00".into(), "27:01".into()));
}
