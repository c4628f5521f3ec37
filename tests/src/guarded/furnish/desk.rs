//! Buyers, conversations and what analytics makes of them.

use std::time::Duration;

use anyhow::Context;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as accounts;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::analytics::v1::import_service_client::ImportServiceClient;
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::analytics::v1::{self as analytics, get_reply_rate_request, imported_event};
use fenliu_proto::common::v1::{Content, Presence};
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_proto::dispatch::v1::conversation_service_client::ConversationServiceClient;
use fenliu_proto::dispatch::v1::history_service_client::HistoryServiceClient;
use fenliu_proto::dispatch::v1::policy_service_client::PolicyServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_proto::history::v1::{LanguageAction, LanguagePolicy, Policy};
use prost_types::FieldMask;

use super::Furnisher;
use crate::guarded::Guarded;
use crate::guarded::things::{Thing, Things};

/// How long something that must come true may take by the wall.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so long without news a service may be waiting by the clock that stands still.
const NUDGE_AFTER: Duration = Duration::from_secs(3);
/// A word that is flagged.
const RUDE: &str = "nonsense";

impl Guarded {
    /// Waits until something is so. A service that lost another one for a moment waits by the clock before it tries
    /// again, so the clock is moved on by a second now and then.
    ///
    /// # Errors
    /// When it does not become so.
    pub async fn until(&self, what: &str, mut so: impl AsyncFnMut() -> bool) -> anyhow::Result<()> {
        let waiting = async {
            loop {
                let asked = async {
                    while !so().await {
                        tokio::task::yield_now().await;
                    }
                };
                if tokio::time::timeout(NUDGE_AFTER, asked).await.is_ok() {
                    return;
                }
                self.nudge().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.with_context(|| format!("waiting until {what}"))
    }
}

impl Furnisher<'_> {
    pub(super) async fn desk(&self, things: Things) -> anyhow::Result<Things> {
        self.open().await?;
        let (group, idle) = (things.get(Thing::Group).to_owned(), things.get(Thing::IdleGroup).to_owned());
        let message = things.get(Thing::ExternalMessage).to_owned();
        let conversation = self.said("buyer", &group, &message).await?;
        self.said("second buyer", &group, "").await?;
        let waiting = self.said("waiting buyer", &idle, "").await?;
        self.said("patient buyer", &idle, "").await?;
        self.answered(&conversation).await?;
        let beat = dispatch::HeartbeatRequest {
            shop_id: self.shop(),
            agent_id: self.tenant.agent.to_string(),
            session_id: things.get(Thing::Session).to_owned(),
        };
        PresenceServiceClient::new(self.agent.clone()).heartbeat(beat).await?;
        self.imported(&things).await?;
        let things = things.with(Thing::Conversation, &conversation).with(Thing::Waiting, &waiting);
        let event = self.last_event().await?.event.context("no event")?.event_id;
        Ok(things.with(Thing::Event, &event))
    }

    /// The agent is there, and rude words are noted.
    async fn open(&self) -> anyhow::Result<()> {
        let mut presence = PresenceServiceClient::new(self.agent.clone());
        let online = dispatch::SetPresenceRequest {
            shop_id: self.shop(),
            agent_id: self.tenant.agent.to_string(),
            presence: Presence::Online.into(),
            ..Default::default()
        };
        // The desk has heard of all that accounts was told before.
        self.guarded.until("dispatch knows the shop", async || self.board_shows(2).await).await?;
        presence.set_presence(online).await?;
        let language = LanguagePolicy { words: vec![RUDE.to_owned()], action: LanguageAction::Record.into() };
        let policy = dispatch::UpdatePolicyRequest {
            shop_id: self.shop(),
            policy: Some(Policy { language: Some(language), ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["language".to_owned()] }),
            ..Default::default()
        };
        PolicyServiceClient::new(self.owner.clone()).update_policy(policy).await?;
        Ok(())
    }

    /// Whether the board shows so many who may not work.
    async fn board_shows(&self, muted: usize) -> bool {
        let request = dispatch::ListAgentsRequest { shop_id: self.shop(), ..Default::default() };
        let listed = PresenceServiceClient::new(self.owner.clone()).list_agents(request).await;
        let agents = listed.map(|listed| listed.into_inner().agents).unwrap_or_default();
        let is_muted = |agent: &&dispatch::Agent| agent.availability() == dispatch::Availability::Muted;
        agents.iter().filter(is_muted).count() == muted
    }

    async fn said(&self, buyer: &str, group: &str, message: &str) -> anyhow::Result<String> {
        let request = dispatch::ReceiveMessageRequest {
            shop_id: self.shop(),
            buyer_id: self.of(buyer),
            channel: "web".to_owned(),
            external_message_id: message.to_owned(),
            content: Some(Content { text: self.of("question"), ..Default::default() }),
            group: group.to_owned(),
            ..Default::default()
        };
        let said = ReceptionServiceClient::new(self.owner.clone()).receive_message(request).await?;
        Ok(said.into_inner().conversation_id)
    }

    /// Two rude answers.
    async fn answered(&self, conversation: &str) -> anyhow::Result<()> {
        for _ in 0..2 {
            let request = dispatch::ReplyRequest {
                shop_id: self.shop(),
                conversation_id: conversation.to_owned(),
                agent_id: self.tenant.agent.to_string(),
                content: Some(Content { text: self.of(RUDE), ..Default::default() }),
                ..Default::default()
            };
            ConversationServiceClient::new(self.agent.clone()).reply(request).await?;
        }
        Ok(())
    }

    /// Two buyers whom another system left without an answer.
    async fn imported(&self, things: &Things) -> anyhow::Result<()> {
        let asked = |conversation: String, record: String| analytics::ImportedEvent {
            record_id: record,
            conversation,
            occurred_time: Some(to_timestamp(self.now - Span::from_hours(3))),
            order: 2,
            recorded_time: None,
            payload: Some(imported_event::Payload::Message(analytics::ImportedMessage::default())),
        };
        let given = |conversation: String, record: String, agent: String| analytics::ImportedEvent {
            order: 1,
            payload: Some(imported_event::Payload::Assigned(analytics::ImportedAssignment {
                agent,
                nobody_on_duty: false,
            })),
            ..asked(conversation, record)
        };
        let (one, other) = (things.get(Thing::ImportedAgent).to_owned(), self.of("other imported agent"));
        let (first, second) =
            (things.get(Thing::ImportedConversation).to_owned(), self.of("other conversation"));
        let events = vec![
            given(first.clone(), self.of("first record"), one),
            asked(first, things.get(Thing::Record).to_owned()),
            given(second.clone(), self.of("third record"), other),
            asked(second, self.of("last record")),
        ];
        let order = analytics::ImportedOrder {
            record_id: things.get(Thing::Record).to_owned(),
            buyer_id: self.of("imported buyer"),
            placed_time: Some(prost_types::Timestamp::default()),
            agent: things.get(Thing::ImportedAgent).to_owned(),
        };
        let request = analytics::ImportEventsRequest {
            shop_id: self.shop(),
            source: things.get(Thing::Source).to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            events,
            orders: vec![order],
        };
        let requests = futures::stream::iter([request]);
        ImportServiceClient::new(self.owner.clone()).import_events(requests).await?;
        Ok(())
    }

    async fn last_event(&self) -> anyhow::Result<dispatch::StoredEvent> {
        let request =
            dispatch::ListEventsRequest { shop_id: self.shop(), page_size: 500, ..Default::default() };
        let listed = HistoryServiceClient::new(self.owner.clone()).list_events(request).await?.into_inner();
        listed.events.into_iter().next_back().context("no events")
    }

    /// Waits until every service has heard of everything, so that nothing here changes by itself any more: dispatch of
    /// the last change of accounts, and accounts and analytics of the last event of dispatch.
    pub(super) async fn settle(&self, things: &Things) -> anyhow::Result<()> {
        let settled = self.of("settled colleague");
        let colleague = things.get(Thing::Colleague);
        let rename = accounts::UpdateSubAccountRequest {
            shop_id: self.shop(),
            agent_id: colleague.to_owned(),
            sub_account: Some(accounts::SubAccount { display_name: settled.clone(), ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["display_name".to_owned()] }),
            ..Default::default()
        };
        AccountServiceClient::new(self.owner.clone()).update_sub_account(rename).await?;
        let get = dispatch::GetAgentRequest { shop_id: self.shop(), agent_id: colleague.to_owned() };
        let mut presence = PresenceServiceClient::new(self.owner.clone());
        let renamed = async || {
            let read = presence.get_agent(get.clone()).await;
            read.is_ok_and(|read| read.into_inner().agent.is_some_and(|agent| agent.display_name == settled))
        };
        self.guarded.until("dispatch has heard of everything", renamed).await?;
        let last = self.last_event().await?.position;
        let counted = async || self.counted_to().await.is_some_and(|position| position >= last);
        self.guarded.until("analytics has heard of everything", counted).await?;
        self.guarded.until("accounts has heard of both violations", async || self.flagged().await == 2).await
    }

    async fn counted_to(&self) -> Option<i64> {
        let request = analytics::GetReplyRateRequest {
            shop_id: self.shop(),
            pack: Some(get_reply_rate_request::Pack::RulePackId("pinduoduo-3min-human".to_owned())),
            start_date: "2026-03-01".to_owned(),
            end_date: "2026-03-02".to_owned(),
            ..Default::default()
        };
        let rate = ReplyRateServiceClient::new(self.owner.clone()).get_reply_rate(request).await;
        rate.ok().map(|rate| rate.into_inner().position)
    }

    async fn flagged(&self) -> usize {
        let request = accounts::ListViolationsRequest { shop_id: self.shop(), ..Default::default() };
        let listed = SanctionServiceClient::new(self.owner.clone()).list_violations(request).await;
        listed.map(|listed| listed.into_inner().violations.len()).unwrap_or_default()
    }
}
