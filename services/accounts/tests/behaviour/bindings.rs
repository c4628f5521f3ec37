//! Bindings: who works for which shop, and how.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;

use super::house::{House, change_terms, new_agent, refused, refused_fields};

fn external(platform: &str, account_id: &str) -> proto::BindingTerms {
    let account = proto::ExternalAccount { platform: platform.into(), account_id: account_id.into() };
    proto::BindingTerms { external_account: Some(account), ..Default::default() }
}

fn groups(names: &[&str]) -> proto::BindingTerms {
    proto::BindingTerms { groups: names.iter().map(ToString::to_string).collect(), ..Default::default() }
}

#[tokio::test]
async fn a_capacity_below_the_recommended_succeeds_with_a_warning() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let terms = proto::BindingTerms { capacity: Some(0), ..Default::default() };
    let request = proto::CreateSubAccountRequest { terms: Some(terms), ..new_agent(&shop, "ann") };
    let created = house.accounts.create_sub_account(request).await.expect("created").into_inner();
    assert_eq!(created.warnings.len(), 1);
    let binding = created.binding.expect("the binding");
    let regrouped =
        house.bindings.update_binding(change_terms(&binding, groups(&["VIP"]), &["groups"])).await;
    assert_eq!(regrouped.expect("changed").into_inner().warnings, [""; 0], "the capacity was not touched");
    let terms = proto::BindingTerms { capacity: Some(30), ..Default::default() };
    let lowered = house.bindings.update_binding(change_terms(&binding, terms, &["capacity"])).await;
    assert_eq!(lowered.expect("lowered").into_inner().warnings, ["capacity 30 is below the recommended 200"]);
}

#[tokio::test]
async fn an_account_works_for_another_shop_when_both_sides_want_it() {
    let mut house = House::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let agent = house.agent(&home, "ann").await;
    let terms = proto::BindingTerms { capacity: Some(5), ..groups(&["night"]) };
    let bound = house.bind(&agent, &other, terms).await.expect("bound").into_inner();
    assert_eq!(bound.warnings.len(), 1);
    let binding = bound.binding.expect("the binding");
    assert_eq!((binding.home, binding.login_name.as_str()), (false, "ann"));
    assert_eq!(house.binding(&other, &agent).await, binding);
    let at_home = house.binding(&home, &agent).await;
    assert!(
        at_home.home && at_home.terms.expect("terms").capacity == Some(200),
        "each shop has its own terms"
    );
    refused(house.bind(&agent, &other, Default::default()).await, Reason::AlreadyBound);
    refused(house.bind(&agent, &home, Default::default()).await, Reason::AlreadyBound);
    let (shop_id, agent_id) = (other.shop_id.clone(), agent.agent_id.clone());
    let get = proto::GetSubAccountRequest { shop_id, agent_id };
    refused(house.accounts.get_sub_account(get).await, Reason::AgentNotFound);
}

#[tokio::test]
async fn a_binding_code_is_good_for_a_day_and_cannot_be_made_up() {
    let mut house = House::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let agent = house.agent(&home, "ann").await;
    let (shop_id, agent_id) = (home.shop_id.clone(), agent.agent_id.clone());
    let request = proto::CreateBindingCodeRequest { shop_id, agent_id, ..Default::default() };
    let code = house.bindings.create_binding_code(request).await.expect("a code").into_inner().binding_code;
    let page = proto::ListShopsRequest { page_size: 1, ..Default::default() };
    let page_token = house.shops.list_shops(page).await.expect("a page").into_inner().next_page_token;
    let bind = |binding_code: &str| proto::BindAgentRequest {
        shop_id: other.shop_id.clone(),
        binding_code: binding_code.into(),
        ..Default::default()
    };
    for wrong in ["x", &agent.agent_id, &page_token, &code[1..]] {
        refused(house.bindings.bind_agent(bind(wrong)).await, Reason::BindingCodeInvalid);
    }
    house.pass(Span::from_hours(24)).await;
    refused(house.bindings.bind_agent(bind(&code)).await, Reason::BindingCodeInvalid);
    let (shop_id, agent_id) = (other.shop_id.clone(), agent.agent_id.clone());
    let foreign = proto::CreateBindingCodeRequest { shop_id, agent_id, ..Default::default() };
    refused(house.bindings.create_binding_code(foreign).await, Reason::AgentNotFound);
}

#[tokio::test]
async fn a_code_of_an_account_that_was_deleted_since_binds_nobody() {
    let mut house = House::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let agent = house.agent(&home, "ann").await;
    let (shop_id, agent_id) = (home.shop_id.clone(), agent.agent_id.clone());
    let request = proto::CreateBindingCodeRequest { shop_id, agent_id, ..Default::default() };
    let code = house.bindings.create_binding_code(request).await.expect("a code").into_inner().binding_code;
    house.delete(&agent, true).await.expect("deleted");
    let request =
        proto::BindAgentRequest { shop_id: other.shop_id.clone(), binding_code: code, ..Default::default() };
    refused(house.bindings.bind_agent(request).await, Reason::BindingCodeInvalid);
}

#[tokio::test]
async fn who_is_unbound_can_be_bound_again_but_never_from_home() {
    let mut house = House::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let agent = house.agent(&home, "ann").await;
    house.bind(&agent, &other, external("taobao", "7")).await.expect("bound");
    refused(house.unbind(&home, &agent, true).await, Reason::HomeBinding);
    refused(house.unbind(&other, &agent, false).await, Reason::PeerUnavailable);
    house.unbind(&other, &agent, true).await.expect("unbound");
    refused(house.unbind(&other, &agent, true).await, Reason::BindingNotFound);
    let bob = house.agent(&home, "bob").await;
    house.bind(&bob, &other, external("taobao", "7")).await.expect("an ended binding gives its account back");
    house.bind(&agent, &other, Default::default()).await.expect("bound again");
    let done = ["agent.bound", "agent.unbound", "agent.bound"];
    assert_eq!(house.done_to(&other, &agent.agent_id).await, done);
}

#[tokio::test]
async fn a_platform_account_belongs_to_one_binding() {
    let mut house = House::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let (ann, bob) = (house.agent(&home, "ann").await, house.agent(&other, "bob").await);
    let (of_ann, of_bob) = (house.binding(&home, &ann).await, house.binding(&other, &bob).await);
    let change = |binding: &proto::Binding, terms| change_terms(binding, terms, &["external_account"]);
    house.bindings.update_binding(change(&of_ann, external("taobao", "7"))).await.expect("free");
    let taken = house.bindings.update_binding(change(&of_bob, external("taobao", "7"))).await;
    let status = refused(taken, Reason::ExternalAccountTaken);
    assert!(!status.message().contains("agt_"), "whose it is stays a secret");
    house.bindings.update_binding(change(&of_bob, external("douyin", "7"))).await.expect("another platform");
    house.bindings.update_binding(change(&of_ann, Default::default())).await.expect("given back");
    house.bindings.update_binding(change(&of_bob, external("taobao", "7"))).await.expect("free again");
    let wrong = house.bindings.update_binding(change(&of_bob, external("Tao Bao", "7"))).await;
    refused_fields(wrong, Reason::InvalidRequest, &["terms.external_account.platform"]);
}

#[tokio::test]
async fn the_ceiling_bounds_the_capacity() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let binding = house.binding(&shop, &agent).await;
    let room =
        |capacity, capacity_ceiling| proto::BindingTerms { capacity, capacity_ceiling, ..Default::default() };
    let lowered = change_terms(&binding, room(None, Some(50)), &["capacity_ceiling"]);
    let lowered = house.bindings.update_binding(lowered).await.expect("lowered").into_inner();
    let terms = lowered.binding.expect("the binding").terms.expect("terms");
    assert_eq!((terms.capacity, terms.capacity_ceiling), (Some(50), Some(50)));
    let beyond = change_terms(&binding, room(Some(51), None), &["capacity"]);
    refused_fields(house.bindings.update_binding(beyond).await, Reason::InvalidRequest, &["terms.capacity"]);
    let request =
        proto::CreateSubAccountRequest { terms: Some(room(Some(51), Some(50))), ..new_agent(&shop, "bob") };
    refused_fields(
        house.accounts.create_sub_account(request).await,
        Reason::InvalidRequest,
        &["terms.capacity"],
    );
}

#[tokio::test]
async fn wrong_terms_are_named_by_their_path() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let binding = house.binding(&shop, &agent).await;
    let twice = groups(&["a", "a"]);
    let wrong = house.bindings.update_binding(change_terms(&binding, twice, &["groups"])).await;
    refused_fields(wrong, Reason::InvalidRequest, &["terms.groups[1]"]);
    let unknown =
        house.bindings.update_binding(change_terms(&binding, groups(&[]), &["groups", "home"])).await;
    refused_fields(unknown, Reason::InvalidRequest, &["update_mask.paths[1]"]);
    let stale = proto::UpdateBindingRequest {
        etag: "v0".into(),
        ..change_terms(&binding, groups(&["a"]), &["groups"])
    };
    refused(house.bindings.update_binding(stale).await, Reason::EtagMismatch);
    let role = proto::BindingTerms { roles: vec!["boss".into()], ..Default::default() };
    refused(
        house.bindings.update_binding(change_terms(&binding, role, &["roles"])).await,
        Reason::RoleNotFound,
    );
    assert_eq!(house.binding(&shop, &agent).await, binding, "nothing was changed");
}

#[tokio::test]
async fn a_shop_has_so_many_groups_and_forgotten_ones_make_room() {
    let mut house = House::with_limits(|limits| limits.groups_per_shop = 2).await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let binding = house.binding(&shop, &agent).await;
    let regroup = |names: &[&str]| change_terms(&binding, groups(names), &["groups"]);
    house.bindings.update_binding(regroup(&["a", "b"])).await.expect("two");
    refused(house.bindings.update_binding(regroup(&["a", "b", "c"])).await, Reason::GroupLimit);
    house.bindings.update_binding(regroup(&["a"])).await.expect("one");
    house.bindings.update_binding(regroup(&["a", "c"])).await.expect("b is forgotten");
}

#[tokio::test]
async fn an_account_works_for_so_many_shops() {
    let mut house = House::with_limits(|limits| limits.shops_per_account = 2).await;
    let home = house.shop("owner").await;
    let agent = house.agent(&home, "ann").await;
    let (second, third) = (house.shop("second").await, house.shop("third").await);
    house.bind(&agent, &second, Default::default()).await.expect("bound");
    refused(house.bind(&agent, &third, Default::default()).await, Reason::BindingLimit);
}

#[tokio::test]
async fn bindings_are_listed_by_group_and_role_page_by_page() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    for (name, group, role) in
        [("ann", "VIP", "agent"), ("bob", "VIP 2", "supervisor"), ("cat", "VIP", "supervisor")]
    {
        let terms = proto::BindingTerms { roles: vec![role.into()], ..groups(&[group]) };
        let request = proto::CreateSubAccountRequest { terms: Some(terms), ..new_agent(&shop, name) };
        house.accounts.create_sub_account(request).await.expect("created");
    }
    let dan = house.agent(&other, "dan").await;
    house.bind(&dan, &shop, groups(&["VIP"])).await.expect("bound");
    let list = |group: &str, role: &str, page_token: &str| proto::ListBindingsRequest {
        shop_id: shop.shop_id.clone(),
        group: group.into(),
        role: role.into(),
        page_token: page_token.into(),
        page_size: 2,
    };
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = house.bindings.list_bindings(list("VIP", "", &token)).await.expect("a page").into_inner();
        names.extend(page.bindings.into_iter().map(|binding| binding.login_name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["ann", "cat", "dan"]);
    let supervisors = house.bindings.list_bindings(list("VIP", "supervisor", "")).await.expect("a page");
    assert_eq!(supervisors.into_inner().bindings[0].login_name, "cat");
    let all = house.bindings.list_bindings(list("", "", "")).await.expect("a page").into_inner();
    let elsewhere = house.bindings.list_bindings(list("VIP", "", &all.next_page_token)).await;
    refused(elsewhere, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn a_number_that_the_mask_names_and_nobody_sets_is_no_zero() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let read = house.binding(&shop, &agent).await;
    let paths = ["capacity", "capacity_ceiling", "weight"];
    let unset = change_terms(&read, proto::BindingTerms::default(), &paths);
    let fields = paths.map(|path| format!("terms.{path}"));
    let fields = fields.each_ref().map(String::as_str);
    refused_fields(house.bindings.update_binding(unset).await, Reason::InvalidRequest, &fields);
    assert_eq!(house.binding(&shop, &agent).await, read);
    let none = proto::BindingTerms { capacity: Some(0), ..Default::default() };
    let changed = house.bindings.update_binding(change_terms(&read, none, &["capacity"])).await;
    let changed = changed.expect("zero is what is meant").into_inner();
    assert_eq!(changed.binding.and_then(|binding| binding.terms).and_then(|terms| terms.capacity), Some(0));
}
