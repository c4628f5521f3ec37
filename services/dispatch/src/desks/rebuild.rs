//! Desks that are not loaded: rebuilt from snapshot and history, by one caller at a time.

use std::sync::Arc;

use fenliu_domain::desk::command::Command;
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
                self.live.begin(Epoch(self.platform.ids.next_bits()), call.shop).await;
                Ok(())
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
        self.live.restore(epoch, snapshot, self.platform.clock.now()).await;
        Ok(true)
    }
}
