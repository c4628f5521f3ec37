//! The turns of a story counted in one loop over what happened, without exchanges.

use crate::exchange::{Happening, What};
use crate::message::Actor;
use crate::roster::Stretch;
use crate::scorecard::SLOW;
use crate::time::Timestamp;

/// What the loop counts of the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) turns: u64,
    pub(super) answered: u64,
    pub(super) slow: u64,
    pub(super) first_micros: u128,
    pub(super) next_micros: u128,
}

/// A run of questions that nobody has answered.
#[derive(Default)]
struct Open {
    since: Timestamp,
    people: bool,
    robot: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Hands {
    Nobody,
    Robot,
    People,
    Agent,
}

impl Hands {
    fn is_people(self) -> bool {
        matches!(self, Self::People | Self::Agent)
    }
}

/// Counts the turns that were asked within a stretch.
pub(super) fn count(story: &[Happening], range: Stretch, as_of: Timestamp, counted: &mut Counted) {
    let (mut open, mut hands): (Option<Open>, _) = (None, Hands::Nobody);
    let (mut first, mut spoken) = (true, false);
    let inside = |at: Timestamp| u64::from(range.start <= at && at < range.end);
    for happening in story.iter().filter(|happening| happening.at <= as_of) {
        let next = match &happening.what {
            What::Asked { .. } => {
                if std::mem::take(&mut spoken) && open.as_ref().is_some_and(|run| run.robot && !run.people) {
                    open = None;
                }
                open.get_or_insert(Open { since: happening.at, ..Open::default() }).people |=
                    hands.is_people();
                hands
            }
            What::Replied { actor, agent, .. } => {
                spoken = true;
                match (actor, &mut open) {
                    (Actor::Human | Actor::AssistRobot, Some(run)) => {
                        let (since, waited) = (run.since, happening.at.since(run.since));
                        counted.turns += inside(since);
                        counted.answered += inside(since);
                        counted.slow += if waited > SLOW { inside(since) } else { 0 };
                        let sum = if first { &mut counted.first_micros } else { &mut counted.next_micros };
                        *sum += u128::from(inside(since) * waited.micros().unsigned_abs());
                        (first, open) = (false, None);
                    }
                    (Actor::FullRobot, Some(run)) => run.robot = true,
                    _ => {}
                }
                let takes = *actor == Actor::Human && !agent.is_empty() && hands != Hands::Agent;
                if takes { Hands::Agent } else { hands }
            }
            What::Assigned { .. } => Hands::Agent,
            What::Queued { .. } | What::HandedToHuman => Hands::People,
            What::WithRobot => Hands::Robot,
            What::LeftQueue { .. } | What::Closed { .. } => Hands::Nobody,
            What::Opened { .. }
            | What::Reached
            | What::Transferred
            | What::Marked(_)
            | What::Rated { .. } => hands,
        };
        hands = next;
        if let Some(run) = &mut open {
            run.people |= hands.is_people();
        }
    }
    if let Some(run) = open.filter(|run| run.people || !run.robot) {
        counted.turns += inside(run.since);
    }
}
