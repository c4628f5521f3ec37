//! What a floor shows.

use std::collections::BTreeSet;

use super::{at, detail, floor, held, hours, kinds, look, synced, talk};
use crate::alert::{Detail, Floor, Kind, MOST_OPEN, Proposal, Remedy, Rules, Seen, Talk, Topic, Word, seen};
use crate::day::Zone;
use crate::desk::agent::Presence;
use crate::exchange::{Conversation, Holder, What};
use crate::message::Actor;
use crate::time::Span;

#[test]
fn a_shop_in_which_all_is_well_shows_nothing() {
    let seen = look(&floor(&["lan", "mei"]), 0);
    assert_eq!(kinds(&seen), []);
    assert_eq!(seen.known.len(), 6, "budget and standing are told by others");
}

#[test]
fn whoever_waits_is_seen_in_service_hours_only() {
    let mut floor = floor(&["lan", "mei"]);
    floor.stand("c1", Some(talk(Holder::Queue, 5, None)));
    floor.stand("c2", Some(talk(Holder::NobodyOnDuty, 3, None)));
    let queue = Detail::Queue { waiting: 2, oldest: at(3) };
    assert_eq!(detail(&look(&floor, 10), Kind::QueueWaiting), queue);
    floor.serve(Some(hours("08:00", "12:00")));
    assert_eq!(kinds(&look(&floor, 10)), []);
    floor.serve(Some(hours("08:00", "23:00")));
    floor.stand("c1", Some(held("lan")));
    floor.stand("c2", None);
    assert_eq!(kinds(&look(&floor, 10)), []);
}

#[test]
fn full_hands_are_seen_with_what_would_help() {
    let mut floor = floor(&["lan", "mei", "hua", "qi", "bo"]);
    floor.hear("mei", Word::Presence(Presence::OnBreak));
    floor.hear("hua", Word::Presence(Presence::Offline));
    floor.hear("qi", Word::Presence(Presence::Busy));
    floor.hear("bo", Word::Duty { on_duty: false, until: None });
    floor.stand("c1", Some(held("lan")));
    assert_eq!(kinds(&look(&floor, 0)), [Kind::LastAgent], "there is a place left");
    floor.stand("c2", Some(held("lan")));
    floor.stand("c3", Some(talk(Holder::Queue, 1, None)));
    floor.stand("c4", Some(held("mei")));
    let propose = |agent: &str, what, places| Proposal { agent: agent.into(), what, places: Some(places) };
    let proposals = vec![
        propose("mei", Remedy::EndBreak, 1),
        propose("qi", Remedy::EndBusy, 2),
        propose("hua", Remedy::ComeOnline, 2),
        propose("lan", Remedy::RaiseCapacity, 2),
    ];
    let saturated = Detail::Saturation { load: 2, places: 2, waiting: 1, proposals };
    assert_eq!(detail(&look(&floor, 10), Kind::Saturated), saturated);
}

#[test]
fn whoever_has_no_limit_is_never_full() {
    let mut floor = floor(&["lan", "mei"]);
    for number in 0..4 {
        floor.stand(&format!("c{number}"), Some(held(if number % 2 == 0 { "lan" } else { "mei" })));
    }
    assert_eq!(kinds(&look(&floor, 0)), [Kind::Saturated]);
    let unlimited = Word::Synced {
        capacity: 2,
        ceiling: 2,
        unlimited: true,
        enabled: true,
        main_account: false,
        sanction: None,
    };
    floor.hear("mei", unlimited);
    assert_eq!(kinds(&look(&floor, 0)), []);
}

#[test]
fn an_empty_shop_is_seen_while_it_serves_and_the_main_account_does_not_fill_it() {
    let mut floor = floor(&["lan", "owner"]);
    let owner = Word::Synced {
        capacity: 9,
        ceiling: 9,
        unlimited: false,
        enabled: true,
        main_account: true,
        sanction: None,
    };
    floor.hear("owner", owner);
    floor.hear("lan", Word::Presence(Presence::OnBreak));
    let Detail::Nobody { waiting, proposals } = detail(&look(&floor, 0), Kind::NobodyOnDuty) else {
        panic!("nobody is there")
    };
    assert_eq!((waiting, proposals.len(), proposals[0].what), (0, 1, Remedy::EndBreak));
    floor.serve(Some(hours("08:00", "12:00")));
    assert_eq!(kinds(&look(&floor, 0)), []);
}

#[test]
fn the_last_one_is_seen_and_a_shop_of_one_only_when_she_goes() {
    let mut floor = floor(&["lan"]);
    assert_eq!(kinds(&look(&floor, 0)), [], "there was never more than one");
    floor.hear("lan", Word::Leaving(true));
    let leaving = |seen: &Seen| match detail(seen, Kind::LastAgent) {
        Detail::LastAgent { agent, leaving, .. } => (agent, leaving),
        other => panic!("{other:?}"),
    };
    assert_eq!(leaving(&look(&floor, 0)), ("lan".to_owned(), true));
    floor.hear("lan", Word::Leaving(false));
    floor.hear("lan", Word::Duty { on_duty: true, until: Some(at(600)) });
    assert_eq!(kinds(&look(&floor, -1)), [], "her shift goes on for longer than ten minutes");
    assert_eq!(leaving(&look(&floor, 0)), ("lan".to_owned(), false));
    floor.hear("mei", synced(2));
    assert_eq!(leaving(&look(&floor, -1)), ("lan".to_owned(), false), "mei could be there");
    floor.hear("mei", Word::Presence(Presence::Online));
    assert_eq!(kinds(&look(&floor, 0)), []);
}

#[test]
fn a_turn_is_at_risk_from_its_lead_to_its_limit() {
    let mut floor = floor(&["lan", "mei"]);
    floor.stand("c1", Some(talk(Holder::Agent("lan".into()), 0, Some(180))));
    let seen_at = |now| kinds(&look(&floor, now));
    assert_eq!(seen_at(119), []);
    assert_eq!(seen_at(120), [Kind::TurnAtRisk]);
    assert_eq!(seen_at(180), [Kind::TurnAtRisk], "exactly at its limit an answer is in time");
    assert_eq!(seen_at(181), [], "now it is a miss");
    let turn = Detail::Turn { agent: "lan".into(), asked_at: at(0), due: at(180) };
    assert_eq!(detail(&look(&floor, 150), Kind::TurnAtRisk), turn);
    floor.stand("c1", Some(held("lan")));
    assert_eq!(kinds(&look(&floor, 150)), [], "it was answered");
}

#[test]
fn only_the_most_urgent_turns_are_seen() {
    let mut floor = floor(&["lan", "mei"]);
    for number in 0..MOST_OPEN + 5 {
        let due = 180 - i64::try_from(number).expect("few");
        floor.stand(&format!("c{number:03}"), Some(talk(Holder::Nobody, 0, Some(due))));
    }
    let seen = look(&floor, 60);
    assert_eq!(seen.topics.len(), 45, "those due within a minute");
    let seen = seen_late(&floor);
    assert_eq!(seen.topics.len(), MOST_OPEN);
    assert!(!seen.topics.contains_key(&Topic::new(Kind::TurnAtRisk, "c000")));
}

fn seen_late(floor: &Floor) -> Seen {
    let mut rules = Rules::default();
    rules.turn_lead = Span::from_mins(10);
    seen(floor, Span::ZERO, at(0), &rules)
}

#[test]
fn what_is_too_old_says_nothing_but_that() {
    let mut floor = floor(&[]);
    floor.hear("lan", synced(2));
    let seen_behind = |seconds| seen(&floor, Span::from_millis(seconds), at(0), &Rules::default());
    assert_eq!(kinds(&seen_behind(30_000)), [Kind::NobodyOnDuty]);
    let late = seen_behind(30_900);
    assert_eq!(kinds(&late), [Kind::FollowerLag]);
    assert_eq!(late.known, BTreeSet::from([Kind::FollowerLag]));
    assert_eq!(detail(&late, Kind::FollowerLag), Detail::Lag { behind: Span::from_secs(30) });
}

#[test]
fn where_nobody_has_said_who_works_or_when_nobody_is_missed() {
    let mut nobody = Floor::default();
    nobody.serve(Some(hours("08:00", "23:00")));
    assert_eq!(look(&nobody, 0).known, BTreeSet::from([Kind::TurnAtRisk, Kind::FollowerLag]));
    let mut any_time = floor(&["lan"]);
    any_time.serve(None);
    assert_eq!(look(&any_time, 0).known, BTreeSet::from([Kind::TurnAtRisk, Kind::FollowerLag]));
}

#[test]
fn silent_conversations_are_let_go() {
    let mut floor = floor(&["lan", "mei"]);
    floor.stand("old", Some(talk(Holder::Queue, 0, Some(9))));
    floor.stand("new", Some(held("lan")));
    floor.stand("new", Some(Talk { last: at(50), ..held("lan") }));
    floor.let_go(at(50));
    assert_eq!((floor.queue(), floor.load("lan")), ((0, None), 1));
    assert_eq!(floor.due(at(0), at(100)).count(), 0);
}

#[test]
fn who_asks_again_while_they_wait_has_waited_from_the_first_question_on() {
    use crate::exchange::tests::{asked, at, replied};
    let pack = crate::pack::samples::all().expect("sound").remove(0);
    let queued = What::Queued { nobody_on_duty: false };
    let canned = replied(Actor::AutoReply, "", false);
    let story = [at(0, asked("1")), at(1, queued), at(5, canned), at(20, asked("2"))];
    let talk = Talk::of(&pack, Zone::UTC, &Conversation::fold("a", story)).expect("it goes on");
    let since = at(1, asked("1")).at;
    assert_eq!((talk.holder, talk.since), (Holder::Queue, since));
}
