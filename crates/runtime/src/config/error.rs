//! Configuration errors for the person who wrote the file.

use std::fmt;

use figment::Source;
use figment::error::{Actual, Kind};

use super::ENV_SEPARATOR;

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Each wrong key; never empty.
    pub keys: Vec<BadKey>,
}

/// One key that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadKey {
    /// The key with its section, such as `server.listen`; empty when a whole file cannot be read.
    pub key: String,
    /// Where it was set, such as `flag` or the file's name.
    pub place: String,
    /// What was expected, and what kind of thing was found. The text of a value is never repeated, since it may
    /// be a secret.
    pub expected: String,
}

impl ConfigError {
    /// One wrong key, found by a check of the caller's own.
    #[must_use]
    pub fn of(key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { keys: vec![BadKey { key: key.into(), place: String::new(), expected: expected.into() }] }
    }

    pub(super) fn from_figment(errors: figment::Error, env_prefix: &str) -> Self {
        Self { keys: errors.into_iter().map(|error| BadKey::from_figment(&error, env_prefix)).collect() }
    }
}

impl BadKey {
    fn from_figment(error: &figment::Error, env_prefix: &str) -> Self {
        let mut path = error.path.clone();
        let field = match &error.kind {
            Kind::UnknownField(field, _) => Some(field.as_str()),
            Kind::MissingField(field) => Some(field.as_ref()),
            _ => None,
        };
        // figment's path holds the field already when its value has a place.
        path.extend(
            field.filter(|field| error.path.last().is_none_or(|last| last != field)).map(str::to_owned),
        );
        let key = path.join(".");
        let place = place(error, &key, env_prefix);
        Self { key, place, expected: expected(&error.kind) }
    }
}

fn place(error: &figment::Error, key: &str, env_prefix: &str) -> String {
    let Some(metadata) = &error.metadata else { return String::new() };
    match &metadata.source {
        Some(Source::File(path)) => path.display().to_string(),
        _ if metadata.name == "environment variable" => {
            format!("environment variable {env_prefix}{}", key.replace('.', ENV_SEPARATOR).to_uppercase())
        }
        _ => metadata.name.clone().into_owned(),
    }
}

fn expected(kind: &Kind) -> String {
    let names = |names: &[&str]| names.join(", ");
    match kind {
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("expected {expected}, found {}", shown(found))
        }
        Kind::InvalidLength(found, expected) => format!("expected {expected}, found {found} items"),
        Kind::UnknownVariant(_, known) => format!("expected one of {}", names(known)),
        Kind::UnknownField(_, []) => "there is no such key".to_owned(),
        Kind::UnknownField(_, known) => format!("there is no such key; expected one of {}", names(known)),
        Kind::MissingField(_) => "must be set".to_owned(),
        Kind::DuplicateField(_) => "is set twice".to_owned(),
        Kind::Message(message) => message.clone(),
        other => other.to_string(),
    }
}

/// Numbers and the like as they are; texts only as such.
fn shown(found: &Actual) -> String {
    match found {
        Actual::Str(_) | Actual::Bytes(_) | Actual::Char(_) | Actual::Other(_) => "a text".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, place, expected } = self;
        match (key.is_empty(), place.is_empty()) {
            (true, true) => write!(f, "configuration: {expected}"),
            (true, false) => write!(f, "configuration ({place}): {expected}"),
            (false, true) => write!(f, "configuration key {key}: {expected}"),
            (false, false) => write!(f, "configuration key {key} ({place}): {expected}"),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(ToString::to_string).collect();
        f.write_str(&keys.join("\n"))
    }
}

impl std::error::Error for ConfigError {}
