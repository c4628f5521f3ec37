//! What is stored, once, and what is not.

use std::sync::Arc;

use fenliu_live::Epoch;
use futures::future::join_all;

use super::super::ledger::Ledger;
use super::super::{Disposal, store};
use super::shop::Shop;
use super::{DisposeError, House, content, disposal};

#[tokio::test]
async fn tails_are_stored_once_however_they_overlap() {
    let house = House::open().await;
    let (mut shop, mut all) = Shop::opened(1);
    for buyer in ["a", "b", "c", "d"] {
        all.extend(shop.message(buyer));
    }
    let end = all.len();
    // One after the other, and all at once in one batch.
    for tail in [&all[..3], &all[1..5], &all[..2], &all[2..5]] {
        assert_eq!(house.dispose(tail).await, Ok(()));
    }
    let together = [&all[3..7], &all[..9], &all[5..8], &all[4..6], &all[6..end]];
    assert_eq!(join_all(together.map(|tail| house.dispose(tail))).await, [Ok(()); 5]);
    house.holds(&all).await;
}

#[tokio::test]
async fn a_fork_is_left_out_while_the_rest_of_the_batch_is_stored() {
    let house = House::open().await;
    let (mut shop, past) = Shop::opened(1);
    let (mut other, other_past) = Shop::opened(2);
    house.dispose(&past).await.expect("stored");
    house.dispose(&other_past).await.expect("stored");
    let mut forked = shop.other_life();
    let (mut right, fork) = (shop.message("a"), forked.message("b"));
    let elsewhere = other.message("c");
    right.extend(shop.message("d"));
    let ends = join_all([&right[..1], &fork, &elsewhere, &right].map(|tail| house.dispose(tail))).await;
    assert_eq!(ends, [Ok(()), Err(DisposeError::Fork), Ok(()), Ok(())]);
    let stored = house.stored().await;
    let ids: Vec<_> = stored.iter().map(|(_, event)| event.id).collect();
    assert!(right.iter().chain(&elsewhere).all(|event| ids.contains(&event.id)));
    assert!(fork.iter().all(|event| !ids.contains(&event.id)));
    assert_eq!(house.dispose(&fork).await, Err(DisposeError::Fork), "and it stays a fork");
}

#[tokio::test]
async fn a_fork_below_the_head_is_found_out() {
    let house = House::open().await;
    let (mut shop, past) = Shop::opened(1);
    house.dispose(&past).await.expect("stored");
    let mut forked = shop.other_life();
    let fork = forked.message("a");
    let mut right = shop.message("a");
    for _ in 0..3 {
        right.extend(shop.message("a"));
    }
    house.dispose(&right).await.expect("stored");
    assert!(fork.len() < right.len(), "it ends below the head");
    assert_eq!(house.dispose(&fork).await, Err(DisposeError::Fork));
    assert_eq!(house.dispose(&right[..2]).await, Ok(()), "what is stored there is not a fork");
}

#[tokio::test]
async fn the_same_batch_after_an_unknown_outcome_finds_what_was_stored() {
    let house = House::open().await;
    let (mut shop, past) = Shop::opened(1);
    let said = shop.message("a");
    let tail: Vec<_> = past.iter().chain(&said).cloned().collect();
    let message = said.iter().find(|event| event.payload.name() == "message_received").expect("it is there");
    let bodies = vec![content(message, "hello")];
    let batch = Arc::new(vec![Disposal { bodies, ..disposal(&tail) }, disposal(&past)]);
    let commit = async |batch| {
        let nothing = &mut Ledger::default();
        store::commit(&house.database, nothing, 0, batch).await.expect("committed")
    };
    let (first, again) = (commit(batch.clone()).await, commit(batch).await);
    assert_eq!((first.position, &first.fits), (again.position, &again.fits));
    assert_eq!(again.fits, [true, true]);
    house.holds(&tail).await;
}

#[tokio::test]
async fn content_is_attached_late_once_and_for_good() {
    let house = House::open().await;
    let (mut shop, past) = Shop::opened(1);
    let said = shop.message("a");
    let tail: Vec<_> = past.iter().chain(&said).cloned().collect();
    house.dispose(&tail).await.expect("stored by somebody without the content");
    let message = said.iter().find(|event| event.payload.name() == "message_received").expect("it is there");
    for text in ["hello", "something else"] {
        let bodies = vec![content(message, text)];
        let late = Disposal { shop: shop.id(), epoch: Epoch(0), tail: Vec::new(), bodies };
        assert_eq!(house.writer.dispose(late).await, Ok(()), "nothing to insert is no error");
    }
    let bodies = house.history.bodies(shop.id(), &[message.id]).await.expect("read");
    assert_eq!(bodies[&message.id].text, "hello");
    let elsewhere = house.history.bodies(Shop::new(2).id(), &[message.id]).await.expect("read");
    assert!(elsewhere.is_empty(), "another shop does not see it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_grow_without_a_gap_whoever_writes() {
    let house = Arc::new(House::open().await);
    let shops = (1..=6).map(|number| {
        let house = house.clone();
        tokio::spawn(async move {
            let (mut shop, mut tail) = Shop::opened(number);
            for buyer in 0..20 {
                tail.extend(shop.message(&format!("buyer-{buyer}")));
                assert_eq!(house.dispose(&tail).await, Ok(()));
                if buyer % 3 == 0 {
                    tail.clear();
                }
            }
            shop.desk.seq().0
        })
    });
    let ends: Vec<u64> = join_all(shops).await.into_iter().map(|end| end.expect("no shop panics")).collect();
    let stored = house.stored().await;
    assert_eq!(stored.len() as u64, ends.iter().sum::<u64>());
    for (place, (position, event)) in stored.iter().enumerate() {
        assert_eq!(*position, place as i64 + 1);
        let before = stored[..place].iter().rev().find(|(_, before)| before.shop == event.shop);
        assert_eq!(event.seq.0, before.map_or(0, |(_, before)| before.seq.0) + 1);
        assert_eq!(event.predecessor, before.map(|(_, before)| before.id));
    }
}
