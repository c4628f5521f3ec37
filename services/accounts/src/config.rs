//! What can be configured; the commented defaults are the documentation.

use fenliu_domain::time::Span;
use fenliu_runtime::config::bounded;
use fenliu_runtime::server::ServerConfig;
use fenliu_runtime::sql::DatabaseConfig;
use fenliu_runtime::telemetry::TelemetryConfig;
use serde::Deserialize;

/// The commented defaults of what is this service's own, to be read after those of the shared sections.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The configuration of the `fenliu-accounts` binary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how to serve; read by the binary only.
    pub server: ServerConfig,
    /// Where shops and accounts lie.
    pub database: DatabaseConfig,
    /// Logs and traces; read by the binary only.
    pub telemetry: TelemetryConfig,
    /// Who follows the directory.
    #[serde(default)]
    pub directory: DirectoryConfig,
    /// What a shop may have.
    #[serde(default)]
    pub limits: Limits,
}

/// How changes reach followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectoryConfig {
    /// PostgreSQL: milliseconds between two looks at what other replicas committed; 10 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 10, 60_000>")]
    pub poll_interval_ms: u32,
}

/// What a shop may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Sub-accounts of one shop, disabled ones included; 1 to 1,000,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000_000>")]
    pub sub_accounts_per_shop: u32,
}

impl Config {
    /// The defaults on this database, for a process that hosts the service beside others and serves it itself.
    #[must_use]
    pub fn at(database: DatabaseConfig) -> Self {
        Self {
            server: ServerConfig::default(),
            database,
            telemetry: TelemetryConfig::default(),
            directory: DirectoryConfig::default(),
            limits: Limits::default(),
        }
    }
}

impl DirectoryConfig {
    pub(crate) fn poll_interval(self) -> Span {
        Span::from_millis(self.poll_interval_ms.into())
    }
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self { poll_interval_ms: 500 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { sub_accounts_per_shop: 10_000 }
    }
}
