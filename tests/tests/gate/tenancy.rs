//! What a token of one shop learns of another: nothing, in whatever field it asks.

use fenliu_domain::access::BuiltInRole;
use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::{CreateSubAccountRequest, ListSubAccountsRequest};
use fenliu_proto::dispatch::v1::ReceiveMessageRequest;
use fenliu_proto::dispatch::v1::reception_service_client::ReceptionServiceClient;
use fenliu_proto::status::reason_of;
use fenliu_tests::guarded::samples::{Sample, methods, path};
use fenliu_tests::guarded::{Guarded, Tenant};
use prost::Message;
use prost_reflect::MethodDescriptor;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What an answer shows once the ids that were asked with are covered up.
type Shape = (Code, String, Vec<String>);

fn shape(end: &Result<(), Status>, asked: &Sample) -> Shape {
    let Err(status) = end else { return (Code::Ok, String::new(), Vec::new()) };
    let covered = [&asked.shop_id, &asked.agent_id, &asked.digits, &asked.request_id, &asked.page_token];
    let cover = |text: &str| {
        covered
            .iter()
            .filter(|id| !id.is_empty())
            .fold(text.to_owned(), |text, id| text.replace(id.as_str(), "…"))
    };
    let details = status.get_error_details();
    let info = details.error_info().expect("every refusal has its info");
    let mut metadata: Vec<_> =
        info.metadata.iter().map(|(name, value)| format!("{name}={}", cover(value))).collect();
    metadata.sort();
    (status.code(), format!("{} {}", info.reason, cover(status.message())), metadata)
}

async fn ask(guarded: &Guarded, token: &str, method: &MethodDescriptor, sample: &Sample) -> Shape {
    let request = sample.request(&method.input()).encode_to_vec();
    let end = guarded.call(&path(method), Some(token), request).await;
    shape(&end.map(|_| ()), sample)
}

/// A shop with something in it: a conversation, whose digits are returned.
async fn furnished(guarded: &Guarded, name: &str) -> (Tenant, String, String) {
    let tenant = guarded.tenant(name).await.expect("a shop");
    let owner = guarded.token(&guarded.with_role(tenant.shop, tenant.owner, BuiltInRole::Owner));
    let channel = guarded.outgoing(&owner).expect("a channel");
    let request = || ReceiveMessageRequest {
        shop_id: tenant.shop.to_string(),
        buyer_id: "buyer".to_owned(),
        channel: "web".to_owned(),
        content: Some(fenliu_proto::common::v1::Content { text: "hello".to_owned(), ..Default::default() }),
        request_id: format!("of {name}"),
        ..Default::default()
    };
    let asked = async {
        loop {
            let mut reception = ReceptionServiceClient::new(channel.clone());
            if let Ok(answer) = reception.receive_message(request()).await {
                return answer.into_inner().conversation_id;
            }
            tokio::task::yield_now().await;
        }
    };
    let conversation = tokio::time::timeout(std::time::Duration::from_secs(60), asked)
        .await
        .expect("dispatch knows the shop");
    let digits = conversation.trim_start_matches("cnv_").to_owned();
    (tenant, digits, owner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_shop_looks_like_one_that_does_not_exist_to_every_rpc() {
    let guarded = Guarded::start().await.expect("the services start");
    let (own, _, owner) = furnished(&guarded, "owner").await;
    let (foreign, digits, _) = furnished(&guarded, "stranger").await;
    let sample = |shop_id: String| Sample {
        shop_id,
        agent_id: own.owner.to_string(),
        digits: digits.clone(),
        page_token: String::new(),
        request_id: String::new(),
        now: guarded.now,
    };
    for method in methods() {
        let there = ask(&guarded, &owner, &method, &sample(foreign.shop.to_string())).await;
        let nowhere = ask(&guarded, &owner, &method, &sample(format!("shp_{:032x}", 0xabc))).await;
        assert_eq!(there, nowhere, "{}", method.full_name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_another_shop_looks_like_one_that_does_not_exist_in_every_field() {
    let guarded = Guarded::start().await.expect("the services start");
    let (own, _, owner) = furnished(&guarded, "owner").await;
    let (foreign, digits, _) = furnished(&guarded, "stranger").await;
    let sample = |agent_id: String, digits: String| Sample {
        shop_id: own.shop.to_string(),
        agent_id,
        digits,
        page_token: String::new(),
        request_id: String::new(),
        now: guarded.now,
    };
    for method in methods() {
        let there = sample(foreign.agent.to_string(), digits.clone());
        let nowhere = sample(format!("agt_{:032x}", 0xabc), format!("{:032x}", 0xabc));
        if there.request(&method.input()) == nowhere.request(&method.input()) {
            // It names nothing but the shop.
            continue;
        }
        let (there, nowhere) =
            (ask(&guarded, &owner, &method, &there).await, ask(&guarded, &owner, &method, &nowhere).await);
        assert_eq!(there, nowhere, "{}", method.full_name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_tokens_and_request_ids_of_another_shop_are_worth_nothing() {
    let guarded = Guarded::start().await.expect("the services start");
    let (own, _, owner) = furnished(&guarded, "owner").await;
    let (foreign, _, stranger) = furnished(&guarded, "stranger").await;
    let list = |tenant: &Tenant, page_token: String| ListSubAccountsRequest {
        shop_id: tenant.shop.to_string(),
        page_size: 1,
        page_token,
        ..Default::default()
    };
    let mut here = AccountServiceClient::new(guarded.outgoing(&owner).expect("a channel"));
    let mut there = AccountServiceClient::new(guarded.outgoing(&stranger).expect("a channel"));
    let page = there.list_sub_accounts(list(&foreign, String::new())).await.expect("a page").into_inner();
    let refused =
        here.list_sub_accounts(list(&own, page.next_page_token)).await.expect_err("another's token");
    assert_eq!(reason_of(&refused), Some(Reason::PageTokenInvalid));

    let hire = |tenant: &Tenant, name: &str| CreateSubAccountRequest {
        request_id: "the same".to_owned(),
        shop_id: tenant.shop.to_string(),
        login_name: name.to_owned(),
        ..Default::default()
    };
    let theirs = there.create_sub_account(hire(&foreign, "ann")).await.expect("created").into_inner();
    let ours = here.create_sub_account(hire(&own, "bob")).await.expect("a request of our own").into_inner();
    assert_ne!(ours.sub_account, theirs.sub_account);
}
