//! Every course that "Redis orders, replicas decide, SQL disposes" can take for one shop, up to a depth: two replicas, a
//! Redis with a lagging copy (failover both ways, flush), SQL, and crashes between any two steps.
//!
//! An attempt remembers the past it was decided on. The history is right if and only if each of its events was decided on
//! exactly the events before it, no request took effect twice, and whatever was acknowledged is there. The last tests take
//! one part of the protocol away and show that it is missed. The predecessor that the history asks of each event is the
//! second net: no course of this model needs it as long as Redis asks where each replica stands.

use std::collections::BTreeSet;

use stateright::{Checker, Model, Property};

/// Requests that callers make, and make again until they are answered.
const REQUESTS: u8 = 3;

/// How many steps are looked through usually, and in a longer check.
const USUAL_DEPTH: usize = 11;
const LONG_DEPTH: usize = 14;
/// Steps within which a protocol without one of its parts is found to be broken.
const BROKEN_WITHIN: usize = 11;

/// An attempt, and the event that comes of it: whose request it serves, who made it, and a number no other has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Attempt {
    request: u8,
    replica: u8,
    number: u8,
}

/// Attempts in order, from the beginning of the shop.
type Past = Vec<Attempt>;

/// One instance of Redis. What it holds of the past before `first` it cannot give to anybody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Redis {
    epoch: u8,
    order: Past,
    stored: usize,
    /// The event that was confirmed last.
    head: Option<Attempt>,
}

/// A desk as a replica has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Local {
    epoch: u8,
    /// What it decided, in order.
    past: Past,
    /// Its place in the order.
    place: usize,
    /// How much of the past it knows to be stored.
    stored: usize,
}

/// What a replica is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Doing {
    Nothing,
    /// It has read the history, to load the desk.
    Loading(Past),
    /// It has put an attempt at the request into the order, or found one there.
    Decided(u8),
    /// It has answered, and will confirm up to here.
    Answered(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    redis: [Option<Redis>; 2],
    /// Which instance each replica is led to.
    leads: [usize; 2],
    locals: [Option<Local>; 2],
    doing: [Doing; 2],
    /// Each event with the past it was decided on.
    history: Vec<(Attempt, Past)>,
    answered: BTreeSet<u8>,
    attempts: u8,
    epochs: u8,
    /// A fork was found although no instance was lost, copied or changed for another.
    forked_for_nothing: bool,
    /// An instance was.
    harmed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Load(usize),
    Install(usize),
    Submit(usize, u8),
    Store(usize),
    Confirm(usize),
    Crash(usize),
    Lead(usize),
    Flush(usize),
    /// The other instance becomes a copy of this one.
    Copy(usize),
}

/// What of the protocol is there.
#[derive(Clone, Copy, Debug)]
struct Protocol {
    /// An attempt is put only behind the one that its replica decided last.
    place_check: bool,
    /// Attempts stay in Redis until they are stored.
    tail: bool,
    /// A confirmation names the attempt that it is about.
    conditional_confirm: bool,
    /// A request that has taken effect is recognised.
    memory: bool,
    /// An event's id is its attempt's own; else its request's.
    fresh_ids: bool,
    /// Whether instances of Redis are lost, copied and changed for each other.
    harm: bool,
}

const WHOLE: Protocol = Protocol {
    place_check: true,
    tail: true,
    conditional_confirm: true,
    memory: true,
    fresh_ids: true,
    harm: true,
};

impl Protocol {
    /// Whether SQL takes two events for one.
    fn same(self, a: Attempt, b: Attempt) -> bool {
        a.request == b.request && (a == b || !self.fresh_ids)
    }

    /// Stores what of a past is not stored; `None` when it is a fork.
    fn store(self, history: &[(Attempt, Past)], local: &Local) -> Option<Vec<(Attempt, Past)>> {
        let mut history = history.to_vec();
        for (at, event) in local.past.iter().enumerate().skip(local.stored) {
            let before = at.checked_sub(1);
            match history.get(at) {
                Some((stored, _)) if self.same(*stored, *event) => {}
                Some(_) => return None,
                None => {
                    let fits = before.is_none_or(|before| {
                        history.get(before).is_some_and(|(head, _)| self.same(*head, local.past[before]))
                    });
                    if at != history.len() || !fits {
                        return None;
                    }
                    history.push((*event, local.past[..at].to_vec()));
                }
            }
        }
        Some(history)
    }

    /// Puts an attempt at a request into an order, and gives the desk that has decided it; `None` when the replica has to
    /// begin anew.
    fn submit(self, redis: &mut Redis, local: &Local, new: Attempt) -> Option<Local> {
        let last = local.past.last().copied();
        let there = local.place.checked_sub(1).and_then(|at| redis.order.get(at)).copied();
        let fits = redis.epoch == local.epoch
            && local.place <= redis.order.len()
            && (!self.place_check || there == last);
        if !fits {
            return None;
        }
        let mut local = local.clone();
        local.past.extend(&redis.order[local.place..]);
        // What others have confirmed need not be stored again.
        local.stored = local.stored.max(redis.stored.min(local.past.len()));
        if !self.memory || local.past.iter().all(|known| known.request != new.request) {
            redis.order.push(new);
            local.past.push(new);
            if !self.tail {
                redis.stored = redis.order.len();
                redis.head = Some(new);
                local.stored = local.past.len() - 1;
            }
        }
        local.place = redis.order.len();
        Some(local)
    }

    fn confirm(self, redis: &mut Redis, local: &Local, upto: usize) -> bool {
        let head = local.past.get(upto.wrapping_sub(1)).copied();
        let there = upto.checked_sub(1).and_then(|at| redis.order.get(at)).copied();
        if self.conditional_confirm && there != head {
            return false;
        }
        if upto > redis.stored {
            redis.stored = upto;
            redis.head = head;
        }
        true
    }
}

/// The desk of what is stored, in its place in the life there is, or in a life of its own.
fn install(redis: &mut Option<Redis>, log: &Past, epoch: u8) -> Option<Local> {
    let stored = log.len();
    if let Some(redis) = redis {
        if redis.head == log.last().copied() {
            let waiting = redis.order.get(redis.stored..).unwrap_or_default();
            let past = [log, waiting].concat();
            return Some(Local { epoch: redis.epoch, past, place: redis.order.len(), stored });
        }
        if stored < redis.stored {
            return None;
        }
        let found = (redis.stored..redis.order.len()).find(|at| Some(&redis.order[*at]) == log.last());
        if let Some(at) = found {
            let past = [log, &redis.order[at + 1..]].concat();
            return Some(Local { epoch: redis.epoch, past, place: redis.order.len(), stored });
        }
    }
    *redis = Some(Redis { epoch, order: log.clone(), stored, head: log.last().copied() });
    Some(Local { epoch, past: log.clone(), place: stored, stored })
}

impl World {
    fn begin() -> Self {
        Self {
            redis: [None, None],
            leads: [0, 0],
            locals: [None, None],
            doing: [Doing::Nothing, Doing::Nothing],
            history: Vec::new(),
            answered: BTreeSet::new(),
            attempts: 0,
            epochs: 0,
            forked_for_nothing: false,
            harmed: false,
        }
    }

    /// Both replicas have the desk of a new shop, and both instances its order.
    fn begun() -> Self {
        let redis = Redis { epoch: 0, order: Past::new(), stored: 0, head: None };
        let local = Local { epoch: 0, past: Past::new(), place: 0, stored: 0 };
        Self {
            redis: [Some(redis.clone()), Some(redis)],
            locals: [Some(local.clone()), Some(local)],
            epochs: 1,
            ..Self::begin()
        }
    }

    fn log(&self) -> Past {
        self.history.iter().map(|(event, _)| *event).collect()
    }

    fn drop_desk(&mut self, replica: usize) {
        self.locals[replica] = None;
        self.doing[replica] = Doing::Nothing;
    }

    /// A life that does not fit the history ends, here and in Redis.
    fn end_life(&mut self, replica: usize) {
        self.forked_for_nothing |= !self.harmed;
        let life = self.locals[replica].as_ref().map(|local| local.epoch);
        let redis = &mut self.redis[self.leads[replica]];
        if redis.as_ref().map(|redis| redis.epoch) == life {
            *redis = None;
        }
        self.drop_desk(replica);
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::begin(), World::begun()]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for replica in 0..2 {
            match &world.doing[replica] {
                Doing::Nothing if world.locals[replica].is_none() => steps.push(Step::Load(replica)),
                Doing::Nothing => {
                    let wanted = (0..REQUESTS).filter(|request| !world.answered.contains(request));
                    // Requests are alike: the next new one stands for all of them.
                    let known = |request: &u8| {
                        *request == 0 || world.answered.contains(&(request - 1)) || world.attempts >= *request
                    };
                    steps.extend(wanted.filter(known).map(|request| Step::Submit(replica, request)));
                }
                Doing::Loading(_) => steps.push(Step::Install(replica)),
                Doing::Decided(_) => steps.push(Step::Store(replica)),
                Doing::Answered(_) => steps.push(Step::Confirm(replica)),
            }
            if world.locals[replica].is_some() || world.doing[replica] != Doing::Nothing {
                steps.push(Step::Crash(replica));
            }
            if self.harm {
                steps.push(Step::Lead(replica));
            }
        }
        if self.harm {
            for instance in 0..2 {
                if world.redis[instance].is_some() {
                    steps.push(Step::Flush(instance));
                }
                if world.redis[0] != world.redis[1] {
                    steps.push(Step::Copy(instance));
                }
            }
        }
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut world = world.clone();
        match step {
            Step::Load(replica) => world.doing[replica] = Doing::Loading(world.log()),
            Step::Install(replica) => {
                let Doing::Loading(log) = &world.doing[replica] else { return None };
                let redis = &mut world.redis[world.leads[replica]];
                world.locals[replica] = install(redis, log, world.epochs);
                world.epochs += 1;
                world.doing[replica] = Doing::Nothing;
            }
            Step::Submit(replica, request) => {
                let new = Attempt { request, replica: replica as u8, number: world.attempts };
                let local = world.locals[replica].clone()?;
                let redis = world.redis[world.leads[replica]].as_mut();
                match redis.and_then(|redis| self.submit(redis, &local, new)) {
                    Some(local) => {
                        world.attempts += u8::from(local.past.contains(&new));
                        world.locals[replica] = Some(local);
                        world.doing[replica] = Doing::Decided(request);
                    }
                    None => world.drop_desk(replica),
                }
            }
            Step::Store(replica) => {
                let Doing::Decided(request) = world.doing[replica] else { return None };
                let local = world.locals[replica].as_mut()?;
                match self.store(&world.history, local) {
                    Some(history) => {
                        world.history = history;
                        local.stored = local.past.len();
                        world.answered.insert(request);
                        world.doing[replica] = Doing::Answered(local.past.len());
                    }
                    None => world.end_life(replica),
                }
            }
            Step::Confirm(replica) => {
                let Doing::Answered(upto) = world.doing[replica] else { return None };
                let local = world.locals[replica].clone()?;
                world.doing[replica] = Doing::Nothing;
                match &mut world.redis[world.leads[replica]] {
                    Some(redis) if redis.epoch == local.epoch => {
                        if !self.confirm(redis, &local, upto) {
                            world.end_life(replica);
                        }
                    }
                    _ => world.drop_desk(replica),
                }
            }
            Step::Crash(replica) => world.drop_desk(replica),
            Step::Lead(replica) => {
                world.leads[replica] = 1 - world.leads[replica];
                world.harmed = true;
            }
            Step::Flush(instance) => {
                world.redis[instance] = None;
                world.harmed = true;
            }
            Step::Copy(instance) => {
                world.redis[1 - instance] = world.redis[instance].clone();
                world.harmed = true;
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("each event was decided on exactly the events before it", |_, world: &World| {
                let log = world.log();
                world.history.iter().enumerate().all(|(at, (_, past))| *past == log[..at])
            }),
            Property::always("no request took effect twice", |_, world: &World| {
                let requests: BTreeSet<_> = world.history.iter().map(|(event, _)| event.request).collect();
                requests.len() == world.history.len()
            }),
            Property::always("what was answered is stored", |_, world: &World| {
                world
                    .answered
                    .iter()
                    .all(|request| world.history.iter().any(|(event, _)| event.request == *request))
            }),
            Property::always("crashes alone make no forks", |_, world: &World| !world.forked_for_nothing),
        ]
    }
}

/// Looks through all courses of so many steps; what was found to be broken, and how many states there were.
fn look(protocol: Protocol, steps: usize) -> (Vec<&'static str>, usize) {
    // The first state counts as a step.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checked = protocol.checker().threads(threads).target_max_depth(steps + 1).spawn_bfs().join();
    let broken = checked.discoveries().into_keys().collect();
    (broken, checked.unique_state_count())
}

/// How many steps are looked through.
fn depth() -> usize {
    if std::env::var_os("FENLIU_CASES").is_some() { LONG_DEPTH } else { USUAL_DEPTH }
}

#[test]
fn no_course_loses_doubles_or_forks_what_was_acknowledged() {
    let (broken, states) = look(WHOLE, depth());
    println!("{states} states in {} steps", depth());
    assert_eq!(broken, Vec::<&str>::new());
    assert!(states > 100_000, "{states} states are too few to tell");
}

#[test]
fn crashes_alone_cost_no_life() {
    let (broken, states) = look(Protocol { harm: false, ..WHOLE }, depth() + 8);
    println!("{states} states in {} steps", depth() + 8);
    assert_eq!(broken, Vec::<&str>::new());
}

#[test]
fn without_a_tail_a_crash_costs_the_life_of_a_desk() {
    let (broken, _) = look(Protocol { tail: false, harm: false, ..WHOLE }, BROKEN_WITHIN);
    assert!(broken.contains(&"crashes alone make no forks"), "{broken:?}");
}

#[test]
fn without_the_request_memory_a_request_takes_effect_twice() {
    let (broken, _) = look(Protocol { memory: false, ..WHOLE }, BROKEN_WITHIN);
    assert!(broken.contains(&"no request took effect twice"), "{broken:?}");
}

#[test]
fn with_event_ids_made_from_requests_two_attempts_are_taken_for_one() {
    let (broken, _) = look(Protocol { fresh_ids: false, ..WHOLE }, BROKEN_WITHIN);
    assert!(!broken.is_empty());
}

#[test]
fn without_conditional_confirmations_a_fork_is_confirmed() {
    let (broken, _) = look(Protocol { conditional_confirm: false, ..WHOLE }, BROKEN_WITHIN);
    assert!(!broken.is_empty());
}

#[test]
fn without_the_place_check_a_replica_decides_on_another_past() {
    let (broken, _) = look(Protocol { place_check: false, ..WHOLE }, BROKEN_WITHIN);
    assert!(!broken.is_empty());
}
