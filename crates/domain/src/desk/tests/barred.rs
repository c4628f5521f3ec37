//! Sanctions: who is muted or banned, and until when. One test per rule, named after it.

use super::shop::{ANN, BEN, Shop, entry, message, reply};
use crate::desk::agent::{AgentEntry, Availability, Presence, Sanction, SanctionKind};
use crate::desk::chatter::agent_id;
use crate::desk::command::Command;
use crate::desk::conversation::Stage;
use crate::desk::event::{CloseActor, Event, Payload, PresenceCause, TransferTarget};
use crate::desk::policy::LastAgentWindow;
use crate::problem::Reason;
use crate::time::Span;

const MUTED: Sanction = Sanction { kind: SanctionKind::Muted, until: None };
const BANNED: Sanction = Sanction { kind: SanctionKind::Banned, until: None };

impl Shop {
    /// The directory tells of a sanction, or of its lifting.
    fn sanctions(&mut self, agent: u8, sanction: Option<Sanction>) -> Vec<Event> {
        let entry = AgentEntry { sanction, ..entry(agent, 5) };
        self.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) })
    }
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.payload.name()).collect()
}

#[test]
fn a_muted_agent_gets_nothing_new_and_no_transfers_and_is_not_staffed() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.sanctions(ANN, Some(MUTED));
    let conversation = shop.says("a");
    assert!(matches!(shop.stage(conversation), Stage::Queued(_)));
    let target = TransferTarget::Agent(agent_id(ANN));
    let to_ann = Command::Transfer { conversation, from: None, target };
    assert_eq!(shop.refused(to_ann), Reason::AgentUnavailable);
    let ann = shop.desk.agent(agent_id(ANN)).expect("known");
    assert_eq!(
        (ann.availability(), ann.row().staffed, ann.presence),
        (Availability::Muted, false, Presence::Online)
    );
}

#[test]
fn whoever_is_owed_a_reply_leaves_a_muted_agent_at_once_and_the_others_with_their_next_word() {
    for sanction in [MUTED, BANNED] {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
        let answered = shop.says("a");
        shop.answers(ANN, answered);
        shop.presence(BEN, Presence::Offline);
        let owed = shop.says("b");
        shop.presence(BEN, Presence::Online);
        assert_eq!(shop.holder(owed), Some(agent_id(ANN)));
        shop.sanctions(ANN, Some(sanction));
        assert_eq!(shop.holder(owed), Some(agent_id(BEN)));
        assert_eq!(shop.holder(answered), Some(agent_id(ANN)), "nothing is owed, so nothing moves yet");
        shop.says("a");
        assert_eq!(shop.holder(answered), Some(agent_id(BEN)));
    }
}

#[test]
fn a_muted_agent_cannot_reply_and_is_told_until_when() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    let until = shop.now + Span::from_hours(2);
    shop.sanctions(ANN, Some(Sanction { until: Some(until), ..MUTED }));
    let problem = shop.attempt(Command::Reply(reply(ANN, conversation)), None).expect_err("muted");
    assert_eq!(problem.reason, Reason::AgentMuted);
    assert!(problem.message.contains(&until.to_string()), "{problem}");
    assert!(problem.metadata.contains(&("until", until.to_string())), "{problem:?}");
    shop.sanctions(ANN, Some(MUTED));
    assert_eq!(shop.refused(Command::Reply(reply(ANN, conversation))), Reason::AgentMuted);
    shop.closes(ANN, conversation);
}

#[test]
fn a_muted_agent_may_hand_over_and_be_busy_or_away_as_anybody() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    shop.sanctions(ANN, Some(MUTED));
    shop.presence(ANN, Presence::Busy);
    shop.presence(ANN, Presence::Online);
    let target = TransferTarget::Agent(agent_id(BEN));
    shop.ok(Command::Transfer { conversation, from: Some(agent_id(ANN)), target });
    assert_eq!(shop.holder(conversation), Some(agent_id(BEN)));
}

#[test]
fn a_banned_agent_goes_offline_may_not_come_back_and_may_not_act() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let conversation = shop.says("a");
    shop.answers(ANN, conversation);
    let events = shop.sanctions(ANN, Some(BANNED));
    let cause = events.iter().find_map(|event| match event.payload {
        Payload::PresenceChanged { presence: Presence::Offline, cause, .. } => Some(cause),
        _ => None,
    });
    assert_eq!(cause, Some(PresenceCause::Banned));
    for presence in [Presence::Online, Presence::Busy, Presence::OnBreak] {
        let back = Command::SetPresence { agent: agent_id(ANN), presence, force: true };
        assert_eq!(shop.refused(back), Reason::AgentBanned);
    }
    shop.presence(ANN, Presence::Offline);
    let agent = Some(agent_id(ANN));
    let close = Command::Close { conversation, by: CloseActor::Agent, agent, force: false };
    assert_eq!(shop.refused(close), Reason::AgentBanned);
    assert_eq!(shop.refused(Command::Reply(reply(ANN, conversation))), Reason::AgentBanned);
    assert_eq!(names(&shop.sanctions(ANN, None)), ["agent_synced"], "lifting it puts nobody online");
    shop.presence(ANN, Presence::Online);
    shop.answers(ANN, conversation);
}

#[test]
fn a_sanction_that_ends_by_itself_or_is_lifted_drains_the_queue() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let until = shop.now + Span::from_mins(1);
    let told = Some(Sanction { until: Some(until), ..MUTED });
    shop.sanctions(ANN, told);
    let waiting = shop.says("a");
    assert_eq!(shop.desk.next_due(), Some(until), "the sweeper comes in time");
    shop.later(Span::from_mins(1));
    assert_eq!(names(&shop.ok(Command::Tick)), ["sanction_ended", "assigned"]);
    assert_eq!(shop.holder(waiting), Some(agent_id(ANN)));
    assert!(shop.sanctions(ANN, told).is_empty(), "a sanction that has ended is no news");

    shop.sanctions(ANN, Some(MUTED));
    assert!(matches!(shop.stage(waiting), Stage::Queued(_)), "she owed a reply");
    assert_eq!(names(&shop.sanctions(ANN, None)), ["agent_synced", "assigned"]);
}

#[test]
fn an_entry_that_comes_before_the_tick_ends_what_has_ended() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let told = Some(Sanction { until: Some(shop.now + Span::from_mins(1)), ..MUTED });
    shop.sanctions(ANN, told);
    shop.later(Span::from_mins(2));
    assert_eq!(names(&shop.sanctions(ANN, told)), ["sanction_ended"]);
    assert!(shop.ok(Command::Tick).is_empty());
}

#[test]
fn a_sanction_made_longer_or_harder_is_in_force_as_told_last() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let minutes = |minutes| Some(Sanction { until: Some(shop.now + Span::from_mins(minutes)), ..MUTED });
    let (short, long) = (minutes(1), minutes(5));
    shop.sanctions(ANN, short);
    shop.sanctions(ANN, long);
    shop.later(Span::from_mins(1));
    assert!(shop.ok(Command::Tick).is_empty());
    assert_eq!(names(&shop.sanctions(ANN, Some(BANNED))), ["agent_synced", "presence_changed"]);
    shop.later(Span::from_mins(10));
    assert!(shop.ok(Command::Tick).is_empty(), "until it is lifted");
}

#[test]
fn the_last_agent_is_not_preferred_under_a_sanction_whatever_a_window_overrides() {
    for presence in [Presence::Online, Presence::Busy] {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
        let (max_age, even_when_busy, ignore_capacity) = (Span::from_hours(24), true, true);
        let window = LastAgentWindow { max_age, even_when_busy, ignore_capacity };
        shop.policy(|policy| policy.last_agent_windows = vec![window]);
        let first = shop.says("a");
        shop.serves(ANN, first);
        shop.sanctions(ANN, Some(MUTED));
        shop.presence(ANN, presence);
        let again = shop.says("a");
        assert_eq!(shop.holder(again), Some(agent_id(BEN)), "{presence:?}");
    }
}

#[test]
fn the_trace_counts_the_muted_and_the_banned() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    shop.sanctions(ANN, Some(MUTED));
    shop.sanctions(BEN, Some(BANNED));
    let events = shop.ok(Command::ReceiveMessage(message("a")));
    let line = events.iter().find_map(|event| match &event.payload {
        Payload::Queued { trace, .. } => Some(trace.steps[1].line()),
        _ => None,
    });
    assert_eq!(line.as_deref(), Some("nobody in group default has room; not: 1 muted, 1 banned"));
}
