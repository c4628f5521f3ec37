//! Conversations in one row: those with many exchanges, and facts that another version made.

use sea_orm::ConnectionTrait;

use super::*;
use crate::storage::rows::page;

/// Question and answer in turn, all in one conversation.
fn long(exchanges: u32) -> Vec<Line> {
    (0..exchanges * 2).map(|i| (0, 0, 10, if i % 2 == 0 { 1 } else { 6 })).collect()
}

async fn folded_report(events: &[StoredEvent]) -> Report {
    let zone = Zone::parse("Asia/Shanghai").expect("a zone");
    let mut tally =
        Tally::new(pack(Unit::Turn), zone, moment(100 * 86_400), DayRange::default()).keeping_misses();
    conversations_of(events).iter().for_each(|conversation| tally.add(conversation));
    tally.finish()
}

#[tokio::test]
async fn a_conversation_of_many_exchanges_is_kept_in_pages_and_read_whole() {
    let exchanges = u32::try_from(page::EXCHANGES * 3 + 1).expect("few");
    let events = recorded(&long(exchanges));
    let (at_once, one_by_one) = (memory().await, memory().await);
    follow(&at_once, events.clone()).await;
    for event in events.clone() {
        follow(&one_by_one, vec![event]).await;
    }
    let rows = at_once.dump().await;
    assert_eq!(rows, one_by_one.dump().await);
    assert_eq!(rows.iter().filter(|row| row.contains("number: ")).count(), 3, "pages");
    assert_eq!(report(&at_once, pack(Unit::Turn), DayRange::default()).await, folded_report(&events).await);
    let listed = at_once.exchanges(shop(0), None, 500).await.expect("listed");
    let numbers: Vec<_> = listed.iter().map(|listed| listed.exchange.number).collect();
    assert_eq!(numbers, (1..=exchanges).collect::<Vec<_>>());
    // Where another replica has worked something in, all that is remembered is read again.
    let fresh = Store { db: at_once.db.clone(), recent: Arc::default() };
    let more = recorded(&long(exchanges + 70));
    follow(&fresh, more.clone()).await;
    assert_eq!(report(&fresh, pack(Unit::Turn), DayRange::default()).await, folded_report(&more).await);
}

#[tokio::test]
async fn nothing_that_was_remembered_is_written_over_what_another_replica_worked_in() {
    let events = recorded(&long(90));
    let (one, alone) = (memory().await, memory().await);
    let other = Store { db: one.db.clone(), recent: Arc::default() };
    for (turn, part) in events.chunks(7).enumerate() {
        follow(if turn % 3 == 1 { &other } else { &one }, part.to_vec()).await;
    }
    follow(&alone, events).await;
    assert_eq!(one.dump().await, alone.dump().await);
}

#[tokio::test]
async fn what_is_imported_late_makes_the_pages_anew() {
    let records = reported(&long(200));
    let (in_order, late) = (memory().await, memory().await);
    import(&in_order, records.clone()).await;
    let (early, rest): (Vec<_>, Vec<_>) = records.into_iter().enumerate().partition(|(at, _)| at % 3 > 0);
    for part in [early, rest] {
        import(&late, part.into_iter().map(|(_, record)| record).collect()).await;
    }
    assert_eq!(in_order.dump().await, late.dump().await);
}

#[tokio::test]
async fn facts_that_another_version_made_are_made_anew() {
    let lines: Vec<Line> =
        (0..300_u32).map(|i| ((i % 2) as u8, (i % 3) as u8, i * 7 % 300, (i * i % 12) as u8)).collect();
    let store = memory().await;
    store.bring_up_to_date().await.expect("nothing to do");
    follow(&store, recorded(&lines)).await;
    import(&store, reported(&lines)).await;
    let before = store.dump().await;
    store.bring_up_to_date().await.expect("nothing to do");
    assert_eq!(store.dump().await, before, "facts of this version stay");
    for damage in ["UPDATE facts_version SET version = 0", "UPDATE conversation SET buyer = 'somebody else'"]
    {
        store.db.writer().execute_unprepared(damage).await.expect("done");
    }
    store.bring_up_to_date().await.expect("made anew");
    assert_eq!(store.cursor().await.expect("a cursor"), Cursor::default());
    follow(&store, recorded(&lines)).await;
    assert_eq!(store.dump().await, before);
}
