//! The audit log: everything that was changed, by whom, without secrets.

use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;

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
