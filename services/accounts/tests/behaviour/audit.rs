//! The audit log: everything that was changed, by whom, without secrets.

use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;

use fenliu_domain::time::Span;

use super::guarded::{Guarded, PASSWORD};
use super::house::{House, change_terms, new_agent, refused};

fn list(shop: &proto::Shop, page_size: i32, page_token: &str) -> proto::ListAuditEntriesRequest {
    proto::ListAuditEntriesRequest {
        shop_id: shop.shop_id.clone(),
        page_size,
        page_token: page_token.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_change_is_noted_with_what_was_before_and_after_and_its_request() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "ann").await;
    let binding = house.binding(&shop, &agent).await;
    let terms = proto::BindingTerms { weight: Some(5), ..Default::default() };
    let request =
        proto::UpdateBindingRequest { request_id: "r".into(), ..change_terms(&binding, terms, &["weight"]) };
    house.bindings.update_binding(request.clone()).await.expect("changed");
    house.bindings.update_binding(request).await.expect("repeated");
    let entries =
        house.audit.list_audit_entries(list(&shop, 1, "")).await.expect("listed").into_inner().entries;
    let entry = &entries[0];
    assert_eq!((entry.action.as_str(), entry.request_id.as_str()), ("agent.binding_updated", "r"));
    assert_eq!((&entry.target, entry.actor.as_str()), (&agent.agent_id, "anonymous"));
    assert!(entry.before.contains("\"weight\":1") && entry.after.contains("\"weight\":5"), "{entry:?}");
    let noted = house.done_to(&shop, &agent.agent_id).await;
    assert_eq!(
        noted,
        ["agent.created", "agent.bound", "agent.binding_updated"],
        "the repetition is not noted"
    );
}

#[tokio::test]
async fn the_log_of_a_shop_is_its_own_newest_first_page_by_page() {
    let mut house = House::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other owner").await);
    for index in 0..3 {
        house.agent(&shop, &format!("agent {index}")).await;
        house.agent(&other, &format!("other {index}")).await;
    }
    let mut numbers = Vec::new();
    let mut token = String::new();
    loop {
        let page = house.audit.list_audit_entries(list(&shop, 4, &token)).await.expect("a page").into_inner();
        assert!(page.entries.iter().all(|entry| entry.shop_id == shop.shop_id));
        numbers.extend(page.entries.iter().map(|entry| entry.number));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(numbers.len(), 3 + 3 * 2);
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    let nowhere = proto::Shop { shop_id: format!("shp_{:032x}", 1), ..shop };
    refused(house.audit.list_audit_entries(list(&nowhere, 4, "")).await, Reason::ShopNotFound);
}

#[tokio::test]
async fn no_password_and_no_hash_of_one_is_noted_or_remembered() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let request = proto::CreateSubAccountRequest {
        request_id: "r".into(),
        password: "correct horse battery".into(),
        ..new_agent(&shop, "ann")
    };
    let created = house.accounts.create_sub_account(request.clone()).await.expect("created").into_inner();
    assert!(created.sub_account.as_ref().is_some_and(|account| account.has_password));
    let other = proto::CreateSubAccountRequest { password: "another horse battery".into(), ..request };
    let again = house.accounts.create_sub_account(other).await.expect("a repetition").into_inner();
    assert_eq!(again, created);
    let entries =
        house.audit.list_audit_entries(list(&shop, 500, "")).await.expect("listed").into_inner().entries;
    for entry in entries {
        let text = format!("{entry:?}");
        assert!(!text.contains("horse") && !text.contains("argon2"), "{text}");
    }
}

/// Who did what under which request, in the order of the log.
fn told(entries: &[proto::AuditEntry]) -> Vec<(&str, &str, &str)> {
    let told = entries.iter().map(|one| (one.action.as_str(), one.actor.as_str(), one.request_id.as_str()));
    told.collect()
}

/// Two shops, each with its owner's token, and Ann of the first, who works for both.
struct Two {
    house: Guarded,
    home: proto::Shop,
    other: proto::Shop,
    ann: proto::SubAccount,
    by_home: String,
    by_other: String,
}

impl Two {
    async fn open() -> Self {
        let house = Guarded::open().await;
        let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
        let ann = house.agent(&home, "ann").await;
        let by_home = house.login("owner").await.access_token;
        let by_other = house.login("other owner").await.access_token;
        let code = proto::CreateBindingCodeRequest {
            request_id: "home code".into(),
            shop_id: home.shop_id.clone(),
            agent_id: ann.agent_id.clone(),
        };
        let code = house.bindings(&by_home).create_binding_code(code).await.expect("a code").into_inner();
        assert_eq!(code.request_id, "home code");
        let bind = proto::BindAgentRequest {
            request_id: "other bind".into(),
            shop_id: other.shop_id.clone(),
            binding_code: code.binding_code,
            ..Default::default()
        };
        house.bindings(&by_other).bind_agent(bind).await.expect("bound");
        Self { house, home, other, ann, by_home, by_other }
    }

    async fn enable(&self, enabled: bool) {
        let (shop_id, agent_id) = (self.home.shop_id.clone(), self.ann.agent_id.clone());
        let mut accounts = self.house.accounts(&self.by_home);
        if enabled {
            let request =
                proto::EnableSubAccountRequest { request_id: "home enable".into(), shop_id, agent_id };
            accounts.enable_sub_account(request).await.expect("enabled");
        } else {
            let request =
                proto::DisableSubAccountRequest { request_id: "home disable".into(), shop_id, agent_id };
            accounts.disable_sub_account(request).await.expect("disabled");
        }
    }
}

#[tokio::test]
async fn what_happens_to_a_guest_is_noted_in_every_shop_and_names_no_other() {
    let two = Two::open().await;
    let Two { house, home, other, ann, by_home, .. } = &two;
    two.enable(false).await;
    two.enable(true).await;
    let renamed = proto::UpdateSubAccountRequest {
        request_id: "home rename".into(),
        ..super::house::change(
            &proto::SubAccount { display_name: "Anna".into(), ..ann.clone() },
            &["display_name"],
        )
    };
    house.accounts(by_home).update_sub_account(renamed).await.expect("renamed");
    let by_ann = house.login("ann").await.access_token;
    let change = proto::ChangePasswordRequest {
        request_id: "ann's own".into(),
        old_password: PASSWORD.into(),
        new_password: "vR7!pond-lamp".into(),
    };
    let changed = house.accounts(&by_ann).change_password(change).await.expect("changed").into_inner();
    assert_eq!(changed.request_id, "ann's own");
    let reset = proto::ResetPasswordRequest {
        request_id: "the platform's".into(),
        shop_id: home.shop_id.clone(),
        agent_id: ann.agent_id.clone(),
        new_password: "rL2!hill-coat".into(),
    };
    house.accounts(&house.admin).reset_password(reset).await.expect("only the platform may");
    let delete = proto::DeleteSubAccountRequest {
        request_id: "home delete".into(),
        shop_id: home.shop_id.clone(),
        agent_id: ann.agent_id.clone(),
        hand_over: true,
    };
    house.accounts(by_home).delete_sub_account(delete).await.expect("deleted");

    let there = house.done_to(&other.shop_id, &ann.agent_id).await;
    let admin = house.caller(&house.admin).await.expect("it counts").into_inner().identity.expect("whose");
    let other_owner = other.main_account_id.as_str();
    assert_eq!(
        told(&there),
        [
            ("agent.bound", other_owner, "other bind"),
            ("agent.disabled", "elsewhere", ""),
            ("agent.enabled", "elsewhere", ""),
            ("agent.updated", "elsewhere", ""),
            ("agent.password_changed", ann.agent_id.as_str(), "ann's own"),
            ("agent.password_reset", admin.subject.as_str(), "the platform's"),
            ("agent.unbound", "elsewhere", ""),
        ]
    );
    assert!(there[1].before.contains("\"enabled\":true") && there[1].after.contains("\"enabled\":false"));
    let home_text = format!("{there:?}");
    for secret in [home.shop_id.as_str(), &home.main_account_id, "home ", "argon2"] {
        assert!(!home_text.contains(secret), "{secret} in {home_text}");
    }
    let here = house.done_to(&home.shop_id, &ann.agent_id).await;
    let owner = home.main_account_id.as_str();
    assert_eq!(told(&here)[2], ("agent.binding_code_created", owner, "home code"));
    assert_eq!(told(&here)[3], ("agent.binding_code_used", "elsewhere", ""));
    assert_eq!(told(&here).last(), Some(&("agent.deleted", owner, "home delete")));
    let text = format!("{here:?}");
    for secret in [other.shop_id.as_str(), other_owner, "other "] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn an_unbound_guest_hears_no_more_of_the_log_of_her_old_shop() {
    let two = Two::open().await;
    let unbind = proto::UnbindAgentRequest {
        shop_id: two.other.shop_id.clone(),
        agent_id: two.ann.agent_id.clone(),
        hand_over: true,
        ..Default::default()
    };
    two.house.bindings(&two.by_other).unbind_agent(unbind).await.expect("unbound");
    two.enable(false).await;
    let there = two.house.done_to(&two.other.shop_id, &two.ann.agent_id).await;
    assert_eq!(there.last().map(|entry| entry.action.as_str()), Some("agent.unbound"));
}

#[tokio::test]
async fn signing_in_and_out_is_noted_with_its_request() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let login = |request_id: &str| proto::LoginRequest {
        request_id: request_id.into(),
        login_name: "owner".into(),
        password: PASSWORD.into(),
        ..Default::default()
    };
    let named = house.auth("").login(login("in")).await.expect("signed in").into_inner();
    let unnamed = house.auth("").login(login("")).await.expect("signed in").into_inner();
    assert_eq!(named.request_id, "in");
    assert!(!unnamed.request_id.is_empty(), "one is made for whoever sends none");
    let tokens = named.tokens.expect("tokens");
    let refresh =
        proto::RefreshRequest { request_id: "on".into(), refresh_token: tokens.refresh_token.clone() };
    let refreshed = house.auth("").refresh(refresh.clone()).await.expect("refreshed").into_inner();
    assert_eq!(refreshed.request_id, "on");
    let logout = proto::LogoutRequest {
        request_id: "out".into(),
        refresh_token: refreshed.tokens.expect("tokens").refresh_token,
    };
    let out = house.auth("").logout(logout.clone()).await.expect("signed out").into_inner();
    assert_eq!(out.request_id, "out");
    house.auth("").logout(logout).await.expect("it is over already");
    let stolen = unnamed.tokens.expect("tokens").refresh_token;
    let steal = |request_id: &str| proto::RefreshRequest {
        request_id: request_id.into(),
        refresh_token: stolen.clone(),
    };
    house.auth("").refresh(steal("first")).await.expect("the first time");
    refused(house.auth("").refresh(steal("thief")).await, Reason::RefreshTokenInvalid);
    let owner = shop.main_account_id.as_str();
    let done = house.done_to(&shop.shop_id, owner).await;
    assert_eq!(
        told(&done)[2..],
        [
            ("agent.signed_in", owner, "in"),
            ("agent.signed_in", owner, unnamed.request_id.as_str()),
            ("agent.signed_out", owner, "out"),
            ("agent.session_stolen", "fenliu", "thief"),
        ]
    );
    assert!(!format!("{done:?}").contains(&tokens.refresh_token));
}

#[tokio::test]
async fn keys_that_come_and_go_are_noted_in_the_log_of_the_platform() {
    let house = Guarded::open().await;
    let first = house.keys().await[0].kid.clone();
    house.pass(Span::from_hours(30 * 24)).await;
    let keys = house.keys().await;
    let second = &keys.iter().find(|key| key.kid != first).expect("the next key").kid;
    // What the first key signed is valid for a year.
    house.pass(Span::from_hours(337 * 24)).await;
    let house = house.restart(1).await;
    let actions = async |kid: &str| -> Vec<String> {
        house.done_to("", kid).await.into_iter().map(|entry| entry.action).collect()
    };
    assert_eq!(actions(&first).await, ["signing_key.created", "signing_key.forgotten"]);
    assert_eq!(actions(second).await[0], "signing_key.created");
    let noted = house.done_to("", &first).await;
    assert!(noted.iter().all(|entry| entry.actor == "fenliu" && !format!("{entry:?}").contains("seed")));
}
