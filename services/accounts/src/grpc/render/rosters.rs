//! Rosters, exceptions and duty as messages.

use fenliu_domain::roster::{Cause, Change, ChangeKind, DutyWindow, PRESETS, Status};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert::to_timestamp;

use crate::planning::{
    ChangedDraft, ChangedException, Covered, Draft, Edition, Enacted, Filed, Imported, Published, party_name,
    wire,
};
use crate::storage::Stored;

pub(in crate::grpc) fn presets() -> proto::ListShiftPresetsResponse {
    let presets = PRESETS.iter().map(|preset| proto::ShiftPreset {
        name: preset.name.to_owned(),
        templates: preset.templates().iter().map(wire::template).collect(),
    });
    proto::ListShiftPresetsResponse { presets: presets.collect() }
}

pub(in crate::grpc) fn draft(draft: &Stored<Draft>) -> proto::GetRosterResponse {
    proto::GetRosterResponse {
        roster: Some(wire::roster(&draft.value.plan)),
        version: None,
        etag: draft.etag(),
    }
}

pub(in crate::grpc) fn published(published: &Published) -> proto::GetRosterResponse {
    proto::GetRosterResponse {
        roster: Some(wire::roster(&published.plan)),
        version: Some(edition(&published.edition)),
        etag: String::new(),
    }
}

pub(in crate::grpc) fn edition(edition: &Edition) -> proto::RosterVersion {
    proto::RosterVersion {
        version: edition.version,
        publish_time: Some(to_timestamp(edition.published)),
        published_by: edition.by.clone(),
        note: edition.note.clone(),
        time_zone: edition.zone.name().to_owned(),
    }
}

pub(in crate::grpc) fn changed_draft(changed: ChangedDraft) -> proto::UpdateRosterDraftResponse {
    proto::UpdateRosterDraftResponse { etag: changed.draft.etag(), request_id: changed.request_id }
}

pub(in crate::grpc) fn imported(imported: Imported) -> proto::ImportRosterResponse {
    proto::ImportRosterResponse {
        days: i32::try_from(imported.days).unwrap_or(i32::MAX),
        agents: i32::try_from(imported.agents).unwrap_or(i32::MAX),
        etag: imported.draft.etag(),
        request_id: imported.request_id,
    }
}

pub(in crate::grpc) fn enacted(enacted: Enacted) -> proto::PublishRosterResponse {
    proto::PublishRosterResponse {
        version: Some(edition(&enacted.edition)),
        changes: enacted.changes.iter().map(change).collect(),
        more_changes: enacted.more,
        request_id: enacted.request_id,
    }
}

fn change(change: &Change) -> proto::DutyChange {
    proto::DutyChange {
        agent_id: change.agent.to_string(),
        added: change.kind == ChangeKind::Added,
        start_time: Some(to_timestamp(change.stretch.start)),
        end_time: Some(to_timestamp(change.stretch.end)),
    }
}

pub(in crate::grpc) fn filed(filed: &Filed) -> proto::RosterException {
    let (state, waits_for) = match &filed.status {
        Status::Requested { waits_for } => (proto::ExceptionState::Requested, waits_for.as_slice()),
        Status::Active => (proto::ExceptionState::Active, &[][..]),
        Status::Declined => (proto::ExceptionState::Declined, &[][..]),
        Status::Cancelled => (proto::ExceptionState::Cancelled, &[][..]),
    };
    proto::RosterException {
        exception_id: filed.id.to_string(),
        shop_id: filed.shop.to_string(),
        kind: Some(wire::exception(&filed.exception)),
        state: state.into(),
        waits_for: waits_for.iter().copied().map(party_name).collect(),
        reason: filed.reason.clone(),
        author: filed.author.clone(),
        create_time: Some(to_timestamp(filed.created)),
    }
}

pub(in crate::grpc) fn entered(changed: ChangedException) -> proto::CreateRosterExceptionResponse {
    let exception = Some(filed(&changed.filed));
    proto::CreateRosterExceptionResponse { exception, request_id: changed.request_id }
}

pub(in crate::grpc) fn answered(changed: ChangedException) -> proto::AnswerRosterExceptionResponse {
    let exception = Some(filed(&changed.filed));
    proto::AnswerRosterExceptionResponse { exception, request_id: changed.request_id }
}

pub(in crate::grpc) fn cancelled(changed: ChangedException) -> proto::CancelRosterExceptionResponse {
    let exception = Some(filed(&changed.filed));
    proto::CancelRosterExceptionResponse { exception, request_id: changed.request_id }
}

pub(in crate::grpc) fn window(window: &DutyWindow) -> proto::DutyWindow {
    let cause = match window.cause {
        Cause::Planned => proto::DutyCause::Planned,
        Cause::Swapped => proto::DutyCause::Swapped,
        Cause::Extra => proto::DutyCause::Extra,
    };
    proto::DutyWindow {
        agent_id: window.agent.to_string(),
        start_time: Some(to_timestamp(window.start)),
        end_time: Some(to_timestamp(window.end)),
        shift: window.shift.to_string(),
        cause: cause.into(),
    }
}

pub(in crate::grpc) fn covered(covered: &Covered) -> proto::CheckCoverageResponse {
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let gaps = covered.coverage.gaps.iter().map(|gap| proto::CoverageGap {
        day: gap.day.to_string(),
        start_time: Some(to_timestamp(gap.start)),
        end_time: Some(to_timestamp(gap.end)),
        on_duty: count(gap.on_duty),
        needed: count(gap.needed),
    });
    let risks = covered.coverage.everyone_on_break.iter().zip(&covered.resting);
    let risks = risks.map(|(risk, resting)| proto::BreakRisk {
        day: risk.day.to_string(),
        start_time: Some(to_timestamp(risk.start)),
        end_time: Some(to_timestamp(risk.end)),
        agent_ids: resting.iter().map(ToString::to_string).collect(),
    });
    proto::CheckCoverageResponse { gaps: gaps.collect(), break_risks: risks.collect() }
}
