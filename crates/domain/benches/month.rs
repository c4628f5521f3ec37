//! What a month of a busy shop costs: its happenings folded into facts, and the facts judged by a pack.
//!
//! `cargo bench -p fenliu-domain --bench month` prints both beside a floor (the same happenings walked through once)
//! and what they make per second. The month is made up, as large as the recorded ones: 31,000 conversations. Storing
//! is not part of it; `cargo bench -p fenliu-analytics` measures the whole way through gRPC and SQLite.

use std::hint::black_box;
use std::time::{Duration, Instant};

use fenliu_domain::day::{DayRange, Zone};
use fenliu_domain::exchange::{Conversation, Happening, What};
use fenliu_domain::message::Actor;
use fenliu_domain::pack::{Draft, RulePack, Tally, Unit};
use fenliu_domain::time::{Span, Timestamp};

/// As many as the bank's February has.
const CONVERSATIONS: i64 = 31_000;
/// Rounds; their median counts.
const ROUNDS: usize = 9;

/// A conversation of four happenings, asked some time in February 1999 and answered within minutes.
fn happenings(n: i64) -> Vec<Happening> {
    let february = Timestamp::from_micros_clamped(917_820_000_000_000);
    let asked = february + Span::from_secs(n * 78);
    let answered = asked + Span::from_secs(n * 37 % 240);
    let agent = format!("agent {}", n % 20);
    let at = |at, what| Happening { at, what };
    vec![
        at(asked, What::Opened { buyer: format!("buyer {n}"), group: "PS".into(), vip: n % 4 == 0 }),
        at(asked, What::Asked { message: format!("{n}/asked") }),
        at(
            answered,
            What::Replied { message: format!("{n}/reply"), actor: Actor::Human, agent, small_talk: false },
        ),
        at(answered + Span::from_mins(3), What::Closed { abandoned: false }),
    ]
}

fn pack() -> RulePack {
    let draft = Draft {
        rule_pack_id: "bench".into(),
        version: 1,
        unit: Some(Unit::Session),
        limit: Span::from_secs(180),
        countable_actors: vec![Actor::Human],
        ..Draft::default()
    };
    draft.check().expect("a pack that makes sense")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort();
    rounds[rounds.len() / 2]
}

fn main() {
    let (mut floors, mut folds, mut judgements) = (Vec::new(), Vec::new(), Vec::new());
    let zone = Zone::parse("Asia/Jerusalem").expect("a zone");
    let mut events = 0;
    for _ in 0..ROUNDS {
        let month: Vec<Vec<Happening>> = (0..CONVERSATIONS).map(happenings).collect();
        events = month.iter().map(Vec::len).sum::<usize>();
        let (walked, floor) =
            timed(|| month.iter().flatten().map(|happening| happening.at.micros()).sum::<i64>());
        black_box(walked);
        let (facts, fold) = timed(|| {
            let folded = month.into_iter().zip(0_u32..);
            folded.map(|(happenings, n)| Conversation::fold(n.to_string(), happenings)).collect::<Vec<_>>()
        });
        let (report, judged) = timed(|| {
            let mut tally = Tally::new(pack(), zone, Timestamp::MAX, DayRange::default());
            for conversation in &facts {
                tally.add(conversation);
            }
            tally.finish()
        });
        assert_eq!(report.total.counted, u64::try_from(CONVERSATIONS).expect("positive"));
        floors.push(floor);
        folds.push(fold);
        judgements.push(judged);
    }
    println!("a month of {CONVERSATIONS} conversations, {events} happenings, median of {ROUNDS} rounds");
    for (what, rounds) in [("floor: walk", floors), ("fold", folds), ("judge", judgements)] {
        let took = median(rounds);
        let rate = events as f64 / took.as_secs_f64();
        println!("{what:>12} {:>9.2} ms {rate:>14.0} happenings/s", took.as_secs_f64() * 1e3);
    }
}
