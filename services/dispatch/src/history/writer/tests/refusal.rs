//! A store that refuses, and then takes again.

use futures::future::join_all;
use sea_orm::ConnectionTrait;

use super::shop::Shop;
use super::{DisposeError, House};

#[tokio::test]
async fn a_store_that_refused_is_found_open_again() {
    let house = House::open().await;
    let (mut shop, mut tail) = Shop::opened(1);
    assert!(!house.writer.is_refusing());
    house.meddle("ALTER TABLE event RENAME TO event_away").await;
    assert_eq!(house.dispose(&tail).await, Err(DisposeError::Unavailable));
    assert!(house.writer.is_refusing());
    house.meddle("ALTER TABLE event_away RENAME TO event").await;
    assert_eq!(house.writer.probe(shop.id()).await, Ok(()));
    assert!(!house.writer.is_refusing(), "a commit of nothing showed the way to be open");
    tail.extend(shop.message("a"));
    assert_eq!(house.dispose(&tail).await, Ok(()));
    house.holds(&tail).await;
}

#[tokio::test]
async fn a_store_that_somebody_else_has_locked_refuses_until_they_let_go() {
    let house = House::open().await;
    let (shop, tail) = Shop::opened(1);
    if house.database.backend() != sea_orm::DatabaseBackend::Sqlite {
        return eprintln!("not run: locks of whole databases are SQLite's");
    }
    let other = sea_orm::Database::connect(&house.place.url).await.expect("a second connection");
    let statement = |sql: &'static str| other.execute_unprepared(sql);
    statement("BEGIN IMMEDIATE").await.expect("locked");
    assert_eq!(house.dispose(&tail).await, Err(DisposeError::Unavailable));
    assert!(house.writer.is_refusing());
    assert_eq!(house.writer.probe(shop.id()).await, Err(DisposeError::Unavailable));
    statement("COMMIT").await.expect("let go");
    assert_eq!(house.dispose(&tail).await, Ok(()), "no probe is needed");
    assert!(!house.writer.is_refusing());
    house.holds(&tail).await;
}

#[tokio::test]
async fn nothing_of_a_batch_is_stored_when_its_transaction_fails() {
    let house = House::open().await;
    let (_, tail) = Shop::opened(1);
    // The heads come after the events.
    house.meddle("ALTER TABLE shop_head RENAME COLUMN event_id TO event_id_away").await;
    assert_eq!(house.dispose(&tail).await, Err(DisposeError::Unavailable));
    house.meddle("ALTER TABLE shop_head RENAME COLUMN event_id_away TO event_id").await;
    house.holds(&[]).await;
    assert_eq!(house.history.position().await.expect("read"), 0);
}

#[tokio::test]
async fn one_shop_that_cannot_be_stored_does_not_keep_others_from_it() {
    let house = House::open().await;
    let (mut broken, past) = Shop::opened(1);
    house.dispose(&past).await.expect("stored");
    // Its next number is taken already.
    house
        .meddle(
            "INSERT INTO event (position, shop_id, seq, event_id, kind, recorded_time, payload) \
             SELECT -1, shop_id, seq + 1, event_id, kind, recorded_time, payload FROM event \
             WHERE seq = (SELECT max(seq) FROM event)",
        )
        .await;
    let tail = broken.message("a");
    let others: Vec<_> = (2..=4).map(|number| Shop::opened(number).1).collect();
    let tails = [&tail, &others[0], &others[1], &others[2], &tail];
    let ends = join_all(tails.map(|tail| house.dispose(tail))).await;
    let broken = Err(DisposeError::Unavailable);
    assert_eq!(ends, [broken, Ok(()), Ok(()), Ok(()), broken]);
    assert!(!house.writer.is_refusing(), "the store itself is open");
    assert_eq!(
        house.stored().await.len(),
        past.len() + 3 * others[0].len(),
        "what lies before the log is not read"
    );
}

#[tokio::test]
async fn nothing_that_the_history_holds_is_changed_or_removed() {
    let house = House::open().await;
    let (mut shop, mut tail) = Shop::opened(1);
    house.dispose(&tail).await.expect("stored");
    let other = match house.database.backend() {
        sea_orm::DatabaseBackend::Postgres => "TRUNCATE event",
        _ => "REPLACE INTO event SELECT * FROM event",
    };
    for statement in ["UPDATE event SET kind = ''", "DELETE FROM event", other] {
        let refused = house.database.writer().execute_unprepared(statement).await.expect_err(statement);
        assert!(refused.to_string().contains("event is append-only"), "{refused}");
    }
    house.holds(&tail).await;
    tail.extend(shop.message("a"));
    house.dispose(&tail).await.expect("it grows");
    house.holds(&tail).await;
}
