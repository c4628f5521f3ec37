//! Packs that are kept, and which version of one holds.

use proptest::prelude::*;

use super::*;
use crate::pack::{in_force, samples};
use crate::problem::Reason;

fn version(version: u32, valid_from: &str) -> RulePack {
    let draft = Draft { version, valid_from: valid_from.into(), ..samples::pinduoduo_human() };
    draft.check().expect("sound")
}

fn on(day: &str) -> Day {
    day.parse().expect("a day")
}

#[test]
fn a_version_holds_from_its_day_until_the_next_one_begins() {
    let versions = [version(2, "2026-05-01"), version(1, "2026-03-01"), version(3, "2026-06-01")];
    let holds = |day: &str| in_force(&versions, on(day)).map(|pack| pack.version);
    assert_eq!(holds("2026-02-28"), None);
    assert_eq!(holds("2026-03-01"), Some(1));
    assert_eq!(holds("2026-04-30"), Some(1));
    assert_eq!(holds("2026-05-01"), Some(2));
    assert_eq!(holds("2026-12-31"), Some(3));
}

#[test]
fn of_two_versions_of_one_day_the_higher_holds_and_one_without_a_day_always_has() {
    let versions = [version(4, "2026-05-01"), version(5, "2026-05-01"), version(9, "")];
    let holds = |day: &str| in_force(&versions, on(day)).map(|pack| pack.version);
    assert_eq!((holds("2026-04-30"), holds("2026-05-01")), (Some(9), Some(5)));
}

proptest! {
    #[test]
    fn no_other_version_that_has_begun_goes_before(days in prop::collection::vec(1_u32..29, 1..8), day in 1_u32..29) {
        let numbered = days.iter().zip(1_u32..);
        let versions: Vec<_> =
            numbered.map(|(day, number)| version(number, &format!("2026-05-{day:02}"))).collect();
        let day = on(&format!("2026-05-{day:02}"));
        let begun = |pack: &&RulePack| pack.valid_from <= Some(day);
        match in_force(&versions, day) {
            None => prop_assert_eq!(versions.iter().filter(begun).count(), 0),
            Some(held) => {
                prop_assert!(begun(&held));
                for other in versions.iter().filter(begun) {
                    let newer = (other.valid_from, other.version) > (held.valid_from, held.version);
                    prop_assert!(!newer, "{} hides {}", held.version, other.version);
                }
            }
        }
    }
}

#[test]
fn a_pack_is_kept_only_with_its_source_its_confidence_and_its_day() {
    let sound = Draft {
        source: "the rule page, read on 2 May 2026".into(),
        confidence: Confidence::Official,
        valid_from: "2026-05-02".into(),
        ..samples::pinduoduo_human()
    };
    assert!(sound.clone().check_for_keeping().is_ok());
    let fields = |draft: Draft| {
        let problem = draft.check_for_keeping().expect_err("something is missing");
        assert_eq!(problem.reason, Reason::RulePackInvalid);
        problem.violations.into_iter().map(|violation| violation.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(Draft { source: "  ".into(), ..sound.clone() }), ["source"]);
    assert_eq!(fields(Draft { confidence: Confidence::Unknown, ..sound.clone() }), ["confidence"]);
    assert_eq!(fields(Draft { valid_from: String::new(), ..sound.clone() }), ["valid_from"]);
    let bare = Draft { source: String::new(), valid_from: String::new(), limit: Span::ZERO, ..sound };
    assert_eq!(fields(bare), ["limit_duration", "source", "valid_from"]);
}
