//! `fenliu.analytics.v1.ScorecardService`.

use std::pin::Pin;

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::scorecard_service_server::ScorecardService;
use fenliu_proto::status::refusal;
use futures::Stream;
use futures::stream::try_unfold;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait};

use super::known::optional_shop;
use super::parse::{self, CardPage};
use super::{Desk, render};
use crate::scores::Scores;
use crate::storage::{Fault, Whose};

/// Most scores of one message.
const PAGE: usize = 500;

/// Handles the service's calls.
pub(super) struct Handler {
    pub(super) desk: Desk,
    pub(super) scores: Scores,
}

/// Somebody who watches scores. Nothing is queued for them: they read on when they are ready.
struct Watcher {
    scores: Scores,
    /// `None` = all shops.
    shop: Option<ShopId>,
    /// The last change seen.
    after: u64,
    /// Nothing was sent yet, so even an empty message is news.
    fresh: bool,
    news: watch::Receiver<u64>,
    soft: CancellationToken,
}

impl Watcher {
    async fn next(mut self) -> Result<Option<(proto::WatchScoresResponse, Self)>, Problem> {
        loop {
            self.news.borrow_and_update();
            let page = self.scores.after(self.after, self.shop, PAGE);
            self.after = page.until;
            if std::mem::take(&mut self.fresh) || !page.scores.is_empty() {
                return Ok(Some((render::scores(&page), self)));
            }
            let Some(news) = self.soft.run_until_cancelled(self.news.changed()).await else {
                return Err(draining());
            };
            news.map_err(|_| draining())?;
        }
    }
}

/// The end of every stream when the server shuts down.
fn draining() -> Problem {
    Problem::new(Reason::Draining, "the server is shutting down; watch another one from the beginning")
}

impl Handler {
    async fn watcher(&self, request: &proto::WatchScoresRequest) -> Result<Watcher, Problem> {
        let shop = optional_shop(&request.shop_id)?;
        if let Some(shop) = shop {
            self.desk.store.zone(shop).await.map_err(Fault::into_problem)?;
        }
        let (scores, news) = (self.scores.clone(), self.scores.news());
        Ok(Watcher { scores, shop, after: 0, fresh: true, news, soft: self.desk.platform.lifecycle.soft() })
    }
}

#[async_trait]
impl ScorecardService for Handler {
    type WatchScoresStream = Pin<Box<dyn Stream<Item = Result<proto::WatchScoresResponse, Status>> + Send>>;

    async fn watch_scores(
        &self,
        request: Request<proto::WatchScoresRequest>,
    ) -> Result<Response<Self::WatchScoresStream>, Status> {
        let watcher = self.watcher(request.get_ref()).await.map_err(refusal)?;
        let next = |watcher: Watcher| async { watcher.next().await.map_err(refusal) };
        Ok(Response::new(Box::pin(try_unfold(watcher, next))))
    }

    async fn get_scorecard(
        &self,
        request: Request<proto::GetScorecardRequest>,
    ) -> Result<Response<proto::GetScorecardResponse>, Status> {
        let Desk { store, packs, rosters, platform } = &self.desk;
        let request = request.get_ref();
        let question = parse::card_question(request, packs, platform.clock.now()).map_err(refusal)?;
        let whose = Whose::One(request.agent.clone());
        let cards = question.answer(store, rosters, packs, &whose).await.map_err(refusal)?;
        Ok(Response::new(render::scorecard(&request.agent, &cards)))
    }

    async fn list_scorecards(
        &self,
        request: Request<proto::ListScorecardsRequest>,
    ) -> Result<Response<proto::ListScorecardsResponse>, Status> {
        let Desk { store, packs, rosters, platform } = &self.desk;
        let (now, tokens) = (platform.clock.now(), &platform.page_tokens);
        let page = CardPage::open(request.into_inner(), packs, tokens, now).map_err(refusal)?;
        let question = page.question.clone();
        let cards = question.answer(store, rosters, packs, &page.whose).await.map_err(refusal)?;
        Ok(Response::new(page.cut(&cards, tokens)))
    }
}
