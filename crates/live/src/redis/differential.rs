//! Two replicas on one Redis against one desk: after every command both are that desk.
//!
//! Commands go to either replica. Now and then what they decided is stored and confirmed, a replica forgets the desk and
//! finds its place again from what is stored, or Redis loses everything, and with it whatever was not stored.

use std::cell::Cell;
use std::sync::Arc;

use fenliu_domain::desk::chatter::{Speaker, Step, sequences};
use fenliu_domain::desk::command::{Applied, Command, Ordered};
use fenliu_domain::desk::event::{Event, Seq};
use fenliu_domain::desk::snapshot::Snapshot;
use fenliu_domain::desk::{Desk, Head};
use fenliu_domain::ids::ShopId;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::keys::{ShopKeys, beats, shard_of};
use super::{RedisDesks, ScratchRedis, lock};
use crate::behaviour::Proto;
use crate::port::{Epoch, Known, LiveDesk, LookError, Outcome, ProposeError};

/// How many sequences are said unless `FENLIU_CASES` asks for more; a sequence has about 60 commands.
const USUAL_CASES: u32 = 400;
/// Fewest commands of a usual run.
const USUAL_COMMANDS: u128 = 20_000;

/// What happens beside the commands.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    /// Nothing.
    None,
    /// What was decided is stored and confirmed.
    Store,
    /// A replica forgets the desk, and reads what is stored.
    Forget,
    /// Redis loses everything.
    Lose,
}

/// A command, which replica it goes to, and what happens before it.
type Scene = (Step, bool, Mishap);

fn scenes() -> impl Strategy<Value = Vec<Scene>> {
    let mishap = proptest::sample::select(vec![
        Mishap::None,
        Mishap::None,
        Mishap::None,
        Mishap::None,
        Mishap::None,
        Mishap::None,
        Mishap::Store,
        Mishap::Store,
        Mishap::Forget,
        Mishap::Lose,
    ]);
    // Losing everything every tenth time would leave little to lose.
    let mishap = (mishap, 0..4_u8).prop_map(|(mishap, rare)| match mishap {
        Mishap::Lose if rare > 0 => Mishap::None,
        other => other,
    });
    let beside = proptest::collection::vec((any::<bool>(), mishap), 120);
    (sequences(), beside).prop_map(|(sequence, beside)| {
        let scene = |(step, (second, mishap))| (step, second, mishap);
        sequence.steps.into_iter().zip(beside).map(scene).collect()
    })
}

/// Two replicas, the desk they must be, and what is stored.
struct Stage<'r> {
    replicas: &'r [RedisDesks; 2],
    shop: ShopId,
    desk: Desk,
    stored: Vec<Event>,
    /// Decided, not stored.
    waiting: Vec<Event>,
    lives: u128,
}

type Checked = Result<(), TestCaseError>;

fn check(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(TestCaseError::fail(what())) }
}

impl Stage<'_> {
    /// The desk of what is stored.
    fn fold(&self) -> Desk {
        let mut desk = Desk::new(self.shop);
        for event in &self.stored {
            desk.replay(event).expect("it is stored in order");
        }
        desk
    }

    async fn load(&mut self, replica: usize) {
        self.lives += 1;
        let (epoch, live) = (Epoch(self.lives), &self.replicas[replica]);
        match self.fold().snapshot() {
            Some(snapshot) => drop(live.restore(epoch, snapshot, self.desk.now()).await),
            None => drop(live.begin(epoch, self.shop).await),
        }
    }

    async fn happen(&mut self, mishap: Mishap, replica: usize) -> Checked {
        match mishap {
            Mishap::None => {}
            Mishap::Store => {
                let Ok((epoch, tail)) = self.replicas[replica].tail(self.shop).await else { return Ok(()) };
                let waits = tail.iter().map(|event| (**event).clone()).collect::<Vec<_>>();
                let known = self.waiting.ends_with(&waits) || waits.ends_with(&self.waiting);
                check(known && waits.len() >= self.waiting.len(), || {
                    format!("a tail is {waits:#?}, and {:#?} waits", self.waiting)
                })?;
                let Some(last) = self.waiting.last() else { return Ok(()) };
                let head = Head { seq: last.seq, event: last.id };
                self.stored.append(&mut self.waiting);
                let confirmed = self.replicas[replica].confirm(self.shop, epoch, head).await;
                check(confirmed == Ok(()), || format!("{confirmed:?}"))?;
                if self.stored.len().is_multiple_of(2) {
                    self.replicas[replica].engine.tell_all().await;
                }
            }
            Mishap::Forget => {
                lock(&self.replicas[replica].engine.shops).remove(self.shop);
                self.load(replica).await;
            }
            Mishap::Lose => {
                let keys = ShopKeys::of(self.shop);
                let mut lose = redis::cmd("DEL");
                lose.arg(&keys.order).arg(&keys.tail);
                self.replicas[0].engine.link.query::<i64>(&lose).await.expect("Redis is there");
                self.waiting.clear();
                self.desk = self.fold();
            }
        }
        Ok(())
    }

    /// Has a replica decide, loading the desk where it must.
    async fn propose(
        &mut self,
        replica: usize,
        ordered: &Ordered,
    ) -> Result<Result<Outcome, ProposeError>, TestCaseError> {
        for _ in 0..4 {
            let live = &self.replicas[replica];
            let known = Known { seq: Seq(self.stored.len() as u64), is_new: ordered.is_new };
            let proposed = live.propose(self.shop, ordered.now, known, ordered.attempt.clone()).await;
            match proposed {
                Err(ProposeError::NotLoaded) => self.load(replica).await,
                Err(ProposeError::Stale(epoch)) => live.invalidate(self.shop, epoch).await,
                proposed => return Ok(proposed.map(|proposal| proposal.outcome)),
            }
        }
        Err(TestCaseError::fail("the desk could not be loaded"))
    }

    async fn play(&mut self, ordered: Ordered, replica: usize) -> Checked {
        if let Command::Lapse { agent } = ordered.attempt.command {
            // Whether somebody has beaten meanwhile is the engine's affair: here, nobody has.
            let mut hush = redis::cmd("ZREM");
            hush.arg(beats(shard_of(self.shop))).arg(ShopKeys::of(self.shop).agent(agent));
            self.replicas[0].engine.link.query::<i64>(&hush).await.expect("Redis is there");
        }
        let forgotten = self.desk.may_have_forgotten(ordered.now, &ordered.attempt);
        if forgotten {
            let asked = self.propose(replica, &ordered).await?;
            check(matches!(asked, Err(ProposeError::MayBeKnown)), || format!("{asked:?}"))?;
        }
        let asked = Ordered { is_new: forgotten, ..ordered.clone() };
        let got = self.propose(replica, &asked).await?;
        let expected = self.desk.apply(ordered.now, ordered.attempt);
        if let Ok(Applied::Done(events)) = &expected {
            self.waiting.extend(events.iter().cloned());
        }
        let same = match (&expected, &got) {
            (Ok(Applied::Done(events)), Ok(Outcome::Done(got))) => {
                events.iter().eq(got.iter().map(|event| &**event))
            }
            (
                Ok(Applied::Repeated { first, redelivered }),
                Ok(Outcome::Repeated { first: a, redelivered: b }),
            ) => first == a && redelivered == b,
            (Err(problem), Err(ProposeError::Refused(got))) => problem == got,
            _ => false,
        };
        check(same, || format!("the desk says {expected:#?}, a replica {got:#?}"))?;
        let desk = self.desk.snapshot();
        for replica in [replica, 1 - replica] {
            let got = self.state(replica).await;
            check(got == desk, || format!("the desk is {desk:#?}, replica {replica} has {got:#?}"))?;
        }
        Ok(())
    }

    /// The desk of a replica, which is brought up to date, or loaded, for that.
    async fn state(&mut self, replica: usize) -> Option<Snapshot> {
        for _ in 0..2 {
            let engine = &self.replicas[replica].engine;
            match engine.look(self.shop, |room| room.desk().snapshot()).await {
                Ok(snapshot) => return snapshot,
                Err(LookError::NotLoaded) => self.load(replica).await,
                Err(error) => panic!("{error}"),
            }
        }
        None
    }
}

/// Plays scenes at a new shop; how many commands they had.
async fn play(replicas: &[RedisDesks; 2], shop: ShopId, scenes: &[Scene]) -> Result<u128, TestCaseError> {
    let mut stage =
        Stage { replicas, shop, desk: Desk::new(shop), stored: Vec::new(), waiting: Vec::new(), lives: 0 };
    let mut speaker = Speaker::default();
    let opening = speaker.open();
    stage.play(opening.clone(), 0).await?;
    for (step, second, mishap) in scenes {
        let replica = usize::from(*second);
        stage.happen(*mishap, replica).await?;
        if stage.desk.head().is_none() {
            // What opened the desk was lost before it was stored.
            let reopening = speaker.open();
            stage.play(reopening, replica).await?;
        }
        let ordered = speaker.say(&stage.desk, step);
        stage.play(ordered, replica).await?;
    }
    Ok(speaker.commands())
}

fn number<N: std::str::FromStr>(variable: &str) -> Option<N> {
    std::env::var(variable).ok().and_then(|number| number.parse().ok())
}

#[test]
fn replicas_on_one_redis_decide_exactly_as_one_desk() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(ScratchRedis::start(&[]));
    let replica = |number| {
        runtime
            .block_on(RedisDesks::connect(server.config(), Arc::new(Proto), number))
            .expect("Redis is there")
    };
    let replicas = [replica(1), replica(2)];
    let cases = number("FENLIU_CASES").unwrap_or(USUAL_CASES);
    let drawn = || any::<u64>().new_tree(&mut TestRunner::default()).expect("any number will do").current();
    let seed: u64 = number("FENLIU_SEED").unwrap_or_else(drawn);
    let (shops, commands) = (Cell::new(0_u128), Cell::new(0));
    for case in 0..cases {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..12].copy_from_slice(&case.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let tree = scenes().new_tree(&mut runner).expect("no sequence is refused");
        let played = runner.run_one(tree, |scenes| {
            shops.update(|shops| shops + 1);
            let said = runtime.block_on(play(&replicas, ShopId::from_bits(shops.get()), &scenes))?;
            commands.update(|commands| commands + said);
            Ok(())
        });
        if let Err(TestError::Fail(what, least)) = played {
            panic!("{what}\nafter {least:#?}\nFENLIU_SEED={seed} shows it again");
        }
    }
    let commands = commands.get();
    println!("{commands} commands in {cases} sequences, FENLIU_SEED={seed}");
    assert!(cases < USUAL_CASES || commands >= USUAL_COMMANDS, "{commands} commands are too few");
}
