//! `fenliu.analytics.v1.DemandService`.

use fenliu_domain::problem::Problem;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::demand_service_server::DemandService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::parse::{DemandQuestion, PeakQuestion};
use super::render;
use crate::demand::Demand;
use crate::storage::{Fault, Folded, Store};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Store);

impl Handler {
    async fn demand(&self, question: &DemandQuestion) -> Result<Folded<Demand>, Problem> {
        let range = question.range;
        let folded = self.0.arrivals(question.shop, move |_| range).await.map_err(Fault::into_problem)?;
        let Folded { fold: arrivals, position, zone } = folded;
        Ok(Folded { fold: arrivals.of_days(zone, range, question.service)?, position, zone })
    }
}

#[async_trait]
impl DemandService for Handler {
    async fn get_hourly_profile(
        &self,
        request: Request<proto::GetHourlyProfileRequest>,
    ) -> Result<Response<proto::GetHourlyProfileResponse>, Status> {
        let question = DemandQuestion::of_profile(&request.into_inner()).map_err(refusal)?;
        let demand = self.demand(&question).await.map_err(refusal)?;
        Ok(Response::new(render::hourly_profile(&question, &demand)))
    }

    async fn get_peaks(
        &self,
        request: Request<proto::GetPeaksRequest>,
    ) -> Result<Response<proto::GetPeaksResponse>, Status> {
        let question = PeakQuestion::of(&request.into_inner()).map_err(refusal)?;
        let demand = self.demand(&question.demand).await.map_err(refusal)?;
        Ok(Response::new(render::peaks(&question, &demand)))
    }
}
