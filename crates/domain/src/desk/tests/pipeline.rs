//! The steps of routing, one after the other, and the lines that tell of them. One test per rule, named after it.

use super::shop::{ANN, BEN, Shop, entry, message};
use crate::desk::Desk;
use crate::desk::agent::{AgentEntry, Presence, Sanction, SanctionKind};
use crate::desk::chatter::agent_id;
use crate::desk::command::{BuyerMessage, Command};
use crate::desk::conversation::Stage;
use crate::desk::duty::Duty;
use crate::desk::event::{Event, Payload, QueueReason, TransferTarget};
use crate::desk::policy::{Fallback, LastAgentWindow, Ramp, Ring};
use crate::desk::strategy::Strategy;
use crate::desk::trace::{Dropped, RouteStep, RouteTrace, StepKind, Verdict};
use crate::ids::ConversationId;
use crate::time::Span;

const CID: u8 = 3;

/// An agent of these groups, online.
fn works_for(shop: &mut Shop, agent: u8, groups: &[&str], capacity: u32) {
    let groups = groups.iter().map(|group| (*group).into()).collect();
    let entry = AgentEntry { groups, ..entry(agent, capacity) };
    shop.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) });
    shop.presence(agent, Presence::Online);
}

fn asks(shop: &mut Shop, buyer: &str, group: &str) -> Vec<Event> {
    shop.ok(Command::ReceiveMessage(BuyerMessage { group: Some(group.into()), ..message(buyer) }))
}

fn of(events: &[Event]) -> ConversationId {
    events[0].conversation.expect("a message belongs to a conversation")
}

fn to_group(conversation: ConversationId, from: u8, group: &str) -> Command {
    let target = TransferTarget::Group(group.into());
    Command::Transfer { conversation, from: Some(agent_id(from)), target }
}

fn to_agent(conversation: ConversationId, to: u8) -> Command {
    Command::Transfer { conversation, from: None, target: TransferTarget::Agent(agent_id(to)) }
}

/// Why somebody waits, in which group, and what is told of it.
fn waits(events: &[Event]) -> Option<(QueueReason, &str, Vec<String>)> {
    events.iter().find_map(|event| match &event.payload {
        Payload::Queued { reason, group, trace, .. } => Some((*reason, &**group, lines(trace))),
        _ => None,
    })
}

fn lines(trace: &RouteTrace) -> Vec<String> {
    trace.steps.iter().map(RouteStep::line).collect()
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.payload.name()).collect()
}

fn window(even_when_busy: bool, ignore_capacity: bool) -> LastAgentWindow {
    LastAgentWindow { max_age: Span::from_hours(24), even_when_busy, ignore_capacity }
}

/// The buyer has spoken with the agent, long enough ago that the conversation is not taken up again.
fn knows(shop: &mut Shop, buyer: &str, agent: u8) {
    let conversation = shop.says(buyer);
    if shop.holder(conversation) != Some(agent_id(agent)) {
        shop.ok(to_agent(conversation, agent));
    }
    shop.serves(agent, conversation);
    shop.later(Span::from_mins(11));
}

#[test]
fn who_comes_to_a_line_waits_behind_others_and_is_told_so() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.says("a");
    let first = shop.ok(Command::ReceiveMessage(message("b")));
    assert_eq!(waits(&first).map(|(reason, ..)| reason), Some(QueueReason::AllSaturated));
    let second = shop.ok(Command::ReceiveMessage(message("c")));
    let told = [
        "it is for group default",
        "others are waiting for group default already",
        "it waits for group default",
    ];
    assert_eq!(waits(&second), Some((QueueReason::BehindOthers, "default", told.map(str::to_owned).into())));
}

#[test]
fn who_comes_behind_one_who_waits_for_somebody_else_joins_the_line_and_is_admitted_from_it() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    let handed = shop.says("a");
    shop.ok(to_group(handed, ANN, "default"));
    let events = shop.ok(Command::ReceiveMessage(message("b")));
    assert_eq!(names(&events), ["conversation_opened", "message_received", "queued", "assigned"]);
}

#[test]
fn whom_the_buyer_knows_takes_him_past_a_line_only_where_a_window_says_so() {
    for even_when_busy in [true, false] {
        let mut shop = Shop::with(&[(ANN, 5)]);
        shop.policy(|policy| policy.last_agent_windows = vec![window(even_when_busy, false)]);
        knows(&mut shop, "a", ANN);
        shop.presence(ANN, Presence::Busy);
        shop.says("first");
        let again = shop.says("a");
        assert_eq!(shop.holder(again), even_when_busy.then(|| agent_id(ANN)));
    }
}

#[test]
fn whom_the_buyer_knows_comes_first_when_he_is_admitted_too() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 50)]);
    knows(&mut shop, "a", ANN);
    let kept = shop.says("kept");
    shop.ok(to_agent(kept, ANN));
    shop.policy(|policy| policy.strategy = Strategy::Manual);
    let again = shop.says("a");
    assert!(matches!(shop.stage(again), Stage::Queued(_)));
    shop.policy(|policy| policy.strategy = Strategy::LeastSaturated);
    assert_eq!(shop.holder(again), Some(agent_id(ANN)), "Ben holds nobody, but Ann is known");
}

#[test]
fn by_hand_whoever_asks_again_waits_behind_those_who_wait() {
    for others_wait in [false, true] {
        let mut shop = Shop::with(&[(ANN, 5)]);
        let first = shop.says("a");
        shop.serves(ANN, first);
        shop.policy(|policy| policy.strategy = Strategy::Manual);
        if others_wait {
            shop.says("b");
        }
        assert_eq!(shop.says("a"), first);
        assert_eq!(shop.holder(first), (!others_wait).then(|| agent_id(ANN)));
    }
}

#[test]
fn whom_the_buyer_knows_is_asked_only_for_a_group_of_hers() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, &["default"], 5);
    works_for(&mut shop, BEN, &["vip"], 1);
    knows(&mut shop, "a", ANN);
    let again = of(&asks(&mut shop, "a", "vip"));
    assert_eq!(shop.holder(again), Some(agent_id(BEN)));
}

#[test]
fn a_window_overrides_no_capacity_of_nothing_but_unlimited_is_not_nothing() {
    for (unlimited, expected) in [(true, ANN), (false, BEN)] {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
        shop.policy(|policy| policy.last_agent_windows = vec![window(true, true)]);
        knows(&mut shop, "a", ANN);
        let entry = AgentEntry { unlimited, ..entry(ANN, 0) };
        shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) });
        shop.presence(ANN, Presence::Busy);
        let again = shop.says("a");
        assert_eq!(shop.holder(again), Some(agent_id(expected)), "unlimited: {unlimited}");
    }
}

#[test]
fn who_asks_for_a_group_nobody_answers_for_waits_in_the_line_of_the_default_group() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.says("a");
    let events = asks(&mut shop, "b", "nobody's");
    assert_eq!(waits(&events).map(|(_, group, _)| group), Some("default"));
    let next = shop.ok(Command::ReceiveMessage(message("c")));
    assert_eq!(waits(&next).map(|(reason, ..)| reason), Some(QueueReason::BehindOthers));
}

#[test]
fn what_is_handed_to_a_group_goes_to_that_group() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, &["default"], 5);
    works_for(&mut shop, BEN, &["default"], 5);
    works_for(&mut shop, CID, &["vip"], 5);
    let conversation = shop.says("a");
    shop.ok(to_group(conversation, ANN, "vip"));
    assert_eq!(shop.holder(conversation), Some(agent_id(CID)));
}

#[test]
fn what_was_handed_over_by_name_does_not_come_back_to_who_hands_it_on() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 50)]);
    let conversation = shop.says("a");
    shop.ok(to_agent(conversation, BEN));
    shop.says("Ann's");
    shop.ok(to_group(conversation, BEN, "default"));
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)), "although Ben has more room");
}

#[test]
fn what_is_handed_to_another_group_waits_for_the_helpers_of_that_group_anew() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, &["pre-sale"], 0);
    works_for(&mut shop, BEN, &["vip", "after-sale"], 0);
    works_for(&mut shop, CID, &["default"], 5);
    let ring = |group: &str, helper: &str, minutes| Ring {
        group: group.into(),
        helper: helper.into(),
        after: Span::from_mins(minutes),
    };
    shop.policy(|policy| policy.rings = vec![ring("pre-sale", "after-sale", 1), ring("vip", "default", 5)]);
    let conversation = of(&asks(&mut shop, "a", "pre-sale"));
    shop.later(Span::from_mins(2));
    assert!(names(&shop.ok(Command::Tick)).contains(&"ring_opened"));
    let target = TransferTarget::Group("vip".into());
    shop.ok(Command::Transfer { conversation, from: None, target });
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)), "the default group helps after 5 minutes");
}

#[test]
fn a_group_that_helps_at_once_takes_whoever_its_own_cannot() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, &["vip"], 0);
    works_for(&mut shop, BEN, &["default"], 5);
    let ring = Ring { group: "vip".into(), helper: "default".into(), after: Span::ZERO };
    shop.policy(|policy| policy.rings = vec![ring]);
    let events = asks(&mut shop, "a", "vip");
    assert_eq!(names(&events), ["conversation_opened", "message_received", "assigned"]);
    assert!(matches!(events[2].payload, Payload::Assigned { ring: 2, .. }));
}

#[test]
fn the_smaller_id_of_two_main_accounts_is_the_shops_and_whoever_stops_being_one_is_none() {
    let main = |agent: u8, main_account| {
        let entry = AgentEntry { main_account, unlimited: true, ..entry(agent, 5) };
        Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) }
    };
    let mut shop = Shop::new();
    for agent in [BEN, ANN, CID] {
        shop.ok(main(agent, true));
        shop.presence(agent, Presence::Online);
    }
    let first = shop.says("a");
    assert_eq!(shop.holder(first), Some(agent_id(ANN)));
    shop.desk = Desk::restore(shop.desk.snapshot().expect("something has happened"));
    let second = shop.says("b");
    assert_eq!(shop.holder(second), Some(agent_id(ANN)), "restored, too");
    shop.ok(main(ANN, false));
    shop.presence(ANN, Presence::Busy);
    let third = shop.says("c");
    assert_eq!(shop.holder(third), Some(agent_id(BEN)));
}

#[test]
fn the_trace_names_whom_it_was_taken_from() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    shop.says("a");
    let events = shop.presence(ANN, Presence::Offline);
    let told = events.iter().find_map(|event| match &event.payload {
        Payload::Assigned { trace, .. } => Some(lines(trace)),
        _ => None,
    });
    let held = format!("{} held it and may not keep it", agent_id(ANN));
    assert_eq!(told.expect("moved")[1], held);
}

#[test]
fn a_message_is_left_with_whoever_is_likeliest_to_be_back() {
    let mut shop = Shop::new();
    shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
    let agents = [6, 5, 4, 3, 2];
    for agent in agents {
        shop.sync(agent, 5);
        shop.presence(agent, Presence::Online);
    }
    let kept = shop.says("kept");
    shop.ok(to_agent(kept, 4));
    shop.ok(Command::WindDown { agent: agent_id(4), next: Some(Presence::Offline), force: true });
    let off_duty = Duty { windows: Vec::new(), through: shop.now + Span::from_hours(9) };
    let rostered = AgentEntry { duty: Some(off_duty), ..entry(3, 5) };
    shop.ok(Command::SyncAgent { agent: agent_id(3), entry: Box::new(rostered) });
    shop.presence(2, Presence::Offline);
    shop.presence(5, Presence::OnBreak);
    shop.presence(6, Presence::Busy);
    // Busy, on break, winding down, off duty, away: by their ids they would be asked the other way round.
    for expected in agents {
        let conversation = shop.says(&format!("for {expected}"));
        assert_eq!(shop.holder(conversation), Some(agent_id(expected)));
        let barred = AgentEntry { enabled: false, ..entry(expected, 5) };
        shop.ok(Command::SyncAgent { agent: agent_id(expected), entry: Box::new(barred) });
    }
}

#[test]
fn of_those_who_are_away_whoever_holds_fewest_and_got_one_longest_ago_is_left_the_message() {
    let mut shop = Shop::with(&[(ANN, 9), (BEN, 9), (CID, 9)]);
    shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
    for (buyer, agent) in [("a1", ANN), ("a2", ANN), ("c", CID), ("b", BEN)] {
        let conversation = shop.says(buyer);
        if shop.holder(conversation) != Some(agent_id(agent)) {
            shop.ok(to_agent(conversation, agent));
        }
        shop.answers(agent, conversation);
    }
    for agent in [ANN, BEN, CID] {
        shop.presence(agent, Presence::OnBreak);
    }
    let first = shop.says("x");
    assert_eq!(shop.holder(first), Some(agent_id(CID)), "one each, and hers came before Ben's");
    let second = shop.says("y");
    assert_eq!(shop.holder(second), Some(agent_id(BEN)), "who holds one now, and the others two");
}

#[test]
fn whom_the_buyer_knows_is_left_the_message_unless_she_may_not_work_or_has_no_such_group() {
    let banned = Some(Sanction { kind: SanctionKind::Banned, until: None });
    let entries: [(AgentEntry, u8); 5] = [
        (entry(BEN, 5), BEN),
        (AgentEntry { enabled: false, ..entry(BEN, 5) }, ANN),
        (AgentEntry { sanction: banned, ..entry(BEN, 5) }, ANN),
        (AgentEntry { main_account: true, ..entry(BEN, 5) }, ANN),
        (AgentEntry { groups: vec!["vip".into()], ..entry(BEN, 5) }, ANN),
    ];
    for (told, expected) in entries {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
        shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
        knows(&mut shop, "a", BEN);
        shop.ok(Command::SyncAgent { agent: agent_id(BEN), entry: Box::new(told) });
        shop.presence(ANN, Presence::Offline);
        shop.presence(BEN, Presence::Offline);
        let left = shop.says("a");
        assert_eq!(shop.holder(left), Some(agent_id(expected)));
    }
}

#[test]
fn whoever_rests_between_two_is_there_so_that_nobody_is_left_a_message() {
    let mut shop = Shop::new();
    let _waiting = ["a", "b", "c"].map(|buyer| shop.says(buyer));
    shop.sync(ANN, 5);
    let (every, lasts) = (Span::from_secs(30), Span::from_mins(5));
    shop.policy(|policy| policy.ramp = Some(Ramp { every, lasts, queue_over: 2 }));
    shop.presence(ANN, Presence::Online);
    assert_eq!(shop.desk.queue_len(), 2, "she rests after the first");
    let left: Vec<_> = shop.desk.queue().map(|(.., conversation)| conversation).collect();
    for conversation in left {
        shop.ok(Command::LeaveQueue { conversation });
    }
    shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
    let events = shop.ok(Command::ReceiveMessage(message("d")));
    assert_eq!(waits(&events).map(|(reason, ..)| reason), Some(QueueReason::AllSaturated));
}

#[test]
fn every_step_is_told_in_a_plain_line() {
    let told = |kind, verdict| {
        let step = RouteStep::new(kind, verdict).in_group(&"vip".into()).about(Some(agent_id(ANN)));
        step.line().replace(&agent_id(ANN).to_string(), "Ann")
    };
    for (kind, verdict, expected) in [
        (StepKind::Keep, Verdict::Passed, "Ann held it and may not keep it"),
        (StepKind::TargetGroup, Verdict::Passed, "it is for group vip"),
        (StepKind::LastAgent, Verdict::Chose, "the buyer knows Ann, who takes it"),
        (StepKind::LastAgent, Verdict::Passed, "the buyer knows Ann, who cannot take it"),
        (StepKind::Line, Verdict::Passed, "others are waiting for group vip already"),
        (StepKind::Strategy, Verdict::Chose, "Ann ranks first in group vip"),
        (StepKind::Strategy, Verdict::Passed, "nobody in group vip has room"),
        (StepKind::MainAccount, Verdict::Chose, "the main account Ann takes it, to hand it out"),
        (StepKind::MainAccount, Verdict::Passed, "the main account cannot take it"),
        (StepKind::LeaveMessage, Verdict::Chose, "nobody is there; Ann is left a message"),
        (StepKind::LeaveMessage, Verdict::Passed, "there is nobody to leave a message with"),
        (StepKind::Queue, Verdict::Queued, "it waits for group vip"),
        (StepKind::Queue, Verdict::QueueFull, "the queue is full"),
    ] {
        assert_eq!(told(kind, verdict), expected);
    }
    let dropped = Dropped { offline: 2, saturated: 1, ..Dropped::default() };
    let chosen = RouteStep { rank: Some(7), dropped, ..RouteStep::new(StepKind::Strategy, Verdict::Chose) };
    assert_eq!(chosen.line(), "nobody ranks first in group default (rank 7); not: 2 offline, 1 saturated");
    let next = RouteStep { runner_up: Some((agent_id(BEN), 9)), ..chosen };
    let line = format!(
        "nobody ranks first in group default (rank 7; next would be {} with rank 9); not: 2 offline, 1 saturated",
        agent_id(BEN)
    );
    assert_eq!(next.line(), line);
}
