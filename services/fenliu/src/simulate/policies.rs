//! The policies that are compared: presets by name, or documents as GetPolicy answers them.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use fenliu_domain::day::Zone;
use fenliu_domain::desk::policy::preset::Preset;
use fenliu_domain::desk::policy::{MAX_QUEUE_LIMIT, Policy, ShopHours};
use fenliu_domain::time::Span;
use fenliu_proto::event::policy;
use fenliu_proto::history::v1 as history;
use prost_reflect::{DeserializeOptions, DynamicMessage};
use serde_json::Value;

use crate::contract;
use crate::text_file;

/// Largest policy document that is read.
const MAX_POLICY_BYTES: u64 = 1 << 20;

/// A policy and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    /// The preset's name, or the file's without folder and ending.
    pub(super) name: String,
    /// The policy.
    pub(super) policy: Policy,
}

/// A policy that lets nothing but its strategy count: one queue without a limit, nobody goes back to whom he knows.
pub(super) fn plain(zone: Zone) -> Policy {
    Policy {
        queue_limit: MAX_QUEUE_LIMIT,
        // No buyer comes twice, so that none need be remembered.
        last_agent_windows: Vec::new(),
        reopen_window: Span::ZERO,
        ..Policy::for_hours(always(zone))
    }
}

/// Reads what `--policy` names.
///
/// # Errors
/// When it is neither a preset nor a file with a policy that makes sense; the error says which of the two.
pub(super) fn read(given: &str, zone: Zone) -> anyhow::Result<Named> {
    if let Some(preset) = Preset::named(given) {
        return Ok(Named { name: given.to_owned(), policy: preset.policy(always(zone)) });
    }
    let path = Path::new(given);
    let presets: Vec<_> = Preset::ALL.iter().map(|preset| preset.name()).collect();
    ensure!(
        path.is_file(),
        "--policy {given:?} is neither a preset ({}) nor a file; give one of these, or a JSON file with what \
         GetPolicy answers",
        presets.join(", ")
    );
    let text = text_file::read(path, MAX_POLICY_BYTES)?;
    let policy = parse(&text).with_context(|| format!("{given} holds no policy"))?;
    let name = path.file_stem().map_or_else(|| given.to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(Named { name, policy })
}

/// The shop is always open: whoever may rest does not depend on it here.
fn always(zone: Zone) -> ShopHours {
    ShopHours { time_zone: zone.name().into(), service_start: "00:00".into(), service_end: "24:00".into() }
}

/// A policy as JSON of its message, or within the answer of GetPolicy.
fn parse(text: &str) -> anyhow::Result<Policy> {
    let mut document: Value = serde_json::from_str(text)?;
    if let Some(inner) = document.get_mut("policy") {
        document = inner.take();
    }
    let kind = contract::kind("fenliu.history.v1.Policy")?;
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let dynamic = DynamicMessage::deserialize_with_options(kind, document, &options)?;
    let wire: history::Policy = dynamic.transcode_to()?;
    let policy = policy::from_proto(&wire).map_err(|problem| anyhow!("{problem}"))?;
    policy.validate().map_err(|problem| anyhow!("{problem}"))?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use fenliu_domain::desk::strategy::Strategy;

    use super::*;

    fn refused(text: &str) -> String {
        format!("{:#}", parse(text).expect_err("no policy"))
    }

    #[test]
    fn a_policy_is_read_as_get_policy_answers_it() {
        let policy = r#"{
            "timeZone": "Asia/Shanghai", "serviceStart": "08:00", "serviceEnd": "23:00",
            "strategy": "least_unanswered", "strategyOptions": {"openPermille": 0},
            "lastAgentWindows": [{"maxAgeDuration": "86400s", "evenWhenBusy": true}],
            "fallbacks": ["FALLBACK_QUEUE"], "queueLimit": 50, "reopenWindowDuration": "600s",
            "heartbeatGraceDuration": "60s"
        }"#;
        let read = parse(policy).expect("a policy");
        assert_eq!(read.strategy, Strategy::LeastUnanswered { open_permille: 0 });
        assert_eq!((read.queue_limit, read.reopen_window), (50, Span::from_mins(10)));
        assert_eq!(parse(&format!(r#"{{"policy": {policy}, "etag": "7"}}"#)).expect("a policy"), read);
    }

    #[test]
    fn what_is_no_policy_is_refused_with_what_is_wrong() {
        assert!(refused("{").contains("EOF"), "{}", refused("{"));
        let unknown = refused(r#"{"policy": {"stategy": "manual"}}"#);
        assert!(unknown.contains("stategy"), "{unknown}");
        let nonsense = refused(r#"{"strategy": "fastest"}"#);
        assert!(nonsense.contains("strategy"), "{nonsense}");
    }

    #[test]
    fn what_is_neither_a_preset_nor_a_file_is_refused_with_the_presets() {
        let error = read("no-such-thing", Zone::UTC).expect_err("neither").to_string();
        assert!(error.contains("pinduoduo") && error.contains("GetPolicy"), "{error}");
        assert_eq!(read("tiktok", Zone::UTC).expect("a preset").name, "tiktok");
    }
}
