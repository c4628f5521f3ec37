//! Requests about sanctions.

use fenliu_domain::ids::{SanctionId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert;

use super::Fields;
use crate::binding::SanctionKind;
use crate::discipline::{LONGEST, LadderChange, MAX_RUNGS, NewSanction, Rung, SHORTEST, WINDOW_DAYS};
use crate::storage::{SanctionFilter, ViolationFilter};

/// What can be changed about a ladder.
const LADDER_PATHS: [&str; 2] = ["window_days", "rungs"];

pub(in crate::grpc) fn mute(request: proto::MuteAgentRequest) -> Result<NewSanction, Problem> {
    let length = length("duration", request.duration.as_ref());
    Ok(NewSanction {
        shop: convert::id(&request.shop_id, "shop_id")?,
        agent: convert::id(&request.agent_id, "agent_id")?,
        kind: SanctionKind::Mute,
        reason: request.reason,
        evidence: request.evidence,
        length: length?,
    })
}

pub(in crate::grpc) fn ban(request: proto::BanAgentRequest) -> Result<NewSanction, Problem> {
    let proto::BanAgentRequest { request_id, shop_id, agent_id, reason, evidence, duration } = request;
    let same = proto::MuteAgentRequest { request_id, shop_id, agent_id, reason, evidence, duration };
    Ok(NewSanction { kind: SanctionKind::Ban, ..mute(same)? })
}

/// The shop and the sanction that a request names.
pub(in crate::grpc) fn sanction_id(shop_id: &str, id: &str) -> Result<(ShopId, SanctionId), Problem> {
    Ok((convert::id(shop_id, "shop_id")?, convert::id(id, "sanction_id")?))
}

pub(in crate::grpc) fn sanctions(
    request: &proto::ListSanctionsRequest,
    now: Timestamp,
) -> Result<(ShopId, SanctionFilter), Problem> {
    let agent = convert::optional_id(&request.agent_id, "agent_id")?;
    let in_force = request.in_force.then_some(now);
    Ok((convert::id(&request.shop_id, "shop_id")?, SanctionFilter { agent, in_force }))
}

pub(in crate::grpc) fn violations(
    request: &proto::ListViolationsRequest,
) -> Result<(ShopId, ViolationFilter), Problem> {
    let agent = convert::optional_id(&request.agent_id, "agent_id")?;
    Ok((convert::id(&request.shop_id, "shop_id")?, ViolationFilter { agent, since: None }))
}

/// What becomes of a ladder, and the shop and the etag it is meant for.
pub(in crate::grpc) fn ladder(
    request: proto::UpdateSanctionLadderRequest,
) -> Result<((ShopId, String), LadderChange), Problem> {
    let given = request.ladder.unwrap_or_default();
    let mut fields = Fields::default();
    let mut change = LadderChange::default();
    let shop = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    for path in fields.optional_mask(request.update_mask, &LADDER_PATHS) {
        match path {
            "window_days" => change.window_days = window_days(&mut fields, given.window_days),
            _ => change.rungs = Some(rungs(&mut fields, &given)),
        }
    }
    Ok(((fields.finish(shop)?, request.etag), change))
}

fn window_days(fields: &mut Fields, days: i32) -> Option<u32> {
    let within = u32::try_from(days).ok().filter(|days| WINDOW_DAYS.contains(days));
    let (least, most) = WINDOW_DAYS.into_inner();
    fields.take(
        "ladder.window_days",
        within.ok_or_else(|| format!("must be from {least} to {most}, is {days}")),
    )
}

fn rungs(fields: &mut Fields, given: &proto::SanctionLadder) -> Vec<Rung> {
    if given.rungs.len() > MAX_RUNGS {
        fields.take("ladder.rungs", Err::<(), _>(format!("must have at most {MAX_RUNGS} items")));
    }
    let mut rungs: Vec<Rung> = Vec::new();
    for (index, rung) in given.rungs.iter().take(MAX_RUNGS).enumerate() {
        let below = rungs.last().map_or(0, |rung| rung.violations);
        rungs.extend(self::rung(fields, &format!("ladder.rungs[{index}]"), rung, below));
    }
    rungs
}

fn rung(fields: &mut Fields, path: &str, rung: &proto::LadderRung, below: u32) -> Option<Rung> {
    let more = u32::try_from(rung.violations).ok().filter(|violations| *violations > below);
    let more = more.ok_or_else(|| format!("must be more than on the rung before, {below}"));
    let violations = fields.take(&format!("{path}.violations"), more);
    let kind = match rung.kind() {
        proto::SanctionKind::Unspecified => Err("must be a mute or a ban"),
        proto::SanctionKind::Mute => Ok(SanctionKind::Mute),
        proto::SanctionKind::Ban => Ok(SanctionKind::Ban),
    };
    let kind = fields.take(&format!("{path}.kind"), kind);
    let field = format!("{path}.duration");
    let length = length(&field, rung.duration.as_ref()).map_err(|problem| {
        problem.violations.into_iter().next().map(|violation| violation.expected).unwrap_or_default()
    });
    let length = fields.take(&field, length);
    let ((violations, kind), length) = violations.zip(kind).zip(length)?;
    Some(Rung { violations, kind, length })
}

/// How long a sanction is; `None` = until it is lifted.
fn length(field: &str, duration: Option<&prost_types::Duration>) -> Result<Option<Span>, Problem> {
    let Some(duration) = duration else { return Ok(None) };
    let span = convert::span(duration, field)?;
    if (SHORTEST..=LONGEST).contains(&span) {
        return Ok(Some(span));
    }
    Err(Problem::field(field, "must be from 1 minute to 366 days, or absent for one without an end"))
}
