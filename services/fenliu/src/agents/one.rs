//! One of the people who answer for a shop: shown, renamed, and given other terms.

use anyhow::Context;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::{
    Binding, GetBindingRequest, GetSubAccountRequest, SubAccount, UpdateBindingRequest,
    UpdateSubAccountRequest,
};
use prost_types::FieldMask;
use serde_json::json;

use super::{after, terms};
use crate::cli::agent::{UpdateAgentArgs, WhoArgs};
use crate::client::Client;
use crate::output::Answer;
use crate::target::{asking, refused};
use crate::{people, sanctions};

/// Shows somebody.
pub(super) async fn show(client: &Client, args: &WhoArgs) -> anyhow::Result<Answer> {
    let shop = client.shop()?;
    let agent = people::id_of(client, &shop, &args.agent).await?;
    let binding = binding(client, &shop, &agent).await?;
    // Whether somebody can sign in is known at home only.
    let account = if binding.home { Some(account(client, &shop, &agent).await?) } else { None };
    let sanction = sanctions::told_by_agent(client, &shop).await?.remove(&agent);
    let mut json = terms::to_json(&binding);
    json["sanction"] = json!(sanction);
    json["main_account"] = json!(account.as_ref().map(|account| account.main_account));
    json["has_password"] = json!(account.as_ref().map(|account| account.has_password));
    Answer::new(&json, told(&binding, account.as_ref(), sanction.as_deref()))
}

/// Changes somebody: first what they do, which may be refused for more reasons, then their name.
pub(super) async fn update(client: &Client, args: &UpdateAgentArgs) -> anyhow::Result<Answer> {
    let update_mask = named(args);
    anyhow::ensure!(
        args.name.is_some() || !update_mask.paths.is_empty(),
        "nothing is named that shall change; see --help"
    );
    let shop_id = client.shop()?;
    let agent_id = people::id_of(client, &shop_id, &args.who.agent).await?;
    let mut warnings = Vec::new();
    if !update_mask.paths.is_empty() {
        let request = UpdateBindingRequest {
            request_id: String::new(),
            agent_id: agent_id.clone(),
            shop_id: shop_id.clone(),
            terms: Some(terms::of(&args.terms)?),
            update_mask: Some(update_mask),
            etag: String::new(),
        };
        let mut bindings = BindingServiceClient::new(client.channel());
        warnings = bindings.update_binding(asking(request)).await.map_err(refused)?.into_inner().warnings;
    }
    if let Some(name) = &args.name {
        rename(client, (&shop_id, &agent_id), name).await?;
    }
    after("changed", &binding(client, &shop_id, &agent_id).await?, &warnings)
}

/// Which terms the command line changes.
fn named(args: &UpdateAgentArgs) -> FieldMask {
    let mut mask = terms::named(&args.terms);
    mask.paths.extend(args.limited.then(|| "unlimited".to_owned()));
    mask.paths.extend(args.no_external.then(|| "external_account".to_owned()));
    mask
}

async fn rename(client: &Client, (shop_id, agent_id): (&str, &str), name: &str) -> anyhow::Result<()> {
    let request = UpdateSubAccountRequest {
        request_id: String::new(),
        shop_id: shop_id.to_owned(),
        agent_id: agent_id.to_owned(),
        sub_account: Some(SubAccount { display_name: name.to_owned(), ..SubAccount::default() }),
        update_mask: Some(FieldMask { paths: vec!["display_name".to_owned()] }),
        etag: String::new(),
    };
    let mut accounts = AccountServiceClient::new(client.channel());
    accounts.update_sub_account(asking(request)).await.map_err(refused)?;
    Ok(())
}

async fn binding(client: &Client, shop: &str, agent: &str) -> anyhow::Result<Binding> {
    let request = GetBindingRequest { shop_id: shop.to_owned(), agent_id: agent.to_owned() };
    let answer = BindingServiceClient::new(client.channel()).get_binding(asking(request)).await;
    answer.map_err(refused)?.into_inner().binding.context("accounts left out the binding")
}

async fn account(client: &Client, shop: &str, agent: &str) -> anyhow::Result<SubAccount> {
    let request = GetSubAccountRequest { shop_id: shop.to_owned(), agent_id: agent.to_owned() };
    let answer = AccountServiceClient::new(client.channel()).get_sub_account(asking(request)).await;
    answer.map_err(refused)?.into_inner().sub_account.context("accounts left out the account")
}

fn told(binding: &Binding, account: Option<&SubAccount>, sanction: Option<&str>) -> String {
    let terms = binding.terms.clone().unwrap_or_default();
    let state = match (binding.enabled, sanction) {
        (false, _) => "disabled",
        (true, Some(sanction)) => sanction,
        (true, None) => "enabled",
    };
    let home = match account {
        None => "another shop, which keeps the name and the password",
        Some(account) if account.main_account => "this shop, as its main account",
        Some(_) => "this shop",
    };
    let password = match account {
        Some(account) if !account.has_password => "none yet; set one with fenliu agent reset-password",
        Some(_) => "set",
        None => "",
    };
    let external = terms.external_account.as_ref();
    let external = external.map(|account| format!("{}:{}", account.platform, account.account_id));
    let groups = if terms.groups.is_empty() { "default".to_owned() } else { terms.groups.join(", ") };
    let lines = [
        ("agent", binding.agent_id.clone()),
        ("login", binding.login_name.clone()),
        ("name", binding.display_name.clone()),
        ("state", state.to_owned()),
        ("home", home.to_owned()),
        ("password", password.to_owned()),
        ("roles", terms.roles.join(", ")),
        ("groups", groups),
        ("capacity", terms::capacity(&terms)),
        ("weight", terms.weight.unwrap_or(1).to_string()),
        ("answers as", external.unwrap_or_default()),
    ];
    let lines = lines.iter().filter(|(_, value)| !value.is_empty());
    lines.map(|(title, value)| format!("{title:<10}  {value}\n")).collect()
}

#[cfg(test)]
mod tests {
    use fenliu_proto::accounts::v1::{BindingTerms, ExternalAccount};

    use super::*;
    use crate::cli::agent::TermsArgs;

    #[test]
    fn what_is_not_named_does_not_change() {
        let args = UpdateAgentArgs {
            who: WhoArgs { agent: "ann".into() },
            name: None,
            terms: TermsArgs { weight: Some(2), ..TermsArgs::default() },
            limited: true,
            no_external: true,
        };
        assert_eq!(named(&args).paths, ["weight", "unlimited", "external_account"]);
        let name = UpdateAgentArgs {
            name: Some("Ann".into()),
            terms: TermsArgs::default(),
            limited: false,
            no_external: false,
            ..args
        };
        assert!(named(&name).paths.is_empty());
    }

    #[test]
    fn one_is_shown_with_everything_that_is_known() {
        let binding = Binding {
            agent_id: "agt_1".into(),
            login_name: "hong".into(),
            display_name: "小红".into(),
            enabled: true,
            home: true,
            terms: Some(BindingTerms {
                roles: vec!["supervisor".into(), "质检".into()],
                capacity: Some(200),
                capacity_ceiling: Some(300),
                external_account: Some(ExternalAccount {
                    platform: "pinduoduo".into(),
                    account_id: "8812".into(),
                }),
                ..BindingTerms::default()
            }),
            ..Binding::default()
        };
        let account = SubAccount { has_password: false, ..SubAccount::default() };
        insta::assert_snapshot!(told(&binding, Some(&account), Some("muted until it is lifted")));
        let guest = Binding { home: false, ..binding };
        assert!(told(&guest, None, None).contains("another shop"));
    }
}
