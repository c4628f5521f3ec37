//! Enums in and out: one table each, read in both directions.

use fenliu_domain::access::Permission;
use fenliu_domain::desk::agent::{Availability, Presence, SanctionKind};
use fenliu_domain::desk::event::{
    AssignReason, CloseActor, HandOverReason, PresenceCause, QueueLeaveReason, QueueReason, ReportReason,
};
use fenliu_domain::desk::language::LanguageAction;
use fenliu_domain::desk::policy::{Fallback, LeavePolicy};
use fenliu_domain::desk::strategy::Weights;
use fenliu_domain::desk::trace::{StepKind, Verdict};
use fenliu_domain::message::{Actor, MessageKind};
use fenliu_domain::problem::Problem;

use crate::common::v1 as common;
use crate::dispatch::v1 as dispatch;
use crate::history::v1 as history;

/// A domain enum and its wire form, value by value.
pub trait Word: Copy + PartialEq + Sized + 'static {
    /// Every value with its number on the wire.
    const TABLE: &'static [(Self, i32)];

    /// Its number on the wire.
    #[must_use]
    fn number(self) -> i32 {
        Self::TABLE.iter().find(|(word, _)| *word == self).map_or(0, |(_, number)| *number)
    }

    /// The value with this number.
    ///
    /// # Errors
    /// INVALID_REQUEST naming the field when there is none.
    fn parse(number: i32, field: &str) -> Result<Self, Problem> {
        Self::TABLE
            .iter()
            .find(|(_, known)| *known == number)
            .map(|(word, _)| *word)
            .ok_or_else(|| Problem::field(field, "must be one of the named values of its enum"))
    }

    /// The value with this number, or another one for "not said" (0).
    ///
    /// # Errors
    /// As [`Word::parse`].
    fn parse_or(number: i32, unsaid: Self, field: &str) -> Result<Self, Problem> {
        if number == 0 { Ok(unsaid) } else { Self::parse(number, field) }
    }
}

impl Word for Permission {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::ShopRead, common::Permission::ShopRead as i32),
        (Self::ShopUpdate, common::Permission::ShopUpdate as i32),
        (Self::AgentsRead, common::Permission::AgentsRead as i32),
        (Self::AgentsManage, common::Permission::AgentsManage as i32),
        (Self::RolesManage, common::Permission::RolesManage as i32),
        (Self::RostersRead, common::Permission::RostersRead as i32),
        (Self::RostersManage, common::Permission::RostersManage as i32),
        (Self::SanctionsRead, common::Permission::SanctionsRead as i32),
        (Self::SanctionsManage, common::Permission::SanctionsManage as i32),
        (Self::AuditRead, common::Permission::AuditRead as i32),
        (Self::TokensManage, common::Permission::TokensManage as i32),
        (Self::ReceptionServe, common::Permission::ReceptionServe as i32),
        (Self::DeskRead, common::Permission::DeskRead as i32),
        (Self::DeskWork, common::Permission::DeskWork as i32),
        (Self::DeskSupervise, common::Permission::DeskSupervise as i32),
        (Self::PolicyRead, common::Permission::PolicyRead as i32),
        (Self::PolicyUpdate, common::Permission::PolicyUpdate as i32),
        (Self::HistoryRead, common::Permission::HistoryRead as i32),
        (Self::ReportsRead, common::Permission::ReportsRead as i32),
        (Self::ReportsImport, common::Permission::ReportsImport as i32),
        (Self::PlatformShops, common::Permission::PlatformShops as i32),
        (Self::PlatformDirectory, common::Permission::PlatformDirectory as i32),
        (Self::PlatformHistory, common::Permission::PlatformHistory as i32),
    ];
}

impl Word for MessageKind {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Text, common::MessageKind::Text as i32),
        (Self::Image, common::MessageKind::Image as i32),
        (Self::Emoji, common::MessageKind::Emoji as i32),
        (Self::ProductCard, common::MessageKind::ProductCard as i32),
        (Self::OrderCard, common::MessageKind::OrderCard as i32),
        (Self::Video, common::MessageKind::Video as i32),
        (Self::Unsupported, common::MessageKind::Unsupported as i32),
    ];
}

impl Word for Actor {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Human, common::Actor::Human as i32),
        (Self::AssistRobot, common::Actor::AssistRobot as i32),
        (Self::FullRobot, common::Actor::FullRobot as i32),
        (Self::AutoReply, common::Actor::AutoReply as i32),
        (Self::FaqCard, common::Actor::FaqCard as i32),
    ];
}

impl Word for Presence {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Online, common::Presence::Online as i32),
        (Self::Busy, common::Presence::Busy as i32),
        (Self::OnBreak, common::Presence::OnBreak as i32),
        (Self::Offline, common::Presence::Offline as i32),
    ];
}

impl Word for Availability {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Ready, dispatch::Availability::Ready as i32),
        (Self::Disabled, dispatch::Availability::Disabled as i32),
        (Self::Banned, dispatch::Availability::Banned as i32),
        (Self::Muted, dispatch::Availability::Muted as i32),
        (Self::Offline, dispatch::Availability::Offline as i32),
        (Self::OnBreak, dispatch::Availability::OnBreak as i32),
        (Self::Busy, dispatch::Availability::Busy as i32),
        (Self::OffDuty, dispatch::Availability::OffDuty as i32),
        (Self::TransferOnly, dispatch::Availability::TransferOnly as i32),
        (Self::Saturated, dispatch::Availability::Saturated as i32),
        (Self::WindingDown, dispatch::Availability::WindingDown as i32),
        (Self::Ramping, dispatch::Availability::Ramping as i32),
    ];
}

impl Word for AssignReason {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Strategy, history::AssignReason::Strategy as i32),
        (Self::LastAgent, history::AssignReason::LastAgent as i32),
        (Self::Reopened, history::AssignReason::Reopened as i32),
        (Self::Transfer, history::AssignReason::Transfer as i32),
        (Self::MainAccount, history::AssignReason::MainAccount as i32),
        (Self::LeaveMessage, history::AssignReason::LeaveMessage as i32),
        (Self::Manual, history::AssignReason::Manual as i32),
        (Self::Forced, history::AssignReason::Forced as i32),
        (Self::TakenNext, history::AssignReason::TakenNext as i32),
        (Self::Declined, history::AssignReason::Declined as i32),
        (Self::PreAssigned, history::AssignReason::PreAssigned as i32),
        (Self::FirstWord, history::AssignReason::FirstWord as i32),
    ];
}

impl Word for ReportReason {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Advertising, history::ReportReason::Advertising as i32),
        (Self::Harassment, history::ReportReason::Harassment as i32),
        (Self::Fraud, history::ReportReason::Fraud as i32),
        (Self::Other, history::ReportReason::Other as i32),
    ];
}

impl Word for LeavePolicy {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::MoveOwedNow, history::LeavePolicy::MoveOwedNow as i32),
        (Self::MoveAllNow, history::LeavePolicy::MoveAllNow as i32),
        (Self::Refuse, history::LeavePolicy::Refuse as i32),
    ];
}

impl Word for Weights {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Explicit, history::WeightSource::Explicit as i32),
        (Self::ByCapacity, history::WeightSource::Capacity as i32),
    ];
}

impl Word for QueueReason {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::NobodyOnDuty, history::QueueReason::NobodyOnDuty as i32),
        (Self::AllSaturated, history::QueueReason::AllSaturated as i32),
        (Self::BehindOthers, history::QueueReason::BehindOthers as i32),
        (Self::Transfer, history::QueueReason::Transfer as i32),
    ];
}

impl Word for QueueLeaveReason {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Abandoned, history::QueueLeaveReason::Abandoned as i32),
        (Self::Closed, history::QueueLeaveReason::Closed as i32),
    ];
}

impl Word for CloseActor {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Agent, history::CloseActor::Agent as i32),
        (Self::Buyer, history::CloseActor::Buyer as i32),
        (Self::IdleRule, history::CloseActor::IdleRule as i32),
        (Self::Supervisor, history::CloseActor::Supervisor as i32),
    ];
}

impl Word for PresenceCause {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Asked, history::PresenceCause::Asked as i32),
        (Self::Lapsed, history::PresenceCause::Lapsed as i32),
        (Self::Disabled, history::PresenceCause::Disabled as i32),
        (Self::Banned, history::PresenceCause::Banned as i32),
        (Self::WoundDown, history::PresenceCause::WoundDown as i32),
    ];
}

impl Word for SanctionKind {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Muted, history::SanctionKind::Muted as i32),
        (Self::Banned, history::SanctionKind::Banned as i32),
    ];
}

impl Word for LanguageAction {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Warn, history::LanguageAction::Warn as i32),
        (Self::Refuse, history::LanguageAction::Refuse as i32),
        (Self::Record, history::LanguageAction::Record as i32),
    ];
}

impl Word for HandOverReason {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::BuyerAsked, history::HandOverReason::BuyerAsked as i32),
        (Self::LowConfidence, history::HandOverReason::LowConfidence as i32),
        (Self::Schedule, history::HandOverReason::Schedule as i32),
    ];
}

impl Word for Fallback {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::MainAccount, history::Fallback::MainAccount as i32),
        (Self::LeaveMessage, history::Fallback::LeaveMessage as i32),
        (Self::Queue, history::Fallback::Queue as i32),
    ];
}

impl Word for StepKind {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Keep, history::RouteStepKind::Keep as i32),
        (Self::TargetGroup, history::RouteStepKind::TargetGroup as i32),
        (Self::Line, history::RouteStepKind::Line as i32),
        (Self::LastAgent, history::RouteStepKind::LastAgent as i32),
        (Self::Strategy, history::RouteStepKind::Strategy as i32),
        (Self::MainAccount, history::RouteStepKind::MainAccount as i32),
        (Self::LeaveMessage, history::RouteStepKind::LeaveMessage as i32),
        (Self::Queue, history::RouteStepKind::Queue as i32),
    ];
}

impl Word for Verdict {
    const TABLE: &'static [(Self, i32)] = &[
        (Self::Passed, history::RouteVerdict::Passed as i32),
        (Self::Chose, history::RouteVerdict::Chose as i32),
        (Self::Queued, history::RouteVerdict::Queued as i32),
        (Self::QueueFull, history::RouteVerdict::QueueFull as i32),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Word + std::fmt::Debug>() {
        for (word, number) in T::TABLE {
            assert_ne!(*number, 0, "0 is for what was not said");
            assert_eq!(T::parse(word.number(), "f"), Ok(*word));
        }
        assert!(T::parse(0, "f").is_err());
        assert!(T::parse(99, "f").is_err());
    }

    #[test]
    fn every_value_survives_the_wire_and_unknown_ones_are_refused() {
        check::<MessageKind>();
        check::<Actor>();
        check::<Presence>();
        check::<Availability>();
        check::<AssignReason>();
        check::<QueueReason>();
        check::<QueueLeaveReason>();
        check::<CloseActor>();
        check::<PresenceCause>();
        check::<SanctionKind>();
        check::<LanguageAction>();
        check::<HandOverReason>();
        check::<Fallback>();
        check::<ReportReason>();
        check::<LeavePolicy>();
        check::<Weights>();
        check::<StepKind>();
        check::<Verdict>();
        check::<Permission>();
        assert_eq!(Permission::TABLE.len(), Permission::ALL.len());
    }
}
