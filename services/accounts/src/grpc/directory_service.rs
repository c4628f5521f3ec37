//! `fenliu.accounts.v1.DirectoryService`.

use std::pin::Pin;

use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::directory_service_server::DirectoryService;
use fenliu_proto::status::refusal;
use futures::{Stream, StreamExt};
use tonic::{Request, Response, Status, async_trait};

use super::render;
use crate::directory::Directory;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Directory);

#[async_trait]
impl DirectoryService for Handler {
    type WatchDirectoryStream =
        Pin<Box<dyn Stream<Item = Result<proto::WatchDirectoryResponse, Status>> + Send>>;

    async fn watch_directory(
        &self,
        request: Request<proto::WatchDirectoryRequest>,
    ) -> Result<Response<Self::WatchDirectoryStream>, Status> {
        let pages = self.0.watch(request.get_ref().after_version).await.map_err(refusal)?;
        let pages = pages.map(|page| page.map(|page| render::directory_page(&page)).map_err(refusal));
        Ok(Response::new(Box::pin(pages)))
    }
}
