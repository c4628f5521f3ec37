//! What is read off a range.

use crate::pack::WHOLE;
use crate::time::Span;

/// How an agent spent a range of time. Every figure adds up over ranges, and over agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Time online.
    pub online: Span,
    /// Time busy (忙碌, 挂起), by their own word.
    pub busy: Span,
    /// Time on break.
    pub on_break: Span,
    /// Time online with at least one conversation.
    pub occupied: Span,
    /// Open conversations summed over time online: conversations × microseconds.
    pub open: u128,
    /// The part of `open` that falls into time with a limited capacity.
    pub open_of_room: u128,
    /// Capacity summed over time online with a limited one: conversations × microseconds.
    pub room: u128,
    /// Time on duty by the roster, planned breaks included.
    pub scheduled: Span,
    /// The part of `scheduled` without planned breaks.
    pub scheduled_work: Span,
    /// The part of `scheduled_work` that was spent online.
    pub online_at_work: Span,
    /// The part of `scheduled_work` that was spent neither online nor busy.
    pub absent: Span,
    /// Planned breaks spent online or busy.
    pub worked_breaks: Span,
}

impl Figures {
    /// Adds those of another range or agent.
    pub fn add(&mut self, other: &Self) {
        let sum = |mine: &mut Span, more: Span| *mine = *mine + more;
        sum(&mut self.online, other.online);
        sum(&mut self.busy, other.busy);
        sum(&mut self.on_break, other.on_break);
        sum(&mut self.occupied, other.occupied);
        sum(&mut self.scheduled, other.scheduled);
        sum(&mut self.scheduled_work, other.scheduled_work);
        sum(&mut self.online_at_work, other.online_at_work);
        sum(&mut self.absent, other.absent);
        sum(&mut self.worked_breaks, other.worked_breaks);
        self.open = self.open.saturating_add(other.open);
        self.open_of_room = self.open_of_room.saturating_add(other.open_of_room);
        self.room = self.room.saturating_add(other.room);
    }

    /// The part of them that is measured against the roster; what is left out is nothing.
    #[must_use]
    pub fn of_duty(&self) -> Self {
        Self {
            scheduled: self.scheduled,
            scheduled_work: self.scheduled_work,
            online_at_work: self.online_at_work,
            absent: self.absent,
            worked_breaks: self.worked_breaks,
            ..Self::default()
        }
    }

    /// Occupancy in basis points, rounded down: occupied ÷ online. `None` without time online.
    #[must_use]
    pub fn occupancy_basis_points(&self) -> Option<u32> {
        basis_points(micros(self.occupied), micros(self.online))
    }

    /// Concurrency use in basis points, rounded down: open ÷ capacity. Above 10,000 where conversations were forced on
    /// somebody. `None` without time online with a limited capacity above 0.
    #[must_use]
    pub fn concurrency_basis_points(&self) -> Option<u32> {
        basis_points(self.open_of_room, self.room)
    }

    /// Open conversations at a time, on average while online, in thousandths, rounded down. `None` without time online.
    #[must_use]
    pub fn mean_open_permille(&self) -> Option<u64> {
        let mean = self.open.saturating_mul(1_000).checked_div(micros(self.online))?;
        u64::try_from(mean).ok()
    }

    /// Online rate in basis points, rounded down: online ÷ scheduled, within duty and without planned breaks. `None`
    /// without such time.
    #[must_use]
    pub fn online_rate_basis_points(&self) -> Option<u32> {
        basis_points(micros(self.online_at_work), micros(self.scheduled_work))
    }

    /// Duty spent otherwise than planned.
    #[must_use]
    pub fn exception(&self) -> Span {
        self.absent + self.worked_breaks
    }

    /// Adherence in basis points, rounded down: 1 − exception ÷ scheduled. `None` without duty.
    #[must_use]
    pub fn adherence_basis_points(&self) -> Option<u32> {
        basis_points(micros(self.scheduled - self.exception()), micros(self.scheduled))
    }
}

fn micros(span: Span) -> u128 {
    u128::try_from(span.micros()).unwrap_or(0)
}

fn basis_points(part: u128, whole: u128) -> Option<u32> {
    let points = part.saturating_mul(WHOLE.into()).checked_div(whole)?;
    Some(u32::try_from(points).unwrap_or(u32::MAX))
}
