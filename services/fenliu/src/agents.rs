//! `fenliu agent`: the people who answer for a shop, and how they work for it.
//!
//! `one` shows and changes one of them; `ending` disables, deletes and unbinds them; [`terms`] reads how somebody works
//! for a shop and tells it.

use std::collections::BTreeMap;

use anyhow::Context;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::{
    BindAgentRequest, Binding, CreateBindingCodeRequest, CreateSubAccountRequest, ListBindingsRequest,
};
use serde_json::json;

use crate::cli::agent::{AgentCommand, BindArgs, CreateAgentArgs, ListAgentsArgs, WhoArgs};
use crate::client::Client;
use crate::moments::{rfc3339, timestamp};
use crate::output::Answer;
use crate::people::{self, bindings};
use crate::sanctions;
use crate::shops::first_password;
use crate::table::Table;
use crate::target::{asking, refused};

mod ending;
mod one;
pub mod terms;

/// Runs `fenliu agent`.
///
/// # Errors
/// Refusals, and arguments that make no sense.
pub async fn run(client: &Client, command: &AgentCommand) -> anyhow::Result<Answer> {
    match command {
        AgentCommand::Create(args) => create(client, args).await,
        AgentCommand::List(args) => list(client, args).await,
        AgentCommand::Show(args) => one::show(client, args).await,
        AgentCommand::Update(args) => one::update(client, args).await,
        AgentCommand::Bind(args) => bind(client, args).await,
        AgentCommand::Code(args) => code(client, args).await,
        AgentCommand::Unbind(args) => ending::unbind(client, args).await,
        AgentCommand::Disable(args) => ending::disable(client, args).await,
        AgentCommand::Enable(args) => ending::enable(client, args).await,
        AgentCommand::Delete(args) => ending::delete(client, args).await,
        AgentCommand::ResetPassword(args) => ending::reset_password(client, args).await,
    }
}

async fn create(client: &Client, args: &CreateAgentArgs) -> anyhow::Result<Answer> {
    let request = CreateSubAccountRequest {
        request_id: String::new(),
        shop_id: client.shop()?,
        login_name: args.login.clone(),
        display_name: args.name.clone().unwrap_or_default(),
        terms: Some(terms::of(&args.terms)?),
        password: first_password(args.password, args.no_password, &args.login)?,
    };
    let mut accounts = AccountServiceClient::new(client.channel());
    let answer = accounts.create_sub_account(asking(request)).await.map_err(refused)?.into_inner();
    let binding = answer.binding.context("accounts left out the binding")?;
    let done = format!("created {}", binding.agent_id);
    after(&done, &binding, &answer.warnings)
}

async fn bind(client: &Client, args: &BindArgs) -> anyhow::Result<Answer> {
    let binding_code = match (&args.code, &args.from, &args.agent) {
        (Some(code), _, _) => code.clone(),
        (None, Some(home), Some(agent)) => code_of(client, home, agent).await?.0,
        _ => anyhow::bail!("say whom to bind: --agent AGENT --from SHOP, or --code CODE"),
    };
    let request = BindAgentRequest {
        request_id: String::new(),
        shop_id: client.shop()?,
        binding_code,
        terms: Some(terms::of(&args.terms)?),
    };
    let mut bindings = BindingServiceClient::new(client.channel());
    let answer = bindings.bind_agent(asking(request)).await.map_err(refused)?.into_inner();
    let binding = answer.binding.context("accounts left out the binding")?;
    let done = format!("bound {} to {}", binding.agent_id, binding.shop_id);
    after(&done, &binding, &answer.warnings)
}

async fn code(client: &Client, args: &WhoArgs) -> anyhow::Result<Answer> {
    let (code, expires) = code_of(client, &client.shop()?, &args.agent).await?;
    let text = format!(
        "{code}\n\nuse it until {expires} with fenliu agent bind --code CODE --shop SHOP, where SHOP is the other shop\n"
    );
    Answer::new(&json!({ "binding_code": code, "expire_time": expires }), text)
}

/// A binding code for an account, made at its home, and until when it can be used.
async fn code_of(client: &Client, home: &str, agent: &str) -> anyhow::Result<(String, String)> {
    let agent_id = people::id_of(client, home, agent).await?;
    let request = CreateBindingCodeRequest { shop_id: home.to_owned(), agent_id, ..Default::default() };
    let mut bindings = BindingServiceClient::new(client.channel());
    let answer = bindings.create_binding_code(asking(request)).await.map_err(refused)?.into_inner();
    Ok((answer.binding_code, rfc3339(timestamp(answer.expire_time.as_ref(), "expire_time")?)))
}

async fn list(client: &Client, args: &ListAgentsArgs) -> anyhow::Result<Answer> {
    let shop_id = client.shop()?;
    let sanctioned = sanctions::told_by_agent(client, &shop_id).await?;
    let request = ListBindingsRequest {
        shop_id,
        group: args.group.clone(),
        role: args.role.clone(),
        ..ListBindingsRequest::default()
    };
    let bindings = bindings(&client.channel(), &request).await?;
    let listed = bindings.iter().map(|binding| {
        let mut value = terms::to_json(binding);
        value["sanction"] = json!(sanctioned.get(&binding.agent_id));
        value
    });
    Answer::new(&json!({ "agents": listed.collect::<Vec<_>>() }), table(&bindings, &sanctioned))
}

fn table(bindings: &[Binding], sanctioned: &BTreeMap<String, String>) -> String {
    let titles = ["login", "name", "roles", "groups", ">capacity", ">weight", "enabled", "sanction", "agent"];
    let mut table = Table::new(&titles);
    for binding in bindings {
        let terms = binding.terms.clone().unwrap_or_default();
        table.row([
            binding.login_name.clone(),
            binding.display_name.clone(),
            terms.roles.join(", "),
            if terms.groups.is_empty() { "default".to_owned() } else { terms.groups.join(", ") },
            terms::capacity(&terms),
            terms.weight.unwrap_or(1).to_string(),
            if binding.enabled { "yes" } else { "no" }.to_owned(),
            sanctioned.get(&binding.agent_id).cloned().unwrap_or_default(),
            binding.agent_id.clone(),
        ]);
    }
    if table.is_empty() { "nobody works for this shop like that\n".to_owned() } else { table.to_string() }
}

/// One binding, after something was done to it.
fn after(done: &str, binding: &Binding, warnings: &[String]) -> anyhow::Result<Answer> {
    let mut json = terms::to_json(binding);
    json["warnings"] = json!(warnings);
    let warnings: String = warnings.iter().map(|warning| format!("note: {warning}\n")).collect();
    let table = table(std::slice::from_ref(binding), &BTreeMap::new());
    Answer::new(&json, format!("{done}\n\n{table}{warnings}"))
}

#[cfg(test)]
mod tests {
    use fenliu_proto::accounts::v1::BindingTerms;

    use super::*;

    #[test]
    fn agents_stand_in_a_table() {
        let binding = |login: &str, display: &str, capacity, enabled| Binding {
            agent_id: format!("agt_{login}"),
            login_name: login.into(),
            display_name: display.into(),
            enabled,
            terms: Some(BindingTerms {
                roles: vec!["agent".into()],
                groups: vec!["default".into(), "vip".into()],
                capacity: Some(capacity),
                capacity_ceiling: Some(300),
                weight: Some(2),
                ..BindingTerms::default()
            }),
            ..Binding::default()
        };
        let sanctioned = BTreeMap::from([("agt_ann".to_owned(), "muted until 2026-11-24 12:00".to_owned())]);
        let bindings = [binding("xiaohong", "小红", 200, true), binding("ann", "ann", 0, false)];
        insta::assert_snapshot!(table(&bindings, &sanctioned));
    }
}
