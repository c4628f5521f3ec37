//! `fenliu.analytics.v1.ImportService`.

use fenliu_domain::problem::Problem;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::import_service_server::ImportService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, Streaming, async_trait};
use tonic_types::StatusExt;

use super::parse;
use crate::storage::{Fault, Imported, Store};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Store);

#[async_trait]
impl ImportService for Handler {
    async fn import_events(
        &self,
        request: Request<Streaming<proto::ImportEventsRequest>>,
    ) -> Result<Response<proto::ImportEventsResponse>, Status> {
        let mut requests = request.into_inner();
        let mut so_far = SoFar::default();
        while let Some(request) = requests.message().await.map_err(|status| so_far.told_in(status))? {
            let stored = self.store(request).await.map_err(|problem| so_far.told_in(refusal(problem)))?;
            so_far.add(stored);
        }
        Ok(Response::new(so_far.response))
    }
}

impl Handler {
    async fn store(&self, request: proto::ImportEventsRequest) -> Result<Imported, Problem> {
        let batch = parse::imported_batch(request)?;
        self.0.import(batch).await.map_err(Fault::into_problem)
    }
}

/// How far a stream of batches has come.
#[derive(Default)]
struct SoFar {
    messages: u64,
    response: proto::ImportEventsResponse,
}

impl SoFar {
    const fn add(&mut self, stored: Imported) {
        self.messages += 1;
        self.response.imported += stored.imported;
        self.response.repeated += stored.repeated;
    }

    /// An error ends the stream and with it the response, so that it has to say itself which message it is about and
    /// what was stored before. A status that is not ours, as when the caller hangs up, is passed on.
    fn told_in(&self, status: Status) -> Status {
        let mut details = status.get_error_details();
        let Some(mut info) = details.error_info().cloned() else { return status };
        info.metadata.insert("message".to_owned(), (self.messages + 1).to_string());
        info.metadata.insert("imported".to_owned(), self.response.imported.to_string());
        details.set_error_info(info.reason, info.domain, info.metadata);
        Status::with_error_details(status.code(), status.message(), details)
    }
}
