//! `fenliu.analytics.v1.ScorecardService`.

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::scorecard_service_server::ScorecardService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::parse::{self, CardPage};
use super::{Desk, render};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desk);

#[async_trait]
impl ScorecardService for Handler {
    async fn get_scorecard(
        &self,
        request: Request<proto::GetScorecardRequest>,
    ) -> Result<Response<proto::GetScorecardResponse>, Status> {
        let Desk { store, packs, rosters, platform } = &self.0;
        let request = request.get_ref();
        let question = parse::card_question(request, packs, platform.clock.now()).map_err(refusal)?;
        let cards = question.answer(store, rosters).await.map_err(refusal)?;
        Ok(Response::new(render::scorecard(&request.agent, &cards)))
    }

    async fn list_scorecards(
        &self,
        request: Request<proto::ListScorecardsRequest>,
    ) -> Result<Response<proto::ListScorecardsResponse>, Status> {
        let Desk { store, packs, rosters, platform } = &self.0;
        let (now, tokens) = (platform.clock.now(), &platform.page_tokens);
        let page = CardPage::open(request.into_inner(), packs, tokens, now).map_err(refusal)?;
        let cards = page.question.clone().answer(store, rosters).await.map_err(refusal)?;
        Ok(Response::new(page.cut(&cards, tokens)))
    }
}
