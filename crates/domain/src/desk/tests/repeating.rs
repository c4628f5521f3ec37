//! Repetitions, clocks and unknown shops: one test per rule, named after it.

use super::shop::{ANN, Shop, message};
use crate::desk::Desk;
use crate::desk::agent::Presence;
use crate::desk::chatter::agent_id;
use crate::desk::command::{Applied, BuyerMessage, Command};
use crate::desk::event::RequestMark;
use crate::desk::policy::LastAgentWindow;
use crate::ids::ShopId;
use crate::problem::Reason;
use crate::time::{Span, Timestamp};

#[test]
fn the_same_request_has_one_effect_and_another_body_is_refused() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let mark =
        |hash| Some(RequestMark { caller: "gateway".into(), request_id: "r1".into(), body_hash: [hash; 32] });
    let command = Command::ReceiveMessage(message("a"));
    let first = shop.attempt(command.clone(), mark(1)).expect("new").into_events()[0].seq;
    let again = shop.attempt(command.clone(), mark(1)).expect("known");
    assert_eq!(again, Applied::Repeated { first, redelivered: false });
    let other = shop.attempt(command, mark(2)).expect_err("another body");
    assert_eq!(other.reason, Reason::RequestIdReused);
}

#[test]
fn a_redelivered_message_is_recognised_whatever_its_request_id() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let mut delivered = message("a");
    delivered.external = Some("m1".into());
    let first = shop.ok(Command::ReceiveMessage(delivered.clone()))[0].seq;
    let again = shop.attempt(Command::ReceiveMessage(delivered.clone()), None).expect("known");
    assert_eq!(again, Applied::Repeated { first, redelivered: true });
    delivered.channel = "another".into();
    assert!(!shop.ok(Command::ReceiveMessage(delivered)).is_empty());
}

#[test]
fn a_slightly_earlier_now_is_taken_as_the_latest_and_a_much_earlier_one_refused() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.later(Span::from_hours(10));
    shop.says("a");
    shop.later(Span::from_secs(-5));
    let events = shop.ok(Command::ReceiveMessage(message("b")));
    assert_eq!(events[0].recorded, shop.now + Span::from_secs(5));
    shop.later(Span::from_hours(-3));
    assert_eq!(shop.refused(Command::Tick), Reason::ClockSkew);
}

#[test]
fn a_message_dated_far_ahead_is_refused() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let ahead = |span| {
        Command::ReceiveMessage(BuyerMessage { occurred: Some(Timestamp::default() + span), ..message("a") })
    };
    assert_eq!(shop.refused(ahead(Span::from_mins(5) + Span::from_micros(1))), Reason::ClockSkew);
    shop.ok(ahead(Span::from_mins(5)));
}

#[test]
fn a_shop_nothing_is_known_of_refuses_everything() {
    let mut shop = Shop { desk: Desk::new(ShopId::from_bits(2)), now: Timestamp::default(), commands: 0 };
    assert_eq!(shop.refused(Command::ReceiveMessage(message("a"))), Reason::ShopNotFound);
}

#[test]
fn a_request_that_changed_nothing_is_remembered_too() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let mark =
        |hash| Some(RequestMark { caller: "console".into(), request_id: "r1".into(), body_hash: [hash; 32] });
    let online = Command::SetPresence { agent: agent_id(ANN), presence: Presence::Online, force: true };
    let noted = shop.attempt(online.clone(), mark(1)).expect("already so").into_events();
    assert_eq!(noted.len(), 1);
    shop.presence(ANN, Presence::Busy);
    let again = shop.attempt(online, mark(1)).expect("known");
    assert_eq!(again, Applied::Repeated { first: noted[0].seq, redelivered: false });
    let busy = Command::SetPresence { agent: agent_id(ANN), presence: Presence::Busy, force: true };
    assert_eq!(shop.attempt(busy, mark(2)).expect_err("another body").reason, Reason::RequestIdReused);
}

#[test]
fn a_message_older_than_two_days_is_refused() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.later(Span::from_hours(100));
    let aged = |shop: &Shop, age| {
        Command::ReceiveMessage(BuyerMessage { occurred: Some(shop.now - age), ..message("a") })
    };
    let too_old = aged(&shop, Span::from_hours(48) + Span::from_micros(1));
    assert_eq!(shop.refused(too_old), Reason::ClockSkew);
    let old = aged(&shop, Span::from_hours(48));
    shop.ok(old);
}

#[test]
fn a_request_id_is_free_again_after_a_day() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let mark =
        |hash| Some(RequestMark { caller: "console".into(), request_id: "r1".into(), body_hash: [hash; 32] });
    let online = Command::SetPresence { agent: agent_id(ANN), presence: Presence::Online, force: true };
    shop.attempt(online.clone(), mark(1)).expect("allowed");
    shop.later(Span::from_hours(24));
    assert_eq!(
        shop.attempt(online.clone(), mark(2)).expect_err("the last moment").reason,
        Reason::RequestIdReused
    );
    shop.later(Span::from_micros(1));
    assert_eq!(shop.attempt(online, mark(2)).expect("another request").into_events().len(), 1);
}

#[test]
fn a_buyer_is_forgotten_when_nothing_about_him_matters_any_more() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let memory = Span::from_hours(2);
    shop.policy(|policy| {
        let max_age = memory;
        let window = LastAgentWindow { max_age, even_when_busy: true, ignore_capacity: false };
        policy.last_agent_windows = vec![window];
    });
    let conversation = shop.says("a");
    shop.serves(ANN, conversation);
    let known = |shop: &Shop| shop.desk.snapshot().expect("something has happened").buyers.len();
    shop.later(memory);
    shop.presence(ANN, Presence::Busy);
    assert_eq!(known(&shop), 1, "he may come back to Ann this moment");
    shop.later(Span::from_micros(1));
    shop.presence(ANN, Presence::Online);
    assert_eq!(known(&shop), 0);
}
