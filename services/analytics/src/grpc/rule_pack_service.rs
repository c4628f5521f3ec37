//! `fenliu.analytics.v1.RulePackService`.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::rule_pack_service_server::RulePackService;
use fenliu_proto::status::refusal;
use prost::Message;
use tonic::{Request, Response, Status, async_trait};

use super::parse::{self, EvaluationPage, PackPage};
use super::{Desk, render};
use crate::call::Call;
use crate::packs::{Origin, Owned};
use crate::storage::{Fault, Put};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desk);

impl Handler {
    async fn list(
        &self,
        request: &proto::ListRulePacksRequest,
    ) -> Result<proto::ListRulePacksResponse, Problem> {
        let tokens = &self.0.platform.page_tokens;
        let page = PackPage::open(request, tokens)?;
        let mut packs = self.0.store.own_packs(page.shop).await.map_err(Fault::into_problem)?;
        let shipped = |pack: &_| Owned { pack: Clone::clone(pack), origin: Origin::Shipped };
        packs.extend(self.0.packs.all().map(shipped));
        Ok(page.cut(packs, tokens))
    }

    async fn get(&self, request: &proto::GetRulePackRequest) -> Result<proto::RulePack, Problem> {
        let known = self.0.known(request).await?;
        let found = parse::wanted_pack(request, &known, self.0.platform.clock.now())?;
        Ok(render::owned_pack(&found))
    }

    async fn evaluate(
        &self,
        request: proto::EvaluateRulePackRequest,
    ) -> Result<proto::EvaluateRulePackResponse, Problem> {
        let (now, tokens) = (self.0.platform.clock.now(), &self.0.platform.page_tokens);
        let known = self.0.known(&request).await?;
        let page = EvaluationPage::open(request, &known, tokens, now)?;
        let outcome = page.question.clone().answer(&self.0.store).await?;
        let next = page.next(&outcome, tokens);
        Ok(render::evaluation(outcome, next))
    }

    async fn put(
        &self,
        call: Call,
        request: proto::PutRulePackRequest,
    ) -> Result<proto::PutRulePackResponse, Problem> {
        let (shop, pack) = parse::kept_pack(request, &self.0.packs)?;
        let origin = if shop.is_some() { Origin::Shop } else { Origin::AllShops };
        let kept = render::owned_pack(&Owned { pack: pack.clone(), origin });
        let request_id = call.request_id.clone();
        let answer = proto::PutRulePackResponse { rule_pack: Some(kept), request_id }.encode_to_vec();
        let put = Put { call, shop, pack, answer, now: self.0.platform.clock.now() };
        let first = self.0.store.put_pack(put).await.map_err(Fault::into_problem)?;
        proto::PutRulePackResponse::decode(first.as_slice()).map_err(|error| {
            tracing::error!(%error, "request_memory.answer does not read");
            Problem::new(Reason::Internal, "a defect of fenliu; the log has the details")
        })
    }
}

#[async_trait]
impl RulePackService for Handler {
    async fn list_rule_packs(
        &self,
        request: Request<proto::ListRulePacksRequest>,
    ) -> Result<Response<proto::ListRulePacksResponse>, Status> {
        self.list(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn get_rule_pack(
        &self,
        request: Request<proto::GetRulePackRequest>,
    ) -> Result<Response<proto::GetRulePackResponse>, Status> {
        let pack = self.get(request.get_ref()).await.map_err(refusal)?;
        Ok(Response::new(proto::GetRulePackResponse { rule_pack: Some(pack) }))
    }

    async fn put_rule_pack(
        &self,
        mut request: Request<proto::PutRulePackRequest>,
    ) -> Result<Response<proto::PutRulePackResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        self.put(call, request.into_inner()).await.map(Response::new).map_err(refusal)
    }

    async fn evaluate_rule_pack(
        &self,
        request: Request<proto::EvaluateRulePackRequest>,
    ) -> Result<Response<proto::EvaluateRulePackResponse>, Status> {
        self.evaluate(request.into_inner()).await.map(Response::new).map_err(refusal)
    }
}
