//! The layers, each beating the one before, and errors that help.

use std::io::Write;

use serde::Deserialize;

use super::{
    ConfigError, DATABASE_DEFAULTS, Layers, SERVER_DEFAULTS, TELEMETRY_DEFAULTS, Value, load_with, meant,
};
use crate::server::ServerConfig;
use crate::sql::DatabaseConfig;
use crate::telemetry::TelemetryConfig;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    server: ServerConfig,
    telemetry: TelemetryConfig,
    database: DatabaseConfig,
}

const DEFAULTS: &[&str] = &[SERVER_DEFAULTS, TELEMETRY_DEFAULTS, DATABASE_DEFAULTS];

/// Loads the defaults, then a file with this text, these variables and these flags.
fn load(file: &str, environment: &[(&str, &str)], flags: Vec<(&str, Value)>) -> Result<Config, ConfigError> {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(file.as_bytes()).unwrap();
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let file = Some(on_disk.path().to_owned());
    load_with(Layers { defaults: DEFAULTS, file, env_prefix: "FENLIU_", flags }, &environment)
}

fn error(file: &str, environment: &[(&str, &str)], flags: Vec<(&str, Value)>) -> String {
    load(file, environment, flags).expect_err("must be refused").to_string()
}

#[test]
fn the_embedded_texts_say_what_the_structs_default_to() {
    let config = load("", &[], vec![]).unwrap();
    assert_eq!(config.server, ServerConfig::default());
    assert_eq!(config.telemetry, TelemetryConfig::default());
    assert_eq!(config.database, DatabaseConfig::default());
}

#[test]
fn every_embedded_key_is_commented() {
    for text in DEFAULTS {
        let lines: Vec<_> = text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[1].contains(" = ")) {
            assert!(pair[0].starts_with("# "), "{} has no comment", pair[1]);
        }
    }
}

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_the_defaults() {
    let file = "[server]\nmax_connections = 1\nmax_open_streams = 1\nmax_concurrent_streams = 1\n";
    let environment =
        [("FENLIU_SERVER__MAX_OPEN_STREAMS", "2"), ("FENLIU_SERVER__MAX_CONCURRENT_STREAMS", "2")];
    let server = load(file, &environment, vec![("server.max_concurrent_streams", 3.into())]).unwrap().server;
    let ServerConfig { max_connections, max_open_streams, max_concurrent_streams, .. } = server;
    assert_eq!((max_connections, max_open_streams, max_concurrent_streams), (1, 2, 3));
    assert_eq!(server.default_deadline_ms, 5_000);
}

#[test]
fn an_address_can_come_from_the_environment() {
    let server = load("", &[("FENLIU_SERVER__LISTEN", "[::1]:7000")], vec![]).unwrap().server;
    assert_eq!(server.listen.to_string(), "[::1]:7000");
}

#[test]
fn variables_that_name_no_section_are_not_ours() {
    assert!(load("", &[("FENLIU_DATA", "/data"), ("PATH__X", "1")], vec![]).is_ok());
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let message = error("", &[("FENLIU_SERVER__LISTEM", "127.0.0.1:1")], vec![]);
    assert!(message.contains("server.listem"), "{message}");
    assert!(message.contains("environment variable FENLIU_SERVER__LISTEM"), "{message}");
    assert!(message.contains("expected one of listen, insecure_no_auth"), "{message}");
}

#[test]
fn an_unknown_section_of_the_file_is_named() {
    let message = error("[severs]\nlisten = \"x\"\n", &[], vec![]);
    assert!(message.contains("configuration key severs"), "{message}");
}

#[test]
fn a_value_out_of_bounds_is_named_with_its_bounds() {
    let message = error("", &[], vec![("server.max_message_bytes", 10_000_000.into())]);
    let expected = "configuration key server.max_message_bytes (flag): expected a whole number from 1024 to \
                    4194304, found unsigned int `10000000`";
    assert_eq!(message, expected);
}

#[test]
fn a_negative_number_is_out_of_bounds() {
    let message = error("[server]\nmax_connections = -1\n", &[], vec![]);
    assert!(message.contains("server.max_connections"), "{message}");
    assert!(message.contains("from 1 to 1000000"), "{message}");
}

#[test]
fn a_text_where_a_number_belongs_is_not_repeated() {
    let message = error("[database]\nmax_connections = \"secret\"\n", &[], vec![]);
    assert!(message.contains("database.max_connections"), "{message}");
    assert!(message.contains("found a text") && !message.contains("secret"), "{message}");
}

#[test]
fn a_file_that_is_no_toml_is_named() {
    let message = error("[server\n", &[], vec![]);
    assert!(message.contains("TOML"), "{message}");
}

#[test]
fn a_missing_file_is_an_error() {
    let file = Some("/nowhere/fenliu.toml".into());
    let layers = Layers { defaults: DEFAULTS, file, ..Layers::default() };
    let message = load_with::<Config>(layers, &[]).unwrap_err().to_string();
    assert!(message.contains("/nowhere/fenliu.toml"), "{message}");
}

#[test]
fn a_variable_that_lacks_an_underscore_is_told_the_right_name() {
    for (found, right) in [
        ("FENLIU_SERVER_LISTEN", Some("FENLIU_SERVER__LISTEN")),
        ("FENLIU_DATABASE_URL", Some("FENLIU_DATABASE__URL")),
        ("FENLIU_SERVER_DRAIN_LIMIT_MS", Some("FENLIU_SERVER__DRAIN_LIMIT_MS")),
        ("fenliu_telemetry__filter", Some("FENLIU_TELEMETRY__FILTER")),
        ("FENLIU_SERVER__LISTEN", None),
        ("FENLIU_DATA", None),
        ("FENLIU_CONFIG", None),
        ("FENLIU_POSTGRES_URL", None),
        ("FENLIU_DISPATCH_PORT", None),
        ("PATH", None),
    ] {
        assert_eq!(meant(found).as_deref(), right, "{found}");
    }
}
