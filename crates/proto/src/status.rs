//! The one place where refusals become gRPC statuses, with `google.rpc` details, and back.

use std::collections::HashMap;
use std::time::Duration;

use fenliu_domain::problem::{Kind, Problem, Reason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The `domain` of every ErrorInfo.
pub const ERROR_DOMAIN: &str = "fenliu.dev";

/// The status of a refusal: its code, its words, an ErrorInfo with the reason and every variable, and a
/// BadRequest, PreconditionFailure, QuotaFailure, ResourceInfo or RetryInfo where it applies.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
pub fn refusal(problem: Problem) -> Status {
    let reason = problem.reason.name();
    let metadata: HashMap<String, String> =
        problem.metadata.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let subject = problem.metadata.first().map_or("", |(_, value)| value.as_str());
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, metadata);
    for violation in &problem.violations {
        details.add_bad_request_violation(&violation.field, &violation.expected);
    }
    match problem.reason.kind() {
        Kind::Precondition => {
            details.add_precondition_failure_violation(reason, subject, &problem.message);
        }
        Kind::Exhausted => {
            let limited = problem.metadata.first().map_or(reason, |(name, _)| *name);
            details.add_quota_failure_violation(limited, &problem.message);
        }
        Kind::NotFound | Kind::AlreadyExists => {
            let (kind, name) = resource(&problem);
            details.set_resource_info(kind, name, "", &problem.message);
        }
        _ => {}
    }
    if let Some(wait) = problem.retry_after {
        details.set_retry_info(Some(Duration::from_micros(wait.micros().max(0).unsigned_abs())));
    }
    Status::with_error_details(code(problem.reason.kind()), problem.message.clone(), details)
}

/// What is missing or there already: its kind, such as `agent`, and its id or name. The reason says the kind
/// (`AGENT_NOT_FOUND`), and the variable of that kind (`agent_id`) which one; without such a variable the first one
/// does.
fn resource(problem: &Problem) -> (String, &str) {
    let words = problem.reason.name().to_ascii_lowercase();
    let words = words.trim_end_matches("_not_found").trim_end_matches("_taken").to_owned();
    let kind = |name: &str| name.trim_end_matches("_id").to_owned();
    let named = problem.metadata.iter().find(|(name, _)| kind(name) == words);
    match named.or(problem.metadata.first()) {
        Some((name, value)) => (kind(name), value),
        None => (words, ""),
    }
}

/// The reason a status of ours carries, or `None` for a foreign one.
#[must_use]
pub fn reason_of(status: &Status) -> Option<Reason> {
    let info = status.get_details_error_info().filter(|info| info.domain == ERROR_DOMAIN)?;
    Reason::ALL.iter().copied().find(|reason| reason.name() == info.reason)
}

const fn code(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::Unavailable => Code::Unavailable,
        Kind::Deadline => Code::DeadlineExceeded,
        Kind::Unimplemented => Code::Unimplemented,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::Internal => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_the_wire() {
        for reason in Reason::ALL {
            let status = refusal(Problem::new(*reason, "why").with("agent_id", "agt_1"));
            assert_eq!(reason_of(&status), Some(*reason));
            let info = status.get_details_error_info().expect("every status carries an ErrorInfo");
            assert_eq!(info.metadata["agent_id"], "agt_1");
        }
    }

    #[test]
    fn what_is_missing_is_told_by_its_kind_and_id() {
        let told = |problem: Problem| {
            let info = refusal(problem).get_details_resource_info().expect("a ResourceInfo");
            (info.resource_type, info.resource_name)
        };
        let own = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        let shop = Problem::new(Reason::ShopNotFound, "no such shop").with("shop_id", "shp_1");
        assert_eq!(told(shop), own("shop", "shp_1"));
        let agent = Problem::new(Reason::AgentNotFound, "no such agent").with("shop_id", "shp_1");
        assert_eq!(told(agent.with("agent_id", "agt_1")), own("agent", "agt_1"));
        let taken = Problem::new(Reason::LoginNameTaken, "taken").with("login_name", "ann");
        assert_eq!(told(taken), own("login_name", "ann"));
        assert_eq!(told(Problem::new(Reason::GroupNotFound, "no such group")), own("group", ""));
    }

    #[test]
    fn what_is_limited_is_named() {
        let limited = |problem: Problem| {
            let failure = refusal(problem).get_details_quota_failure().expect("a QuotaFailure");
            failure.violations[0].subject.clone()
        };
        let accounts = Problem::new(Reason::SubAccountLimit, "as many as it may").with("limit", 500);
        assert_eq!(limited(accounts), "limit");
        assert_eq!(limited(Problem::new(Reason::Overloaded, "too many")), "OVERLOADED");
    }

    #[test]
    fn fields_become_a_bad_request() {
        let details = refusal(Problem::field("capacity", "must be at least 0")).get_error_details();
        assert_eq!(details.bad_request().map(|b| b.field_violations.len()), Some(1));
    }
}
