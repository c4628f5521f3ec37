//! Who gets whom: one test per rule, named after it.

use super::shop::{ANN, BEN, MAIN, Shop, entry, message, reply};
use crate::desk::agent::{AgentEntry, Presence};
use crate::desk::chatter::agent_id;
use crate::desk::command::{BuyerMessage, Command};
use crate::desk::conversation::Stage;
use crate::desk::event::{Payload, TransferTarget};
use crate::desk::policy::LastAgentWindow;
use crate::desk::trace::RouteStep;
use crate::problem::Reason;
use crate::time::Span;

#[test]
fn the_least_saturated_agent_gets_the_next_buyer_and_ties_go_to_who_waited_longest() {
    let mut shop = Shop::with(&[(ANN, 2), (BEN, 4)]);
    let holders: Vec<_> = ["a", "b", "c", "d", "e", "f"]
        .map(|buyer| {
            let conversation = shop.says(buyer);
            shop.holder(conversation)
        })
        .to_vec();
    let order = [ANN, BEN, BEN, ANN, BEN, BEN].map(|agent| Some(agent_id(agent)));
    assert_eq!(holders, order, "0/2=0/4, 0/4, 1/4<1/2, 1/2=2/4 longest ago, 2/4, 3/4");
}

#[test]
fn a_busy_agent_keeps_her_buyers_and_gets_no_new_ones() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let kept = shop.says("old");
    shop.presence(ANN, Presence::Busy);
    let queued = shop.says("new");
    shop.says("old");
    assert_eq!(shop.holder(kept), Some(agent_id(ANN)));
    assert!(matches!(shop.stage(queued), Stage::Queued(_)));
}

#[test]
fn an_offline_agents_buyer_is_rerouted_on_his_next_message() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    shop.presence(ANN, Presence::Offline);
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)), "nothing is owed, so nothing moves yet");
    shop.says("a");
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn a_buyer_owed_a_reply_is_moved_at_once_when_her_agent_goes_offline_or_lapses() {
    for leave in [
        Command::SetPresence { agent: agent_id(ANN), presence: Presence::Offline, force: true },
        Command::Lapse { agent: agent_id(ANN) },
    ] {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
        let conversation = shop.says("a");
        assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
        shop.ok(leave);
        assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
    }
}

#[test]
fn a_disabled_account_goes_offline_and_may_not_come_back() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let disabled = AgentEntry { enabled: false, ..entry(ANN, 5) };
    shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(disabled) });
    let back = Command::SetPresence { agent: agent_id(ANN), presence: Presence::Online, force: true };
    assert_eq!(shop.refused(back), Reason::AgentDisabled);
}

#[test]
fn with_nobody_else_the_main_account_gets_it_and_hands_it_out() {
    let mut shop = Shop::with(&[(MAIN, 0), (ANN, 1)]);
    let first = shop.says("a");
    let second = shop.says("b");
    assert_eq!((shop.holder(first), shop.holder(second)), (Some(agent_id(ANN)), Some(agent_id(MAIN))));
    let hand_out =
        Command::Transfer { conversation: second, from: None, target: TransferTarget::Agent(agent_id(ANN)) };
    shop.ok(hand_out);
    assert_eq!(shop.holder(second), Some(agent_id(ANN)), "a transfer may go beyond capacity");
}

#[test]
fn capacity_zero_is_for_transfers_only() {
    let mut shop = Shop::with(&[(ANN, 0)]);
    let conversation = shop.says("a");
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)));
    let target = TransferTarget::Agent(agent_id(ANN));
    shop.ok(Command::Transfer { conversation, from: None, target });
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
}

#[test]
fn lowering_capacity_evicts_nobody() {
    let mut shop = Shop::with(&[(ANN, 3)]);
    let held = ["a", "b", "c"].map(|buyer| shop.says(buyer));
    shop.ok(Command::SetCapacity { agent: agent_id(ANN), capacity: 1 });
    for conversation in held {
        assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    }
    let raise = Command::SetCapacity { agent: agent_id(ANN), capacity: 1_001 };
    assert_eq!(shop.refused(raise), Reason::CapacityAboveCeiling);
}

#[test]
fn the_last_agent_is_preferred_within_her_window_even_when_busy_but_never_when_away() {
    for (presence, age, expected) in [
        (Presence::Online, 1, ANN),
        (Presence::Busy, 24, ANN),
        (Presence::Busy, 25, BEN),
        (Presence::Online, 72, ANN),
        (Presence::Online, 73, BEN),
        (Presence::OnBreak, 1, BEN),
        (Presence::Offline, 1, BEN),
    ] {
        let mut shop = Shop::with(&[(ANN, 2), (BEN, 200)]);
        let first = shop.says("a");
        shop.serves(ANN, first);
        // Ann holds somebody else, so the strategy alone would choose Ben.
        let other = shop.says("z");
        shop.ok(Command::Transfer {
            conversation: other,
            from: None,
            target: TransferTarget::Agent(agent_id(ANN)),
        });
        shop.answers(ANN, other);
        shop.presence(ANN, presence);
        shop.later(Span::from_hours(age));
        let again = shop.says("a");
        assert_eq!(shop.holder(again), Some(agent_id(expected)), "{presence:?} after {age} h");
    }
}

#[test]
fn a_window_may_ignore_capacity() {
    for ignore_capacity in [false, true] {
        let mut shop = Shop::with(&[(ANN, 1), (BEN, 5)]);
        let window =
            LastAgentWindow { max_age: Span::from_hours(24), even_when_busy: false, ignore_capacity };
        shop.policy(|policy| {
            policy.last_agent_windows = vec![window];
            policy.reopen_window = Span::ZERO;
        });
        let first = shop.says("a");
        shop.serves(ANN, first);
        let other = shop.says("z");
        shop.ok(Command::Transfer {
            conversation: other,
            from: None,
            target: TransferTarget::Agent(agent_id(ANN)),
        });
        shop.later(Span::from_mins(1));
        let again = shop.says("a");
        let expected = if ignore_capacity { ANN } else { BEN };
        assert_eq!(shop.holder(again), Some(agent_id(expected)));
    }
}

#[test]
fn transfers_go_only_to_who_takes_them() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    let to = |agent| Command::Transfer {
        conversation,
        from: Some(agent_id(ANN)),
        target: TransferTarget::Agent(agent_id(agent)),
    };
    assert_eq!(shop.refused(to(ANN)), Reason::AlreadyAssigned);
    shop.presence(BEN, Presence::OnBreak);
    assert_eq!(shop.refused(to(BEN)), Reason::AgentUnavailable);
    let group = TransferTarget::Group("nobody's".into());
    let to_group = Command::Transfer { conversation, from: Some(agent_id(ANN)), target: group };
    assert_eq!(shop.refused(to_group), Reason::GroupNotFound);
    shop.presence(BEN, Presence::Busy);
    shop.ok(to(BEN));
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)), "a busy agent takes transfers");
}

#[test]
fn a_conversation_handed_to_a_group_does_not_come_back_to_who_handed_it() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    let target = TransferTarget::Group("default".into());
    shop.ok(Command::Transfer { conversation, from: Some(agent_id(ANN)), target });
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn the_trace_names_who_was_dropped_and_why() {
    let mut shop = Shop::with(&[(ANN, 0), (BEN, 5)]);
    shop.presence(BEN, Presence::OnBreak);
    let events = shop.ok(Command::ReceiveMessage(message("a")));
    let lines: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Queued { trace, .. } => {
                Some(trace.steps.iter().map(RouteStep::line).collect::<Vec<_>>())
            }
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(
        lines,
        [
            "it is for group default",
            "nobody in group default has room; not: 1 on break, 1 for transfers only",
            "the main account cannot take it",
            "it waits for group default",
        ]
    );
}

#[test]
fn what_is_handed_to_a_full_group_waits_for_somebody_else() {
    let mut shop = Shop::with(&[(ANN, 1)]);
    shop.sync(BEN, 1);
    let conversation = shop.says("a");
    let target = TransferTarget::Group("default".into());
    shop.ok(Command::Transfer { conversation, from: Some(agent_id(ANN)), target });
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)), "not back to Ann, who has room");
    let next = shop.says("b");
    assert_eq!(shop.holder(next), Some(agent_id(ANN)), "whom nobody handed over is not held up by it");
    shop.presence(BEN, Presence::Online);
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn the_main_account_hands_out_to_a_full_group_and_does_not_get_it_back() {
    let mut shop = Shop::with(&[(MAIN, 0), (ANN, 1)]);
    let held = shop.says("a");
    let conversation = shop.says("b");
    assert_eq!(shop.holder(conversation), Some(agent_id(MAIN)));
    let target = TransferTarget::Group("default".into());
    shop.ok(Command::Transfer { conversation, from: Some(agent_id(MAIN)), target });
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)));
    shop.serves(ANN, held);
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
}

#[test]
fn a_disabled_account_may_not_act_in_what_it_still_holds() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    let disabled = AgentEntry { enabled: false, ..entry(ANN, 5) };
    shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(disabled) });
    assert_eq!(shop.refused(Command::Reply(reply(ANN, conversation))), Reason::AgentDisabled);
}

#[test]
fn taking_up_again_is_never_stricter_than_coming_back() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    shop.serves(ANN, conversation);
    shop.presence(ANN, Presence::Busy);
    shop.says("a");
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)), "the window says even when busy");
}

#[test]
fn one_buyer_id_on_two_channels_is_two_buyers() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let here = shop.says("a");
    let elsewhere = BuyerMessage { channel: "another".into(), ..message("a") };
    let there = shop.ok(Command::ReceiveMessage(elsewhere))[0].conversation;
    assert_ne!(there, Some(here));
}
