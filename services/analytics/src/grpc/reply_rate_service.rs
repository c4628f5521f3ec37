//! `fenliu.analytics.v1.ReplyRateService`.

use fenliu_domain::problem::Problem;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::reply_rate_service_server::ReplyRateService;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::parse::{self, ExchangePage, MissPage, Question};
use super::{Desk, render};
use crate::storage::{Fault, Tallied};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desk);

impl Handler {
    /// What the days came to. Only of packs that will be asked for again is it kept.
    async fn report(&self, question: &Question) -> Result<Tallied, Problem> {
        let asked = question.clone();
        let store = &self.0.store;
        let tallied = if question.is_draft {
            store.tally(question.shop, question.range, move |zone| asked.tally(zone)).await
        } else {
            store.report(question.shop, asked.pack, asked.as_of, move |_| asked.range).await
        };
        tallied.map_err(Fault::into_problem)
    }

    async fn misses(&self, question: &Question) -> Result<Tallied, Problem> {
        let asked = question.clone();
        let begin = move |zone| asked.tally(zone).keeping_misses();
        self.0.store.tally(question.shop, question.range, begin).await.map_err(Fault::into_problem)
    }
}

#[async_trait]
impl ReplyRateService for Handler {
    async fn get_reply_rate(
        &self,
        request: Request<proto::GetReplyRateRequest>,
    ) -> Result<Response<proto::GetReplyRateResponse>, Status> {
        let now = self.0.platform.clock.now();
        let known = self.0.known(request.get_ref()).await.map_err(refusal)?;
        let question = parse::rate_question(request.into_inner(), &known, now).map_err(refusal)?;
        let tallied = self.report(&question).await.map_err(refusal)?;
        Ok(Response::new(render::reply_rate(&question, tallied)))
    }

    async fn get_error_budget(
        &self,
        request: Request<proto::GetErrorBudgetRequest>,
    ) -> Result<Response<proto::GetErrorBudgetResponse>, Status> {
        let now = self.0.platform.clock.now();
        let known = self.0.known(request.get_ref()).await.map_err(refusal)?;
        let question = parse::budget_question(request.into_inner(), &known, now).map_err(refusal)?;
        let outcome = question.answer(&self.0.store).await.map_err(refusal)?;
        Ok(Response::new(render::error_budget(&outcome)))
    }

    async fn list_misses(
        &self,
        request: Request<proto::ListMissesRequest>,
    ) -> Result<Response<proto::ListMissesResponse>, Status> {
        let (now, tokens) = (self.0.platform.clock.now(), &self.0.platform.page_tokens);
        let known = self.0.known(request.get_ref()).await.map_err(refusal)?;
        let page = MissPage::open(request.into_inner(), &known, tokens, now).map_err(refusal)?;
        let tallied = self.misses(&page.question).await.map_err(refusal)?;
        Ok(Response::new(page.cut(tallied.report.misses, tokens)))
    }

    async fn list_exchanges(
        &self,
        request: Request<proto::ListExchangesRequest>,
    ) -> Result<Response<proto::ListExchangesResponse>, Status> {
        let tokens = &self.0.platform.page_tokens;
        let page = ExchangePage::open(request.get_ref(), tokens).map_err(refusal)?;
        let listed = self.0.store.exchanges(page.shop, page.after.clone(), page.limit()).await;
        let listed = listed.map_err(Fault::into_problem).map_err(refusal)?;
        Ok(Response::new(page.cut(listed, tokens)))
    }
}
