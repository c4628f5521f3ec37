//! What happens in a conversation: one test per rule, named after it.

use super::shop::{ANN, BEN, Shop, message, reply};
use crate::desk::chatter::agent_id;
use crate::desk::command::{Command, Reply};
use crate::desk::conversation::Stage;
use crate::desk::event::{AssignReason, CloseActor, HandOverReason, Payload};
use crate::ids::ConversationId;
use crate::message::{Actor, MessageKind};
use crate::problem::Reason;
use crate::time::Span;

#[test]
fn asking_again_within_the_window_takes_the_same_conversation_up_with_its_agent() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let first = shop.says("a");
    shop.serves(ANN, first);
    shop.later(Span::from_mins(10));
    let events = shop.ok(Command::ReceiveMessage(message("a")));
    assert!(matches!(events[0].payload, Payload::ConversationOpened { reopened: true, .. }));
    assert_eq!(events[0].conversation, Some(first));
    let assigned = events.iter().find_map(|event| match event.payload {
        Payload::Assigned { agent, reason, .. } => Some((agent, reason)),
        _ => None,
    });
    assert_eq!(assigned, Some((agent_id(ANN), AssignReason::Reopened)));

    shop.serves(ANN, first);
    shop.later(Span::from_mins(10) + Span::from_micros(1));
    assert_ne!(shop.says("a"), first);
}

#[test]
fn entering_says_nothing_and_expires_but_the_first_word_begins() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let enter = |buyer: &str| Command::EnterChat { buyer: buyer.into(), channel: "test".into() };
    let entered = shop.ok(enter("a"))[0].conversation.expect("conversation");
    assert_eq!(shop.stage(entered), Stage::Entered);
    assert_eq!(shop.says("a"), entered);
    assert_eq!(shop.holder(entered), Some(agent_id(ANN)));

    let silent = shop.ok(enter("b"))[0].conversation.expect("conversation");
    shop.later(Span::from_hours(1));
    shop.ok(Command::Tick);
    assert!(shop.desk.conversation(silent).is_none());
}

#[test]
fn the_robot_holds_until_it_hands_over() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.robot_first = true);
    let conversation = shop.says("a");
    assert_eq!(shop.stage(conversation), Stage::WithRobot);
    shop.ok(Command::Reply(Reply { actor: Actor::FullRobot, agent: None, ..reply(ANN, conversation) }));
    assert_eq!(shop.desk.conversation(conversation).expect("open").owed(), None);
    shop.says("a");
    let human = Command::RequestHuman { conversation, reason: HandOverReason::BuyerAsked };
    shop.ok(human.clone());
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    assert_eq!(shop.refused(human), Reason::NotWithRobot);
    let robot = Command::Reply(Reply { actor: Actor::FullRobot, agent: None, ..reply(ANN, conversation) });
    assert_eq!(shop.refused(robot), Reason::NotWithRobot);
}

#[test]
fn a_reply_due_alert_comes_once_a_step_and_not_after_the_answer() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.reply_due = vec![Span::from_secs(100), Span::from_secs(150)]);
    let conversation = shop.says("a");
    assert_eq!(shop.desk.next_due(), Some(shop.now + Span::from_secs(100)));
    shop.later(Span::from_secs(99));
    assert!(shop.ok(Command::Tick).is_empty());
    shop.later(Span::from_secs(1));
    let due = shop.ok(Command::Tick);
    assert!(matches!(due[0].payload, Payload::ReplyDue { step: 1, agent: Some(_), .. }));
    assert!(shop.ok(Command::Tick).is_empty());
    shop.answers(ANN, conversation);
    assert_eq!(shop.desk.next_due(), None);
}

#[test]
fn an_auto_reply_is_never_an_answer() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    shop.ok(Command::Reply(Reply { actor: Actor::AutoReply, agent: None, ..reply(ANN, conversation) }));
    assert!(shop.desk.conversation(conversation).expect("open").owed().is_some());
}

#[test]
fn closing_with_a_reply_owed_is_refused_unless_forced_by_a_supervisor() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    let close = |by, force| Command::Close { conversation, by, agent: Some(agent_id(ANN)), force };
    assert_eq!(shop.refused(close(CloseActor::Agent, false)), Reason::ReplyOwed);
    assert_eq!(shop.refused(close(CloseActor::Agent, true)), Reason::ReplyOwed);
    assert_eq!(shop.refused(close(CloseActor::Supervisor, false)), Reason::ReplyOwed);
    shop.ok(close(CloseActor::Supervisor, true));
    assert!(shop.desk.conversation(conversation).is_none());
}

#[test]
fn only_who_holds_a_conversation_may_answer_and_nobody_sends_video() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    assert_eq!(shop.refused(Command::Reply(reply(BEN, conversation))), Reason::NotAssignee);
    assert_eq!(shop.refused(Command::Reply(reply(9, conversation))), Reason::AgentNotFound);
    let unknown = ConversationId::from_bits(9);
    assert_eq!(shop.refused(Command::Reply(reply(ANN, unknown))), Reason::ConversationNotFound);
    let video = Reply { kind: MessageKind::Video, ..reply(ANN, conversation) };
    assert_eq!(shop.refused(Command::Reply(video)), Reason::VideoNotAllowed);
}

#[test]
fn no_answer_comes_before_its_question() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.later(Span::from_hours(10));
    let conversation = shop.says("a");
    let early = Reply { occurred: Some(shop.now - Span::from_hours(1)), ..reply(ANN, conversation) };
    assert_eq!(shop.ok(Command::Reply(early))[0].occurred, shop.now);
}

#[test]
fn only_a_persons_words_make_an_agent_known_to_the_buyer() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    let canned = Reply { actor: Actor::AutoReply, agent: Some(agent_id(BEN)), ..reply(BEN, conversation) };
    assert_eq!(shop.refused(Command::Reply(canned)), Reason::NotAssignee);
}

#[test]
fn every_message_that_waits_for_an_answer_is_counted() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let owed = |shop: &Shop, id| {
        shop.desk.conversation(id).expect("open").owed().map(|owed| (owed.since, owed.count))
    };
    let conversation = shop.says("a");
    let since = shop.now;
    shop.later(Span::from_secs(1));
    shop.says("a");
    assert_eq!(owed(&shop, conversation), Some((since, 2)));
    shop.answers(ANN, conversation);
    shop.says("a");
    assert_eq!(owed(&shop, conversation), Some((shop.now, 1)));
}

#[test]
fn a_conversation_names_its_last_event() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    for _ in 0..2 {
        let last = shop.ok(Command::ReceiveMessage(message("a")))[0].seq;
        assert_eq!(shop.desk.conversation(conversation).expect("open").last_seq, last);
    }
}

#[test]
fn an_agent_is_known_to_owe_and_since_when() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let owes = |shop: &Shop| {
        let ann = shop.desk.agent(agent_id(ANN)).expect("known");
        (ann.unanswered(), ann.oldest_unanswered())
    };
    assert_eq!(owes(&shop), (0, None));
    shop.later(Span::from_hours(1));
    let first = shop.says("a");
    let since = shop.now;
    shop.later(Span::from_secs(10));
    shop.says("b");
    assert_eq!(owes(&shop), (2, Some(since)));
    shop.answers(ANN, first);
    assert_eq!(owes(&shop), (1, Some(shop.now)));
}
