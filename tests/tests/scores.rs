//! How fast agents have been answering comes back to the desk as their share: from dispatch to analytics and back, over the
//! same port as everybody.

use std::time::Duration;

use fenliu_domain::access::Permissions;
use fenliu_domain::ids::AgentId;
use fenliu_domain::time::Span;
use fenliu_proto::common::v1::{Actor, Content, Presence};
use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_proto::dispatch::v1::conversation_service_client::ConversationServiceClient;
use fenliu_proto::dispatch::v1::policy_service_client::PolicyServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_proto::history::v1::CloseActor;
use fenliu_runtime::channel::Outgoing;
use fenliu_tests::guarded::{Guarded, Tenant};

/// How long something may take by the wall, on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(60);
/// Buyers of each agent before anybody is scored.
const EACH: usize = 8;
/// Less than the grace after which an agent who is not heard of is logged off.
const BEAT: Span = Span::from_secs(30);

/// A shop that shares out by who owes least, and its two agents, who are online.
struct Scene {
    guarded: Guarded,
    tenant: Tenant,
    platform: Outgoing,
}

impl Scene {
    async fn set() -> Self {
        let guarded = Guarded::start_still().await.expect("the services start");
        let tenant = guarded.tenant("owner").await.expect("a shop");
        let token = guarded.token(&guarded.platform(Permissions::all()));
        let platform = guarded.outgoing(&token).expect("a channel");
        let scene = Self { guarded, tenant, platform };
        for agent in [tenant.agent, tenant.colleague] {
            within(async { while !scene.comes(agent).await {} }).await;
        }
        scene.shares_by_what_is_owed().await;
        scene
    }

    fn shop_id(&self) -> String {
        self.tenant.shop.to_string()
    }

    async fn comes(&self, agent: AgentId) -> bool {
        let request = dispatch::SetPresenceRequest {
            shop_id: self.shop_id(),
            agent_id: agent.to_string(),
            presence: Presence::Online.into(),
            ..Default::default()
        };
        PresenceServiceClient::new(self.platform.clone()).set_presence(request).await.is_ok()
    }

    async fn shares_by_what_is_owed(&self) {
        let mut policies = PolicyServiceClient::new(self.platform.clone());
        let request = dispatch::GetPolicyRequest { shop_id: self.shop_id() };
        let read = policies.get_policy(request).await.expect("read").into_inner();
        let mut policy = read.policy.expect("a policy");
        policy.strategy = "least_unanswered".into();
        let request = dispatch::UpdatePolicyRequest {
            shop_id: self.shop_id(),
            policy: Some(policy),
            etag: read.etag,
            ..Default::default()
        };
        policies.update_policy(request).await.expect("replaced");
    }

    /// Lets time pass, and both agents be heard of.
    async fn pass(&self, span: Span) {
        self.guarded.pass(span).await;
        for agent in [self.tenant.agent, self.tenant.colleague] {
            let request = dispatch::HeartbeatRequest {
                shop_id: self.shop_id(),
                agent_id: agent.to_string(),
                session_id: "desk".into(),
            };
            let heard = PresenceServiceClient::new(self.platform.clone()).heartbeat(request).await;
            heard.expect("the heartbeat is taken");
        }
    }

    /// So many new buyers: the conversations that each of the two gets.
    async fn share(&self, called: &str, buyers: usize) -> [Vec<String>; 2] {
        let mut shares = [Vec::new(), Vec::new()];
        for number in 0..buyers {
            let request = dispatch::ReceiveMessageRequest {
                shop_id: self.shop_id(),
                buyer_id: format!("{called} {number}"),
                channel: "web".to_owned(),
                content: Some(Content { text: "does it fit?".to_owned(), ..Default::default() }),
                ..Default::default()
            };
            let asked = ReceptionServiceClient::new(self.platform.clone()).receive_message(request).await;
            let asked = asked.expect("the question is taken in").into_inner();
            let holder = asked.disposition.expect("somewhere").agent_id;
            let place = [self.tenant.agent, self.tenant.colleague].map(|agent| agent.to_string());
            let place = place.iter().position(|agent| *agent == holder).expect("one of the two has it");
            shares[place].push(asked.conversation_id);
        }
        shares
    }

    async fn answer(&self, agent: AgentId, conversations: &[String]) {
        let mut desk = ConversationServiceClient::new(self.platform.clone());
        for conversation in conversations {
            let request = dispatch::ReplyRequest {
                shop_id: self.shop_id(),
                conversation_id: conversation.clone(),
                agent_id: agent.to_string(),
                actor: Actor::Human.into(),
                content: Some(Content { text: "it runs small".to_owned(), ..Default::default() }),
                ..Default::default()
            };
            desk.reply(request).await.expect("answered");
            let request = dispatch::CloseConversationRequest {
                shop_id: self.shop_id(),
                conversation_id: conversation.clone(),
                by: CloseActor::Buyer.into(),
                ..Default::default()
            };
            desk.close_conversation(request).await.expect("closed");
        }
    }

    /// Speed in every group, if the desk knows one.
    async fn speed(&self, agent: AgentId) -> Option<u32> {
        let request = dispatch::GetAgentRequest { shop_id: self.shop_id(), agent_id: agent.to_string() };
        let read = PresenceServiceClient::new(self.platform.clone()).get_agent(request).await;
        let scores = read.expect("the desk knows them").into_inner().agent.expect("an agent").scores;
        scores.first().map(|score| score.speed_permille)
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("it happens in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answers_slowly_is_given_fewer_buyers_once_it_is_known() {
    let scene = Scene::set().await;
    let Tenant { agent: quick, colleague: slow, .. } = scene.tenant;
    let [to_quick, to_slow] = scene.share("early", 2 * EACH).await;
    assert_eq!((to_quick.len(), to_slow.len()), (EACH, EACH), "nobody knows yet who is quick");
    scene.pass(Span::from_secs(2)).await;
    scene.answer(quick, &to_quick).await;
    scene.pass(Span::from_secs(38)).await;
    scene.answer(slow, &to_slow).await;

    let speeds = within(async {
        loop {
            scene.pass(BEAT).await;
            if let (Some(quick), Some(slow)) = (scene.speed(quick).await, scene.speed(slow).await) {
                return (quick, slow);
            }
        }
    });
    let speeds = speeds.await;
    // (√(2·40) ÷ 2)^(8 ÷ 28), and its inverse.
    assert!((1_500..1_570).contains(&speeds.0) && (637..667).contains(&speeds.1), "{speeds:?}");
    let [to_quick, to_slow] = scene.share("late", 12).await;
    assert_eq!((to_quick.len(), to_slow.len()), (9, 3), "of twelve whom nobody has answered yet");
}
