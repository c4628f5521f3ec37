//! Who waits, and until when: one test per rule, named after it.

use super::properties::agent_id;
use super::shop::{ANN, BEN, Shop, message};
use crate::desk::WORK_LIMIT;
use crate::desk::agent::Presence;
use crate::desk::command::Command;
use crate::desk::conversation::Stage;
use crate::desk::event::TransferTarget;
use crate::ids::ConversationId;
use crate::problem::Reason;
use crate::time::Span;

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
fn past_the_limit_a_message_is_kept_and_its_buyer_tried_again_next_time() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.policy(|policy| policy.queue_limit = 0);
    let held = shop.says("a");
    let turned_away = shop.says("b");
    assert_eq!(shop.stage(turned_away), Stage::Open);
    shop.serves(ANN, held);
    shop.says("b");
    assert_eq!(shop.holder(turned_away), Some(agent_id(ANN)));
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
    assert_eq!(shop.desk.next_due(), Some(shop.desk.now()));
    let late = shop.says("latecomer");
    assert_eq!(shop.desk.queue_len(), 0);
    assert_eq!(shop.holder(late), Some(agent_id(ANN)));
}
