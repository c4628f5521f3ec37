//! From what is seen at each tick to alerts.

use std::collections::{BTreeMap, VecDeque};

use super::{Alert, Change, Detail, Kind, MOST_OPEN, Quiet, Rules, Seen, Topic, What};
use crate::time::Timestamp;

/// Somebody does not want to hear of a kind for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Until when, not included.
    pub until: Timestamp,
    /// Since when.
    pub since: Timestamp,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An alert that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The alert.
    pub alert: Alert,
    /// Since when it has been over without a break; `None` = it is the case.
    pub over_since: Option<Timestamp>,
}

/// All it takes to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The position of the last change.
    pub position: u64,
    /// The last tick.
    pub ticked_at: Timestamp,
    /// The open alerts.
    pub open: BTreeMap<Topic, Open>,
    /// Since when that is the case which is no alert yet.
    pub coming: BTreeMap<Topic, Timestamp>,
    /// When those were raised that were told lately, oldest first.
    pub told: BTreeMap<Kind, VecDeque<Timestamp>>,
    /// The kinds that are silenced.
    pub silences: BTreeMap<Kind, Silence>,
}

/// One shop's alerts.
#[derive(Clone, Debug)]
pub struct Machine<'r> {
    rules: &'r Rules,
    memory: Memory,
}

impl<'r> Machine<'r> {
    /// Goes on from what is remembered.
    #[must_use]
    pub const fn new(rules: &'r Rules, memory: Memory) -> Self {
        Self { rules, memory }
    }

    /// What it takes to go on later.
    #[must_use]
    pub fn into_memory(self) -> Memory {
        self.memory
    }

    /// Takes in what is the case now. A tick before the last one counts as being at the same moment.
    pub fn tick(&mut self, now: Timestamp, seen: &Seen) -> Vec<Change> {
        let now = now.max(self.memory.ticked_at);
        self.memory.ticked_at = now;
        self.memory.silences.retain(|_, silence| silence.until > now);
        let mut changes = Vec::new();
        for topic in self.memory.open.keys().cloned().collect::<Vec<_>>() {
            let enabled = self.rules.of(topic.kind).enabled;
            let known = !enabled || seen.known.contains(&topic.kind);
            changes.extend(match seen.topics.get(&topic).filter(|_| known && enabled) {
                Some(detail) => self.goes_on(&topic, detail, now),
                None if known => self.is_over(&topic, now),
                None => self.is_unknown(&topic),
            });
        }
        let rules = self.rules;
        let stays = |topic: &Topic| seen.known.contains(&topic.kind) && seen.topics.contains_key(topic);
        self.memory.coming.retain(|topic, _| stays(topic));
        let known = seen.topics.iter().filter(|(topic, _)| seen.known.contains(&topic.kind));
        for (topic, detail) in known.filter(|(topic, _)| rules.of(topic.kind).enabled) {
            changes.extend(self.is_the_case(topic, detail, now));
        }
        changes
    }

    fn is_unknown(&mut self, topic: &Topic) -> Option<Change> {
        if let Some(open) = self.memory.open.get_mut(topic) {
            open.over_since = None;
        }
        None
    }

    fn goes_on(&mut self, topic: &Topic, detail: &Detail, now: Timestamp) -> Option<Change> {
        let rules = self.rules.of(topic.kind);
        let silenced = self.memory.silences.contains_key(&topic.kind);
        let open = self.memory.open.get_mut(topic)?;
        open.over_since = None;
        let spoken_up = open.alert.quiet == Some(Quiet::Silenced) && !silenced;
        let other = open.alert.detail != *detail;
        let rested = now.since(open.alert.updated_at) >= rules.update_every;
        if !(spoken_up || (other && rested)) {
            return None;
        }
        let mut alert = open.alert.clone();
        (alert.detail, alert.updated_at) = (detail.clone(), now);
        if spoken_up {
            alert.quiet = self.crowded(topic.kind, now);
        }
        let told = alert.quiet.is_none() && !silenced;
        if let Some(open) = self.memory.open.get_mut(topic) {
            open.alert = alert.clone();
        }
        Some(self.change(What::Updated, now, told, alert))
    }

    fn is_over(&mut self, topic: &Topic, now: Timestamp) -> Option<Change> {
        let clear_after = self.rules.of(topic.kind).clear_after;
        let open = self.memory.open.get_mut(topic)?;
        let since = *open.over_since.get_or_insert(now);
        if now.since(since) < clear_after {
            return None;
        }
        let mut alert = self.memory.open.remove(topic)?.alert;
        alert.resolved_at = Some(now);
        let told = alert.quiet.is_none();
        Some(self.change(What::Resolved, now, told, alert))
    }

    fn is_the_case(&mut self, topic: &Topic, detail: &Detail, now: Timestamp) -> Option<Change> {
        if self.memory.open.contains_key(topic) {
            return None;
        }
        let rules = self.rules.of(topic.kind);
        let since = *self.memory.coming.entry(topic.clone()).or_insert(now);
        let of_kind = self.memory.open.keys().filter(|open| open.kind == topic.kind).count();
        if now.since(since) < rules.raise_after || of_kind >= MOST_OPEN {
            return None;
        }
        self.memory.coming.remove(topic);
        let silenced = self.memory.silences.contains_key(&topic.kind);
        let quiet = if silenced { Some(Quiet::Silenced) } else { self.crowded(topic.kind, now) };
        let alert = Alert {
            number: self.memory.position + 1,
            topic: topic.clone(),
            severity: rules.severity,
            detail: detail.clone(),
            raised_at: now,
            updated_at: now,
            resolved_at: None,
            quiet,
        };
        self.memory.open.insert(topic.clone(), Open { alert: alert.clone(), over_since: None });
        Some(self.change(What::Raised, now, quiet.is_none(), alert))
    }

    /// Notes that one more is told, or says that too many were.
    fn crowded(&mut self, kind: Kind, now: Timestamp) -> Option<Quiet> {
        let rules = self.rules.of(kind);
        let told = self.memory.told.entry(kind).or_default();
        while told.front().is_some_and(|at| now.since(*at) >= rules.within) {
            told.pop_front();
        }
        if u32::try_from(told.len()).is_ok_and(|told| told < rules.at_most) {
            told.push_back(now);
            None
        } else {
            Some(Quiet::Crowded)
        }
    }

    const fn change(&mut self, what: What, at: Timestamp, told: bool, alert: Alert) -> Change {
        self.memory.position += 1;
        Change { position: self.memory.position, what, at, told, alert }
    }
}
