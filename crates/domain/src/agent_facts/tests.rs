use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Fact, Fold, Hold, HoldEnd, record};
use crate::desk::Desk;
use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::chatter::{Sequence, Speaker, sequences};
use crate::desk::command::{Applied, Ordered};
use crate::desk::conversation::Stage;
use crate::desk::event::{AssignReason, CloseActor, Event, Payload, PresenceCause, QueueReason, Seq};
use crate::desk::trace::RouteTrace;
use crate::ids::{AgentId, ConversationId, EventId, ShopId};
use crate::roster::Stretch;
use crate::spans::Activity;
use crate::time::{Span, Timestamp};

fn config() -> Config {
    let cases = std::env::var("FENLIU_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    Config { cases, failure_persistence: None, ..Config::default() }
}

const ANN: AgentId = AgentId::from_bits(1);
const BEN: AgentId = AgentId::from_bits(2);
const CHAT: ConversationId = ConversationId::from_bits(9);

fn at(minutes: i64) -> Timestamp {
    Timestamp::default() + Span::from_mins(minutes)
}

fn stretch(start: i64, end: i64) -> Stretch {
    Stretch { start: at(start), end: at(end) }
}

fn event(minutes: i64, conversation: Option<ConversationId>, payload: Payload) -> Event {
    Event {
        shop: ShopId::from_bits(1),
        seq: Seq(1),
        id: EventId::from_bits(1),
        predecessor: None,
        // The word of a channel whose clock is wrong: facts about agents do not go by it.
        occurred: at(minutes - 7),
        recorded: at(minutes),
        conversation,
        request: None,
        traceparent: None,
        payload,
    }
}

fn synced(minutes: i64, agent: AgentId, capacity: u32, unlimited: bool) -> Event {
    let entry = AgentEntry { unlimited, ..AgentEntry::plain("a".into(), capacity) };
    event(minutes, None, Payload::AgentSynced { agent, entry: Box::new(entry) })
}

fn presence(minutes: i64, agent: AgentId, presence: Presence) -> Event {
    let cause = PresenceCause::Asked;
    event(minutes, None, Payload::PresenceChanged { agent, previous: Presence::Offline, presence, cause })
}

fn assigned(minutes: i64, agent: AgentId, reason: AssignReason) -> Event {
    let trace = RouteTrace::default();
    event(minutes, Some(CHAT), Payload::Assigned { agent, previous: None, reason, ring: 1, rank: 0, trace })
}

fn closed(minutes: i64, agent: AgentId) -> Event {
    let by = CloseActor::Agent;
    event(minutes, Some(CHAT), Payload::Closed { by, agent: Some(agent), reply_owed: false })
}

fn fold(events: &[Event]) -> (Fold, Vec<Fact>) {
    let (mut fold, mut facts) = (Fold::default(), Vec::new());
    for event in events {
        fold.apply(event, &mut facts);
    }
    (fold, facts)
}

fn held(facts: &[Fact]) -> Vec<(AgentId, Stretch, Option<HoldEnd>)> {
    let held = facts.iter().filter_map(|fact| match *fact {
        Fact::Held { agent, stretch, end, .. } => Some((agent, stretch, end)),
        _ => None,
    });
    held.collect()
}

#[test]
fn presence_becomes_stretches_that_follow_each_other_by_the_desks_own_time() {
    let (fold, facts) = fold(&[
        synced(0, ANN, 5, false),
        presence(10, ANN, Presence::Online),
        presence(30, ANN, Presence::OnBreak),
        presence(30, ANN, Presence::Online),
    ]);
    let of = |presence, stretch| Fact::Presence { agent: ANN, presence, stretch };
    assert_eq!(facts, [of(Presence::Offline, stretch(0, 10)), of(Presence::Online, stretch(10, 30))]);
    let unfinished: Vec<_> = fold.unfinished(at(45)).collect();
    assert_eq!(unfinished[0], of(Presence::Online, stretch(30, 45)));
    let capacity = Fact::Capacity { agent: ANN, capacity: Some(5), stretch: stretch(0, 45) };
    assert_eq!(unfinished[1..], [capacity]);
}

#[test]
fn a_capacity_without_a_limit_is_one_stretch_whatever_the_number_behind_it() {
    let changed = Payload::CapacityChanged { agent: ANN, previous: 5, capacity: 3 };
    let (_, facts) = fold(&[
        synced(0, ANN, 5, false),
        synced(10, ANN, 5, true),
        event(20, None, changed),
        synced(30, ANN, 5, false),
        synced(40, ANN, 5, true),
    ]);
    let of = |capacity, stretch| Fact::Capacity { agent: ANN, capacity, stretch };
    assert_eq!(facts, [of(Some(5), stretch(0, 10)), of(None, stretch(10, 30)), of(Some(3), stretch(30, 40))]);
}

#[test]
fn a_conversation_is_held_from_its_assignment_until_it_is_closed_handed_on_or_queued() {
    let queued = Payload::Queued {
        group: "default".into(),
        reason: QueueReason::AllSaturated,
        position: 1,
        priority: 100,
        previous: Some(BEN),
        waiting_since: at(0),
        trace: RouteTrace::default(),
    };
    let (_, facts) = fold(&[
        assigned(0, ANN, AssignReason::Strategy),
        assigned(10, BEN, AssignReason::Transfer),
        event(20, Some(CHAT), queued),
        assigned(25, ANN, AssignReason::Strategy),
        closed(40, ANN),
    ]);
    let expected = [
        (ANN, stretch(0, 10), Some(HoldEnd::Reassigned)),
        (BEN, stretch(10, 20), Some(HoldEnd::Queued)),
        (ANN, stretch(25, 40), Some(HoldEnd::Closed)),
    ];
    assert_eq!(held(&facts), expected);
    assert!(matches!(facts.last(), Some(Fact::Closed { agent: Some(ANN), reply_owed: false, .. })));
}

#[test]
fn a_place_kept_for_a_silent_buyer_is_an_assignment_and_nothing_held() {
    let (kept, facts) = fold(&[assigned(0, ANN, AssignReason::PreAssigned)]);
    assert_eq!((kept.holds.len(), facts.len()), (0, 1));
    let events = [assigned(0, ANN, AssignReason::PreAssigned), assigned(5, ANN, AssignReason::FirstWord)];
    let (spoken, _) = fold(&events);
    let hold = Hold { agent: ANN, reason: AssignReason::FirstWord, since: at(5) };
    assert_eq!(spoken.holds, BTreeMap::from([(CHAT, hold)]));
}

#[test]
fn ratings_are_kept_with_whom_they_are_about_be_it_nobody() {
    let rated = |agent| event(1, Some(CHAT), Payload::Rated { agent, stars: 4 });
    let (_, facts) = fold(&[rated(Some(ANN)), rated(None)]);
    let of = |agent| Fact::Rated { agent, conversation: CHAT, stars: 4, at: at(1) };
    assert_eq!(facts, [of(Some(ANN)), of(None)]);
    assert_eq!(facts.iter().map(Fact::agent).collect::<Vec<_>>(), [Some(ANN), None]);
}

#[test]
fn a_record_of_an_agents_facts_tells_how_the_time_was_spent() {
    let (fold, mut facts) = fold(&[
        synced(0, ANN, 2, false),
        synced(0, BEN, 2, false),
        presence(0, ANN, Presence::Online),
        presence(0, BEN, Presence::Online),
        assigned(10, ANN, AssignReason::Strategy),
        closed(30, ANN),
        presence(40, ANN, Presence::Offline),
    ]);
    facts.extend(fold.unfinished(at(60)));
    let figures = Activity::of(record(ANN, &facts, at(60))).figures(stretch(0, 60));
    assert_eq!((figures.online, figures.occupied), (Span::from_mins(40), Span::from_mins(20)));
    assert_eq!(figures.concurrency_basis_points(), Some(2_500));
}

/// The desk that random commands leave, and its events.
fn run(sequence: &Sequence) -> (Desk, Vec<Event>) {
    let (mut desk, mut speaker) = (Desk::new(ShopId::from_bits(1)), Speaker::default());
    let mut events = Vec::new();
    let mut say = |desk: &mut Desk, ordered: Ordered| {
        // A refused command changes nothing and says nothing.
        events.extend(desk.apply(ordered.now, ordered.attempt).map(Applied::into_events).unwrap_or_default());
    };
    let opening = speaker.open();
    say(&mut desk, opening);
    for step in &sequence.steps {
        let ordered = speaker.say(&desk, step);
        say(&mut desk, ordered);
    }
    (desk, events)
}

/// Checks that stretches, in the order given, neither overlap nor, where they must not, leave a gap.
fn check_in_a_row(stretches: &[Stretch], gapless: bool) -> Result<(), TestCaseError> {
    for pair in stretches.windows(2) {
        prop_assert!(pair[0].end <= pair[1].start, "{stretches:?}");
        prop_assert!(!gapless || pair[0].end == pair[1].start, "{stretches:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_state_is_what_the_desk_says_of_its_agents_and_conversations(sequence in sequences()) {
        let (desk, events) = run(&sequence);
        let (fold, _) = fold(&events);
        let theirs: BTreeMap<_, _> = desk
            .agents()
            .into_iter()
            .map(|agent| (agent.id, (agent.presence, agent.capacity, agent.entry.unlimited)))
            .collect();
        let ours: BTreeMap<_, _> = fold
            .agents
            .iter()
            .map(|(id, seen)| (*id, (seen.presence, seen.capacity, seen.unlimited)))
            .collect();
        prop_assert_eq!(ours, theirs);
        let theirs: BTreeSet<_> = desk
            .conversations()
            .into_iter()
            .filter_map(|conversation| match conversation.stage {
                Stage::Assigned(agent) => Some((conversation.id, agent)),
                _ => None,
            })
            .collect();
        let ours: BTreeSet<_> = fold.holds.iter().map(|(id, hold)| (*id, hold.agent)).collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn stopping_after_any_event_and_going_on_gives_what_going_through_gives(
        sequence in sequences(), cut: prop::sample::Index,
    ) {
        let (_, events) = run(&sequence);
        let (before, after) = events.split_at(cut.index(events.len() + 1));
        let (stopped, mut facts) = fold(before);
        let mut resumed = Fold { agents: stopped.agents, holds: stopped.holds };
        for event in after {
            resumed.apply(event, &mut facts);
        }
        prop_assert_eq!((resumed, facts), fold(&events));
    }

    #[test]
    fn presence_and_capacity_have_no_gaps_and_nothing_overlaps(sequence in sequences()) {
        let (desk, events) = run(&sequence);
        let (fold, mut facts) = fold(&events);
        let end = desk.now() + Span::from_secs(1);
        facts.extend(fold.unfinished(end));
        for agent in fold.agents.keys() {
            let of = |wanted: fn(&Fact) -> Option<Stretch>| {
                facts.iter().filter(|fact| fact.agent() == Some(*agent)).filter_map(wanted).collect::<Vec<_>>()
            };
            for stretches in [
                of(|fact| if let Fact::Presence { stretch, .. } = fact { Some(*stretch) } else { None }),
                of(|fact| if let Fact::Capacity { stretch, .. } = fact { Some(*stretch) } else { None }),
            ] {
                check_in_a_row(&stretches, true)?;
                prop_assert_eq!(stretches.last().map(|last| last.end), Some(end));
            }
        }
        let mut by_conversation: BTreeMap<ConversationId, Vec<Stretch>> = BTreeMap::new();
        for fact in &facts {
            if let Fact::Held { conversation, stretch, .. } = fact {
                by_conversation.entry(*conversation).or_default().push(*stretch);
            }
        }
        for stretches in by_conversation.values() {
            check_in_a_row(stretches, false)?;
        }
    }

    #[test]
    fn every_assignment_transfer_rating_and_close_is_a_fact_once(sequence in sequences()) {
        let (_, events) = run(&sequence);
        let (_, facts) = fold(&events);
        let told = |name: &str| events.iter().filter(|event| event.payload.name() == name).count();
        let kept = |of_kind: fn(&Fact) -> bool| facts.iter().filter(|fact| of_kind(fact)).count();
        prop_assert_eq!(kept(|fact| matches!(fact, Fact::Assigned { .. })), told("assigned"));
        prop_assert_eq!(kept(|fact| matches!(fact, Fact::Transferred { .. })), told("transferred"));
        prop_assert_eq!(kept(|fact| matches!(fact, Fact::Declined { .. })), told("transfer_declined"));
        prop_assert_eq!(kept(|fact| matches!(fact, Fact::Rated { .. })), told("rated"));
        prop_assert_eq!(kept(|fact| matches!(fact, Fact::Closed { .. })), told("closed"));
    }
}
