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
    /// Signing in.
    #[serde(default)]
    pub auth: AuthConfig,
}

/// Who knows the conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DispatchConfig {
    /// Where dispatch listens; empty = nowhere. Read by the binary only.
    pub address: String,
}

/// Signing in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// KiB of memory that hashing a password takes; 19,456 (what OWASP asks for at the least) to 1,048,576.
    #[serde(deserialize_with = "bounded::<_, _, 19_456, 1_048_576>")]
    pub password_memory_kib: u32,
    /// Passes over that memory; 2 (what OWASP asks for at the least) to 16.
    #[serde(deserialize_with = "bounded::<_, _, 2, 16>")]
    pub password_passes: u32,
    /// Passwords hashed at once; 0 = half of the cores, at least one; at most 256.
    #[serde(deserialize_with = "bounded::<_, _, 0, 256>")]
    pub password_threads: usize,
    /// Days after which the next key signs tokens; 1 to 365.
    #[serde(deserialize_with = "bounded::<_, _, 1, 365>")]
    pub signing_key_days: u32,
    /// Days that a refresh token is valid; 1 to 365.
    #[serde(deserialize_with = "bounded::<_, _, 1, 365>")]
    pub session_days: u32,
    /// The header, in lower case, in which a trusted proxy says where a call comes from; empty = the peer counts.
    pub source_header: String,
    /// The file that is to hold a token with every permission; empty = none. Read by the binary only.
    pub bootstrap_token_file: PathBuf,
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
            defaults: &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS, DEFAULTS],
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
            directory: DirectoryConfig::default(),
            limits: Limits::default(),
            dispatch: DispatchConfig::default(),
            auth: AuthConfig::default(),
        }
    }
}

impl AuthConfig {
    /// Passwords hashed at once: leaving half of the cores to everybody else.
    pub(crate) fn threads(&self) -> usize {
        if self.password_threads > 0 {
            return self.password_threads;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (cores / 2).max(1)
    }

    pub(crate) fn rotation(&self) -> Span {
        Span::from_hours(24 * i64::from(self.signing_key_days))
    }

    pub(crate) fn session_life(&self) -> Span {
        Span::from_hours(24 * i64::from(self.session_days))
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            password_memory_kib: 19_456,
            password_passes: 2,
            password_threads: 0,
            signing_key_days: 30,
            session_days: 30,
            source_header: String::new(),
            bootstrap_token_file: PathBuf::new(),
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
        assert_eq!(written.auth, built.auth);
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
            ("[auth]\npassword_memory_kib = 8", "auth.password_memory_kib"),
            ("[auth]\npassword_passes = 1", "auth.password_passes"),
        ] {
            let error = load_text(text).expect_err("the key is wrong").to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
