use std::collections::BTreeMap;

use chrono::Timelike;

use super::*;
use crate::recorded::{open, samples};

const SOUND: &str = "AA0101\t34540\t48178511\t2\tPS\t990201\t8:19:42\t8:19:47\t5\t8:19:47\t8:20:21\t34\tAGENT\t8:20:20\t8:22:04\t104\tMICHAL";

fn header() -> String {
    format!("{}\r\n", HEADER.join("\t"))
}

/// The rows of these lines under a sound header.
fn read(bytes: &[u8]) -> Vec<Row> {
    let bytes = [header().as_bytes(), bytes].concat();
    let reader = Reader::open(bytes.as_slice()).expect("the header is sound");
    reader.map(|row| row.expect("memory does not fail")).collect()
}

fn refused(header: &str) -> String {
    let text = format!("{header}\n{SOUND}\n");
    let opened = Reader::open(text.as_bytes());
    opened.err().map(|error| error.to_string()).expect("the header is not sound")
}

#[test]
fn a_header_that_names_other_columns_is_refused_by_place_and_name() {
    let sound = header().trim_end().to_owned();
    assert_eq!(
        refused(&sound.replace("priority", "prio")),
        r#"column 4 of the header is "prio", expected priority"#
    );
    let swapped = sound.replace("vru_entry\tvru_exit", "vru_exit\tvru_entry");
    assert_eq!(refused(&swapped), r#"column 7 of the header is "vru_exit", expected vru_entry"#);
    let shorter = sound.trim_end_matches("\tserver");
    assert_eq!(refused(shorter), r#"column 17 of the header is "", expected server"#);
    assert!(refused(&format!("{sound}\tshift")).contains(r#"a column too many: "shift""#));
    assert_eq!(refused(SOUND), r#"column 1 of the header is "AA0101", expected vru+line"#);
    assert!(refused(&"x".repeat(crate::recorded::MAX_LINE_BYTES + 1)).contains("expected the header"));
}

#[test]
fn a_header_may_differ_in_letter_case_and_spaces() {
    let text = format!("\u{feff}{} \t\r\n{SOUND}\n", HEADER.join(" \t").to_uppercase());
    assert_eq!(Reader::open(text.as_bytes()).expect("is sound").count(), 1);
    assert_eq!(Reader::open(&b""[..]).expect("is empty").count(), 0);
}

fn one(text: &str) -> Conversation {
    match read(text.as_bytes()).as_slice() {
        [Row::Conversation(conversation)] => conversation.clone(),
        other => panic!("expected one conversation, got {other:?}"),
    }
}

#[test]
fn a_call_is_opened_in_the_menu_asked_in_the_queue_and_answered_by_a_person() {
    let call = one(SOUND);
    assert_eq!(call.opened.to_string(), "1999-02-01T06:19:42Z");
    assert_eq!(call.asked().map(|t| t.to_string()), Some("1999-02-01T06:19:47Z".into()));
    assert_eq!(call.wait(), Some(Span::from_secs(34)));
    assert_eq!(call.handling(), Some(Span::from_secs(104)));
    assert_eq!((call.agent(), call.vip, call.buyer.as_str()), (Some("MICHAL"), true, "48178511"));
}

#[test]
fn a_time_of_day_before_the_menu_is_on_the_next_day() {
    let call = one(
        "AA0102\t31056\t15696776\t2\tPS\t990215\t23:59:54\t23:59:54\t0\t0:00:00\t0:00:27\t27\tAGENT\t0:00:26\t0:01:33\t67\tAVNI",
    );
    assert!(call.repairs.next_day);
    assert_eq!(call.opened.to_string(), "1999-02-15T21:59:54Z");
    assert_eq!(call.asked().map(|t| t.to_string()), Some("1999-02-15T22:00:00Z".into()));
}

#[test]
fn nobody_known_is_never_an_agent() {
    let call = one(&SOUND.replace("MICHAL", NO_SERVER));
    assert_eq!(call.agent(), None);
    assert!(call.answered().is_some());
    assert!(!call.happenings.iter().any(|h| matches!(h.what, What::Assigned(_))));
}

#[test]
fn a_caller_who_hangs_up_in_the_queue_leaves_it_then() {
    let call = one(&SOUND.replace("AGENT", "HANG"));
    assert_eq!(call.answered(), None);
    assert_eq!(call.wait(), Some(Span::from_secs(34)));
}

#[test]
fn phantoms_and_callers_who_never_left_the_menu_are_not_offered() {
    assert_eq!(read(SOUND.replace("AGENT", "PHANTOM").as_bytes()), [Row::NotOffered]);
    let menu = SOUND.replace("AGENT", "HANG").replace("\t34\t", "\t0\t");
    assert_eq!(read(menu.as_bytes()), [Row::NotOffered]);
}

#[test]
fn damaged_lines_are_named_and_the_sound_ones_between_them_are_read() {
    let mut bytes = Vec::new();
    for damaged in [
        SOUND.replace("\tMICHAL", ""),
        format!("{SOUND}\textra"),
        SOUND.replace("\t34\t", "\tx\t"),
        SOUND.replace("8:19:42", "25:19:42"),
        SOUND.replace("8:22:04", "8:61:04"),
        SOUND.replace("8:22:04", "8:+1:04"),
        SOUND.replace("990201", "990230"),
        SOUND.replace("990201", "99×1"),
        SOUND.replace("AGENT", "AGENTS"),
        SOUND.replace("\t104\t", "\t99999999999999999999\t"),
        SOUND.replace("\t104\t", "\t9999999999\t"),
        SOUND.replace("MICHAL", &"M".repeat(200)),
        SOUND.replace("MICHAL", "MI\u{0}CHAL"),
        "x".repeat(crate::recorded::MAX_LINE_BYTES + 1),
    ] {
        bytes.extend_from_slice(damaged.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\xff\xfe\t\r\n\r\n");
    bytes.extend_from_slice(SOUND.as_bytes());
    let rows = read(&bytes);
    let lines: Vec<u64> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Malformed(malformed) => Some(malformed.line),
            Row::Conversation(_) | Row::NotOffered => None,
        })
        .collect();
    assert_eq!(lines, (2..=16).collect::<Vec<u64>>());
    assert!(matches!(rows.last(), Some(Row::Conversation(_))));
}

#[test]
fn two_calls_with_one_key_stay_two_and_get_the_same_keys_again() {
    let text = format!("{SOUND}\n{SOUND}\n");
    let keys = |text: &str| -> Vec<String> {
        read(text.as_bytes())
            .into_iter()
            .map(|row| match row {
                Row::Conversation(call) => call.key,
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let first = keys(&text);
    assert_ne!(first[0], first[1]);
    assert_eq!(first, keys(&text));
}

#[test]
fn an_hour_that_the_clock_skipped_or_repeated_has_a_moment() {
    let skipped = NaiveDate::from_ymd_opt(1999, 4, 2).expect("a day");
    let at = NaiveTime::from_hms_opt(2, 30, 0).expect("a time");
    assert!(moment(skipped, at).is_ok());
    assert!(moment(NaiveDate::MAX, at).is_err());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        read(&bytes);
        let _ = Reader::open(bytes.as_slice()).map(Iterator::count);
    }

    #[test]
    fn no_damage_to_a_sound_line_makes_the_reader_panic(at in 0usize..120, byte in 0u8..=255) {
        let mut bytes = SOUND.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        proptest::prop_assert!(!read(&bytes).is_empty());
    }
}

#[test]
fn a_caller_who_hung_up_and_was_called_back_is_that_agents_and_was_never_answered() {
    let call = one(
        "AA0103\t24653\t0\t0\tNW\t990113\t6:27:54\t6:28:03\t9\t6:28:03\t6:46:10\t1087\tHANG\t7:26:44\t7:30:08\t204\tDARMON",
    );
    assert_eq!((call.answered(), call.agent()), (None, Some("DARMON")));
    assert_eq!(call.wait(), Some(Span::from_secs(1_087)));
}

/// Counts straight from the rows, as `expected.json` has them.
#[derive(Default)]
struct Counts {
    rows: u64,
    offered: u64,
    answered: u64,
    within: u64,
    wait: i64,
    hours: [u64; 24],
    days: BTreeMap<String, u64>,
    agents: BTreeMap<String, AgentCounts>,
}

#[derive(Default)]
struct AgentCounts {
    calls: i64,
    wait: i64,
    within: i64,
}

fn count(path: &std::path::Path) -> Counts {
    let mut counts = Counts::default();
    for row in open(Format::AnonymousBank, path, Box::new(|_| {})).expect("opens") {
        counts.rows += 1;
        match row.expect("reads") {
            Row::Conversation(call) => counts.take(&call),
            Row::NotOffered => {}
            Row::Malformed(malformed) => panic!("the two months are sound: {malformed}"),
        }
    }
    counts
}

impl Counts {
    fn take(&mut self, call: &Conversation) {
        self.offered += 1;
        let opened = chrono::DateTime::from_timestamp_micros(call.opened.micros()).expect("in range");
        let local = opened.with_timezone(&Format::AnonymousBank.zone());
        self.hours[local.hour() as usize] += 1;
        *self.days.entry(local.format("%y%m%d").to_string()).or_default() += 1;
        let wait = call.wait().expect("every call ends").micros() / 1_000_000;
        let answered = call.answered().is_some();
        let within = answered && wait <= 180;
        if answered {
            self.answered += 1;
            self.within += u64::from(within);
            self.wait += wait;
        }
        if let Some(agent) = call.agent() {
            let agent = self.agents.entry(agent.to_owned()).or_default();
            agent.calls += 1;
            agent.wait += wait;
            agent.within += i64::from(within);
        }
    }
}

#[test]
#[cfg_attr(not(real_logs), ignore = "the real logs are not there: set FENLIU_DATA")]
fn the_published_counts_come_out_of_the_real_months() {
    let expected = samples::path("anonymous-bank-1999/expected.json");
    let text = std::fs::read_to_string(expected).expect("reads");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    for month in ["january1999", "february1999"] {
        let path = samples::path(&format!("anonymous-bank-1999/{month}.txt"));
        let (counts, expected) = (count(&path), &expected[month]);
        assert_eq!(counts.rows, expected["rows_ok"]);
        assert_eq!(counts.offered, expected["offered"]);
        assert_eq!(counts.answered, expected["answered"]);
        assert_eq!(counts.within, expected["answered_within_180s_of_wait"]);
        assert_eq!(counts.wait, expected["sum_wait_answered_s"]);
        assert_eq!(serde_json::json!(counts.hours), expected["by_hour_vru_entry"]);
        assert_eq!(serde_json::json!(counts.days), expected["by_day"]);
        let agents = expected["agents"].as_object().expect("an object");
        assert_eq!(counts.agents.len(), agents.len());
        for (name, counts) in &counts.agents {
            let expected = &agents[name];
            assert_eq!(counts.calls, expected["calls"], "{name}");
            assert_eq!(counts.wait, expected["sum_wait_s"], "{name}");
            assert_eq!(counts.within, expected["within_180s"], "{name}");
        }
    }
}
