//! Signing in: what it opens, what it costs, what it remembers, and what ends it.

use fenliu_domain::access::{BuiltInRole, Permissions};
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::words::Word;
use futures::future::join_all;
use tonic_types::StatusExt;

use crate::guarded::{Guarded, PASSWORD, within};
use crate::house::{mask, refused, refused_fields};

fn numbers(permissions: Permissions) -> Vec<i32> {
    permissions.iter().map(Word::number).collect()
}

#[tokio::test]
async fn a_sign_in_opens_what_the_roles_permit_in_that_shop_and_nothing_else() {
    let house = Guarded::open().await;
    let (shop, other) = (house.shop("owner").await, house.shop("other").await);
    let agent = house.agent(&shop, "Xiao Hong").await;
    let answer = house.try_login("xiao hong", PASSWORD).await.expect("in any spelling").into_inner();
    let identity = answer.identity.expect("whom the tokens speak for");
    assert_eq!((&identity.subject, &identity.shop_id), (&agent.agent_id, &shop.shop_id));
    assert_eq!(identity.permissions, numbers(BuiltInRole::Agent.permissions()));
    assert_eq!(answer.shops.len(), 1);
    let token = answer.tokens.expect("tokens").access_token;
    assert_eq!(house.caller(&token).await.expect("it counts").into_inner().identity, Some(identity));
    let read = |shop_id: &str| proto::GetSubAccountRequest {
        shop_id: shop_id.to_owned(),
        agent_id: agent.agent_id.clone(),
    };
    house.accounts(&token).get_sub_account(read(&shop.shop_id)).await.expect("the own shop");
    assert!(house.accounts(&token).get_sub_account(read(&other.shop_id)).await.is_err());
    let request = crate::house::new_agent(&shop, "somebody");
    refused(house.accounts(&token).create_sub_account(request).await, Reason::PermissionDenied);
    let request = proto::LoginRequest {
        login_name: "owner".into(),
        password: PASSWORD.into(),
        shop_id: other.shop_id.clone(),
        ..Default::default()
    };
    refused(house.auth("").login(request).await, Reason::SignInRefused);
}

#[tokio::test]
async fn known_and_unknown_names_cost_one_evaluation_each_and_get_the_same_answer() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let disabled = house.agent(&shop, "disabled").await;
    house.enable(&disabled, false).await;
    let without = crate::house::new_agent(&shop, "without password");
    house.accounts(&house.admin).create_sub_account(without).await.expect("created");
    let mut answers = Vec::new();
    for name in ["owner", "nobody", "without password", "disabled", " no name "] {
        let before = house.evaluations.count();
        let status = refused(house.try_login(name, "not the password").await, Reason::SignInRefused);
        assert_eq!(house.evaluations.count() - before, 1, "{name}");
        answers.push(status.message().to_owned());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let before = house.evaluations.count();
    refused(house.try_login("disabled", PASSWORD).await, Reason::SignInDisabled);
    house.login("owner").await;
    assert_eq!(house.evaluations.count() - before, 2);
}

#[tokio::test]
async fn ten_thousand_guesses_are_throttled_and_the_owner_gets_in_after_a_wait() {
    let house = Guarded::open().await;
    house.shop("owner").await;
    let before = house.evaluations.count();
    let mut told = Vec::new();
    for _ in 0..10_000 {
        let status = house.try_login("owner", "a guess at it").await.expect_err("it is wrong");
        told.extend(status.get_error_details().retry_info().and_then(|info| info.retry_delay));
        house.pass(Span::from_secs(1)).await;
    }
    assert_eq!(house.evaluations.count() - before, 24);
    assert_eq!(told.len(), 10_000 - 24, "each that is not looked at is told how long to wait");
    house.pass(Span::from_mins(15)).await;
    house.login("owner").await;
    refused(house.try_login("owner", "a guess at it").await, Reason::SignInRefused);
}

#[tokio::test]
async fn guesses_that_come_at_once_are_counted_before_they_are_looked_at() {
    let house = Guarded::open().await;
    let before = house.evaluations.count();
    let guesses = join_all((0..50).map(|_| house.try_login("nobody", "a guess at it"))).await;
    assert!(guesses.iter().all(Result::is_err));
    assert_eq!(house.evaluations.count() - before, 5);
}

#[tokio::test]
async fn a_source_that_fails_for_many_names_must_wait_too() {
    let house = Guarded::open().await;
    let before = house.evaluations.count();
    for number in 0..150 {
        house.try_login(&format!("name {number}"), "a guess at it").await.expect_err("nobody");
    }
    assert_eq!(house.evaluations.count() - before, 100);
}

#[tokio::test]
async fn success_clears_what_was_counted() {
    let house = Guarded::open().await;
    house.shop("owner").await;
    for _ in 0..3 {
        for _ in 0..4 {
            refused(house.try_login("owner", "a guess at it").await, Reason::SignInRefused);
        }
        house.login("owner").await;
    }
}

#[tokio::test]
async fn a_refresh_token_can_be_traded_once_and_a_second_time_ends_everything() {
    let house = Guarded::open().await;
    house.shop("owner").await;
    let first = house.login("owner").await;
    let other = house.login("owner").await;
    let traded = house.refresh(&first.refresh_token).await.expect("the first time").into_inner();
    let second = traded.tokens.expect("new tokens");
    house.caller(&second.access_token).await.expect("it counts");
    refused(house.refresh(&first.refresh_token).await, Reason::RefreshTokenInvalid);
    refused(house.refresh(&second.refresh_token).await, Reason::RefreshTokenInvalid);
    house.refused_at_last(&second.access_token, Reason::TokenRevoked).await;
    house.refused_at_last(&other.access_token, Reason::TokenRevoked).await;
    // Another session of the account goes on with its next token.
    let goes_on = house.refresh(&other.refresh_token).await.expect("it was not stolen").into_inner();
    house.caller(&goes_on.tokens.expect("tokens").access_token).await.expect("it counts");
}

#[tokio::test]
async fn sessions_end_by_logout_and_by_time() {
    let house = Guarded::open().await;
    house.shop("owner").await;
    let (out, idle) = (house.login("owner").await, house.login("owner").await);
    let logout = |token: &str| proto::LogoutRequest { refresh_token: token.to_owned(), ..Default::default() };
    house.auth("").logout(logout(&out.refresh_token)).await.expect("it ends");
    house.auth("").logout(logout("no token at all")).await.expect("an unknown one is fine");
    refused(house.refresh(&out.refresh_token).await, Reason::RefreshTokenInvalid);
    house.pass(Span::from_mins(15)).await;
    refused(house.caller(&idle.access_token).await, Reason::TokenExpired);
    house.pass(Span::from_hours(29 * 24)).await;
    let slid = house.refresh(&idle.refresh_token).await.expect("in time").into_inner();
    house.pass(Span::from_hours(30 * 24)).await;
    let last = slid.tokens.expect("tokens").refresh_token;
    refused(house.refresh(&last).await, Reason::RefreshTokenInvalid);
}

#[tokio::test]
async fn the_oldest_of_too_many_sessions_goes() {
    let house = Guarded::open().await;
    house.shop("owner").await;
    let mut sessions = Vec::new();
    for _ in 0..21 {
        house.pass(Span::from_secs(1)).await;
        sessions.push(house.login("owner").await.refresh_token);
    }
    refused(house.refresh(&sessions[0]).await, Reason::RefreshTokenInvalid);
    house.refresh(&sessions[1]).await.expect("the next is there");
}

#[tokio::test]
async fn a_disabled_account_is_cut_off_and_told_so_only_with_its_secret() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "agent").await;
    let tokens = house.login("agent").await;
    house.enable(&agent, false).await;
    house.refused_at_last(&tokens.access_token, Reason::TokenRevoked).await;
    refused(house.refresh(&tokens.refresh_token).await, Reason::SignInDisabled);
    refused(house.try_login("agent", PASSWORD).await, Reason::SignInDisabled);
    refused(house.try_login("agent", "not the password").await, Reason::SignInRefused);
    house.enable(&agent, true).await;
    refused(house.refresh(&tokens.refresh_token).await, Reason::RefreshTokenInvalid);
    house.login("agent").await;
}

#[tokio::test]
async fn another_role_voids_the_token_and_the_next_one_knows_it() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let agent = house.agent(&shop, "agent").await;
    let tokens = house.login("agent").await;
    let request = proto::UpdateBindingRequest {
        shop_id: shop.shop_id.clone(),
        agent_id: agent.agent_id.clone(),
        terms: Some(proto::BindingTerms { roles: vec!["supervisor".into()], ..Default::default() }),
        update_mask: mask(&["roles"]),
        ..Default::default()
    };
    house.bindings(&house.admin).update_binding(request).await.expect("the roles change");
    house.refused_at_last(&tokens.access_token, Reason::TokenRevoked).await;
    let next = house.refresh(&tokens.refresh_token).await.expect("the session goes on").into_inner();
    let held = next.identity.expect("whom it speaks for").permissions;
    assert_eq!(held, numbers(BuiltInRole::Supervisor.permissions()));
}

#[tokio::test]
async fn changing_the_password_ends_what_the_old_one_opened() {
    let house = Guarded::open().await;
    house.shop("owner").await;
    let (here, there) = (house.login("owner").await, house.login("owner").await);
    let change = |old: &str, new: &str| proto::ChangePasswordRequest {
        old_password: old.to_owned(),
        new_password: new.to_owned(),
        ..Default::default()
    };
    let mut accounts = house.accounts(&here.access_token);
    refused(accounts.change_password(change("not it", "vR7!pond-lamp")).await, Reason::SignInRefused);
    let weak = accounts.change_password(change(PASSWORD, "password123")).await;
    refused_fields(weak, Reason::PasswordWeak, &["new_password"]);
    accounts.change_password(change(PASSWORD, "vR7!pond-lamp")).await.expect("it is changed");
    for tokens in [&here, &there] {
        house.refused_at_last(&tokens.access_token, Reason::TokenRevoked).await;
        refused(house.refresh(&tokens.refresh_token).await, Reason::RefreshTokenInvalid);
    }
    refused(house.try_login("owner", PASSWORD).await, Reason::SignInRefused);
    house.try_login("owner", "vR7!pond-lamp").await.expect("the new one");
    let admin = house.accounts(&house.admin).change_password(change(PASSWORD, "vR7!pond-lamp")).await;
    refused(admin, Reason::PermissionDenied);
}

#[tokio::test]
async fn a_password_of_another_cost_is_hashed_anew_apart_from_the_sign_in() {
    let house = Guarded::open().await;
    let shop = house.shop("owner").await;
    let house = house.restart(2).await;
    let sign_in = async || {
        let before = house.evaluations.count();
        house.login("owner").await;
        house.evaluations.count() - before
    };
    assert_eq!(sign_in().await, 1, "it costs what every other costs");
    let rehashed = async || {
        let done = house.done_to(&shop.shop_id, &shop.main_account_id).await;
        done.iter().any(|entry| entry.action == "agent.password_rehashed")
    };
    within(async { while !rehashed().await {} }).await;
    assert_eq!(house.evaluations.apart(), 1);
    assert_eq!(sign_in().await, 1);
    assert_eq!(house.evaluations.apart(), 1, "once is enough");
}
