//! Sanctions, violations and ladders as messages.

use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert::{to_span, to_timestamp};

use super::sanction_kind;
use crate::discipline::{ChangedLadder, ChangedSanction, Ladder, Rung, Sanction, Suggestion, Violation};
use crate::storage::Stored;

/// A sanction, and whether it is in force.
pub(in crate::grpc) fn sanction(sanction: &Sanction, in_force: bool) -> proto::Sanction {
    let lifted = sanction.lifted.as_ref();
    proto::Sanction {
        sanction_id: sanction.id.to_string(),
        shop_id: sanction.shop.to_string(),
        agent_id: sanction.agent.to_string(),
        kind: sanction_kind(sanction.kind).into(),
        reason: sanction.reason.clone(),
        evidence: sanction.evidence.clone(),
        start_time: Some(to_timestamp(sanction.start)),
        end_time: sanction.end.map(to_timestamp),
        author: sanction.author.clone(),
        lift_time: lifted.map(|lifted| to_timestamp(lifted.time)),
        lifted_by: lifted.map(|lifted| lifted.by.clone()).unwrap_or_default(),
        lift_reason: lifted.map(|lifted| lifted.reason.clone()).unwrap_or_default(),
        in_force,
    }
}

pub(in crate::grpc) fn muted(changed: ChangedSanction) -> proto::MuteAgentResponse {
    let sanction = Some(sanction(&changed.sanction, changed.runs));
    proto::MuteAgentResponse { sanction, request_id: changed.request_id }
}

pub(in crate::grpc) fn banned(changed: ChangedSanction) -> proto::BanAgentResponse {
    let sanction = Some(sanction(&changed.sanction, changed.runs));
    proto::BanAgentResponse { sanction, request_id: changed.request_id }
}

pub(in crate::grpc) fn lifted(changed: ChangedSanction) -> proto::LiftSanctionResponse {
    let sanction = Some(sanction(&changed.sanction, changed.runs));
    proto::LiftSanctionResponse { sanction, request_id: changed.request_id }
}

pub(in crate::grpc) fn violation(violation: &Violation) -> proto::Violation {
    proto::Violation {
        event_id: violation.event.clone(),
        shop_id: violation.shop.to_string(),
        agent_id: violation.agent.to_string(),
        conversation_id: violation.conversation.clone(),
        words: violation.words.clone(),
        time: Some(to_timestamp(violation.time)),
    }
}

pub(in crate::grpc) fn suggestion(suggestion: &Suggestion) -> proto::SuggestSanctionResponse {
    proto::SuggestSanctionResponse {
        violations: i32::try_from(suggestion.violations).unwrap_or(i32::MAX),
        suggestion: suggestion.rung.as_ref().map(rung),
        evidence: suggestion.evidence.iter().map(violation).collect(),
    }
}

pub(in crate::grpc) fn ladder(ladder: &Stored<Ladder>) -> proto::GetSanctionLadderResponse {
    proto::GetSanctionLadderResponse { ladder: Some(whole(&ladder.value)), etag: ladder.etag() }
}

pub(in crate::grpc) fn changed_ladder(changed: ChangedLadder) -> proto::UpdateSanctionLadderResponse {
    proto::UpdateSanctionLadderResponse {
        ladder: Some(whole(&changed.ladder.value)),
        etag: changed.ladder.etag(),
        request_id: changed.request_id,
    }
}

fn whole(ladder: &Ladder) -> proto::SanctionLadder {
    proto::SanctionLadder {
        window_days: i32::try_from(ladder.window_days).unwrap_or(i32::MAX),
        rungs: ladder.rungs.iter().map(rung).collect(),
    }
}

fn rung(rung: &Rung) -> proto::LadderRung {
    proto::LadderRung {
        violations: i32::try_from(rung.violations).unwrap_or(i32::MAX),
        kind: sanction_kind(rung.kind).into(),
        duration: rung.length.map(to_span),
    }
}
