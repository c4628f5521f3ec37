//! `fenliu sanction`: mutes, bans, and what they are for.
//!
//! `ladder` shows and sets the shop's ladder; `told` turns what accounts says of all this into words.

use std::collections::BTreeMap;

use anyhow::Context;
use fenliu_domain::day::Zone;
use fenliu_domain::ids::SanctionId;
use fenliu_proto::accounts::v1::sanction_service_client::SanctionServiceClient;
use fenliu_proto::accounts::v1::{
    BanAgentRequest, LiftSanctionRequest, ListSanctionsRequest, ListViolationsRequest, MuteAgentRequest,
    Sanction, SuggestSanctionRequest, Violation,
};
use fenliu_proto::convert::to_span;
use serde_json::json;

use crate::cli::sanction::{
    ImposeArgs, LiftArgs, ListSanctionsArgs, SanctionCommand, SuggestArgs, ViolationsArgs,
};
use crate::client::Client;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::output::Answer;
use crate::people::{self, People};
use crate::shops;
use crate::target::{Refused, asking, refused};

mod ladder;
mod told;

/// Where and among whom a command works.
#[derive(Debug)]
struct Place {
    shop: String,
    zone: Zone,
    people: People,
}

impl Place {
    async fn of(client: &Client) -> anyhow::Result<Self> {
        let shop = client.shop()?;
        let zone = Zone::parse(&shops::get(&client.channel(), &shop).await?.time_zone)?;
        let people = People::if_allowed(&client.channel(), &shop).await?;
        Ok(Self { shop, zone, people })
    }
}

/// Runs `fenliu sanction`.
///
/// # Errors
/// Refusals, and arguments that make no sense.
pub async fn run(client: &Client, command: &SanctionCommand) -> anyhow::Result<Answer> {
    let place = Place::of(client).await?;
    match command {
        SanctionCommand::Mute(args) => impose(client, &place, args, false).await,
        SanctionCommand::Ban(args) => impose(client, &place, args, true).await,
        SanctionCommand::Lift(args) => lift(client, &place, args).await,
        SanctionCommand::List(args) => list(client, &place, args).await,
        SanctionCommand::Suggest(args) => suggest(client, &place, args).await,
        SanctionCommand::Violations(args) => violations(client, &place, args).await,
        SanctionCommand::Ladder(args) => ladder::ladder(client, &place, args).await,
    }
}

/// What is in force against whom, in a few words by agent; nothing when the caller may not see it.
///
/// # Errors
/// Refusals of another reason.
pub async fn told_by_agent(client: &Client, shop: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let request = ListSanctionsRequest { in_force: true, ..asked(shop, String::new()) };
    let sanctions = match all(client, &request).await {
        Err(error) if Refused::is_for(&error, "PERMISSION_DENIED") => return Ok(BTreeMap::new()),
        sanctions => sanctions?,
    };
    if sanctions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let zone = Zone::parse(&shops::get(&client.channel(), shop).await?.time_zone)?;
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for sanction in sanctions {
        let words = told::state(&sanction, zone)?;
        told.entry(sanction.agent_id).and_modify(|all| *all = format!("{all}, {words}")).or_insert(words);
    }
    Ok(told)
}

async fn impose(client: &Client, place: &Place, args: &ImposeArgs, ban: bool) -> anyhow::Result<Answer> {
    let agent_id = people::id_of(client, &place.shop, &args.agent).await?;
    let mut sanctions = SanctionServiceClient::new(client.channel());
    let duration = args.length.map(to_span);
    let (shop_id, reason, evidence) = (place.shop.clone(), args.reason.clone(), args.evidence.clone());
    let request_id = String::new();
    let sanction = if ban {
        let request = BanAgentRequest { request_id, shop_id, agent_id, reason, evidence, duration };
        sanctions.ban_agent(asking(request)).await.map_err(refused)?.into_inner().sanction
    } else {
        let request = MuteAgentRequest { request_id, shop_id, agent_id, reason, evidence, duration };
        sanctions.mute_agent(asking(request)).await.map_err(refused)?.into_inner().sanction
    };
    one(place, &sanction.context("accounts left out the sanction")?)
}

async fn lift(client: &Client, place: &Place, args: &LiftArgs) -> anyhow::Result<Answer> {
    let request = LiftSanctionRequest {
        request_id: String::new(),
        shop_id: place.shop.clone(),
        sanction_id: which(client, place, &args.sanction).await?,
        reason: args.reason.clone(),
    };
    let mut sanctions = SanctionServiceClient::new(client.channel());
    let answer = sanctions.lift_sanction(asking(request)).await.map_err(refused)?.into_inner();
    one(place, &answer.sanction.context("accounts left out the sanction")?)
}

/// The sanction that is named by its id, or by the agent it is in force against.
async fn which(client: &Client, place: &Place, named: &str) -> anyhow::Result<String> {
    if named.parse::<SanctionId>().is_ok() {
        return Ok(named.to_owned());
    }
    let agent_id = people::id_of(client, &place.shop, named).await?;
    let request = ListSanctionsRequest { in_force: true, ..asked(&place.shop, agent_id) };
    match all(client, &request).await?.as_slice() {
        [only] => Ok(only.sanction_id.clone()),
        [] => Err(Refused {
            reason: "SANCTION_NOT_FOUND",
            message: format!("nothing is in force against {named}; see fenliu sanction list"),
        }
        .into()),
        several => {
            let ids: Vec<_> = several.iter().map(|sanction| sanction.sanction_id.as_str()).collect();
            anyhow::bail!("several sanctions are in force against {named}; name one: {}", ids.join(", "))
        }
    }
}

async fn list(client: &Client, place: &Place, args: &ListSanctionsArgs) -> anyhow::Result<Answer> {
    let agent = only(client, place, args.agent.as_deref()).await?;
    let request = ListSanctionsRequest { in_force: args.in_force, ..asked(&place.shop, agent) };
    let sanctions = all(client, &request).await?;
    let text = told::table(&sanctions, &place.people, place.zone)?;
    let listed = sanctions.iter().map(told::to_json).collect::<anyhow::Result<Vec<_>>>()?;
    Answer::new(&json!({ "sanctions": listed }), text)
}

async fn suggest(client: &Client, place: &Place, args: &SuggestArgs) -> anyhow::Result<Answer> {
    let agent_id = people::id_of(client, &place.shop, &args.agent).await?;
    let request = SuggestSanctionRequest { shop_id: place.shop.clone(), agent_id };
    let mut sanctions = SanctionServiceClient::new(client.channel());
    let answer = sanctions.suggest_sanction(asking(request)).await.map_err(refused)?.into_inner();
    let text = told::suggestion(&args.agent, &answer, &place.people, place.zone)?;
    let evidence = answer.evidence.iter().map(told::violation_to_json).collect::<anyhow::Result<Vec<_>>>()?;
    let rung = answer.suggestion.as_ref().map(told::rung_to_json).transpose()?;
    Answer::new(&json!({ "violations": answer.violations, "suggestion": rung, "evidence": evidence }), text)
}

async fn violations(client: &Client, place: &Place, args: &ViolationsArgs) -> anyhow::Result<Answer> {
    let agent_id = only(client, place, args.agent.as_deref()).await?;
    let page = async |page_token: String| {
        let request = ListViolationsRequest {
            shop_id: place.shop.clone(),
            agent_id: agent_id.clone(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = SanctionServiceClient::new(client.channel()).list_violations(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.violations, answer.next_page_token))
    };
    let violations: Vec<Violation> = listing::all(MAX_LISTED, page).await?;
    let text = told::violations(&violations, &place.people, place.zone)?;
    let listed = violations.iter().map(told::violation_to_json).collect::<anyhow::Result<Vec<_>>>()?;
    Answer::new(&json!({ "violations": listed }), text)
}

/// The id of the only agent that is asked for; empty for all.
async fn only(client: &Client, place: &Place, agent: Option<&str>) -> anyhow::Result<String> {
    match agent {
        Some(agent) => people::id_of(client, &place.shop, agent).await,
        None => Ok(String::new()),
    }
}

fn asked(shop: &str, agent_id: String) -> ListSanctionsRequest {
    ListSanctionsRequest { shop_id: shop.to_owned(), agent_id, ..ListSanctionsRequest::default() }
}

async fn all(client: &Client, request: &ListSanctionsRequest) -> anyhow::Result<Vec<Sanction>> {
    let page = async |page_token: String| {
        let request = ListSanctionsRequest { page_size: PAGE_SIZE, page_token, ..request.clone() };
        let answer = SanctionServiceClient::new(client.channel()).list_sanctions(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.sanctions, answer.next_page_token))
    };
    listing::all(MAX_LISTED, page).await
}

fn one(place: &Place, sanction: &Sanction) -> anyhow::Result<Answer> {
    let who = place.people.full_name(&sanction.agent_id);
    let text = format!("{who} is {}; {}\n", told::state(sanction, place.zone)?, sanction.sanction_id);
    Answer::new(&told::to_json(sanction)?, text)
}
