//! Configuration in layers: embedded defaults < file < environment < flags.
//!
//! The embedded defaults are commented TOML and so the documentation of every key. Sections that all binaries
//! share live beside this file ([`SERVER_DEFAULTS`], [`TELEMETRY_DEFAULTS`], [`DATABASE_DEFAULTS`]); a binary
//! lists those it uses before its own. Every section refuses keys it does not know, and an error names the key,
//! where it was set, and what was expected there.

use std::path::PathBuf;

use figment::providers::{Format, Toml};
use figment::value::Dict;
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;

pub use figment::value::Value;

pub use self::bounds::bounded;
pub use self::error::{BadKey, ConfigError};

mod bounds;
mod error;

/// The commented defaults of `[server]`, see [`ServerConfig`](crate::server::ServerConfig).
pub const SERVER_DEFAULTS: &str = include_str!("config/server.default.toml");

/// The commented defaults of `[telemetry]`, see [`TelemetryConfig`](crate::telemetry::TelemetryConfig).
pub const TELEMETRY_DEFAULTS: &str = include_str!("config/telemetry.default.toml");

/// The commented defaults of `[database]`, see [`DatabaseConfig`](crate::sql::DatabaseConfig). The URL has no
/// default that would suit every service: a binary's own defaults give it.
pub const DATABASE_DEFAULTS: &str = include_str!("config/database.default.toml");

/// The prefix of our environment variables.
pub const ENV_PREFIX: &str = "FENLIU_";

/// Between the parts of a key in an environment variable: `FENLIU_SERVER__LISTEN` is `server.listen`.
const ENV_SEPARATOR: &str = "__";

/// Where values come from; each layer beats those before it.
#[derive(Clone, Debug, Default)]
pub struct Layers<'a> {
    /// Embedded TOML texts, in order.
    pub defaults: &'a [&'a str],
    /// A TOML file; it must exist.
    pub file: Option<PathBuf>,
    /// Variables that begin with this and name a section (`FENLIU_SERVER__LISTEN`) are read; others that begin
    /// with it are none of ours. Empty reads no environment.
    pub env_prefix: &'a str,
    /// Flags of the command line as dotted keys, such as `("server.listen", "127.0.0.1:50051".into())`.
    pub flags: Vec<(&'a str, Value)>,
}

/// Reads a configuration.
///
/// # Errors
/// When a value has the wrong type or is out of bounds, a key is unknown or missing, or the file cannot be read;
/// the error names the key, its place and what was expected.
pub fn load<T: DeserializeOwned>(layers: Layers<'_>) -> Result<T, ConfigError> {
    let environment: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    load_with(layers, &environment)
}

fn load_with<T: DeserializeOwned>(
    layers: Layers<'_>,
    environment: &[(String, String)],
) -> Result<T, ConfigError> {
    let mut figment = Figment::new();
    for defaults in layers.defaults {
        figment = figment.merge(Named { name: "embedded defaults", inner: Toml::string(defaults) });
    }
    if let Some(file) = layers.file {
        figment = figment.merge(Toml::file_exact(file));
    }
    let environment = variables(layers.env_prefix, environment);
    let flags = layers.flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    figment
        .merge(Entries { name: "environment variable", entries: environment })
        .merge(Entries { name: "flag", entries: flags })
        .extract()
        .map_err(|errors| ConfigError::from_figment(errors, layers.env_prefix))
}

/// The variables that are ours, as dotted keys.
fn variables(prefix: &str, environment: &[(String, String)]) -> Vec<(String, Value)> {
    let ours = |name: &str| -> Option<String> {
        let key = name.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
        key.contains(ENV_SEPARATOR).then(|| key.to_lowercase().replace(ENV_SEPARATOR, "."))
    };
    environment
        .iter()
        .filter_map(|(name, value)| Some((ours(name)?, value.parse().unwrap_or_else(|never| match never {}))))
        .collect()
}

/// The variables of the environment that look like keys of the shared sections and are not read, each with the
/// name that would be: `FENLIU_SERVER_LISTEN` lacks an underscore. Others with our prefix may be anybody's (an
/// orchestrator names the addresses of its services so).
#[must_use]
pub fn strays() -> Vec<(String, String)> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter_map(|name| Some((name.clone(), meant(&name)?))).collect()
}

/// Says in the log which variables are not read, once the log is there.
pub fn warn_of_strays() {
    for (found, meant) in strays() {
        tracing::warn!("the variable {found} is not read; did you mean {meant}?");
    }
}

fn meant(name: &str) -> Option<String> {
    let bare = |name: &str| name.replace('_', "").to_uppercase();
    let key = name.to_uppercase().strip_prefix(ENV_PREFIX).map(bare)?;
    let known = keys(&[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS]);
    // The one key of the shared sections that has no default.
    let known = known.into_iter().chain([format!("database{ENV_SEPARATOR}url")]);
    let mut right = known.map(|known| format!("{ENV_PREFIX}{}", known.to_uppercase()));
    right.find(|right| bare(&right[ENV_PREFIX.len()..]) == key && right != name)
}

/// Every key of these texts, as in a variable.
fn keys(defaults: &[&str]) -> Vec<String> {
    let sections = defaults.iter().filter_map(|text| Toml::string(text).data().ok());
    let sections = sections.flat_map(|profiles| profiles.into_values().flatten());
    let keys = sections.flat_map(|(section, value)| {
        let keys = value.into_dict().unwrap_or_default().into_keys();
        keys.map(move |key| format!("{section}{ENV_SEPARATOR}{key}"))
    });
    keys.collect()
}

/// A provider under another name, for better error messages.
struct Named<P> {
    name: &'static str,
    inner: P,
}

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> figment::Result<figment::value::Map<Profile, Dict>> {
        self.inner.data()
    }
}

/// Single values under dotted keys.
struct Entries {
    name: &'static str,
    entries: Vec<(String, Value)>,
}

impl Provider for Entries {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> figment::Result<figment::value::Map<Profile, Dict>> {
        let mut dict = Dict::new();
        for (key, value) in &self.entries {
            insert(&mut dict, key, value.clone());
        }
        Ok(Profile::Default.collect(dict))
    }
}

/// Puts a value under a dotted key, making the sections on the way.
fn insert(dict: &mut Dict, key: &str, value: Value) {
    let Some((section, rest)) = key.split_once('.') else {
        dict.insert(key.to_owned(), value);
        return;
    };
    let entry = dict.entry(section.to_owned()).or_insert_with(|| Value::from(Dict::new()));
    if !matches!(entry, Value::Dict(..)) {
        *entry = Value::from(Dict::new());
    }
    if let Value::Dict(_, inner) = entry {
        insert(inner, rest, value);
    }
}

#[cfg(test)]
mod tests;
