//! The ten properties of `../README.md`, over random commands.
//!
//! One run says all the commands and looks for all the properties at once ([`campaign`]); each property has a test of
//! its own name, which fails when the run has broken it, and then looks for the fewest commands that do.

mod run;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::property::{Broken, Property};
use crate::desk::chatter::{Sequence, sequences};

/// How many sequences of commands are said unless `FENLIU_CASES` asks for another number.
const USUAL_CASES: u32 = 5_000;
/// How many commands a sequence has at least, on average; it has about 60.
const MEAN_COMMANDS: u128 = 50;

/// All the sequences of one run of the tests.
#[derive(Debug)]
struct Campaign {
    seed: u64,
    cases: u32,
    commands: u128,
    /// The first sequence that broke a property.
    broken_in: BTreeMap<Property, u32>,
}

/// Says every sequence, once for all the tests.
fn campaign() -> &'static Campaign {
    static CAMPAIGN: OnceLock<Campaign> = OnceLock::new();
    CAMPAIGN.get_or_init(|| {
        let (seed, cases) = (seed(), number("FENLIU_CASES").unwrap_or(USUAL_CASES));
        let mut campaign = Campaign { seed, cases, commands: 0, broken_in: BTreeMap::new() };
        for case in 0..cases {
            let (_, sequence) = sequence(seed, case);
            let (broken, commands) = broken_by(&sequence.current());
            campaign.commands += commands;
            for (property, _) in broken.iter() {
                campaign.broken_in.entry(property).or_insert(case);
            }
        }
        campaign
    })
}

fn number<N: std::str::FromStr>(variable: &str) -> Option<N> {
    std::env::var(variable).ok().and_then(|number| number.parse().ok())
}

/// `FENLIU_SEED`, or any.
fn seed() -> u64 {
    let drawn = || any::<u64>().new_tree(&mut TestRunner::default()).expect("any number will do").current();
    number("FENLIU_SEED").unwrap_or_else(drawn)
}

/// One sequence of the campaign with this seed, which shrinks, and who made it.
fn sequence(seed: u64, case: u32) -> (TestRunner, impl ValueTree<Value = Sequence>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&case.to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tree = sequences().new_tree(&mut runner).expect("no sequence is refused");
    (runner, tree)
}

/// What a sequence breaks, and how many commands it had. Whatever panics is broken too.
fn broken_by(sequence: &Sequence) -> (Broken, u128) {
    let mut broken = Broken::default();
    let ran = catch_unwind(AssertUnwindSafe(|| run::run(sequence, &mut broken)));
    broken.unless(ran.is_ok(), Property::Beside, "nothing panics; what did is said above");
    (broken, ran.unwrap_or_default())
}

/// Fails with the fewest commands that break the property, if the campaign has found any that do.
fn check(property: Property) {
    let campaign = campaign();
    let Some(case) = campaign.broken_in.get(&property) else { return };
    let (mut runner, tree) = sequence(campaign.seed, *case);
    let failed = runner.run_one(tree, |sequence| {
        let (broken, _) = broken_by(&sequence);
        broken.get(property).map_or(Ok(()), |what| Err(TestCaseError::fail(what.to_owned())))
    });
    let Err(TestError::Fail(what, least)) = failed else {
        panic!("sequence {case} of FENLIU_SEED={} broke it once, but not twice", campaign.seed)
    };
    panic!("not so: {what}\nafter {least:#?}\nFENLIU_SEED={} shows it again", campaign.seed);
}

#[test]
fn a_conversation_has_at_most_one_assignee() {
    check(Property::OneAssignee);
}

#[test]
fn load_never_exceeds_capacity_through_an_automatic_assignment() {
    check(Property::Capacity);
}

#[test]
fn nobody_receives_a_conversation_in_a_state_whose_row_of_the_presence_table_says_no() {
    check(Property::Presence);
}

#[test]
fn if_the_queue_is_not_empty_nobody_in_the_rings_that_are_open_to_it_has_room() {
    check(Property::NobodyHasRoom);
}

#[test]
fn every_conversation_begun_is_in_one_place() {
    check(Property::OnePlace);
}

#[test]
fn within_group_and_priority_automatic_assignment_is_first_come_first_served() {
    check(Property::FirstCome);
}

#[test]
fn replay_gives_exactly_the_state_that_apply_left() {
    check(Property::Replay);
}

#[test]
fn the_same_commands_at_the_same_times_give_the_same_events() {
    check(Property::SameEvents);
}

#[test]
fn events_are_dense_per_shop_each_naming_its_predecessor() {
    check(Property::Dense);
}

#[test]
fn time_never_runs_backwards_inside_a_desk() {
    check(Property::Forwards);
}

#[test]
fn what_is_said_beside_the_ten_holds_too() {
    check(Property::Beside);
}

/// 250,000 commands by default, and a million of them in `tests/run --long`.
#[test]
fn the_properties_are_looked_for_over_as_many_commands_as_promised() {
    let campaign = campaign();
    println!("{} commands in {} sequences, FENLIU_SEED={}", campaign.commands, campaign.cases, campaign.seed);
    // The mean of a few sequences says little.
    if campaign.cases >= USUAL_CASES {
        assert!(campaign.commands >= u128::from(campaign.cases) * MEAN_COMMANDS, "{campaign:?}");
    }
    assert!(u128::from(USUAL_CASES) * MEAN_COMMANDS >= 250_000);
    let script = include_str!("../../../../../tests/run");
    let long = script.lines().find_map(|line| line.strip_prefix("LONG_CASES=")).expect("it says how many");
    assert!(long.parse::<u128>().expect("a number") * MEAN_COMMANDS >= 1_000_000, "{long} sequences");
}

#[test]
fn each_property_of_the_readme_has_a_test_of_its_name() {
    let readme = include_str!("../README.md");
    let (_, list) = readme.split_once("\n1. ").expect("the properties are numbered");
    let (list, _) = list.split_once("\n\n").expect("something follows them");
    let sentences: Vec<_> = list.split("**").skip(1).step_by(2).map(slug).collect();
    assert_eq!(sentences, Property::TEN.map(Property::name), "the README's sentences in bold");
    let tests = include_str!("properties.rs");
    for property in Property::TEN.into_iter().chain([Property::Beside]) {
        let test = format!("#[test]\nfn {}() {{\n    check(Property::{property:?});\n}}\n", property.name());
        assert!(tests.contains(&test), "there is no\n{test}");
    }
    assert!(readme.contains(Property::Beside.name()));
}

/// A sentence as the name of a test.
fn slug(sentence: &str) -> String {
    let letters = sentence.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    letters.split_whitespace().collect::<Vec<_>>().join("_")
}
