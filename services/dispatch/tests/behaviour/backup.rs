//! A history that was restored from a backup, while Redis and followers know what came after it.

use std::path::{Path, PathBuf};
use std::process::Command;

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_runtime::sql::ScratchDatabase;
use sea_orm::ConnectionTrait;

use super::house::{House, within};
use super::words::refused;

/// A program of PostgreSQL.
fn postgres(program: &str) -> Command {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = installed.map(|version| version.path().join("bin").join(program)).collect();
    found.retain(|path| path.exists());
    found.sort();
    Command::new(found.pop().unwrap_or_else(|| program.into()))
}

fn run(command: &mut Command) {
    let ended = command.output().expect("the programs of PostgreSQL are installed");
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// Writes a backup, while the service goes on.
async fn back_up(house: &House, file: &Path) {
    if house.data.url.starts_with("sqlite") {
        let copy = format!("VACUUM INTO '{}'", file.display());
        house.store().await.execute_unprepared(&copy).await.expect("it is copied");
    } else {
        run(postgres("pg_dump").arg("--format=custom").arg("--file").arg(file).arg(&house.data.url));
    }
}

/// Another database, with what was backed up.
async fn restored(file: &Path) -> ScratchDatabase {
    let place = ScratchDatabase::create("restored").await;
    match place.url.strip_prefix("sqlite://") {
        Some(path) => drop(std::fs::copy(file, path).expect("it is copied")),
        None => run(postgres("pg_restore").arg("--dbname").arg(&place.url).arg(file)),
    }
    place
}

#[tokio::test]
async fn a_history_restored_from_a_backup_has_the_last_word_over_redis_and_over_followers() {
    let mut house = House::sharing().await;
    let mut other = house.another().await;
    let shop = house.shop(1).await;
    house.online(&shop, 1, 1).await;
    house.says(&shop, "a").await;
    house.says(&shop, "b").await;
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("backup");
    back_up(&house, &file).await;
    let backed_up = house.everything(&shop).await;
    let mut last = None;
    for buyer in ["c", "d", "e"] {
        house.says(&shop, buyer).await;
        last = house.events(&shop).await.pop();
    }
    let later = house.shop(2).await;
    other.queue.get_queue(proto::GetQueueRequest { shop_id: shop.clone() }).await.expect("it knows it, too");
    drop(other);
    // What is known to be stored is told to Redis before anything is looked for; what is not yet told would be stored again.
    house.pass(Span::from_secs(1)).await;
    let last = last.expect("something was stored");
    let lost = proto::FollowEventsRequest {
        after_position: last.position,
        after_event_id: last.event.expect("an event").event_id,
    };

    let mut house = house.restart_on(restored(&file).await).await;
    assert_eq!(house.everything(&shop).await, backed_up, "as it was when it was backed up");
    refused(house.to.history.follow_events(lost.clone()).await, Reason::HistoryRewound);
    for buyer in ["f", "g", "h", "i"] {
        house.says(&shop, buyer).await;
    }
    let events = house.events(&shop).await;
    assert!(
        events.iter().any(|stored| stored.position >= lost.after_position),
        "other events stand there now"
    );
    refused(house.to.history.follow_events(lost).await, Reason::HistoryRewound);
    let seqs: Vec<_> = events.iter().map(|stored| stored.event.as_ref().expect("an event").seq).collect();
    assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>());
    // Accounts still tells of a shop that the history has lost.
    let queue = proto::GetQueueRequest { shop_id: later };
    within(async { while house.to.queue.get_queue(queue.clone()).await.is_err() {} }).await;
}
