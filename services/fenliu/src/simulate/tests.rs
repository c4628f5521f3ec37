//! What is asked for, and what is told.

use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::cli::{Cli, Command};
use crate::recorded::samples;

fn try_asked(words: &[&str]) -> anyhow::Result<Answer> {
    let words = ["fenliu", "simulate", "--seeds", "3"].iter().chain(words);
    let Command::Simulate(args) = Cli::try_parse_from(words)?.command else { panic!("another command") };
    simulate(&args)
}

fn asked(words: &[&str]) -> Answer {
    try_asked(words).expect("simulated")
}

fn refused(words: &[&str]) -> String {
    format!("{:#}", try_asked(words).expect_err("refused"))
}

fn names(answer: &Answer) -> Vec<&str> {
    let receptions = answer.json()["receptions"].as_array().expect("receptions");
    receptions.iter().map(|line| line["name"].as_str().expect("a name")).collect()
}

fn mean(figure: &Value) -> f64 {
    figure["mean"].as_f64().expect("a figure")
}

/// A file of this content in a directory of its own.
fn file(of: &tempfile::TempDir, name: &str, content: &str) -> PathBuf {
    let path = of.path().join(name);
    std::fs::write(&path, content).expect("written");
    path
}

fn word(path: &Path) -> &str {
    path.to_str().expect("a path that can be told")
}

#[test]
fn strategies_are_compared_on_the_same_buyers_with_the_first() {
    let answer = asked(&["--buyers", "2000", "--strategy", "random", "--strategy", "least_saturated"]);
    assert_eq!(names(&answer), ["random", "least_saturated"]);
    let better = &answer.json()["receptions"][1]["in_time"]["beside_the_first"];
    assert!(mean(better) > better["half_width"].as_f64().expect("a width"), "more in time: {better}");
    let told = answer.json();
    let rates = told["receptions"][1]["rates"].as_array().expect("rates");
    let under = rates.iter().find(|rate| rate["rule_pack_id"] == "pinduoduo-3min-human").expect("shipped");
    assert!(mean(&under["beside_the_first"]) > 0.0, "and under a pack that counts buyers: {under}");
}

#[test]
fn without_a_wish_four_strategies_are_compared_under_every_pack() {
    let answer = asked(&["--buyers", "300"]);
    assert_eq!(names(&answer), ["random", "round_robin", "least_saturated", "least_unanswered"]);
    let packs = answer.json()["receptions"][0]["rates"].as_array().expect("rates").len();
    assert_eq!(packs, fenliu_analytics::shipped_packs().expect("packs").len());
    assert_eq!(asked(&["--buyers", "300"]).text(), answer.text(), "the same seeds give the same answer");
}

#[test]
fn policies_are_compared_presets_and_documents() {
    let folder = tempfile::tempdir().expect("a directory");
    let own = file(
        &folder,
        "own.json",
        r#"{"policy": {"timeZone": "UTC", "serviceStart": "00:00", "serviceEnd": "24:00", "strategy": "round_robin",
            "fallbacks": ["FALLBACK_QUEUE"], "queueLimit": 100, "reopenWindowDuration": "0s",
            "heartbeatGraceDuration": "60s"}}"#,
    );
    let answer = asked(&["--buyers", "300", "--policy", "tiktok", "--policy", word(&own)]);
    assert_eq!(names(&answer), ["tiktok", "own"]);
    assert_eq!(answer.json()["receptions"][1]["strategy"], "round_robin");
    let both =
        asked(&["--buyers", "300", "--policy", "tiktok", "--strategy", "random", "--strategy", "manual"]);
    assert_eq!(names(&both), ["tiktok, random", "tiktok, manual"]);
}

#[test]
fn rosters_are_compared_on_the_hours_of_a_day() {
    let folder = tempfile::tempdir().expect("a directory");
    let short = file(&folder, "short.csv", "agent,2026-01-05,2026-01-06\nann,08:00-18:00,08:00-18:00\n");
    let long = file(
        &folder,
        "long.csv",
        "agent,2026-01-05,2026-01-06\nann,08:00-16:00/12:00-12:30,day\nbob,15:00-23:00,15:00-23:00\n",
    );
    let mut hours = vec!["0"; 24];
    hours[8..23].fill("12");
    let hourly = hours.join(",");
    let answer = asked(&[
        "--zone",
        "Asia/Shanghai",
        "--hourly",
        &hourly,
        "--pack",
        "pinduoduo-3min-human",
        "--roster",
        word(&short),
        "--roster",
        word(&long),
    ]);
    assert_eq!(names(&answer), ["short", "long"]);
    let [short, long] = [0, 1].map(|place| &answer.json()["receptions"][place]);
    assert_eq!((&short["agents"], &long["agents"]), (&1.into(), &2.into()));
    let better = &long["rates"][0]["beside_the_first"];
    assert!(mean(better) > 10.0, "the evening is answered as well: {better}");
}

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn buyers_may_come_when_those_of_a_real_log_came() {
    let log = samples::path("twitter-care/dev.json");
    let answer = asked(&["--log", word(&log), "--format", "twitter-care", "--agents", "3"]);
    assert!(answer.text().contains("when those of the log came"), "{}", answer.text());
    assert_eq!(answer.json()["time_zone"], "UTC");
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a directory");
    let roster = file(&folder, "week.csv", "agent,2026-01-05\nann,day\n");
    let other = file(&folder, "other.csv", "agent,2026-01-06\nann,day\n");
    let nonsense = file(&folder, "nonsense.csv", "agent,2026-01-05\nann,25:00-26:00\n");
    let day = vec!["1"; 24].join(",");
    for (words, expected) in [
        (
            vec!["--pack", "mine"],
            "--pack \"mine\" is no rule pack; there are douyin-3min, jd-first-30s, pinduoduo-3min-human",
        ),
        (vec!["--zone", "Mars"], "--zone: time_zone \"Mars\" is not in the IANA database"),
        (vec!["--roster", word(&roster)], "give --hourly or --log as well"),
        (vec!["--hourly", &day, "--roster", word(&roster), "--roster", word(&other)], "of different days"),
        (vec!["--hourly", &day, "--roster", word(&nonsense)], "line 2, column 2"),
        (vec!["--hourly", &day, "--load", "50"], "cannot be used with"),
        (vec!["--hourly", "1,2"], "must be 24 numbers"),
        (vec!["--days", "3"], "--hourly"),
        (vec!["--strategy", "fastest"], "must be one of"),
        (vec!["--log", "nowhere.txt"], "nowhere.txt"),
    ] {
        let error = refused(&words);
        assert!(error.contains(expected), "{words:?}: {error}");
    }
}
