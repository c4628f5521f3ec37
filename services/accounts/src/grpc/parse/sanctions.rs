//! Requests about sanctions.

use fenliu_domain::ids::{SanctionId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert;

use super::Fields;
use crate::binding::SanctionKind;
use crate::discipline::{LONGEST, Ladder, MAX_RUNGS, NewSanction, Rung, SHORTEST};
use crate::storage::{SanctionFilter, ViolationFilter};

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

/// The new ladder, and the shop and the etag it is meant for.
pub(in crate::grpc) fn ladder(
    request: proto::UpdateSanctionLadderRequest,
) -> Result<((ShopId, String), Ladder), Problem> {
    let given = request.ladder.unwrap_or_default();
    let mut fields = Fields::default();
    let shop = fields.take("shop_id", request.shop_id.parse::<ShopId>());
    if given.rungs.len() > MAX_RUNGS {
        fields.take("ladder.rungs", Err::<(), _>(format!("must have at most {MAX_RUNGS} items")));
    }
    let mut rungs: Vec<Rung> = Vec::new();
    for (index, rung) in given.rungs.iter().take(MAX_RUNGS).enumerate() {
        let below = rungs.last().map_or(0, |rung| rung.violations);
        rungs.extend(self::rung(&mut fields, &format!("ladder.rungs[{index}]"), rung, below));
    }
    let window_days = u32::try_from(given.window_days).map_err(|_| "must be from 1 to 366");
    let window_days = fields.take("ladder.window_days", window_days);
    let (shop, window_days) = fields.finish(shop.zip(window_days))?;
    Ok(((shop, request.etag), Ladder { window_days, rungs }))
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
