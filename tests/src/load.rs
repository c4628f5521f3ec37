//! Many callers at once, and what each was told.
//!
//! A [`House`] is the shops, agents and buyers of a story. A [`Load`] is callers who do what gateways and consoles
//! do, as fast as they are answered, and write a [`Record`] of every request that changes something: what they asked
//! and whether it was acknowledged, refused, or left open.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use fenliu_proto::accounts::v1::{BindingTerms, CreateShopRequest, CreateSubAccountRequest};
use fenliu_proto::common::v1::Presence;
use fenliu_proto::dispatch::v1 as proto;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::clients::Clients;
use crate::program::Server;

pub mod author;
pub mod request;

use author::{Author, Step};
use request::{Request, Verdict};

/// Shops of a house.
const SHOPS: usize = 3;
/// Agents of a shop, besides the main account, who stays away.
const AGENTS: usize = 6;
/// Conversations an agent may hold: fewer than there are buyers, so that there is a queue.
const CAPACITY: i32 = 8;
/// Buyers of a shop who come again and again.
const BUYERS: usize = 70;
/// Callers that share a connection.
const CALLERS_PER_CONNECTION: usize = 24;
/// Most conversations whose agent the callers remember.
const MAX_HELD: usize = 512;
/// How long the acknowledgements of a round may take.
const ROUND_LIMIT: Duration = Duration::from_secs(180);

/// A shop of the story.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Its id.
    pub id: String,
    /// Its agents.
    pub agents: Vec<String>,
}

/// Who holds a conversation, by the last answer that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    shop: String,
    conversation: String,
    agent: String,
}

/// The shops of a story, and what its callers know of them.
#[derive(Debug)]
pub struct House {
    /// The shops.
    pub shops: Vec<Shop>,
    /// Most conversations an agent may be set to hold.
    pub capacity: i32,
    /// Buyers of a shop who come again and again.
    pub buyers: usize,
    held: Mutex<Vec<Held>>,
}

impl House {
    /// Creates the shops and their agents, who all go online.
    ///
    /// # Errors
    /// When a request is refused.
    pub async fn furnish(clients: &mut Clients) -> anyhow::Result<Self> {
        let mut shops = Vec::new();
        for number in 0..SHOPS {
            let created = clients.shops.create_shop(CreateShopRequest {
                display_name: format!("Shop {number}"),
                main_account_login_name: format!("owner-{number}"),
                ..CreateShopRequest::default()
            });
            let id = created.await?.into_inner().shop.context("no shop")?.shop_id;
            let mut agents = Vec::new();
            for agent in 0..AGENTS {
                agents.push(hire(clients, &id, &format!("agent-{number}-{agent}")).await?);
            }
            shops.push(Shop { id, agents });
        }
        Ok(Self::of(shops, CAPACITY, BUYERS))
    }

    /// A house of shops that are there already.
    #[must_use]
    pub fn of(shops: Vec<Shop>, capacity: i32, buyers: usize) -> Self {
        Self { shops, capacity, buyers, held: Mutex::default() }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, chance: &mut Chance, held: Held) {
        let mut all = self.held();
        if all.len() < MAX_HELD {
            all.push(held);
        } else {
            let place = chance.below(MAX_HELD);
            all[place] = held;
        }
    }

    fn forget(&self, conversation: &str) {
        self.held().retain(|held| held.conversation != conversation);
    }
}

async fn hire(clients: &mut Clients, shop: &str, login_name: &str) -> anyhow::Result<String> {
    let created = clients.accounts.create_sub_account(CreateSubAccountRequest {
        shop_id: shop.to_owned(),
        login_name: login_name.to_owned(),
        terms: Some(BindingTerms { capacity: Some(CAPACITY), ..BindingTerms::default() }),
        ..CreateSubAccountRequest::default()
    });
    let agent = created.await?.into_inner().sub_account.context("no account")?.agent_id;
    let online = || proto::SetPresenceRequest {
        shop_id: shop.to_owned(),
        agent_id: agent.clone(),
        presence: Presence::Online.into(),
        ..proto::SetPresenceRequest::default()
    };
    // Dispatch hears of a new agent from the directory; until then it knows none.
    let known = async { while clients.presence.set_presence(online()).await.is_err() {} };
    tokio::time::timeout(ROUND_LIMIT, known).await.context("the directory's news do not come")?;
    Ok(agent)
}

/// What a caller asked for and was told.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it asked for.
    pub request: Request,
    /// What it was told.
    pub verdict: Verdict,
}

#[derive(Debug, Default)]
struct Gauge {
    stop: AtomicBool,
    in_flight: AtomicUsize,
    acknowledged: AtomicUsize,
    news: Notify,
}

/// Callers at work.
#[derive(Debug)]
pub struct Load {
    gauge: Arc<Gauge>,
    callers: JoinSet<Vec<Record>>,
}

/// What a load is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The story's seed.
    pub seed: u64,
    /// Its round, which keeps request ids apart.
    pub round: usize,
    /// Callers at once.
    pub callers: usize,
}

impl Load {
    /// Lets the callers begin.
    ///
    /// # Errors
    /// Never, as long as addresses are URIs.
    pub fn start(house: &Arc<House>, server: &Server, plan: Plan) -> anyhow::Result<Self> {
        let gauge = Arc::new(Gauge::default());
        let mut callers = JoinSet::new();
        let mut clients = Clients::new(&server.connect()?);
        for number in 0..plan.callers {
            if number % CALLERS_PER_CONNECTION == 0 {
                clients = Clients::new(&server.connect()?);
            }
            let chance = Chance::new(plan.seed, (plan.round * 1_000 + number) as u64);
            let name = format!("{}-{}-{number}", plan.seed, plan.round);
            let author = Author::new(house.clone(), chance, name);
            let caller = Caller { author, clients: clients.clone(), gauge: gauge.clone() };
            callers.spawn(caller.work());
        }
        Ok(Self { gauge, callers })
    }

    /// Waits until so many requests that changed something have been acknowledged.
    ///
    /// # Errors
    /// When that takes longer than three minutes.
    pub async fn acknowledged(&self, count: usize) -> anyhow::Result<()> {
        let enough = async {
            while self.gauge.acknowledged.load(Ordering::Relaxed) < count {
                self.gauge.news.notified().await;
            }
        };
        let waited = tokio::time::timeout(ROUND_LIMIT, enough).await;
        let so_far = self.count();
        waited.with_context(|| format!("only {so_far} of {count} requests were acknowledged"))
    }

    /// How many requests that changed something have been acknowledged.
    #[must_use]
    pub fn count(&self) -> usize {
        self.gauge.acknowledged.load(Ordering::Relaxed)
    }

    /// Requests under way at this moment.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.gauge.in_flight.load(Ordering::Relaxed)
    }

    /// Ends the callers' work and collects what they wrote down.
    ///
    /// # Errors
    /// When a caller panicked.
    pub async fn stop(mut self) -> anyhow::Result<Vec<Record>> {
        self.gauge.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        while let Some(records) = self.callers.join_next().await {
            all.extend(records?);
        }
        Ok(all)
    }
}

struct Caller {
    author: Author,
    clients: Clients,
    gauge: Arc<Gauge>,
}

impl Caller {
    async fn work(mut self) -> Vec<Record> {
        let mut records = Vec::new();
        while !self.gauge.stop.load(Ordering::Relaxed) {
            let request = match self.author.next_step() {
                Some(Step::Ask(request)) => *request,
                Some(step) => {
                    self.author.look(step, &mut self.clients).await;
                    continue;
                }
                None => continue,
            };
            self.gauge.in_flight.fetch_add(1, Ordering::Relaxed);
            let verdict = request.send(&mut self.clients).await;
            self.gauge.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.author.learn(&request, &verdict);
            if matches!(verdict, Verdict::Acknowledged(_)) {
                self.gauge.acknowledged.fetch_add(1, Ordering::Relaxed);
                self.gauge.news.notify_one();
            }
            records.push(Record { request, verdict });
        }
        records
    }
}
