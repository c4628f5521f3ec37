//! A pack beside another.

use proptest::prelude::*;

use super::*;
use crate::day::DayRange;
use crate::exchange::{Conversation, Happening, Mark, What};
use crate::pack::naive::stories;
use crate::pack::{Evaluated, Evaluation, Parts, UnitPage, Why, samples};

fn all() -> UnitPage {
    UnitPage { after: None, size: usize::MAX }
}

fn beside(
    (draft, other): (&RulePack, &RulePack),
    conversations: &[Conversation],
    as_of: Timestamp,
    page: UnitPage,
) -> Evaluated {
    let packs = (draft.clone(), other.clone());
    let mut evaluation = Evaluation::new(packs, shanghai(), as_of, DayRange::default(), page);
    conversations.iter().for_each(|conversation| evaluation.add(conversation));
    evaluation.finish().expect("few units")
}

fn story(buyer: &str, lines: &[(&str, What)]) -> Conversation {
    let opened = What::Opened { buyer: buyer.into(), group: String::new(), vip: false };
    let at = |time: &str| local(&format!("2026-05-04 {time}"));
    let first = Happening { at: at(lines.first().expect("lines").0), what: opened };
    let rest = lines.iter().map(|(time, what)| Happening { at: at(time), what: what.clone() });
    Conversation::fold(buyer, std::iter::once(first).chain(rest))
}

fn said(message: &str) -> What {
    What::Asked { message: message.into() }
}

fn answer(actor: Actor) -> What {
    What::Replied { message: "a".into(), actor, agent: "lan".into(), small_talk: false }
}

fn reasons(draft: &RulePack, other: &RulePack, conversations: &[Conversation]) -> Vec<(String, Why)> {
    let evaluated = beside((draft, other), conversations, local("2026-05-05 12:00:00"), all());
    let line = |differing: crate::pack::Differing| (differing.key.buyer, differing.why);
    evaluated.page.into_iter().map(line).collect()
}

fn taobao() -> RulePack {
    samples::all().expect("sound").into_iter().find(|pack| pack.id == "taobao-3min").expect("there")
}

#[test]
fn a_shorter_limit_lists_exactly_those_who_waited_between_the_two() {
    let stories = [
        story("quick", &[("10:00:00", said("q")), ("10:01:00", answer(Actor::Human))]),
        story("between", &[("10:00:00", said("b")), ("10:01:01", answer(Actor::Human))]),
        story("slow", &[("10:00:00", said("s")), ("10:05:00", answer(Actor::Human))]),
    ];
    let draft = RulePack { limit: Span::from_secs(60), ..taobao() };
    assert_eq!(reasons(&draft, &taobao(), &stories), [("between".to_owned(), Why::Deadline)]);
    let evaluated = beside((&draft, &taobao()), &stories, local("2026-05-05 12:00:00"), all());
    assert_eq!((evaluated.draft.total.within_limit, evaluated.beside.total.within_limit), (1, 2));
    assert_eq!(evaluated.scanned, 3);
}

#[test]
fn each_difference_says_what_it_comes_of() {
    let by_robot = story("robot", &[("10:00:00", said("r")), ("10:00:05", answer(Actor::FullRobot))]);
    let helped = story(
        "helped",
        &[
            ("10:00:00", said("h")),
            ("10:01:00", answer(Actor::AssistRobot)),
            ("10:09:00", answer(Actor::Human)),
        ],
    );
    let early = story(
        "early",
        &[("07:58:00", said("e1")), ("08:00:00", said("e2")), ("08:02:30", answer(Actor::Human))],
    );
    let stories = [by_robot, helped, early];
    let of = |draft: RulePack| reasons(&draft, &taobao(), &stories);
    let line = |buyer: &str, why| (buyer.to_owned(), why);
    let with_robots = RulePack { robot_only: Treatment::Answered, ..taobao() };
    assert_eq!(of(with_robots), [line("robot", Why::LeftOut)]);
    let people_only = RulePack { countable: vec![Actor::Human], ..taobao() };
    assert_eq!(of(people_only), [line("helped", Why::Reply)]);
    let all_day = RulePack {
        window: crate::day::Window::new(ClockTime::MIDNIGHT, ClockTime::DAY_END).expect("a day"),
        ..taobao()
    };
    assert_eq!(of(all_day), [line("early", Why::Question)]);
    let each_message = RulePack { unit: Unit::Message, limit: Span::from_secs(160), ..taobao() };
    assert_eq!(of(each_message), [], "the buyer's day is the same");
}

#[test]
fn packs_that_count_different_things_are_compared_by_the_buyers_day() {
    let twice = story(
        "twice",
        &[
            ("10:00:00", said("1")),
            ("10:01:00", answer(Actor::Human)),
            ("11:00:00", said("2")),
            ("11:09:00", answer(Actor::Human)),
        ],
    );
    let first_only = RulePack { unit: Unit::Session, score: Some(Score::FirstAnswer), ..taobao() };
    let evaluated = beside((&first_only, &taobao()), &[twice], local("2026-05-05 12:00:00"), all());
    let [differing] = evaluated.page.as_slice() else { panic!("one buyer differs: {:?}", evaluated.page) };
    assert_eq!((differing.key.buyer.as_str(), differing.key.asked_at), ("twice", None));
    let waited = |unit: &Option<crate::pack::JudgedUnit>| unit.as_ref().map(|unit| unit.waited);
    assert_eq!(waited(&differing.draft), Some(Span::from_mins(1)));
    assert_eq!(waited(&differing.beside), Some(Span::from_mins(9)));
}

/// Every message by a name of its own.
fn named(stories: Vec<Vec<Happening>>) -> Vec<Vec<Happening>> {
    let mut number = 0;
    let mut name = |happening: Happening| {
        number += 1;
        let what = match happening.what {
            What::Asked { .. } => What::Asked { message: number.to_string() },
            other => other,
        };
        Happening { what, ..happening }
    };
    stories.into_iter().map(|story| story.into_iter().map(&mut name).collect()).collect()
}

/// The counts of one side of what differs, in the main rate.
fn counts<'a>(units: impl Iterator<Item = Option<&'a crate::pack::JudgedUnit>>) -> Parts {
    let mut parts = Parts::default();
    units.flatten().filter(|unit| !unit.separate).for_each(|unit| parts.count(unit.verdict));
    parts
}

fn plus(one: &Parts, other: &Parts) -> Parts {
    let mut sum = Parts { wait_sum: Span::ZERO, ..*one };
    sum.add(&Parts { wait_sum: Span::ZERO, ..*other });
    sum
}

fn any_pack() -> impl Strategy<Value = RulePack> {
    let base = prop::sample::select(samples::all().expect("sound"));
    let limit = prop::option::of(prop::sample::select(vec![30, 60, 180, 7_200, 86_400]));
    (base, limit, prop::sample::subsequence(Mark::ALL.to_vec(), 0..=2)).prop_map(
        |(pack, limit, exclusions)| {
            let limit = limit.map_or(pack.limit, Span::from_secs);
            RulePack { limit, exclusions, ..pack }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_differs_explains_the_difference(
        packs in (any_pack(), any_pack()),
        (stories, as_of) in stories::any_stories(),
        size in 1_usize..4,
    ) {
        let conversations = stories::conversations(&named(stories));
        let as_of = Timestamp::from_micros_clamped(as_of);
        let both = (&packs.0, &packs.1);
        let whole = beside(both, &conversations, as_of, all());
        for (pack, report) in [(&packs.0, &whole.draft), (&packs.1, &whole.beside)] {
            let mut tally = Tally::new(pack.clone(), shanghai(), as_of, DayRange::default());
            conversations.iter().for_each(|conversation| tally.add(conversation));
            prop_assert_eq!(&tally.finish(), report);
        }
        if packs.0.unit == packs.1.unit {
            let ours = counts(whole.page.iter().map(|differing| differing.draft.as_ref()));
            let theirs = counts(whole.page.iter().map(|differing| differing.beside.as_ref()));
            let (draft, other) = (&whole.draft.total, &whole.beside.total);
            prop_assert_eq!(plus(draft, &theirs), plus(other, &ours));
        }
        let mut backwards = conversations.clone();
        backwards.reverse();
        prop_assert_eq!(&beside(both, &backwards, as_of, all()), &whole);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let part = beside(both, &conversations, as_of, UnitPage { after, size });
            prop_assert!(part.page.len() <= size);
            prop_assert_eq!(part.differing, whole.differing);
            seen.extend(part.page);
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        prop_assert_eq!(&seen, &whole.page);
        let itself = beside((&packs.0, &packs.0), &conversations, as_of, all());
        prop_assert_eq!(itself.differing, 0);
    }
}
