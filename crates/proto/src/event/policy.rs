//! Policies in and out.

use fenliu_domain::desk::event::Text;
use fenliu_domain::desk::language::{LanguageAction, LanguagePolicy};
use fenliu_domain::desk::policy::rule::RoutingRule;
use fenliu_domain::desk::policy::{
    IdleRule, LastAgentWindow, LeavePolicy, Policy, QueueOrder, Ramp, Ring, ShopHours,
};
use fenliu_domain::desk::strategy::{Strategy, Weights};
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
        strategy_options: strategy_options(policy.strategy),
        routing_rules: policy.routing_rules.iter().map(rule).collect(),
        rings: policy.rings.iter().map(ring).collect(),
        savable_first: savable_first(policy.order),
        idle: policy.idle.map(|idle| v1::IdleRule {
            remark_after_duration: Some(to_span(idle.remark_after)),
            close_after_duration: Some(to_span(idle.close_after)),
        }),
        break_limit_duration: policy.break_limit.map(to_span),
        on_leave: if policy.on_leave == LeavePolicy::default() { 0 } else { policy.on_leave.number() },
        leave_unguarded: !policy.guard_last_agent,
        pre_assign_duration: policy.pre_assign.map(to_span),
        ramp: policy.ramp.map(|ramp| v1::Ramp {
            every_duration: Some(to_span(ramp.every)),
            lasts_duration: Some(to_span(ramp.lasts)),
            queue_over: ramp.queue_over,
        }),
    }
}

/// Only what differs from the defaults is rendered, so that policies older than the options look as they did.
fn strategy_options(strategy: Strategy) -> Option<v1::StrategyOptions> {
    if Strategy::named(strategy.name()) == Some(strategy) {
        return None;
    }
    let mut options = v1::StrategyOptions::default();
    match strategy {
        Strategy::LeastUnanswered { open_permille } => options.open_permille = Some(open_permille),
        Strategy::WeightedRoundRobin(weights) => options.weights = weights.number(),
        Strategy::Random { seed } => options.seed = seed,
        _ => {}
    }
    Some(options)
}

fn texts(values: &[Text]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn rule(rule: &RoutingRule) -> v1::RoutingRule {
    v1::RoutingRule {
        entry_points: texts(&rule.entry_points),
        order_statuses: texts(&rule.order_statuses),
        languages: texts(&rule.languages),
        tags: texts(&rule.tags),
        keywords: texts(&rule.keywords),
        group: rule.group.to_string(),
        priority: rule.priority.map(u32::from),
        artificial_age_duration: (rule.artificial_age > Span::ZERO).then(|| to_span(rule.artificial_age)),
    }
}

fn ring(ring: &Ring) -> v1::Ring {
    v1::Ring {
        group: ring.group.to_string(),
        helper: ring.helper.to_string(),
        after_duration: Some(to_span(ring.after)),
    }
}

fn savable_first(order: QueueOrder) -> Option<v1::SavableFirst> {
    match order {
        QueueOrder::FirstCome => None,
        QueueOrder::SavableFirst { limit, late_every } => {
            Some(v1::SavableFirst { limit_duration: Some(to_span(limit)), late_every })
        }
    }
}

/// A list nobody has made is not rendered, so that policies older than lists look as they did.
fn language(language: &LanguagePolicy) -> Option<v1::LanguagePolicy> {
    (*language != LanguagePolicy::default()).then(|| v1::LanguagePolicy {
        words: language.words.iter().map(ToString::to_string).collect(),
        action: language.action.number(),
    })
}

/// Takes the named fields over from one policy into another.
///
/// # Errors
/// INVALID_REQUEST naming a field that a policy does not have.
pub fn take_over(into: &mut v1::Policy, from: &v1::Policy, fields: &[String]) -> Result<(), Problem> {
    for field in fields {
        match field.as_str() {
            "strategy" => into.strategy.clone_from(&from.strategy),
            "strategy_options" => into.strategy_options = from.strategy_options,
            "routing_rules" => into.routing_rules.clone_from(&from.routing_rules),
            "rings" => into.rings.clone_from(&from.rings),
            "last_agent_windows" => into.last_agent_windows.clone_from(&from.last_agent_windows),
            "fallbacks" => into.fallbacks.clone_from(&from.fallbacks),
            "savable_first" => into.savable_first = from.savable_first,
            "queue_limit" => into.queue_limit = from.queue_limit,
            "reopen_window_duration" => into.reopen_window_duration = from.reopen_window_duration,
            "reply_due_durations" => into.reply_due_durations.clone_from(&from.reply_due_durations),
            "heartbeat_grace_duration" => into.heartbeat_grace_duration = from.heartbeat_grace_duration,
            "robot_first" => into.robot_first = from.robot_first,
            "language" => into.language.clone_from(&from.language),
            "idle" => into.idle = from.idle,
            "break_limit_duration" => into.break_limit_duration = from.break_limit_duration,
            "on_leave" => into.on_leave = from.on_leave,
            "leave_unguarded" => into.leave_unguarded = from.leave_unguarded,
            "ramp" => into.ramp = from.ramp,
            "pre_assign_duration" => into.pre_assign_duration = from.pre_assign_duration,
            _ => {
                return Err(Problem::field(
                    "update_mask",
                    format!("{field} is no field that can be changed"),
                ));
            }
        }
    }
    Ok(())
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
        strategy: parse_strategy(strategy, policy.strategy_options.as_ref())?,
        routing_rules: policy.routing_rules.iter().map(parse_rule).collect::<Result<_, _>>()?,
        rings: policy.rings.iter().map(parse_ring).collect::<Result<_, _>>()?,
        order: parse_order(policy.savable_first.as_ref())?,
        idle: policy.idle.as_ref().map(parse_idle).transpose()?,
        break_limit: optional(policy.break_limit_duration.as_ref(), "policy.break_limit_duration")?,
        on_leave: Word::parse_or(policy.on_leave, LeavePolicy::default(), "policy.on_leave")?,
        guard_last_agent: !policy.leave_unguarded,
        ramp: policy.ramp.as_ref().map(parse_ramp).transpose()?,
        pre_assign: optional(policy.pre_assign_duration.as_ref(), "policy.pre_assign_duration")?,
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

fn parse_strategy(strategy: Strategy, options: Option<&v1::StrategyOptions>) -> Result<Strategy, Problem> {
    let Some(options) = options else { return Ok(strategy) };
    Ok(match strategy {
        Strategy::LeastUnanswered { open_permille } => {
            Strategy::LeastUnanswered { open_permille: options.open_permille.unwrap_or(open_permille) }
        }
        Strategy::WeightedRoundRobin(_) => Strategy::WeightedRoundRobin(Word::parse_or(
            options.weights,
            Weights::Explicit,
            "policy.strategy_options.weights",
        )?),
        Strategy::Random { .. } => Strategy::Random { seed: options.seed },
        other => other,
    })
}

fn parse_texts(values: &[String]) -> Vec<Text> {
    values.iter().map(|value| Text::from(value.as_str())).collect()
}

fn parse_rule(rule: &v1::RoutingRule) -> Result<RoutingRule, Problem> {
    let age =
        optional(rule.artificial_age_duration.as_ref(), "policy.routing_rules.artificial_age_duration")?;
    let priority =
        rule.priority.map(|priority| super::inward::small(priority, "policy.routing_rules.priority"));
    Ok(RoutingRule {
        entry_points: parse_texts(&rule.entry_points),
        order_statuses: parse_texts(&rule.order_statuses),
        languages: parse_texts(&rule.languages),
        tags: parse_texts(&rule.tags),
        keywords: parse_texts(&rule.keywords),
        group: rule.group.as_str().into(),
        priority: priority.transpose()?,
        artificial_age: age.unwrap_or(Span::ZERO),
    })
}

fn parse_ring(ring: &v1::Ring) -> Result<Ring, Problem> {
    let after = optional(ring.after_duration.as_ref(), "policy.rings.after_duration")?;
    Ok(Ring {
        group: ring.group.as_str().into(),
        helper: ring.helper.as_str().into(),
        after: after.unwrap_or(Span::ZERO),
    })
}

fn parse_order(savable: Option<&v1::SavableFirst>) -> Result<QueueOrder, Problem> {
    let Some(savable) = savable else { return Ok(QueueOrder::FirstCome) };
    let limit = required(savable.limit_duration.as_ref(), "policy.savable_first.limit_duration")?;
    Ok(QueueOrder::SavableFirst { limit, late_every: savable.late_every })
}

fn parse_idle(idle: &v1::IdleRule) -> Result<IdleRule, Problem> {
    Ok(IdleRule {
        remark_after: required(idle.remark_after_duration.as_ref(), "policy.idle.remark_after_duration")?,
        close_after: required(idle.close_after_duration.as_ref(), "policy.idle.close_after_duration")?,
    })
}

fn parse_ramp(ramp: &v1::Ramp) -> Result<Ramp, Problem> {
    Ok(Ramp {
        every: required(ramp.every_duration.as_ref(), "policy.ramp.every_duration")?,
        lasts: required(ramp.lasts_duration.as_ref(), "policy.ramp.lasts_duration")?,
        queue_over: ramp.queue_over,
    })
}

fn optional(value: Option<&prost_types::Duration>, field: &str) -> Result<Option<Span>, Problem> {
    value.map(|value| span(value, field)).transpose()
}

fn required(value: Option<&prost_types::Duration>, field: &str) -> Result<Span, Problem> {
    span(value.ok_or_else(|| Problem::field(field, "must be set"))?, field)
}
