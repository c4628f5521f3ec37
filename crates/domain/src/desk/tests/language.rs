//! Language: what follows when an agent says words of the shop's list. One test per rule, named after it.

use super::shop::{ANN, Shop, reply};
use crate::desk::chatter::agent_id;
use crate::desk::command::{Command, Reply};
use crate::desk::event::{Event, Payload, Text};
use crate::desk::language::{LanguageAction, LanguagePolicy, MAX_HITS};
use crate::ids::ConversationId;
use crate::message::Actor;
use crate::problem::Reason;

/// A shop that does this about rude words, with a buyer who waits for Ann's answer.
fn shop_that(action: LanguageAction) -> (Shop, ConversationId) {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.language = LanguagePolicy { words: vec!["idiot".into()], action });
    let conversation = shop.says("a");
    (shop, conversation)
}

fn rude(conversation: ConversationId) -> Reply {
    Reply { language: vec!["idiot".into()], ..reply(ANN, conversation) }
}

fn flagged(events: &[Event]) -> Option<&Payload> {
    events
        .iter()
        .map(|event| &event.payload)
        .find(|payload| matches!(payload, Payload::LanguageFlagged { .. }))
}

#[test]
fn warned_or_recorded_a_reply_is_sent_and_its_words_are_flagged() {
    for action in [LanguageAction::Warn, LanguageAction::Record] {
        let (mut shop, conversation) = shop_that(action);
        let events = shop.ok(Command::Reply(rude(conversation)));
        let Payload::ReplySent { message, .. } = events[0].payload else { panic!("not sent: {events:?}") };
        let words = vec![Text::from("idiot")];
        let expected =
            Payload::LanguageFlagged { agent: agent_id(ANN), message: Some(message), words, action };
        assert_eq!(events[1].payload, expected);
        assert_eq!(events[1].conversation, Some(conversation));
        assert_eq!(events[1].payload.inbox_of(), Some(agent_id(ANN)));
        assert_eq!(shop.desk.conversation(conversation).expect("open").owed(), None);
    }
}

#[test]
fn refused_a_reply_is_not_sent_and_the_hit_is_kept() {
    let (mut shop, conversation) = shop_that(LanguageAction::Refuse);
    let events = shop.ok(Command::Reply(rude(conversation)));
    assert_eq!(events.len(), 1);
    let words = vec![Text::from("idiot")];
    let action = LanguageAction::Refuse;
    let expected = Payload::LanguageFlagged { agent: agent_id(ANN), message: None, words, action };
    assert_eq!(flagged(&events), Some(&expected));
    assert!(shop.desk.conversation(conversation).expect("open").owed().is_some(), "a reply is still owed");
}

#[test]
fn a_civil_reply_and_one_of_a_robot_are_never_flagged() {
    let (mut shop, conversation) = shop_that(LanguageAction::Refuse);
    let robot = Reply { actor: Actor::AutoReply, agent: None, ..rude(conversation) };
    let events = shop.ok(Command::Reply(robot));
    assert!(flagged(&events).is_none() && events.len() == 1);
    let events = shop.answers(ANN, conversation);
    assert!(flagged(&events).is_none() && events.len() == 1);
}

#[test]
fn a_reply_that_is_refused_for_another_reason_is_not_flagged() {
    let (mut shop, conversation) = shop_that(LanguageAction::Record);
    let of_nobody = Reply { agent: Some(agent_id(9)), ..rude(conversation) };
    assert_eq!(shop.refused(Command::Reply(of_nobody)), Reason::AgentNotFound);
}

#[test]
fn at_most_eight_words_are_told() {
    let (mut shop, conversation) = shop_that(LanguageAction::Record);
    let language = (0..20).map(|n| Text::from(n.to_string())).collect();
    let events = shop.ok(Command::Reply(Reply { language, ..reply(ANN, conversation) }));
    let Some(Payload::LanguageFlagged { words, .. }) = flagged(&events) else { panic!("not flagged") };
    assert_eq!(words.len(), MAX_HITS);
}

#[test]
fn a_list_is_kept_in_the_form_that_is_looked_for_and_out_of_bounds_refused() {
    let (mut shop, _) = shop_that(LanguageAction::Warn);
    shop.policy(|policy| policy.language.words = vec!["ＩＤＩＯＴ".into(), "滚蛋".into(), "idiot".into()]);
    assert_eq!(shop.desk.policy().0.language.words, [Text::from("idiot"), "滚蛋".into()]);
    let mut policy = shop.desk.policy().0.clone();
    policy.language.words.push("  ".into());
    let replace = Command::ReplacePolicy { policy: Box::new(policy), if_policy: None };
    let problem = shop.attempt(replace, None).expect_err("an empty word");
    assert_eq!((problem.reason, &*problem.violations[0].field), (Reason::PolicyInvalid, "language.words"));
}
