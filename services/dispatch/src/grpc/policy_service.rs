//! `fenliu.dispatch.v1.PolicyService`.

use fenliu_domain::desk::event::Payload;
use fenliu_domain::problem::Problem;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::policy_service_server::PolicyService;
use fenliu_proto::event::policy;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::parse;
use crate::call::Identified;
use crate::desks::{Call, Desks};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

impl Handler {
    async fn get(&self, request: &proto::GetPolicyRequest) -> Result<proto::GetPolicyResponse, Problem> {
        let info = self.0.info(parse::shop(&request.shop_id)?).await?;
        let etag = info.policy_seq.0.to_string();
        Ok(proto::GetPolicyResponse { policy: Some(policy::to_proto(&info.policy)), etag })
    }

    async fn update(
        &self,
        call: Identified<proto::UpdatePolicyRequest>,
    ) -> Result<proto::UpdatePolicyResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(&body.shop_id)?;
        let command = parse::replace_policy(&body)?;
        let answer = self.0.run(Call { shop, request: mark, traceparent, command, body: None }).await?;
        let changed = answer.events.iter().find_map(|event| match &event.payload {
            Payload::PolicyChanged { policy } => Some((policy::to_proto(policy), event.seq)),
            _ => None,
        });
        let (policy, seq) = match changed {
            Some(changed) => changed,
            // It was as asked already.
            None => self.0.info(shop).await.map(|info| (policy::to_proto(&info.policy), info.policy_seq))?,
        };
        Ok(proto::UpdatePolicyResponse { policy: Some(policy), etag: seq.0.to_string(), request_id })
    }
}

#[async_trait]
impl PolicyService for Handler {
    async fn get_policy(
        &self,
        request: Request<proto::GetPolicyRequest>,
    ) -> Result<Response<proto::GetPolicyResponse>, Status> {
        self.get(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn update_policy(
        &self,
        request: Request<proto::UpdatePolicyRequest>,
    ) -> Result<Response<proto::UpdatePolicyResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.update(call).await.map(Response::new).map_err(refusal)
    }
}
