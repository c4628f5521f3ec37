//! Sub-accounts: created under names nobody else has, listed, changed, and hidden from other shops.

use std::collections::BTreeMap;

use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::status::reason_of;
use futures::future::join_all;
use tonic::Status;
use tonic_types::StatusExt;

use super::house::{House, change, change_terms, new_agent, refused, refused_fields};

fn list(shop: &proto::Shop, page_size: i32, page_token: &str) -> proto::ListSubAccountsRequest {
    proto::ListSubAccountsRequest {
        shop_id: shop.shop_id.clone(),
        page_size,
        page_token: page_token.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_sub_account_is_what_was_asked_for() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let terms = proto::BindingTerms {
        roles: vec!["supervisor".into(), "agent".into()],
        groups: vec!["pre-sale".into(), "VIP".into()],
        capacity: Some(300),
        capacity_ceiling: Some(400),
        weight: Some(2),
        external_account: Some(proto::ExternalAccount {
            platform: "pinduoduo".into(),
            account_id: "pdd:7".into(),
        }),
        ..Default::default()
    };
    let request = proto::CreateSubAccountRequest {
        display_name: "安娜".into(),
        terms: Some(terms.clone()),
        ..new_agent(&shop, "Ann")
    };
    let created = house.accounts.create_sub_account(request).await.expect("created").into_inner();
    assert_eq!(created.warnings, [""; 0]);
    let agent = created.sub_account.expect("the account");
    assert_eq!((agent.login_name.as_str(), agent.display_name.as_str()), ("Ann", "安娜"));
    assert_eq!((agent.enabled, agent.main_account, agent.has_password), (true, false, false));
    assert_eq!(house.read(&agent).await, agent);
    let binding = created.binding.expect("the binding");
    assert_eq!((binding.home, binding.enabled), (true, true));
    let sorted = proto::BindingTerms { roles: vec!["agent".into(), "supervisor".into()], ..terms };
    assert_eq!(binding.terms, Some(sorted));
    assert_eq!(house.binding(&shop, &agent).await, binding);
}

#[tokio::test]
async fn what_is_not_asked_for_has_a_default() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    assert_eq!(agent.display_name, "ann");
    let terms = house.binding(&shop, &agent).await.terms.expect("terms");
    let expected = proto::BindingTerms {
        roles: vec!["agent".into()],
        capacity: Some(200),
        capacity_ceiling: Some(10_000),
        weight: Some(1),
        ..Default::default()
    };
    assert_eq!(terms, expected);
}

#[tokio::test]
async fn one_name_has_one_owner_on_the_whole_platform_however_it_is_spelled() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    house.agent(&shop, "Zo\u{eb}").await;
    for spelling in ["Zo\u{eb}", "zoe\u{308}", "ZO\u{cb}"] {
        let again = house.accounts.create_sub_account(new_agent(&other, spelling)).await;
        let status = refused(again, Reason::LoginNameTaken);
        assert_eq!(status.code(), tonic::Code::AlreadyExists);
    }
    refused(house.accounts.create_sub_account(new_agent(&other, "OWNER")).await, Reason::LoginNameTaken);
    house.agent(&other, "zoe").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_creations_of_one_name_at_once_exactly_one_wins() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let attempts = (0..1_000).map(|index| {
        let mut accounts = house.accounts.clone();
        let request = new_agent(&shop, if index % 2 == 0 { "Ann" } else { "ANN" });
        tokio::spawn(async move { accounts.create_sub_account(request).await })
    });
    let mut ends = BTreeMap::<&str, usize>::new();
    for end in join_all(attempts).await {
        let end = end.expect("no attempt panics");
        let name = end.map_or_else(|status| reason_of(&status).map_or("?", Reason::name), |_| "OK");
        *ends.entry(name).or_default() += 1;
    }
    assert_eq!(ends, BTreeMap::from([("LOGIN_NAME_TAKEN", 999), ("OK", 1)]));
}

#[tokio::test]
async fn braces_are_kept_and_what_cannot_be_seen_is_refused() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "{ann}:{{0}}'\"; drop table account;--").await;
    assert_eq!(house.read(&agent).await.login_name, "{ann}:{{0}}'\"; drop table account;--");
    for name in ["a\0b", "a\nb", "a\u{200b}b", " ann", "ann\u{a0}", &"x".repeat(65)] {
        let request = new_agent(&shop, name);
        refused_fields(
            house.accounts.create_sub_account(request).await,
            Reason::InvalidRequest,
            &["login_name"],
        );
    }
    let terms = proto::BindingTerms {
        groups: vec!["{}".into(), "\0".into()],
        capacity: Some(-1),
        ..Default::default()
    };
    let request = proto::CreateSubAccountRequest {
        display_name: "a\0b".into(),
        terms: Some(terms),
        ..new_agent(&shop, "bob")
    };
    let fields = ["display_name", "terms.groups[1]", "terms.capacity"];
    refused_fields(house.accounts.create_sub_account(request).await, Reason::InvalidRequest, &fields);
}

#[tokio::test]
async fn an_account_needs_a_shop_and_a_shop_has_room_for_so_many() {
    let mut house = House::with_sub_accounts(2).await;
    let shop = house.shop("owner").await;
    let nowhere = proto::Shop { shop_id: format!("shp_{:032x}", 1), ..shop.clone() };
    refused(house.accounts.create_sub_account(new_agent(&nowhere, "ann")).await, Reason::ShopNotFound);
    house.agent(&shop, "ann").await;
    house.agent(&shop, "bob").await;
    let status =
        refused(house.accounts.create_sub_account(new_agent(&shop, "cat")).await, Reason::SubAccountLimit);
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    let other = house.shop("other owner").await;
    house.agent(&other, "cat").await;
}

#[tokio::test]
async fn accounts_are_listed_oldest_first_the_main_account_included() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let other = house.shop("other owner").await;
    let mut names = vec!["owner".to_owned()];
    for index in 0..4 {
        names.push(house.agent(&shop, &format!("agent {index}")).await.login_name);
        house.agent(&other, &format!("other {index}")).await;
    }
    let first = house.accounts.list_sub_accounts(list(&shop, 3, "")).await.expect("a page").into_inner();
    let token = first.next_page_token;
    let rest = house.accounts.list_sub_accounts(list(&shop, 1_000_000, &token)).await.expect("a page");
    let rest = rest.into_inner();
    assert_eq!(rest.next_page_token, "");
    let listed: Vec<_> =
        first.sub_accounts.into_iter().chain(rest.sub_accounts).map(|agent| agent.login_name).collect();
    assert_eq!(listed, names);
}

#[tokio::test]
async fn a_page_token_of_another_list_is_refused() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    let request = proto::ListShopsRequest { page_size: 1, ..Default::default() };
    let of_shops = house.shops.list_shops(request).await.expect("a page").into_inner().next_page_token;
    house.agent(&shop, "ann").await;
    let page = house.accounts.list_sub_accounts(list(&shop, 1, "")).await.expect("a page");
    let of_shop = page.into_inner().next_page_token;
    assert!(!of_shops.is_empty() && !of_shop.is_empty());
    for (shop, token) in [(&other, of_shop.as_str()), (&shop, &of_shops), (&shop, "{}"), (&shop, "AAAA")] {
        refused(house.accounts.list_sub_accounts(list(shop, 1, token)).await, Reason::PageTokenInvalid);
    }
    let request = proto::ListShopsRequest { page_token: of_shop, ..Default::default() };
    refused(house.shops.list_shops(request).await, Reason::PageTokenInvalid);
    let nowhere = proto::Shop { shop_id: format!("shp_{:032x}", 1), ..shop };
    refused(house.accounts.list_sub_accounts(list(&nowhere, 1, "")).await, Reason::ShopNotFound);
}

/// What a status says once the ids in it are covered up.
fn shape(status: &Status, ids: [&str; 2]) -> (tonic::Code, String, Vec<String>) {
    let cover = |text: &str| ids.iter().fold(text.to_owned(), |text, id| text.replace(id, "…"));
    let details = status.get_error_details();
    let info = details.error_info().expect("every refusal has its info");
    let mut metadata: Vec<_> =
        info.metadata.iter().map(|(name, id)| format!("{name}={}", cover(id))).collect();
    metadata.sort();
    (status.code(), cover(status.message()), metadata)
}

#[tokio::test]
async fn an_account_of_another_shop_looks_like_one_that_does_not_exist() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    let foreign = house.agent(&other, "ann").await;
    let missing = format!("agt_{:032x}", 1);
    let mut seen = Vec::new();
    for agent_id in [&foreign.agent_id, &missing] {
        let get = proto::GetSubAccountRequest { shop_id: shop.shop_id.clone(), agent_id: agent_id.clone() };
        let get = refused(house.accounts.get_sub_account(get).await, Reason::AgentNotFound);
        let target = proto::SubAccount {
            shop_id: shop.shop_id.clone(),
            agent_id: agent_id.clone(),
            ..foreign.clone()
        };
        let update =
            proto::UpdateSubAccountRequest { etag: "v0".into(), ..change(&target, &["display_name"]) };
        let update = refused(house.accounts.update_sub_account(update).await, Reason::AgentNotFound);
        let ids = [shop.shop_id.as_str(), agent_id.as_str()];
        seen.push([shape(&get, ids), shape(&update, ids)]);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(house.read(&foreign).await, foreign);
}

#[tokio::test]
async fn only_the_display_name_of_an_account_changes() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let wanted = proto::SubAccount {
        login_name: "eve".into(),
        display_name: "Anna".into(),
        enabled: false,
        main_account: true,
        ..agent.clone()
    };
    let update = change(&wanted, &["display_name"]);
    let changed = house.accounts.update_sub_account(update).await.expect("changed").into_inner();
    let changed = changed.sub_account.expect("the account");
    let expected =
        proto::SubAccount { display_name: "Anna".into(), etag: changed.etag.clone(), ..agent.clone() };
    assert_eq!(changed, expected);
    assert_ne!(changed.etag, agent.etag);
    assert_eq!(house.read(&agent).await, changed);
}

#[tokio::test]
async fn wrong_values_in_an_update_are_named_by_their_path() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let wrong = proto::SubAccount { display_name: String::new(), ..agent.clone() };
    let update = house.accounts.update_sub_account(change(&wrong, &["display_name"])).await;
    refused_fields(update, Reason::InvalidRequest, &["sub_account.display_name"]);
    for path in ["login_name", "main_account", "enabled", "*", ""] {
        let update = house.accounts.update_sub_account(change(&agent, &["display_name", path])).await;
        refused_fields(update, Reason::InvalidRequest, &["update_mask.paths[1]"]);
    }
    let malformed = proto::SubAccount { agent_id: format!("agt_{:Z>32}", ""), ..agent.clone() };
    let update = house.accounts.update_sub_account(change(&malformed, &["display_name"])).await;
    refused_fields(update, Reason::InvalidRequest, &["agent_id"]);
    assert_eq!(house.read(&agent).await, agent);
}

#[tokio::test]
async fn an_account_that_changed_since_it_was_read_is_not_overwritten() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let read = house.agent(&shop, "ann").await;
    let with_etag = |name: &str| proto::UpdateSubAccountRequest {
        etag: read.etag.clone(),
        ..change(&proto::SubAccount { display_name: name.into(), ..read.clone() }, &["display_name"])
    };
    house.accounts.update_sub_account(with_etag("Anna")).await.expect("the etag still fits");
    let status = refused(house.accounts.update_sub_account(with_etag("Anne")).await, Reason::EtagMismatch);
    assert_eq!(status.code(), tonic::Code::Aborted);
    assert_eq!(house.read(&read).await.display_name, "Anna");
}

#[tokio::test]
async fn accounts_are_filtered_by_name_and_by_whether_they_are_enabled() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    for name in ["Zo\u{eb} 1", "zoe\u{308} 2", "z_e 3", "Ann"] {
        house.agent(&shop, name).await;
    }
    let named = |prefix: &str, enabled| proto::ListSubAccountsRequest {
        login_name_prefix: prefix.into(),
        enabled,
        ..list(&shop, 500, "")
    };
    let mut seen = Vec::new();
    for prefix in ["ZO\u{cb}", "z_", "%", ""] {
        let listed = house.accounts.list_sub_accounts(named(prefix, None)).await.expect("listed");
        seen.push(listed.into_inner().sub_accounts.len());
    }
    assert_eq!(seen, [2, 1, 0, 5], "a name's spelling does not count, and nothing is a wildcard");
    let listed = house.accounts.list_sub_accounts(named("ann", None)).await.expect("listed").into_inner();
    house.disable(&listed.sub_accounts[0]).await;
    for (enabled, count) in [(Some(true), 4), (Some(false), 1), (None, 5)] {
        let listed = house.accounts.list_sub_accounts(named("", enabled)).await.expect("listed");
        assert_eq!(listed.into_inner().sub_accounts.len(), count);
    }
    let page = proto::ListSubAccountsRequest { page_size: 1, ..named("", Some(true)) };
    let token = house.accounts.list_sub_accounts(page).await.expect("a page").into_inner().next_page_token;
    let elsewhere = proto::ListSubAccountsRequest { page_token: token, ..named("", None) };
    refused(house.accounts.list_sub_accounts(elsewhere).await, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn a_disabled_account_is_kept_and_can_be_enabled_again() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let disabled = house.disable(&agent).await;
    assert!(!disabled.enabled);
    assert_eq!(house.disable(&agent).await, disabled, "disabling twice changes nothing");
    assert!(!house.binding(&shop, &agent).await.enabled);
    assert!(house.enable(&agent).await.enabled);
    let done = ["agent.created", "agent.bound", "agent.disabled", "agent.enabled"];
    assert_eq!(house.done_to(&shop, &agent.agent_id).await, done);
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_its_name_stays_taken() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    let agent = house.agent(&shop, "ann").await;
    house.bind(&agent, &other, proto::BindingTerms::default()).await.expect("bound");
    house.delete(&agent, true).await.expect("deleted");
    let (shop_id, agent_id) = (shop.shop_id.clone(), agent.agent_id.clone());
    let get = proto::GetSubAccountRequest { shop_id, agent_id };
    refused(house.accounts.get_sub_account(get).await, Reason::AgentNotFound);
    for shop in [&shop, &other] {
        let (shop_id, agent_id) = (shop.shop_id.clone(), agent.agent_id.clone());
        let get = proto::GetBindingRequest { shop_id, agent_id };
        refused(house.bindings.get_binding(get).await, Reason::BindingNotFound);
    }
    let listed = house.accounts.list_sub_accounts(list(&shop, 500, "")).await.expect("listed").into_inner();
    assert_eq!(listed.sub_accounts.len(), 1, "only the main account is left");
    refused(house.accounts.create_sub_account(new_agent(&other, "ANN")).await, Reason::LoginNameTaken);
    refused(house.delete(&agent, true).await, Reason::AgentNotFound);
}

#[tokio::test]
async fn without_dispatch_nobody_is_let_go_whose_conversations_nobody_knows() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let status = refused(house.delete(&agent, false).await, Reason::PeerUnavailable);
    assert!(status.get_error_details().retry_info().is_some());
    house.read(&agent).await;
    let nobody = proto::SubAccount { agent_id: format!("agt_{:032x}", 1), ..agent };
    refused(house.delete(&nobody, false).await, Reason::AgentNotFound);
}

#[tokio::test]
async fn the_main_account_is_neither_disabled_nor_deleted_nor_stripped_of_ownership() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let (shop_id, agent_id) = (shop.shop_id.clone(), shop.main_account_id.clone());
    let disabling = proto::DisableSubAccountRequest {
        shop_id: shop_id.clone(),
        agent_id: agent_id.clone(),
        ..Default::default()
    };
    refused(house.accounts.disable_sub_account(disabling).await, Reason::MainAccountProtected);
    let get = proto::GetSubAccountRequest { shop_id, agent_id };
    let main = house.accounts.get_sub_account(get).await.expect("read").into_inner().sub_account;
    let main = main.expect("the main account");
    refused(house.delete(&main, true).await, Reason::MainAccountProtected);
    let binding = house.binding(&shop, &main).await;
    let terms = proto::BindingTerms { roles: vec!["manager".into()], ..Default::default() };
    let stripping = house.bindings.update_binding(change_terms(&binding, terms, &["roles"])).await;
    refused(stripping, Reason::MainAccountProtected);
    let terms = proto::BindingTerms { roles: vec!["owner".into(), "agent".into()], ..Default::default() };
    house.bindings.update_binding(change_terms(&binding, terms, &["roles"])).await.expect("more is fine");
}
