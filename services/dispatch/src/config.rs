//! What can be configured; the commented defaults are the documentation.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use fenliu_domain::time::Span;
use fenliu_live::RedisConfig;
use fenliu_runtime::config::{
    ConfigError, DATABASE_DEFAULTS, ENV_PREFIX, Layers, SERVER_DEFAULTS, TELEMETRY_DEFAULTS, bounded, load,
};
use fenliu_runtime::server::ServerConfig;
use fenliu_runtime::sql::DatabaseConfig;
use fenliu_runtime::telemetry::TelemetryConfig;
use fenliu_trust::{AUTH_DEFAULTS, AuthConfig};
use serde::Deserialize;

/// The commented defaults of what is this service's own, to be read after those of the shared sections.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// The configuration of the `fenliu-dispatch` binary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how to serve; read by the binary only.
    pub server: ServerConfig,
    /// Where the history lies.
    pub database: DatabaseConfig,
    /// Where live desks are.
    #[serde(default)]
    pub live: LiveConfig,
    /// Logs and traces; read by the binary only.
    pub telemetry: TelemetryConfig,
    /// Who tells of shops and accounts.
    #[serde(default)]
    pub directory: DirectoryConfig,
    /// Who tells how agents have been answering.
    #[serde(default)]
    pub scores: ScoresConfig,
    /// How the history lies.
    #[serde(default)]
    pub history: HistoryConfig,
    /// What happens by itself.
    #[serde(default)]
    pub sweeper: SweeperConfig,
    /// How it proves who it is; read by the binary only.
    pub auth: AuthConfig,
}

/// Where live desks are.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveConfig {
    /// The Redis that replicas share; empty = they are in this process, which is then the only replica.
    pub redis_url: String,
    /// A file of the certificates in PEM of those whose word is taken for who Redis is, over TLS; empty = those this machine
    /// trusts.
    pub redis_ca_file: String,
    /// Milliseconds that connecting to Redis may take; 10 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 10, 60_000>")]
    pub connect_timeout_ms: u32,
    /// Milliseconds that an answer of Redis may take; 10 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 10, 60_000>")]
    pub response_timeout_ms: u32,
    /// Milliseconds that the clocks of this machine and of Redis may differ; 0 = they are not compared; up to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 0, 60_000>")]
    pub max_skew_ms: u32,
    /// Most desks that this replica holds in its memory when they are in a Redis; 100 to 10,000,000.
    #[serde(deserialize_with = "bounded::<_, _, 100, 10_000_000>")]
    pub max_desks: u32,
}

/// Who tells of shops and accounts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectoryConfig {
    /// Where accounts listens; read by the binary only.
    pub address: String,
    /// Milliseconds before it is followed again after it was lost; 10 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 10, 60_000>")]
    pub retry_interval_ms: u32,
}

/// Who tells how agents have been answering.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoresConfig {
    /// Where analytics listens; empty = nobody tells; read by the binary only.
    pub address: String,
    /// Milliseconds before it is followed again after it was lost; 10 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 10, 60_000>")]
    pub retry_interval_ms: u32,
}

/// How the history lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryConfig {
    /// Events of one range: of a partition on PostgreSQL, and of a file of the archive; 100 to 1,000,000,000.
    #[serde(deserialize_with = "bounded::<_, _, 100, 1_000_000_000>")]
    pub range_events: u32,
}

/// What happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SweeperConfig {
    /// Milliseconds between two sweeps; 10 to 10,000.
    #[serde(deserialize_with = "bounded::<_, _, 10, 10_000>")]
    pub interval_ms: u32,
    /// Share of agents who are there whose lapsing within ten seconds is taken for a fault, in percent; 1 to 100.
    #[serde(deserialize_with = "bounded::<_, _, 1, 100>")]
    pub mass_lapse_percent: u8,
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
            live: LiveConfig::default(),
            telemetry: TelemetryConfig::default(),
            directory: DirectoryConfig::default(),
            scores: ScoresConfig::default(),
            history: HistoryConfig::default(),
            sweeper: SweeperConfig::default(),
            auth: AuthConfig::default(),
        }
    }
}

impl LiveConfig {
    /// The Redis that replicas share, if there is one.
    pub(crate) fn redis(&self) -> Option<RedisConfig> {
        let millis = |millis: u32| Duration::from_millis(millis.into());
        (!self.redis_url.is_empty()).then(|| RedisConfig {
            url: self.redis_url.clone(),
            connect_timeout: millis(self.connect_timeout_ms),
            response_timeout: millis(self.response_timeout_ms),
            max_skew: (self.max_skew_ms > 0).then(|| Span::from_millis(self.max_skew_ms.into())),
            max_desks: usize::try_from(self.max_desks).unwrap_or(usize::MAX),
            ca_file: (!self.redis_ca_file.is_empty()).then(|| PathBuf::from(&self.redis_ca_file)),
        })
    }
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            redis_url: String::new(),
            redis_ca_file: String::new(),
            connect_timeout_ms: 2_000,
            response_timeout_ms: 2_000,
            max_skew_ms: 2_000,
            max_desks: 50_000,
        }
    }
}

impl fmt::Debug for LiveConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        let scheme = self.redis_url.split(':').next().unwrap_or_default();
        f.debug_struct("LiveConfig").field("scheme", &scheme).finish_non_exhaustive()
    }
}

impl DirectoryConfig {
    pub(crate) fn retry_interval(&self) -> Span {
        Span::from_millis(self.retry_interval_ms.into())
    }
}

impl ScoresConfig {
    pub(crate) fn retry_interval(&self) -> Span {
        Span::from_millis(self.retry_interval_ms.into())
    }
}

impl SweeperConfig {
    pub(crate) fn interval(self) -> Span {
        Span::from_millis(self.interval_ms.into())
    }
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self { address: "http://127.0.0.1:50051".to_owned(), retry_interval_ms: 500 }
    }
}

impl Default for ScoresConfig {
    fn default() -> Self {
        Self { address: String::new(), retry_interval_ms: 1_000 }
    }
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { range_events: 10_000_000 }
    }
}

impl Default for SweeperConfig {
    fn default() -> Self {
        Self { interval_ms: 250, mass_lapse_percent: 50 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("the file is written");
        let defaults = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, AUTH_DEFAULTS, DEFAULTS];
        load(Layers { defaults, file: Some(file.path().to_owned()), env_prefix: "", flags: Vec::new() })
    }

    #[test]
    fn the_commented_defaults_are_the_defaults() {
        let (written, built) = (load_text("").expect("defaults"), Config::at(DatabaseConfig::default()));
        assert_eq!(written.directory, built.directory);
        assert_eq!(written.scores, built.scores);
        assert_eq!(written.sweeper, built.sweeper);
        assert_eq!(written.live, built.live);
        assert_eq!(written.history, built.history);
        assert_eq!(written.database.url, "sqlite://dispatch.db");
    }

    #[test]
    fn a_bad_key_is_named() {
        for (text, key) in [
            ("[sweeper]\ninterval_ms = 5", "sweeper.interval_ms"),
            ("[history]\nrange_events = 7", "history.range_events"),
            ("[live]\nresponse_timeout_ms = 1", "live.response_timeout_ms"),
            ("[sweeper]\nmass_lapse_percent = 0", "sweeper.mass_lapse_percent"),
            ("[scores]\nretry_interval_ms = 9", "scores.retry_interval_ms"),
            ("[directory]\nadress = \"x\"", "adress"),
        ] {
            let error = load_text(text).expect_err("the key is wrong").to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
