//! `fenliu shop`: creates, shows and changes shops.

use std::io::IsTerminal;

use anyhow::Context;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{
    CreateShopRequest, GetShopRequest, ListShopsRequest, Shop, UpdateShopRequest,
};
use fenliu_runtime::channel::Outgoing;
use prost_types::FieldMask;
use serde_json::{Value, json};

use crate::cli::PasswordArgs;
use crate::cli::shop::{CreateShopArgs, ShopCommand, UpdateShopArgs};
use crate::client::Client;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::output::Answer;
use crate::password;
use crate::table::Table;
use crate::target::{asking, refused};

/// Runs `fenliu shop`.
///
/// # Errors
/// Refusals, and arguments that make no sense.
pub async fn run(client: &Client, command: &ShopCommand) -> anyhow::Result<Answer> {
    match command {
        ShopCommand::Create(args) => create(client, args).await,
        ShopCommand::List => list(client).await,
        ShopCommand::Show => {
            let shop = get(&client.channel(), &client.shop()?).await?;
            Answer::new(&to_json(&shop), told(&shop))
        }
        ShopCommand::Update(args) => update(client, args).await,
    }
}

/// The shop of this id.
///
/// # Errors
/// Refusals.
pub async fn get(channel: &Outgoing, id: &str) -> anyhow::Result<Shop> {
    let request = GetShopRequest { shop_id: id.to_owned() };
    let answer = ShopServiceClient::new(channel.clone()).get_shop(asking(request)).await;
    answer.map_err(refused)?.into_inner().shop.context("accounts left out the shop")
}

/// The password that a new account begins with; empty when it begins without one.
///
/// # Errors
/// When there is none to be read, and none was not asked for.
pub(crate) fn first_password(args: PasswordArgs, none: bool, of: &str) -> anyhow::Result<String> {
    if none {
        return Ok(String::new());
    }
    anyhow::ensure!(
        args.password_stdin || std::io::stdin().is_terminal(),
        "standard input is no terminal to ask for the password of {of}; hand it in there with --password-stdin, or do \
         without with --no-password"
    );
    Ok(password::new(args, of)?.into_text())
}

async fn create(client: &Client, args: &CreateShopArgs) -> anyhow::Result<Answer> {
    let (start, end) = service(&args.service)?;
    let request = CreateShopRequest {
        request_id: String::new(),
        display_name: args.name.clone(),
        time_zone: args.zone.clone(),
        service_start: start.to_owned(),
        service_end: end.to_owned(),
        main_account_login_name: args.owner.clone(),
        main_account_password: first_password(args.password, args.no_password, &args.owner)?,
    };
    let mut shops = ShopServiceClient::new(client.channel());
    let answer = shops.create_shop(asking(request)).await.map_err(refused)?.into_inner();
    let shop = answer.shop.context("accounts left out the shop")?;
    let next = if args.no_password {
        format!("set a password with fenliu agent reset-password {} --shop {}", args.owner, shop.shop_id)
    } else {
        format!("sign in with fenliu login --connect {} --name {}", client.address(), args.owner)
    };
    let text = format!("created {}, owned by {}\n\n{}\n{next}\n", shop.shop_id, args.owner, told(&shop));
    Answer::new(&to_json(&shop), text)
}

/// The start and the end of a service window as it is typed; whether they make sense is for accounts to say.
fn service(text: &str) -> anyhow::Result<(&str, &str)> {
    text.split_once('-')
        .with_context(|| format!("--service {text:?} is no window; use one such as 08:00-23:00"))
}

async fn update(client: &Client, args: &UpdateShopArgs) -> anyhow::Result<Answer> {
    let (shop, update_mask) = changes(args)?;
    let request = UpdateShopRequest {
        request_id: String::new(),
        shop_id: client.shop()?,
        shop: Some(shop),
        update_mask: Some(update_mask),
        etag: String::new(),
    };
    let answer = ShopServiceClient::new(client.channel()).update_shop(asking(request)).await;
    let shop = answer.map_err(refused)?.into_inner().shop.context("accounts left out the shop")?;
    Answer::new(&to_json(&shop), format!("changed\n\n{}", told(&shop)))
}

/// The new values, and which they are.
fn changes(args: &UpdateShopArgs) -> anyhow::Result<(Shop, FieldMask)> {
    let mut shop = Shop::default();
    let mut paths = Vec::new();
    if let Some(name) = &args.name {
        shop.display_name.clone_from(name);
        paths.push("display_name".to_owned());
    }
    if let Some(zone) = &args.zone {
        shop.time_zone.clone_from(zone);
        paths.push("time_zone".to_owned());
    }
    if let Some(text) = &args.service {
        let (start, end) = service(text)?;
        (shop.service_start, shop.service_end) = (start.to_owned(), end.to_owned());
        paths.extend(["service_start".to_owned(), "service_end".to_owned()]);
    }
    Ok((shop, FieldMask { paths }))
}

async fn list(client: &Client) -> anyhow::Result<Answer> {
    let page = async |page_token: String| {
        let request = ListShopsRequest { page_size: PAGE_SIZE, page_token };
        let answer = ShopServiceClient::new(client.channel()).list_shops(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.shops, answer.next_page_token))
    };
    let shops = listing::all(MAX_LISTED, page).await?;
    let mut table = Table::new(&["shop", "name", "zone", "service"]);
    for shop in &shops {
        table.row([shop.shop_id.clone(), shop.display_name.clone(), shop.time_zone.clone(), window(shop)]);
    }
    let text = if table.is_empty() { "there is no shop yet\n".to_owned() } else { table.to_string() };
    Answer::new(&json!({ "shops": shops.iter().map(to_json).collect::<Vec<_>>() }), text)
}

/// A shop's service window, such as 08:00–23:00.
#[must_use]
pub fn window(shop: &Shop) -> String {
    format!("{}–{}", shop.service_start, shop.service_end)
}

fn told(shop: &Shop) -> String {
    let Shop { shop_id, display_name, time_zone, main_account_id, .. } = shop;
    let window = window(shop);
    format!(
        "shop     {shop_id}\nname     {display_name}\nzone     {time_zone}\nservice  {window}\nowner    {main_account_id}\n"
    )
}

fn to_json(shop: &Shop) -> Value {
    json!({
        "shop_id": shop.shop_id,
        "display_name": shop.display_name,
        "time_zone": shop.time_zone,
        "service_start": shop.service_start,
        "service_end": shop.service_end,
        "main_account_id": shop.main_account_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_does_not_change() {
        let named = UpdateShopArgs { zone: Some("Asia/Tokyo".into()), ..UpdateShopArgs::default() };
        let (shop, mask) = changes(&named).expect("sound");
        assert_eq!((shop.time_zone.as_str(), mask.paths), ("Asia/Tokyo", vec!["time_zone".to_owned()]));
        let window = UpdateShopArgs { service: Some("22:00-06:00".into()), ..UpdateShopArgs::default() };
        let (shop, mask) = changes(&window).expect("sound");
        assert_eq!((shop.service_start.as_str(), shop.service_end.as_str()), ("22:00", "06:00"));
        assert_eq!(mask.paths, ["service_start", "service_end"]);
        let wrong = UpdateShopArgs { service: Some("always".into()), ..UpdateShopArgs::default() };
        assert!(changes(&wrong).is_err());
    }
}
