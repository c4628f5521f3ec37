//! `fenliu.accounts.v1.AuditService`.

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::audit_service_server::AuditService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::{Context, Listing, render};
use crate::storage::{AuditFilter, Fault};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Context);

#[async_trait]
impl AuditService for Handler {
    async fn list_audit_entries(
        &self,
        request: Request<proto::ListAuditEntriesRequest>,
    ) -> Result<Response<proto::ListAuditEntriesResponse>, Status> {
        let request = request.get_ref();
        let shop: Option<ShopId> = convert::optional_id(&request.shop_id, "shop_id").map_err(refusal)?;
        let (tokens, page) = (&self.0.platform.page_tokens, (request.page_size, request.page_token.as_str()));
        let scope = format!("{}&{:?}&{:?}", request.shop_id, request.target, request.actor);
        let list = Listing::open(tokens, "ListAuditEntries", &scope, page).map_err(refusal)?;
        let filter = AuditFilter { target: request.target.clone(), actor: request.actor.clone() };
        let entries = self.0.store.audit_before(shop, &filter, list.after, list.limit()).await;
        let mut entries = entries.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut entries, |entry| entry.number);
        let entries = entries.into_iter().map(render::audit_entry).collect();
        Ok(Response::new(proto::ListAuditEntriesResponse { entries, next_page_token }))
    }
}
