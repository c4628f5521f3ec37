//! What can be configured; the commented defaults are the documentation.

use std::path::PathBuf;

use fenliu_domain::time::Span;
use fenliu_runtime::config::{
    ConfigError, DATABASE_DEFAULTS, ENV_PREFIX, Layers, SERVER_DEFAULTS, TELEMETRY_DEFAULTS, bounded, load,
};
use fenliu_runtime::server::ServerConfig;
use fenliu_runtime::sql::DatabaseConfig;
use fenliu_runtime::telemetry::TelemetryConfig;
use fenliu_trust::{AUTH_DEFAULTS, AuthConfig};
use serde::Deserialize;

mod alerts;
mod webhook;

pub use self::alerts::{AlertsConfig, KindConfig, SeverityName};
pub use self::webhook::WebhookConfig;

/// The commented defaults of what is this service's own, to be read after those of the shared sections.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The configuration of the `fenliu-analytics` binary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how to serve; read by the binary only.
    pub server: ServerConfig,
    /// Where the facts lie.
    pub database: DatabaseConfig,
    /// Logs and traces; read by the binary only.
    pub telemetry: TelemetryConfig,
    /// Where the history comes from; read by the binary only.
    pub dispatch: DispatchConfig,
    /// Who says whom to trust, and who is on duty; read by the binary only.
    pub accounts: AccountsConfig,
    /// How the history is followed.
    #[serde(default)]
    pub follower: FollowerConfig,
    /// How it proves who it is; read by the binary only.
    pub auth: AuthConfig,
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

/// Who says whom to trust, and who is on duty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsConfig {
    /// Address of the accounts service, such as `http://127.0.0.1:50051`.
    pub address: String,
}

/// Where the history comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DispatchConfig {
    /// Address of the dispatch service, such as `http://127.0.0.1:50052`.
    pub address: String,
}

/// How the history is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FollowerConfig {
    /// Milliseconds before the first attempt to reach dispatch again; doubles with every failure; 1 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 60_000>")]
    pub min_backoff_ms: u32,
    /// Longest wait between two attempts in milliseconds; 1 to 600,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 600_000>")]
    pub max_backoff_ms: u32,
}

/// How agents are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoringConfig {
    /// Whether they are at all.
    pub enabled: bool,
    /// Milliseconds from one round to the next; 1,000 to 86,400,000.
    #[serde(deserialize_with = "bounded::<_, _, 1_000, 86_400_000>")]
    pub every_ms: u32,
}

impl Config {
    /// Reads the configuration of the binary: embedded defaults < `file` < environment < the flags.
    ///
    /// # Errors
    /// When a value is out of bounds or of the wrong type, a key is unknown, or the file cannot be read; the
    /// error names the key.
    pub fn load(
        file: Option<PathBuf>,
        listen: Option<String>,
        insecure_no_auth: bool,
    ) -> Result<Self, ConfigError> {
        let listen = listen.map(|listen| ("server.listen", listen.into()));
        let no_auth = insecure_no_auth.then(|| ("server.insecure_no_auth", true.into()));
        load(Layers {
            defaults: &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, AUTH_DEFAULTS, DEFAULTS],
            file,
            env_prefix: ENV_PREFIX,
            flags: listen.into_iter().chain(no_auth).collect(),
        })
    }

    /// The defaults on this database, for a process that hosts the service beside others and serves it itself.
    #[must_use]
    pub fn at(database: DatabaseConfig) -> Self {
        Self {
            server: ServerConfig::default(),
            database,
            telemetry: TelemetryConfig::default(),
            dispatch: DispatchConfig { address: String::new() },
            accounts: AccountsConfig { address: String::new() },
            auth: AuthConfig::default(),
            follower: FollowerConfig::default(),
            alerts: AlertsConfig::default(),
            scoring: ScoringConfig::default(),
            webhook: WebhookConfig::default(),
        }
    }
}

impl ScoringConfig {
    pub(crate) fn every(self) -> Span {
        Span::from_millis(self.every_ms.into())
    }
}

impl Default for ScoringConfig {
    fn default() -> Self {
        Self { enabled: true, every_ms: 300_000 }
    }
}

impl FollowerConfig {
    pub(crate) fn min_backoff(self) -> Span {
        Span::from_millis(self.min_backoff_ms.into())
    }

    pub(crate) fn max_backoff(self) -> Span {
        Span::from_millis(self.max_backoff_ms.into())
    }
}

impl Default for FollowerConfig {
    fn default() -> Self {
        Self { min_backoff_ms: 200, max_backoff_ms: 10_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_defaults_are_a_configuration() {
        let defaults = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, AUTH_DEFAULTS, DEFAULTS];
        let config: Config =
            load(Layers { defaults, ..Layers::default() }).expect("they are complete and in bounds");
        assert_eq!(config.follower, FollowerConfig::default());
        assert_eq!(config.dispatch.address, "http://127.0.0.1:50052");
        assert_eq!(config.accounts.address, "http://127.0.0.1:50051");
        assert_eq!(config.auth, AuthConfig::default());
        assert_eq!(config.alerts.kinds.len(), fenliu_domain::alert::Kind::ALL.len());
        let rules = config.alerts.rules().expect("the defaults name kinds");
        assert_eq!(rules, fenliu_domain::alert::Rules::default());
        let without_kinds = AlertsConfig { kinds: std::collections::BTreeMap::new(), ..config.alerts };
        assert_eq!(without_kinds, AlertsConfig::default());
        assert_eq!(config.scoring, ScoringConfig::default());
        assert_eq!(config.webhook, WebhookConfig::default());
    }
}
