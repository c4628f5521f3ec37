use super::*;

const START: Timestamp = Timestamp::from_micros_clamped(1_772_323_200_000_000);

#[test]
fn waits_double_from_a_second_to_a_quarter_of_an_hour() {
    let waits: Vec<i64> = (0..20).map(|failures| wait_after(failures, 5).micros() / 1_000_000).collect();
    assert_eq!(waits[..6], [0, 0, 0, 0, 0, 1]);
    assert_eq!(waits[6..16], [2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
    assert_eq!(wait_after(u32::MAX, 5), LONGEST_WAIT);
}

/// How many of so many guesses are looked at, one each second.
fn looked_at(rule: Rule, guesses: i64) -> u32 {
    let mut tally = Tally::default();
    let mut looked_at = 0;
    for second in 0..guesses {
        if let Ok(after) = tally.attempt(rule, START + Span::from_secs(second)) {
            (tally, looked_at) = (after, looked_at + 1);
        }
    }
    looked_at
}

#[test]
fn ten_thousand_guesses_in_three_hours_are_mostly_not_looked_at() {
    assert_eq!(looked_at(PER_NAME, 10_000), 24);
    assert!(looked_at(PER_SOURCE, 10_000) < 125);
}

#[test]
fn an_attempt_that_must_wait_is_not_counted_and_is_told_how_long() {
    let blocked = Tally { failures: 9, last: START, blocked_until: START + Span::from_secs(16) };
    let refused = blocked.attempt(PER_NAME, START + Span::from_secs(6)).expect_err("it must wait");
    assert_eq!((refused.reason, refused.retry_after), (Reason::TooManyAttempts, Some(Span::from_secs(10))));
}

#[test]
fn success_clears_a_name_and_takes_one_from_a_source() {
    let tally = Tally { failures: 100, last: START, blocked_until: START + Span::from_secs(1) };
    assert_eq!(tally.forgiven(PER_NAME).failures, 0);
    let source = tally.forgiven(PER_SOURCE);
    assert_eq!((source.failures, source.blocked_until), (99, Timestamp::MIN));
}

#[test]
fn failures_are_forgotten_in_time() {
    let tally = Tally { failures: 99, last: START, blocked_until: START };
    let later = START + Span::from_mins(15) + Span::from_secs(1);
    assert_eq!(tally.attempt(PER_SOURCE, later).expect("it is free").failures, 1);
    assert_eq!(tally.attempt(PER_SOURCE, START).expect("it is the last free one").failures, 100);
}

#[test]
fn one_name_is_one_key_however_it_is_spelled_and_no_key_shows_it() {
    assert_eq!(Counted::for_name("Café"), Counted::for_name("cafe\u{301}"));
    assert_ne!(Counted::for_name("a"), Counted::for_name("b"));
    assert!(!Counted::for_name("hunter").key.contains("hunter"));
}

#[test]
fn of_two_attempts_at_once_the_one_that_looked_at_the_clock_first_is_not_refused() {
    let now = Timestamp::from_micros_clamped(1_000_000);
    let first = Tally::default().attempt(PER_SOURCE, now).expect("it is free");
    assert!(first.attempt(PER_SOURCE, now - Span::from_micros(15)).is_ok());
}
