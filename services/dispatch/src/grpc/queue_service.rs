//! `fenliu.dispatch.v1.QueueService`.

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_live::QueueView;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::queue_service_server::QueueService;
use fenliu_proto::status::refusal;
use futures::{FutureExt, TryStreamExt};
use tonic::{Request, Response, Status, async_trait};

use super::news::looks;
use super::{Streamed, parse, render};
use crate::desks::Desks;

/// Conversations shown of a queue.
const SHOWN: usize = 100;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

async fn queue(desks: Desks, shop: ShopId) -> Result<QueueView, Problem> {
    desks.queue(shop, SHOWN).await
}

/// Whether two looks show the same, whatever events lie between them.
fn same(one: &QueueView, other: &QueueView) -> bool {
    one.first == other.first && one.length == other.length
}

#[async_trait]
impl QueueService for Handler {
    async fn get_queue(
        &self,
        request: Request<proto::GetQueueRequest>,
    ) -> Result<Response<proto::GetQueueResponse>, Status> {
        let shop = parse::shop(&request.get_ref().shop_id).map_err(refusal)?;
        let view = queue(self.0.clone(), shop).await.map_err(refusal)?;
        Ok(Response::new(proto::GetQueueResponse { queue: Some(render::queue(&view)) }))
    }

    type WatchQueueStream = Streamed<proto::WatchQueueResponse>;

    async fn watch_queue(
        &self,
        request: Request<proto::WatchQueueRequest>,
    ) -> Result<Response<Self::WatchQueueStream>, Status> {
        let shop = parse::shop(&request.get_ref().shop_id).map_err(refusal)?;
        self.0.expect(shop).await.map_err(refusal)?;
        let views = looks(self.0.clone(), shop, |desks, shop| queue(desks, shop).boxed(), same);
        let responses = views.map_ok(|view| proto::WatchQueueResponse { queue: Some(render::queue(&view)) });
        Ok(Response::new(Box::pin(responses)))
    }
}
