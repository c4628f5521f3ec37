//! Policies in and out.

use fenliu_domain::desk::language::{LanguageAction, LanguagePolicy};
use fenliu_domain::desk::policy::{LastAgentWindow, Policy, ShopHours};
use fenliu_domain::desk::strategy::Strategy;
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Span;

use crate::convert::{span, to_span};
use crate::history::v1;
use crate::words::Word;

/// Renders a policy.
#[must_use]
pub fn to_proto(policy: &Policy) -> v1::Policy {
    v1::Policy {
        time_zone: policy.hours.time_zone.to_string(),
        service_start: policy.hours.service_start.to_string(),
        service_end: policy.hours.service_end.to_string(),
        strategy: policy.strategy.name().to_owned(),
        last_agent_windows: policy
            .last_agent_windows
            .iter()
            .map(|window| v1::LastAgentWindow {
                max_age_duration: Some(to_span(window.max_age)),
                even_when_busy: window.even_when_busy,
                ignore_capacity: window.ignore_capacity,
            })
            .collect(),
        fallbacks: policy.fallbacks.iter().map(|fallback| fallback.number()).collect(),
        queue_limit: policy.queue_limit,
        reopen_window_duration: Some(to_span(policy.reopen_window)),
        reply_due_durations: policy.reply_due.iter().copied().map(to_span).collect(),
        heartbeat_grace_duration: Some(to_span(policy.heartbeat_grace)),
        robot_first: policy.robot_first,
        language: language(&policy.language),
    }
}

/// A list nobody has made is not rendered, so that policies older than lists look as they did.
fn language(language: &LanguagePolicy) -> Option<v1::LanguagePolicy> {
    (*language != LanguagePolicy::default()).then(|| v1::LanguagePolicy {
        words: language.words.iter().map(ToString::to_string).collect(),
        action: language.action.number(),
    })
}

/// Parses a policy; whether it makes sense is the domain's [`Policy::validate`].
///
/// # Errors
/// INVALID_REQUEST or POLICY_INVALID naming the field.
pub fn from_proto(policy: &v1::Policy) -> Result<Policy, Problem> {
    let strategy = Strategy::named(&policy.strategy).ok_or_else(|| {
        let known: Vec<_> = Strategy::ALL.iter().map(|strategy| strategy.name()).collect();
        let expected = format!("must be one of: {}", known.join(", "));
        Problem { reason: Reason::PolicyInvalid, ..Problem::field("policy.strategy", expected) }
    })?;
    Ok(Policy {
        hours: ShopHours {
            time_zone: policy.time_zone.as_str().into(),
            service_start: policy.service_start.as_str().into(),
            service_end: policy.service_end.as_str().into(),
        },
        strategy,
        last_agent_windows: policy.last_agent_windows.iter().map(window).collect::<Result<_, _>>()?,
        fallbacks: policy
            .fallbacks
            .iter()
            .map(|number| Word::parse(*number, "policy.fallbacks"))
            .collect::<Result<_, _>>()?,
        queue_limit: policy.queue_limit,
        reopen_window: required(policy.reopen_window_duration.as_ref(), "policy.reopen_window_duration")?,
        reply_due: policy
            .reply_due_durations
            .iter()
            .map(|step| span(step, "policy.reply_due_durations"))
            .collect::<Result<_, _>>()?,
        heartbeat_grace: required(
            policy.heartbeat_grace_duration.as_ref(),
            "policy.heartbeat_grace_duration",
        )?,
        robot_first: policy.robot_first,
        language: policy.language.as_ref().map(parse_language).transpose()?.unwrap_or_default(),
    })
}

fn parse_language(language: &v1::LanguagePolicy) -> Result<LanguagePolicy, Problem> {
    Ok(LanguagePolicy {
        words: language.words.iter().map(|word| word.as_str().into()).collect(),
        action: Word::parse_or(language.action, LanguageAction::Record, "policy.language.action")?,
    })
}

fn window(window: &v1::LastAgentWindow) -> Result<LastAgentWindow, Problem> {
    Ok(LastAgentWindow {
        max_age: required(window.max_age_duration.as_ref(), "policy.last_agent_windows.max_age_duration")?,
        even_when_busy: window.even_when_busy,
        ignore_capacity: window.ignore_capacity,
    })
}

fn required(value: Option<&prost_types::Duration>, field: &str) -> Result<Span, Problem> {
    span(value.ok_or_else(|| Problem::field(field, "must be set"))?, field)
}
