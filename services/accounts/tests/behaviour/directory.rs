//! The directory: everything, in order, then every change; nothing missed across restarts.

use std::collections::BTreeMap;

use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::status::reason_of;
use futures::future::join_all;
use tonic::Streaming;

use super::house::{House, change, new_agent, refused};

/// A follower as dispatch is one: it applies entries and remembers the last version.
struct Follower {
    stream: Streaming<proto::WatchDirectoryResponse>,
    version: i64,
    /// Latest entry of each id.
    known: BTreeMap<String, Entry>,
    pages: usize,
}

impl Follower {
    async fn at(house: &mut House, version: i64) -> Self {
        let request = proto::WatchDirectoryRequest { after_version: version };
        let stream = house.directory.watch_directory(request).await.expect("followed").into_inner();
        Self { stream, version, known: BTreeMap::new(), pages: 0 }
    }

    /// Applies the next page and says whether it was the last there was.
    async fn page(&mut self) -> bool {
        let page = self.stream.message().await.expect("the stream goes on").expect("the stream has no end");
        assert!(page.entries.len() <= 500, "a page is bounded");
        for entry in page.entries {
            assert!(entry.version > self.version, "versions only grow");
            self.version = entry.version;
            let what = entry.entry.expect("an entry is a shop or an account");
            let id = match &what {
                Entry::Shop(shop) => shop.shop_id.clone(),
                Entry::SubAccount(account) => account.agent_id.clone(),
            };
            self.known.insert(id, what);
        }
        self.pages += 1;
        page.caught_up
    }

    async fn catch_up(&mut self) {
        while !self.page().await {}
    }

    /// Follows until so many shops and accounts are known.
    async fn until(&mut self, known: usize) {
        while self.known.len() < known {
            self.page().await;
        }
    }
}

#[tokio::test]
async fn an_empty_directory_says_so_at_once() {
    let mut house = House::open().await;
    let mut follower = Follower::at(&mut house, 0).await;
    assert!(follower.page().await);
    assert_eq!(follower.known.len(), 0);
}

#[tokio::test]
async fn a_follower_sees_everything_there_is_and_then_each_change() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let mut follower = Follower::at(&mut house, 0).await;
    follower.catch_up().await;
    assert_eq!(follower.known.get(&shop.shop_id), Some(&Entry::Shop(shop.clone())));
    assert_eq!(follower.known.len(), 2, "the shop and its main account");
    let agent = house.agent(&shop, "ann").await;
    follower.page().await;
    assert_eq!(follower.known.get(&agent.agent_id), Some(&Entry::SubAccount(agent.clone())));
    let wanted = proto::SubAccount { capacity: 7, ..agent.clone() };
    let changed = house.accounts.update_sub_account(change(&wanted, &["capacity"])).await.expect("changed");
    follower.page().await;
    let changed = changed.into_inner().sub_account.expect("the account");
    assert_eq!(follower.known.get(&agent.agent_id), Some(&Entry::SubAccount(changed)));
}

#[tokio::test]
async fn a_follower_that_resumes_gets_exactly_what_it_missed() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let ann = house.agent(&shop, "ann").await;
    let mut follower = Follower::at(&mut house, 0).await;
    follower.catch_up().await;
    let version = follower.version;
    drop(follower);
    let bob = house.agent(&shop, "bob").await;
    let lowered = proto::SubAccount { capacity: 9, ..ann.clone() };
    house.accounts.update_sub_account(change(&lowered, &["capacity"])).await.expect("changed");
    let mut house = house.restart().await;
    let mut follower = Follower::at(&mut house, version).await;
    follower.catch_up().await;
    assert_eq!(follower.known.keys().collect::<Vec<_>>(), [&ann.agent_id, &bob.agent_id]);
    let mut follower = Follower::at(&mut house, follower.version).await;
    assert!(follower.page().await, "nothing is new, and it says so");
    assert_eq!(follower.known.len(), 0);
}

#[tokio::test]
async fn a_refused_change_is_never_seen() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let mut follower = Follower::at(&mut house, 0).await;
    follower.catch_up().await;
    let version = follower.version;
    refused(house.accounts.create_sub_account(new_agent(&shop, "owner")).await, Reason::LoginNameTaken);
    let agent = house.agent(&shop, "ann").await;
    follower.page().await;
    assert_eq!(follower.version, version + 1, "the refused change used no version up");
    assert!(follower.known.contains_key(&agent.agent_id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_miss_nothing_while_many_write_at_once() {
    const WRITERS: usize = 8;
    const EACH: usize = 80;
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let mut follower = Follower::at(&mut house, 0).await;
    let writers = (0..WRITERS).map(|writer| {
        let (mut accounts, shop) = (house.accounts.clone(), shop.clone());
        tokio::spawn(async move {
            for index in 0..EACH {
                let request = new_agent(&shop, &format!("agent {writer}/{index}"));
                accounts.create_sub_account(request).await.expect("created");
            }
        })
    });
    let writers = tokio::spawn(join_all(writers.collect::<Vec<_>>()));
    follower.until(2 + WRITERS * EACH).await;
    assert!(writers.await.expect("writers end").into_iter().all(|end| end.is_ok()));
    // One who comes later needs more than one page, and learns the same.
    let mut late = Follower::at(&mut house, 0).await;
    late.catch_up().await;
    assert_eq!(late.pages, 2);
    assert_eq!(late.known, follower.known);
    assert_eq!(late.version, follower.version);
}

#[tokio::test]
async fn streams_end_with_draining_when_the_server_does() {
    let mut house = House::open().await;
    house.shop("owner").await;
    let mut follower = Follower::at(&mut house, 0).await;
    follower.catch_up().await;
    house.drain();
    let status = follower.stream.message().await.expect_err("the stream ends with a reason");
    assert_eq!(reason_of(&status), Some(Reason::Draining));
    assert_eq!(status.code(), tonic::Code::Unavailable);
}

#[tokio::test]
async fn a_version_the_directory_never_had_is_refused() {
    let mut house = House::open().await;
    house.shop("owner").await;
    let ahead = proto::WatchDirectoryRequest { after_version: 1_000 };
    refused(house.directory.watch_directory(ahead).await, Reason::HistoryRewound);
    let negative = proto::WatchDirectoryRequest { after_version: -1 };
    refused(house.directory.watch_directory(negative).await, Reason::InvalidRequest);
}
