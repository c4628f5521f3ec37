//! `fenliu.analytics.v1.ImportService`.

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::import_service_server::ImportService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::parse;
use crate::storage::{Fault, Store};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Store);

#[async_trait]
impl ImportService for Handler {
    async fn import_events(
        &self,
        request: Request<Streaming<proto::ImportEventsRequest>>,
    ) -> Result<Response<proto::ImportEventsResponse>, Status> {
        let mut requests = request.into_inner();
        let mut response = proto::ImportEventsResponse::default();
        while let Some(request) = requests.message().await? {
            let batch = parse::imported_batch(request).map_err(refusal)?;
            let stored = self.0.import(batch).await.map_err(Fault::into_problem).map_err(refusal)?;
            response.imported += stored.imported;
            response.repeated += stored.repeated;
        }
        Ok(Response::new(response))
    }
}
