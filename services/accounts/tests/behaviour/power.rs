//! Power over people: nobody grants, takes away, punishes or pardons beyond what they hold, and a ban ends at the door
//! of its shop.

use fenliu_domain::access::{BuiltInRole, Permissions};
use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::words::Word;
use tonic::{Response, Status};

use crate::guarded::{Guarded, PASSWORD};
use crate::house::{mask, new_agent, refused};

fn holding(roles: &[&str]) -> proto::BindingTerms {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    proto::BindingTerms { roles, ..Default::default() }
}

/// Somebody with this role who signs in by its name.
async fn hire(house: &Guarded, shop: &proto::Shop, role: &str, login_name: &str) -> proto::SubAccount {
    let request = proto::CreateSubAccountRequest {
        password: PASSWORD.into(),
        terms: Some(holding(&[role])),
        ..new_agent(shop, login_name)
    };
    let created = house.accounts(&house.admin).create_sub_account(request).await.expect("created");
    created.into_inner().sub_account.expect("the answer holds it")
}

/// A shop with somebody of each rank below the owner's: manager, supervisor, agent.
async fn ranked(house: &Guarded) -> (proto::Shop, [proto::SubAccount; 3]) {
    let shop = house.shop("owner").await;
    let rank = async |role| hire(house, &shop, role, role).await;
    let people = [rank("manager").await, rank("supervisor").await, rank("agent").await];
    (shop, people)
}

async fn ban(
    house: &Guarded,
    token: &str,
    shop: &proto::Shop,
    agent: &proto::SubAccount,
) -> Result<Response<proto::BanAgentResponse>, Status> {
    let request = proto::BanAgentRequest {
        shop_id: shop.shop_id.clone(),
        agent_id: agent.agent_id.clone(),
        reason: "again".into(),
        ..Default::default()
    };
    house.sanctions(token).ban_agent(request).await
}

async fn lift(
    house: &Guarded,
    token: &str,
    sanction: &proto::Sanction,
) -> Result<Response<proto::LiftSanctionResponse>, Status> {
    let request = proto::LiftSanctionRequest {
        shop_id: sanction.shop_id.clone(),
        sanction_id: sanction.sanction_id.clone(),
        reason: "apologised".into(),
        ..Default::default()
    };
    house.sanctions(token).lift_sanction(request).await
}

async fn give_roles(
    house: &Guarded,
    token: &str,
    agent: &proto::SubAccount,
    roles: &[&str],
) -> Result<Response<proto::UpdateBindingResponse>, Status> {
    let request = proto::UpdateBindingRequest {
        shop_id: agent.shop_id.clone(),
        agent_id: agent.agent_id.clone(),
        terms: Some(holding(roles)),
        update_mask: mask(&["roles"]),
        ..Default::default()
    };
    house.bindings(token).update_binding(request).await
}

#[tokio::test]
async fn nobody_punishes_whoever_may_do_more_or_pardons_what_they_imposed() {
    let house = Guarded::open().await;
    let (shop, [manager, supervisor, agent]) = ranked(&house).await;
    let by_manager = house.login("manager").await.access_token;
    let by_supervisor = house.login("supervisor").await.access_token;
    refused(ban(&house, &by_supervisor, &shop, &manager).await, Reason::PermissionNotHeld);
    ban(&house, &by_manager, &shop, &supervisor).await.expect("a supervisor may do less than a manager");
    house.refused_at_last(&by_supervisor, Reason::TokenRevoked).await;
    hire(&house, &shop, "supervisor", "another supervisor").await;
    let by_colleague = house.login("another supervisor").await.access_token;
    let imposed = ban(&house, &by_manager, &shop, &agent).await.expect("banned").into_inner().sanction;
    let imposed = imposed.expect("the answer holds it");
    refused(lift(&house, &by_colleague, &imposed).await, Reason::PermissionNotHeld);
    lift(&house, &by_manager, &imposed).await.expect("who imposed it may lift it");
}

#[tokio::test]
async fn what_a_program_imposed_is_lifted_by_itself_or_by_whoever_manages_the_agents() {
    let house = Guarded::open().await;
    let (shop, [_, _, agent]) = ranked(&house).await;
    let by_manager = house.login("manager").await.access_token;
    let by_supervisor = house.login("supervisor").await.access_token;
    let permissions = BuiltInRole::Supervisor.permissions();
    let program = async |name: &str| {
        let request = proto::IssueServiceTokenRequest {
            shop_id: shop.shop_id.clone(),
            display_name: name.into(),
            permissions: permissions.iter().map(Word::number).collect(),
            ..Default::default()
        };
        house.auth(&house.admin).issue_service_token(request).await.expect("issued").into_inner().token
    };
    let (monitor, other) = (program("monitor").await, program("another").await);
    let imposed = async || {
        let banned = ban(&house, &monitor, &shop, &agent).await.expect("banned").into_inner();
        banned.sanction.expect("the answer holds it")
    };
    let first = imposed().await;
    refused(lift(&house, &by_supervisor, &first).await, Reason::PermissionNotHeld);
    refused(lift(&house, &other, &first).await, Reason::PermissionNotHeld);
    lift(&house, &by_manager, &first).await.expect("managers manage the agents");
    let second = imposed().await;
    lift(&house, &monitor, &second).await.expect("it changed its mind");
    let third = imposed().await;
    lift(&house, &house.login("owner").await.access_token, &third).await.expect("owners may do everything");
}

#[tokio::test]
async fn nobody_grants_or_takes_away_what_they_do_not_hold() {
    let house = Guarded::open().await;
    let (_, [manager, supervisor, agent]) = ranked(&house).await;
    let by_owner = house.login("owner").await.access_token;
    let by_manager = house.login("manager").await.access_token;
    refused(give_roles(&house, &by_manager, &agent, &["owner"]).await, Reason::PermissionNotHeld);
    give_roles(&house, &by_manager, &agent, &["supervisor"]).await.expect("managers hold all of that");
    give_roles(&house, &by_owner, &supervisor, &["owner"]).await.expect("owners hold everything");
    refused(give_roles(&house, &by_manager, &supervisor, &["agent"]).await, Reason::PermissionNotHeld);
    refused(
        give_roles(&house, &by_manager, &manager, &["manager", "owner"]).await,
        Reason::PermissionNotHeld,
    );
}

#[tokio::test]
async fn what_is_signed_in_to_at_home_outlives_a_ban_elsewhere() {
    let house = Guarded::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let ann = house.agent(&home, "ann").await;
    house.bind(&ann, &other).await;
    let elsewhere = async || {
        let request = proto::LoginRequest {
            login_name: "ann".into(),
            password: PASSWORD.into(),
            shop_id: other.shop_id.clone(),
            ..Default::default()
        };
        house.auth("").login(request).await
    };
    let at_home = house.login("ann").await;
    let there = elsewhere().await.expect("she works there").into_inner().tokens.expect("tokens");
    ban(&house, &house.admin, &other, &ann).await.expect("banned");
    house.refused_at_last(&there.access_token, Reason::TokenRevoked).await;
    refused(house.refresh(&there.refresh_token).await, Reason::SignInBanned);
    refused(elsewhere().await, Reason::SignInBanned);
    house.refresh(&at_home.refresh_token).await.expect("her session at home goes on");
    house.login("ann").await;
}

#[tokio::test]
async fn a_password_that_opens_other_shops_is_reset_by_the_platform_alone_and_ones_own_never() {
    let house = Guarded::open().await;
    let (home, other) = (house.shop("owner").await, house.shop("other owner").await);
    let ann = house.agent(&home, "ann").await;
    let reset = async |token: &str, agent_id: &str| {
        let request = proto::ResetPasswordRequest {
            shop_id: home.shop_id.clone(),
            agent_id: agent_id.to_owned(),
            new_password: "vR7!pond-lamp".into(),
            ..Default::default()
        };
        house.accounts(token).reset_password(request).await
    };
    let by_owner = house.login("owner").await.access_token;
    reset(&by_owner, &ann.agent_id).await.expect("she works for nobody else");
    refused(reset(&by_owner, &home.main_account_id).await, Reason::PermissionDenied);
    house.bind(&ann, &other).await;
    refused(reset(&by_owner, &ann.agent_id).await, Reason::BoundElsewhere);
    reset(&house.admin, &ann.agent_id).await.expect("the platform may");
}

#[tokio::test]
async fn nobody_asks_for_a_swap_in_another_ones_name() {
    let house = Guarded::open().await;
    let (shop, [_, supervisor, agent]) = ranked(&house).await;
    let by_supervisor = house.login("supervisor").await.access_token;
    let swap = |asked_by: &str| proto::CreateRosterExceptionRequest {
        shop_id: shop.shop_id.clone(),
        agent_id: asked_by.to_owned(),
        kind: Some(proto::create_roster_exception_request::Kind::Swap(proto::Swap {
            agent_id: agent.agent_id.clone(),
            day: "2026-03-09".into(),
            other_agent_id: supervisor.agent_id.clone(),
            other_day: "2026-03-10".into(),
        })),
        reason: "because".into(),
        ..Default::default()
    };
    refused(
        house.rosters(&by_supervisor).create_roster_exception(swap(&agent.agent_id)).await,
        Reason::PermissionDenied,
    );
    let program = house.issuer.internal("a program", Permissions::all()).await.expect("a token");
    refused(
        house.rosters(&program).create_roster_exception(swap(&agent.agent_id)).await,
        Reason::PermissionDenied,
    );
    let asked =
        house.rosters(&by_supervisor).create_roster_exception(swap("")).await.expect("as a supervisor");
    let waits = asked.into_inner().exception.expect("the answer holds it").waits_for;
    assert_eq!(waits.len(), 2, "both sides are asked");
}
