use fenliu_domain::time::Timestamp;

use super::*;
use crate::replay::calls::Recorded;

fn call(hour: i64, waited: i64, answered: bool) -> Call {
    let at = Timestamp::from_micros_clamped(hour * 3_600_000_000);
    Call {
        opened: at,
        asked: at,
        vip: false,
        patience: Span::ZERO,
        handling: Span::ZERO,
        recorded: Recorded { waited: Span::from_secs(waited), answered },
    }
}

#[test]
fn both_sides_are_counted_and_nobody_gets_lost() {
    let calls = [call(9, 180, true), call(9, 181, true), call(10, 40, false), call(11, 0, true)];
    let fates = [
        Fate::Answered(Span::from_secs(30)),
        Fate::Answered(Span::from_secs(10)),
        Fate::Abandoned(Span::from_secs(40)),
        Fate::Waiting,
    ];
    let comparison = Comparison::of(&calls, &fates, Zone::UTC);
    for side in [&comparison.recorded, &comparison.ours] {
        assert_eq!(comparison.offered, side.answered + side.abandoned + side.waiting);
    }
    let outcome = Outcome {
        reading: Reading { rows_read: 5, rows_not_offered: 1, ..Reading::default() },
        seed: 7,
        capacity: 1,
        agents: 2,
        duties: 3,
        median_patience_seconds: 612.0,
        comparison,
    };
    insta::assert_snapshot!(outcome.to_string());
}
