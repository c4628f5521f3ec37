//! Followers and snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Timestamp;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::House;
use super::shop::Shop;
use crate::history::follow::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_misses_nothing_while_many_write() {
    const SHOPS: u128 = 8;
    const MESSAGES: usize = 25;
    let house = Arc::new(House::open().await);
    let (position, soft) = (house.writer.position(), CancellationToken::new());
    let mut place = Place { after: 0, position, soft: soft.clone(), fresh: true };
    let history = house.history.clone();
    let follower = tokio::spawn(async move {
        let mut seen = Vec::new();
        loop {
            let ending = place.wait(place.after).await.is_err();
            let page = history.after(place.after).await.expect("read");
            let nothing = page.is_empty();
            place.after = page.last().map_or(place.after, |last| last.position);
            seen.extend(page);
            if ending && nothing {
                return seen;
            }
        }
    });
    let writers = (1..=SHOPS).map(|number| {
        let house = house.clone();
        tokio::spawn(async move {
            let (mut shop, mut tail) = Shop::opened(number);
            for _ in 0..MESSAGES {
                tail.extend(shop.message("a"));
                house.dispose(&tail).await.expect("stored");
                tail.clear();
            }
        })
    });
    for writer in join_all(writers).await {
        writer.expect("no writer panics");
    }
    soft.cancel();
    let seen = follower.await.expect("the follower does not panic");
    assert_eq!(seen.len(), house.stored().await.len());
    let mut heads = BTreeMap::<String, u64>::new();
    for (stored, position) in seen.iter().zip(1..) {
        assert_eq!(stored.position, position, "no position is missing or comes twice");
        let head = heads.entry(stored.event.shop_id.clone()).or_default();
        *head += 1;
        assert_eq!(stored.event.seq, *head, "a shop's events come in order");
    }
    assert_eq!(heads.len(), SHOPS as usize);
}

#[tokio::test]
async fn a_place_is_good_as_soon_as_its_event_is_stored() {
    let house = House::open().await;
    let (_, tail) = Shop::opened(1);
    house.dispose(&tail).await.expect("stored");
    let end = tail.len() as i64;
    let last = Some(tail.last().expect("events").id);
    house.history.check_place(end, last, end).await.expect("it is the last event");
    house.history.check_place(end, last, 0).await.expect("this process may not have heard of it yet");
    house.history.check_place(0, None, 0).await.expect("the beginning is always there");
    for (after, last) in [(end + 1, None), (end + 1, last), (end - 1, last)] {
        let problem = house.history.check_place(after, last, end).await.expect_err("it is not there");
        assert_eq!(problem.reason, Reason::HistoryRewound);
    }
}

#[tokio::test]
async fn a_snapshot_and_the_events_after_it_are_the_desk() {
    let house = House::open().await;
    let (mut shop, tail) = Shop::opened(1);
    assert!(house.history.fold(shop.id()).await.expect("read").is_none());
    assert_eq!(house.history.snapshot(shop.id(), shop.now).await.expect("read"), None);
    house.dispose(&tail).await.expect("stored");
    let all = shop.desk.seq().0;
    assert_eq!(house.history.outgrown(all).await.expect("read"), [shop.id()], "it has no snapshot yet");
    let mut taken = Vec::new();
    for round in 0_u8..4 {
        for draw in 0..40_u8 {
            let events = shop.step((draw.wrapping_mul(7), draw.wrapping_add(round), draw / 3, 20));
            if !events.is_empty() {
                house.dispose(&events).await.expect("stored");
            }
        }
        taken.push(house.history.snapshot(shop.id(), Timestamp::default()).await.expect("taken"));
        let again = house.history.snapshot(shop.id(), Timestamp::default()).await.expect("taken");
        assert_eq!(again, taken[usize::from(round)], "the same snapshot twice is one");
    }
    let last = taken.last().copied().flatten().expect("there are events").0;
    assert_eq!(shop.desk.seq().0, last);
    let events = shop.message("after the last snapshot");
    house.dispose(&events).await.expect("stored");
    let since = events.len() as u64;
    assert_eq!(house.history.outgrown(since).await.expect("read"), [shop.id()]);
    assert_eq!(house.history.outgrown(since + 1).await.expect("read"), []);
    let folded = house.history.fold(shop.id()).await.expect("read").and_then(|desk| desk.snapshot());
    assert_eq!(folded, shop.desk.snapshot());
    // Without the snapshots the same desk comes of the events alone.
    house.meddle("DELETE FROM desk_snapshot").await;
    let folded = house.history.fold(shop.id()).await.expect("read").and_then(|desk| desk.snapshot());
    assert_eq!(folded, shop.desk.snapshot());
}
