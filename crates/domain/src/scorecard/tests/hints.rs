//! When something stands out on a card, and by which conversations it is shown.

use super::*;

/// So many answers of an agent, of which the first few only greet.
fn greetings(empty: i64, all: i64) -> Vec<(String, Vec<Happening>)> {
    let story = |number: i64| {
        let start = number * 60;
        let reply = replied(Actor::Human, "lan", number < empty);
        vec![at(start, assigned("lan")), at(start, asked("1")), at(start + 5, reply)]
    };
    (0..all).map(|number| (format!("c{number:03}"), story(number))).collect()
}

#[test]
fn a_hint_needs_data_that_leave_no_doubt_and_names_the_latest_conversations() {
    let hints = |empty, all| {
        let mut books = Books::new(question());
        for (key, story) in greetings(empty, all) {
            books.add(&Conversation::fold(key, story));
        }
        books.finish().agents["lan"].hints.clone()
    };
    // Nine are too few whatever they are; one in ten is the threshold itself.
    assert_eq!((hints(9, 9).len(), hints(10, 10).len()), (0, 1));
    assert_eq!(hints(10, 100), []);
    let [hint] = &hints(20, 100)[..] else { panic!("one hint") };
    assert_eq!((hint.rule, hint.threshold_basis_points), (Rule::EmptyAnswers, 1_000));
    let Measured::Share(share) = hint.measured else { panic!("a share") };
    assert_eq!((share.successes(), share.trials()), (20, 100));
    let named: Vec<_> = hint.evidence.iter().map(|shown| shown.conversation.as_str()).collect();
    assert_eq!(named, ["c019", "c018", "c017", "c016", "c015"]);
}

#[test]
fn slow_responses_are_shown_by_the_longest_waits() {
    let mut books = Books::new(question());
    for number in 0..20_i64 {
        let (start, wait) = (number * 1_000, 200 + (number * 7) % 20);
        let story = [at(start, assigned("lan")), at(start, asked("1")), at(start + wait, human("lan"))];
        books.add(&Conversation::fold(format!("{wait}"), story));
    }
    let report = books.finish();
    let [hint] = &report.agents["lan"].hints[..] else { panic!("one hint") };
    let named: Vec<_> = hint.evidence.iter().map(|shown| shown.conversation.as_str()).collect();
    assert_eq!((hint.rule, named), (Rule::SlowResponses, vec!["219", "218", "217", "216", "215"]));
}

#[test]
fn a_conversation_that_shows_a_rule_twice_is_named_once() {
    let mut books = Books::new(question());
    for number in 0..10_i64 {
        let start = number * 2_000;
        let turn = |start, wait| [at(start, asked("1")), at(start + wait, human("lan"))];
        let story =
            [at(start, assigned("lan"))].into_iter().chain(turn(start, 200)).chain(turn(start + 500, 300));
        books.add(&Conversation::fold(format!("{number}"), story));
    }
    let report = books.finish();
    let [hint] = &report.agents["lan"].hints[..] else { panic!("one hint") };
    let named: Vec<_> = hint.evidence.iter().map(|shown| shown.conversation.as_str()).collect();
    assert_eq!((hint.rule, named), (Rule::SlowResponses, vec!["9", "8", "7", "6", "5"]));
}

#[test]
fn adherence_is_judged_after_four_hours_of_duty() {
    let adherence = |hours: i64| {
        let mut books = Books::new(question());
        books.schedule(ANN, [Stretch { start: hour(0), end: hour(hours) }]);
        books.finish().agents[&ANN.to_string()].hints.clone()
    };
    assert_eq!(adherence(3), []);
    let [hint] = &adherence(4)[..] else { panic!("one hint") };
    assert_eq!((hint.rule, hint.measured), (Rule::LowAdherence, Measured::OfTime(0)));
}
