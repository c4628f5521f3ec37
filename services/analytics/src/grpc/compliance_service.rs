//! `fenliu.analytics.v1.ComplianceService`.

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::compliance_service_server::ComplianceService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{Desk, parse, render};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desk);

#[async_trait]
impl ComplianceService for Handler {
    async fn get_standing(
        &self,
        request: Request<proto::GetStandingRequest>,
    ) -> Result<Response<proto::GetStandingResponse>, Status> {
        let now = self.0.platform.clock.now();
        let known = self.0.known(request.get_ref()).await.map_err(refusal)?;
        let question = parse::standing_question(request.get_ref(), &known, now).map_err(refusal)?;
        let standing = question.answer(&self.0.store).await.map_err(refusal)?;
        Ok(Response::new(render::standing(&standing)))
    }
}
