//! Imports through a real embedded fenliu, against what was published of the logs.

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::cli::TargetArgs;
use crate::recorded::{Format, samples};

fn args(format: Format, files: Vec<PathBuf>) -> ImportArgs {
    ImportArgs { format, files, shop: None, pack: None, target: TargetArgs::default() }
}

async fn imported(args: &ImportArgs) -> Value {
    import(args).await.expect("imports").json().clone()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
async fn the_bank_months_come_out_as_published_by_hour_and_agent() {
    let text = std::fs::read_to_string(samples::path("anonymous-bank-1999/expected.json")).expect("reads");
    let expected: Value = serde_json::from_str(&text).expect("is JSON");
    for month in ["january1999", "february1999"] {
        let file = samples::path(&format!("anonymous-bank-1999/{month}.txt"));
        let found = imported(&args(Format::AnonymousBank, vec![file])).await;
        let expected = &expected[month];
        for (ours, theirs) in [
            ("rows_read", "rows_ok"),
            ("rows_malformed", "rows_bad"),
            ("offered", "offered"),
            ("answered", "answered"),
            ("abandoned", "abandoned"),
            ("within_limit", "answered_within_180s_of_wait"),
            ("by_hour", "by_hour_vru_entry"),
        ] {
            assert_eq!(found[ours], expected[theirs], "{month} {ours}");
        }
        let rate = if month == "january1999" { 86.63 } else { 82.55 };
        assert_eq!(found["rate"], rate);
        check_days(&found, expected);
        check_agents(&found, expected);
    }
}

fn check_days(found: &Value, expected: &Value) {
    let days = found["by_day"].as_object().expect("days");
    let short: serde_json::Map<String, Value> =
        days.iter().map(|(day, count)| (day.replace('-', "")[2..].to_owned(), count.clone())).collect();
    assert_eq!(Value::Object(short), expected["by_day"]);
}

fn check_agents(found: &Value, expected: &Value) {
    let agents = expected["agents"].as_object().expect("agents");
    assert_eq!(found["agents"].as_object().map(serde_json::Map::len), Some(agents.len()));
    for (name, expected) in agents {
        let found = &found["agents"][name];
        assert_eq!(found["calls"], expected["calls"], "{name}");
        assert_eq!(found["within_limit"], expected["within_180s"], "{name}");
        assert_eq!(found["sum_wait_seconds"], expected["sum_wait_s"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
async fn the_turns_of_twitter_care_come_out_as_published() {
    let found = imported(&args(Format::TwitterCare, vec![samples::path("twitter-care/dev.json")])).await;
    let judged =
        |n: usize| (found["judgements"][n]["counted"].clone(), found["judgements"][n]["rate"].clone());
    assert_eq!(judged(0), (586.into(), 10.07.into()));
    assert_eq!(judged(1), (586.into(), 47.1.into()));
    assert_eq!(judged(2), (586.into(), 83.28.into()));
    assert_eq!(judged(3), (525.into(), 10.1.into()));
    let median = |what: &str| found["waits"][what].as_f64().expect("a number").round();
    assert_eq!(median("median_seconds"), 4_369.0);
    assert_eq!(median("median_first_response_seconds"), 7_419.0);
    assert_eq!(found["shops"].as_array().map(Vec::len), Some(24));
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
async fn the_turns_of_uneed_come_out_as_published() {
    let found = imported(&args(Format::Uneed, vec![samples::path("uneed/uneed_5_dialogues.json")])).await;
    assert_eq!((&found["rule_pack"], &found["offered"]), (&"taobao-3min".into(), &25.into()));
    assert_eq!((&found["within_limit"], &found["rate"]), (&24.into(), &96.0.into()));
}

const LOG: &str = "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver\r\n\
AA0101\t1\t0\t0\tPS\t990301\t8:00:00\t8:00:09\t9\t8:00:09\t8:00:39\t30\tAGENT\t8:00:39\t8:02:00\t81\tTOVA\r\n\
AA0101\t2\t0\t0\tPS\t990301\t8:10:00\t8:10:09\t9\t8:10:09\t8:13:29\t200\tAGENT\t8:13:29\t8:14:00\t31\tTOVA\r\n\
AA0101\t3\t0\t0\tPS\t990301\t8:20:00\r\n\
AA0101\t4\t0\t0\tPS\t990301\t9:20:00\t9:20:09\t9\t9:20:09\t9:20:49\t40\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER";

/// A call late in the evening of the log's zone is one of the next day in a shop farther east.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_into_a_shop_of_another_zone_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let tea = directory.path().join("tea.json");
    let dialogue = r#"[{"domain":"d","sid":"s","sellerid":"1","userid":"2","dialogue":[
        {"time":"2018-09-30 15:57:00","sender_type":"用户"},{"time":"2018-09-30 15:57:14","sender_type":"客服"}]}]"#;
    std::fs::write(&tea, dialogue).expect("writes");
    let bank = directory.path().join("bank.txt");
    std::fs::write(&bank, LOG.replace("8:20", "23:20").replace("9:20", "23:20")).expect("writes");
    let data_dir = Some(directory.path().join("data"));
    let target = TargetArgs { data_dir, ..TargetArgs::default() };
    let first = imported(&ImportArgs { target: target.clone(), ..args(Format::Uneed, vec![tea]) }).await;
    let shop = first["shops"][0]["shop_id"].as_str().map(str::to_owned);
    let second = imported(&ImportArgs { shop, target, ..args(Format::AnonymousBank, vec![bank]) }).await;
    assert_eq!((&second["time_zone"], &second["offered"]), (&"Asia/Shanghai".into(), &3.into()));
    assert_eq!(second["by_day"].as_object().map(serde_json::Map::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_twice_changes_nothing_and_malformed_rows_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("march1999.txt");
    let mut log = std::fs::File::create(&file).expect("a file");
    log.write_all(LOG.as_bytes()).expect("writes");
    let mut args = args(Format::AnonymousBank, vec![file.clone()]);
    args.target.data_dir = Some(directory.path().join("data"));
    let first = imported(&args).await;
    let second = imported(&args).await;
    assert_eq!(
        (&first["offered"], &first["answered"], &first["within_limit"]),
        (&3.into(), &2.into(), &1.into())
    );
    assert_eq!(first["malformed"][0]["line"], 4);
    assert_eq!(first["malformed"][0]["file"], file.display().to_string());
    assert_eq!(
        (&second["events_imported"], &second["events_repeated"]),
        (&0.into(), &first["events_imported"])
    );
    let without_events = |mut outcome: Value| {
        let fields = outcome.as_object_mut().expect("an object");
        fields.retain(|name, _| !name.starts_with("events_"));
        outcome
    };
    assert_eq!(without_events(first), without_events(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_says_why() {
    let directory = tempfile::tempdir().expect("a directory");
    let refused =
        |args: ImportArgs| async move { format!("{:#}", import(&args).await.expect_err("refused")) };
    let missing = refused(args(Format::Uneed, vec![directory.path().join("nowhere.json")])).await;
    assert!(missing.contains("there is no file"), "{missing}");
    let folder = refused(args(Format::Uneed, vec![directory.path().to_owned()])).await;
    assert!(folder.contains("is a directory"), "{folder}");
    let empty = directory.path().join("empty.txt");
    let header = LOG.lines().next().expect("a header");
    std::fs::write(&empty, format!("{header}\n\u{0}\u{0}\n")).expect("writes");
    let nothing = refused(args(Format::AnonymousBank, vec![empty.clone()])).await;
    assert!(nothing.contains("no conversation to import") && nothing.contains("empty.txt:2"), "{nothing}");
    let renamed = directory.path().join("renamed.txt");
    std::fs::write(&renamed, LOG.replace("customer_id", "customer")).expect("writes");
    let named = refused(args(Format::AnonymousBank, vec![renamed])).await;
    assert!(named.contains("renamed.txt:1: column 3") && named.contains("expected customer_id"), "{named}");
    let log = directory.path().join("log.txt");
    std::fs::write(&log, LOG).expect("writes");
    let unknown =
        ImportArgs { pack: Some("no-such-pack".into()), ..args(Format::AnonymousBank, vec![log.clone()]) };
    assert!(refused(unknown).await.starts_with("RULE_PACK_NOT_FOUND"));
    let shop = Some(format!("shp_{:032x}", 1));
    let foreign = ImportArgs { shop, ..args(Format::AnonymousBank, vec![log]) };
    assert!(refused(foreign.clone()).await.starts_with("SHOP_NOT_FOUND"));
    let elsewhere = directory.path().join("elsewhere");
    let target = TargetArgs { data_dir: Some(elsewhere.clone()), ..TargetArgs::default() };
    let refusal = refused(ImportArgs { target, ..foreign }).await;
    assert!(refusal.contains("holds no fenliu data"), "{refusal}");
    assert!(!elsewhere.exists(), "nothing is made just to say so");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_into_a_shop_that_is_there_once_each_and_malformed_rows_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (log, file) = (directory.path().join("log.txt"), directory.path().join("orders.jsonl"));
    std::fs::write(&log, LOG).expect("writes");
    let row = |number: usize| {
        format!(r#"{{"record_id":"{number}","buyer_id":"b","placed_time":"1999-03-01T10:00:00+02:00"}}"#)
    };
    // More than one request holds, and one that is malformed.
    let mut rows: Vec<_> = (0..1_500).map(row).collect();
    rows[1] = rows[1].replace("placed_time", "placed");
    std::fs::write(&file, rows.join("\n")).expect("writes");
    let target = TargetArgs { data_dir: Some(directory.path().join("data")), ..TargetArgs::default() };
    let first =
        imported(&ImportArgs { target: target.clone(), ..args(Format::AnonymousBank, vec![log]) }).await;
    let shop = first["shops"][0]["shop_id"].as_str().map(str::to_owned);
    let orders = ImportArgs { shop, target, ..args(Format::OrdersJsonl, vec![file]) };
    for (imported_now, repeated) in [(1_499, 0), (0, 1_499)] {
        let told = imported(&orders).await;
        assert_eq!(
            (&told["orders_imported"], &told["orders_repeated"]),
            (&imported_now.into(), &repeated.into())
        );
        assert_eq!((&told["rows_read"], &told["malformed"][0]["line"]), (&1_500.into(), &2.into()));
        assert!(told["malformed"][0]["why"].as_str().expect("a reason").contains("placed"), "{told}");
    }
    for (wrong, why) in [
        (ImportArgs { shop: None, ..orders.clone() }, "--shop"),
        (ImportArgs { pack: Some("taobao-3min".into()), ..orders.clone() }, "--pack"),
        (ImportArgs { shop: Some(format!("shp_{:032x}", 1)), ..orders }, "SHOP_NOT_FOUND"),
    ] {
        let refused = import(&wrong).await.expect_err("refused").to_string();
        assert!(refused.contains(why), "{refused}");
    }
}
