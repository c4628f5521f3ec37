//! A flight: what several callers ask of one desk goes to Redis in one call, and comes back with what others asked.

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fenliu_domain::desk::command::{Command, Ordered};
use fenliu_domain::desk::event::Seq;
use fenliu_domain::problem::Problem;

use super::Engine;
use super::link::Call;
use super::local::{Local, Place};
use super::scripts::{COMMAND_BYTES, Missed, SUBMIT, Submitted, Verdict, command_bytes};
use super::shop::{Errand, Shop};
use crate::port::{Epoch, Outcome, ProposeError};
use crate::room::{Room, TAIL_LIMIT, TAIL_PATIENCE};

/// A beat's time that stands for: put the attempt only if there is none that lives.
const IF_SILENT: &str = "if silent";

impl Engine {
    /// Flies until nobody asks any more. What is seldom needed is boxed, so that not every flight has room for it.
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
                Box::pin(self.tell(&shop)).await;
            }
            let Some((epoch, place)) = from else {
                errands.into_iter().for_each(|errand| errand.fail(&ProposeError::NotLoaded));
                continue;
            };
            let submitted = self.submit(&shop, epoch, place, &errands).await;
            self.land(&shop, (epoch, place), errands, submitted).await;
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
            .arg(self.config.skew_text())
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
        shop: &Shop,
        from: (Epoch, Place),
        errands: Vec<Errand>,
        submitted: Result<Submitted, redis::RedisError>,
    ) {
        let (error, ends) = match submitted {
            Ok(Submitted::At(missed, verdict)) => match self.arrive(shop, from, errands, &missed, &verdict) {
                Ok(()) => return self.tell_later(shop),
                Err((left, damage)) => {
                    // Whoever asks again finds the damaged life ended.
                    if let Some(damage) = damage {
                        Box::pin(self.end_damaged_life(shop, from.0, &damage)).await;
                    }
                    return left.into_iter().for_each(|errand| errand.fail(&ProposeError::NotLoaded));
                }
            },
            Ok(Submitted::NotLoaded | Submitted::Behind) => (ProposeError::NotLoaded, true),
            Err(error) => (ProposeError::Unavailable(error.to_string()), false),
        };
        if ends {
            shop.lock().forget(from.0);
        }
        errands.into_iter().for_each(|errand| errand.fail(&error));
    }

    /// Decides what others put into the order and then what was asked here, at a desk that stands where it stood when this
    /// was sent: one that was loaded anew meanwhile may have decided some of it already. Gives back what was not decided,
    /// and what was damaged.
    fn arrive(
        &self,
        shop: &Shop,
        from: (Epoch, Place),
        errands: Vec<Errand>,
        missed: &Missed,
        verdict: &Verdict,
    ) -> Result<(), (Vec<Errand>, Option<Problem>)> {
        let mut state = shop.lock();
        let stays = |local: &&mut Local| (local.room.epoch(), local.place()) == from;
        let Some(local) = state.local.as_mut().filter(stays) else { return Err((errands, None)) };
        if let Err(damage) = self.follow(local, missed) {
            return Err((errands, Some(damage)));
        }
        let mut put = match verdict {
            Verdict::Put(put) => put.iter().copied(),
            Verdict::Skewed(_) | Verdict::Backlogged => [].iter().copied(),
        };
        for errand in errands {
            match errand {
                // Whoever has gone needs no answer.
                Errand::Look { answer } => drop(answer.send(Ok(()))),
                Errand::Propose { attempt, known, answer } => {
                    let put = put.next().unwrap_or_default();
                    let decided = decide(local, *attempt, known, put, verdict);
                    drop(answer.send(decided.map(|outcome| local.room.proposal(outcome))));
                }
            }
        }
        Ok(())
    }

    /// Decides what others have put into an order, as they did.
    ///
    /// # Errors
    /// When an attempt cannot be read, or not be decided: what is left of the desk is of no use.
    pub(super) fn follow(&self, local: &mut Local, missed: &Missed) -> Result<(), Problem> {
        for entry in &missed.entries {
            let next = self.codec.decode(entry.get(COMMAND_BYTES..).unwrap_or_default())?;
            let decided = catch_unwind(AssertUnwindSafe(|| local.decide(next)));
            // Whoever asked is told what came of it.
            decided.map(drop).map_err(|_| Problem::field("attempt", "must be one that can be decided"))?;
        }
        local.others_stored(missed.stored);
        Ok(())
    }
}

/// Decides one attempt, which was put into the order or was not.
fn decide(
    local: &mut Local,
    attempt: Ordered,
    known: Seq,
    put: bool,
    verdict: &Verdict,
) -> Result<Outcome, ProposeError> {
    match verdict {
        // Whether its request has had its effect before, nobody has looked; another replica can.
        Verdict::Skewed(off) => Err(ProposeError::Unavailable(skewed(*off))),
        Verdict::Backlogged => Err(ProposeError::Backlogged),
        Verdict::Put(_) => {
            let stale = local.room.desk().seq() < known;
            // Only the silence of somebody who has been heard of meanwhile is not put.
            let decided = if put { local.decide(attempt) } else { Ok(Outcome::Done(Vec::new())) };
            if stale { Err(ProposeError::Stale(local.room.epoch())) } else { decided }
        }
    }
}

fn skewed(off: i64) -> String {
    format!(
        "this replica's clock is {off} microseconds off that of Redis, which is more than is allowed; set them right"
    )
}
