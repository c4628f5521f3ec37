//! `fenliu audit` and `fenliu token`: who changed what, and which programs may call.

use anyhow::Context;
use fenliu_domain::access::Permission;
use fenliu_domain::day::Zone;
use fenliu_proto::accounts::v1::audit_service_client::AuditServiceClient;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::{
    AuditEntry, IssueServiceTokenRequest, ListAuditEntriesRequest, ListServiceTokensRequest,
    RevokeServiceTokenRequest, ServiceToken,
};
use fenliu_proto::words::Word;
use serde_json::{Value, json};

use crate::cli::record::{AuditArgs, IssueArgs, PlatformArgs, RevokeArgs, TokenCommand};
use crate::client::Client;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::moments::{rfc3339, timestamp};
use crate::output::Answer;
use crate::people::{self, People};
use crate::report::sheet::local;
use crate::shops;
use crate::table::Table;
use crate::target::{asking, refused};

mod changes;

/// Runs `fenliu audit`.
///
/// # Errors
/// Refusals, and an agent nobody knows.
pub async fn audit(client: &Client, args: &AuditArgs) -> anyhow::Result<Answer> {
    let (shop, zone, people) = if args.platform {
        (String::new(), Zone::UTC, People::default())
    } else {
        let shop = client.shop()?;
        let zone = Zone::parse(&shops::get(&client.channel(), &shop).await?.time_zone)?;
        let people = People::if_allowed(&client.channel(), &shop).await?;
        (shop, zone, people)
    };
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let request = ListAuditEntriesRequest { shop_id: shop.clone(), ..ListAuditEntriesRequest::default() };
    let entries = match &args.agent {
        None => entries(client, &request, most).await?,
        Some(agent) => {
            let id = people::id_of(client, &shop, agent).await?;
            let target = ListAuditEntriesRequest { target: id.clone(), ..request.clone() };
            let actor = ListAuditEntriesRequest { actor: id, ..request };
            newest(entries(client, &target, most).await?, entries(client, &actor, most).await?, most)
        }
    };
    let text = told(&entries, &people, zone)?;
    let listed = entries.iter().map(entry_to_json).collect::<anyhow::Result<Vec<_>>>()?;
    Answer::new(&json!({ "entries": listed }), text)
}

/// The newest of two lists, each once, newest first.
fn newest(mut first: Vec<AuditEntry>, second: Vec<AuditEntry>, most: usize) -> Vec<AuditEntry> {
    first.extend(second);
    first.sort_by_key(|entry| std::cmp::Reverse(entry.number));
    first.dedup_by_key(|entry| entry.number);
    first.truncate(most);
    first
}

async fn entries(
    client: &Client,
    request: &ListAuditEntriesRequest,
    most: usize,
) -> anyhow::Result<Vec<AuditEntry>> {
    let page = async |page_token: String| {
        let page_size = i32::try_from(most).unwrap_or(PAGE_SIZE).min(PAGE_SIZE);
        let request = ListAuditEntriesRequest { page_size, page_token, ..request.clone() };
        let answer = AuditServiceClient::new(client.channel()).list_audit_entries(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.entries, answer.next_page_token))
    };
    listing::all(most, page).await
}

fn told(entries: &[AuditEntry], people: &People, zone: Zone) -> anyhow::Result<String> {
    let mut table = Table::new(&["when", "who", "what", "to", "change"]);
    for entry in entries {
        table.row([
            local(timestamp(entry.time.as_ref(), "time")?, zone),
            people.name(&entry.actor),
            entry.action.clone(),
            people.full_name(&entry.target),
            changes::told(&entry.before, &entry.after),
        ]);
    }
    Ok(if table.is_empty() { "nothing was changed\n".to_owned() } else { table.to_string() })
}

fn entry_to_json(entry: &AuditEntry) -> anyhow::Result<Value> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    Ok(json!({
        "number": entry.number,
        "time": rfc3339(timestamp(entry.time.as_ref(), "time")?),
        "shop_id": entry.shop_id,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "before": read(&entry.before),
        "after": read(&entry.after),
        "request_id": entry.request_id,
    }))
}

/// Runs `fenliu token`.
///
/// # Errors
/// Refusals.
pub async fn tokens(client: &Client, command: &TokenCommand) -> anyhow::Result<Answer> {
    match command {
        TokenCommand::Issue(args) => issue(client, args).await,
        TokenCommand::List(args) => list(client, args.platform).await,
        TokenCommand::Revoke(args) => revoke(client, args).await,
    }
}

/// The shop that a token is for; empty for the platform.
fn place(client: &Client, args: PlatformArgs) -> anyhow::Result<String> {
    if args.platform { Ok(String::new()) } else { client.shop() }
}

async fn issue(client: &Client, args: &IssueArgs) -> anyhow::Result<Answer> {
    let request = IssueServiceTokenRequest {
        request_id: String::new(),
        shop_id: place(client, args.platform)?,
        display_name: args.name.clone(),
        permissions: args.permission.iter().map(|permission| permission.number()).collect(),
        valid_days: args.days,
    };
    let mut auth = AuthServiceClient::new(client.channel());
    let answer = auth.issue_service_token(asking(request)).await.map_err(refused)?.into_inner();
    let issued = answer.service_token.context("accounts left out what was issued")?;
    let mut json = token_to_json(&issued)?;
    json["token"] = json!(answer.token);
    let text = format!(
        "{}\n\nthis is the token of {}; keep it secret, it is not shown again\n",
        answer.token, issued.service_id
    );
    Answer::new(&json, text)
}

async fn list(client: &Client, platform: PlatformArgs) -> anyhow::Result<Answer> {
    let shop_id = place(client, platform)?;
    let page = async |page_token: String| {
        let request = ListServiceTokensRequest { shop_id: shop_id.clone(), page_size: PAGE_SIZE, page_token };
        let answer = AuthServiceClient::new(client.channel()).list_service_tokens(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.service_tokens, answer.next_page_token))
    };
    let tokens = listing::all(MAX_LISTED, page).await?;
    let listed = tokens.iter().map(token_to_json).collect::<anyhow::Result<Vec<_>>>()?;
    Answer::new(&json!({ "tokens": listed }), token_table(&tokens)?)
}

async fn revoke(client: &Client, args: &RevokeArgs) -> anyhow::Result<Answer> {
    let request = RevokeServiceTokenRequest {
        request_id: String::new(),
        shop_id: place(client, args.platform)?,
        service_id: args.service.clone(),
    };
    let mut auth = AuthServiceClient::new(client.channel());
    let answer = auth.revoke_service_token(asking(request)).await.map_err(refused)?.into_inner();
    let revoked = answer.service_token.context("accounts left out what was revoked")?;
    Answer::new(&token_to_json(&revoked)?, format!("revoked {}\n", revoked.service_id))
}

fn token_table(tokens: &[ServiceToken]) -> anyhow::Result<String> {
    let mut table = Table::new(&["program", "name", "may", "expires", "state"]);
    for token in tokens {
        table.row([
            token.service_id.clone(),
            token.display_name.clone(),
            permissions(token)?.join(", "),
            rfc3339(timestamp(token.expire_time.as_ref(), "expire_time")?),
            if token.revoke_time.is_some() { "revoked" } else { "" }.to_owned(),
        ]);
    }
    Ok(if table.is_empty() { "no program has a token\n".to_owned() } else { table.to_string() })
}

fn token_to_json(token: &ServiceToken) -> anyhow::Result<Value> {
    let revoked = token.revoke_time.as_ref();
    Ok(json!({
        "service_id": token.service_id,
        "shop_id": token.shop_id,
        "display_name": token.display_name,
        "permissions": permissions(token)?,
        "expire_time": rfc3339(timestamp(token.expire_time.as_ref(), "expire_time")?),
        "revoke_time": revoked.map(|time| timestamp(Some(time), "revoke_time").map(rfc3339)).transpose()?,
    }))
}

fn permissions(token: &ServiceToken) -> anyhow::Result<Vec<&'static str>> {
    let name = |number: &i32| Ok(<Permission as Word>::parse(*number, "permissions")?.name());
    token.permissions.iter().map(name).collect()
}
