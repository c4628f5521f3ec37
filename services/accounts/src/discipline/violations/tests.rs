use std::pin::Pin;
use std::sync::{Arc, Mutex};

use fenliu_domain::ids::{AgentId, EventId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::time::Timestamp;
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::history_service_server::{HistoryService, HistoryServiceServer};
use fenliu_proto::history::v1::{ChatEntered, Event, LanguageFlagged};
use fenliu_proto::status::refusal;
use fenliu_runtime::channel::connect_lazy;
use fenliu_runtime::clock::VirtualClock;
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::sql::ScratchDatabase;
use futures::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tonic::{Request, Response, async_trait};

use super::*;
use crate::account::Account;
use crate::binding::{Binding, Terms};
use crate::shop::{DEFAULT_ZONE, Shop};
use crate::storage::ViolationFilter;

const SHOP: ShopId = ShopId::from_bits(1);
const ANN: AgentId = AgentId::from_bits(1);
/// 2026-03-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_micros_clamped(1_772_323_200_000_000);

/// A dispatch whose history the test writes.
#[derive(Clone)]
struct Dispatch {
    events: watch::Sender<Vec<StoredEvent>>,
    /// What it was asked to go on from.
    asked: Arc<Mutex<Vec<i64>>>,
}

#[async_trait]
impl HistoryService for Dispatch {
    type FollowEventsStream = Pin<Box<dyn Stream<Item = Result<FollowEventsResponse, Status>> + Send>>;

    async fn list_events(
        &self,
        _request: Request<proto::ListEventsRequest>,
    ) -> Result<Response<proto::ListEventsResponse>, Status> {
        Err(Status::unimplemented("nobody asks"))
    }

    async fn follow_events(
        &self,
        request: Request<FollowEventsRequest>,
    ) -> Result<Response<Self::FollowEventsStream>, Status> {
        let after = request.into_inner();
        self.asked.lock().expect("no panic").push(after.after_position);
        let events = self.events.subscribe();
        let known = |events: &[StoredEvent]| {
            after.after_position == 0
                || events.iter().any(|stored| {
                    stored.event.as_ref().is_some_and(|event| event.event_id == after.after_event_id)
                })
        };
        if !known(&events.borrow()) {
            return Err(refusal(Problem::new(Reason::HistoryRewound, "it is another history")));
        }
        let pages = stream::unfold((events, after.after_position), |(mut events, after)| async move {
            let new = |stored: &StoredEvent| stored.position > after;
            let page: Vec<_> = {
                let all = events.wait_for(|events| events.iter().any(new)).await.ok()?;
                all.iter().filter(|stored| new(stored)).cloned().collect()
            };
            let through = page.last().map_or(after, |stored| stored.position);
            Some((Ok(FollowEventsResponse { events: page, caught_up: true }), (events, through)))
        });
        Ok(Response::new(pages.boxed()))
    }
}

impl Dispatch {
    /// Listens, and gives the way there.
    async fn serve(&self) -> Outgoing {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let incoming = stream::unfold(listener, |listener| async move {
            let accepted = listener.accept().await.map(|(stream, _)| stream);
            Some((accepted, listener))
        });
        let server = tonic::transport::Server::builder().add_service(HistoryServiceServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(incoming));
        connect_lazy(format!("http://{address}").parse().expect("an address"))
    }
}

/// A shop with Ann, that follows a dispatch.
struct Desk {
    store: Store,
    _place: ScratchDatabase,
    dispatch: Dispatch,
    lifecycle: Lifecycle,
}

impl Desk {
    async fn open() -> Self {
        let dispatch = Dispatch { events: watch::Sender::new(Vec::new()), asked: Arc::default() };
        let lifecycle = Lifecycle::new();
        let platform = Platform::simulated(&VirtualClock::new(NOW), 1, lifecycle.clone());
        let place = ScratchDatabase::create("accounts_store").await;
        let store = Store::open(&place.config(), &platform).await.expect("a store");
        open_shop(&store).await;
        follow(store.clone(), dispatch.serve().await, &platform);
        Self { store, _place: place, dispatch, lifecycle }
    }

    fn happens(&self, event: StoredEvent) {
        self.dispatch.events.send_modify(|events| events.push(event));
    }

    async fn stored(&self) -> Vec<Violation> {
        let listed = self.store.tenant(SHOP).violations_before(&ViolationFilter::default(), 0, 500).await;
        listed.expect("listed")
    }

    /// Waits until so many violations are stored. The follower works by itself; what it does shows in the store alone.
    async fn until(&self, count: usize) -> Vec<Violation> {
        loop {
            let stored = self.stored().await;
            if stored.len() == count {
                return stored;
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn open_shop(store: &Store) {
    let work = store.by_itself(|mut change| {
        Box::pin(async move {
            let name = LoginName::parse("owner").expect("a name");
            let account = Account::main(ANN, SHOP, &name, None, change.now());
            let hours = Shop::hours("08:00".parse().expect("a time"), "23:00".parse().expect("a time"));
            change
                .insert_shop(Shop {
                    id: SHOP,
                    display_name: "shop".into(),
                    zone: fenliu_domain::day::Zone::parse(DEFAULT_ZONE)?,
                    hours: hours.expect("a window"),
                    main_account: ANN,
                    created: NOW,
                })
                .await?;
            change.insert_account(account, &name).await?;
            change.insert_binding(Binding::new(SHOP, ANN, Terms::default(), NOW)).await?;
            Ok(())
        })
    });
    work.await.expect("the shop is opened");
}

fn event(position: i64, shop: ShopId, payload: Payload) -> StoredEvent {
    let event = Event {
        shop_id: shop.to_string(),
        event_id: EventId::from_bits(position.unsigned_abs().into()).to_string(),
        conversation_id: "cnv_1".into(),
        recorded_time: Some(to_timestamp(NOW + Span::from_mins(position))),
        payload: Some(payload),
        ..Default::default()
    };
    StoredEvent { position, event: Some(event) }
}

fn flagged(position: i64, shop: ShopId) -> StoredEvent {
    let words = vec!["idiot".to_owned(), "fool".to_owned()];
    let flagged = LanguageFlagged { agent_id: ANN.to_string(), words, ..Default::default() };
    event(position, shop, Payload::LanguageFlagged(flagged))
}

fn unflagged(position: i64) -> StoredEvent {
    event(position, SHOP, Payload::ChatEntered(ChatEntered::default()))
}

#[tokio::test]
async fn what_the_language_check_found_becomes_violations_once() {
    let desk = Desk::open().await;
    desk.happens(unflagged(1));
    desk.happens(flagged(2, SHOP));
    desk.happens(flagged(3, ShopId::from_bits(99)));
    desk.happens(flagged(4, SHOP));
    let stored = desk.until(2).await;
    assert_eq!(stored[1].words, ["idiot", "fool"]);
    assert_eq!((stored[1].agent, stored[1].time), (ANN, NOW + Span::from_mins(2)));
    let cursor = desk.store.history_cursor().await.expect("read");
    assert_eq!(cursor.position, 4, "a shop that nobody knows here is no hindrance");
    let again = desk.store.record_violations(cursor.clone(), cursor, stored.clone()).await;
    again.expect("what is read again brings nothing new");
    assert_eq!(desk.stored().await, stored);
}

#[tokio::test]
async fn another_replica_that_has_read_on_is_not_overtaken() {
    let desk = Desk::open().await;
    desk.happens(flagged(1, SHOP));
    desk.until(1).await;
    let late = desk.store.record_violations(Cursor::default(), Cursor::default(), Vec::new()).await;
    assert!(matches!(late, Err(Fault::Refused(problem)) if problem.reason == Reason::StoreUnavailable));
}

#[tokio::test]
async fn a_history_that_was_restored_is_read_anew() {
    let desk = Desk::open().await;
    for position in 1..=3 {
        desk.happens(flagged(position, SHOP));
    }
    desk.until(3).await;
    // The history loses its last events, and the stream breaks.
    desk.dispatch.events.send_replace(vec![flagged(1, SHOP)]);
    let platform = Platform::simulated(&VirtualClock::new(NOW), 2, desk.lifecycle.clone());
    follow(desk.store.clone(), desk.dispatch.serve().await, &platform);
    desk.until(1).await;
    assert_eq!(desk.dispatch.asked.lock().expect("no panic")[1..], [3, 0], "first on, then anew");
}

#[tokio::test]
async fn violations_suggest_the_rung_they_reach_until_it_is_imposed() {
    let desk = Desk::open().await;
    for position in 1..=3 {
        desk.happens(flagged(position, SHOP));
    }
    desk.until(3).await;
    let clock = VirtualClock::new(NOW + Span::from_hours(1));
    let platform = Platform::simulated(&clock, 3, desk.lifecycle.clone());
    let discipline = crate::discipline::Discipline::new(desk.store.clone(), platform.ids.clone());
    let suggestion = discipline.suggest(SHOP, ANN).await.expect("asked");
    assert_eq!((suggestion.violations, suggestion.rung.map(|rung| rung.violations)), (3, Some(3)));
    assert_eq!(suggestion.evidence.len(), 3);
    assert!(suggestion.evidence[0].time > suggestion.evidence[2].time, "the latest comes first");
    let work = desk.store.by_itself(|mut change| {
        Box::pin(async move {
            let start = NOW + Span::from_mins(3);
            let sanction = crate::discipline::Sanction {
                id: fenliu_domain::ids::SanctionId::from_bits(1),
                shop: SHOP,
                agent: ANN,
                kind: crate::binding::SanctionKind::Mute,
                reason: "three times".into(),
                evidence: String::new(),
                start,
                end: Some(start + Span::from_hours(24)),
                author: "fenliu".into(),
                lifted: None,
            };
            change.insert_sanction(sanction).await?;
            Ok(())
        })
    });
    work.await.expect("imposed");
    let suggestion = discipline.suggest(SHOP, ANN).await.expect("asked");
    assert_eq!((suggestion.violations, suggestion.rung), (3, None));
    desk.happens(flagged(4, SHOP));
    desk.until(4).await;
    let suggestion = discipline.suggest(SHOP, ANN).await.expect("asked");
    assert_eq!(
        (suggestion.violations, suggestion.rung.map(|rung| rung.violations)),
        (4, Some(3)),
        "and again"
    );
}
