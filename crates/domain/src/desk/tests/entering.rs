//! Buyers who open the chat page where agents keep places for them: one test per rule, named after it.

use super::shop::{ANN, BEN, Shop, entry, message};
use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::chatter::agent_id;
use crate::desk::command::{BuyerMessage, Command};
use crate::desk::conversation::{Stage, Standing};
use crate::desk::event::{AssignReason, CloseActor, Event, Payload, TransferTarget};
use crate::desk::policy::{LastAgentWindow, LeavePolicy};
use crate::desk::strategy::Strategy;
use crate::desk::trace::{StepKind, Verdict};
use crate::exchange::Happening;
use crate::ids::{AgentId, ConversationId};
use crate::problem::Reason;
use crate::time::Span;

const KEPT: Span = Span::from_mins(2);

/// A shop whose agents keep places.
fn keeping(agents: &[(u8, u32)]) -> Shop {
    let mut shop = Shop::with(agents);
    shop.policy(|policy| policy.pre_assign = Some(KEPT));
    shop
}

fn enters(shop: &mut Shop, buyer: &str) -> ConversationId {
    let entered = shop.ok(Command::EnterChat { buyer: buyer.into(), channel: "test".into() });
    entered[0].conversation.expect("a page")
}

fn assigned(events: &[Event]) -> Option<(AgentId, Option<AgentId>, AssignReason)> {
    events.iter().find_map(|event| match event.payload {
        Payload::Assigned { agent, previous, reason, .. } => Some((agent, previous, reason)),
        _ => None,
    })
}

#[test]
fn whoever_keeps_a_place_has_less_room_and_gets_the_buyer_with_the_first_word() {
    let mut shop = keeping(&[(ANN, 1), (BEN, 1)]);
    let page = enters(&mut shop, "a");
    let keeper = shop.holder(page).expect("somebody is ready");
    assert_eq!(shop.stage(page), Stage::Kept(keeper));
    assert_eq!(shop.desk.agent(keeper).expect("known").load(), 1);
    let other = shop.says("b");
    assert_ne!(shop.holder(other), Some(keeper), "she has no room beside it");
    let preview = shop.desk.preview(shop.now, &message("a")).standing;
    assert_eq!(preview, Standing::Assigned { agent: keeper });
    let said = shop.ok(Command::ReceiveMessage(message("a")));
    assert_eq!(assigned(&said), Some((keeper, None, AssignReason::FirstWord)));
    assert_eq!((shop.stage(page), shop.holder(page)), (Stage::Assigned(keeper), Some(keeper)));
}

#[test]
fn a_place_nobody_can_keep_is_not_waited_for_and_overtakes_nobody() {
    let mut shop = keeping(&[(ANN, 1)]);
    let held = shop.says("a");
    let page = enters(&mut shop, "b");
    assert_eq!((shop.stage(page), shop.desk.queue_len()), (Stage::Entered, 0));
    let waiting = shop.says("c");
    shop.serves(ANN, held);
    assert_eq!(shop.holder(waiting), Some(agent_id(ANN)), "who has said something goes first");
    assert_eq!(shop.says("b"), page);
    assert!(matches!(shop.stage(page), Stage::Queued(_)));
}

#[test]
fn a_place_is_kept_so_long_and_then_the_page_counts_as_left() {
    let mut shop = keeping(&[(ANN, 1)]);
    shop.policy(|policy| policy.reply_due = Vec::new());
    let page = enters(&mut shop, "a");
    let waiting = shop.says("b");
    shop.later(KEPT - Span::from_micros(1));
    assert!(shop.ok(Command::Tick).is_empty(), "not before its time");
    shop.later(Span::from_micros(1));
    shop.ok(Command::Tick);
    assert!(shop.desk.conversation(page).is_none());
    assert_eq!(shop.holder(waiting), Some(agent_id(ANN)), "the place is free again");
    assert_ne!(shop.says("a"), page, "nothing was said that could be taken up again");
}

#[test]
fn a_keeper_may_greet_and_end_but_not_hand_over_before_the_first_word() {
    let mut shop = keeping(&[(ANN, 1), (BEN, 1)]);
    let page = enters(&mut shop, "a");
    let keeper = shop.holder(page).expect("somebody is ready");
    let keeper = if keeper == agent_id(ANN) { ANN } else { BEN };
    shop.answers(keeper, page);
    assert_eq!(shop.stage(page), Stage::Kept(agent_id(keeper)), "a greeting is no first word");
    let target = TransferTarget::Agent(agent_id(ANN + BEN - keeper));
    let transfer = Command::Transfer { conversation: page, from: Some(agent_id(keeper)), target };
    assert_eq!(shop.refused(transfer), Reason::NothingSaid);
    shop.ok(Command::Close {
        conversation: page,
        by: CloseActor::Agent,
        agent: Some(agent_id(keeper)),
        force: false,
    });
    assert_eq!(shop.desk.agent(agent_id(keeper)).expect("known").load(), 0);
}

#[test]
fn the_first_word_may_be_for_others_or_find_its_keeper_gone() {
    let mut shop = keeping(&[(ANN, 1)]);
    let pages = enters(&mut shop, "a");
    let care = AgentEntry { groups: vec!["care".into()], ..entry(BEN, 1) };
    shop.ok(Command::SyncAgent { agent: agent_id(BEN), entry: Box::new(care) });
    shop.presence(BEN, Presence::Online);
    assert_eq!(shop.holder(pages), Some(agent_id(ANN)));
    let for_care = BuyerMessage { group: Some("care".into()), ..message("a") };
    shop.ok(Command::ReceiveMessage(for_care));
    assert_eq!(shop.holder(pages), Some(agent_id(BEN)), "she answers for it");
    let page = enters(&mut shop, "b");
    assert_eq!(shop.holder(page), Some(agent_id(ANN)));
    shop.presence(ANN, Presence::Offline);
    assert_eq!(shop.stage(page), Stage::Kept(agent_id(ANN)), "nobody waits for an answer");
    shop.says("b");
    assert!(matches!(shop.stage(page), Stage::Queued(_)), "she is away");
}

#[test]
fn a_keeper_who_is_busy_or_has_less_room_by_now_gets_the_buyer_all_the_same() {
    let mut shop = keeping(&[(ANN, 1)]);
    let page = enters(&mut shop, "a");
    shop.ok(Command::SetCapacity { agent: agent_id(ANN), capacity: 0 });
    shop.presence(ANN, Presence::Busy);
    shop.says("a");
    assert_eq!(shop.holder(page), Some(agent_id(ANN)));
}

#[test]
fn where_all_move_when_an_agent_leaves_another_keeps_the_place_or_the_page_counts_as_left() {
    let mut shop = keeping(&[(ANN, 2)]);
    shop.policy(|policy| policy.on_leave = LeavePolicy::MoveAllNow);
    let pages = [enters(&mut shop, "a"), enters(&mut shop, "b")];
    shop.sync(BEN, 1);
    shop.presence(BEN, Presence::Online);
    shop.presence(ANN, Presence::Offline);
    assert_eq!(shop.stage(pages[0]), Stage::Kept(agent_id(BEN)));
    assert!(shop.desk.conversation(pages[1]).is_none(), "nobody else has a place");
    assert_eq!(shop.desk.next_due(), Some(shop.now + KEPT), "and nothing is left over");
}

#[test]
fn where_the_robot_is_first_or_agents_take_by_themselves_nobody_keeps_a_place() {
    for robot_first in [true, false] {
        let mut shop = keeping(&[(ANN, 1)]);
        shop.policy(|policy| {
            policy.robot_first = robot_first;
            policy.strategy = if robot_first { policy.strategy } else { Strategy::Manual };
        });
        let page = enters(&mut shop, "a");
        assert_eq!(shop.stage(page), Stage::Entered);
    }
}

#[test]
fn a_place_that_is_kept_stays_so_when_the_robot_becomes_the_first_to_answer() {
    let mut shop = keeping(&[(ANN, 1)]);
    let page = enters(&mut shop, "a");
    shop.policy(|policy| policy.robot_first = true);
    assert_eq!(
        shop.desk.preview(shop.now, &message("a")).standing,
        Standing::Assigned { agent: agent_id(ANN) }
    );
    shop.says("a");
    assert_eq!(shop.stage(page), Stage::Assigned(agent_id(ANN)));
}

#[test]
fn a_preview_names_whom_the_buyer_is_moved_from_and_who_kept_a_place() {
    let mut shop = keeping(&[(ANN, 1)]);
    let first_step = |shop: &Shop| shop.desk.preview(shop.now, &message("a")).trace.steps[1].clone();
    let page = enters(&mut shop, "a");
    let kept = first_step(&shop);
    assert_eq!((kept.kind, kept.verdict, kept.agent), (StepKind::Keep, Verdict::Chose, Some(agent_id(ANN))));
    assert!(kept.line().ends_with("kept a place for it"), "{}", kept.line());
    shop.says("a");
    shop.answers(ANN, page);
    shop.presence(ANN, Presence::Offline);
    let moved = first_step(&shop);
    assert_eq!(
        (moved.kind, moved.verdict, moved.agent),
        (StepKind::Keep, Verdict::Passed, Some(agent_id(ANN)))
    );
    assert!(moved.line().ends_with("may not keep it"), "{}", moved.line());
}

/// What broke: keeping a place and the first word counted as two turns.
#[test]
fn a_place_that_is_kept_and_its_first_word_are_one_turn() {
    let mut shop = keeping(&[(ANN, 9), (BEN, 9)]);
    shop.policy(|policy| policy.strategy = Strategy::RoundRobin);
    let pages = ["a", "b"].map(|buyer| enters(&mut shop, buyer));
    let [first, second] = pages.map(|page| shop.holder(page).expect("somebody is ready"));
    assert_ne!(first, second);
    shop.says("a");
    let then = ["c", "d"].map(|buyer| {
        let conversation = shop.says(buyer);
        shop.holder(conversation).expect("there is room")
    });
    assert_eq!(then, [first, second], "both had one");
}

/// What broke: whoever keeps a place was taken for the agent who was asked, although the buyer went to the queue.
#[test]
fn whoever_only_keeps_a_place_was_not_asked_anything() {
    let mut shop = keeping(&[(ANN, 1)]);
    let mut events = shop.ok(Command::EnterChat { buyer: "a".into(), channel: "test".into() });
    shop.presence(ANN, Presence::Offline);
    events.extend(shop.ok(Command::ReceiveMessage(message("a"))));
    let happenings: Vec<_> = events.iter().flat_map(Happening::of_event).collect();
    let facts = crate::exchange::Conversation::fold("a", happenings);
    assert_eq!(facts.session.agent_at, None);
    assert!(facts.exchanges[0].holdings.iter().all(|holding| holding.holder.agent().is_none()));
}

#[test]
fn who_knows_the_buyer_keeps_a_place_only_while_she_is_free() {
    let mut shop = keeping(&[(ANN, 1)]);
    shop.policy(|policy| policy.reopen_window = Span::ZERO);
    let known = shop.says("a");
    shop.serves(ANN, known);
    shop.policy(|policy| {
        let max_age = Span::from_hours(1);
        policy.last_agent_windows =
            vec![LastAgentWindow { max_age, even_when_busy: true, ignore_capacity: true }];
    });
    shop.later(Span::from_secs(1));
    shop.presence(ANN, Presence::Busy);
    let page = enters(&mut shop, "a");
    assert_eq!(shop.stage(page), Stage::Entered, "a window is for who says something");
    shop.says("a");
    assert_eq!(shop.holder(page), Some(agent_id(ANN)));
}
