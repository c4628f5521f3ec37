//! Desks that are not loaded: rebuilt from snapshot and history, by one caller at a time.

use std::sync::Arc;

use fenliu_domain::desk::command::Command;
use fenliu_domain::desk::event::Seq;
use fenliu_domain::desk::refusal::shop_not_found;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_live::{Epoch, LookError};
use tokio::sync::{Mutex, MutexGuard};

use super::{Call, Desks, unreached};
use crate::history::Fault;

/// Locks the shops are spread over: so many desks are rebuilt at once, each by one caller for all.
const LOCKS: usize = 64;

/// Who rebuilds which desk.
#[derive(Clone, Debug)]
pub(super) struct Locks(Arc<[Mutex<()>; LOCKS]>);

impl Default for Locks {
    fn default() -> Self {
        Self(Arc::new(std::array::from_fn(|_| Mutex::default())))
    }
}

impl Locks {
    async fn lock(&self, shop: ShopId) -> MutexGuard<'_, ()> {
        let place = usize::try_from(shop.bits() % (LOCKS as u128)).unwrap_or(0);
        self.0[place].lock().await
    }
}

impl Desks {
    /// Loads the desk of a call: rebuilt from what is stored, or new when the call is the one that opens it. The
    /// desk of a shop that nobody has told of is never made, or anybody could fill the memory with them.
    pub(super) async fn load(&self, call: &Call) -> Result<(), Problem> {
        let found = self.rebuild(call.shop).await?;
        match (found, &call.command) {
            (true, _) => Ok(()),
            (false, Command::SyncShop(_)) => {
                let begun = self.live.begin(Epoch(self.platform.ids.next_bits()), call.shop).await;
                self.outlive(call.shop, begun).await
            }
            (false, _) => Err(shop_not_found(call.shop)),
        }
    }

    /// Rebuilds a desk that is not loaded; false when nothing of it is stored.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE or INTERNAL when the history cannot be read.
    pub(super) async fn rebuild(&self, shop: ShopId) -> Result<bool, Problem> {
        let _turn = self.rebuilding.lock(shop).await;
        match self.live.info(shop).await {
            Ok(_) => return Ok(true),
            Err(LookError::NotLoaded) => {}
            // What is not reached is not rebuilt either.
            Err(LookError::Unavailable(error)) => return Err(unreached(shop, &error)),
        }
        let folded = self.history.fold(shop).await.map_err(Fault::into_problem)?;
        let Some(snapshot) = folded.and_then(|desk| desk.snapshot()) else { return Ok(false) };
        let epoch = Epoch(self.platform.ids.next_bits());
        let restored = self.live.restore(epoch, snapshot, self.platform.clock.now()).await;
        self.outlive(shop, restored).await?;
        Ok(true)
    }

    /// Where the live desks say more to be stored than was read of the history, whoever calls reads it again; but where the
    /// history does not hold that much even now, it was restored from a backup and has the last word. What is said to be
    /// stored was stored before it was said, so nothing is ended that the history only has not told yet.
    async fn outlive(&self, shop: ShopId, ahead: Option<Seq>) -> Result<(), Problem> {
        let Some(ahead) = ahead else { return Ok(()) };
        let head = self.history.head(shop).await.map_err(Fault::into_problem)?;
        let stored = head.map_or(Seq::default(), |(seq, _)| Seq(seq));
        if stored < ahead {
            tracing::error!(
                %shop,
                stored = stored.0,
                live = ahead.0,
                "the history was restored from a backup: the live desk knows of more, and begins again from the history"
            );
            self.live.outlive(shop, stored).await;
        }
        Ok(())
    }
}
