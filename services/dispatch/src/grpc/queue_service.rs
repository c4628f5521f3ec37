//! `fenliu.dispatch.v1.QueueService`.

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_live::{News, QueueView};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::queue_service_server::QueueService;
use fenliu_proto::status::refusal;
use futures::stream::try_unfold;
use tokio::sync::broadcast::Receiver;
use tonic::{Request, Response, Status, async_trait};

use super::news::heard_of;
use super::{Streamed, parse, render};
use crate::desks::Desks;

/// Conversations shown of a queue.
const SHOWN: usize = 100;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

async fn queue(desks: &Desks, shop: ShopId) -> Result<QueueView, Problem> {
    desks.queue(shop, SHOWN).await
}

/// Somebody who watches a queue.
struct Watcher {
    desks: Desks,
    shop: ShopId,
    news: Receiver<News>,
    shown: Option<QueueView>,
}

impl Watcher {
    /// The queue, as soon as it is not what was shown last.
    async fn next(mut self) -> Result<Option<(proto::WatchQueueResponse, Self)>, Status> {
        loop {
            let view = queue(&self.desks, self.shop).await.map_err(refusal)?;
            let changed = self
                .shown
                .as_ref()
                .is_none_or(|shown| shown.first != view.first || shown.length != view.length);
            if changed {
                let response = proto::WatchQueueResponse { queue: Some(render::queue(&view)) };
                self.shown = Some(view);
                return Ok(Some((response, self)));
            }
            let soft = self.desks.platform().lifecycle.soft();
            heard_of(self.shop, &mut self.news, &soft).await.map_err(refusal)?;
        }
    }
}

#[async_trait]
impl QueueService for Handler {
    async fn get_queue(
        &self,
        request: Request<proto::GetQueueRequest>,
    ) -> Result<Response<proto::GetQueueResponse>, Status> {
        let shop = parse::shop(&request.get_ref().shop_id).map_err(refusal)?;
        let view = queue(&self.0, shop).await.map_err(refusal)?;
        Ok(Response::new(proto::GetQueueResponse { queue: Some(render::queue(&view)) }))
    }

    type WatchQueueStream = Streamed<proto::WatchQueueResponse>;

    async fn watch_queue(
        &self,
        request: Request<proto::WatchQueueRequest>,
    ) -> Result<Response<Self::WatchQueueStream>, Status> {
        let shop = parse::shop(&request.get_ref().shop_id).map_err(refusal)?;
        self.0.expect(shop).await.map_err(refusal)?;
        let news = self.0.live().announcements();
        let watcher = Watcher { desks: self.0.clone(), shop, news, shown: None };
        Ok(Response::new(Box::pin(try_unfold(watcher, Watcher::next))))
    }
}
