//! Waiting for news of one shop.

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_live::News;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

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
