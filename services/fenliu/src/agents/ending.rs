//! What is done to accounts as a whole.

use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::{
    DeleteSubAccountRequest, DisableSubAccountRequest, EnableSubAccountRequest, ResetPasswordRequest,
    UnbindAgentRequest,
};
use serde_json::json;

use crate::cli::agent::{HandOverArgs, ResetPasswordArgs, WhoArgs};
use crate::client::Client;
use crate::output::Answer;
use crate::password;
use crate::people;
use crate::target::{asking, refused};

/// Ends somebody's work for a shop that is not their home.
pub(super) async fn unbind(client: &Client, args: &HandOverArgs) -> anyhow::Result<Answer> {
    let (shop_id, agent_id) = who(client, &args.who).await?;
    let request = UnbindAgentRequest {
        request_id: String::new(),
        shop_id,
        agent_id: agent_id.clone(),
        hand_over: args.hand_over,
    };
    BindingServiceClient::new(client.channel()).unbind_agent(asking(request)).await.map_err(refused)?;
    done("unbound", &args.who, &agent_id)
}

/// Keeps somebody from signing in and working.
pub(super) async fn disable(client: &Client, args: &WhoArgs) -> anyhow::Result<Answer> {
    let (shop_id, agent_id) = who(client, args).await?;
    let request = DisableSubAccountRequest { request_id: String::new(), shop_id, agent_id: agent_id.clone() };
    AccountServiceClient::new(client.channel())
        .disable_sub_account(asking(request))
        .await
        .map_err(refused)?;
    done("disabled", args, &agent_id)
}

/// Lets them again.
pub(super) async fn enable(client: &Client, args: &WhoArgs) -> anyhow::Result<Answer> {
    let (shop_id, agent_id) = who(client, args).await?;
    let request = EnableSubAccountRequest { request_id: String::new(), shop_id, agent_id: agent_id.clone() };
    AccountServiceClient::new(client.channel()).enable_sub_account(asking(request)).await.map_err(refused)?;
    done("enabled", args, &agent_id)
}

/// Deletes an account for good.
pub(super) async fn delete(client: &Client, args: &HandOverArgs) -> anyhow::Result<Answer> {
    let (shop_id, agent_id) = who(client, &args.who).await?;
    let request = DeleteSubAccountRequest {
        request_id: String::new(),
        shop_id,
        agent_id: agent_id.clone(),
        hand_over: args.hand_over,
    };
    AccountServiceClient::new(client.channel()).delete_sub_account(asking(request)).await.map_err(refused)?;
    done("deleted", &args.who, &agent_id)
}

/// Sets somebody else's password.
pub(super) async fn reset_password(client: &Client, args: &ResetPasswordArgs) -> anyhow::Result<Answer> {
    let (shop_id, agent_id) = who(client, &args.who).await?;
    let new_password = password::new(args.password, &args.who.agent)?.into_text();
    let request =
        ResetPasswordRequest { request_id: String::new(), shop_id, agent_id: agent_id.clone(), new_password };
    AccountServiceClient::new(client.channel()).reset_password(asking(request)).await.map_err(refused)?;
    done("set the password of", &args.who, &agent_id)
}

async fn who(client: &Client, args: &WhoArgs) -> anyhow::Result<(String, String)> {
    let shop = client.shop()?;
    let agent = people::id_of(client, &shop, &args.agent).await?;
    Ok((shop, agent))
}

fn done(what: &str, who: &WhoArgs, agent_id: &str) -> anyhow::Result<Answer> {
    Answer::new(&json!({ "done": what, "agent_id": agent_id }), format!("{what} {}\n", who.agent))
}
