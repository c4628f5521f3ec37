//! From what is known of an agent to what can be read off any range.

use super::{Figures, Stretches};
use crate::desk::agent::Presence;
use crate::roster::Stretch;
use crate::time::{Span, Timestamp};

/// A presence that somebody took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresenceChange {
    /// Since when.
    pub at: Timestamp,
    /// What they were from then on.
    pub presence: Presence,
}

/// A capacity that somebody was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapacityChange {
    /// Since when.
    pub at: Timestamp,
    /// Open conversations they may hold from then on; `None` = unlimited.
    pub capacity: Option<u32>,
}

/// What is known of one agent, each list in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Their presence; offline before the first.
    pub presence: Vec<PresenceChange>,
    /// Their capacity; not known before the first.
    pub capacity: Vec<CapacityChange>,
    /// When they held each conversation; those that overlap are held at the same time.
    pub holds: Vec<Stretch>,
    /// When the roster has them on duty; overlapping windows count once.
    pub duty: Vec<Stretch>,
    /// Planned breaks; outside duty they mean nothing.
    pub breaks: Vec<Stretch>,
    /// Up to when all this is known: whatever they are last, they are up to then.
    pub until: Timestamp,
}

/// An agent's time, ready to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Time online, cut wherever anything changes; in order.
    pieces: Vec<Piece>,
    busy: Stretches,
    on_break: Stretches,
    scheduled: Stretches,
    scheduled_work: Stretches,
    online_at_work: Stretches,
    absent: Stretches,
    worked_breaks: Stretches,
}

/// A stretch online in which nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    stretch: Stretch,
    open: u32,
    capacity: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Presence(Presence),
    Capacity(Option<u32>),
    Begins,
    Ends,
}

impl Activity {
    /// Sweeps over a record.
    #[must_use]
    pub fn of(record: Record) -> Self {
        let until = record.until;
        let presences = presence_stretches(&record.presence, until);
        let of = |wanted: Presence| {
            let of_wanted = presences.iter().filter(|(presence, _)| *presence == wanted);
            Stretches::of(of_wanted.map(|(_, stretch)| *stretch))
        };
        let (online, busy, on_break) = (of(Presence::Online), of(Presence::Busy), of(Presence::OnBreak));
        let known = |stretches: Vec<Stretch>| {
            let so_far = |stretch: Stretch| Stretch::new(stretch.start, stretch.end.min(until));
            Stretches::of(stretches.into_iter().filter_map(so_far))
        };
        // What has not come yet is nobody's exception.
        let scheduled = known(record.duty);
        let breaks = known(record.breaks).and(&scheduled);
        let scheduled_work = scheduled.but_not(&breaks);
        let there = online.or(&busy);
        Self {
            pieces: sweep(&record.presence, &record.capacity, &record.holds, until),
            online_at_work: scheduled_work.and(&online),
            absent: scheduled_work.but_not(&there),
            worked_breaks: breaks.and(&there),
            busy,
            on_break,
            scheduled,
            scheduled_work,
        }
    }

    /// How a range was spent.
    #[must_use]
    pub fn figures(&self, range: Stretch) -> Figures {
        let mut figures = Figures {
            busy: self.busy.length_within(range),
            on_break: self.on_break.length_within(range),
            scheduled: self.scheduled.length_within(range),
            scheduled_work: self.scheduled_work.length_within(range),
            online_at_work: self.online_at_work.length_within(range),
            absent: self.absent.length_within(range),
            worked_breaks: self.worked_breaks.length_within(range),
            ..Figures::default()
        };
        let first = self.pieces.partition_point(|piece| piece.stretch.end <= range.start);
        let reaching = self.pieces.iter().skip(first).take_while(|piece| piece.stretch.start < range.end);
        for piece in reaching {
            if let Some(part) = piece.stretch.clip(range) {
                figures.take(piece, part.length());
            }
        }
        figures
    }
}

impl Figures {
    fn take(&mut self, piece: &Piece, length: Span) {
        let weighed = |n: u32| u128::from(n) * u128::from(length.micros().unsigned_abs());
        self.online = self.online + length;
        if piece.open > 0 {
            self.occupied = self.occupied + length;
        }
        self.open += weighed(piece.open);
        if let Some(capacity) = piece.capacity {
            self.open_of_room += weighed(piece.open);
            self.room += weighed(capacity);
        }
    }
}

/// What somebody was, from the first change to the end.
pub(crate) fn presence_stretches(changes: &[PresenceChange], until: Timestamp) -> Vec<(Presence, Stretch)> {
    let mut sorted = changes.to_vec();
    // Stable: of two at one moment the later listed comes last, and the stretch of the other is empty.
    sorted.sort_by_key(|change| change.at);
    let ends = sorted.iter().skip(1).map(|change| change.at).chain([until]);
    let stretches = sorted.iter().zip(ends);
    stretches
        .filter_map(|(change, end)| Some((change.presence, Stretch::new(change.at, end.min(until))?)))
        .collect()
}

/// The time online, cut wherever presence, capacity or the number of open conversations changes.
fn sweep(
    presence: &[PresenceChange],
    capacity: &[CapacityChange],
    holds: &[Stretch],
    until: Timestamp,
) -> Vec<Piece> {
    let held = holds.iter().filter(|hold| hold.start < hold.end);
    let mut steps: Vec<(Timestamp, Step)> = Vec::new();
    steps.extend(presence.iter().map(|change| (change.at, Step::Presence(change.presence))));
    steps.extend(capacity.iter().map(|change| (change.at, Step::Capacity(change.capacity))));
    steps.extend(held.flat_map(|hold| [(hold.start, Step::Begins), (hold.end, Step::Ends)]));
    steps.retain(|(at, _)| *at < until);
    steps.sort_by_key(|(at, _)| *at);
    let ends: Vec<_> = steps.iter().skip(1).map(|(at, _)| *at).chain([until]).collect();

    let mut online = false;
    let mut limit = None;
    // Below 0 only between two steps of one moment.
    let mut open = 0_i64;
    let mut pieces = Vec::new();
    for ((at, step), end) in steps.into_iter().zip(ends) {
        match step {
            Step::Presence(presence) => online = presence == Presence::Online,
            Step::Capacity(capacity) => limit = capacity,
            Step::Begins => open += 1,
            Step::Ends => open -= 1,
        }
        if let (true, Some(stretch)) = (online, Stretch::new(at, end)) {
            pieces.push(Piece { stretch, open: u32::try_from(open).unwrap_or(0), capacity: limit });
        }
    }
    pieces
}
