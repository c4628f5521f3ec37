//! A flight: what several callers ask of one desk goes to Redis in one call, and comes back with what others asked.

use std::sync::Arc;

use fenliu_domain::desk::command::{Command, Ordered};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;

use super::Engine;
use super::link::Call;
use super::local::{Local, Place};
use super::scripts::{self, COMMAND_BYTES, Missed, SUBMIT, Submitted, Verdict, command_bytes};
use super::shop::{Errand, Shop};
use crate::port::{Epoch, Outcome, ProposeError};
use crate::room::{Room, TAIL_LIMIT, TAIL_PATIENCE};

/// A beat's time that stands for: put the attempt only if there is none that lives.
const IF_SILENT: &str = "if silent";

impl Engine {
    /// Flies until nobody asks any more.
    pub(super) async fn fly(self: Arc<Self>, shop: Arc<Shop>) {
        loop {
            let (errands, from, pressing) = {
                let mut state = shop.lock();
                let errands = state.load();
                let from = state.local.as_ref().map(|local| (local.room.epoch(), local.place()));
                (errands, from, state.local.as_ref().is_some_and(Local::is_pressing))
            };
            if errands.is_empty() {
                return;
            }
            if pressing {
                self.tell(&shop).await;
            }
            let Some((epoch, place)) = from else {
                errands.into_iter().for_each(|errand| errand.fail(&ProposeError::NotLoaded));
                continue;
            };
            let submitted = self.submit(&shop, epoch, place, &errands).await;
            self.land(&shop, errands, submitted).await;
        }
    }

    async fn submit(
        &self,
        shop: &Shop,
        epoch: Epoch,
        place: Place,
        errands: &[Errand],
    ) -> Result<Submitted, redis::RedisError> {
        let keys = &shop.keys;
        let attempts = || {
            errands.iter().filter_map(|errand| match errand {
                Errand::Propose { attempt, .. } => Some(&**attempt),
                Errand::Look { .. } => None,
            })
        };
        let now = attempts().map(|attempt| attempt.now).max().unwrap_or_default();
        let mut call = Call::of(&SUBMIT)
            .key(&keys.order)
            .key(&keys.tail)
            .key(&keys.due)
            .key(&keys.beats)
            .arg(&keys.member)
            .arg(&epoch.0.to_be_bytes()[..])
            .arg(place.number)
            .arg(command_bytes(place.command))
            .arg(now.micros())
            .arg(self.config.max_skew.map(|skew| skew.micros().to_string()).unwrap_or_default())
            .arg(TAIL_LIMIT)
            .arg(TAIL_PATIENCE.micros());
        for attempt in attempts() {
            let (member, lapses) = self.beat_of(shop, attempt);
            call = call.arg(self.entry(attempt)).arg(member).arg(lapses);
        }
        self.link.run(&call).await
    }

    /// An attempt as it stands in Redis.
    fn entry(&self, attempt: &Ordered) -> Vec<u8> {
        let mut entry = command_bytes(Some(attempt.attempt.id));
        self.codec.encode(attempt, &mut entry);
        entry
    }

    /// The beat that an attempt brings with it, or that it waits for: who comes gets a fresh one, and who has beaten again
    /// meanwhile does not lapse.
    fn beat_of(&self, shop: &Shop, attempt: &Ordered) -> (String, String) {
        match attempt.attempt.command {
            Command::SetPresence { agent, presence, .. } if presence != super::AWAY => {
                let grace = shop.look(Room::grace).unwrap_or_default();
                (shop.keys.agent(agent), (attempt.now + grace).micros().to_string())
            }
            Command::Lapse { agent } => (shop.keys.agent(agent), IF_SILENT.to_owned()),
            _ => (String::new(), String::new()),
        }
    }

    /// Decides what came back, and answers everybody.
    async fn land(
        &self,
        shop: &Arc<Shop>,
        errands: Vec<Errand>,
        submitted: Result<Submitted, redis::RedisError>,
    ) {
        let error = match submitted {
            Ok(Submitted::At(missed, verdict)) => match self.catch_up(shop, &missed) {
                Ok(()) => return self.decide(shop, errands, &verdict),
                Err(damage) => {
                    self.drop_damaged(shop, &damage).await;
                    ProposeError::NotLoaded
                }
            },
            Ok(Submitted::NotLoaded | Submitted::Behind) => {
                shop.lock().local = None;
                ProposeError::NotLoaded
            }
            Err(error) => ProposeError::Unavailable(error.to_string()),
        };
        errands.into_iter().for_each(|errand| errand.fail(&error));
    }

    /// Decides what others have put into the order, as they did.
    pub(super) fn catch_up(&self, shop: &Shop, missed: &Missed) -> Result<(), Problem> {
        let mut state = shop.lock();
        let Some(local) = &mut state.local else { return Ok(()) };
        self.follow(local, missed)?;
        drop(state);
        self.tell_later(shop);
        Ok(())
    }

    /// The same, at a desk that nobody else has yet.
    pub(super) fn follow(&self, local: &mut Local, missed: &Missed) -> Result<(), Problem> {
        for entry in &missed.entries {
            let attempt = entry.get(COMMAND_BYTES..).unwrap_or_default();
            // Whoever asked is told what came of it.
            let _ = local.decide(self.codec.decode(attempt)?);
        }
        local.others_stored(missed.stored);
        Ok(())
    }

    fn decide(&self, shop: &Shop, errands: Vec<Errand>, verdict: &Verdict) {
        let mut state = shop.lock();
        let Some(local) = &mut state.local else {
            return errands.into_iter().for_each(|errand| errand.fail(&ProposeError::NotLoaded));
        };
        let mut place = 0;
        for errand in errands {
            let Errand::Propose { attempt, known, answer } = errand else {
                if let Errand::Look { answer } = errand {
                    let _ = answer.send(Ok(()));
                }
                continue;
            };
            let result = match verdict {
                Verdict::Put(put) => {
                    let put = put.get(place).copied().unwrap_or_default();
                    let stale = local.room.desk().seq() < known;
                    let decided = if put { local.decide(*attempt) } else { Ok(Outcome::Done(Vec::new())) };
                    if stale { Err(ProposeError::Stale(local.room.epoch())) } else { decided }
                }
                Verdict::Skewed(off) => Err(ProposeError::Refused(skewed(attempt.now, *off))),
                Verdict::Backlogged => Err(ProposeError::Backlogged),
            };
            place += 1;
            let _ = answer.send(result.map(|outcome| local.room.proposal(outcome)));
        }
        drop(state);
        self.tell_later(shop);
    }

    /// A desk whose order cannot be read ends here; the history has all that was acknowledged.
    pub(super) async fn drop_damaged(&self, shop: &Shop, damage: &Problem) {
        let epoch = shop.look(Room::epoch);
        tracing::error!(shop = %shop.id, %damage, "an attempt in Redis cannot be read; the live desk is rebuilt");
        if let Ok(epoch) = epoch {
            self.end_life(shop, epoch).await;
        }
    }

    /// Ends a life of a desk, here and in Redis.
    pub(super) async fn end_life(&self, shop: &Shop, epoch: Epoch) {
        {
            let mut state = shop.lock();
            if state.local.as_ref().is_some_and(|local| local.room.epoch() == epoch) {
                state.local = None;
            }
        }
        let keys = &shop.keys;
        let call = Call::of(&scripts::INVALIDATE)
            .key(&keys.order)
            .key(&keys.tail)
            .key(&keys.due)
            .arg(&keys.member)
            .arg(&epoch.0.to_be_bytes()[..]);
        if let Err(error) = self.link.run::<i64>(&call).await {
            tracing::warn!(shop = %shop.id, %error, "a live desk could not be dropped in Redis");
        }
    }
}

fn skewed(now: Timestamp, off: i64) -> Problem {
    let wrong = "this replica's clock and that of Redis differ by more than is allowed; set them right";
    Problem::new(Reason::ClockSkew, wrong).with("now", now).with("difference_us", off)
}
