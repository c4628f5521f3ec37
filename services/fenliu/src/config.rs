//! What of the fenliu binary can be configured.

use std::path::PathBuf;

use fenliu_analytics::config::{AlertsConfig, ScoringConfig, WebhookConfig};
use fenliu_dispatch::{HistoryConfig, LiveConfig};
use fenliu_runtime::config::{
    ConfigError, DATABASE_DEFAULTS, ENV_PREFIX, Layers, SERVER_DEFAULTS, TELEMETRY_DEFAULTS, Value, load,
};
use fenliu_runtime::server::ServerConfig;
use fenliu_runtime::sql::DatabaseConfig;
use fenliu_runtime::telemetry::TelemetryConfig;
use serde::Deserialize;

use crate::cli::upkeep::StoreArgs;

/// The commented defaults of what is this binary's own, read after those of the shared sections.
pub const DEFAULTS: &str = include_str!("../config.default.toml");
/// Commands that end by themselves log only what went wrong: their answer is what people want to read.
const QUIET: &str = "[telemetry]\nfilter = \"error\"\n";

/// The configuration of the fenliu binary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how `fenliu up` serves.
    pub server: ServerConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// The PostgreSQL of `fenliu up`, when its stores are not in its directory.
    pub database: DatabaseConfig,
    /// How the history lies.
    #[serde(default)]
    pub history: HistoryConfig,
    /// The Redis of `fenliu up`, when live desks are not in its process.
    #[serde(default)]
    pub live: LiveConfig,
    /// When something becomes an alert.
    #[serde(default)]
    pub alerts: AlertsConfig,
    /// How agents are scored.
    #[serde(default)]
    pub scoring: ScoringConfig,
    /// Who is told of alerts.
    #[serde(default)]
    pub webhook: WebhookConfig,
}

/// The flags of `fenliu up` that say the same as keys of the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerFlags<'a> {
    /// `server.listen`.
    pub listen: Option<&'a str>,
    /// `database.url`.
    pub database: Option<&'a str>,
    /// `live.redis_url`.
    pub redis: Option<&'a str>,
}

impl Config {
    /// Reads the configuration of `fenliu up`.
    ///
    /// # Errors
    /// A key that is unknown or has a bad value, named with its place.
    pub fn of_server(file: Option<PathBuf>, flags: ServerFlags<'_>) -> Result<Self, ConfigError> {
        let ServerFlags { listen, database, redis } = flags;
        let keys = [("server.listen", listen), ("database.url", database), ("live.redis_url", redis)];
        let flags = keys.into_iter().filter_map(|(key, flag)| Some((key, Value::from(flag?)))).collect();
        let defaults = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, DEFAULTS];
        load(Layers { defaults, file, env_prefix: ENV_PREFIX, flags })
    }

    /// Reads the configuration of a command that works on the stores and ends by itself: it logs only what went wrong.
    ///
    /// # Errors
    /// As [`Config::of_server`].
    pub fn of_stores(stores: &StoreArgs) -> Result<Self, ConfigError> {
        let mut config = Self::of_server(stores.config.clone(), stores.flags())?;
        "error".clone_into(&mut config.telemetry.filter);
        Ok(config)
    }

    /// Reads the configuration of a command that ends by itself.
    ///
    /// # Errors
    /// As [`Config::of_server`].
    pub fn of_command() -> Result<Self, ConfigError> {
        let defaults = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, DEFAULTS, QUIET];
        load(Layers { defaults, file: None, env_prefix: ENV_PREFIX, flags: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_the_defaults() {
        let flags = ServerFlags {
            listen: Some("127.0.0.1:0"),
            database: Some("postgres://h/d"),
            redis: Some("redis://h"),
        };
        let config = Config::of_server(None, flags).expect("loads");
        assert_eq!(config.server.listen.port(), 0);
        assert_eq!(
            (config.database.url.as_str(), config.live.redis_url.as_str()),
            ("postgres://h/d", "redis://h")
        );
        let config = Config::of_server(None, ServerFlags::default()).expect("loads");
        assert_eq!(config.server.listen.port(), 50_050);
        assert_eq!(config.live, LiveConfig::default());
        assert_eq!(config.database, DatabaseConfig::default());
    }

    #[test]
    fn a_bad_address_names_its_key() {
        let error =
            Config::of_server(None, ServerFlags { listen: Some("nowhere"), ..ServerFlags::default() });
        let error = error.expect_err("no address").to_string();
        assert!(error.contains("server.listen"), "{error}");
    }
}
