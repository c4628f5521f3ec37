//! The directory: everything, in order, then every change; nothing missed across restarts.

use std::collections::BTreeMap;

use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::directory_entry::Entry;
use fenliu_proto::status::reason_of;
use futures::future::join_all;
use tonic::Streaming;

use super::house::{House, change, change_terms, new_agent, refused};

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
            let what = entry.entry.expect("an entry is a shop or an agent");
            let id = match &what {
                Entry::Shop(shop) => shop.shop_id.clone(),
                Entry::Agent(agent) => format!("{} of {}", agent.agent_id, agent.shop_id),
            };
            self.known.insert(id, what);
        }
        self.pages += 1;
        page.caught_up
    }

    async fn catch_up(&mut self) {
        while !self.page().await {}
    }

    /// What is known of an agent in a shop.
    fn agent(&self, shop: &proto::Shop, agent: &proto::SubAccount) -> Option<&proto::DirectoryAgent> {
        match self.known.get(&format!("{} of {}", agent.agent_id, shop.shop_id)) {
            Some(Entry::Agent(agent)) => Some(agent),
            _ => None,
        }
    }

    /// Follows until something holds of an agent.
    async fn until_agent(
        &mut self,
        (shop, agent): (&proto::Shop, &proto::SubAccount),
        holds: impl Fn(&proto::DirectoryAgent) -> bool,
    ) {
        while !self.agent(shop, agent).is_some_and(&holds) {
            self.page().await;
        }
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
    follower.until_agent((&shop, &agent), |told| told.enabled && told.capacity == 200).await;
    let told = follower.agent(&shop, &agent).expect("she is known");
    let ceiling = (told.capacity_ceiling, told.weight, told.main_account);
    assert_eq!((told.display_name.as_str(), ceiling), ("ann", (10_000, 1, false)));
    assert_eq!(
        (&told.sanction, &told.duty),
        (&None, &None),
        "nothing is said against her, and no roster kept"
    );
    let terms = proto::BindingTerms {
        capacity: Some(7),
        capacity_ceiling: Some(20),
        weight: Some(3),
        groups: vec!["VIP".into()],
        ..Default::default()
    };
    let bound = house.binding(&shop, &agent).await;
    let paths = ["capacity", "capacity_ceiling", "weight", "groups"];
    house.bindings.update_binding(change_terms(&bound, terms, &paths)).await.expect("changed");
    follower.until_agent((&shop, &agent), |told| told.capacity == 7).await;
    let told = follower.agent(&shop, &agent).expect("she is known");
    assert_eq!(
        (told.capacity_ceiling, told.weight, told.groups.as_slice()),
        (20, 3, &["VIP".to_owned()][..])
    );
}

#[tokio::test]
async fn who_is_renamed_disabled_unbound_or_deleted_is_told_of_wherever_they_work() {
    let mut house = House::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let agent = house.agent(&home, "ann").await;
    house.bind(&agent, &other, proto::BindingTerms::default()).await.expect("bound");
    let mut follower = Follower::at(&mut house, 0).await;
    let renamed = proto::SubAccount { display_name: "安娜".into(), ..agent.clone() };
    house.accounts.update_sub_account(change(&renamed, &["display_name"])).await.expect("renamed");
    for shop in [&home, &other] {
        follower.until_agent((shop, &agent), |told| told.display_name == "安娜" && told.enabled).await;
    }
    house.disable(&agent).await;
    for shop in [&home, &other] {
        follower.until_agent((shop, &agent), |told| !told.enabled).await;
    }
    house.enable(&agent).await;
    for shop in [&home, &other] {
        follower.until_agent((shop, &agent), |told| told.enabled).await;
    }
    house.unbind(&other, &agent, true).await.expect("unbound");
    follower.until_agent((&other, &agent), |told| !told.enabled).await;
    assert!(follower.agent(&home, &agent).is_some_and(|told| told.enabled), "her home keeps her");
    house.delete(&agent, true).await.expect("deleted");
    follower.until_agent((&home, &agent), |told| !told.enabled).await;
    // Who follows from the beginning hears of them, too: a desk may still know them.
    let mut late = Follower::at(&mut house, 0).await;
    late.catch_up().await;
    assert_eq!(late.known, follower.known);
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
    let renamed = proto::SubAccount { display_name: "Anna".into(), ..ann.clone() };
    house.accounts.update_sub_account(change(&renamed, &["display_name"])).await.expect("changed");
    let mut house = house.restart().await;
    let mut follower = Follower::at(&mut house, version).await;
    follower.catch_up().await;
    assert_eq!(follower.known.len(), 2);
    assert!([&ann, &bob].iter().all(|agent| follower.agent(&shop, agent).is_some()));
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
    follower.until_agent((&shop, &agent), |_| true).await;
    assert_eq!(
        follower.version,
        version + 2,
        "the account and its binding; the refused change used no version up"
    );
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
