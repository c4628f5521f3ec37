//! In which order those who wait are taken, and when time alone does something. One test per rule, named after it.

use super::shop::{ANN, BEN, Shop, entry, message, reply};
use crate::desk::WORK_LIMIT;
use crate::desk::agent::{AgentEntry, Presence, Sanction, SanctionKind};
use crate::desk::chatter::agent_id;
use crate::desk::command::{BuyerMessage, Command, Reply};
use crate::desk::conversation::Stage;
use crate::desk::duty::{Duty, DutyWindow};
use crate::desk::event::{Event, TransferTarget};
use crate::desk::policy::rule::RoutingRule;
use crate::desk::policy::{IdleRule, QueueOrder, Ramp, Ring};
use crate::desk::queue::Ticket;
use crate::desk::strategy::Strategy;
use crate::ids::ConversationId;
use crate::message::Actor;
use crate::problem::Reason;
use crate::time::{Span, Timestamp};

const CID: u8 = 3;
const MOMENT: Span = Span::from_micros(1);

fn works_for(shop: &mut Shop, agent: u8, groups: &[&str], capacity: u32) {
    let groups = groups.iter().map(|group| (*group).into()).collect();
    let entry = AgentEntry { groups, ..entry(agent, capacity) };
    shop.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) });
    shop.presence(agent, Presence::Online);
}

fn asks(shop: &mut Shop, buyer: &str, change: impl FnOnce(&mut BuyerMessage)) -> ConversationId {
    let mut asked = message(buyer);
    change(&mut asked);
    shop.ok(Command::ReceiveMessage(asked))[0].conversation.expect("a message belongs to a conversation")
}

fn in_group(group: &str) -> impl FnOnce(&mut BuyerMessage) {
    |asked| asked.group = Some(group.into())
}

fn ticket(shop: &Shop, conversation: ConversationId) -> Ticket {
    match shop.stage(conversation) {
        Stage::Queued(ticket) => ticket,
        other => panic!("it does not wait: {other:?}"),
    }
}

fn ticks(shop: &mut Shop, later: Span) -> Vec<&'static str> {
    shop.later(later);
    names(&shop.ok(Command::Tick))
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.payload.name()).collect()
}

fn ring(group: &str, helper: &str, minutes: i64) -> Ring {
    Ring { group: group.into(), helper: helper.into(), after: Span::from_mins(minutes) }
}

#[test]
fn the_band_goes_before_being_late_and_being_late_before_age() {
    let mut shop = Shop::new();
    let limit = Span::from_mins(3);
    shop.policy(|policy| policy.order = QueueOrder::SavableFirst { limit, late_every: 100 });
    let late = asks(&mut shop, "late", |_| {});
    let urgent = asks(&mut shop, "late and urgent", |asked| asked.priority = 1);
    shop.later(limit);
    shop.ok(Command::Tick);
    let savable = asks(&mut shop, "savable", |_| {});
    let order: Vec<_> = shop.desk.queue().map(|(.., id)| id).collect();
    assert_eq!(order, [urgent, savable, late]);
}

#[test]
fn who_has_waited_longer_goes_first_although_he_was_queued_later() {
    let mut shop = Shop::new();
    shop.later(Span::from_hours(1));
    let now = shop.now;
    let early = asks(&mut shop, "told at once", |_| {});
    let late = asks(&mut shop, "told late", |asked| asked.occurred = Some(now - Span::from_secs(1)));
    let same = asks(&mut shop, "told late, too", |asked| asked.occurred = Some(now - Span::from_secs(1)));
    let order: Vec<_> = shop.desk.queue().map(|(.., id)| id).collect();
    assert_eq!(order, [late, same, early]);
}

#[test]
fn waiting_counts_from_the_message_ten_minutes_ago_at_most_and_never_from_the_future() {
    let mut shop = Shop::new();
    shop.later(Span::from_hours(1));
    let now = shop.now;
    let limit = Span::from_mins(10);
    for (occurred, since) in [
        (now - limit + MOMENT, now - limit + MOMENT),
        (now - limit, now - limit),
        (now - limit - MOMENT, now - limit),
        (now + Span::from_mins(5), now),
    ] {
        let waits = asks(&mut shop, &occurred.to_string(), |asked| asked.occurred = Some(occurred));
        assert_eq!(ticket(&shop, waits).waiting_since, since, "{occurred}");
    }
}

#[test]
fn a_rule_lifts_who_has_to_queue() {
    let mut shop = Shop::new();
    let artificial_age = Span::from_mins(3);
    shop.policy(|policy| {
        policy.routing_rules =
            vec![RoutingRule { group: "default".into(), artificial_age, ..RoutingRule::default() }];
    });
    let lifted = shop.says("a");
    assert_eq!(ticket(&shop, lifted).waiting_since, shop.now - artificial_age);
}

#[test]
fn of_all_her_groups_an_agent_gets_whoever_waits_longest() {
    for late in [false, true] {
        let mut shop = Shop::new();
        if late {
            let limit = Span::from_secs(10);
            shop.policy(|policy| policy.order = QueueOrder::SavableFirst { limit, late_every: 2 });
        }
        works_for(&mut shop, ANN, &["after-sale", "vip"], 1);
        let held = asks(&mut shop, "held", in_group("vip"));
        let second = asks(&mut shop, "second", in_group("vip"));
        shop.later(MOMENT);
        let third = asks(&mut shop, "third", in_group("after-sale"));
        shop.later(Span::from_secs(20));
        shop.ok(Command::Tick);
        if late {
            let savable = asks(&mut shop, "savable", in_group("vip"));
            shop.serves(ANN, held);
            shop.serves(ANN, savable);
        } else {
            shop.serves(ANN, held);
        }
        assert_eq!((shop.holder(second), shop.holder(third)), (Some(agent_id(ANN)), None), "late: {late}");
    }
}

#[test]
fn an_agent_who_takes_the_next_herself_takes_whoever_waits_longest_for_her() {
    for late in [false, true] {
        let mut shop = Shop::new();
        shop.policy(|policy| policy.strategy = Strategy::Manual);
        if late {
            let limit = Span::from_secs(10);
            shop.policy(|policy| policy.order = QueueOrder::SavableFirst { limit, late_every: 2 });
        }
        works_for(&mut shop, ANN, &["after-sale", "vip"], 9);
        let first = asks(&mut shop, "first", in_group("vip"));
        shop.later(MOMENT);
        let second = asks(&mut shop, "second", in_group("after-sale"));
        shop.later(Span::from_secs(20));
        shop.ok(Command::Tick);
        let savable = asks(&mut shop, "savable", in_group("vip"));
        let order = if late { [savable, first, second] } else { [first, second, savable] };
        for next in order {
            shop.ok(Command::TakeNext { agent: agent_id(ANN) });
            assert_eq!(shop.holder(next), Some(agent_id(ANN)), "late: {late}");
        }
    }
}

#[test]
fn an_agent_takes_the_next_of_her_groups_and_those_of_the_default_group_what_is_for_nobody() {
    let mut shop = Shop::new();
    shop.policy(|policy| policy.strategy = Strategy::Manual);
    works_for(&mut shop, ANN, &["vip"], 9);
    works_for(&mut shop, BEN, &["default"], 9);
    works_for(&mut shop, CID, &["pre-sale"], 9);
    let plain = asks(&mut shop, "plain", |_| {});
    shop.later(MOMENT);
    let pre_sale = asks(&mut shop, "pre-sale", in_group("pre-sale"));
    shop.later(MOMENT);
    let vip = asks(&mut shop, "vip", in_group("vip"));
    // Nobody is left who answers for pre-sale: those of the default group do.
    works_for(&mut shop, CID, &["vip"], 9);
    let take = |agent| Command::TakeNext { agent: agent_id(agent) };
    shop.ok(take(BEN));
    shop.ok(take(BEN));
    assert!(shop.ok(take(BEN)).is_empty(), "somebody answers for the one who waits yet");
    shop.ok(take(ANN));
    let holders = [plain, pre_sale, vip].map(|conversation| shop.holder(conversation));
    assert_eq!(holders, [BEN, BEN, ANN].map(|agent| Some(agent_id(agent))));
    assert!(shop.ok(take(ANN)).is_empty());
}

#[test]
fn who_handed_over_what_waits_does_not_take_it_next() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.sync(BEN, 5);
    let conversation = shop.says("a");
    shop.policy(|policy| policy.strategy = Strategy::Manual);
    let target = TransferTarget::Group("default".into());
    shop.ok(Command::Transfer { conversation, from: Some(agent_id(ANN)), target });
    assert!(shop.ok(Command::TakeNext { agent: agent_id(ANN) }).is_empty());
    shop.presence(BEN, Presence::Online);
    shop.ok(Command::TakeNext { agent: agent_id(BEN) });
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn who_waits_turns_late_at_the_limit_and_whoever_comes_late_is_late_at_once() {
    let mut shop = Shop::new();
    let limit = Span::from_mins(3);
    shop.policy(|policy| {
        policy.order = QueueOrder::SavableFirst { limit, late_every: 2 };
        policy.reply_due = Vec::new();
    });
    shop.later(Span::from_hours(1));
    let waits = shop.says("a");
    assert!(!ticket(&shop, waits).late);
    assert_eq!(shop.desk.next_due(), Some(shop.now + limit));
    assert_eq!(ticks(&mut shop, limit - MOMENT), [] as [&str; 0]);
    assert_eq!(ticks(&mut shop, MOMENT), ["turned_late"]);
    assert!(ticket(&shop, waits).late);
    for (ago, late) in [(limit, true), (limit - MOMENT, false)] {
        let occurred = Some(shop.now - ago);
        let told_late = asks(&mut shop, &format!("{late}"), |asked| asked.occurred = occurred);
        assert_eq!(ticket(&shop, told_late).late, late);
    }
}

#[test]
fn of_all_that_is_to_come_the_first_comes_first() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, &["vip"], 0);
    works_for(&mut shop, BEN, &["default"], 0);
    shop.policy(|policy| {
        policy.reply_due = vec![Span::from_secs(30), Span::from_secs(90), Span::from_mins(5)];
        policy.rings = vec![ring("vip", "default", 1), ring("vip", "after-sale", 4)];
        policy.order = QueueOrder::SavableFirst { limit: Span::from_mins(2), late_every: 2 };
    });
    asks(&mut shop, "a", in_group("vip"));
    for (later, expected) in [
        (30, "reply_due"),
        (30, "ring_opened"),
        (30, "reply_due"),
        (30, "turned_late"),
        (120, "ring_opened"),
        (60, "reply_due"),
    ] {
        assert_eq!(ticks(&mut shop, Span::from_secs(later) - MOMENT), [] as [&str; 0], "before {expected}");
        assert_eq!(ticks(&mut shop, MOMENT), [expected]);
    }
    assert_eq!(shop.desk.next_due(), None);
}

#[test]
fn nothing_is_due_while_the_robot_has_it() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.robot_first = true);
    shop.says("a");
    assert_eq!(shop.desk.next_due(), None);
}

#[test]
fn a_page_without_a_word_and_a_quiet_buyer_are_let_go_exactly_when_it_is_time() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let enter = || Command::EnterChat { buyer: "a".into(), channel: "test".into() };
    let page = shop.ok(enter())[0].conversation.expect("a page");
    shop.later(Span::from_mins(30));
    assert_eq!(shop.ok(enter())[0].conversation, Some(page), "the same page again");
    assert_eq!(ticks(&mut shop, Span::from_mins(30) - MOMENT), [] as [&str; 0]);
    assert_eq!(ticks(&mut shop, MOMENT), ["closed"]);
    let (remark_after, close_after) = (Span::from_mins(5), Span::from_mins(10));
    shop.policy(|policy| policy.idle = Some(IdleRule { remark_after, close_after }));
    let quiet = shop.says("quiet");
    shop.answers(ANN, quiet);
    for (later, expected) in [(remark_after, "idle_remarked"), (close_after - remark_after, "closed")] {
        assert_eq!(ticks(&mut shop, later - MOMENT), [] as [&str; 0], "before {expected}");
        assert_eq!(ticks(&mut shop, MOMENT), [expected]);
    }
}

#[test]
fn a_robot_that_only_helps_leaves_the_shop_without_the_last_word() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    shop.ok(Command::Reply(Reply { actor: Actor::AutoReply, agent: None, ..reply(ANN, conversation) }));
    assert_eq!(shop.desk.conversation(conversation).expect("open").quiet(), None);
}

#[test]
fn a_crowd_is_more_than_the_policy_says() {
    for (waiting, ramps) in [(2, false), (3, true)] {
        let mut shop = Shop::new();
        shop.sync(ANN, 9);
        let (every, lasts) = (Span::from_secs(30), Span::from_mins(1));
        shop.policy(|policy| policy.ramp = Some(Ramp { every, lasts, queue_over: 2 }));
        for buyer in 0..waiting {
            shop.says(&format!("buyer {buyer}"));
        }
        shop.presence(ANN, Presence::Online);
        assert_eq!(shop.desk.agent(agent_id(ANN)).expect("known").ramping.is_some(), ramps, "{waiting}");
    }
}

#[test]
fn whoever_is_owed_a_reply_longest_is_moved_first() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let old = shop.says("old");
    shop.later(Span::from_secs(1));
    let new = shop.says("new");
    shop.sync(BEN, 1);
    shop.presence(BEN, Presence::Online);
    shop.presence(ANN, Presence::Offline);
    assert_eq!((shop.holder(old), shop.holder(new)), (Some(agent_id(BEN)), None));
}

#[test]
fn those_who_were_turned_away_are_taken_in_in_turn_after_those_who_wait() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.policy(|policy| policy.queue_limit = 1);
    let [held, waits, first, second] = ["a", "b", "c", "d"].map(|buyer| {
        shop.later(Span::from_secs(1));
        shop.says(buyer)
    });
    assert_eq!((shop.stage(first), shop.stage(second)), (Stage::Open, Stage::Open));
    assert!(shop.ok(Command::Tick).is_empty(), "nobody is tried again before there is room");
    shop.serves(ANN, held);
    assert_eq!(shop.holder(waits), Some(agent_id(ANN)));
    assert!(matches!(shop.stage(first), Stage::Queued(_)));
    assert_eq!(shop.stage(second), Stage::Open);
}

#[test]
fn who_waits_for_one_group_goes_before_who_was_turned_away_from_another() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, &["after-sale", "vip"], 1);
    shop.policy(|policy| policy.queue_limit = 1);
    let held = asks(&mut shop, "held", in_group("vip"));
    let waits = asks(&mut shop, "waits", in_group("vip"));
    let turned_away = asks(&mut shop, "turned away", in_group("after-sale"));
    assert_eq!(shop.stage(turned_away), Stage::Open);
    shop.serves(ANN, held);
    assert_eq!(shop.holder(waits), Some(agent_id(ANN)));
}

#[test]
fn a_tick_goes_on_while_what_settles_brings_up_what_was_due_before() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, &["vip"], 0);
    works_for(&mut shop, BEN, &["default"], 2);
    shop.policy(|policy| {
        policy.rings = vec![ring("vip", "default", 2)];
        policy.queue_limit = 1;
        policy.reply_due = Vec::new();
    });
    asks(&mut shop, "a", in_group("vip"));
    let turned_away = asks(&mut shop, "b", in_group("vip"));
    assert_eq!(shop.stage(turned_away), Stage::Open);
    let events = ticks(&mut shop, Span::from_mins(2));
    assert_eq!(events, ["ring_opened", "assigned", "queued", "ring_opened", "assigned"]);
}

#[test]
fn a_tick_settles_two_shares_and_the_rest_is_due_at_once() {
    let mut shop = Shop::with(&[(ANN, 200)]);
    shop.policy(|policy| policy.reply_due = Vec::new());
    let windows = vec![DutyWindow { start: Timestamp::default() + Span::from_hours(2), end: Timestamp::MAX }];
    let duty = Some(Duty { windows, through: Timestamp::MAX });
    let entry = AgentEntry { duty, ..entry(ANN, 200) };
    shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) });
    for n in 0..2 * WORK_LIMIT + 5 {
        shop.says(&format!("buyer {n}"));
    }
    shop.later(Span::from_hours(2));
    assert_eq!(shop.ok(Command::Tick).len(), 1 + 2 * WORK_LIMIT, "its own, and that of every command");
    assert_eq!(shop.desk.next_due(), Some(Timestamp::MIN));
    assert_eq!(shop.ok(Command::Tick).len(), 5);
}

#[test]
fn whoever_leaves_with_many_leaves_them_by_shares_and_may_keep_the_rest_who_comes_back() {
    let mut shop = Shop::with(&[(ANN, 200)]);
    shop.policy(|policy| policy.reply_due = Vec::new());
    for n in 0..WORK_LIMIT + 5 {
        shop.says(&format!("buyer {n}"));
    }
    let until = Some(shop.now + Span::from_mins(1));
    let sanction = Some(Sanction { kind: SanctionKind::Muted, until });
    let entry = AgentEntry { sanction, ..entry(ANN, 200) };
    shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) });
    assert_eq!((shop.desk.queue_len(), shop.desk.next_due()), (WORK_LIMIT, Some(Timestamp::MIN)));
    shop.later(Span::from_mins(1));
    let events = shop.ok(Command::Tick);
    assert_eq!(names(&events)[..2], ["sanction_ended", "assigned"]);
    assert_eq!(events.len(), 1 + WORK_LIMIT, "those she has still stay with her");
    assert_eq!(shop.desk.next_due(), None);
}

#[test]
fn room_for_many_who_were_turned_away_is_filled_by_shares() {
    let mut shop = Shop::new();
    shop.policy(|policy| {
        (policy.queue_limit, policy.reply_due) = (0, Vec::new());
    });
    for n in 0..WORK_LIMIT + 5 {
        shop.says(&format!("buyer {n}"));
    }
    shop.policy(|policy| policy.queue_limit = 100);
    assert_eq!((shop.desk.queue_len(), shop.desk.next_due()), (WORK_LIMIT, Some(Timestamp::MIN)));
    shop.ok(Command::Tick);
    assert_eq!((shop.desk.queue_len(), shop.desk.next_due()), (WORK_LIMIT + 5, None));
}

#[test]
fn a_clock_may_be_two_hours_behind_the_desk() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.later(Span::from_hours(9));
    shop.says("a");
    shop.later(Span::from_hours(-2));
    shop.says("b");
    assert_eq!(shop.desk.now(), shop.now + Span::from_hours(2), "and is taken as the desk's time");
    shop.later(Span::from_micros(-1));
    assert_eq!(shop.refused(Command::ReceiveMessage(message("c"))), Reason::ClockSkew);
}
