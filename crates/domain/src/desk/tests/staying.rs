//! Who may leave, and what becomes of whom they leave: one test per rule, named after it.

use super::shop::{ANN, BEN, MAIN, Shop, entry};
use crate::desk::agent::{AgentEntry, Availability, Presence};
use crate::desk::chatter::agent_id;
use crate::desk::command::Command;
use crate::desk::conversation::Stage;
use crate::desk::duty::{Duty, DutyWindow};
use crate::desk::event::{Payload, PresenceCause};
use crate::desk::policy::{LeavePolicy, Ramp};
use crate::problem::Reason;
use crate::time::{Span, Timestamp};

const CID: u8 = 3;

/// A shop within its service window: it is 09:00 in its zone.
fn serving(agents: &[(u8, u32)]) -> Shop {
    let mut shop = Shop::with(agents);
    shop.later(Span::from_hours(1));
    shop
}

fn asks(agent: u8, presence: Presence) -> Command {
    Command::SetPresence { agent: agent_id(agent), presence, force: false }
}

/// Works from now on for so many hours.
fn on_duty(shop: &mut Shop, agent: u8, hours: i64) {
    let windows = vec![DutyWindow { start: shop.now, end: shop.now + Span::from_hours(hours) }];
    let duty = Some(Duty { windows, through: shop.now + Span::from_hours(48) });
    let entry = AgentEntry { duty, ..entry(agent, 5) };
    shop.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) });
}

fn availability(shop: &Shop, agent: u8) -> Availability {
    shop.desk.agent(agent_id(agent)).expect("known").availability()
}

#[test]
fn the_last_of_the_shop_is_asked_to_stay_within_the_service_window() {
    for presence in [Presence::Busy, Presence::OnBreak, Presence::Offline] {
        let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
        shop.ok(asks(BEN, presence));
        assert_eq!(shop.refused(asks(ANN, presence)), Reason::LastAgentOnDuty);
        shop.presence(ANN, presence);
        assert_eq!(shop.desk.agent(agent_id(ANN)).expect("known").presence, presence, "unless it is forced");
    }
}

#[test]
fn outside_of_the_window_or_by_the_shops_wish_the_last_may_leave() {
    let mut shop = serving(&[(ANN, 5)]);
    shop.later(Span::from_hours(14));
    shop.ok(asks(ANN, Presence::Offline));
    let mut shop = serving(&[(ANN, 5)]);
    shop.policy(|policy| policy.guard_last_agent = false);
    shop.ok(asks(ANN, Presence::Offline));
}

#[test]
fn the_window_is_half_open() {
    for (before_the_end, refused) in [(Span::from_micros(1), true), (Span::ZERO, false)] {
        let mut shop = serving(&[(ANN, 5)]);
        // 23:00 in the shop is 15:00 at the beginning of time.
        shop.now = Timestamp::default() + Span::from_hours(15) - before_the_end;
        assert_eq!(shop.attempt(asks(ANN, Presence::Busy), None).is_err(), refused);
    }
}

#[test]
fn agents_of_one_shift_cannot_all_be_on_break() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5), (CID, 5)]);
    for (agent, hours) in [(ANN, 4), (BEN, 4), (CID, 8)] {
        on_duty(&mut shop, agent, hours);
    }
    shop.ok(asks(ANN, Presence::OnBreak));
    assert_eq!(shop.refused(asks(BEN, Presence::OnBreak)), Reason::LastAgentOnDuty);
    shop.ok(asks(CID, Presence::OnBreak));
    assert_eq!(
        shop.refused(asks(BEN, Presence::Busy)),
        Reason::LastAgentOnDuty,
        "now she is the shop's last"
    );
}

#[test]
fn whoever_is_alone_in_her_shift_may_rest_while_another_shift_is_there() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
    on_duty(&mut shop, ANN, 4);
    on_duty(&mut shop, BEN, 8);
    shop.ok(asks(ANN, Presence::OnBreak));
}

#[test]
fn a_refusal_says_who_is_away_and_when_it_is_safe() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
    shop.policy(|policy| policy.break_limit = Some(Span::from_mins(30)));
    shop.ok(asks(BEN, Presence::OnBreak));
    shop.later(Span::from_mins(10));
    let problem = shop.attempt(asks(ANN, Presence::OnBreak), None).expect_err("refused");
    let told = |name| problem.metadata.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    assert_eq!(told("away").as_deref(), Some("agent 2: on break"));
    assert_eq!(told("safe_time"), Some((shop.now + Span::from_mins(20)).to_string()));
}

#[test]
fn the_main_account_is_nobody_who_stays() {
    let mut shop = serving(&[(MAIN, 0), (ANN, 5)]);
    assert_eq!(shop.refused(asks(ANN, Presence::OnBreak)), Reason::LastAgentOnDuty);
    shop.ok(asks(MAIN, Presence::Offline));
}

#[test]
fn whoever_winds_down_gets_nobody_new_and_leaves_when_the_last_one_ends() {
    let mut shop = serving(&[(ANN, 5), (BEN, 1)]);
    let kept = shop.says("a");
    shop.ok(Command::WindDown { agent: agent_id(ANN), next: Some(Presence::OnBreak), force: false });
    assert_eq!(availability(&shop, ANN), Availability::WindingDown);
    shop.says("b");
    let waits = shop.says("c");
    assert!(matches!(shop.stage(waits), Stage::Queued(_)));
    shop.answers(ANN, kept);
    let events = shop.closes(ANN, kept);
    let last = events.iter().find_map(|event| match event.payload {
        Payload::PresenceChanged { presence, cause, .. } => Some((presence, cause)),
        _ => None,
    });
    assert_eq!(last, Some((Presence::OnBreak, PresenceCause::WoundDown)));
}

#[test]
fn winding_down_with_nobody_left_is_leaving_and_can_be_taken_back() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
    shop.ok(Command::WindDown { agent: agent_id(ANN), next: Some(Presence::Offline), force: false });
    assert_eq!(availability(&shop, ANN), Availability::Offline);
    shop.says("a");
    let again = Command::WindDown { agent: agent_id(BEN), next: Some(Presence::Offline), force: false };
    assert_eq!(shop.refused(again), Reason::LastAgentOnDuty);
    shop.ok(Command::WindDown { agent: agent_id(BEN), next: Some(Presence::Offline), force: true });
    shop.ok(Command::WindDown { agent: agent_id(BEN), next: None, force: false });
    assert_eq!(availability(&shop, BEN), Availability::Ready);
}

#[test]
fn all_she_holds_moves_at_once_where_the_shop_says_so() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
    shop.policy(|policy| policy.on_leave = LeavePolicy::MoveAllNow);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    shop.ok(asks(ANN, Presence::Offline));
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)), "although nothing is owed");
}

#[test]
fn whoever_has_waited_longest_is_the_first_to_be_moved() {
    let mut shop = serving(&[(ANN, 5)]);
    let (first, second) = (shop.says("a"), shop.says("b"));
    shop.answers(ANN, first);
    shop.later(Span::from_mins(1));
    shop.says("a");
    shop.sync(BEN, 1);
    shop.presence(BEN, Presence::Online);
    shop.presence(ANN, Presence::Offline);
    assert_eq!(shop.holder(second), Some(agent_id(BEN)), "although the other conversation is older");
    assert!(matches!(shop.stage(first), Stage::Queued(_)));
}

#[test]
fn an_account_that_may_not_work_any_more_keeps_nobody() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
    let answered = shop.says("a");
    shop.answers(ANN, answered);
    let gone = AgentEntry { enabled: false, ..entry(ANN, 5) };
    shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(gone) });
    assert_eq!(
        shop.holder(answered),
        Some(agent_id(BEN)),
        "although nothing is owed and she may never come back"
    );
}

#[test]
fn she_may_not_leave_with_open_conversations_where_the_shop_says_so() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
    shop.policy(|policy| policy.on_leave = LeavePolicy::Refuse);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    assert_eq!(shop.refused(asks(ANN, Presence::Offline)), Reason::OpenConversations);
    shop.ok(asks(ANN, Presence::Busy));
    shop.ok(Command::Lapse { agent: agent_id(ANN) });
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)), "a lapse asks nobody, and nothing is owed");
}

#[test]
fn a_break_that_takes_too_long_is_told_of_once() {
    let mut shop = serving(&[(ANN, 5), (BEN, 5)]);
    shop.policy(|policy| policy.break_limit = Some(Span::from_mins(15)));
    shop.ok(asks(ANN, Presence::OnBreak));
    let overruns = |shop: &mut Shop, later| {
        shop.later(later);
        let events = shop.ok(Command::Tick);
        events.iter().filter(|event| matches!(event.payload, Payload::BreakOverrun { .. })).count()
    };
    assert_eq!(overruns(&mut shop, Span::from_mins(15) - Span::from_micros(1)), 0);
    assert_eq!(overruns(&mut shop, Span::from_micros(1)), 1);
    assert_eq!(overruns(&mut shop, Span::from_hours(1)), 0);
}

#[test]
fn whoever_comes_to_a_crowd_begins_gently() {
    let mut shop = serving(&[]);
    shop.sync(ANN, 5);
    shop.policy(|policy| {
        policy.ramp = Some(Ramp { every: Span::from_secs(30), lasts: Span::from_mins(1), queue_over: 2 });
    });
    for buyer in ["a", "b", "c", "d", "e"] {
        shop.says(buyer);
    }
    shop.presence(ANN, Presence::Online);
    let load = |shop: &Shop| shop.desk.agent(agent_id(ANN)).expect("known").load();
    let mut loads = vec![load(&shop)];
    for _ in 0..3 {
        shop.later(Span::from_secs(30));
        shop.ok(Command::Tick);
        loads.push(load(&shop));
    }
    assert_eq!(loads, [1, 2, 5, 5], "one in thirty seconds, and after a minute as many as fit");
}
