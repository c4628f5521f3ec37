//! `fenliu.analytics.v1.FeedbackService`.

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::feedback_service_server::FeedbackService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{Desk, parse, render};
use crate::feedback::Satisfaction;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desk);

#[async_trait]
impl FeedbackService for Handler {
    async fn get_satisfaction(
        &self,
        request: Request<proto::GetSatisfactionRequest>,
    ) -> Result<Response<proto::GetSatisfactionResponse>, Status> {
        let (shop, range) = parse::satisfaction_question(request.get_ref()).map_err(refusal)?;
        let satisfaction = Satisfaction::of(&self.0.store, shop, range).await.map_err(refusal)?;
        Ok(Response::new(render::satisfaction(&satisfaction)))
    }

    async fn compare_periods(
        &self,
        request: Request<proto::ComparePeriodsRequest>,
    ) -> Result<Response<proto::ComparePeriodsResponse>, Status> {
        let now = self.0.platform.clock.now();
        let known = self.0.known(request.get_ref()).await.map_err(refusal)?;
        let question = parse::periods_question(request.into_inner(), &known, now).map_err(refusal)?;
        let outcome = question.answer(&self.0.store).await.map_err(refusal)?;
        Ok(Response::new(render::compared_periods(&outcome)))
    }
}
