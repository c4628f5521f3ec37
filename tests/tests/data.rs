//! Real recorded logs through `fenliu import`, number by number as published.
//!
//! The logs lie at `$FENLIU_DATA` (`../shared/data` beside the project's root unless set); where they are not, these
//! tests are reported as ignored. The expected numbers are those of the data's own README and `expected.json`.

use std::fs;
use std::path::{Path, PathBuf};

use fenliu_tests::program::run_json;
use serde_json::{Value, json};

/// Where the logs lie.
fn logs() -> PathBuf {
    PathBuf::from(option_env!("FENLIU_REAL_LOGS").unwrap_or("../../shared/data"))
}

fn import(format: &str, file: &Path) -> Value {
    let file = file.to_str().expect("a path in UTF-8");
    run_json(&["import", "--format", format, file]).expect("it is imported")
}

/// The expected numbers of a month of the bank's log.
fn expected(month: &str) -> Value {
    let text =
        fs::read_to_string(logs().join("anonymous-bank-1999/expected.json")).expect("the file is there");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    all[month].clone()
}

/// Compares an import of the bank's log with what is expected of it: totals, hours, days and agents.
fn check_bank(imported: &Value, expected: &Value) {
    for (ours, theirs) in [
        ("offered", "offered"),
        ("answered", "answered"),
        ("abandoned", "abandoned"),
        ("within_limit", "answered_within_180s_of_wait"),
    ] {
        assert_eq!(imported[ours], expected[theirs], "{ours}");
    }
    assert_eq!(imported["by_hour"], expected["by_hour_vru_entry"]);
    let by_day: serde_json::Map<_, _> = expected["by_day"]
        .as_object()
        .expect("a map")
        .iter()
        .map(|(day, count)| (format!("19{}-{}-{}", &day[..2], &day[2..4], &day[4..]), count.clone()))
        .collect();
    assert_eq!(imported["by_day"], Value::Object(by_day));
    let agents: serde_json::Map<_, _> = expected["agents"]
        .as_object()
        .expect("a map")
        .iter()
        .map(|(name, agent)| {
            let line = json!({
                "calls": agent["calls"],
                "within_limit": agent["within_180s"],
                "sum_wait_seconds": agent["sum_wait_s"],
            });
            (name.clone(), line)
        })
        .collect();
    assert_eq!(imported["agents"], Value::Object(agents));
}

fn check_month(month: &str, rows: u64, rate: f64) {
    let imported = import("anonymous-bank", &logs().join(format!("anonymous-bank-1999/{month}.txt")));
    check_bank(&imported, &expected(month));
    assert_eq!(imported["rows_read"], rows);
    assert_eq!(imported["rows_malformed"], 0);
    assert_eq!(imported["rate"], rate);
}

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn january_of_the_bank_is_counted_as_published() {
    check_month("january1999", 31_599, 86.63);
}

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn february_of_the_bank_is_counted_as_published() {
    check_month("february1999", 33_344, 82.55);
}

/// Lines no reader can make sense of, each spoilt in its own way.
const SPOILT: [&[u8]; 6] = [
    b"AA0101\t33116",
    b"AA0101 33116\t9664491\t2\tPS\t990199\t0:00:31\t0:00:36\t5\t0:00:36\t0:03:09\t153\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER",
    b"AA0101\t33117\t0\t0\tNW\t990101\t0:61:12\t0:34:23\t11\t0:00:00\t0:00:00\t0\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER",
    b"AA0101\t33118\t0\t0\tNW\t990101\t0:34:12\t0:34:23\televen\t0:00:00\t0:00:00\tten\tAGENT\t0:00:00\t0:00:00\t0\tMICHAL",
    b"\xff\xfe\x00\x01 not text",
    b"one line of prose that somebody left in the middle of the log",
];
/// A spoilt line is put after every so many sound ones.
const EVERY: u64 = 4_000;

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn spoilt_lines_are_named_skipped_and_counted_and_change_no_number() {
    let sound = fs::read(logs().join("anonymous-bank-1999/january1999.txt")).expect("the log is there");
    let (mut text, mut spoilt_lines) = (Vec::new(), Vec::new());
    let mut spoilt = SPOILT.iter();
    let mut number = 0_u64;
    for line in sound.split_inclusive(|byte| *byte == b'\n') {
        text.extend_from_slice(line);
        number += 1;
        if number.is_multiple_of(EVERY)
            && let Some(spoilt) = spoilt.next()
        {
            text.extend_from_slice(spoilt);
            text.extend_from_slice(b"\r\n");
            number += 1;
            spoilt_lines.push(number);
        }
    }
    assert_eq!(spoilt_lines.len(), SPOILT.len(), "every spoilt line is in");
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("spoilt.txt");
    fs::write(&file, text).expect("written");

    let imported = import("anonymous-bank", &file);
    check_bank(&imported, &expected("january1999"));
    assert_eq!(imported["rows_malformed"], SPOILT.len());
    assert_eq!(imported["rows_read"], 31_599 + SPOILT.len());
    let named = imported["malformed"].as_array().expect("a list");
    let lines: Vec<_> = named.iter().map(|row| row["line"].as_u64().expect("a line")).collect();
    assert_eq!(lines, spoilt_lines);
    assert!(named.iter().all(|row| row["file"] == file.to_str().unwrap_or_default()), "{named:?}");
    assert!(named.iter().all(|row| row["why"].as_str().is_some_and(|why| !why.is_empty())), "{named:?}");
}

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn of_the_586_turns_of_twitters_brands_the_published_shares_are_in_time() {
    let imported = import("twitter-care", &logs().join("twitter-care/dev.json"));
    let judged: Vec<_> = imported["judgements"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|judged| {
            (
                judged["unit"].clone(),
                judged["limit_seconds"].clone(),
                judged["counted"].clone(),
                judged["rate"].clone(),
            )
        })
        .collect();
    let turn = json!("UNIT_TURN");
    assert_eq!(
        judged,
        [
            (turn.clone(), json!(180), json!(586), json!(10.07)),
            (turn.clone(), json!(3_600), json!(586), json!(47.10)),
            (turn, json!(86_400), json!(586), json!(83.28)),
            (json!("UNIT_SESSION"), json!(180), json!(525), json!(10.10)),
        ]
    );
    assert_eq!(imported["shops"].as_array().map(Vec::len), Some(24), "a shop for every brand");
    let median = |name: &str| imported["waits"][name].as_f64().expect("a number").round();
    assert_eq!(median("median_seconds"), 4_369.0);
    assert_eq!(median("median_first_response_seconds"), 7_419.0);
}

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn of_the_25_turns_of_five_chinese_chats_24_are_in_time() {
    let imported = import("uneed", &logs().join("uneed/uneed_5_dialogues.json"));
    let counts = ["offered", "answered", "within_limit"].map(|name| imported[name].clone());
    assert_eq!(counts, [json!(25), json!(25), json!(24)]);
    assert_eq!(imported["rate"], 96.0);
}

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn importing_a_log_twice_counts_it_once() {
    let place = tempfile::tempdir().expect("a directory");
    let data = place.path().join("data");
    let file = logs().join("uneed/uneed_5_dialogues.json");
    let arguments = [
        "import",
        "--format",
        "uneed",
        "--data-dir",
        data.to_str().expect("UTF-8"),
        file.to_str().expect("UTF-8"),
    ];
    let first = run_json(&arguments).expect("it is imported");
    let again = run_json(&arguments).expect("it is imported again");
    assert_eq!(again["events_imported"], 0);
    assert_eq!(again["events_repeated"], first["events_imported"]);
    assert_eq!((&again["offered"], &again["within_limit"]), (&first["offered"], &first["within_limit"]));
}
