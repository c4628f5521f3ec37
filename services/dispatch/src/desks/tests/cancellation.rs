//! Callers who give up at every point, and what they leave behind on a PostgreSQL: nothing.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::{House, SHOP, given_up, message};
use crate::history::partitions::Partitions;
use crate::history::reader::Filter;

/// A sweep gives each operation up after 1 to so many polls.
const POLLS: usize = 40;
/// How long a transaction whose caller has gone may go on.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is given up, and what it is called; the number makes each call another.
type Operation = (&'static str, fn(&House, usize) -> BoxFuture<'_, ()>);

const OPERATIONS: [Operation; 5] = [
    ("a message", |house, number| {
        let call = message(&format!("buyer-{}", number % 5), &format!("given-up-{number}"), None);
        async move { drop(house.desks.run(call).await) }.boxed()
    }),
    ("a list of conversations", |house, _| {
        let filter = Filter { agent: None, unanswered_only: false, stages: Vec::new() };
        async move { drop(house.desks.history().conversations(SHOP, &filter, None, 50).await) }.boxed()
    }),
    ("a page of events", |house, _| {
        async move { drop(house.desks.history().events(SHOP, None, 0, 100).await) }.boxed()
    }),
    ("a snapshot", |house, _| {
        async move { drop(house.desks.history().snapshot(SHOP, house.now()).await) }.boxed()
    }),
    ("partitions", |house, number| {
        let size = u32::try_from(100 + number).unwrap_or(100);
        let partitions = Partitions::new(house.database.clone(), size);
        async move { drop(partitions.keep_ahead().await) }.boxed()
    }),
];

impl House {
    /// Connections that wait inside of a transaction that nobody goes on with.
    async fn left_open(&self) -> i64 {
        let open = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        let open = Statement::from_string(DatabaseBackend::Postgres, open);
        let row = self.database.reader().query_one_raw(open).await.expect("the server tells").expect("a row");
        row.try_get_by_index(0).expect("a number")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_that_is_given_up_leaves_a_transaction_open() {
    let house = House::open().await;
    if house.database.backend() != DatabaseBackend::Postgres {
        return eprintln!("not run: a SQLite has one writer, which the other sweeps look at");
    }
    for (what, operation) in OPERATIONS {
        let (mut given, mut done) = (0, 0);
        for polls in 1..=POLLS {
            let end = given_up(polls, operation(&house, given + done)).await;
            *(if end.is_none() { &mut given } else { &mut done }) += 1;
        }
        assert!(given > 0, "{what} is never given up half-way: {done} were done");
        // A transaction goes on to its end without its caller, and then there is none.
        let closed = async { while house.left_open().await > 0 {} };
        tokio::time::timeout(PATIENCE, closed).await.unwrap_or_else(|_| panic!("{what} leaves one open"));
    }
    // More calls at once than there are connections.
    let calls = (0..32)
        .map(|number| house.run(message(&format!("buyer-{number}"), &format!("later-{number}"), None)));
    assert_eq!(join_all(calls).await.len(), 32);
}
