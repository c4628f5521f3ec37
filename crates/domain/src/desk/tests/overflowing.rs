//! Where buyers go when their own group cannot take them: rules, rings, fallbacks and the order of the queue. One test
//! per rule, named after it.

use super::shop::{ANN, BEN, MAIN, Shop, entry, message};
use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::chatter::agent_id;
use crate::desk::command::{BuyerMessage, Command};
use crate::desk::conversation::{Stage, Standing};
use crate::desk::event::{CloseActor, Payload, ReportReason, TransferTarget};
use crate::desk::policy::preset::Preset;
use crate::desk::policy::rule::{Origin, RoutingRule};
use crate::desk::policy::{Fallback, IdleRule, QueueOrder, Ring};
use crate::problem::Reason;
use crate::time::Span;

fn works_for(shop: &mut Shop, agent: u8, group: &str, capacity: u32) {
    let entry = AgentEntry { groups: vec![group.into()], ..entry(agent, capacity) };
    shop.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) });
    shop.presence(agent, Presence::Online);
}

fn mirroring(preset: Preset, agents: &[(u8, u32)]) -> Shop {
    let mut shop = Shop::with(agents);
    shop.policy(|policy| *policy = preset.policy(policy.hours.clone()));
    shop
}

#[test]
fn the_first_rule_that_fits_chooses_the_group_the_band_and_the_lift() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, "vip", 5);
    works_for(&mut shop, BEN, "after-sale", 5);
    let rule = |group: &str, tags: &[&str]| RoutingRule {
        tags: tags.iter().map(|tag| (*tag).into()).collect(),
        group: group.into(),
        priority: Some(10),
        artificial_age: Span::from_mins(3),
        ..RoutingRule::default()
    };
    let by_order =
        RoutingRule { order_statuses: vec!["shipped".into()], group: "after-sale".into(), ..rule("", &[]) };
    shop.policy(|policy| policy.routing_rules = vec![rule("vip", &["vip"]), by_order]);
    let asks = |shop: &mut Shop, buyer: &str, tag: &str, status: &str| {
        let origin =
            Origin { tags: vec![tag.into()], order_status: Some(status.into()), ..Origin::default() };
        let asked = BuyerMessage { origin: Some(Box::new(origin)), ..message(buyer) };
        shop.ok(Command::ReceiveMessage(asked))
    };
    let opened = |events: &[crate::desk::event::Event]| {
        events.iter().find_map(|event| match &event.payload {
            Payload::ConversationOpened { group, priority, rule, artificial_age, .. } => {
                Some((group.to_string(), *priority, *rule, *artificial_age))
            }
            _ => None,
        })
    };
    let lift = Span::from_mins(3);
    let both = asks(&mut shop, "a", "vip", "shipped");
    assert_eq!(opened(&both), Some(("vip".to_owned(), 10, Some(1), lift)));
    let second = asks(&mut shop, "b", "new", "shipped");
    assert_eq!(opened(&second), Some(("after-sale".to_owned(), 10, Some(2), lift)));
    let neither = asks(&mut shop, "c", "new", "unpaid");
    assert_eq!(opened(&neither), Some(("default".to_owned(), 100, None, Span::ZERO)));
}

#[test]
fn another_group_helps_out_after_so_long_a_wait_and_the_third_later() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, "pre-sale", 0);
    works_for(&mut shop, BEN, "after-sale", 5);
    let ring = |helper: &str, after| Ring { group: "pre-sale".into(), helper: helper.into(), after };
    shop.policy(|policy| policy.rings = vec![ring("after-sale", Span::from_mins(2))]);
    let asked = BuyerMessage { group: Some("pre-sale".into()), ..message("a") };
    let conversation = shop.ok(Command::ReceiveMessage(asked))[0].conversation.expect("one");
    shop.later(Span::from_mins(2) - Span::from_micros(1));
    shop.ok(Command::Tick);
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)), "a moment too early");
    shop.later(Span::from_micros(1));
    let events = shop.ok(Command::Tick);
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
    let ring = events.iter().find_map(|event| match event.payload {
        Payload::Assigned { ring, .. } => Some(ring),
        _ => None,
    });
    assert_eq!(ring, Some(2));
}

#[test]
fn on_pinduoduo_the_main_account_gets_it_and_then_a_sub_account_all_the_same() {
    let mut shop = mirroring(Preset::Pinduoduo, &[(MAIN, 0), (ANN, 5), (BEN, 5)]);
    shop.presence(ANN, Presence::Busy);
    shop.presence(BEN, Presence::Offline);
    let first = shop.says("a");
    assert_eq!(shop.holder(first), Some(agent_id(MAIN)), "to hand it out");
    let target = TransferTarget::Agent(agent_id(ANN));
    shop.ok(Command::Transfer { conversation: first, from: None, target });
    for presence in [Presence::Busy, Presence::Offline] {
        shop.presence(MAIN, presence);
        let left = shop.says(&format!("b{presence:?}"));
        assert_eq!(shop.holder(left), Some(agent_id(ANN)), "busy is likelier to be back than offline");
    }
}

#[test]
fn on_tiktok_it_queues_when_nobody_is_there() {
    let mut shop = mirroring(Preset::Tiktok, &[(MAIN, 0), (ANN, 5)]);
    shop.presence(ANN, Presence::Busy);
    let conversation = shop.says("a");
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)));
}

#[test]
fn a_message_that_was_left_stays_until_somebody_is_there_for_the_next_one() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
    shop.presence(ANN, Presence::Offline);
    shop.presence(BEN, Presence::Offline);
    let conversation = shop.says("a");
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    let again = shop.says("a");
    assert_eq!((again, shop.holder(again)), (conversation, Some(agent_id(ANN))), "nobody else is there");
    shop.presence(BEN, Presence::Online);
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)), "it is hers to find");
    shop.says("a");
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn whom_nobody_can_be_left_with_waits() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
    shop.says("a");
    let waits = shop.says("b");
    assert!(matches!(shop.stage(waits), Stage::Queued(_)), "somebody is there, only full");
}

#[test]
fn the_savable_go_first_and_every_third_slot_is_for_the_late() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    let limit = Span::from_mins(3);
    shop.policy(|policy| policy.order = QueueOrder::SavableFirst { limit, late_every: 3 });
    let held = shop.says("held");
    let late: Vec<_> = ["l1", "l2"].map(|buyer| shop.says(buyer)).to_vec();
    shop.later(limit);
    shop.ok(Command::Tick);
    let savable: Vec<_> = ["s1", "s2", "s3", "s4"].map(|buyer| shop.says(buyer)).to_vec();
    let mut taken = Vec::new();
    let mut now_held = held;
    for _ in 0..6 {
        shop.serves(ANN, now_held);
        let next = shop.desk.conversations().into_iter().find(|open| open.agent().is_some());
        now_held = next.expect("the next is admitted").id;
        taken.push(now_held);
    }
    assert_eq!(taken, [savable[0], savable[1], late[0], savable[2], savable[3], late[1]]);
}

#[test]
fn a_buyer_is_asked_and_then_let_go_when_the_shop_had_the_last_word() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let (remark_after, close_after) = (Span::from_mins(5), Span::from_mins(10));
    shop.policy(|policy| policy.idle = Some(IdleRule { remark_after, close_after }));
    let (quiet, owed) = (shop.says("quiet"), shop.says("owed"));
    shop.answers(ANN, quiet);
    let ticked = |shop: &mut Shop, later| {
        shop.later(later);
        let events = shop.ok(Command::Tick);
        let idle = |payload: &Payload| match payload {
            Payload::IdleRemarked { .. } => Some("remarked"),
            Payload::Closed { by: CloseActor::IdleRule, .. } => Some("closed"),
            _ => None,
        };
        events.iter().filter_map(|event| idle(&event.payload)).collect::<Vec<_>>()
    };
    assert_eq!(ticked(&mut shop, remark_after - Span::from_micros(1)), [] as [&str; 0]);
    assert_eq!(ticked(&mut shop, Span::from_micros(1)), ["remarked"]);
    assert_eq!(ticked(&mut shop, close_after - remark_after), ["closed"]);
    assert_eq!(ticked(&mut shop, Span::from_hours(1)), [] as [&str; 0]);
    assert!(shop.desk.conversation(owed).is_some(), "never while a reply is owed");
    shop.answers(ANN, owed);
    shop.says("owed");
    assert_eq!(ticked(&mut shop, Span::from_hours(1)), [] as [&str; 0], "nor when he asks again");
}

#[test]
fn whoever_was_handed_a_conversation_by_name_may_give_it_back_until_she_answers() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    let hand_over =
        |to| Command::Transfer { conversation, from: None, target: TransferTarget::Agent(agent_id(to)) };
    let decline = Command::DeclineTransfer { conversation, agent: agent_id(BEN) };
    shop.ok(hand_over(BEN));
    shop.ok(decline.clone());
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    shop.ok(hand_over(BEN));
    shop.answers(BEN, conversation);
    assert_eq!(shop.refused(decline), Reason::NotOffered);
}

#[test]
fn a_hand_out_beyond_capacity_must_be_forced() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.says("a");
    let conversation = shop.says("b");
    let assign = |force| Command::Assign { conversation, agent: agent_id(ANN), force };
    assert_eq!(shop.refused(assign(false)), Reason::AgentSaturated);
    shop.ok(assign(true));
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    assert_eq!(shop.refused(assign(true)), Reason::AlreadyAssigned);
}

#[test]
fn what_was_reported_may_be_closed_although_a_reply_is_owed() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    let conversation = shop.says("a");
    let close =
        Command::Close { conversation, by: CloseActor::Agent, agent: Some(agent_id(ANN)), force: false };
    assert_eq!(shop.refused(close.clone()), Reason::ReplyOwed);
    let reason = ReportReason::Advertising;
    shop.ok(Command::Report { conversation, agent: agent_id(ANN), reason });
    shop.ok(close);
}

#[test]
fn a_preview_for_a_page_that_is_open_goes_by_the_rules_and_its_band() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, "vip", 0);
    shop.policy(|policy| {
        let rule = RoutingRule { group: "vip".into(), ..RoutingRule::default() };
        policy.routing_rules = vec![rule];
    });
    shop.says("before");
    shop.ok(Command::EnterChat { buyer: "a".into(), channel: "test".into() });
    let urgent = BuyerMessage { priority: 10, ..message("a") };
    let preview = shop.desk.preview(shop.now, &urgent);
    assert_eq!(preview.standing, Standing::Queued { position: 1 }, "ahead of who waits in the usual band");
    assert_eq!(preview.trace.steps[0].group.as_deref(), Some("vip"));
}

#[test]
fn a_preview_says_what_then_happens_and_changes_nothing() {
    for capacity in [0, 1, 5] {
        let mut shop = Shop::with(&[(ANN, capacity)]);
        shop.says("before");
        let snapshot = shop.desk.snapshot();
        let preview = shop.desk.preview(shop.now, &message("a"));
        assert_eq!(shop.desk.snapshot(), snapshot);
        let conversation = shop.says("a");
        let stood = match shop.stage(conversation) {
            Stage::Assigned(agent) => Standing::Assigned { agent },
            Stage::Queued(_) => Standing::Queued { position: if capacity == 0 { 2 } else { 1 } },
            other => panic!("{other:?}"),
        };
        assert_eq!(preview.standing, stood);
        assert!(!preview.trace.steps.is_empty());
    }
}

#[test]
fn a_preview_goes_by_what_a_rule_lifts_and_by_what_was_closed_lately() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    let preview = |shop: &Shop, asked: &BuyerMessage| shop.desk.preview(shop.now, asked).standing;
    let known = shop.says("known");
    shop.serves(ANN, known);
    shop.later(Span::from_secs(1));
    shop.sync(BEN, 1);
    shop.presence(BEN, Presence::Online);
    let again = Standing::Assigned { agent: agent_id(ANN) };
    shop.policy(|policy| policy.last_agent_windows = Vec::new());
    assert_eq!(preview(&shop, &message("known")), again, "taken up again with its agent");
    assert_eq!(preview(&shop, &message("new")), Standing::Assigned { agent: agent_id(BEN) });
    shop.later(Span::from_mins(10));
    assert_eq!(
        preview(&shop, &message("known")),
        Standing::Assigned { agent: agent_id(BEN) },
        "too long ago"
    );
    shop.says("b");
    shop.says("c");
    assert_eq!(preview(&shop, &message("b")), Standing::Assigned { agent: agent_id(BEN) });
    assert!(shop.desk.preview(shop.now, &message("b")).trace.steps.is_empty(), "somebody has him already");
    shop.says("waits");
    shop.policy(|policy| {
        let priority = Some(10);
        policy.routing_rules =
            vec![RoutingRule { group: "default".into(), priority, ..RoutingRule::default() }];
    });
    assert_eq!(preview(&shop, &message("lifted")), Standing::Queued { position: 1 });
    let low = BuyerMessage { priority: 200, ..message("low") };
    assert_eq!(preview(&shop, &low), Standing::Queued { position: 2 }, "who says a band gets that band");
    let named = BuyerMessage { group: Some("default".into()), ..message("named") };
    assert_eq!(preview(&shop, &named), Standing::Queued { position: 2 }, "rules are for who names no group");
    shop.policy(|policy| {
        let artificial_age = Span::from_mins(5);
        policy.routing_rules =
            vec![RoutingRule { group: "default".into(), artificial_age, ..RoutingRule::default() }];
    });
    assert_eq!(preview(&shop, &message("aged")), Standing::Queued { position: 1 });
}

#[test]
fn a_preview_of_a_new_buyer_or_of_a_page_that_is_open_is_the_robots_where_it_is_first() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let queued = shop.says("before");
    shop.ok(Command::EnterChat { buyer: "page".into(), channel: "test".into() });
    shop.policy(|policy| policy.robot_first = true);
    for (buyer, standing) in [
        ("new", Standing::WithRobot),
        ("page", Standing::WithRobot),
        ("before", Standing::Assigned { agent: agent_id(ANN) }),
    ] {
        assert_eq!(shop.desk.preview(shop.now, &message(buyer)).standing, standing, "{buyer}");
    }
    shop.presence(ANN, Presence::Offline);
    assert!(matches!(shop.stage(queued), Stage::Queued(_)));
}

#[test]
fn who_takes_transfers_only_is_left_no_message_unless_she_is_unlimited() {
    for unlimited in [false, true] {
        let mut shop = Shop::new();
        let entry = AgentEntry { unlimited, ..entry(ANN, 0) };
        shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) });
        shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
        let conversation = shop.says("a");
        assert_eq!(shop.holder(conversation), unlimited.then(|| agent_id(ANN)));
    }
}

#[test]
fn whoever_opens_the_page_again_begins_anew_and_a_preview_says_so() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    shop.policy(|policy| policy.last_agent_windows = Vec::new());
    let first = shop.says("a");
    shop.serves(ANN, first);
    let busy = shop.says("b");
    shop.ok(Command::Transfer {
        conversation: busy,
        from: None,
        target: TransferTarget::Agent(agent_id(ANN)),
    });
    shop.ok(Command::EnterChat { buyer: "a".into(), channel: "test".into() });
    let preview = shop.desk.preview(shop.now, &message("a")).standing;
    assert_eq!(preview, Standing::Assigned { agent: agent_id(BEN) });
    let second = shop.says("a");
    assert_ne!(second, first);
    assert_eq!(shop.holder(second), Some(agent_id(BEN)));
}

#[test]
fn a_chain_of_those_who_make_room_for_the_next_is_followed_to_its_end_in_one_tick() {
    let mut shop = Shop::new();
    works_for(&mut shop, ANN, "pre-sale", 0);
    works_for(&mut shop, BEN, "after-sale", 20);
    let ring = Ring { group: "pre-sale".into(), helper: "after-sale".into(), after: Span::from_mins(2) };
    shop.policy(|policy| (policy.rings, policy.queue_limit) = (vec![ring], 1));
    let turned_away: Vec<_> = (0..10)
        .map(|n| {
            let asked = BuyerMessage { group: Some("pre-sale".into()), ..message(&format!("buyer {n}")) };
            shop.ok(Command::ReceiveMessage(asked))[0].conversation.expect("one")
        })
        .collect();
    shop.later(Span::from_mins(2));
    shop.ok(Command::Tick);
    for conversation in turned_away {
        assert_eq!(
            shop.holder(conversation),
            Some(agent_id(BEN)),
            "he has waited for her as long as the first"
        );
    }
}
