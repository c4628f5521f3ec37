//! Somebody who works for two shops, and what each reads of her.

use fenliu_domain::access::{BuiltInRole, Permissions};
use fenliu_domain::ids::AgentId;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::{BindAgentRequest, BindingTerms, CreateSubAccountRequest};
use fenliu_tests::guarded::furnish::Furnished;
use fenliu_tests::guarded::reads::{broad, reads_a_shop};

use super::{BTreeSet, Sample, Thing, World, ids, method_named, methods, photograph};

impl World {
    /// An account of the foreign shop's, bound by these others; it owns them all.
    pub(super) async fn hire_for(&self, others: &[&Furnished]) -> AgentId {
        let terms =
            Some(BindingTerms { roles: vec![BuiltInRole::Owner.name().to_owned()], ..Default::default() });
        let home = self.foreign.tenant.shop;
        let hire = CreateSubAccountRequest {
            shop_id: home.to_string(),
            login_name: "everywhere".to_owned(),
            terms: terms.clone(),
            ..Default::default()
        };
        let owner = self.guarded.outgoing(&self.foreign.token).expect("a channel");
        let hired = AccountServiceClient::new(owner).create_sub_account(hire).await.expect("hired");
        let agent = hired.into_inner().sub_account.expect("the account").agent_id.parse().expect("an id");
        for shop in others {
            let bind = BindAgentRequest {
                shop_id: shop.tenant.shop.to_string(),
                binding_code: self.guarded.binding_code(home, agent).await.expect("a code"),
                terms: terms.clone(),
                ..Default::default()
            };
            let owner = self.guarded.outgoing(&shop.token).expect("a channel");
            BindingServiceClient::new(owner).bind_agent(bind).await.expect("bound");
        }
        agent
    }

    /// Something of hers that is the foreign shop's own: her terms, a leave, a sanction.
    async fn occupy(&self, agent: AgentId) {
        let things = self.foreign.things.clone().with(Thing::Agent, &agent);
        let things = things.with(Thing::ExternalAccount, "her account of birch");
        for name in ["UpdateBinding", "CreateRosterException", "MuteAgent"] {
            let method = method_named(name);
            let mut request = Sample::of(things.clone(), self.guarded.now).request(&method);
            if name == "CreateRosterException" {
                // The owner enters it.
                request.clear_field_by_name("agent_id");
            }
            let answer = self.guarded.ask(&self.foreign.token, &method, &request).await;
            assert!(answer.is_ok(), "{}", answer.bare());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_works_for_two_shops_carries_nothing_from_one_to_the_other() {
    let mut world = World::open().await;
    let agent = world.hire_for(&[&world.own]).await;
    world.occupy(agent).await;
    let theirs = photograph(&world.guarded, &world.foreign).await;
    let theirs: BTreeSet<String> = theirs.values().flat_map(|text| ids(text)).map(str::to_owned).collect();
    world.secrets.extend(theirs);
    world.secrets.remove(&agent.to_string());
    // The program of the platform that opened both.
    let platform = world.guarded.platform(Permissions::NONE);
    world.secrets.remove(&platform.subject.to_string());
    let sample = Sample::of(world.own.things.clone().with(Thing::Agent, &agent), world.guarded.now);
    for method in methods().iter().filter(|method| reads_a_shop(method)) {
        let mut requests = sample.requests(method);
        requests.extend([false, true].map(|switches| broad(&sample, method, switches)));
        for request in requests {
            let answer = world.guarded.ask(&world.own.token, method, &request).await;
            world.tells_nothing(&answer.bare(), method.full_name());
        }
    }
}
