//! Events in partitions, on a PostgreSQL.

use std::sync::Arc;

use fenliu_domain::desk::event::Event;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::House;
use super::shop::Shop;
use crate::history::Migrator;
use crate::history::partitions::{Partitions, Range, ranges};

/// Positions of a test's partition.
const SIZE: u32 = 100;

impl House {
    /// Whether there are partitions to test.
    fn is_split(&self) -> bool {
        let split = self.database.backend() == DatabaseBackend::Postgres;
        if !split {
            eprintln!("not run: SQLite has no partitions");
        }
        split
    }

    async fn make(&self) -> Vec<String> {
        Partitions::new(self.database.clone(), SIZE).keep_ahead().await.expect("partitions are made")
    }

    async fn ranges(&self) -> Vec<Range> {
        ranges(self.database.reader()).await.expect("the catalog is read")
    }

    async fn count(&self, table: &str) -> i64 {
        let count = Statement::from_string(self.database.backend(), format!("SELECT count(*) FROM {table}"));
        let row = self.database.reader().query_one_raw(count).await.expect("counted").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }
}

/// So many messages, and the events that they make.
async fn say(house: &House, shop: &mut Shop, messages: u32, all: &mut Vec<Arc<Event>>) {
    for number in 0..messages {
        let tail = shop.message(&format!("buyer-{}", number % 7));
        house.dispose(&tail).await.expect("stored");
        all.extend(tail);
    }
}

#[tokio::test]
async fn partitions_are_made_before_they_are_needed() {
    let house = House::open().await;
    if !house.is_split() {
        return;
    }
    assert_eq!(house.make().await, ["event_p1_100", "event_p101_200"]);
    assert_eq!(house.make().await, Vec::<String>::new(), "there are enough");
    let (mut shop, mut all) = Shop::opened(1);
    house.dispose(&all).await.expect("stored");
    let mut made = 0;
    while all.len() < 450 {
        say(&house, &mut shop, 1, &mut all).await;
        made += house.make().await.len();
    }
    assert!((3..=5).contains(&made), "as many as were needed, well before: {made}");
    assert_eq!(house.count("event_default").await, 0);
    assert_eq!(house.count("event_p101_200").await, 100);
    house.holds(&all).await;
}

#[tokio::test]
async fn events_for_which_nobody_made_a_partition_are_stored_and_get_one_later() {
    let house = House::open().await;
    if !house.is_split() {
        return;
    }
    let (mut shop, mut all) = Shop::opened(1);
    house.dispose(&all).await.expect("there is no partition at all yet");
    assert_eq!(house.count("event_default").await, all.len() as i64);
    say(&house, &mut shop, 20, &mut all).await;
    let first = all.len();
    assert_eq!(house.make().await[0], format!("event_p1_{first}"));
    say(&house, &mut shop, 300, &mut all).await;
    let beyond = house.count("event_default").await;
    assert!(beyond > 0, "more was stored than there was room for");
    house.make().await;
    assert_eq!(house.count("event_default").await, 0);
    let ranges = house.ranges().await;
    for pair in ranges.windows(2) {
        assert_eq!(pair[0].last + 1, pair[1].first, "ranges follow each other: {ranges:?}");
    }
    say(&house, &mut shop, 20, &mut all).await;
    house.holds(&all).await;
}

#[tokio::test]
async fn a_history_of_one_table_becomes_the_first_partition_as_it_is() {
    let house = House::before(3).await;
    if !house.is_split() {
        return;
    }
    let (mut shop, mut all) = Shop::opened(1);
    house.dispose(&all).await.expect("stored");
    say(&house, &mut shop, 50, &mut all).await;
    let stored = all.len();
    house.database.migrate::<Migrator>().await.expect("it is split");
    assert_eq!(house.ranges().await, [Range { first: 1, last: stored as i64 }]);
    house.holds(&all).await;
    house.make().await;
    say(&house, &mut shop, 50, &mut all).await;
    house.holds(&all).await;
    assert_eq!(house.count(&format!("event_p1_{stored}")).await, stored as i64);
}

#[tokio::test]
async fn no_partition_is_changed_or_takes_a_number_twice() {
    let house = House::open().await;
    if !house.is_split() {
        return;
    }
    house.make().await;
    let (_, all) = Shop::opened(1);
    house.dispose(&all).await.expect("stored");
    for table in ["event", "event_default", "event_p1_100", "event_p101_200"] {
        for change in ["UPDATE {} SET kind = ''", "DELETE FROM {}", "TRUNCATE {}"] {
            let change = change.replace("{}", table);
            let refused = house.database.writer().execute_unprepared(&change).await.expect_err(&change);
            assert!(refused.to_string().contains("event is append-only"), "{refused}");
        }
    }
    let twice = "INSERT INTO event (position, shop_id, seq, event_id, kind, recorded_time, payload)
        SELECT 99, shop_id, seq, event_id, kind, recorded_time, payload FROM event WHERE position = 1";
    let refused = house.database.writer().execute_unprepared(twice).await.expect_err("it is there");
    assert!(refused.to_string().contains("event_p1_100_by_shop_seq"), "{refused}");
    house.holds(&all).await;
}
