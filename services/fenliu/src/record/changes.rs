//! What an entry of the audit log changed, in a line.

use serde_json::{Map, Value};

use crate::table::cut;

/// Widest value that is shown whole, in columns of a terminal.
const MAX_VALUE: usize = 40;
/// Most fields that are shown.
const MAX_FIELDS: usize = 6;

/// The fields that differ, with their values before and since: `enabled: true → false`.
pub(super) fn told(before: &str, after: &str) -> String {
    let read = |text: &str| -> Map<String, Value> { serde_json::from_str(text).unwrap_or_default() };
    let (old, new) = (read(before), read(after));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let said = |value: Option<&Value>| value.filter(|value| !is_nothing(value)).cloned();
    let changed = names.into_iter().filter(|name| said(old.get(*name)) != said(new.get(*name)));
    let changed: Vec<_> = changed.collect();
    let mut told: Vec<_> = changed
        .iter()
        .take(MAX_FIELDS)
        .map(|name| match (old.get(*name), new.get(*name)) {
            (Some(old), Some(new)) => format!("{name}: {} → {}", value(old), value(new)),
            (None, Some(new)) => format!("{name}: {}", value(new)),
            (Some(old), None) => format!("{name}: {} → gone", value(old)),
            (None, None) => String::new(),
        })
        .collect();
    if changed.len() > MAX_FIELDS {
        told.push("…".to_owned());
    }
    told.join("; ")
}

/// What says no more than a field that is not there.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    cut(&text, MAX_VALUE)
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn only_what_differs_is_shown() {
        let before = r#"{"enabled":true,"name":"小红","roles":["agent"],"weight":1}"#;
        let after = r#"{"enabled":false,"name":"小红","roles":["agent","lead"],"capacity":3}"#;
        assert_eq!(
            told(before, after),
            "capacity: 3; enabled: true → false; roles: agent → agent, lead; weight: 1 → gone"
        );
        assert_eq!(told("", r#"{"name":"ann"}"#), "name: ann");
        assert_eq!(told("", r#"{"groups":[],"note":"","external":null}"#), "");
        assert_eq!(told("", ""), "");
        assert_eq!(told("no json", "[1]"), "");
    }

    #[test]
    fn a_long_value_and_many_fields_are_cut() {
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(100));
        assert!(told("", &long).ends_with('…'));
        assert!(told("", r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}"#).ends_with("f: 1; …"));
    }
}
