//! How long a large directory takes to reach dispatch: 10,000 shops with 10 people each, told as a snapshot to a
//! dispatch that knows nothing, and then one change in it, one mute and one ban. Everything over real gRPC and SQLite files with
//! `synchronous=FULL`. `cargo bench -p fenliu-tests --bench directory`; FENLIU_SHOPS asks for another number of shops.

use std::time::{Duration, Instant};

use anyhow::Context;
use fenliu_domain::access::Permissions;
use fenliu_domain::ids::AgentId;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::directory_service_client::DirectoryServiceClient;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{
    BanAgentRequest, BindingTerms, CreateShopRequest, CreateSubAccountRequest, MuteAgentRequest,
    UpdateBindingRequest, WatchDirectoryRequest,
};
use fenliu_proto::dispatch::v1::presence_service_client::PresenceServiceClient;
use fenliu_proto::dispatch::v1::{Agent, Availability, GetAgentRequest};
use fenliu_runtime::channel::Outgoing;
use fenliu_tests::guarded::Guarded;
use futures::stream::{self, StreamExt, TryStreamExt};

/// Shops, unless asked otherwise.
const SHOPS: usize = 10_000;
/// Sub-accounts of each, beside the main account.
const SUB_ACCOUNTS: usize = 9;
/// Callers who fill the directory.
const CALLERS: usize = 32;
/// Agents looked up to see that all have arrived.
const LOOKED_UP: usize = 200;

fn main() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn measure() -> anyhow::Result<()> {
    let shops = std::env::var("FENLIU_SHOPS").ok().and_then(|text| text.parse().ok()).unwrap_or(SHOPS);
    let place = tempfile::tempdir()?;
    let began = Instant::now();
    let filling = Guarded::start_in(place.path()).await?;
    let people = fill(&platform(&filling)?, shops).await?;
    println!("filled: {shops} shops, {} people in {:?}", people.len(), began.elapsed());
    filling.stop().await?;
    // A dispatch that has lost its store, and one that has it still.
    std::fs::remove_file(place.path().join("dispatch.db"))?;
    let began = Instant::now();
    let guarded = Guarded::start_in(place.path()).await?;
    let channel = platform(&guarded)?;
    let floor = read(&channel).await?;
    println!("floor, the snapshot read and thrown away: {floor:?}");
    arrival(&channel, &people, |_| true).await?;
    let took = began.elapsed();
    println!(
        "snapshot of {} people into the desks of dispatch, stored: {took:?}, {:.0} people/s, {:.1} times the floor",
        people.len(),
        people.len() as f64 / took.as_secs_f64(),
        took.as_secs_f64() / floor.as_secs_f64()
    );
    let (mut changes, mut mutes, mut bans) = (Vec::new(), Vec::new(), Vec::new());
    // Main accounts are neither muted nor banned.
    let subordinate = people.iter().enumerate().filter(|(index, _)| index % (SUB_ACCOUNTS + 1) > 0);
    for (_, (shop, agent)) in subordinate.step_by(people.len() / 50 + 1) {
        changes.push(change(&channel, shop, agent).await?);
        mutes.push(sanction(&channel, shop, agent, Availability::Muted).await?);
        bans.push(sanction(&channel, shop, agent, Availability::Banned).await?);
    }
    for (what, mut times) in [("change", changes), ("mute", mutes), ("ban", bans)] {
        times.sort_unstable();
        println!(
            "one {what}, from its acknowledgement until dispatch shows it: median {:?}, slowest of {} {:?}",
            times[times.len() / 2],
            times.len(),
            times[times.len() - 1]
        );
    }
    Ok(())
}

fn platform(guarded: &Guarded) -> anyhow::Result<Outgoing> {
    guarded.outgoing(&guarded.token(&guarded.platform(Permissions::all())))
}

/// Fills the directory through the API, and returns everybody with their shop.
async fn fill(channel: &Outgoing, shops: usize) -> anyhow::Result<Vec<(String, String)>> {
    let filled = (0..shops).map(|shop| async move {
        let request = CreateShopRequest {
            display_name: format!("shop {shop}"),
            main_account_login_name: format!("owner {shop}"),
            ..CreateShopRequest::default()
        };
        let opened = ShopServiceClient::new(channel.clone()).create_shop(request).await?.into_inner();
        let opened = opened.shop.context("no shop")?;
        let mut people = vec![(opened.shop_id.clone(), opened.main_account_id)];
        for agent in 0..SUB_ACCOUNTS {
            let request = CreateSubAccountRequest {
                shop_id: opened.shop_id.clone(),
                login_name: format!("agent {shop}/{agent}"),
                ..CreateSubAccountRequest::default()
            };
            let hired =
                AccountServiceClient::new(channel.clone()).create_sub_account(request).await?.into_inner();
            people.push((opened.shop_id.clone(), hired.sub_account.context("no account")?.agent_id));
        }
        anyhow::Ok(people)
    });
    let filled: Vec<Vec<_>> = stream::iter(filled).buffer_unordered(CALLERS).try_collect().await?;
    Ok(filled.into_iter().flatten().collect())
}

/// Reads the whole directory as dispatch does, and throws it away.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn read(channel: &Outgoing) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let request = WatchDirectoryRequest { after_version: 0 };
    let mut pages = DirectoryServiceClient::new(channel.clone()).watch_directory(request).await?.into_inner();
    while !pages.message().await?.context("the stream has no end")?.caught_up {}
    Ok(began.elapsed())
}

/// Waits until dispatch knows some of everybody, the last ones included, as they should be.
async fn arrival(
    channel: &Outgoing,
    people: &[(String, String)],
    right: impl Fn(u32) -> bool,
) -> anyhow::Result<()> {
    let step = people.len() / LOOKED_UP + 1;
    for (shop, agent) in people.iter().rev().step_by(step) {
        while !capacity(channel, shop, agent).await.is_some_and(&right) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// An agent's capacity at the desk; `None` while dispatch does not know them.
async fn capacity(channel: &Outgoing, shop: &str, agent: &str) -> Option<u32> {
    on_board(channel, shop, agent).await.map(|agent| agent.capacity)
}

async fn on_board(channel: &Outgoing, shop: &str, agent: &str) -> Option<Agent> {
    let request = GetAgentRequest { shop_id: shop.to_owned(), agent_id: agent.to_owned() };
    PresenceServiceClient::new(channel.clone()).get_agent(request).await.ok()?.into_inner().agent
}

/// Mutes or bans an agent, and tells how long after the acknowledgement dispatch shows it.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn sanction(
    channel: &Outgoing,
    shop: &str,
    agent: &str,
    expected: Availability,
) -> anyhow::Result<Duration> {
    let (shop_id, agent_id, reason) = (shop.to_owned(), agent.to_owned(), "measured".to_owned());
    let mut sanctions = SanctionServiceClient::new(channel.clone());
    if expected == Availability::Muted {
        let request = MuteAgentRequest { shop_id, agent_id, reason, ..MuteAgentRequest::default() };
        sanctions.mute_agent(request).await?;
    } else {
        let request = BanAgentRequest { shop_id, agent_id, reason, ..BanAgentRequest::default() };
        sanctions.ban_agent(request).await?;
    }
    let began = Instant::now();
    while on_board(channel, shop, agent).await.is_none_or(|agent| agent.availability() != expected) {
        tokio::task::yield_now().await;
    }
    Ok(began.elapsed())
}

/// Changes one agent's capacity, and tells how long after the acknowledgement dispatch shows it.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn change(channel: &Outgoing, shop: &str, agent: &str) -> anyhow::Result<Duration> {
    let request = UpdateBindingRequest {
        shop_id: shop.to_owned(),
        agent_id: agent.parse::<AgentId>()?.to_string(),
        terms: Some(BindingTerms { capacity: Some(7), ..BindingTerms::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["capacity".to_owned()] }),
        ..UpdateBindingRequest::default()
    };
    BindingServiceClient::new(channel.clone()).update_binding(request).await?;
    let began = Instant::now();
    arrival(channel, &[(shop.to_owned(), agent.to_owned())], |capacity| capacity == 7).await?;
    Ok(began.elapsed())
}
