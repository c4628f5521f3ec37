use fenliu_domain::time::Timestamp;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::history::v1::event::Payload;
use fenliu_proto::history::v1::{MessageReceived, Queued, RequestMark};
use proptest::prelude::*;

use super::*;

const SHOP: &str = "shp_00000000000000000000000000000001";

fn header() -> Header {
    Header {
        format: FORMAT.into(),
        version: VERSION,
        shop_id: SHOP.into(),
        display_name: "云雾茶铺".into(),
        time_zone: "Asia/Shanghai".into(),
        after_seq: 0,
        from: Some("2026-05-04".into()),
        to: None,
    }
}

fn event(seq: u64, payload: Payload) -> Event {
    let at = Timestamp::from_micros_clamped(1_777_845_600_250_000);
    Event {
        shop_id: SHOP.into(),
        seq,
        event_id: format!("evt_{seq:032x}"),
        occurred_time: Some(to_timestamp(at)),
        recorded_time: Some(to_timestamp(at)),
        conversation_id: format!("cnv_{:032x}", 7),
        payload: Some(payload),
        ..Default::default()
    }
}

fn asked(seq: u64) -> Event {
    event(
        seq,
        Payload::MessageReceived(MessageReceived {
            message_id: "msg_1".into(),
            kind: 1,
            ..Default::default()
        }),
    )
}

fn line(event: &Event) -> String {
    let mut line = Vec::new();
    Codec::new().expect("the contract").write(event, &mut line).expect("JSON");
    String::from_utf8(line).expect("UTF-8")
}

/// The file that these lines make, read again.
fn read(lines: &[&str]) -> io::Result<Vec<(u64, Result<Event, String>)>> {
    let text = lines.join("\n");
    let events = Events::open(text.as_bytes(), Codec::new().expect("the contract"))?;
    events.collect()
}

fn first_line() -> String {
    serde_json::to_string(&header()).expect("JSON")
}

#[test]
fn an_event_is_a_line_with_the_names_of_the_contract() {
    insta::assert_snapshot!(format!("{}\n{}", first_line(), line(&asked(12))), @r#"
    {"format":"fenliu-jsonl","version":1,"shop_id":"shp_00000000000000000000000000000001","display_name":"云雾茶铺","time_zone":"Asia/Shanghai","after_seq":0,"from":"2026-05-04","to":null}
    {"shop_id":"shp_00000000000000000000000000000001","seq":12,"event_id":"evt_0000000000000000000000000000000c","occurred_time":"2026-05-03T22:00:00.250Z","recorded_time":"2026-05-03T22:00:00.250Z","conversation_id":"cnv_00000000000000000000000000000007","message_received":{"message_id":"msg_1","kind":"MESSAGE_KIND_TEXT"}}
    "#);
}

#[test]
fn who_called_is_left_out_and_all_else_is_read_as_it_was() {
    let request = Some(RequestMark { caller: "agt_1".into(), ..Default::default() });
    let called = Event { request, traceparent: "00-1-2-3".into(), ..asked(12) };
    let written = line(&called);
    assert!(!written.contains("agt_1") && !written.contains("00-1-2-3"), "{written}");
    let found = read(&[&first_line(), written.trim_end()]).expect("reads");
    assert_eq!(found, [(2, Ok(asked(12)))]);
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_the_others_are_read() {
    let (good, again) = (line(&asked(1)), line(&asked(2)));
    let (good, again) = (good.trim_end(), again.trim_end());
    let unknown = good.replace("\"length\"", "\"x\"").replace("\"message_id\"", "\"massage_id\"");
    let foreign = good.replace(SHOP, &format!("shp_{:032x}", 2));
    let unsaid = good.replace("\"seq\":1,", "");
    let mistyped = good.replace("2026-05-03T22", "yesterday");
    let lines = [&first_line(), good, "{\"seq\":", "", &unknown, &foreign, &unsaid, &mistyped, again];
    let found = read(&lines).expect("reads");
    let malformed: Vec<_> =
        found.iter().filter_map(|(line, event)| Some((*line, event.as_ref().err()?.as_str()))).collect();
    assert_eq!(malformed.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 5, 6, 7, 8], "{malformed:?}");
    for ((_, why), expected) in malformed.iter().zip(["column 7", "massage_id", "shop_id", "seq", "column"]) {
        assert!(why.contains(expected), "{why} names no {expected}");
    }
    let seqs: Vec<_> = found.iter().filter_map(|(_, event)| Some(event.as_ref().ok()?.seq)).collect();
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn what_is_no_history_of_fenlius_is_refused_at_once() {
    let refused = |first: &str| read(&[first]).expect_err("no such file").to_string();
    assert!(refused("").contains("expected the first line"));
    assert!(refused("vru+line\tcall_id").contains("column 1"));
    assert!(refused(&first_line().replace(FORMAT, "other")).contains("format is \"other\""));
    assert!(refused(&first_line().replace("\"version\":1", "\"version\":2")).contains("version is 2"));
    assert!(refused(&first_line().replace("Asia/Shanghai", "Mars/Olympus")).contains("Mars/Olympus"));
    assert!(refused(&first_line().replace("shp_", "shop_")).contains("shop_id"));
    assert!(refused(&first_line().replace("\"to\"", "\"until\"")).contains("until"));
}

proptest! {
    #[test]
    fn whatever_a_line_holds_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = [first_line().as_bytes(), b"\n", &bytes].concat();
        let events = Events::open(text.as_slice(), Codec::new().expect("the contract")).expect("a header");
        prop_assert!(events.map(|event| event.expect("memory does not fail")).all(|(line, event)| line > 1 && event.is_err()));
    }

    #[test]
    fn names_and_numbers_come_back_whatever_they_are(buyer in ".{0,40}", rank in any::<u64>(), position in any::<u32>()) {
        let queued = Queued { group: buyer, position, ..Default::default() };
        let wanted = Event { seq: rank.max(1), ..event(1, Payload::Queued(queued)) };
        let found = read(&[&first_line(), line(&wanted).trim_end()]).expect("reads");
        prop_assert_eq!(found, vec![(2, Ok(wanted))]);
    }
}
