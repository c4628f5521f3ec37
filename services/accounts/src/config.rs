//! What can be configured; the commented defaults are the documentation.

use std::path::PathBuf;

use fenliu_domain::time::Span;
use fenliu_runtime::config::{
    ConfigError, DATABASE_DEFAULTS, ENV_PREFIX, Layers, SERVER_DEFAULTS, TELEMETRY_DEFAULTS, bounded, load,
};
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
    /// Who knows the conversations.
    #[serde(default)]
    pub dispatch: DispatchConfig,
}

/// Who knows the conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DispatchConfig {
    /// Where dispatch listens; empty = nowhere. Read by the binary only.
    pub address: String,
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
    /// Accounts that work for one shop, disabled ones included, the main account not; 1 to 1,000,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000_000>")]
    pub sub_accounts_per_shop: u32,
    /// Groups of one shop; 1 to 10,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 10_000>")]
    pub groups_per_shop: u32,
    /// Shops one account works for; 1 to 1,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000>")]
    pub shops_per_account: u32,
}

impl Config {
    /// Reads the configuration of the binary: embedded defaults < `file` < environment < `listen`.
    ///
    /// # Errors
    /// When a value is out of bounds or of the wrong type, a key is unknown, or the file cannot be read; the
    /// error names the key.
    pub fn load(file: Option<PathBuf>, listen: Option<String>) -> Result<Self, ConfigError> {
        load(Layers {
            defaults: &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, DEFAULTS],
            file,
            env_prefix: ENV_PREFIX,
            flags: listen.map(|listen| ("server.listen", listen.into())).into_iter().collect(),
        })
    }

    /// The defaults on this database, for a process that hosts the service beside others and serves it itself.
    #[must_use]
    pub fn at(database: DatabaseConfig) -> Self {
        Self {
            server: ServerConfig::default(),
            database,
            telemetry: TelemetryConfig::default(),
            directory: DirectoryConfig::default(),
            limits: Limits::default(),
            dispatch: DispatchConfig::default(),
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
        Self { sub_accounts_per_shop: 10_000, groups_per_shop: 200, shops_per_account: 50 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("the file is written");
        let defaults = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, DEFAULTS];
        load(Layers { defaults, file: Some(file.path().to_owned()), env_prefix: "", flags: Vec::new() })
    }

    #[test]
    fn the_commented_defaults_are_the_defaults() {
        let (written, built) = (load_text("").expect("defaults"), Config::at(DatabaseConfig::default()));
        assert_eq!(written.directory, built.directory);
        assert_eq!(written.limits, built.limits);
        assert_eq!(written.server, built.server);
        assert_eq!(written.database.url, "sqlite://accounts.db");
    }

    #[test]
    fn a_bad_key_is_named() {
        for (text, key) in [
            ("[limits]\nsub_accounts_per_shop = 0", "limits.sub_accounts_per_shop"),
            ("[directory]\npoll_interval_ms = 5", "directory.poll_interval_ms"),
            ("[directory]\npoll = 5", "poll"),
            ("[limit]", "limit"),
        ] {
            let error = load_text(text).expect_err("the key is wrong").to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
