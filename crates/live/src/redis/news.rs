//! What runs beside the calls: telling Redis what is stored, and telling replicas what happened.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use fenliu_domain::desk::event::Seq;
use fenliu_domain::ids::ShopId;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use super::shop::Shop;
use super::{Engine, lock};
use crate::port::{Announcement, News, ProposeError};
use crate::room::Room;

/// How long confirmations of a shop are put together before Redis is told.
const GATHER: Duration = Duration::from_millis(100);
/// Shops that Redis is told of side by side.
const AT_ONCE: usize = 64;
/// How long after a lost connection announcements are listened to again.
const LISTEN_AGAIN: Duration = Duration::from_millis(200);
/// Most announcements in one message.
const ANNOUNCED_AT_ONCE: usize = 256;
/// Bytes of an announcement: the shop, the number, the position.
const ANNOUNCEMENT_BYTES: usize = 32;

impl Engine {
    /// Starts what runs until the desks are dropped.
    pub(super) fn start(self: &Arc<Self>, outgoing: mpsc::Receiver<Announcement>) {
        tokio::spawn(tell_on(Arc::downgrade(self)));
        tokio::spawn(publish(Arc::downgrade(self), outgoing));
        tokio::spawn(listen(Arc::downgrade(self)));
    }

    /// Tells Redis of every shop it is to be told of.
    pub(super) async fn tell_all(&self) {
        let untold = std::mem::take(&mut *lock(&self.untold));
        let shops = untold.into_iter().filter_map(|shop| self.known(shop).ok());
        futures::stream::iter(shops)
            .for_each_concurrent(AT_ONCE, |shop| async move { self.tell(&shop).await })
            .await;
    }

    /// A flight whose desk cannot be decided on takes that desk down with it, and nothing else: the next life begins from
    /// the history, without the attempt that did it.
    pub(super) async fn fly_guarded(self: Arc<Self>, shop: Arc<Shop>) {
        let flight = std::panic::AssertUnwindSafe(self.clone().fly(shop.clone()));
        if flight.catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(shop = %shop.id, "a live desk could not decide what was asked of it and is rebuilt");
        let epoch = shop.look(Room::epoch);
        if let Ok(epoch) = epoch {
            Box::pin(self.end_life(&shop, epoch)).await;
        }
        loop {
            let errands = shop.lock().load();
            if errands.is_empty() {
                return;
            }
            errands.into_iter().for_each(|errand| errand.fail(&ProposeError::NotLoaded));
        }
    }
}

async fn tell_on(engine: Weak<Engine>) {
    while let Some(engine) = engine.upgrade() {
        // Whoever drops the desks ends this at the next turn.
        let woken = tokio::time::timeout(Duration::from_secs(1), engine.wake.notified()).await;
        if woken.is_ok() {
            tokio::time::sleep(GATHER).await;
            engine.tell_all().await;
        }
    }
}

async fn publish(engine: Weak<Engine>, mut outgoing: mpsc::Receiver<Announcement>) {
    let mut waiting = Vec::new();
    // What waits goes together, each shop's last alone: it stands for those before it.
    while outgoing.recv_many(&mut waiting, ANNOUNCED_AT_ONCE).await > 0 {
        let Some(engine) = engine.upgrade() else { return };
        let last: BTreeMap<_, _> =
            waiting.drain(..).map(|announcement| (announcement.shop, announcement)).collect();
        let mut news = engine.replica.to_be_bytes().to_vec();
        for announcement in last.into_values() {
            news.extend(announcement.shop.bits().to_be_bytes());
            news.extend(announcement.seq.0.to_be_bytes());
            news.extend(announcement.position.to_be_bytes());
        }
        if let Err(error) = engine.link.publish(&news).await {
            tracing::debug!(%error, "an announcement did not reach Redis");
        }
    }
}

/// Hears what other replicas announce, and passes it on.
async fn listen(engine: Weak<Engine>) {
    loop {
        let subscribed = match engine.upgrade() {
            Some(engine) => engine.link.subscribe().await,
            None => return,
        };
        if let Ok(mut news) = subscribed {
            // What was told before this connection did not arrive.
            if let Some(engine) = engine.upgrade() {
                let _ = engine.announcements.send(News::Missed);
            }
            while let Some(heard) = news.next().await {
                let Some(engine) = engine.upgrade() else { return };
                for announcement in heard_of_others(&heard, engine.replica) {
                    let _ = engine.announcements.send(News::Stored(announcement));
                }
            }
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

/// What another replica announces; nothing of what this one does.
fn heard_of_others(news: &[u8], own: u128) -> Vec<Announcement> {
    let Some((replica, rest)) = news.split_first_chunk::<16>() else { return Vec::new() };
    if u128::from_be_bytes(*replica) == own {
        return Vec::new();
    }
    rest.chunks_exact(ANNOUNCEMENT_BYTES).filter_map(announcement).collect()
}

fn announcement(bytes: &[u8]) -> Option<Announcement> {
    let (shop, rest) = bytes.split_first_chunk::<16>()?;
    let (seq, rest) = rest.split_first_chunk::<8>()?;
    let position = i64::from_be_bytes(<[u8; 8]>::try_from(rest).ok()?);
    let shop = ShopId::from_bits(u128::from_be_bytes(*shop));
    Some(Announcement { shop, seq: Seq(u64::from_be_bytes(*seq)), position })
}
