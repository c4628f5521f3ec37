//! What accounts decides about people, and what the desk makes of it: over the same port as everybody, as supervisors
//! and agents call.

use std::time::Duration;

use fenliu_domain::access::{BuiltInRole, Permissions};
use fenliu_domain::ids::AgentId;
use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as accounts;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::common::v1::{Actor, Content, Presence};
use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_proto::dispatch::v1::conversation_service_client::ConversationServiceClient;
use fenliu_proto::dispatch::v1::policy_service_client::PolicyServiceClient;
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_proto::history::v1::{CloseActor, LanguageAction, LanguagePolicy, Stage};
use fenliu_proto::status::reason_of;
use fenliu_runtime::channel::Outgoing;
use fenliu_tests::guarded::{Guarded, Tenant};
use tonic::{Response, Status};

/// How long dispatch may take to hear of something, on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(30);

/// A shop whose agent is online and holds a conversation.
struct Scene {
    guarded: Guarded,
    tenant: Tenant,
    supervisor: Outgoing,
    agent: Outgoing,
    conversation: String,
}

impl Scene {
    async fn set() -> Self {
        let guarded = Guarded::start().await.expect("the services start");
        let tenant = guarded.tenant("owner").await.expect("a shop");
        let role = |role, agent| guarded.token(&guarded.with_role(tenant.shop, agent, role));
        let supervisor = guarded.outgoing(&role(BuiltInRole::Owner, tenant.owner)).expect("a channel");
        let agent = guarded.outgoing(&role(BuiltInRole::Agent, tenant.agent)).expect("a channel");
        let mut scene = Self { guarded, tenant, supervisor, agent, conversation: String::new() };
        within(async { while scene.set_presence(tenant.agent, Presence::Online).await.is_err() {} }).await;
        scene.conversation = scene.ask("buyer").await.conversation_id;
        scene
    }

    fn shop_id(&self) -> String {
        self.tenant.shop.to_string()
    }

    fn agent_id(&self) -> String {
        self.tenant.agent.to_string()
    }

    async fn set_presence(
        &self,
        agent: AgentId,
        presence: Presence,
    ) -> Result<Response<dispatch::SetPresenceResponse>, Status> {
        let request = dispatch::SetPresenceRequest {
            shop_id: self.shop_id(),
            agent_id: agent.to_string(),
            presence: presence.into(),
            ..Default::default()
        };
        PresenceServiceClient::new(self.supervisor.clone()).set_presence(request).await
    }

    async fn ask(&self, buyer: &str) -> dispatch::ReceiveMessageResponse {
        let request = dispatch::ReceiveMessageRequest {
            shop_id: self.shop_id(),
            buyer_id: buyer.to_owned(),
            channel: "web".to_owned(),
            content: Some(Content { text: "is anybody there?".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        let asked = ReceptionServiceClient::new(self.supervisor.clone()).receive_message(request).await;
        asked.expect("the question is taken in").into_inner()
    }

    async fn reply(&self, words: &str) -> Result<Response<dispatch::ReplyResponse>, Status> {
        let request = dispatch::ReplyRequest {
            shop_id: self.shop_id(),
            conversation_id: self.conversation.clone(),
            agent_id: self.agent_id(),
            content: Some(Content { text: words.to_owned(), ..Default::default() }),
            ..Default::default()
        };
        ConversationServiceClient::new(self.agent.clone()).reply(request).await
    }

    /// The agent on the board.
    async fn on_board(&self) -> dispatch::Agent {
        let request = dispatch::GetAgentRequest { shop_id: self.shop_id(), agent_id: self.agent_id() };
        let read = PresenceServiceClient::new(self.supervisor.clone()).get_agent(request).await;
        read.expect("the desk knows her").into_inner().agent.expect("the answer holds her")
    }

    /// Waits until a reply is refused for this reason.
    async fn until_refused(&self, reason: Reason) {
        within(async {
            while self.reply("hello").await.map_err(|status| reason_of(&status)).err() != Some(Some(reason)) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("it happens in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_muted_agent_cannot_reply_until_the_mute_is_lifted() {
    let scene = Scene::set().await;
    scene.reply("yes").await.expect("she may answer");
    let mut sanctions = SanctionServiceClient::new(scene.supervisor.clone());
    let mute = accounts::MuteAgentRequest {
        shop_id: scene.shop_id(),
        agent_id: scene.agent_id(),
        reason: "rude words".to_owned(),
        ..Default::default()
    };
    let muted = sanctions.mute_agent(mute).await.expect("muted").into_inner().sanction.expect("the sanction");
    scene.until_refused(Reason::AgentMuted).await;
    // Nothing new comes to her, and her buyers go elsewhere.
    assert_eq!(scene.ask("another buyer").await.disposition.expect("somewhere").stage(), Stage::Queued);
    let lift = accounts::LiftSanctionRequest {
        shop_id: scene.shop_id(),
        sanction_id: muted.sanction_id,
        reason: "she apologised".to_owned(),
        ..Default::default()
    };
    sanctions.lift_sanction(lift).await.expect("lifted");
    // The queue empties as soon as she may take buyers again.
    within(async { while scene.on_board().await.load == 0 {} }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_banned_agent_is_sent_offline() {
    let scene = Scene::set().await;
    let ban = accounts::BanAgentRequest {
        shop_id: scene.shop_id(),
        agent_id: scene.agent_id(),
        reason: "fraud".to_owned(),
        ..Default::default()
    };
    SanctionServiceClient::new(scene.supervisor.clone()).ban_agent(ban).await.expect("banned");
    within(async { while scene.on_board().await.presence() != Presence::Offline {} }).await;
    let back = scene.set_presence(scene.tenant.agent, Presence::Online).await.expect_err("she is banned");
    assert_eq!(reason_of(&back), Some(Reason::AgentBanned));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_with_open_conversations_is_deleted_only_when_they_are_handed_over() {
    let scene = Scene::set().await;
    let mut people = AccountServiceClient::new(scene.supervisor.clone());
    let delete = |hand_over| accounts::DeleteSubAccountRequest {
        shop_id: scene.shop_id(),
        agent_id: scene.agent_id(),
        hand_over,
        ..Default::default()
    };
    let refused = people.delete_sub_account(delete(false)).await.expect_err("she holds a conversation");
    assert_eq!(reason_of(&refused), Some(Reason::OpenConversations), "{refused:?}");
    scene.reply("I am still here").await.expect("nothing has changed");
    people.delete_sub_account(delete(true)).await.expect("handed over");
    within(async { while scene.on_board().await.presence() != Presence::Offline {} }).await;
    let moved = scene.ask("buyer").await.disposition.expect("somewhere");
    assert_eq!(moved.stage(), Stage::Queued, "her buyer goes elsewhere when he writes again");
    assert_eq!(scene.on_board().await.load, 0);
    let mut colleague =
        accounts::DeleteSubAccountRequest { agent_id: scene.tenant.colleague.to_string(), ..delete(false) };
    people.delete_sub_account(colleague.clone()).await.expect("he holds nothing");
    colleague.agent_id = scene.tenant.owner.to_string();
    let refused = people.delete_sub_account(colleague).await.expect_err("the main account stays");
    assert_eq!(reason_of(&refused), Some(Reason::MainAccountProtected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_deletion_gets_its_first_answer() {
    let scene = Scene::set().await;
    let delete = |request_id: &str| accounts::DeleteSubAccountRequest {
        request_id: request_id.to_owned(),
        shop_id: scene.shop_id(),
        agent_id: scene.tenant.colleague.to_string(),
        hand_over: false,
    };
    let mut client = AccountServiceClient::new(scene.supervisor.clone());
    let first = client.delete_sub_account(delete("once")).await.expect("she holds nothing").into_inner();
    let again = client.delete_sub_account(delete("once")).await.expect("the first answer").into_inner();
    assert_eq!(first, again);
    let another = client.delete_sub_account(delete("another")).await.expect_err("she is gone");
    assert_eq!(reason_of(&another), Some(Reason::AgentNotFound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rude_words_become_violations_and_violations_a_suggestion() {
    let scene = Scene::set().await;
    let mut policies = PolicyServiceClient::new(scene.supervisor.clone());
    let read = dispatch::GetPolicyRequest { shop_id: scene.shop_id() };
    let read = policies.get_policy(read).await.expect("the policy").into_inner();
    let mut policy = read.policy.expect("the answer holds it");
    policy.language =
        Some(LanguagePolicy { words: vec!["idiot".to_owned()], action: LanguageAction::Warn.into() });
    let update = dispatch::UpdatePolicyRequest {
        shop_id: scene.shop_id(),
        policy: Some(policy),
        ..Default::default()
    };
    policies.update_policy(update).await.expect("updated");
    for _ in 0..3 {
        let warned = scene.reply("you IDIOT").await.expect("it is sent").into_inner();
        assert_eq!(warned.warnings.len(), 1);
    }
    let mut sanctions = SanctionServiceClient::new(scene.supervisor.clone());
    let suggest = accounts::SuggestSanctionRequest { shop_id: scene.shop_id(), agent_id: scene.agent_id() };
    let suggested = within(async {
        loop {
            let suggested = sanctions.suggest_sanction(suggest.clone()).await.expect("counted").into_inner();
            if suggested.violations == 3 {
                return suggested;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(suggested.suggestion.expect("the first rung").kind(), accounts::SanctionKind::Mute);
    assert_eq!(suggested.evidence[0].words, ["idiot"]);
    assert_eq!(suggested.evidence[0].conversation_id, scene.conversation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_off_duty_by_the_published_roster_keeps_her_buyers_and_gets_no_new_ones() {
    let scene = Scene::set().await;
    let mut rosters = RosterServiceClient::new(scene.supervisor.clone());
    // A roster in which nobody works: everybody is off duty at once.
    let draft = accounts::UpdateRosterDraftRequest {
        shop_id: scene.shop_id(),
        roster: Some(accounts::Roster::default()),
        ..Default::default()
    };
    rosters.update_roster_draft(draft).await.expect("drafted");
    let publish = accounts::PublishRosterRequest { shop_id: scene.shop_id(), ..Default::default() };
    rosters.publish_roster(publish).await.expect("published");
    let mut buyers = 0;
    within(async {
        loop {
            buyers += 1;
            let taken = scene.ask(&format!("late buyer {buyers}")).await.disposition.expect("somewhere");
            if taken.stage() == Stage::Queued {
                return;
            }
        }
    })
    .await;
    scene.reply("one moment").await.expect("her buyers stay with her");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_sets_her_own_capacity_within_what_the_shop_allows() {
    let scene = Scene::set().await;
    let mut presence = PresenceServiceClient::new(scene.agent.clone());
    let set = |agent: AgentId, capacity| dispatch::SetCapacityRequest {
        shop_id: scene.shop_id(),
        agent_id: agent.to_string(),
        capacity,
        ..Default::default()
    };
    let warned = presence.set_capacity(set(scene.tenant.agent, 30)).await.expect("set").into_inner();
    assert_eq!(warned.warnings.len(), 1, "below the recommended 200 comes a warning");
    let other = presence.set_capacity(set(scene.tenant.colleague, 30)).await.expect_err("not hers");
    assert_eq!(reason_of(&other), Some(Reason::PermissionDenied));
    let lower = accounts::UpdateBindingRequest {
        shop_id: scene.shop_id(),
        agent_id: scene.agent_id(),
        terms: Some(accounts::BindingTerms { capacity_ceiling: Some(20), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["capacity_ceiling".to_owned()] }),
        ..Default::default()
    };
    BindingServiceClient::new(scene.supervisor.clone()).update_binding(lower).await.expect("lowered");
    within(async { while scene.on_board().await.capacity != 20 {} }).await;
    let beyond = presence.set_capacity(set(scene.tenant.agent, 21)).await.expect_err("above the ceiling");
    assert_eq!(reason_of(&beyond), Some(Reason::CapacityAboveCeiling));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_works_for_two_shops_is_at_two_desks() {
    let scene = Scene::set().await;
    let other = scene.guarded.tenant("other owner").await.expect("another shop");
    let platform = scene.guarded.token(&scene.guarded.platform(Permissions::all()));
    let platform = scene.guarded.outgoing(&platform).expect("a channel");
    let mut bindings = BindingServiceClient::new(platform.clone());
    let code = accounts::CreateBindingCodeRequest {
        shop_id: scene.shop_id(),
        agent_id: scene.agent_id(),
        ..Default::default()
    };
    let code = bindings.create_binding_code(code).await.expect("a code").into_inner().binding_code;
    let bind = accounts::BindAgentRequest {
        shop_id: other.shop.to_string(),
        binding_code: code,
        terms: Some(accounts::BindingTerms { capacity: Some(3), ..Default::default() }),
        ..Default::default()
    };
    bindings.bind_agent(bind).await.expect("bound");
    let there = dispatch::GetAgentRequest { shop_id: other.shop.to_string(), agent_id: scene.agent_id() };
    let mut presence = PresenceServiceClient::new(platform);
    let seen = within(async {
        loop {
            if let Ok(seen) = presence.get_agent(there.clone()).await {
                return seen.into_inner().agent.expect("her");
            }
        }
    })
    .await;
    assert_eq!((seen.capacity, seen.presence()), (3, Presence::Offline));
    assert_eq!(scene.on_board().await.capacity, 200);
    // With a token for her home she is nobody at the other desk.
    let request = dispatch::SetPresenceRequest {
        shop_id: other.shop.to_string(),
        agent_id: scene.agent_id(),
        presence: Presence::Online.into(),
        ..Default::default()
    };
    let refused = PresenceServiceClient::new(scene.agent.clone()).set_presence(request).await;
    assert_eq!(reason_of(&refused.expect_err("a foreign shop")), Some(Reason::ShopNotFound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_closes_and_answers_as_nobody_but_herself() {
    let scene = Scene::set().await;
    let mut own = ConversationServiceClient::new(scene.agent.clone());
    let close = |by: CloseActor, force| dispatch::CloseConversationRequest {
        shop_id: scene.shop_id(),
        conversation_id: scene.conversation.clone(),
        agent_id: scene.agent_id(),
        by: by.into(),
        force,
        ..Default::default()
    };
    for (by, force) in [(CloseActor::Buyer, false), (CloseActor::Supervisor, true), (CloseActor::Agent, true)]
    {
        let refused = own.close_conversation(close(by, force)).await.expect_err("not hers to say");
        assert_eq!(reason_of(&refused), Some(Reason::PermissionDenied), "{by:?}");
    }
    let owed = own.close_conversation(close(CloseActor::Agent, false)).await.expect_err("a reply is owed");
    assert_eq!(reason_of(&owed), Some(Reason::ReplyOwed));
    let as_robot = dispatch::ReplyRequest {
        shop_id: scene.shop_id(),
        conversation_id: scene.conversation.clone(),
        agent_id: scene.agent_id(),
        actor: Actor::FullRobot.into(),
        content: Some(Content { text: "beep".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let refused = own.reply(as_robot).await.expect_err("she is no robot");
    assert_eq!(reason_of(&refused), Some(Reason::PermissionDenied));
    scene.reply("yes").await.expect("as herself she may");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_muted_supervisor_neither_speaks_under_another_name_nor_pardons_herself() {
    let scene = Scene::set().await;
    let mut sanctions = SanctionServiceClient::new(scene.supervisor.clone());
    let mute = accounts::MuteAgentRequest {
        shop_id: scene.shop_id(),
        agent_id: scene.tenant.colleague.to_string(),
        reason: "rude words".to_owned(),
        ..Default::default()
    };
    let muted = sanctions.mute_agent(mute.clone()).await.expect("muted").into_inner().sanction;
    let role = scene.guarded.with_role(scene.tenant.shop, scene.tenant.colleague, BuiltInRole::Supervisor);
    let herself = scene.guarded.outgoing(&scene.guarded.token(&role)).expect("a channel");
    let lift = accounts::LiftSanctionRequest {
        shop_id: scene.shop_id(),
        sanction_id: muted.expect("the sanction").sanction_id,
        reason: "I forgive me".to_owned(),
        ..Default::default()
    };
    let mut own = SanctionServiceClient::new(herself.clone());
    let refused = own.lift_sanction(lift).await.expect_err("nobody is judge in their own case");
    assert_eq!(reason_of(&refused), Some(Reason::PermissionDenied));
    let refused = own.mute_agent(mute).await.expect_err("nor the other way round");
    assert_eq!(reason_of(&refused), Some(Reason::PermissionDenied));
    let under_another_name = || dispatch::ReplyRequest {
        shop_id: scene.shop_id(),
        conversation_id: scene.conversation.clone(),
        agent_id: scene.agent_id(),
        content: Some(Content { text: "hello".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    within(async {
        loop {
            let said = ConversationServiceClient::new(herself.clone()).reply(under_another_name()).await;
            if said.is_err_and(|status| reason_of(&status) == Some(Reason::AgentMuted)) {
                return;
            }
        }
    })
    .await;
}
