//! Where the story is played: a real fenliu on a virtual clock, over gRPC, one call at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::event::{Event, Payload};
use fenliu_domain::ids::{AgentId, ConversationId};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::{LiftSanctionRequest, ListSanctionsRequest, MuteAgentRequest};
use fenliu_proto::common::v1::{self as common, Content, MessageKind};
use fenliu_proto::dispatch::v1::conversation_service_client::ConversationServiceClient;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::queue_service_client::QueueServiceClient;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_proto::dispatch::v1::{
    Agent, Availability, CloseConversationRequest, FollowEventsRequest, FollowEventsResponse,
    GetAgentRequest, GetQueueRequest, HeartbeatRequest, LeaveQueueRequest, ListAgentsRequest, Queue,
    ReceiveMessageRequest, ReplyRequest, SetPresenceRequest,
};
use fenliu_proto::event::from_proto;
use fenliu_proto::history::v1::CloseActor;
use fenliu_runtime::channel::Outgoing;
use fenliu_runtime::clock::{Clock, VirtualClock};
use tonic::Streaming;

use super::cast::{CHANNEL, STAFF, leader_of};
use super::passes::{Opened, Passes, open};
use super::story::Act;
use crate::embedded::Embedded;
use crate::target::{asking, refused};

/// The device every console of the demo says it is.
const DEVICE: &str = "console";
/// How long, by the wall, something that was acknowledged may take to be seen.
const SEEN_LIMIT: Duration = Duration::from_secs(10);
/// How long, by the wall, between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How far the virtual clock moves between two looks, so that whoever waits to try again does.
const LOOK_STEP: Span = Span::from_millis(50);
/// Accounts of the shop: the staff and the main account.
const ACCOUNTS: usize = STAFF.len() + 1;

/// A shop at a real fenliu, at which everybody acts with their own token.
#[derive(Debug)]
pub struct Stage {
    /// Looks on with a token of the platform, and does nothing.
    channel: Outgoing,
    passes: Passes,
    clock: VirtualClock,
    shop: String,
    agents: Vec<AgentId>,
    history: Streaming<FollowEventsResponse>,
    /// The desk's last event that was seen.
    seen: u64,
    /// Its place in the whole history.
    position: i64,
}

/// The board at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The staff, in the order of the cast.
    pub agents: Vec<Agent>,
    /// Who waits.
    pub queue: Queue,
}

impl Stage {
    /// Creates the shop and its staff, and waits until the desk knows them.
    ///
    /// # Errors
    /// Refusals, and a desk that does not hear of its agents in time.
    pub async fn set_up(embedded: &Embedded, clock: &VirtualClock) -> anyhow::Result<Self> {
        let channel = embedded.channel();
        let Opened { shop, agents, passes } = open(&channel, &embedded.plain(), clock).await?;
        let request = FollowEventsRequest { after_position: 0, after_event_id: String::new() };
        let history =
            HistoryServiceClient::new(channel.clone()).follow_events(request).await.map_err(refused)?;
        let history = history.into_inner();
        let mut stage =
            Self { channel, passes, clock: clock.clone(), shop, agents, history, seen: 0, position: 0 };
        stage.wait_for_staff().await?;
        Ok(stage)
    }

    /// The shop's id.
    #[must_use]
    pub fn shop(&self) -> &str {
        &self.shop
    }

    /// Place in the whole history of the last event that was seen.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Which agent of the cast has this id; `None` for the main account.
    #[must_use]
    pub fn agent_of(&self, id: AgentId) -> Option<usize> {
        self.agents.iter().position(|agent| *agent == id)
    }

    /// A text with the agents' names for their ids.
    #[must_use]
    pub fn with_names(&self, text: &str) -> String {
        self.agents
            .iter()
            .zip(STAFF)
            .fold(text.to_owned(), |text, (id, part)| text.replace(&id.to_string(), part.name))
    }

    /// A channel whose calls are those of whoever leads the shift of this agent of the cast.
    ///
    /// # Errors
    /// Refusals.
    pub async fn leader_of(&mut self, agent: usize) -> anyhow::Result<Outgoing> {
        self.passes.agent(leader_of(agent)).await
    }

    /// Moves the clock.
    pub async fn advance(&self, to: Timestamp) {
        self.clock.advance_to(to).await;
    }

    /// Waits a little, by the wall and by the clock, for something that happens in the background.
    pub async fn linger(&self) {
        tokio::time::sleep(LOOK_AGAIN).await;
        self.clock.advance_to(self.clock.now() + LOOK_STEP).await;
    }

    /// Does what somebody does. Returns the conversation a question belongs to.
    ///
    /// # Errors
    /// Refusals.
    pub async fn perform(&mut self, act: Act) -> anyhow::Result<Option<ConversationId>> {
        match act {
            Act::Beat { agent } => self.beat(agent).await?,
            Act::SetPresence { agent, presence } => self.set_presence(agent, presence).await?,
            Act::Ask { buyer } => return self.ask(buyer).await.map(Some),
            Act::Reply { agent, conversation } => self.reply(agent, conversation).await?,
            Act::Close { conversation, agent } => self.close(conversation, agent).await?,
            Act::LeaveQueue { conversation } => self.leave_queue(conversation).await?,
            Act::Mute { agent } => self.mute(agent).await?,
            Act::LiftMute { agent } => self.lift_mute(agent).await?,
            Act::ShowBoard => {}
        }
        Ok(None)
    }

    /// Everything the desk has recorded since the last call, in order.
    ///
    /// # Errors
    /// When the history breaks off, or lacks what the desk has acknowledged.
    pub async fn news(&mut self) -> anyhow::Result<Vec<Event>> {
        let target = self.queue().await?.seq;
        let mut news = Vec::new();
        while self.seen < target {
            let next = tokio::time::timeout(SEEN_LIMIT, self.history.message()).await;
            let next = next.context("the history does not show what was acknowledged")?;
            let page = next.map_err(refused)?.context("the history ended")?;
            for stored in page.events {
                let event = from_proto(&stored.event.context("the history left out an event")?)?;
                self.seen = event.seq.0;
                self.position = stored.position;
                news.push(event);
            }
        }
        Ok(news)
    }

    /// The board as it is now.
    ///
    /// # Errors
    /// Refusals.
    pub async fn view(&self) -> anyhow::Result<View> {
        let queue = self.queue().await?;
        let all = self.accounts().await?;
        let of = |id: &AgentId| all.iter().find(|agent| agent.agent_id == id.to_string()).cloned();
        Ok(View { agents: self.agents.iter().filter_map(of).collect(), queue })
    }

    async fn wait_for_staff(&mut self) -> anyhow::Result<()> {
        let known = async {
            loop {
                match self.accounts().await {
                    Ok(accounts) if accounts.len() == ACCOUNTS => return,
                    // Until dispatch has heard of the shop, it refuses to show it.
                    Ok(_) | Err(_) => self.linger().await,
                }
            }
        };
        tokio::time::timeout(SEEN_LIMIT, known)
            .await
            .context("dispatch does not hear of the shop's staff")?;
        self.news().await?;
        Ok(())
    }

    /// Waits until the desk knows everybody's duty, once a roster is published.
    ///
    /// # Errors
    /// When it does not hear of it in time.
    pub async fn wait_for_duty(&mut self) -> anyhow::Result<()> {
        let mut told = BTreeSet::new();
        let known = async {
            while told.len() < ACCOUNTS {
                for event in self.news().await? {
                    if let Payload::AgentSynced { agent, entry } = &event.payload
                        && entry.duty.is_some()
                    {
                        told.insert(*agent);
                    }
                }
                self.linger().await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(SEEN_LIMIT, known).await.context("dispatch does not hear of the roster")?
    }

    async fn accounts(&self) -> anyhow::Result<Vec<Agent>> {
        let request = ListAgentsRequest { shop_id: self.shop.clone(), ..ListAgentsRequest::default() };
        let mut client = PresenceServiceClient::new(self.channel.clone());
        Ok(client.list_agents(asking(request)).await.map_err(refused)?.into_inner().agents)
    }

    async fn queue(&self) -> anyhow::Result<Queue> {
        let request = GetQueueRequest { shop_id: self.shop.clone() };
        let answer = QueueServiceClient::new(self.channel.clone()).get_queue(asking(request)).await;
        answer.map_err(refused)?.into_inner().queue.context("dispatch left out the queue")
    }

    async fn beat(&mut self, agent: usize) -> anyhow::Result<()> {
        let request = HeartbeatRequest {
            shop_id: self.shop.clone(),
            agent_id: self.agents[agent].to_string(),
            session_id: DEVICE.to_owned(),
        };
        let own = self.passes.agent(agent).await?;
        PresenceServiceClient::new(own).heartbeat(asking(request)).await.map_err(refused)?;
        Ok(())
    }

    async fn set_presence(&mut self, agent: usize, presence: Presence) -> anyhow::Result<()> {
        let presence = match presence {
            Presence::Online => common::Presence::Online,
            Presence::Busy => common::Presence::Busy,
            Presence::OnBreak => common::Presence::OnBreak,
            Presence::Offline => common::Presence::Offline,
        };
        let request = SetPresenceRequest {
            request_id: String::new(),
            shop_id: self.shop.clone(),
            agent_id: self.agents[agent].to_string(),
            presence: presence.into(),
            force: false,
        };
        let own = self.passes.agent(agent).await?;
        PresenceServiceClient::new(own).set_presence(asking(request)).await.map_err(refused)?;
        Ok(())
    }

    async fn ask(&self, buyer: usize) -> anyhow::Result<ConversationId> {
        let request = ReceiveMessageRequest {
            shop_id: self.shop.clone(),
            buyer_id: buyer_name(buyer),
            channel: CHANNEL.to_owned(),
            content: Some(text("在吗？")),
            ..ReceiveMessageRequest::default()
        };
        let mut client = ReceptionServiceClient::new(self.passes.buyers());
        let answer = client.receive_message(asking(request)).await.map_err(refused)?.into_inner();
        Ok(answer.conversation_id.parse()?)
    }

    async fn reply(&mut self, agent: usize, conversation: ConversationId) -> anyhow::Result<()> {
        let request = ReplyRequest {
            shop_id: self.shop.clone(),
            conversation_id: conversation.to_string(),
            agent_id: self.agents[agent].to_string(),
            actor: common::Actor::Human.into(),
            content: Some(text("亲，这款今天发货。")),
            ..ReplyRequest::default()
        };
        let own = self.passes.agent(agent).await?;
        ConversationServiceClient::new(own).reply(asking(request)).await.map_err(refused)?;
        Ok(())
    }

    async fn close(&mut self, conversation: ConversationId, agent: Option<usize>) -> anyhow::Result<()> {
        let by = if agent.is_some() { CloseActor::Agent } else { CloseActor::Buyer };
        let request = CloseConversationRequest {
            request_id: String::new(),
            shop_id: self.shop.clone(),
            conversation_id: conversation.to_string(),
            by: by.into(),
            agent_id: agent.map(|agent| self.agents[agent].to_string()).unwrap_or_default(),
            force: false,
        };
        let own = match agent {
            Some(agent) => self.passes.agent(agent).await?,
            None => self.passes.buyers(),
        };
        ConversationServiceClient::new(own).close_conversation(asking(request)).await.map_err(refused)?;
        Ok(())
    }

    async fn mute(&mut self, agent: usize) -> anyhow::Result<()> {
        let request = MuteAgentRequest {
            shop_id: self.shop.clone(),
            agent_id: self.agents[agent].to_string(),
            reason: "rude to a buyer".to_owned(),
            ..MuteAgentRequest::default()
        };
        let leader = self.leader_of(agent).await?;
        SanctionServiceClient::new(leader).mute_agent(asking(request)).await.map_err(refused)?;
        self.wait_for_mute(agent, true).await
    }

    async fn lift_mute(&mut self, agent: usize) -> anyhow::Result<()> {
        let mut sanctions = SanctionServiceClient::new(self.leader_of(agent).await?);
        let request = ListSanctionsRequest {
            shop_id: self.shop.clone(),
            agent_id: self.agents[agent].to_string(),
            in_force: true,
            ..ListSanctionsRequest::default()
        };
        let in_force = sanctions.list_sanctions(asking(request)).await.map_err(refused)?.into_inner();
        for sanction in in_force.sanctions {
            let request = LiftSanctionRequest {
                shop_id: self.shop.clone(),
                sanction_id: sanction.sanction_id,
                reason: "has apologised".to_owned(),
                ..LiftSanctionRequest::default()
            };
            sanctions.lift_sanction(asking(request)).await.map_err(refused)?;
        }
        self.wait_for_mute(agent, false).await
    }

    /// Waits, by the wall alone, until the desk has heard of a mute or its end: the evening must not depend on how
    /// long that takes.
    async fn wait_for_mute(&self, agent: usize, muted: bool) -> anyhow::Result<()> {
        let request =
            GetAgentRequest { shop_id: self.shop.clone(), agent_id: self.agents[agent].to_string() };
        let mut client = PresenceServiceClient::new(self.channel.clone());
        let heard_of = async {
            loop {
                let read = client.get_agent(asking(request.clone())).await.map_err(refused)?.into_inner();
                let shown = read.agent.context("dispatch left out the agent")?.availability();
                if (shown == Availability::Muted) == muted {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(SEEN_LIMIT, heard_of).await.context("dispatch does not hear of the mute")?
    }

    async fn leave_queue(&self, conversation: ConversationId) -> anyhow::Result<()> {
        let request = LeaveQueueRequest {
            request_id: String::new(),
            shop_id: self.shop.clone(),
            conversation_id: conversation.to_string(),
        };
        let mut reception = ReceptionServiceClient::new(self.passes.buyers());
        reception.leave_queue(asking(request)).await.map_err(refused)?;
        Ok(())
    }
}

/// How a buyer is called.
#[must_use]
pub fn buyer_name(buyer: usize) -> String {
    format!("buyer {:03}", buyer + 1)
}

fn text(words: &str) -> Content {
    Content { kind: MessageKind::Text.into(), text: words.to_owned(), reference: String::new() }
}
