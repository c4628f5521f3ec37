//! A desk that random commands are said to, with a naive account kept beside it.

use crate::desk::chatter::{Sequence, Speaker, Step};
use crate::desk::command::{Applied, Command, Ordered};
use crate::desk::event::Event;
use crate::desk::tests::property::{Broken, Property};
use crate::desk::tests::world::World;
use crate::desk::{Desk, WORK_LIMIT};
use crate::ids::ShopId;
use crate::time::Timestamp;

/// A naive account of the desk, and what it shows to be broken.
#[derive(Debug)]
struct Watch<'b> {
    world: World,
    broken: &'b mut Broken,
}

/// Runs words against a desk, keeping a naive account beside it where one is wanted.
#[derive(Debug)]
struct Run<'b> {
    desk: Desk,
    watch: Option<Watch<'b>>,
    speaker: Speaker,
    events: Vec<Event>,
}

/// Runs a sequence to its end, and again; what it breaks is noted. How many commands it had.
pub(super) fn run(sequence: &Sequence, broken: &mut Broken) -> u128 {
    let mut watched = Run::new(Some(Watch { world: World::default(), broken: &mut *broken }));
    watched.say_all(&sequence.steps);
    let Run { desk, speaker, events, .. } = watched;
    check_replay(&desk, &events, broken);
    let mut again = Run::new(None);
    again.say_all(&sequence.steps);
    broken.unless(again.events == events, Property::SameEvents, "other events the second time");
    let (before, after) = sequence.steps.split_at(sequence.cut % sequence.steps.len());
    let mut stopped = Run::new(None);
    stopped.say_all(before);
    stopped.desk = Desk::restore(stopped.desk.snapshot().expect("something has happened"));
    stopped.say_all(after);
    let goes_on = stopped.events == events;
    broken.unless(goes_on, Property::Replay, "a restored desk decides as the one that never stopped");
    speaker.commands()
}

/// Property 7: what is rebuilt from the events, and what is restored from a snapshot, is the desk there was.
fn check_replay(desk: &Desk, events: &[Event], broken: &mut Broken) {
    let mut replayed = Desk::new(desk.shop());
    let follow = events.iter().all(|event| replayed.replay(event).is_ok());
    broken.unless(follow, Property::Replay, "the events of one desk follow each other");
    let left = desk.snapshot();
    broken.unless(replayed.snapshot() == left, Property::Replay, "replay gives the state that apply left");
    let restored = left.clone().map(Desk::restore).expect("something has happened");
    broken.unless(restored.snapshot() == left, Property::Replay, "so does a snapshot");
    for (name, rebuilt) in [("replayed", &replayed), ("restored", &restored)] {
        let indexes = [
            ("floor", rebuilt.floor == desk.floor),
            ("queue", rebuilt.queue == desk.queue),
            ("timers", rebuilt.timers == desk.timers),
            ("boundaries", rebuilt.boundaries == desk.boundaries),
            ("stranded", rebuilt.stranded == desk.stranded),
            ("wound down", rebuilt.wound_down == desk.wound_down),
            ("overflow", rebuilt.overflow == desk.overflow),
            ("expiries", rebuilt.expiries == desk.expiries),
        ];
        for (index, same) in indexes {
            broken.unless(same, Property::Replay, format_args!("the {index} of a {name} desk is the same"));
        }
    }
}

impl<'b> Run<'b> {
    fn new(watch: Option<Watch<'b>>) -> Self {
        let mut run = Self {
            desk: Desk::new(ShopId::from_bits(1)),
            watch,
            speaker: Speaker::default(),
            events: Vec::new(),
        };
        let opening = run.speaker.open();
        run.apply(opening);
        run
    }

    fn apply(&mut self, ordered: Ordered) {
        let Ordered { attempt, now, .. } = ordered;
        let ticks = attempt.command == Command::Tick && attempt.request.is_none();
        let before = self.watch.is_some().then(|| self.desk.snapshot());
        let applied = self.desk.apply(now, attempt);
        if let Some(Watch { broken, .. }) = &mut self.watch {
            let unchanged = applied.is_ok() || before == Some(self.desk.snapshot());
            broken.unless(unchanged, Property::Beside, "a refused command changes nothing");
        }
        let events = applied.map(Applied::into_events).unwrap_or_default();
        if let Some(Watch { broken, .. }) = &mut self.watch {
            // A whole share of work leaves events behind, and nothing else may leave anything over.
            let all = self.desk.next_due() != Some(Timestamp::MIN) || events.len() >= WORK_LIMIT;
            broken.unless(all, Property::Beside, "nothing is left over");
        }
        for event in events {
            if let Some(Watch { world, broken }) = &mut self.watch {
                world.see(&event, broken);
            }
            self.events.push(event);
        }
        if let Some(Watch { world, broken }) = &mut self.watch {
            world.check_against(&self.desk, broken);
            if ticks {
                world.check_current(&self.desk, now, broken);
            }
        }
    }

    fn say_all(&mut self, steps: &[Step]) {
        for step in steps {
            let ordered = self.speaker.say(&self.desk, step);
            self.apply(ordered);
        }
    }
}
