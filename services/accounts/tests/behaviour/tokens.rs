//! Tokens of programs, the keys that sign them, and whoever follows both.

use std::os::unix::fs::PermissionsExt;

use fenliu_domain::access::Permission;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::status::reason_of;
use fenliu_proto::words::Word;

use crate::guarded::Guarded;
use crate::house::{refused, refused_fields};

fn wanted(shop_id: &str, permission: Permission) -> proto::IssueServiceTokenRequest {
    proto::IssueServiceTokenRequest {
        request_id: "issue".into(),
        shop_id: shop_id.to_owned(),
        display_name: "the chat gateway".into(),
        permissions: vec![permission.number()],
        valid_days: 0,
    }
}

fn revocation(token: &proto::ServiceToken) -> proto::RevokeServiceTokenRequest {
    proto::RevokeServiceTokenRequest {
        request_id: String::new(),
        shop_id: token.shop_id.clone(),
        service_id: token.service_id.clone(),
    }
}

#[tokio::test]
async fn a_repeated_request_shows_the_same_token_and_a_revoked_one_counts_no_longer() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let owner = house.login("owner").await.access_token;
    let mut auth = house.auth(&owner);
    let request = wanted(&shop.shop_id, Permission::ReceptionServe);
    let first = auth.issue_service_token(request.clone()).await.expect("issued").into_inner();
    let again = auth.issue_service_token(request).await.expect("repeated").into_inner();
    assert_eq!(first, again);
    let issued = first.service_token.expect("what was issued");
    let caller = house.caller(&first.token).await.expect("it counts").into_inner();
    assert_eq!(caller.identity.map(|identity| identity.subject), Some(issued.service_id.clone()));
    assert!(caller.shops.is_empty());

    let list = proto::ListServiceTokensRequest { shop_id: shop.shop_id.clone(), ..Default::default() };
    let listed = auth.list_service_tokens(list).await.expect("listed").into_inner();
    assert_eq!(listed.service_tokens, std::slice::from_ref(&issued));
    let other = house.shop("other").await;
    let elsewhere = proto::RevokeServiceTokenRequest { shop_id: other.shop_id, ..revocation(&issued) };
    refused(house.auth(&house.admin).revoke_service_token(elsewhere).await, Reason::ServiceTokenNotFound);
    let revoked = auth.revoke_service_token(revocation(&issued)).await.expect("revoked").into_inner();
    assert!(revoked.service_token.is_some_and(|token| token.revoke_time.is_some()));
    house.refused_at_last(&first.token, Reason::TokenRevoked).await;
}

#[tokio::test]
async fn nobody_issues_what_they_do_not_hold() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let request = wanted(&shop.shop_id, Permission::PlatformShops);
    let owner = house.login("owner").await.access_token;
    let answer = house.auth(&owner).issue_service_token(request).await;
    refused_fields(answer, Reason::InvalidRequest, &["permissions[0]"]);
    let limited =
        house.issuer.internal("limited", fenliu_domain::access::Permissions::of(&[Permission::TokensManage]));
    let limited = limited.await.expect("a token");
    let request = wanted(&shop.shop_id, Permission::DeskRead);
    refused(house.auth(&limited).issue_service_token(request).await, Reason::PermissionNotHeld);
}

#[tokio::test]
async fn keys_rotate_with_an_overlap_and_what_they_signed_stays_valid() {
    let house = Guarded::open().await;
    house.shop("owner").await;
    let request = wanted("", Permission::PlatformShops);
    let long =
        house.auth(&house.admin).issue_service_token(request).await.expect("issued").into_inner().token;
    let kid_of_a_sign_in = async || {
        let token = house.login("owner").await.access_token;
        house.caller(&token).await.expect("it counts");
        token.split('.').next().expect("a header").to_owned()
    };
    let old = kid_of_a_sign_in().await;
    assert_eq!(house.keys().await.len(), 1);
    house.pass(Span::from_hours(30 * 24)).await;
    assert_eq!(house.keys().await.len(), 2);
    assert_eq!(kid_of_a_sign_in().await, old, "the new key is known first");
    house.pass(Span::from_hours(1)).await;
    assert_ne!(kid_of_a_sign_in().await, old);
    house.caller(&long).await.expect("what the old key signed still counts");
    house.pass(Span::from_hours(60 * 24)).await;
    refused(house.caller(&long).await, Reason::TokenExpired);
}

#[tokio::test]
async fn two_replicas_that_begin_at_once_make_one_key() {
    let [first, second] = Guarded::two_at_once().await;
    assert_eq!(first.len(), 1);
    assert_eq!(first, second);
}

#[tokio::test]
async fn the_bootstrap_file_is_made_kept_and_renewed() {
    let house = Guarded::open().await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("admin.token");
    let token = house.bootstrap(&file).await;
    let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    house.caller(&token).await.expect("it counts");
    assert_eq!(house.bootstrap(&file).await, token, "a valid one stays");
    std::fs::write(&file, "not a token").expect("it is broken");
    let next = house.bootstrap(&file).await;
    assert_ne!(next, token);
    house.pass(Span::from_hours(330 * 24)).await;
    assert_eq!(house.bootstrap(&file).await, next, "it has 36 days left");
    house.pass(Span::from_hours(7 * 24)).await;
    assert_ne!(house.bootstrap(&file).await, next, "it has 29 days left");
}

#[tokio::test]
async fn the_trust_is_told_whole_and_again_after_each_change_until_the_follower_is_cut_off() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "agent").await;
    let request = wanted("", Permission::PlatformDirectory);
    let issued = house.auth(&house.admin).issue_service_token(request).await.expect("issued").into_inner();
    let follower = house.auth(&issued.token).watch_trust(proto::WatchTrustRequest {}).await;
    let mut follower = follower.expect("it follows").into_inner();
    let whole = follower.message().await.expect("a message").expect("the trust");
    assert_eq!((whole.keys, whole.revocations.len()), (house.keys().await, 0));
    house.enable(&agent, false).await;
    let changed = follower.message().await.expect("a message").expect("the trust");
    assert_eq!(changed.revocations[0].subject, agent.agent_id);
    let issued = issued.service_token.expect("what was issued");
    house.auth(&house.admin).revoke_service_token(revocation(&issued)).await.expect("revoked");
    let end = loop {
        match follower.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ends without a reason"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason_of(&end), Some(Reason::TokenRevoked));
}
