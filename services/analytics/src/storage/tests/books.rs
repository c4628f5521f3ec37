//! Days that are kept: nobody can tell from an answer.

use fenliu_domain::day::Zone;
use fenliu_domain::time::Span;
use fenliu_runtime::clock::VirtualClock;
use sea_orm::{EntityTrait, PaginatorTrait};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::arrivals::Arrivals;
use crate::keeper::Keeper;
use crate::storage::rows::{conversation, day_book};

/// What is done to a store, and asked of it, in turn.
#[derive(Clone, Debug)]
enum Move {
    /// So many further events of the history are worked in.
    Follow(usize),
    /// So many further records are imported.
    Import(usize),
    /// The days of the shop are of this zone from now on.
    Zone(&'static str),
    /// Everything that came from the history is forgotten.
    Forget,
    /// When conversations came is asked for: from which day on, for how many days.
    Count(u32, u32),
    /// Rates are asked for: by which pack, from which day on, for how many days, as of how many hours after the start.
    Ask(usize, u32, u32, i64),
}

fn any_move() -> impl Strategy<Value = Move> {
    let zone =
        prop::sample::select(vec!["Asia/Shanghai", "America/Los_Angeles", "UTC", "Pacific/Kiritimati"]);
    prop_oneof![
        4 => (1_usize..30).prop_map(Move::Follow),
        3 => (1_usize..30).prop_map(Move::Import),
        1 => zone.prop_map(Move::Zone),
        1 => Just(Move::Forget),
        3 => (0_u32..4, 1_u32..6).prop_map(|(first, days)| Move::Count(first, days)),
        8 => (0_usize..11, 0_u32..4, 1_u32..6, -6_i64..400).prop_map(|(pack, first, days, hours)| {
            Move::Ask(pack, first, days, hours)
        }),
    ]
}

fn without_moment(report: Report) -> Report {
    Report { holds_from: Timestamp::default(), ..report }
}

/// Asks twice, so that the second answer is of what the first kept, and compares with what is read.
async fn ask(store: &Store, pack: &RulePack, range: DayRange, as_of: Timestamp) {
    let asked = (pack.clone(), range, as_of);
    let begin = move |zone| Tally::new(asked.0, zone, asked.2, asked.1);
    let read = match store.tally(shop(0), range, begin).await {
        Err(Fault::Refused(unknown)) => {
            let refused =
                store.report(shop(0), pack.clone(), as_of, move |_| range).await.expect_err("unknown");
            return assert_eq!(refused.into_problem().reason, unknown.reason);
        }
        read => read.expect("a report"),
    };
    for _ in 0..2 {
        let kept = store.report(shop(0), pack.clone(), as_of, move |_| range).await.expect("a report");
        assert_eq!(without_moment(kept.report), without_moment(read.report.clone()), "{}", pack.id);
        assert_eq!((kept.position, kept.zone), (read.position, read.zone));
    }
}

fn sunday() -> fenliu_domain::day::Day {
    "2026-05-03".parse().expect("a date")
}

async fn count(store: &Store, range: DayRange) {
    let read = match store.fold(shop(0), move |_| Ok((range, Arrivals::default()))).await {
        Err(Fault::Refused(unknown)) => {
            let refused = store.arrivals(shop(0), move |_| range).await.expect_err("unknown");
            return assert_eq!(refused.into_problem().reason, unknown.reason);
        }
        read => read.expect("arrivals"),
    };
    // Those of days beside the range may be read along with it.
    let mut inside = Arrivals::default();
    let days = read.fold.by_day(read.zone).into_iter().filter(|(day, _)| range.contains(*day));
    for (_, arrivals) in days {
        arrivals.minutes().for_each(|(minute, count)| inside.add(minute, count));
    }
    for _ in 0..2 {
        let kept = store.arrivals(shop(0), move |_| range).await.expect("arrivals");
        assert_eq!((&kept.fold, kept.position, kept.zone), (&inside, read.position, read.zone));
    }
}

async fn rezone(store: &Store, name: &str) {
    let after = store.cursor().await.expect("a cursor");
    let until = Cursor { position: after.position + 1, event_id: after.event_id.clone() };
    let zone = Zone::parse(name).expect("a zone");
    store
        .follow(Batch { after, until, steps: vec![vec![Step::Zone(shop(0), zone)]], watch: None })
        .await
        .expect("followed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_kept_is_what_would_be_read(
        told in lines(150),
        other in lines(100),
        moves in prop::collection::vec(any_move(), 1..40),
    ) {
        runtime().block_on(async {
            let (store, packs) = (memory().await, Packs::shipped().expect("in order"));
            let packs: Vec<_> = packs.all().cloned().collect();
            let (events, records) = (recorded(&told), reported(&other));
            let (mut followed, mut records) = (0, records.into_iter());
            for step in moves {
                match step {
                    Move::Follow(count) => {
                        followed = (followed + count).min(events.len());
                        follow(&store, events[..followed].to_vec()).await;
                    }
                    Move::Import(count) => drop(import(&store, records.by_ref().take(count).collect()).await),
                    Move::Zone(name) => rezone(&store, name).await,
                    Move::Forget => {
                        store.forget_history().await.expect("forgotten");
                        followed = 0;
                    }
                    Move::Count(first, days) => {
                        let first = sunday().plus(first);
                        count(&store, DayRange { first: Some(first), last: Some(first.plus(days)) }).await;
                    }
                    Move::Ask(pack, first, days, hours) => {
                        let first = sunday().plus(first);
                        let range = DayRange { first: Some(first), last: Some(first.plus(days)) };
                        ask(&store, &packs[pack], range, moment(hours * 3_600)).await;
                    }
                }
            }
            ask(&store, &packs[0], DayRange::default(), moment(100 * 86_400)).await;
        });
    }
}

async fn kept_days(store: &Store) -> u64 {
    day_book::Entity::find().count(store.db.reader()).await.expect("counted")
}

#[tokio::test]
async fn a_day_that_was_kept_is_not_read_again_until_its_facts_change() {
    let store = memory().await;
    // Questions and answers, forty minutes apart, over some days.
    let told: Vec<Line> = (0..120).map(|i| (0, 0, 2_400, if i % 2 == 0 { 1 } else { 6 })).collect();
    let events = recorded(&told);
    follow(&store, events[..100].to_vec()).await;
    let later = moment(100 * 86_400);
    let all = |_| DayRange::default();
    let first = store.report(shop(0), pack(Unit::Turn), later, all).await.expect("a report").report;
    assert_eq!(kept_days(&store).await, first.days.len() as u64);
    conversation::Entity::delete_many().exec(store.db.writer()).await.expect("gone behind its back");
    let again = store.report(shop(0), pack(Unit::Turn), later, all).await.expect("a report").report;
    assert_eq!(again, first);
    let fresh = Store { db: store.db.clone(), recent: Arc::default() };
    follow(&fresh, events).await;
    let changed = store.report(shop(0), pack(Unit::Turn), later, all).await.expect("a report").report;
    assert_ne!(changed, first, "what has changed is read: the rest of the history alone");
}

#[tokio::test]
async fn a_day_is_kept_once_time_alone_changes_nothing_in_it() {
    let store = memory().await;
    // One question at 09:00 on Monday, which nobody answers.
    follow(&store, recorded(&[(0, 0, 10_800, 1)])).await;
    let asked = moment(10_800);
    let limit = pack(Unit::Turn).limit;
    let ask = async |as_of| {
        let report = store.report(shop(0), pack(Unit::Turn), as_of, |_| DayRange::default()).await;
        (report.expect("a report").report.total.pending, kept_days(&store).await)
    };
    assert_eq!(ask(asked + limit).await, (1, 0), "its limit has not passed");
    assert_eq!(ask(asked + limit + Span::from_micros(1)).await, (0, 1));
    assert_eq!(ask(asked + limit).await, (1, 1), "as of then it is as it was");
}

#[tokio::test]
async fn past_days_are_worked_out_before_anybody_asks() {
    let store = memory().await;
    let told: Vec<Line> = (0..120).map(|i| (0, 0, 2_400, if i % 2 == 0 { 1 } else { 6 })).collect();
    let events = recorded(&told);
    follow(&store, events[..100].to_vec()).await;
    let packs = Packs::shipped().expect("in order");
    let keeper = |clock: VirtualClock| Keeper {
        store: store.clone(),
        packs: packs.clone(),
        clock: Arc::new(clock),
        stop: CancellationToken::new(),
    };
    let young = keeper(VirtualClock::new(moment(3 * 86_400)));
    assert_eq!(young.round().await.expect("worked out"), 0, "its days may still change");
    let old = keeper(VirtualClock::new(moment(100 * 86_400)));
    let days = old.round().await.expect("worked out");
    assert!(days > 1);
    // The conversation is still open, but none of its questions is.
    assert_eq!(kept_days(&store).await, (days * (packs.all().count() + 1)) as u64, "by packs and for agents");
    assert_eq!(old.round().await.expect("worked out"), 0);
    follow(&store, events).await;
    assert!(old.round().await.expect("worked out") > 0, "it went on");
    assert_eq!(old.round().await.expect("worked out"), 0);
}
