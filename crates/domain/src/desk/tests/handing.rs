//! Handing over and giving back, and who may: one test per rule, named after it.

use super::shop::{ANN, BEN, Shop, entry, message};
use crate::desk::Desk;
use crate::desk::agent::{AgentEntry, Presence, Sanction, SanctionKind};
use crate::desk::chatter::agent_id;
use crate::desk::command::Command;
use crate::desk::conversation::Standing;
use crate::desk::event::{CloseActor, Event, Payload, ReportReason, TransferTarget};
use crate::desk::policy::{Fallback, LeavePolicy, Policy, ShopHours};
use crate::ids::{AgentId, ConversationId};
use crate::problem::Reason;
use crate::time::Span;

const CID: u8 = 3;

fn to(conversation: ConversationId, from: Option<u8>, agent: u8) -> Command {
    let target = TransferTarget::Agent(agent_id(agent));
    Command::Transfer { conversation, from: from.map(agent_id), target }
}

#[test]
fn only_who_holds_a_conversation_hands_it_over_gives_it_back_or_reports_it() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5), (CID, 5)]);
    let conversation = shop.says("a");
    shop.ok(to(conversation, None, BEN));
    assert_eq!(shop.refused(to(conversation, Some(ANN), CID)), Reason::NotAssignee);
    let decline = |agent| Command::DeclineTransfer { conversation, agent: agent_id(agent) };
    assert_eq!(shop.refused(decline(ANN)), Reason::NotAssignee);
    let report = |agent| {
        let reason = ReportReason::Advertising;
        Command::Report { conversation, agent: agent_id(agent), reason }
    };
    assert_eq!(shop.refused(report(ANN)), Reason::NotAssignee);
    assert_eq!(shop.ok(report(BEN)).len(), 1);
    assert!(shop.ok(report(BEN)).is_empty(), "once is enough");
    shop.ok(decline(BEN));
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
}

#[test]
fn nothing_can_be_handed_over_before_something_was_said() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let enter = Command::EnterChat { buyer: "a".into(), channel: "test".into() };
    let conversation = shop.ok(enter)[0].conversation.expect("a page");
    assert_eq!(shop.refused(to(conversation, None, ANN)), Reason::NothingSaid);
    for force in [false, true] {
        let assign = Command::Assign { conversation, agent: agent_id(ANN), force };
        assert_eq!(shop.refused(assign), Reason::NothingSaid);
    }
}

#[test]
fn a_hand_out_is_refused_for_want_of_room_only_where_somebody_is_there() {
    let mut shop = Shop::with(&[(ANN, 1), (BEN, 5)]);
    shop.says("a");
    let conversation = shop.says("b");
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
    let assign = Command::Assign { conversation, agent: agent_id(ANN), force: false };
    assert_eq!(shop.refused(assign.clone()), Reason::AgentSaturated);
    shop.presence(ANN, Presence::OnBreak);
    assert_eq!(shop.refused(assign.clone()), Reason::AgentUnavailable);
    shop.ok(Command::SetCapacity { agent: agent_id(ANN), capacity: 5 });
    assert_eq!(shop.refused(assign), Reason::AgentUnavailable);
}

#[test]
fn whoever_may_not_work_is_told_so_when_she_takes_the_next() {
    for (kind, reason) in
        [(SanctionKind::Muted, Reason::AgentMuted), (SanctionKind::Banned, Reason::AgentBanned)]
    {
        let mut shop = Shop::with(&[(ANN, 5)]);
        let entry = AgentEntry { sanction: Some(Sanction { kind, until: None }), ..entry(ANN, 5) };
        shop.ok(Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) });
        assert_eq!(shop.refused(Command::TakeNext { agent: agent_id(ANN) }), reason);
    }
}

#[test]
fn what_is_given_back_while_its_giver_is_away_goes_to_a_third() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 50), (CID, 5)]);
    let conversation = shop.says("a");
    let busy = shop.says("b");
    shop.ok(to(busy, None, CID));
    shop.ok(to(conversation, None, BEN));
    shop.presence(ANN, Presence::Offline);
    shop.ok(Command::DeclineTransfer { conversation, agent: agent_id(BEN) });
    assert_eq!(shop.holder(conversation), Some(agent_id(CID)), "although Ben has more room");
}

#[test]
fn what_came_by_itself_or_from_the_line_is_no_offer() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let moved = shop.says("a");
    shop.presence(ANN, Presence::Offline);
    assert_eq!(shop.holder(moved), Some(agent_id(BEN)));
    let decline = |conversation| Command::DeclineTransfer { conversation, agent: agent_id(BEN) };
    assert_eq!(shop.refused(decline(moved)), Reason::NotOffered);
    shop.presence(BEN, Presence::Busy);
    let waited = shop.says("b");
    shop.ok(to(waited, None, BEN));
    assert_eq!(shop.refused(decline(waited)), Reason::NotOffered);
}

#[test]
fn whoever_holds_nobody_may_leave_where_the_shop_wants_none_left() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    shop.policy(|policy| policy.on_leave = LeavePolicy::Refuse);
    shop.later(Span::from_hours(1));
    let leave = Command::SetPresence { agent: agent_id(ANN), presence: Presence::Offline, force: false };
    assert_eq!(shop.ok(leave).len(), 1);
}

#[test]
fn a_message_left_where_it_was_left_already_is_no_news() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
    shop.presence(ANN, Presence::Offline);
    shop.says("a");
    let events = shop.ok(Command::ReceiveMessage(message("a")));
    let names: Vec<_> = events.iter().map(|event| event.payload.name()).collect();
    assert_eq!(names, ["message_received"]);
}

#[test]
fn whoever_leaves_and_is_the_likeliest_to_be_back_is_left_what_she_had_as_a_message() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.policy(|policy| policy.fallbacks = vec![Fallback::LeaveMessage]);
    let conversation = shop.says("a");
    let events = shop.presence(ANN, Presence::Offline);
    let names: Vec<_> = events.iter().map(|event| event.payload.name()).collect();
    assert_eq!(names, ["presence_changed", "assigned"]);
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    assert_eq!(
        shop.desk.next_due(),
        Some(shop.now + Span::from_secs(100)),
        "nothing is due at once for ever"
    );
}

#[test]
fn winding_down_outlives_a_restart() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    shop.ok(Command::WindDown { agent: agent_id(ANN), next: Some(Presence::OnBreak), force: true });
    shop.desk = Desk::restore(shop.desk.snapshot().expect("something has happened"));
    shop.serves(ANN, conversation);
    assert_eq!(shop.desk.agent(agent_id(ANN)).expect("known").presence, Presence::OnBreak);
    assert_eq!(shop.desk.next_due(), None, "and nothing is left over");
}

#[test]
fn hours_that_change_leave_the_rest_of_the_policy_and_the_same_again_are_no_news() {
    let mut shop = Shop::new();
    shop.policy(|policy| policy.queue_limit = 7);
    let hours = shop.desk.policy().0.hours.clone();
    assert!(shop.ok(Command::SyncShop(hours.clone())).is_empty());
    let longer = ShopHours { service_end: "24:00".into(), ..hours };
    assert_eq!(shop.ok(Command::SyncShop(longer.clone())).len(), 1);
    let policy = shop.desk.policy().0;
    assert_eq!((policy.queue_limit, &policy.hours), (7, &longer));
}

#[test]
fn a_policy_is_replaced_only_by_who_has_read_it_and_never_the_hours() {
    let mut shop = Shop::new();
    let (policy, seq) = (shop.desk.policy().0.clone(), shop.desk.policy().1);
    let replace = |queue_limit, if_policy| {
        let policy = Box::new(Policy { queue_limit, ..policy.clone() });
        Command::ReplacePolicy { policy, if_policy }
    };
    assert!(shop.ok(replace(policy.queue_limit, Some(seq))).is_empty(), "the same is no news");
    assert_eq!(shop.ok(replace(7, Some(seq))).len(), 1);
    assert_eq!(shop.refused(replace(8, Some(seq))), Reason::EtagMismatch);
    let hours = ShopHours { service_end: "24:00".into(), ..policy.hours.clone() };
    let moved = Box::new(Policy { hours, ..policy.clone() });
    assert_eq!(
        shop.refused(Command::ReplacePolicy { policy: moved, if_policy: None }),
        Reason::PolicyInvalid
    );
}

/// Whose inboxes an event belongs into, by the names of their payloads.
fn inboxes(events: &[Event]) -> Vec<(&'static str, Option<AgentId>)> {
    events.iter().map(|event| (event.payload.name(), event.payload.inbox_of())).collect()
}

#[test]
fn what_happens_in_a_conversation_is_told_to_whoever_has_or_had_it() {
    let (ann, ben) = (Some(agent_id(ANN)), Some(agent_id(BEN)));
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let first = shop.ok(Command::ReceiveMessage(message("a")));
    let conversation = first[0].conversation.expect("a conversation");
    assert_eq!(
        inboxes(&first),
        [("conversation_opened", None), ("message_received", None), ("assigned", ann)]
    );
    let Payload::MessageReceived { standing, .. } = first[1].payload else { panic!("a message") };
    assert_eq!((standing, standing.agent()), (Standing::Open, None));
    let again = shop.ok(Command::ReceiveMessage(message("a")));
    assert_eq!(inboxes(&again), [("message_received", ann)]);
    let Payload::MessageReceived { standing, .. } = again[0].payload else { panic!("a message") };
    assert_eq!(standing.agent(), ann);
    let handed = shop.ok(to(conversation, Some(ANN), BEN));
    assert_eq!(inboxes(&handed), [("transferred", ann), ("assigned", ben)]);
    shop.later(Span::from_secs(100));
    assert_eq!(inboxes(&shop.ok(Command::Tick)), [("reply_due", ben)]);
    shop.presence(ANN, Presence::Busy);
    let left = shop.presence(BEN, Presence::Offline);
    assert_eq!(inboxes(&left).last(), Some(&("queued", ben)), "{left:?}");
    shop.ok(to(conversation, None, ANN));
    assert_eq!(inboxes(&shop.answers(ANN, conversation)), [("reply_sent", ann)]);
    let agent = Some(agent_id(ANN));
    let close = Command::Close { conversation, by: CloseActor::Agent, agent, force: false };
    assert_eq!(inboxes(&shop.ok(close)), [("closed", ann)]);
}

#[test]
fn nobody_lapses_whom_the_shop_does_not_know() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    assert_eq!(shop.refused(Command::Lapse { agent: agent_id(BEN) }), Reason::AgentNotFound);
}

#[test]
fn groups_in_another_order_or_twice_are_the_same_and_a_snapshot_is_in_order() {
    let mut shop = Shop::new();
    let told = |agent, groups: &[&str]| {
        let groups = groups.iter().map(|group| (*group).into()).collect();
        let entry = AgentEntry { groups, ..entry(agent, 5) };
        Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) }
    };
    for agent in [9, 4, 7, 1, 8, 2, 6, 3, 5] {
        shop.ok(told(agent, &["a", "b"]));
        assert!(shop.ok(told(agent, &["b", "a", "b"])).is_empty());
    }
    let agents = shop.desk.snapshot().expect("something has happened").agents;
    assert!(agents.is_sorted_by_key(|agent| agent.id));
}

#[test]
fn a_buyer_knows_whoever_got_him_and_remembers_her_from_her_last_answer() {
    for (answered_after, known) in [(None, true), (Some(2), true), (None, false)] {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 500)]);
        let conversation = shop.says("a");
        let other = shop.says("b");
        shop.ok(to(other, Some(BEN), ANN));
        if let Some(hours) = answered_after {
            shop.later(Span::from_hours(hours));
            shop.answers(ANN, conversation);
        }
        shop.ok(Command::Close { conversation, by: CloseActor::Buyer, agent: None, force: false });
        // The window of three days counts from when he was given to her, or from her last word.
        shop.later(Span::from_hours(if known { 72 } else { 73 }));
        let again = shop.says("a");
        assert_eq!(shop.holder(again), Some(agent_id(if known { ANN } else { BEN })));
    }
}

#[test]
fn whoever_handed_a_conversation_over_may_be_found_again_once_it_was_answered() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)));
    shop.sync(BEN, 5);
    shop.presence(BEN, Presence::Online);
    shop.ok(to(conversation, Some(ANN), BEN));
    shop.answers(BEN, conversation);
    shop.says("a");
    shop.presence(BEN, Presence::Offline);
    assert_eq!(shop.holder(conversation), Some(agent_id(ANN)), "she is the only one there");
}
