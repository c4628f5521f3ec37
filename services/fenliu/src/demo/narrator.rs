//! The evening in words and bars, as it goes by.

use std::collections::{BTreeMap, BTreeSet};

use fenliu_domain::day::Zone;
use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::event::{Event, Payload, PresenceCause, QueueLeaveReason};
use fenliu_domain::ids::{AgentId, ConversationId};
use fenliu_domain::time::Timestamp;
use fenliu_proto::common::v1 as common;
use fenliu_proto::convert::timestamp;
use fenliu_proto::dispatch::v1::{Agent, Availability};
use serde::Serialize;

use super::cast::{STAFF, leader_of};
use super::stage::View;
use crate::table::{Table, bar, width};

/// Widest bar of one agent's saturation.
const SATURATION_WIDTH: usize = 12;
/// One character of the queue's bar stands for so many who wait.
const WAITING_PER_BLOCK: u64 = 2;
/// Widest bar of the queue.
const QUEUE_WIDTH: usize = 30;

/// A queue of so many is told of.
const QUEUE_WORTH_TELLING: usize = 3;

/// What has been counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Conversations begun.
    pub conversations: u64,
    /// Messages from buyers.
    pub asked: u64,
    /// Answers.
    pub answered: u64,
    /// Buyers who gave up waiting in the queue.
    pub given_up: u64,
    /// Alerts that a reply is owed for too long.
    pub alerts: u64,
    /// Longest queue.
    pub longest_queue: usize,
}

/// Tells the evening.
#[derive(Debug)]
pub struct Narrator {
    zone: Zone,
    counts: Counts,
    /// Longest queue since it was last empty.
    longest: usize,
    /// Whether that queue has been told of.
    queue_told: bool,
    /// Who holds what, to see who is saturated.
    holders: BTreeMap<ConversationId, usize>,
    saturated_once: [bool; STAFF.len()],
    muted: [bool; STAFF.len()],
    queued: BTreeSet<ConversationId>,
}

impl Narrator {
    /// A narrator who tells times in this zone.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            counts: Counts::default(),
            longest: 0,
            queue_told: false,
            holders: BTreeMap::new(),
            saturated_once: [false; STAFF.len()],
            muted: [false; STAFF.len()],
            queued: BTreeSet::new(),
        }
    }

    /// What has been counted so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What is worth a line of what the desk recorded at once.
    pub fn tell(&mut self, events: &[Event], agent_of: impl Fn(AgentId) -> Option<usize>) -> String {
        let mut lines = String::new();
        let moved = events
            .iter()
            .filter(|event| matches!(event.payload, Payload::Assigned { previous: Some(_), .. }));
        let moved = moved.count();
        for event in events {
            self.count(event, &agent_of);
            let line = self.line(event, &agent_of, moved);
            if let Some(line) = line {
                lines.push_str(&format!("{}  {line}\n", self.clock(event.recorded)));
            }
        }
        if let Some(last) = events.last() {
            lines.push_str(&self.queue_line(last.recorded));
        }
        lines
    }

    fn count(&mut self, event: &Event, agent_of: impl Fn(AgentId) -> Option<usize>) {
        if let Some(conversation) = event.conversation {
            match &event.payload {
                Payload::Assigned { agent, .. } => {
                    self.queued.remove(&conversation);
                    match agent_of(*agent) {
                        Some(agent) => drop(self.holders.insert(conversation, agent)),
                        None => drop(self.holders.remove(&conversation)),
                    }
                }
                Payload::Queued { .. } => {
                    self.holders.remove(&conversation);
                    self.queued.insert(conversation);
                }
                Payload::QueueLeft { .. } => {
                    self.queued.remove(&conversation);
                }
                Payload::Closed { .. } => drop(self.holders.remove(&conversation)),
                _ => {}
            }
        }
        match &event.payload {
            Payload::ConversationOpened { .. } => self.counts.conversations += 1,
            Payload::MessageReceived { .. } => self.counts.asked += 1,
            Payload::ReplySent { .. } => self.counts.answered += 1,
            Payload::ReplyDue { .. } => self.counts.alerts += 1,
            Payload::QueueLeft { reason: QueueLeaveReason::Abandoned, .. } => self.counts.given_up += 1,
            _ => {}
        }
    }

    fn line(
        &mut self,
        event: &Event,
        agent_of: impl Fn(AgentId) -> Option<usize>,
        moved: usize,
    ) -> Option<String> {
        match &event.payload {
            Payload::PresenceChanged { agent, previous, presence, cause } => {
                let name = STAFF[agent_of(*agent)?].name;
                Some(presence_line(name, *previous, *presence, *cause, moved))
            }
            Payload::AgentSynced { agent, entry } => {
                let agent = agent_of(*agent)?;
                let now = entry.sanction.is_some();
                let before = std::mem::replace(&mut self.muted[agent], now);
                (before != now).then(|| mute_line(agent, now, moved))
            }
            Payload::Assigned { agent, .. } => {
                let agent = agent_of(*agent)?;
                let load = self.holders.values().filter(|holder| **holder == agent).count();
                let part = STAFF[agent];
                let full = u32::try_from(load).is_ok_and(|load| load >= part.capacity);
                let told = &mut self.saturated_once[agent];
                let first = full && !*told;
                *told |= full;
                first.then(|| format!("{} is saturated: {load} of {}", part.name, part.capacity))
            }
            _ => None,
        }
    }

    /// A queue's beginning and its end are worth a line, unless it was only a moment's.
    fn queue_line(&mut self, at: Timestamp) -> String {
        let now = self.queued.len();
        self.counts.longest_queue = self.counts.longest_queue.max(now);
        self.longest = self.longest.max(now);
        if now == 0 {
            let longest = std::mem::take(&mut self.longest);
            let told = std::mem::take(&mut self.queue_told);
            let line = format!("{}  the queue is empty again, after at most {longest}\n", self.clock(at));
            return if told { line } else { String::new() };
        }
        if now < QUEUE_WORTH_TELLING || std::mem::replace(&mut self.queue_told, true) {
            return String::new();
        }
        format!("{}  nobody has room: {now} buyers wait in the queue\n", self.clock(at))
    }

    /// The board as people see it.
    ///
    /// # Errors
    /// When dispatch tells a time that cannot be.
    pub fn board(&self, view: &View, now: Timestamp) -> anyhow::Result<String> {
        let waiting = u64::from(view.queue.length);
        let unanswered: u32 = view.agents.iter().map(|agent| agent.unanswered).sum();
        let Counts { conversations, asked, answered, given_up, .. } = self.counts;
        let full = QUEUE_WIDTH as u64 * WAITING_PER_BLOCK;
        let mut told = format!(
            "\n{}  {conversations} conversations, {asked} questions, {answered} answers, {given_up} gave up; \
             {unanswered} unanswered with agents\n  queue {waiting:>3} {}\n",
            self.clock(now),
            bar(waiting, full, QUEUE_WIDTH)
        );
        let mut table = Table::new(&["", "", "", ">", ">", ""]);
        for agent in &view.agents {
            table.row(agent_row(agent, now)?);
        }
        for line in table.to_string().lines().filter(|line| width(line) > 0) {
            told.push_str(&format!("  {line}\n"));
        }
        told.push('\n');
        Ok(told)
    }

    fn clock(&self, at: Timestamp) -> String {
        let local = crate::report::sheet::local(at, self.zone);
        local.split_once(' ').map_or_else(|| local.clone(), |(_, clock)| clock.to_owned())
    }
}

fn agent_row(agent: &Agent, now: Timestamp) -> anyhow::Result<[String; 6]> {
    let since = agent.oldest_unanswered_time.as_ref();
    let since = since.map(|time| timestamp(time, "oldest_unanswered_time")).transpose()?;
    let owed = match since {
        Some(since) => format!("{} unanswered, the oldest for {}", agent.unanswered, now.since(since)),
        None => String::new(),
    };
    Ok([
        agent.display_name.clone(),
        presence_name(agent).to_owned(),
        format!("{:<SATURATION_WIDTH$}", bar(agent.load.into(), agent.capacity.into(), SATURATION_WIDTH)),
        format!("{}/{}", agent.load, agent.capacity),
        format!("{} %", agent.saturation_percent),
        owed,
    ])
}

fn presence_name(agent: &Agent) -> &'static str {
    match agent.presence() {
        _ if agent.availability() == Availability::Muted => "muted",
        common::Presence::Online => "online",
        common::Presence::Busy => "busy",
        common::Presence::OnBreak => "on break",
        common::Presence::Offline | common::Presence::Unspecified => "offline",
    }
}

fn mute_line(agent: usize, muted: bool, moved: usize) -> String {
    let (name, leader) = (STAFF[agent].name, STAFF[leader_of(agent)].name);
    if muted {
        format!("{leader} mutes {name} for being rude to a buyer{}", others(moved))
    } else {
        format!("{name} has apologised, {leader} lifts the mute")
    }
}

/// What becomes of those who are owed an answer.
fn others(moved: usize) -> String {
    match moved {
        0 => String::new(),
        1 => "; the buyer owed an answer goes to somebody else at once".to_owned(),
        moved => format!("; {moved} buyers owed an answer go to others at once"),
    }
}

fn presence_line(
    name: &str,
    previous: Presence,
    presence: Presence,
    cause: PresenceCause,
    moved: usize,
) -> String {
    let others = others(moved);
    match (presence, cause) {
        (_, PresenceCause::Lapsed) => {
            format!("{name}'s heartbeats have stopped, she counts as offline{others}")
        }
        (Presence::Online, _) if previous == Presence::OnBreak => format!("{name} is back from the break"),
        (Presence::Online, _) => format!("{name} comes online"),
        (Presence::OnBreak, _) => format!("{name} takes a break and keeps the buyers she has"),
        (Presence::Busy, _) => format!("{name}'s shift is over: nobody new, she finishes whom she has"),
        (Presence::Offline, _) => format!("{name} goes home{others}"),
    }
}

#[cfg(test)]
mod tests {
    use fenliu_proto::convert::to_timestamp;
    use fenliu_proto::dispatch::v1::Queue;

    use super::*;
    use crate::demo::cast::START;
    use fenliu_domain::time::Span;

    #[test]
    fn the_board_shows_who_is_there_how_full_they_are_and_who_waits() {
        let agent = |name: &str, load, capacity, presence: common::Presence, owed: Option<i64>| Agent {
            display_name: name.to_owned(),
            presence: presence.into(),
            load,
            capacity,
            saturation_percent: load * 100 / capacity,
            unanswered: u32::from(owed.is_some()) * 2,
            oldest_unanswered_time: owed.map(|seconds| to_timestamp(START - Span::from_secs(seconds))),
            ..Agent::default()
        };
        let view = View {
            agents: vec![
                agent("小红", 6, 6, common::Presence::Online, Some(75)),
                agent("小李", 3, 6, common::Presence::OnBreak, None),
                agent("Ann", 0, 3, common::Presence::Offline, None),
            ],
            queue: Queue { length: 7, ..Queue::default() },
        };
        let narrator = Narrator::new(Zone::parse("Asia/Shanghai").expect("a zone"));
        insta::assert_snapshot!(narrator.board(&view, START).expect("sound"));
    }
}
