//! `fenliu.analytics.v1.RulePackService`.

use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::rule_pack_service_server::RulePackService;
use fenliu_proto::rule_pack::to_proto;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use crate::packs::Packs;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Packs);

#[async_trait]
impl RulePackService for Handler {
    async fn list_rule_packs(
        &self,
        _: Request<proto::ListRulePacksRequest>,
    ) -> Result<Response<proto::ListRulePacksResponse>, Status> {
        let rule_packs = self.0.all().map(to_proto).collect();
        Ok(Response::new(proto::ListRulePacksResponse { rule_packs }))
    }

    async fn get_rule_pack(
        &self,
        request: Request<proto::GetRulePackRequest>,
    ) -> Result<Response<proto::GetRulePackResponse>, Status> {
        let pack = self.0.get(&request.get_ref().rule_pack_id).map_err(refusal)?;
        Ok(Response::new(proto::GetRulePackResponse { rule_pack: Some(to_proto(pack)) }))
    }
}
