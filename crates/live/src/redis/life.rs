//! The lives of a desk: how one begins, how far it is stored, and how it ends.

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::event::Seq;
use fenliu_domain::ids::CommandId;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;

use super::link::Call;
use super::local::{Local, Place};
use super::scripts::{CONFIRM, Confirmed, INSTALL, INVALIDATE, Installed, OUTLIVE, command_bytes};
use super::shop::Shop;
use super::{AWAY, Engine, RULES, keys, lock};
use crate::port::Epoch;

impl Engine {
    /// Begins a life with this desk, or finds its place in the life there is; the number up to which that one says to be
    /// stored, where the desk has not got so far.
    pub(super) async fn install(&self, epoch: Epoch, desk: Desk, now: Timestamp) -> Option<Seq> {
        let shop = self.shop(desk.shop());
        let keys = &shop.keys;
        let head = desk.head();
        let there: Vec<_> =
            desk.agents().iter().filter(|agent| agent.presence != AWAY).map(|a| a.id).collect();
        let lapses = now + desk.policy().0.heartbeat_grace;
        let call = Call::of(&INSTALL)
            .key(&keys.order)
            .key(&keys.tail)
            .key(&keys.due)
            .key(&keys.beats)
            .arg(&keys.member)
            .arg(&epoch.0.to_be_bytes()[..])
            .arg(RULES)
            .arg(desk.seq().0)
            .arg(head.map(|head| head.event.bits().to_be_bytes().to_vec()).unwrap_or_default())
            .arg(command_bytes(head.map(|head| CommandId::of(head.event))))
            .arg(due_text(desk.next_due()))
            .arg(lapses.micros())
            .arg(now.micros())
            .arg(self.config.skew_text())
            .args(there.into_iter().map(|agent| keys.agent(agent)));
        let (epoch, place, missed) = match self.link.run::<Installed>(&call).await {
            Ok(Installed::Begun) => (epoch, Place { number: 0, command: None }, None),
            Ok(Installed::Adopted { epoch, place, missed }) => (Epoch(epoch), place, Some(missed)),
            Ok(Installed::Behind(stored)) => return Some(Seq(stored)),
            Err(error) => {
                tracing::warn!(shop = %shop.id, %error, "a live desk could not be loaded");
                return None;
            }
        };
        let mut local = Local::new(epoch, desk, place);
        if let Err(damage) = missed.map_or(Ok(()), |missed| self.follow(&mut local, &missed)) {
            self.end_damaged_life(&shop, epoch, &damage).await;
            return None;
        }
        shop.lock().settle_in(local);
        self.tell_later(&shop);
        None
    }

    /// Ends a life that says more to be stored than the history holds.
    pub(super) async fn outlive(&self, shop: &Shop, stored: Seq) {
        let keys = &shop.keys;
        let call = Call::of(&OUTLIVE)
            .key(&keys.order)
            .key(&keys.tail)
            .key(&keys.due)
            .arg(&keys.member)
            .arg(stored.0);
        if let Err(error) = self.link.run::<i64>(&call).await {
            tracing::warn!(shop = %shop.id, %error, "a live desk could not be dropped in Redis");
        }
    }

    /// Remembers to tell Redis up to where a shop is stored, if that has moved.
    pub(super) fn tell_later(&self, shop: &Shop) {
        if shop.lock().local.as_ref().is_some_and(Local::is_untold) {
            lock(&self.untold).insert(shop.id);
            self.wake.notify_one();
        }
    }

    /// Tells Redis up to where a shop is stored.
    pub(super) async fn tell(&self, shop: &Shop) {
        let Some(settled) = shop.lock().local.as_mut().and_then(Local::tell) else { return };
        let Some(head) = settled.mark.head else { return };
        let keys = &shop.keys;
        let call = Call::of(&CONFIRM)
            .key(&keys.order)
            .key(&keys.tail)
            .key(&keys.due)
            .key(&keys.beats)
            .arg(&keys.member)
            .arg(&settled.epoch.0.to_be_bytes()[..])
            .arg(settled.mark.place.number)
            .arg(command_bytes(settled.mark.place.command))
            .arg(head.seq.0)
            .arg(&head.event.bits().to_be_bytes()[..])
            .arg(keys::KEPT)
            .arg(due_text(settled.due))
            .args(settled.gone.iter().map(|agent| keys.agent(*agent)));
        match self.link.run(&call).await {
            Ok(Confirmed::Noted) => {}
            Ok(Confirmed::OtherEpoch) => shop.lock().forget(settled.epoch),
            Ok(Confirmed::Forked) => {
                tracing::warn!(shop = %shop.id, "Redis has forked from the history; the live desk is rebuilt");
                self.end_life(shop, settled.epoch).await;
            }
            // The next confirmation says it too; until then its shop is found due.
            Err(error) => tracing::debug!(shop = %shop.id, %error, "a confirmation did not reach Redis"),
        }
    }

    /// A desk whose order cannot be followed ends here; the history has all that was acknowledged.
    pub(super) async fn end_damaged_life(&self, shop: &Shop, epoch: Epoch, damage: &Problem) {
        tracing::error!(shop = %shop.id, %damage, "what Redis has of a live desk is damaged; it is rebuilt");
        self.end_life(shop, epoch).await;
    }

    /// Ends a life of a desk, here and in Redis.
    pub(super) async fn end_life(&self, shop: &Shop, epoch: Epoch) {
        shop.lock().forget(epoch);
        let keys = &shop.keys;
        let call = Call::of(&INVALIDATE)
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

fn due_text(due: Option<Timestamp>) -> String {
    // What is due at the beginning of time is due at once, by a number that a score holds.
    due.map(|at| at.max(Timestamp::default()).micros().to_string()).unwrap_or_default()
}
