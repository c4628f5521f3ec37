//! What of the fenliu binary can be configured.

use std::path::PathBuf;

use fenliu_runtime::config::{
    ConfigError, ENV_PREFIX, Layers, SERVER_DEFAULTS, TELEMETRY_DEFAULTS, Value, load,
};
use fenliu_runtime::server::ServerConfig;
use fenliu_runtime::telemetry::TelemetryConfig;
use serde::Deserialize;

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
}

impl Config {
    /// Reads the configuration of `fenliu up`; `listen` is the flag.
    ///
    /// # Errors
    /// A key that is unknown or has a bad value, named with its place.
    pub fn of_server(file: Option<PathBuf>, listen: Option<&str>) -> Result<Self, ConfigError> {
        let flags = listen.map(|listen| ("server.listen", Value::from(listen))).into_iter().collect();
        let defaults = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DEFAULTS];
        load(Layers { defaults, file, env_prefix: ENV_PREFIX, flags })
    }

    /// Reads the configuration of a command that ends by itself.
    ///
    /// # Errors
    /// As [`Config::of_server`].
    pub fn of_command() -> Result<Self, ConfigError> {
        let defaults = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DEFAULTS, QUIET];
        load(Layers { defaults, file: None, env_prefix: ENV_PREFIX, flags: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_the_defaults() {
        let config = Config::of_server(None, Some("127.0.0.1:0")).expect("loads");
        assert_eq!(config.server.listen.port(), 0);
        assert_eq!(Config::of_server(None, None).expect("loads").server.listen.port(), 50_050);
    }

    #[test]
    fn a_bad_address_names_its_key() {
        let error = Config::of_server(None, Some("nowhere")).expect_err("no address").to_string();
        assert!(error.contains("server.listen"), "{error}");
    }
}
