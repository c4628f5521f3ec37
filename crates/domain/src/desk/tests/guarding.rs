//! What whoever is asked to stay is told: who is away, why, and when it is safe. One test per rule, named after it.

use super::shop::{ANN, BEN, Shop, entry};
use crate::desk::agent::{AgentEntry, Presence, Sanction, SanctionKind};
use crate::desk::chatter::agent_id;
use crate::desk::command::Command;
use crate::desk::duty::{Duty, DutyWindow};
use crate::desk::event::TransferTarget;
use crate::time::{Span, Timestamp};

const CID: u8 = 3;
const DAN: u8 = 4;

/// That many hours after the shop's morning.
fn at(hours: i64) -> Timestamp {
    Timestamp::default() + Span::from_hours(hours)
}

/// A shop within its service window, which ends 15 hours after its morning.
fn serving(agents: &[u8]) -> Shop {
    let with: Vec<_> = agents.iter().map(|agent| (*agent, 5)).collect();
    let mut shop = Shop::with(&with);
    shop.now = at(1);
    shop
}

fn told(shop: &mut Shop, agent: u8, change: impl FnOnce(&mut AgentEntry)) {
    let mut entry = entry(agent, 5);
    change(&mut entry);
    shop.ok(Command::SyncAgent { agent: agent_id(agent), entry: Box::new(entry) });
}

/// On duty between these hours, by a roster that is known for two days.
fn on_duty(start: i64, end: i64) -> Duty {
    Duty { windows: vec![DutyWindow { start: at(start), end: at(end) }], through: at(48) }
}

fn asks(agent: u8, presence: Presence) -> Command {
    Command::SetPresence { agent: agent_id(agent), presence, force: false }
}

/// Who is away, and when it is safe, as Ann is told who wants a break.
fn refusal(shop: &mut Shop) -> (String, String, Option<String>) {
    let problem = shop.attempt(asks(ANN, Presence::OnBreak), None).expect_err("she is the last");
    let named = |name| problem.metadata.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    (problem.message.clone(), named("away").expect("it is told"), named("safe_time"))
}

#[test]
fn a_refusal_says_of_everybody_why_they_are_away() {
    let mut shop = serving(&[ANN, 2, 3, 4, 5, 6, 7, 8]);
    let kept = shop.says("a");
    let target = TransferTarget::Agent(agent_id(7));
    shop.ok(Command::Transfer { conversation: kept, from: None, target });
    told(&mut shop, 2, |entry| entry.enabled = false);
    told(&mut shop, 3, |entry| entry.sanction = Some(Sanction { kind: SanctionKind::Muted, until: None }));
    shop.presence(4, Presence::Offline);
    shop.presence(5, Presence::OnBreak);
    shop.presence(6, Presence::Busy);
    shop.ok(Command::WindDown { agent: agent_id(7), next: Some(Presence::Offline), force: true });
    told(&mut shop, 8, |entry| entry.duty = Some(on_duty(20, 22)));
    let (message, away, _) = refusal(&mut shop);
    assert!(message.starts_with("nobody of this shop"), "{message}");
    assert_eq!(
        away,
        "agent 2: disabled, agent 3: under a sanction, agent 4: offline, agent 5: on break, agent 6: busy, \
         agent 7: winding down, agent 8: off duty"
    );
}

#[test]
fn a_refusal_for_the_sake_of_a_shift_names_those_of_the_shift() {
    let mut shop = serving(&[ANN, BEN, CID, DAN]);
    for (agent, end) in [(ANN, 4), (BEN, 4), (CID, 8), (DAN, 8)] {
        told(&mut shop, agent, |entry| entry.duty = Some(on_duty(0, end)));
    }
    shop.ok(asks(BEN, Presence::Offline));
    shop.ok(asks(CID, Presence::Offline));
    let (message, away, _) = refusal(&mut shop);
    assert!(message.starts_with("nobody of this shift"), "{message}");
    assert_eq!(away, "agent 2: offline");
    shop.presence(DAN, Presence::Offline);
    let (message, away, _) = refusal(&mut shop);
    assert!(message.starts_with("nobody of this shop"), "{message}");
    assert_eq!(away, "agent 2: offline, agent 3: offline, agent 4: offline");
}

#[test]
fn without_anybody_else_a_refusal_says_so() {
    let (_, away, safe) = refusal(&mut serving(&[ANN]));
    assert_eq!((away.as_str(), safe), ("nobody else works here", Some(at(15).to_string())));
}

#[test]
fn it_is_safe_when_the_first_of_them_is_back_and_at_the_end_of_the_window_at_the_latest() {
    let back = |presence: Presence, change: fn(&mut AgentEntry)| {
        let mut shop = serving(&[ANN, BEN]);
        shop.policy(|policy| policy.break_limit = Some(Span::from_hours(1)));
        shop.presence(BEN, presence);
        told(&mut shop, BEN, change);
        refusal(&mut shop).2
    };
    for (presence, change, expected) in [
        (Presence::Online, (|entry| entry.duty = Some(on_duty(3, 9))) as fn(&mut AgentEntry), at(3)),
        (Presence::Busy, |entry| entry.duty = Some(on_duty(3, 9)), at(15)),
        (Presence::Online, |entry| entry.duty = Some(on_duty(20, 22)), at(15)),
        (Presence::Busy, |entry| entry.duty = Some(on_duty(0, 9)), at(15)),
        (Presence::Offline, |_| {}, at(15)),
        (Presence::OnBreak, |_| {}, at(2)),
        (
            Presence::OnBreak,
            |entry| {
                entry.enabled = false;
                entry.sanction = Some(Sanction { kind: SanctionKind::Muted, until: Some(at(5)) });
            },
            at(15),
        ),
        (
            Presence::OnBreak,
            |entry| entry.sanction = Some(Sanction { kind: SanctionKind::Muted, until: Some(at(5)) }),
            at(5),
        ),
        (
            Presence::Online,
            |entry| entry.sanction = Some(Sanction { kind: SanctionKind::Muted, until: None }),
            at(15),
        ),
    ] {
        assert_eq!(back(presence, change), Some(expected.to_string()), "{presence:?}, {expected}");
    }
}

#[test]
fn a_break_that_should_be_over_says_nothing_of_when_it_is() {
    let mut shop = serving(&[ANN, BEN]);
    shop.policy(|policy| policy.break_limit = Some(Span::from_hours(1)));
    shop.ok(asks(BEN, Presence::OnBreak));
    for (now, safe) in [(at(2) - Span::from_micros(1), at(2)), (at(2), at(15)), (at(3), at(15))] {
        shop.now = now;
        assert_eq!(refusal(&mut shop).2, Some(safe.to_string()), "at {now}");
    }
}

#[test]
fn whoever_is_there_only_by_the_last_tick_is_no_help() {
    let mut shop = serving(&[ANN, BEN]);
    told(&mut shop, BEN, |entry| entry.duty = Some(on_duty(0, 2)));
    shop.now = at(2);
    let (_, away, _) = refusal(&mut shop);
    assert_eq!(away, "agent 2: off duty", "her shift has ended, and no tick has come");
}
