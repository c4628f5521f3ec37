//! What a writer remembers, while others write to the same store.

use std::collections::BTreeMap;
use std::sync::Arc;

use fenliu_domain::ids::ConversationId;
use fenliu_live::EmbeddedDesks;
use fenliu_runtime::lifecycle::Lifecycle;
use futures::future::join_all;

use super::shop::Shop;
use super::{DisposeError, House, Writer, disposal};

/// Another writer on the store of a house, as another replica has one.
async fn another(house: &House) -> Writer {
    let live = Arc::new(EmbeddedDesks::new());
    Writer::start(house.database.clone(), live, &Lifecycle::new()).await.expect("it starts")
}

#[tokio::test]
async fn writers_take_turns_at_one_shop() {
    let house = House::open().await;
    let other = another(&house).await;
    let (mut shop, mut all) = Shop::opened(1);
    house.dispose(&all).await.expect("stored");
    for turn in 0..12 {
        let said = shop.message(["a", "b", "c"][turn % 3]);
        let writer = if turn % 4 < 2 { &house.writer } else { &other };
        assert_eq!(writer.dispose(disposal(&said)).await, Ok(()), "turn {turn}");
        all.extend(said);
    }
    house.holds(&all).await;
    assert_rows_follow(&house, &shop).await;
}

#[tokio::test]
async fn a_fork_is_found_out_although_its_writer_remembers_another_head() {
    let house = House::open().await;
    let other = another(&house).await;
    let (mut shop, past) = Shop::opened(1);
    house.dispose(&past).await.expect("stored");
    let mut forked = shop.other_life();
    let right = shop.message("a");
    other.dispose(disposal(&right)).await.expect("the other one stores it");
    let fork = forked.message("b");
    assert_eq!(house.dispose(&fork).await, Err(DisposeError::Fork));
    assert_eq!(house.dispose(&shop.message("c")).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_once_leave_no_hole_and_rows_that_follow() {
    let house = Arc::new(House::open().await);
    let writers = [house.writer.clone(), another(&house).await, another(&house).await];
    let shops = (1..=6).map(|number| {
        let writers = writers.clone();
        tokio::spawn(async move {
            let (mut shop, mut tail) = Shop::opened(number);
            for turn in 0..20 {
                tail.extend(shop.message(&format!("buyer-{}", turn % 7)));
                let writer = &writers[(turn + number as usize) % writers.len()];
                // A crowd may keep one waiting for the lock longer than these tests allow: it asks again.
                while writer.dispose(disposal(&tail)).await == Err(DisposeError::Unavailable) {}
                tail.clear();
            }
            shop
        })
    });
    let shops: Vec<_> = join_all(shops).await.into_iter().map(|end| end.expect("no shop panics")).collect();
    let stored = house.stored().await;
    assert_eq!(stored.len() as u64, shops.iter().map(|shop| shop.desk.seq().0).sum::<u64>());
    assert!(
        stored.iter().map(|(position, _)| *position).eq(1..=stored.len() as i64),
        "no position is left out"
    );
    for shop in &shops {
        assert_rows_follow(&house, shop).await;
    }
}

#[tokio::test]
async fn a_log_that_went_back_and_on_again_is_not_taken_for_the_same() {
    let house = House::open().await;
    let other = another(&house).await;
    let (mut shop, past) = Shop::opened(1);
    house.dispose(&past).await.expect("stored");
    let mut twin = shop.other_life();
    let lost = shop.message("a");
    house.dispose(&lost).await.expect("stored");
    // The store is set back to what it was, and another writer brings it to the same position with another event.
    let back = past.len();
    let drop_triggers = match house.database.backend() {
        sea_orm::DatabaseBackend::Postgres => "DROP TRIGGER event_append_only ON event",
        _ => "DROP TRIGGER event_not_deleted",
    };
    house.meddle(drop_triggers).await;
    house.meddle(&format!("DELETE FROM event WHERE position > {back}")).await;
    house.meddle("DELETE FROM conversation").await;
    let head = past.last().expect("something").id.bits();
    let head = match house.database.backend() {
        sea_orm::DatabaseBackend::Postgres => format!("'{}'", sea_orm::prelude::Uuid::from_u128(head)),
        _ => format!("x'{head:032x}'"),
    };
    house.meddle(&format!("UPDATE log_head SET position = {back}, event_id = {head}")).await;
    house.meddle(&format!("UPDATE shop_head SET seq = {back}, event_id = {head}")).await;
    let instead = twin.message("b");
    assert_eq!(instead.len(), lost.len(), "the log is as long again");
    other.dispose(disposal(&instead)).await.expect("stored");
    assert_eq!(house.dispose(&shop.message("c")).await, Err(DisposeError::Fork));
    assert_eq!(house.dispose(&twin.message("d")).await, Ok(()));
}

/// Checks that the rows of conversations are as the desk has them.
async fn assert_rows_follow(house: &House, shop: &Shop) {
    let stored = house.stored().await;
    let of_shop = stored.iter().map(|(_, event)| event).filter(|event| event.shop == shop.id());
    let last: BTreeMap<ConversationId, u64> =
        of_shop.filter_map(|event| Some((event.conversation?, event.seq.0))).collect();
    assert!(!last.is_empty());
    for (id, seq) in last {
        let record = house.history.conversation(shop.id(), id).await.expect("read").expect("it is there");
        let open = shop.desk.conversation(id).expect("nobody has ended it");
        assert_eq!((record.seq, record.agent), (seq, open.agent()));
        assert_eq!(record.unanswered, open.owed().map_or(0, |owed| owed.count));
    }
}
