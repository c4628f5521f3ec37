//! Who waits, and until when: one test per rule, named after it.

use super::shop::{ANN, BEN, Shop, message};
use crate::desk::WORK_LIMIT;
use crate::desk::agent::Presence;
use crate::desk::chatter::agent_id;
use crate::desk::command::{BuyerMessage, Command};
use crate::desk::conversation::Stage;
use crate::desk::event::{CloseActor, Payload, TransferTarget};
use crate::desk::policy::QueueOrder;
use crate::ids::ConversationId;
use crate::problem::Reason;
use crate::time::{Span, Timestamp};

#[test]
fn at_saturation_buyers_queue_and_every_way_of_freeing_room_admits_them() {
    let frees: [fn(&mut Shop, ConversationId); 4] = [
        |shop, held| shop.serves(ANN, held),
        |shop, _| {
            shop.ok(Command::SetCapacity { agent: agent_id(ANN), capacity: 2 });
        },
        |shop, _| {
            shop.presence(BEN, Presence::Online);
        },
        |shop, held| {
            let target = TransferTarget::Agent(agent_id(3));
            shop.ok(Command::Transfer { conversation: held, from: Some(agent_id(ANN)), target });
        },
    ];
    for free in frees {
        let mut shop = Shop::with(&[(ANN, 1)]);
        shop.sync(BEN, 1);
        shop.sync(3, 0);
        shop.presence(3, Presence::Online);
        let held = shop.says("a");
        let waiting = shop.says("b");
        assert!(matches!(shop.stage(waiting), Stage::Queued(_)));
        free(&mut shop, held);
        assert_eq!(shop.desk.queue_len(), 0);
        assert!(shop.holder(waiting).is_some());
    }
}

#[test]
fn ending_finished_conversations_admits_the_next() {
    let mut shop = Shop::with(&[(ANN, 2)]);
    let held = [shop.says("a"), shop.says("b")];
    let waiting = [shop.says("c"), shop.says("d"), shop.says("e")];
    for (ended, next) in held.into_iter().zip(waiting) {
        shop.answers(ANN, ended);
        assert!(matches!(shop.stage(next), Stage::Queued(_)), "an answer alone frees nobody");
        shop.ok(Command::Close {
            conversation: ended,
            by: CloseActor::Agent,
            agent: Some(agent_id(ANN)),
            force: false,
        });
        assert_eq!(shop.holder(next), Some(agent_id(ANN)));
    }
    assert_eq!(shop.desk.queue_len(), 1, "one more than there was room for");
}

#[test]
fn the_queue_is_ordered_by_priority_and_then_age() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    let held = shop.says("first");
    let plain = shop.says("plain");
    let mut vip = message("vip");
    vip.priority = 1;
    shop.later(Span::from_secs(1));
    let vip = shop.ok(Command::ReceiveMessage(vip))[0].conversation.expect("conversation");
    shop.serves(ANN, held);
    assert_eq!(shop.holder(vip), Some(agent_id(ANN)));
    assert!(matches!(shop.stage(plain), Stage::Queued(_)));
}

#[test]
fn past_the_limit_a_message_is_kept_explained_and_taken_in_as_soon_as_there_is_room() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.policy(|policy| policy.queue_limit = 0);
    let held = shop.says("a");
    let events = shop.ok(Command::ReceiveMessage(message("b")));
    let turned_away = events[0].conversation.expect("conversation");
    assert_eq!(shop.stage(turned_away), Stage::Open);
    assert!(matches!(&events[2].payload, Payload::QueueFull { trace, .. } if !trace.steps.is_empty()));
    shop.serves(ANN, held);
    assert_eq!(shop.holder(turned_away), Some(agent_id(ANN)), "without another word from the buyer");
}

#[test]
fn who_was_turned_away_waits_as_soon_as_the_queue_has_room() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.policy(|policy| policy.queue_limit = 1);
    let [_, waiting, turned_away] = ["a", "b", "c"].map(|buyer| shop.says(buyer));
    assert_eq!(shop.stage(turned_away), Stage::Open);
    shop.ok(Command::LeaveQueue { conversation: waiting });
    assert!(matches!(shop.stage(turned_away), Stage::Queued(_)));
}

#[test]
fn moving_on_within_a_full_queue_is_no_newcomer() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.policy(|policy| policy.queue_limit = 1);
    shop.says("a");
    let waiting = shop.says("b");
    let target = TransferTarget::Group("default".into());
    shop.ok(Command::Transfer { conversation: waiting, from: None, target });
    assert!(matches!(shop.stage(waiting), Stage::Queued(_)));
}

#[test]
fn a_late_delivery_is_credited_with_ten_minutes_at_most() {
    let mut shop = Shop::new();
    shop.later(Span::from_hours(100));
    let early = shop.says("early");
    shop.later(Span::from_mins(11));
    let late = BuyerMessage { occurred: Some(shop.now - Span::from_hours(47)), ..message("late") };
    let late = shop.ok(Command::ReceiveMessage(late))[0].conversation.expect("conversation");
    let order: Vec<_> = shop.desk.queue().map(|(.., conversation)| conversation).collect();
    assert_eq!(order, [early, late]);
}

#[test]
fn a_buyer_who_gives_up_leaves_the_queue_and_ends_the_conversation() {
    let mut shop = Shop::new();
    let conversation = shop.says("a");
    let events = shop.ok(Command::LeaveQueue { conversation });
    let names: Vec<_> = events.iter().map(|event| event.payload.name()).collect();
    assert_eq!(names, ["queue_left", "closed"]);
    assert_eq!(shop.desk.queue_len(), 0);
    assert_eq!(shop.refused(Command::LeaveQueue { conversation }), Reason::ConversationNotFound);
}

#[test]
fn a_command_admits_at_most_its_share_and_the_rest_is_due_at_once() {
    let mut shop = Shop::new();
    shop.sync(ANN, 200);
    for n in 0..WORK_LIMIT + 5 {
        shop.says(&format!("buyer {n}"));
    }
    shop.presence(ANN, Presence::Online);
    assert_eq!(shop.desk.queue_len(), 5);
    assert_eq!(shop.desk.next_due(), Some(Timestamp::MIN), "at once, by any clock");
    let late = shop.says("latecomer");
    assert_eq!(shop.desk.queue_len(), 0);
    assert_eq!(shop.holder(late), Some(agent_id(ANN)));
}

#[test]
fn who_was_admitted_lately_tells_how_long_the_next_will_wait() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    let mut held = shop.says("held");
    for n in 0..5 {
        let waiting = shop.says(&format!("buyer {n}"));
        shop.later(Span::from_secs(30));
        assert_eq!(shop.desk.estimate("default", 1), None, "{n} are too few");
        shop.serves(ANN, held);
        held = waiting;
    }
    let estimate = shop.desk.estimate("default", 2).expect("five are enough");
    assert_eq!(
        (estimate.admissions, estimate.wait),
        (5, Span::from_secs(48)),
        "two minutes, of five, for two"
    );
}

#[test]
fn who_is_let_go_while_he_waits_leaves_the_queue_first() {
    let mut shop = Shop::new();
    let conversation = shop.says("a");
    let close = Command::Close { conversation, by: CloseActor::Supervisor, agent: None, force: true };
    let names: Vec<_> = shop.ok(close).iter().map(|event| event.payload.name()).collect();
    assert_eq!(names, ["queue_left", "closed"]);
}

#[test]
fn whoever_waits_is_late_or_not_by_the_policy_of_now() {
    let mut shop = Shop::new();
    let conversation = shop.says("a");
    shop.later(Span::from_mins(5));
    let late = |shop: &Shop| matches!(shop.stage(conversation), Stage::Queued(ticket) if ticket.late);
    let limit = Span::from_mins(5);
    for (order, expected) in [
        (QueueOrder::SavableFirst { limit, late_every: 2 }, true),
        (QueueOrder::SavableFirst { limit: limit + Span::from_micros(1), late_every: 2 }, false),
        (QueueOrder::SavableFirst { limit, late_every: 2 }, true),
        (QueueOrder::FirstCome, false),
    ] {
        shop.policy(|policy| policy.order = order);
        assert_eq!(late(&shop), expected, "{order:?}");
    }
}
