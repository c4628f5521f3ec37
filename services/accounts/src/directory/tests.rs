//! Followers beyond what one process and one client can show.

use fenliu_domain::time::Timestamp;
use fenliu_proto::accounts::v1::CreateShopResponse;
use fenliu_runtime::clock::{Clock, VirtualClock};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::sql::ScratchDatabase;
use futures::{FutureExt, StreamExt};
use tonic::Request;

use super::{Directory, MAX_FOLLOWERS, Platform, Reason, Span, Store, poll};
use crate::call::Call;
use crate::config::Limits;
use crate::conversations::Conversations;
use crate::registry::Registry;
use crate::shop::{NewShop, Shop};

const INTERVAL: Span = Span::from_millis(500);

struct Replica {
    platform: Platform,
    store: Store,
}

impl Replica {
    async fn open(place: &ScratchDatabase, clock: &VirtualClock, seed: u64) -> Self {
        let platform = Platform::simulated(clock, seed, Lifecycle::new());
        let store = Store::open(&place.config(), &platform).await.expect("a store");
        Self { platform, store }
    }

    fn directory(&self) -> Directory {
        Directory::new(self.store.clone(), &self.platform)
    }

    async fn open_shop(&self, name: &str) {
        let registry = Registry::new(
            self.store.clone(),
            self.platform.ids.clone(),
            Limits::default(),
            Conversations::new(None),
        );
        let call = Call::of(
            &mut Request::new(fenliu_proto::accounts::v1::CreateShopRequest::default()),
            &self.platform.ids,
        );
        let new = NewShop {
            display_name: name.into(),
            zone: fenliu_domain::day::Zone::UTC,
            hours: Shop::hours("08:00".parse().expect("a time"), "23:00".parse().expect("a time"))
                .expect("hours"),
            main_login_name: fenliu_domain::login_name::LoginName::parse(name).expect("a name"),
            main_password: None,
        };
        registry.open_shop(call, new, |_| CreateShopResponse::default()).await.expect("opened");
    }
}

fn clock() -> VirtualClock {
    VirtualClock::new(Timestamp::from_micros_clamped(0))
}

#[tokio::test]
async fn the_commits_of_another_replica_are_noticed_within_the_interval() {
    let (place, clock) = (ScratchDatabase::create("accounts_store").await, clock());
    let (here, there) = (Replica::open(&place, &clock, 1).await, Replica::open(&place, &clock, 2).await);
    poll(here.store.clone(), &here.platform, INTERVAL);
    let mut pages = Box::pin(here.directory().watch(0).await.expect("followed"));
    assert!(pages.next().await.expect("a page").expect("readable").entries.is_empty());
    there.open_shop("owner").await;
    assert!(pages.next().now_or_never().is_none(), "nobody here has heard of it yet");
    clock.advance_to(clock.now() + INTERVAL).await;
    let page = pages.next().await.expect("a page").expect("readable");
    assert_eq!(page.entries.len(), 2);
}

#[tokio::test]
async fn followers_have_so_many_places_and_give_them_back() {
    let place = ScratchDatabase::create("accounts_store").await;
    let replica = Replica::open(&place, &clock(), 1).await;
    let directory = replica.directory();
    let mut followers = Vec::new();
    for _ in 0..MAX_FOLLOWERS {
        followers.push(directory.watch(0).await.expect("a place"));
    }
    let refused = directory.watch(0).await.err().expect("no place is left");
    assert_eq!(refused.reason, Reason::Overloaded);
    followers.pop();
    assert!(directory.watch(0).await.is_ok());
}

#[tokio::test]
async fn a_follower_that_waits_ends_when_the_server_drains() {
    let place = ScratchDatabase::create("accounts_store").await;
    let replica = Replica::open(&place, &clock(), 1).await;
    let mut pages = Box::pin(replica.directory().watch(0).await.expect("followed"));
    pages.next().await.expect("a page").expect("readable");
    assert!(pages.next().now_or_never().is_none());
    replica.platform.lifecycle.soft().cancel();
    let end = pages.next().await.expect("a word of farewell").expect_err("an end");
    assert_eq!(end.reason, Reason::Draining);
    assert!(pages.next().await.is_none());
}
