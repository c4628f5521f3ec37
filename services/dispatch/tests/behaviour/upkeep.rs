//! What is done to the store from outside of the service: its schema.

use fenliu_dispatch::{Config, migrate};
use fenliu_domain::time::Timestamp;
use fenliu_runtime::channel::connect_lazy;
use fenliu_runtime::clock::VirtualClock;
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::sql::{DatabaseConfig, ScratchDatabase};

/// How long a service may take to end.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// A store in a schema of its own that is not there yet.
fn place(scratch: &ScratchDatabase) -> DatabaseConfig {
    DatabaseConfig { schema: "reception".into(), ..scratch.config() }
}

async fn started(database: DatabaseConfig) -> Result<(), String> {
    let lifecycle = Lifecycle::new();
    let platform = Platform::simulated(&VirtualClock::new(Timestamp::default()), 1, lifecycle.clone());
    let nobody = connect_lazy("http://127.0.0.1:1".parse().expect("a URI"));
    let started = fenliu_dispatch::start(Config::at(database), platform, nobody, None).await.map(drop);
    lifecycle.drain(PATIENCE).await;
    started.map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn a_service_that_may_not_migrate_says_what_to_run_and_starts_after_that() {
    let scratch = ScratchDatabase::create("upkeep").await;
    let waiting = DatabaseConfig { migrate: false, ..place(&scratch) };
    for _ in 0..2 {
        let refused = started(waiting.clone()).await.expect_err("there is no schema yet");
        assert!(refused.contains("m0001_history") && refused.contains("command migrate"), "{refused}");
        assert!(refused.contains("database.migrate is false"), "{refused}");
    }
    let applied = migrate(&Config::at(place(&scratch)), false).await.expect("it is migrated").applied;
    assert_eq!(applied.first().map(String::as_str), Some("m0001_history"));
    started(waiting).await.expect("nothing is missing");
}

#[tokio::test]
async fn looking_for_what_is_missing_changes_nothing() {
    let scratch = ScratchDatabase::create("upkeep").await;
    let first = migrate(&Config::at(place(&scratch)), true).await.expect("it is looked at");
    assert!(first.applied.is_empty() && first.missing.len() > 1, "{first:?}");
    assert_eq!(migrate(&Config::at(place(&scratch)), true).await.expect("again"), first, "as it was");
    let refused = first.clone().told().expect_err("something is missing").to_string();
    assert!(refused.contains(&first.missing.join(", ")), "{refused}");
    let applied = migrate(&Config::at(place(&scratch)), false).await.expect("it is migrated").applied;
    let steps: Vec<_> = applied.into_iter().filter(|done| !done.starts_with("partition ")).collect();
    assert_eq!(steps, first.missing);
    let done = migrate(&Config::at(place(&scratch)), true).await.expect("it is looked at");
    assert_eq!(done.told().expect("nothing is missing"), "the schema is up to date");
}
