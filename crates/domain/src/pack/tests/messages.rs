//! Packs that count each message, and facts that need every one.

use super::*;

fn messages() -> RulePack {
    RulePack { unit: Unit::Message, ..taobao() }
}

#[test]
fn each_message_is_judged_by_its_own_wait_even_within_a_minute() {
    let lines = [
        ("10:00:10", asked("1")),
        ("10:00:10.001", asked("2")),
        ("10:00:50", asked("3")),
        ("10:03:10.001", human("lan")),
    ];
    let report = report(messages(), &[story(&lines)]);
    assert_eq!((report.total.within_limit, report.total.counted), (2, 3));
    assert_eq!(report.misses[0].ask.message, "1");
}

#[test]
fn messages_outside_the_window_are_left_out_one_by_one() {
    let lines = [("07:59:59.999", asked("1")), ("08:00:00", asked("2")), ("08:02:00", human("lan"))];
    let total = report(messages(), &[story(&lines)]).total;
    assert_eq!((total.within_limit, total.counted, total.excluded_outside_window), (1, 1, 1));
}

#[test]
fn a_message_never_answered_is_a_miss_each() {
    let lines = [("10:00:00", asked("1")), ("10:00:01", asked("2")), ("10:00:02", asked("3"))];
    assert_eq!(report(messages(), &[story(&lines)]).total.missed_unanswered, 3);
}
