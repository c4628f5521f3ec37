//! `fenliu role`: named sets of permissions in a shop, and who has them.

use std::collections::BTreeSet;

use anyhow::Context;
use fenliu_domain::access::{Permission, Permissions};
use fenliu_proto::accounts::v1::binding_service_client::BindingServiceClient;
use fenliu_proto::accounts::v1::role_service_client::RoleServiceClient;
use fenliu_proto::accounts::v1::{
    Binding, BindingTerms, CreateRoleRequest, DeleteRoleRequest, GetBindingRequest, ListPermissionsRequest,
    ListRolesRequest, Role, UpdateBindingRequest, UpdateRoleRequest,
};
use fenliu_proto::words::Word;
use prost_types::FieldMask;
use serde_json::{Value, json};

use crate::cli::role::{CreateRoleArgs, GrantArgs, RoleCommand, RoleNameArgs, UpdateRoleArgs};
use crate::client::Client;
use crate::output::Answer;
use crate::people::People;
use crate::table::Table;
use crate::target::{Refused, asking, refused};

/// Runs `fenliu role`.
///
/// # Errors
/// Refusals, and an agent or a role nobody knows.
pub async fn run(client: &Client, command: &RoleCommand) -> anyhow::Result<Answer> {
    match command {
        RoleCommand::List => list(client).await,
        RoleCommand::Permissions => permissions(client).await,
        RoleCommand::Create(args) => create(client, args).await,
        RoleCommand::Update(args) => update(client, args).await,
        RoleCommand::Delete(args) => delete(client, args).await,
        RoleCommand::Grant(args) => grant(client, args, true).await,
        RoleCommand::Withdraw(args) => grant(client, args, false).await,
    }
}

async fn list(client: &Client) -> anyhow::Result<Answer> {
    let roles = roles(client).await?;
    let listed = roles.iter().map(to_json).collect::<anyhow::Result<Vec<_>>>()?;
    Answer::new(&json!({ "roles": listed }), table(&roles)?)
}

async fn roles(client: &Client) -> anyhow::Result<Vec<Role>> {
    let request = ListRolesRequest { shop_id: client.shop()? };
    let answer = RoleServiceClient::new(client.channel()).list_roles(asking(request)).await;
    Ok(answer.map_err(refused)?.into_inner().roles)
}

async fn permissions(client: &Client) -> anyhow::Result<Answer> {
    let mut roles = RoleServiceClient::new(client.channel());
    let answer =
        roles.list_permissions(asking(ListPermissionsRequest {})).await.map_err(refused)?.into_inner();
    let mut table = Table::new(&["permission", "meaning"]);
    for permission in &answer.permissions {
        table.row([permission.name.clone(), permission.meaning.clone()]);
    }
    let listed = answer.permissions.iter();
    let listed = listed.map(|permission| json!({ "name": permission.name, "meaning": permission.meaning }));
    Answer::new(&json!({ "permissions": listed.collect::<Vec<_>>() }), table.to_string())
}

async fn create(client: &Client, args: &CreateRoleArgs) -> anyhow::Result<Answer> {
    let request = CreateRoleRequest {
        request_id: String::new(),
        shop_id: client.shop()?,
        name: args.name.role.clone(),
        permissions: numbers(args.permission.iter().copied().collect()),
    };
    let answer = RoleServiceClient::new(client.channel()).create_role(asking(request)).await;
    one("created", &answer.map_err(refused)?.into_inner().role.context("accounts left out the role")?)
}

async fn update(client: &Client, args: &UpdateRoleArgs) -> anyhow::Result<Answer> {
    let name = &args.name.role;
    let known = roles(client).await?.into_iter().find(|role| role.name == *name);
    let known = known.ok_or_else(|| Refused {
        reason: "ROLE_NOT_FOUND",
        message: format!("there is no role {name} in this shop; see fenliu role list"),
    })?;
    let permissions = changed(permissions_of(&known)?, args);
    anyhow::ensure!(
        permissions != Permissions::NONE,
        "{name} would permit nothing; leave it a permission, or delete it with fenliu role delete {name}"
    );
    let request = UpdateRoleRequest {
        request_id: String::new(),
        shop_id: client.shop()?,
        name: name.clone(),
        permissions: numbers(permissions),
        etag: known.etag,
        ..Default::default()
    };
    let answer = RoleServiceClient::new(client.channel()).update_role(asking(request)).await;
    one("changed", &answer.map_err(refused)?.into_inner().role.context("accounts left out the role")?)
}

/// What a role permits when this is done to it.
fn changed(now: Permissions, args: &UpdateRoleArgs) -> Permissions {
    if !args.permission.is_empty() {
        return args.permission.iter().copied().collect();
    }
    now.union(args.add.iter().copied().collect()).without(args.remove.iter().copied().collect())
}

async fn delete(client: &Client, args: &RoleNameArgs) -> anyhow::Result<Answer> {
    let request =
        DeleteRoleRequest { request_id: String::new(), shop_id: client.shop()?, name: args.role.clone() };
    RoleServiceClient::new(client.channel()).delete_role(asking(request)).await.map_err(refused)?;
    Answer::new(&json!({ "done": "deleted", "role": args.role }), format!("deleted {}\n", args.role))
}

async fn grant(client: &Client, args: &GrantArgs, give: bool) -> anyhow::Result<Answer> {
    let shop = client.shop()?;
    let people = People::of(&client.channel(), &shop).await?;
    let ids = args.agents.iter().map(|agent| people.id_of(agent)).collect::<anyhow::Result<BTreeSet<_>>>()?;
    let mut text = String::new();
    let mut listed = Vec::new();
    for agent_id in ids {
        let binding = granted(client, (&shop, &agent_id), &args.name.role, give).await?;
        let roles = binding.terms.unwrap_or_default().roles;
        text.push_str(&format!("{} is {}\n", people.full_name(&agent_id), roles.join(", ")));
        listed.push(json!({ "agent_id": agent_id, "roles": roles }));
    }
    Answer::new(&json!({ "agents": listed }), text)
}

/// Gives somebody a role or takes it away, beside whatever else they have at that moment.
async fn granted(client: &Client, who: (&str, &str), role: &str, give: bool) -> anyhow::Result<Binding> {
    let (shop_id, agent_id) = (who.0.to_owned(), who.1.to_owned());
    let mut bindings = BindingServiceClient::new(client.channel());
    let request = GetBindingRequest { shop_id: shop_id.clone(), agent_id: agent_id.clone() };
    let answer = bindings.get_binding(asking(request)).await.map_err(refused)?.into_inner();
    let binding = answer.binding.context("accounts left out the binding")?;
    let mut roles = binding.terms.clone().unwrap_or_default().roles;
    if roles.iter().any(|has| has == role) == give {
        return Ok(binding);
    }
    if give {
        roles.push(role.to_owned());
    } else {
        roles.retain(|has| has != role);
    }
    let request = UpdateBindingRequest {
        request_id: String::new(),
        shop_id,
        agent_id,
        terms: Some(BindingTerms { roles, ..BindingTerms::default() }),
        update_mask: Some(FieldMask { paths: vec!["roles".to_owned()] }),
        etag: binding.etag,
    };
    let answer = bindings.update_binding(asking(request)).await.map_err(refused)?.into_inner();
    answer.binding.context("accounts left out the binding")
}

fn numbers(permissions: Permissions) -> Vec<i32> {
    permissions.iter().map(Word::number).collect()
}

fn permissions_of(role: &Role) -> anyhow::Result<Permissions> {
    let parse = |number: &i32| Ok(<Permission as Word>::parse(*number, "permissions")?);
    role.permissions.iter().map(parse).collect()
}

fn table(roles: &[Role]) -> anyhow::Result<String> {
    let mut table = Table::new(&["role", "", "permits"]);
    for role in roles {
        let names: Vec<_> = permissions_of(role)?.names().collect();
        let own = if role.built_in { "built in" } else { "the shop's" };
        table.row([role.name.clone(), own.to_owned(), names.join(", ")]);
    }
    Ok(table.to_string())
}

fn one(done: &str, role: &Role) -> anyhow::Result<Answer> {
    let table = table(std::slice::from_ref(role))?;
    Answer::new(&to_json(role)?, format!("{done} {}\n\n{table}", role.name))
}

fn to_json(role: &Role) -> anyhow::Result<Value> {
    let names: Vec<_> = permissions_of(role)?.names().collect();
    Ok(json!({ "name": role.name, "built_in": role.built_in, "permissions": names }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(permission: &[Permission], add: &[Permission], remove: &[Permission]) -> UpdateRoleArgs {
        UpdateRoleArgs {
            name: RoleNameArgs { role: "clerk".to_owned() },
            permission: permission.to_vec(),
            add: add.to_vec(),
            remove: remove.to_vec(),
        }
    }

    #[test]
    fn a_role_is_replaced_or_changed() {
        let now = Permissions::of(&[Permission::DeskRead, Permission::DeskWork]);
        let names = |args| changed(now, &args).names().collect::<Vec<_>>();
        assert_eq!(names(args(&[Permission::ShopRead], &[], &[])), ["shop.read"]);
        let both = args(&[], &[Permission::ShopRead], &[Permission::DeskWork]);
        assert_eq!(names(both), ["shop.read", "desk.read"]);
    }

    #[test]
    fn roles_stand_in_a_table() {
        let role = |name: &str, built_in, permissions| Role {
            name: name.to_owned(),
            built_in,
            permissions: numbers(permissions),
            ..Role::default()
        };
        let roles = [
            role("agent", true, fenliu_domain::access::BuiltInRole::Agent.permissions()),
            role("质检", false, Permissions::of(&[Permission::DeskRead, Permission::HistoryRead])),
        ];
        insta::assert_snapshot!(table(&roles).expect("told"), @r"
        role               permits
        agent  built in    shop.read, agents.read, rosters.read, desk.read, desk.work
        质检   the shop's  desk.read, history.read
        ");
    }
}
