//! Which faults come when: random subsets in windows, and quiet windows between them.

use std::time::Duration;

use fenliu_tests::chance::Chance;

use crate::faults::Fault;

/// Most faults of one window.
const MOST: usize = 3;
/// Of so many windows, one is quiet.
const QUIET_EVERY: usize = 4;
/// How long windows last: in a short run, in a long one at least, and by up to how much longer then; and quiet ones.
const SHORT_SECS: u64 = 4;
const LONG_SECS: u64 = 10;
const LONGER_SECS: usize = 10;
const QUIET_SECS: u64 = 2;
/// Windows of a run that is about one fault.
const ONLY_WINDOWS: usize = 3;

/// What a run is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Only these faults, each alone.
    pub(crate) only: Vec<Fault>,
    /// Longer windows, and each fault alone first.
    pub(crate) long: bool,
    /// How long random windows go on.
    pub(crate) minutes: u64,
}

/// A time with some faults, or none.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) faults: Vec<Fault>,
    pub(crate) length: Duration,
}

/// Draws windows for as long as a run goes on.
#[derive(Debug)]
pub(crate) struct Schedule {
    plan: Plan,
    chance: Chance,
    /// What must still come, the last one first.
    waiting: Vec<Fault>,
    alone: bool,
    drawn: usize,
}

impl Schedule {
    pub(crate) fn new(plan: Plan, seed: u64) -> Self {
        let mut chance = Chance::new(seed, 1_000_000);
        let alone = plan.long || !plan.only.is_empty();
        let waiting = match plan.only.as_slice() {
            [] => shuffled(&mut chance),
            only => only.repeat(ONLY_WINDOWS),
        };
        Self { plan, chance, waiting, alone, drawn: 0 }
    }

    /// The next window; `None` when it is over. `elapsed` is how long the run has lasted.
    pub(crate) fn next_window(&mut self, elapsed: Duration) -> Option<Window> {
        if self.waiting.is_empty() {
            let goes_on = self.plan.only.is_empty() && elapsed < Duration::from_secs(self.plan.minutes * 60);
            if !goes_on {
                return None;
            }
            self.alone = false;
            self.waiting = shuffled(&mut self.chance);
        }
        self.drawn += 1;
        if self.drawn.is_multiple_of(QUIET_EVERY) {
            return Some(Window { faults: Vec::new(), length: Duration::from_secs(QUIET_SECS) });
        }
        let most = if self.alone { 1 } else { 1 + self.chance.below(MOST) };
        let faults = self.take(most);
        Some(Window { faults, length: self.length() })
    }

    /// A window for a fault that was in the way of nobody yet.
    pub(crate) fn once_more(&mut self, fault: Fault) -> Window {
        Window { faults: vec![fault], length: self.length() }
    }

    fn length(&mut self) -> Duration {
        let longer = if self.plan.long { self.chance.below(LONGER_SECS) as u64 } else { 0 };
        Duration::from_secs(if self.plan.long { LONG_SECS + longer } else { SHORT_SECS })
    }

    /// The next ones that are waited for, of different targets.
    fn take(&mut self, most: usize) -> Vec<Fault> {
        let mut taken: Vec<Fault> = Vec::new();
        while taken.len() < most {
            let free = |fault: &Fault| taken.iter().all(|other| !other.target().meets(fault.target()));
            let Some(place) = self.waiting.iter().rposition(free) else { break };
            taken.push(self.waiting.remove(place));
        }
        taken
    }
}

fn shuffled(chance: &mut Chance) -> Vec<Fault> {
    let mut all = Fault::ALL.to_vec();
    for place in (1..all.len()).rev() {
        all.swap(place, chance.below(place + 1));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_and_no_two_of_a_window_touch_the_same() {
        for seed in 1..50 {
            let mut schedule = Schedule::new(Plan::default(), seed);
            let (mut seen, mut quiet) = (Vec::new(), 0);
            while let Some(window) = schedule.next_window(Duration::ZERO) {
                quiet += usize::from(window.faults.is_empty());
                for (place, fault) in window.faults.iter().enumerate() {
                    let others = &window.faults[place + 1..];
                    assert!(others.iter().all(|other| !other.target().meets(fault.target())), "{window:?}");
                }
                seen.extend(window.faults);
            }
            seen.sort_unstable();
            assert_eq!(seen, Fault::ALL, "with seed {seed}");
            assert!(quiet > 0, "with seed {seed}");
        }
    }

    #[test]
    fn names_of_faults_lead_back_to_them() {
        for fault in Fault::ALL {
            assert_eq!(Fault::named(fault.name()), Some(fault));
        }
    }
}
