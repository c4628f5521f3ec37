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
use fenliu_proto::common::v1::{Content, Presence};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::history::v1::{CloseActor, Stage};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::clients::Clients;
use crate::program::Server;

pub mod request;

use request::{Answer, Request, Verdict};

/// The channel all buyers come by.
pub const CHANNEL: &str = "web";
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
        Ok(Self { shops, held: Mutex::default() })
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
            let caller = Caller {
                house: house.clone(),
                clients: clients.clone(),
                gauge: gauge.clone(),
                chance: Chance::new(plan.seed, (plan.round * 1_000 + number) as u64),
                name: format!("{}-{}-{number}", plan.seed, plan.round),
                made: 0,
            };
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
        let so_far = self.gauge.acknowledged.load(Ordering::Relaxed);
        waited.with_context(|| format!("only {so_far} of {count} requests were acknowledged"))
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
    house: Arc<House>,
    clients: Clients,
    gauge: Arc<Gauge>,
    chance: Chance,
    name: String,
    made: usize,
}

impl Caller {
    async fn work(mut self) -> Vec<Record> {
        let mut records = Vec::new();
        while !self.gauge.stop.load(Ordering::Relaxed) {
            let Some(request) = self.next_request().await else { continue };
            self.gauge.in_flight.fetch_add(1, Ordering::Relaxed);
            let verdict = request.send(&mut self.clients).await;
            self.gauge.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.learn(&request, &verdict);
            records.push(Record { request, verdict });
        }
        records
    }

    /// What to ask next; `None` after something that changes nothing.
    async fn next_request(&mut self) -> Option<Request> {
        let shop = self.chance.of(&self.house.shops).cloned()?;
        match self.chance.below(100) {
            0..55 => Some(self.message(&shop)),
            55..77 => self.reply(),
            77..92 => self.close(),
            92..94 => self.transfer(&shop),
            94 => Some(self.presence(&shop)),
            95 => Some(self.capacity(&shop)),
            96..98 => self.beat(&shop).await,
            _ => self.look(&shop).await,
        }
    }

    fn request_id(&mut self) -> String {
        self.made += 1;
        format!("{}-{}", self.name, self.made)
    }

    fn message(&mut self, shop: &Shop) -> Request {
        let request_id = self.request_id();
        let buyer = match self.chance.below(12) {
            0 => format!("passer-by {request_id}"),
            _ => format!("buyer {}", self.chance.below(BUYERS)),
        };
        Request::Receive(proto::ReceiveMessageRequest {
            shop_id: shop.id.clone(),
            buyer_id: buyer,
            channel: CHANNEL.to_owned(),
            external_message_id: format!("ext {request_id}"),
            content: Some(text(format!("question {request_id}"))),
            request_id,
            ..proto::ReceiveMessageRequest::default()
        })
    }

    fn any_held(&mut self) -> Option<Held> {
        let held = self.house.held();
        self.chance.of(&held).cloned()
    }

    fn reply(&mut self) -> Option<Request> {
        let Held { shop: shop_id, conversation: conversation_id, agent: agent_id } = self.any_held()?;
        let request_id = self.request_id();
        let content = Some(text(format!("answer {request_id}")));
        let reply = proto::ReplyRequest {
            request_id,
            shop_id,
            conversation_id,
            agent_id,
            content,
            ..Default::default()
        };
        Some(Request::Reply(reply))
    }

    fn close(&mut self) -> Option<Request> {
        let Held { shop: shop_id, conversation: conversation_id, agent: agent_id } = self.any_held()?;
        self.house.forget(&conversation_id);
        Some(Request::Close(proto::CloseConversationRequest {
            request_id: self.request_id(),
            shop_id,
            conversation_id,
            by: CloseActor::Agent.into(),
            agent_id,
            force: true,
        }))
    }

    fn transfer(&mut self, shop: &Shop) -> Option<Request> {
        let held = self.any_held().filter(|held| held.shop == shop.id)?;
        let to = self.chance.of(&shop.agents)?.clone();
        Some(Request::Transfer(proto::TransferConversationRequest {
            request_id: self.request_id(),
            shop_id: held.shop,
            conversation_id: held.conversation,
            from_agent_id: held.agent,
            target: Some(proto::transfer_conversation_request::Target::ToAgentId(to)),
            note: "please go on".to_owned(),
        }))
    }

    fn presence(&mut self, shop: &Shop) -> Request {
        let presence = match self.chance.below(10) {
            0 => Presence::Busy,
            1 => Presence::OnBreak,
            2 => Presence::Offline,
            _ => Presence::Online,
        };
        Request::Presence(proto::SetPresenceRequest {
            request_id: self.request_id(),
            shop_id: shop.id.clone(),
            agent_id: self.chance.of(&shop.agents).cloned().unwrap_or_default(),
            presence: presence.into(),
            force: true,
        })
    }

    fn capacity(&mut self, shop: &Shop) -> Request {
        let less = i32::try_from(self.chance.below(4)).unwrap_or(0);
        Request::Capacity(proto::SetCapacityRequest {
            request_id: self.request_id(),
            shop_id: shop.id.clone(),
            agent_id: self.chance.of(&shop.agents).cloned().unwrap_or_default(),
            capacity: CAPACITY - less,
        })
    }

    async fn beat(&mut self, shop: &Shop) -> Option<Request> {
        let beat = proto::HeartbeatRequest {
            shop_id: shop.id.clone(),
            agent_id: self.chance.of(&shop.agents).cloned()?,
            session_id: "console".to_owned(),
        };
        // A beat that is lost is followed by others.
        self.clients.presence.heartbeat(beat).await.ok();
        None
    }

    /// Learns who holds what, as a console does that was just opened.
    async fn look(&mut self, shop: &Shop) -> Option<Request> {
        let list = proto::ListConversationsRequest {
            shop_id: shop.id.clone(),
            stages: vec![Stage::Assigned.into()],
            page_size: 100,
            ..proto::ListConversationsRequest::default()
        };
        let found = self.clients.conversations.list_conversations(list).await.ok()?.into_inner();
        for conversation in found.conversations {
            self.house.forget(&conversation.conversation_id);
            let proto::Conversation { shop_id: shop, conversation_id: conversation, agent_id: agent, .. } =
                conversation;
            self.house.remember(&mut self.chance, Held { shop, conversation, agent });
        }
        None
    }

    fn learn(&mut self, request: &Request, verdict: &Verdict) {
        match (request, verdict) {
            (_, Verdict::Acknowledged(answer)) => {
                self.gauge.acknowledged.fetch_add(1, Ordering::Relaxed);
                self.gauge.news.notify_one();
                if let Answer::Message { conversation, disposition, .. } = answer
                    && !disposition.agent_id.is_empty()
                {
                    self.house.forget(conversation);
                    let agent = disposition.agent_id.clone();
                    let held =
                        Held { shop: request.shop().to_owned(), conversation: conversation.clone(), agent };
                    self.house.remember(&mut self.chance, held);
                }
            }
            (Request::Reply(reply), Verdict::Refused(_)) => self.house.forget(&reply.conversation_id),
            (Request::Transfer(transfer), _) => self.house.forget(&transfer.conversation_id),
            _ => {}
        }
    }
}

fn text(text: String) -> Content {
    Content { text, ..Content::default() }
}
