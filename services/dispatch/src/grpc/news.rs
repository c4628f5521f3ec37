//! Waiting for news of one shop, and looking at it again.

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_live::News;
use fenliu_proto::status::refusal;
use futures::Stream;
use futures::future::BoxFuture;
use futures::stream::try_unfold;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::desks::Desks;
use crate::history::follow::draining;

/// Waits until something of the shop was stored, or may have been.
///
/// # Errors
/// DRAINING when the server shuts down.
pub(super) async fn heard_of(
    shop: ShopId,
    news: &mut Receiver<News>,
    soft: &CancellationToken,
) -> Result<(), Problem> {
    loop {
        let news = tokio::select! {
            biased;
            () = soft.cancelled() => return Err(draining()),
            news = news.recv() => news,
        };
        match news {
            Ok(News::Stored(news)) if news.shop != shop => {}
            // Where wake-ups were missed, one of this shop may be among them.
            Ok(_) | Err(RecvError::Lagged(_)) => return Ok(()),
            Err(RecvError::Closed) => return Err(draining()),
        }
    }
}

/// How a shop is looked at.
type Look<V> = fn(Desks, ShopId) -> BoxFuture<'static, Result<V, Problem>>;

/// What a look at a shop shows now, and then again and again, whenever it is not the `same` as what was shown last.
pub(super) fn looks<V: Clone + Send>(
    desks: Desks,
    shop: ShopId,
    look: Look<V>,
    same: fn(&V, &V) -> bool,
) -> impl Stream<Item = Result<V, Status>> + Send {
    let news = desks.live().announcements();
    let watcher = Watcher { desks, shop, news, look, same, shown: None };
    try_unfold(watcher, |watcher| async { watcher.next().await.map(Some).map_err(refusal) })
}

/// Somebody who looks at a shop.
struct Watcher<V> {
    desks: Desks,
    shop: ShopId,
    news: Receiver<News>,
    look: Look<V>,
    same: fn(&V, &V) -> bool,
    shown: Option<V>,
}

impl<V: Clone> Watcher<V> {
    async fn next(mut self) -> Result<(V, Self), Problem> {
        loop {
            let view = (self.look)(self.desks.clone(), self.shop).await?;
            if !self.shown.as_ref().is_some_and(|shown| (self.same)(shown, &view)) {
                self.shown = Some(view.clone());
                return Ok((view, self));
            }
            let soft = self.desks.platform().lifecycle.soft();
            heard_of(self.shop, &mut self.news, &soft).await?;
            // One look shows all that has been told of until then; of what did not arrive, too.
            while !matches!(self.news.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        }
    }
}
