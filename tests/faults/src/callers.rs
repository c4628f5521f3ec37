//! Callers: gateways and consoles that send what they ask for once or several times, to either replica.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use fenliu_proto::common::v1::{Content, Presence};
use fenliu_proto::dispatch::v1 as proto;
use fenliu_tests::chance::Chance;
use fenliu_tests::clients::Clients;
use fenliu_tests::load::author::{Author, CHANNEL, Step};
use fenliu_tests::load::request::{Request, Verdict};
use futures::future::join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::task::JoinSet;

use crate::clock;
use crate::ledger::{Operation, Sent};
use crate::stage::{REPLICAS, Stage};

/// Callers at once.
const CALLERS: usize = 10;
/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// What a caller does between two steps takes up to so many milliseconds.
const PAUSE_MS: usize = 40;
/// Of a hundred requests, how many are sent twice or three times, and how many old ones are sent again.
const COPIED: usize = 15;
const REPEATED: usize = 5;
/// Somebody who gives up does so within so many milliseconds.
const GIVEN_UP_MS: usize = 25;
/// How often whoever asks until there is an answer asks again, and how soon.
const PERSISTENCE: usize = 40;
const PERSIST_INTERVAL: Duration = Duration::from_millis(50);
/// How many of the operations that were left open are settled at a time.
const SETTLED_AT_ONCE: usize = 16;
/// How long everybody may take to come.
const OPENING_LIMIT: Duration = Duration::from_secs(60);

/// Brings everybody online, as soon as the replicas know them.
pub(crate) async fn open(stage: &Arc<Stage>) -> anyhow::Result<()> {
    let clients = stage.clients(0)?;
    for shop in &stage.house.shops {
        for agent in &shop.agents {
            let request = Request::Presence(proto::SetPresenceRequest {
                request_id: format!("open {agent}"),
                shop_id: shop.id.clone(),
                agent_id: agent.clone(),
                presence: Presence::Online.into(),
                force: true,
            });
            // Until the directory has been followed, nobody is known.
            let come = async || matches!(request.send(&mut clients.clone()).await, Verdict::Acknowledged(_));
            clock::wait_for(OPENING_LIMIT, "the replicas know their shops", come).await?;
        }
    }
    Ok(())
}

/// Lets the callers begin; they end when they are told to stop.
pub(crate) fn start(stage: &Arc<Stage>) -> anyhow::Result<JoinSet<()>> {
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let clients = (0..REPLICAS).map(|replica| stage.clients(replica)).collect::<Result<_, _>>()?;
        let chance = Chance::new(stage.seed, number as u64);
        let name = format!("{}-{number}", stage.seed);
        let author = Author::new(stage.house.clone(), chance, name);
        let own = Some(number % (REPLICAS + 1)).filter(|replica| *replica < REPLICAS);
        callers.spawn(Caller { stage: stage.clone(), author, clients, own }.work());
    }
    Ok(callers)
}

struct Caller {
    stage: Arc<Stage>,
    author: Author,
    clients: Vec<Clients>,
    /// The replica it always asks first, if it has one: whoever asks either is kept waiting by the one that says nothing.
    own: Option<usize>,
}

impl Caller {
    async fn work(mut self) {
        let stage = self.stage.clone();
        while !stage.dials.stop.is_on() {
            match self.author.next_step() {
                Some(Step::Ask(request)) => self.ask(*request).await,
                Some(Step::Beat(_)) if stage.dials.silence.is_on() => {}
                Some(step) => self.look(step).await,
                None => {}
            }
            if self.author.chance().below(100) < REPEATED || stage.dials.repeat.take() {
                self.repeat().await;
            }
            let pause = self.author.chance().below(PAUSE_MS) as u64;
            clock::pass(Duration::from_millis(pause)).await;
        }
    }

    /// Sends a request, to one replica or to both at once.
    async fn ask(&mut self, request: Request) {
        let copies = match self.author.chance().below(100) {
            _ if self.stage.dials.copy.take() => 3,
            drawn if drawn < COPIED => 2 + drawn % 2,
            _ => 1,
        };
        let persists = self.stage.dials.persist.take();
        let first = self.replica();
        let limits: Vec<_> = (0..copies).map(|_| self.limit()).collect();
        let sends = limits.into_iter().enumerate().map(|(copy, limit)| {
            let replica = (first + copy) % REPLICAS;
            send(&self.stage, replica, self.clients[replica].clone(), &request, limit)
        });
        let mut sends = join_all(sends).await;
        if persists {
            self.persist(&request, &mut sends).await;
        }
        let told = sends.iter().find(|sent| sent.is_ok()).or(sends.first());
        if let Some(told) = told {
            self.author.learn(&request, &told.verdict);
        }
        self.stage.ledger.add(Operation { request, sends });
    }

    /// Asks again, each time elsewhere, until there is an answer.
    async fn persist(&mut self, request: &Request, sends: &mut Vec<Sent>) {
        let open = |sent: &Sent| matches!(sent.verdict, Verdict::Unknown(_));
        for _ in 0..PERSISTENCE {
            let Some(last) = sends.last().filter(|_| sends.iter().all(open)) else { return };
            let elsewhere = (last.replica + 1) % REPLICAS;
            clock::pass(PERSIST_INTERVAL).await;
            sends.push(send(&self.stage, elsewhere, self.clients[elsewhere].clone(), request, None).await);
        }
    }

    fn replica(&mut self) -> usize {
        let drawn = self.author.chance().below(REPLICAS);
        self.own.unwrap_or(drawn)
    }

    /// How long it waits this time; not at all where nobody gives up.
    fn limit(&mut self) -> Option<Duration> {
        let drawn = self.author.chance().below(GIVEN_UP_MS * 1_000) as u64;
        self.stage.dials.give_up.take().then(|| Duration::from_micros(drawn))
    }

    /// Sends an old request again.
    async fn repeat(&mut self) {
        let number = self.author.chance().below(self.stage.ledger.len());
        let Some(request) = self.stage.ledger.request(number) else { return };
        let replica = self.replica();
        let limit = self.limit();
        let sent = send(&self.stage, replica, self.clients[replica].clone(), &request, limit).await;
        self.stage.ledger.sent_again(number, sent);
    }

    async fn look(&mut self, step: Step) {
        let replica = self.replica();
        let mut clients = self.clients[replica].clone();
        // Whoever waits in vain asks again some other time.
        let _ = tokio::time::timeout(PATIENCE, self.author.look(step, &mut clients)).await;
    }
}

/// Sends a request once; one that is given up is dropped in the middle of whatever it does.
async fn send(
    stage: &Stage,
    replica: usize,
    mut clients: Clients,
    request: &Request,
    given_up_after: Option<Duration>,
) -> Sent {
    let began = stage.now();
    let answered = request.send_within(&mut clients, PATIENCE);
    let given_up = || Verdict::Unknown("given up".to_owned());
    let verdict = match given_up_after {
        Some(limit) => tokio::time::timeout(limit, answered).await.unwrap_or_else(|_| given_up()),
        None => answered.await,
    };
    Sent { replica, began, ended: stage.now(), verdict }
}

/// Everybody's console is heard of at once.
pub(crate) async fn beat_all(stage: &Arc<Stage>) -> anyhow::Result<()> {
    let clients = stage.clients(0)?;
    let agents = stage.house.shops.iter().flat_map(|shop| shop.agents.iter().map(move |agent| (shop, agent)));
    let beats = agents.map(|(shop, agent)| {
        let mut clients = clients.clone();
        let beat = proto::HeartbeatRequest {
            shop_id: shop.id.clone(),
            agent_id: agent.clone(),
            session_id: "console".to_owned(),
        };
        // What is lost is followed by others.
        async move { clients.presence.heartbeat(beat).await.is_ok() }
    });
    let heard = join_all(beats).await.into_iter().filter(|heard| *heard).count();
    anyhow::ensure!(heard > 0, "nobody is heard of");
    Ok(())
}

/// Asks a replica for something at every shop until it has answered; how long that took.
pub(crate) async fn probe(stage: &Arc<Stage>, replica: usize, limit: Duration) -> anyhow::Result<Duration> {
    let began = stage.now();
    let clients = stage.clients(replica)?;
    let answers = stage.house.shops.iter().map(|shop| {
        let request_id = format!("probe {replica} {} {}", began.as_micros(), shop.id);
        let request = Request::Receive(proto::ReceiveMessageRequest {
            shop_id: shop.id.clone(),
            buyer_id: format!("probe {replica}"),
            channel: CHANNEL.to_owned(),
            external_message_id: request_id.clone(),
            content: Some(Content { text: request_id.clone(), ..Content::default() }),
            request_id,
            ..proto::ReceiveMessageRequest::default()
        });
        let clients = clients.clone();
        async move {
            let mut sends = Vec::new();
            let answered = clock::wait_for(limit, "every shop is answered", async || {
                sends.push(send(stage, replica, clients.clone(), &request, None).await);
                sends.last().is_some_and(Sent::is_ok)
            })
            .await;
            let last = sends.last().map(|sent| sent.verdict.clone());
            stage.ledger.add(Operation { request, sends });
            answered.with_context(|| format!("replica {}: {last:?}", replica + 1))
        }
    });
    join_all(answers).await.into_iter().collect::<anyhow::Result<Vec<()>>>()?;
    Ok(stage.now().saturating_sub(began))
}

/// Sends everything of which nobody knows whether it has had its effect until that is known, some of it at a time: after a
/// long run it is tens of thousands.
pub(crate) async fn settle(stage: &Arc<Stage>, limit: Duration) -> anyhow::Result<usize> {
    let unknown = stage.ledger.unknown();
    let clients = (0..REPLICAS).map(|replica| stage.clients(replica)).collect::<Result<Vec<_>, _>>()?;
    let clients = &clients;
    let again = |number: usize| async move {
        let Some(request) = stage.ledger.request(number) else { return Ok(()) };
        let replica = number % REPLICAS;
        clock::wait_for(limit, "what was left open is answered", async || {
            let sent = send(stage, replica, clients[replica].clone(), &request, None).await;
            let settled = !matches!(sent.verdict, Verdict::Unknown(_));
            stage.ledger.sent_again(number, sent);
            settled
        })
        .await
        .with_context(|| format!("{request:?}"))
    };
    let settled = stream::iter(unknown.iter().copied().map(again)).buffer_unordered(SETTLED_AT_ONCE);
    settled.try_collect::<()>().await?;
    Ok(unknown.len())
}
