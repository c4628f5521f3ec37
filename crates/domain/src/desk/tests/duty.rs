//! Shifts: who is on duty, and what of it changes with time. One test per rule, named after it.

use super::shop::{ANN, BEN, Shop, entry, message};
use crate::desk::WORK_LIMIT;
use crate::desk::agent::{AgentEntry, Availability, Presence};
use crate::desk::chatter::agent_id;
use crate::desk::command::Command;
use crate::desk::conversation::Stage;
use crate::desk::duty::{Duty, DutyState, DutyWindow, MAX_DUTY_WINDOWS};
use crate::desk::event::{Event, Payload, QueueReason, TransferTarget};
use crate::desk::policy::LastAgentWindow;
use crate::problem::Reason;
use crate::time::{Span, Timestamp};

/// That many hours after the shop's morning.
fn at(hours: i64) -> Timestamp {
    Timestamp::default() + Span::from_hours(hours)
}

/// A roster in hours after the shop's morning, known for two days.
fn roster(windows: &[(i64, i64)]) -> Duty {
    let window = |(start, end): &(i64, i64)| DutyWindow { start: at(*start), end: at(*end) };
    Duty { windows: windows.iter().map(window).collect(), through: at(48) }
}

impl Shop {
    /// Tells the desk of an agent with this roster.
    fn rosters(&mut self, agent: u8, duty: Option<Duty>) -> Vec<Event> {
        let entry = AgentEntry { duty, ..entry(agent, 5) };
        self.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) })
    }

    /// The desk's time for what is due.
    fn ticks_at(&mut self, time: Timestamp) -> Vec<Event> {
        self.now = time;
        self.ok(Command::Tick)
    }

    fn duty(&self, agent: u8) -> DutyState {
        self.desk.agent(agent_id(agent)).expect("known").duty
    }
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.payload.name()).collect()
}

#[test]
fn off_duty_an_agent_gets_nothing_new_keeps_her_buyers_takes_transfers_and_is_not_staffed() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let kept = shop.says("old");
    shop.rosters(ANN, Some(roster(&[(2, 4)])));
    let queued = shop.says("new");
    shop.says("old");
    assert_eq!(shop.holder(kept), Some(agent_id(ANN)), "a buyer with her stays");
    assert!(matches!(shop.stage(queued), Stage::Queued(_)), "no new conversations");
    let target = TransferTarget::Agent(agent_id(ANN));
    shop.ok(Command::Transfer { conversation: queued, from: None, target });
    assert_eq!(shop.holder(queued), Some(agent_id(ANN)), "transfers come");
    let ann = shop.desk.agent(agent_id(ANN)).expect("known");
    assert_eq!((ann.availability(), ann.row().staffed), (Availability::OffDuty, false));
    assert!(!ann.row().new_conversations);
    shop.answers(ANN, kept);
}

#[test]
fn nobody_on_duty_is_why_a_buyer_waits() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.rosters(ANN, Some(roster(&[])));
    let events = shop.ok(Command::ReceiveMessage(message("a")));
    let told = events.iter().find_map(|event| match &event.payload {
        Payload::Queued { reason, trace, .. } => Some((*reason, trace.steps[1].line())),
        _ => None,
    });
    let line = "nobody in group default has room; not: 1 off duty".to_owned();
    assert_eq!(told, Some((QueueReason::NobodyOnDuty, line)));
}

#[test]
fn a_shift_that_begins_drains_the_queue_and_one_that_ends_only_stops_new_conversations() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.rosters(ANN, Some(roster(&[(2, 4)])));
    let waiting = shop.says("a");
    assert_eq!(shop.desk.next_due(), Some(shop.now + Span::from_secs(100)), "an alert comes first");
    shop.ticks_at(shop.now + Span::from_secs(100));
    assert_eq!(shop.desk.next_due(), Some(at(2)), "the sweeper comes in time");
    assert_eq!(names(&shop.ticks_at(at(2))), ["duty_changed", "assigned"]);
    assert_eq!(shop.holder(waiting), Some(agent_id(ANN)));
    assert_eq!(shop.duty(ANN), DutyState { on_duty: true, until: Some(at(4)) });

    assert_eq!(shop.desk.next_due(), Some(at(4)));
    assert_eq!(names(&shop.ticks_at(at(4))), ["duty_changed"], "nobody is moved or sent off");
    assert_eq!(shop.desk.agent(agent_id(ANN)).expect("known").presence, Presence::Online);
    let late = shop.says("b");
    assert!(matches!(shop.stage(late), Stage::Queued(_)));
}

#[test]
fn a_manual_state_beats_the_roster() {
    for presence in [Presence::Offline, Presence::Busy, Presence::OnBreak] {
        let mut shop = Shop::with(&[(ANN, 5)]);
        shop.rosters(ANN, Some(roster(&[(2, 4)])));
        shop.presence(ANN, presence);
        let waiting = shop.says("a");
        shop.ticks_at(at(2));
        assert_eq!(shop.desk.agent(agent_id(ANN)).expect("known").presence, presence);
        assert!(matches!(shop.stage(waiting), Stage::Queued(_)), "{presence:?} in her shift");
    }
}

#[test]
fn off_duty_leaves_what_presence_forbids_forbidden() {
    let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
    shop.rosters(BEN, Some(roster(&[])));
    shop.presence(BEN, Presence::OnBreak);
    let conversation = shop.says("a");
    let target = TransferTarget::Agent(agent_id(BEN));
    let to_ben = Command::Transfer { conversation, from: None, target };
    assert_eq!(shop.refused(to_ben), Reason::AgentUnavailable);
}

#[test]
fn the_last_agent_is_not_preferred_off_duty_whatever_a_window_overrides() {
    for (presence, on_duty, expected) in [
        (Presence::Online, true, ANN),
        (Presence::Busy, true, ANN),
        (Presence::Online, false, BEN),
        (Presence::Busy, false, BEN),
    ] {
        let mut shop = Shop::with(&[(ANN, 5), (BEN, 5)]);
        let (max_age, even_when_busy, ignore_capacity) = (Span::from_hours(24), true, true);
        let window = LastAgentWindow { max_age, even_when_busy, ignore_capacity };
        shop.policy(|policy| policy.last_agent_windows = vec![window]);
        let first = shop.says("a");
        shop.serves(ANN, first);
        shop.rosters(ANN, Some(roster(if on_duty { &[(0, 9)] } else { &[] })));
        shop.presence(ANN, presence);
        let again = shop.says("a");
        assert_eq!(shop.holder(again), Some(agent_id(expected)), "{presence:?}, on duty: {on_duty}");
    }
}

#[test]
fn without_a_roster_and_beyond_what_is_known_of_one_everybody_is_on_duty() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    assert_eq!(shop.duty(ANN), DutyState::default());
    let duty = Duty { through: at(3), ..roster(&[(1, 2)]) };
    shop.rosters(ANN, Some(duty));
    for (hour, on_duty, until) in [(1, true, Some(2)), (2, false, Some(3)), (3, true, None)] {
        shop.ticks_at(at(hour));
        assert_eq!(shop.duty(ANN), DutyState { on_duty, until: until.map(at) }, "at hour {hour}");
    }
    assert_eq!(shop.desk.next_due(), None, "nothing is known to come");
    shop.rosters(ANN, Some(roster(&[])));
    assert!(!shop.duty(ANN).on_duty);
    assert_eq!(names(&shop.rosters(ANN, None)), ["agent_synced", "duty_changed"]);
    assert_eq!(shop.duty(ANN), DutyState::default());
}

#[test]
fn duty_up_to_the_end_of_what_is_known_goes_on() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.rosters(ANN, Some(roster(&[(0, 60)])));
    assert_eq!(shop.duty(ANN), DutyState { on_duty: true, until: None });
}

#[test]
fn a_tick_that_comes_too_late_tells_of_the_shift_it_finds_and_once() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.rosters(ANN, Some(roster(&[(0, 4), (6, 10)])));
    assert_eq!(names(&shop.ticks_at(at(7))), ["duty_changed"], "another shift than the last one told of");
    assert_eq!(shop.duty(ANN), DutyState { on_duty: true, until: Some(at(10)) });
    assert!(shop.ok(Command::Tick).is_empty());
    assert_eq!(shop.desk.next_due(), Some(at(10)));
}

#[test]
fn the_same_roster_makes_no_event_in_whatever_form_it_comes() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    shop.rosters(ANN, Some(roster(&[(0, 4), (6, 10)])));
    for same in
        [&[(0, 4), (6, 10)][..], &[(6, 10), (0, 4)], &[(0, 3), (2, 4), (6, 8), (8, 10), (7, 9), (50, 60)]]
    {
        assert!(shop.rosters(ANN, Some(roster(same))).is_empty(), "{same:?}");
    }
    let empty = roster(&[(0, 4), (6, 10), (48, 50)]);
    assert!(shop.rosters(ANN, Some(empty)).is_empty(), "nothing is known of what begins where it ends");
    let further = Duty { through: at(60), ..roster(&[(0, 4), (6, 10)]) };
    assert_eq!(names(&shop.rosters(ANN, Some(further))), ["agent_synced"], "her shift is the same");
}

#[test]
fn a_roster_with_too_many_windows_or_one_that_ends_before_it_begins_is_refused_by_name() {
    let mut shop = Shop::with(&[(ANN, 5)]);
    let many: Vec<_> = (0..33).map(|n| (n * 2, n * 2 + 1)).collect();
    assert_eq!(many.len(), MAX_DUTY_WINDOWS + 1);
    for windows in [&many[..], &[(4, 4)], &[(5, 4)]] {
        let entry = AgentEntry { duty: Some(roster(windows)), ..entry(ANN, 5) };
        let sync = Command::SyncAgent { agent: agent_id(ANN), entry: Box::new(entry) };
        let problem = shop.attempt(sync, None).expect_err("refused");
        assert_eq!(problem.violations[0].field, "duty.windows");
    }
    shop.rosters(ANN, Some(roster(&many[..MAX_DUTY_WINDOWS])));
}

#[test]
fn a_shift_change_of_many_is_done_by_shares_and_the_rest_is_due_at_once() {
    let mut shop = Shop::new();
    let many = u8::try_from(WORK_LIMIT + 5).expect("few");
    for agent in 1..=many {
        shop.rosters(agent, Some(roster(&[(2, 4)])));
    }
    assert_eq!(shop.ticks_at(at(2)).len(), WORK_LIMIT);
    assert_eq!(shop.desk.next_due(), Some(at(2)), "due already");
    assert_eq!(shop.ok(Command::Tick).len(), 5);
    assert_eq!(shop.desk.next_due(), Some(at(4)));
}
