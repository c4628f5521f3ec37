//! Requests about rosters.

use fenliu_domain::day::Day;
use fenliu_domain::ids::{AgentId, ExceptionId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::{Party, Template};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::create_roster_exception_request::Kind as Asked;
use fenliu_proto::accounts::v1::roster_exception::Kind;
use fenliu_proto::convert;

use super::Fields;
use crate::planning::{Days, NewException, Range, invalid_roster, wire};
use crate::storage::ExceptionFilter;

/// What becomes of the draft, and the shop and the etag it is meant for.
pub(in crate::grpc) fn draft(
    request: proto::UpdateRosterDraftRequest,
) -> Result<((ShopId, String), wire::Edit), Problem> {
    let shop = convert::id(&request.shop_id, "shop_id")?;
    let mut fields = Fields::default();
    let paths = fields.optional_mask(request.update_mask, &wire::ROSTER_PATHS);
    let paths = fields.finish(Some(paths))?;
    let edit = wire::Edit::of(request.roster.unwrap_or_default(), paths).map_err(invalid_roster)?;
    Ok(((shop, request.etag), edit))
}

/// A spreadsheet, and the templates that come with it.
type Spreadsheet = (String, Vec<Template>);

/// The spreadsheet, and the shop and the etag it is meant for.
pub(in crate::grpc) fn import(
    request: proto::ImportRosterRequest,
) -> Result<((ShopId, String), Spreadsheet), Problem> {
    let shop = convert::id(&request.shop_id, "shop_id")?;
    let templates = wire::templates_of("templates", &request.templates).map_err(invalid_roster)?;
    Ok(((shop, request.etag), (request.csv, templates)))
}

pub(in crate::grpc) fn new_exception(
    request: proto::CreateRosterExceptionRequest,
) -> Result<(ShopId, NewException), Problem> {
    let shop = convert::id(&request.shop_id, "shop_id")?;
    let by = party(&request.agent_id)?;
    let kind = match request.kind.ok_or_else(|| Problem::field("kind", "must be set"))? {
        Asked::Leave(leave) => Kind::Leave(leave),
        Asked::Swap(swap) => Kind::Swap(swap),
        Asked::ExtraDuty(extra) => Kind::ExtraDuty(extra),
    };
    Ok((shop, NewException { exception: wire::exception_of(&kind)?, by, reason: request.reason }))
}

/// The shop and the exception that a request names.
pub(in crate::grpc) fn exception_id(shop_id: &str, id: &str) -> Result<(ShopId, ExceptionId), Problem> {
    Ok((convert::id(shop_id, "shop_id")?, convert::id(id, "exception_id")?))
}

/// Who acts: the agent, or a supervisor when none is named.
pub(in crate::grpc) fn party(agent_id: &str) -> Result<Party, Problem> {
    let agent: Option<AgentId> = convert::optional_id(agent_id, "agent_id")?;
    Ok(agent.map_or(Party::Supervisor, Party::Agent))
}

pub(in crate::grpc) fn exceptions(
    request: &proto::ListRosterExceptionsRequest,
) -> Result<(ShopId, ExceptionFilter), Problem> {
    let state = match request.state() {
        proto::ExceptionState::Unspecified => None,
        proto::ExceptionState::Requested => Some("requested"),
        proto::ExceptionState::Active => Some("active"),
        proto::ExceptionState::Declined => Some("declined"),
        proto::ExceptionState::Cancelled => Some("cancelled"),
    };
    let agent = convert::optional_id(&request.agent_id, "agent_id")?;
    Ok((convert::id(&request.shop_id, "shop_id")?, ExceptionFilter { agent, state }))
}

pub(in crate::grpc) fn duty(
    request: &proto::ListDutyRequest,
) -> Result<(ShopId, Range, Option<AgentId>), Problem> {
    let time = |time: &Option<prost_types::Timestamp>, field: &str| {
        convert::timestamp(&time.unwrap_or_default(), field)
    };
    let range = Range::new(time(&request.start_time, "start_time")?, time(&request.end_time, "end_time")?)?;
    let agent = convert::optional_id(&request.agent_id, "agent_id")?;
    Ok((convert::id(&request.shop_id, "shop_id")?, range, agent))
}

/// The shop and the local days that a request is about.
pub(in crate::grpc) fn days(shop_id: &str, first: &str, last: &str) -> Result<(ShopId, Days), Problem> {
    let day = |text: &str, field: &str| {
        text.parse::<Day>().map_err(|error| Problem::field(field, error.to_string()))
    };
    let days = Days::new(day(first, "first_day")?, day(last, "last_day")?)?;
    Ok((convert::id(shop_id, "shop_id")?, days))
}
