//! Route traces in and out.

use fenliu_domain::desk::trace::{Dropped, RouteStep, RouteTrace};
use fenliu_domain::problem::Problem;

use super::outward::optional;
use crate::convert::optional_id;
use crate::history::v1;
use crate::words::Word;

/// Renders a trace.
#[must_use]
pub fn to_proto(trace: &RouteTrace) -> v1::RouteTrace {
    v1::RouteTrace { steps: trace.steps.iter().map(step).collect() }
}

fn step(step: &RouteStep) -> v1::RouteStep {
    let dropped = (step.dropped != Dropped::default()).then_some(v1::DroppedCandidates {
        offline: step.dropped.offline,
        on_break: step.dropped.on_break,
        busy: step.dropped.busy,
        saturated: step.dropped.saturated,
        transfer_only: step.dropped.transfer_only,
        disabled: step.dropped.disabled,
        off_duty: step.dropped.off_duty,
        muted: step.dropped.muted,
        banned: step.dropped.banned,
        winding_down: step.dropped.winding_down,
        ramping: step.dropped.ramping,
    });
    v1::RouteStep {
        kind: step.kind.number(),
        verdict: step.verdict.number(),
        group: step.group.as_deref().unwrap_or_default().to_owned(),
        agent_id: optional(step.agent),
        rank: step.rank,
        runner_up_id: optional(step.runner_up.map(|(agent, _)| agent)),
        runner_up_rank: step.runner_up.map(|(_, rank)| rank),
        dropped,
    }
}

pub(super) fn from_proto(trace: Option<&v1::RouteTrace>) -> Result<RouteTrace, Problem> {
    let steps = trace.map_or(&[][..], |trace| &trace.steps);
    Ok(RouteTrace { steps: steps.iter().map(parse_step).collect::<Result<_, _>>()? })
}

fn parse_step(step: &v1::RouteStep) -> Result<RouteStep, Problem> {
    let dropped = step.dropped.as_ref().map_or_else(Dropped::default, |dropped| Dropped {
        offline: dropped.offline,
        on_break: dropped.on_break,
        busy: dropped.busy,
        saturated: dropped.saturated,
        transfer_only: dropped.transfer_only,
        disabled: dropped.disabled,
        off_duty: dropped.off_duty,
        muted: dropped.muted,
        banned: dropped.banned,
        winding_down: dropped.winding_down,
        ramping: dropped.ramping,
    });
    Ok(RouteStep {
        kind: Word::parse(step.kind, "trace.steps.kind")?,
        verdict: Word::parse(step.verdict, "trace.steps.verdict")?,
        group: (!step.group.is_empty()).then(|| step.group.as_str().into()),
        agent: optional_id(&step.agent_id, "trace.steps.agent_id")?,
        rank: step.rank,
        runner_up: optional_id(&step.runner_up_id, "trace.steps.runner_up_id")?.zip(step.runner_up_rank),
        dropped,
    })
}
