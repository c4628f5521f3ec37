//! Requests that come more than once: one effect, one answer.

use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;
use futures::future::join_all;

use super::house::{House, new_agent, new_shop, refused};

fn named(shop: &proto::Shop, login_name: &str, request_id: &str) -> proto::CreateSubAccountRequest {
    proto::CreateSubAccountRequest { request_id: request_id.into(), ..new_agent(shop, login_name) }
}

async fn count(house: &mut House, shop: &proto::Shop) -> usize {
    let request =
        proto::ListSubAccountsRequest { shop_id: shop.shop_id.clone(), page_size: 500, ..Default::default() };
    house.accounts.list_sub_accounts(request).await.expect("listed").into_inner().sub_accounts.len()
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_even_after_a_change_and_a_restart() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let request = named(&shop, "ann", "{1}");
    let first = house.accounts.create_sub_account(request.clone()).await.expect("created").into_inner();
    assert_eq!(first.request_id, "{1}");
    let agent = first.sub_account.clone().expect("the account");
    house.disable(&agent).await;
    let mut house = house.restart().await;
    let again = house.accounts.create_sub_account(request).await.expect("repeated").into_inner();
    assert_eq!(again, first);
    assert!(!house.read(&agent).await.enabled, "the repetition had no effect");
    assert_eq!(count(&mut house, &shop).await, 2);
}

#[tokio::test]
async fn an_id_that_was_made_for_the_caller_can_be_used_to_repeat() {
    let mut house = House::open().await;
    let first = house.shops.create_shop(new_shop("owner")).await.expect("opened").into_inner();
    let repeated = proto::CreateShopRequest { request_id: first.request_id.clone(), ..new_shop("owner") };
    assert_eq!(house.shops.create_shop(repeated).await.expect("repeated").into_inner(), first);
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    house.accounts.create_sub_account(named(&shop, "ann", "r")).await.expect("created");
    let other_body = house.accounts.create_sub_account(named(&shop, "bob", "r")).await;
    refused(other_body, Reason::RequestIdReused);
    let other_rpc = proto::CreateShopRequest { request_id: "r".into(), ..new_shop("ann") };
    refused(house.shops.create_shop(other_rpc).await, Reason::RequestIdReused);
    assert_eq!(count(&mut house, &shop).await, 2);
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let mut house = House::with_sub_accounts(1).await;
    let shop = house.shop("owner").await;
    let nowhere = proto::Shop { shop_id: format!("shp_{:032x}", 1), ..shop.clone() };
    let refusal = house.accounts.create_sub_account(named(&nowhere, "ann", "r")).await;
    refused(refusal, Reason::ShopNotFound);
    house.accounts.create_sub_account(named(&shop, "ann", "r")).await.expect("the id is still free");
}

#[tokio::test]
async fn after_a_day_a_request_id_is_free_again() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let request = named(&shop, "ann", "r");
    house.accounts.create_sub_account(request.clone()).await.expect("created");
    house.pass(Span::from_hours(24)).await;
    house.accounts.create_sub_account(request.clone()).await.expect("just still remembered");
    house.pass(Span::from_secs(1)).await;
    refused(house.accounts.create_sub_account(request).await, Reason::LoginNameTaken);
    house.accounts.create_sub_account(named(&shop, "bob", "r")).await.expect("a new request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_sent_many_times_at_once_has_one_effect() {
    let mut house = House::open().await;
    let shop = house.shop("owner").await;
    let sent = (0..50).map(|_| {
        let mut accounts = house.accounts.clone();
        let request = named(&shop, "ann", "r");
        tokio::spawn(async move { accounts.create_sub_account(request).await })
    });
    let mut answers = Vec::new();
    for answer in join_all(sent).await {
        answers.push(answer.expect("no call panics").expect("every one is answered").into_inner());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(count(&mut house, &shop).await, 2);
}
