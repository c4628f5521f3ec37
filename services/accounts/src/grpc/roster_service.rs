//! `fenliu.accounts.v1.RosterService`.

use fenliu_domain::ids::ShopId;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::roster_service_server::RosterService;
use fenliu_proto::convert;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::render::rosters as render;
use super::{Context, Listing, parse};
use crate::call::Call;
use crate::storage::Fault;

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Context);

#[async_trait]
impl RosterService for Handler {
    async fn list_shift_presets(
        &self,
        _request: Request<proto::ListShiftPresetsRequest>,
    ) -> Result<Response<proto::ListShiftPresetsResponse>, Status> {
        Ok(Response::new(render::presets()))
    }

    async fn get_roster(
        &self,
        request: Request<proto::GetRosterRequest>,
    ) -> Result<Response<proto::GetRosterResponse>, Status> {
        let proto::GetRosterRequest { shop_id, draft, version } = request.get_ref();
        let shop: ShopId = convert::id(shop_id, "shop_id").map_err(refusal)?;
        let answer = if *draft {
            self.0.planning.read_draft(shop).await.map(|draft| render::draft(&draft))
        } else {
            self.0.planning.read_roster(shop, *version).await.map(|roster| render::published(&roster))
        };
        answer.map(Response::new).map_err(refusal)
    }

    async fn list_roster_versions(
        &self,
        request: Request<proto::ListRosterVersionsRequest>,
    ) -> Result<Response<proto::ListRosterVersionsResponse>, Status> {
        let proto::ListRosterVersionsRequest { shop_id, page_size, page_token } = request.get_ref();
        let shop: ShopId = convert::id(shop_id, "shop_id").map_err(refusal)?;
        let (tokens, page) = (&self.0.platform.page_tokens, (*page_size, page_token.as_str()));
        let list = Listing::open(tokens, "ListRosterVersions", shop_id, page).map_err(refusal)?;
        let editions = self.0.planning.editions(shop, (list.after, list.limit())).await;
        let mut editions = editions.map_err(refusal)?;
        let next_page_token = list.cut(&mut editions, |edition| edition.version);
        let versions = editions.iter().map(render::edition).collect();
        Ok(Response::new(proto::ListRosterVersionsResponse { versions, next_page_token }))
    }

    async fn update_roster_draft(
        &self,
        mut request: Request<proto::UpdateRosterDraftRequest>,
    ) -> Result<Response<proto::UpdateRosterDraftResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, edit) = parse::rosters::draft(request.into_inner()).map_err(refusal)?;
        let answer = self.0.planning.change_draft(call, target, edit, render::changed_draft).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn publish_roster(
        &self,
        mut request: Request<proto::PublishRosterRequest>,
    ) -> Result<Response<proto::PublishRosterResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let proto::PublishRosterRequest { shop_id, etag, note, dry_run, .. } = request.into_inner();
        let target = (convert::id(&shop_id, "shop_id").map_err(refusal)?, etag);
        let answer = if dry_run {
            self.0.planning.rehearse(call, target, note).await.map(render::enacted)
        } else {
            self.0.planning.publish(call, target, note, render::enacted).await
        };
        answer.map(Response::new).map_err(refusal)
    }

    async fn import_roster(
        &self,
        mut request: Request<proto::ImportRosterRequest>,
    ) -> Result<Response<proto::ImportRosterResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (target, given) = parse::rosters::import(request.into_inner()).map_err(refusal)?;
        let answer = self.0.planning.import(call, target, given, render::imported).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn export_roster(
        &self,
        request: Request<proto::ExportRosterRequest>,
    ) -> Result<Response<proto::ExportRosterResponse>, Status> {
        let proto::ExportRosterRequest { shop_id, first_day, last_day } = request.get_ref();
        let (shop, days) = parse::rosters::days(shop_id, first_day, last_day).map_err(refusal)?;
        let csv = self.0.planning.export(shop, days).await.map_err(refusal)?;
        Ok(Response::new(proto::ExportRosterResponse { csv }))
    }

    async fn create_roster_exception(
        &self,
        mut request: Request<proto::CreateRosterExceptionRequest>,
    ) -> Result<Response<proto::CreateRosterExceptionResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let (shop, new) = parse::rosters::new_exception(request.into_inner()).map_err(refusal)?;
        let answer = self.0.planning.file_exception(call, shop, new, render::entered).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn answer_roster_exception(
        &self,
        mut request: Request<proto::AnswerRosterExceptionRequest>,
    ) -> Result<Response<proto::AnswerRosterExceptionResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let request = request.get_ref();
        let target =
            parse::rosters::exception_id(&request.shop_id, &request.exception_id).map_err(refusal)?;
        let by = parse::rosters::party(&request.agent_id).map_err(refusal)?;
        let said = (by, request.accept);
        let answer = self.0.planning.answer_exception(call, target, said, render::answered).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn cancel_roster_exception(
        &self,
        mut request: Request<proto::CancelRosterExceptionRequest>,
    ) -> Result<Response<proto::CancelRosterExceptionResponse>, Status> {
        let call = Call::of(&mut request, &self.0.platform.ids);
        let request = request.get_ref();
        let target =
            parse::rosters::exception_id(&request.shop_id, &request.exception_id).map_err(refusal)?;
        let by = parse::rosters::party(&request.agent_id).map_err(refusal)?;
        let answer = self.0.planning.cancel_exception(call, target, by, render::cancelled).await;
        answer.map(Response::new).map_err(refusal)
    }

    async fn list_roster_exceptions(
        &self,
        request: Request<proto::ListRosterExceptionsRequest>,
    ) -> Result<Response<proto::ListRosterExceptionsResponse>, Status> {
        let request = request.get_ref();
        let (shop, filter) = parse::rosters::exceptions(request).map_err(refusal)?;
        let (tokens, page) = (&self.0.platform.page_tokens, (request.page_size, request.page_token.as_str()));
        let scope = format!("{shop}&{}&{}", request.agent_id, request.state);
        let list = Listing::open(tokens, "ListRosterExceptions", &scope, page).map_err(refusal)?;
        let found = self.0.store.tenant(shop).exceptions_before(filter, list.after, list.limit()).await;
        let mut found = found.map_err(Fault::into_problem).map_err(refusal)?;
        let next_page_token = list.cut(&mut found, |filed| filed.number);
        let exceptions = found.iter().map(|filed| render::filed(&filed.value)).collect();
        Ok(Response::new(proto::ListRosterExceptionsResponse { exceptions, next_page_token }))
    }

    async fn list_duty(
        &self,
        request: Request<proto::ListDutyRequest>,
    ) -> Result<Response<proto::ListDutyResponse>, Status> {
        let (shop, range, agent) = parse::rosters::duty(request.get_ref()).map_err(refusal)?;
        let windows = self.0.planning.duty(shop, range, (agent, request.get_ref().draft)).await;
        let windows = windows.map_err(refusal)?.iter().map(render::window).collect();
        Ok(Response::new(proto::ListDutyResponse { windows }))
    }

    async fn check_coverage(
        &self,
        request: Request<proto::CheckCoverageRequest>,
    ) -> Result<Response<proto::CheckCoverageResponse>, Status> {
        let proto::CheckCoverageRequest { shop_id, first_day, last_day, draft } = request.get_ref();
        let (shop, days) = parse::rosters::days(shop_id, first_day, last_day).map_err(refusal)?;
        let covered = self.0.planning.coverage(shop, days, *draft).await.map_err(refusal)?;
        Ok(Response::new(render::covered(&covered)))
    }
}
