use proptest::prelude::*;

use super::*;
use crate::pack::naive::stories::any_what;

/// A story for tests: who did what, so many seconds after 1970.
pub(crate) fn at(seconds: i64, what: What) -> Happening {
    Happening { at: Timestamp::from_micros_clamped(seconds * 1_000_000), what }
}

pub(crate) fn opened(buyer: &str) -> What {
    What::Opened { buyer: buyer.into(), group: String::new(), vip: false }
}

pub(crate) fn asked(message: &str) -> What {
    What::Asked { message: message.into() }
}

pub(crate) fn replied(actor: Actor, agent: &str, small_talk: bool) -> What {
    What::Replied { message: "r".into(), actor, agent: agent.into(), small_talk }
}

pub(crate) fn human(agent: &str) -> What {
    replied(Actor::Human, agent, false)
}

pub(crate) fn assigned(agent: &str) -> What {
    What::Assigned { agent: agent.into() }
}

#[test]
fn questions_in_a_row_are_one_exchange_and_a_reply_ends_the_run() {
    let facts = Conversation::fold(
        "c",
        [
            at(0, opened("b")),
            at(10, asked("m1")),
            at(90, asked("m2")),
            at(95, asked("m3")),
            at(100, human("lan")),
            at(110, human("lan")),
            at(120, asked("m4")),
        ],
    );
    assert_eq!(facts.exchanges.len(), 2);
    let first = &facts.exchanges[0];
    assert_eq!((first.number, first.asked, first.replies.len()), (1, 3, 1));
    let kept: Vec<_> = first.asks.iter().map(|ask| ask.message.as_str()).collect();
    assert_eq!(kept, ["m1", "m2"], "the earliest of each minute");
    assert_eq!(facts.exchanges[1].asks[0].message, "m4");
}

#[test]
fn of_each_kind_the_first_reply_and_the_first_with_content_are_kept() {
    let story = [
        at(0, asked("m")),
        at(1, replied(Actor::AutoReply, "", true)),
        at(2, replied(Actor::Human, "lan", true)),
        at(3, replied(Actor::Human, "lan", true)),
        at(4, human("mei")),
        at(5, human("lan")),
        at(6, replied(Actor::Human, "lan", true)),
    ];
    let facts = Conversation::fold("c", story);
    let kept: Vec<_> =
        facts.exchanges[0].replies.iter().map(|r| (r.actor, r.small_talk, r.agent.as_str())).collect();
    assert_eq!(
        kept,
        [(Actor::AutoReply, true, ""), (Actor::Human, true, "lan"), (Actor::Human, false, "mei")]
    );
}

#[test]
fn a_greeting_before_any_question_makes_no_exchange() {
    let facts = Conversation::fold("c", [at(0, opened("b")), at(1, replied(Actor::AutoReply, "", true))]);
    assert_eq!(facts.exchanges, []);
    assert_eq!(facts.session.first_asked_at, None);
}

#[test]
fn the_agent_asked_is_who_held_it_or_else_who_got_it_first() {
    let facts = Conversation::fold(
        "c",
        [
            at(0, asked("m1")),
            at(1, What::Queued { nobody_on_duty: false }),
            at(5, assigned("lan")),
            at(6, assigned("mei")),
            at(9, human("mei")),
            at(10, asked("m2")),
        ],
    );
    assert_eq!(facts.exchanges[0].agent_asked(), Some("lan"));
    assert_eq!(facts.exchanges[1].agent_asked(), Some("mei"));
    assert_eq!(facts.session.people_at, Some(at(1, asked("")).at));
    assert_eq!(facts.session.agent_at, Some(at(5, asked("")).at));
}

#[test]
fn who_answers_what_nobody_held_is_asked_next() {
    let facts = Conversation::fold("c", [at(0, asked("m1")), at(9, human("mei")), at(10, asked("m2"))]);
    assert_eq!(facts.exchanges[1].agent_asked(), Some("mei"));
    assert_eq!(facts.exchanges[0].holdings.len(), 2);
}

#[test]
fn who_closed_a_conversation_is_not_asked_when_it_is_taken_up_again() {
    let closed = || What::Closed { abandoned: false };
    let begin = [at(0, opened("b")), at(1, asked("m1")), at(1, assigned("lan")), at(2, human("lan"))];
    let again = [at(10, asked("m2")), at(12, assigned("mei"))];
    for between in
        [vec![at(3, closed())], vec![at(9, opened("b"))], vec![at(3, closed()), at(9, opened("b"))]]
    {
        let story = begin.iter().cloned().chain(between).chain(again.clone());
        let facts = Conversation::fold("c", story);
        assert_eq!(facts.exchanges[1].agent_asked(), Some("mei"));
        assert_eq!(facts.exchanges[1].holdings[0].holder, Holder::Nobody);
    }
}

#[test]
fn who_left_the_queue_has_nobody() {
    let left = What::LeftQueue { abandoned: true };
    let facts = Conversation::fold(
        "c",
        [at(0, asked("m1")), at(0, What::Queued { nobody_on_duty: false }), at(5, left)],
    );
    assert_eq!(facts.session.holder, Holder::Nobody);
}

#[test]
fn who_had_gone_when_the_question_came_was_not_asked() {
    let begin = [at(1, asked("m1")), at(1, assigned("lan")), at(2, human("lan"))];
    let queued = || What::Queued { nobody_on_duty: true };
    for (moved, expected) in [
        (vec![at(10, asked("m2")), at(10, assigned("mei"))], "mei"),
        (vec![at(10, asked("m2")), at(10, queued()), at(70, assigned("mei"))], "mei"),
        // The channel says it was asked earlier than it came.
        (vec![at(7, asked("m2")), at(10, What::Reached), at(10, assigned("mei"))], "mei"),
        (vec![at(7, asked("m2")), at(10, What::Reached), at(11, assigned("mei"))], "lan"),
        (vec![at(10, asked("m2")), at(11, assigned("mei"))], "lan"),
        // Given away by somebody, it stays the first agent's, however fast.
        (vec![at(10, asked("m2")), at(10, What::Transferred), at(10, assigned("mei"))], "lan"),
        (vec![at(10, asked("m2")), at(10, What::Closed { abandoned: false })], "lan"),
    ] {
        let facts = Conversation::fold("c", begin.iter().cloned().chain(moved.clone()));
        assert_eq!(facts.exchanges[1].agent_asked(), Some(expected), "{moved:?}");
    }
}

#[test]
fn a_conversation_taken_up_again_is_the_same_session() {
    let facts = Conversation::fold(
        "c",
        [
            at(0, opened("b")),
            at(1, asked("m1")),
            at(2, human("lan")),
            at(3, What::Closed { abandoned: false }),
            at(9, opened("b")),
            at(10, asked("m2")),
        ],
    );
    assert_eq!(facts.session.opened_at, Some(at(0, asked("")).at));
    assert_eq!(facts.session.closed_at, None);
    assert_eq!(facts.session.exchanges, 2);
}

#[test]
fn an_opening_that_comes_late_still_names_buyer_and_time() {
    let facts = Conversation::fold("c", [at(5, asked("m1")), at(9, opened("b"))]);
    assert_eq!(facts.session.buyer, "b");
    assert_eq!(facts.session.opened_at, Some(at(9, asked("")).at));
    assert_eq!(facts.session.begins_at(), Some(at(5, asked("")).at));
}

#[test]
fn what_an_exchange_keeps_is_bounded() {
    let minutes = (0..10_000).map(|minute| at(minute * 60, asked("m")));
    let hands = (0..10_000).map(|i| at(600_000 + i, assigned(if i % 2 == 0 { "lan" } else { "mei" })));
    let facts = Conversation::fold("c", minutes.chain(hands));
    let exchange = &facts.exchanges[0];
    assert_eq!(exchange.asked, 10_000);
    assert_eq!(exchange.asks.len(), MAX_ASKS_KEPT);
    assert_eq!(exchange.holdings.len(), MAX_HOLDINGS_KEPT);
}

proptest! {
    #[test]
    fn the_fold_goes_on_from_its_session_and_last_exchange(
        story in prop::collection::vec((0_i64..100_000, any_what()), 0..60),
        cut in 0_usize..60,
    ) {
        let story: Vec<_> = story.into_iter().map(|(seconds, what)| at(seconds, what)).collect();
        let cut = cut.min(story.len());
        let whole = Conversation::fold("c", story.clone());
        let before = Conversation::fold("c", story[..cut].to_vec());
        let (mut exchanges, mut fold) = (before.exchanges, Fold { session: before.session, current: None });
        fold.current = exchanges.pop();
        exchanges.extend(story[cut..].iter().cloned().filter_map(|happening| fold.apply(happening)));
        exchanges.extend(fold.current);
        prop_assert_eq!(fold.session, whole.session);
        prop_assert_eq!(exchanges, whole.exchanges);
    }

    #[test]
    fn exchanges_are_numbered_and_holdings_never_run_backwards(
        story in prop::collection::vec((0_i64..100_000, any_what()), 0..60),
    ) {
        let facts = Conversation::fold("c", story.into_iter().map(|(seconds, what)| at(seconds, what)));
        for (index, exchange) in facts.exchanges.iter().enumerate() {
            prop_assert_eq!(exchange.number as usize, index + 1);
            prop_assert!(exchange.holdings.is_sorted_by_key(|holding| holding.from));
            prop_assert!(exchange.asks.is_sorted_by_key(|ask| ask.at));
            prop_assert!(!exchange.asks.is_empty());
            let every_ask: Vec<_> = exchange.every_ask().into_iter().cloned().collect();
            prop_assert_eq!(every_ask.len(), exchange.asked as usize);
            let (asks, further_asks) = by_minute(every_ask);
            prop_assert_eq!((&asks, &further_asks), (&exchange.asks, &exchange.further_asks));
        }
        prop_assert_eq!(facts.session.exchanges as usize, facts.exchanges.len());
    }
}
