//! `fenliu login`, `logout`, `whoami` and `password`: who somebody is to a fenliu, kept between commands.
//!
//! [`store`] is the file; [`keeper`] trades its tokens before they expire, one command at a time; `change` takes
//! another password and goes on with that.
//!
//! Invariants: a token is never printed; a session that is replaced or left is ended at its fenliu, too.

use std::fmt;

use anyhow::Context;
use fenliu_domain::access::Permission;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::{
    EnterableShop, GetCallerRequest, Identity, LoginRequest, LoginResponse, LogoutRequest,
};
use fenliu_proto::words::Word;
use fenliu_runtime::channel::{Outgoing, connect_lazy};
use serde::Serialize;

mod change;
pub mod keeper;
pub mod store;

pub use self::change::change_password;

use self::store::{Session, Store};
use crate::cli::shop::LoginArgs;
use crate::client::Client;
use crate::embedded::uri;
use crate::output::Answer;
use crate::password;
use crate::table::Table;
use crate::target::{asking, refused};

/// Who is signed in, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Told {
    address: String,
    subject: String,
    shop_id: String,
    permissions: Vec<&'static str>,
    shops: Vec<ShopTold>,
}

/// A shop somebody may sign in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct ShopTold {
    shop_id: String,
    display_name: String,
    roles: Vec<String>,
}

/// Runs `fenliu login`.
///
/// # Errors
/// When fenliu refuses, or the session cannot be kept.
pub async fn login(args: &LoginArgs) -> anyhow::Result<Answer> {
    uri(&args.connect)?;
    let store = Store::find()?;
    let request = LoginRequest {
        login_name: args.name.clone(),
        password: password::known(args.password, &args.name)?.into_text(),
        shop_id: args.shop.clone().unwrap_or_default(),
        ..Default::default()
    };
    let (session, identity, shops) = sign_in(&args.connect, request).await?;
    let before = replace(store.clone(), session).await?;
    if let Some(before) = before {
        end(&before).await;
    }
    let told = Told::new(args.connect.clone(), identity, shops)?;
    let text = format!("signed in as {}; the session is in {}\n\n{told}", args.name, store.path().display());
    Answer::new(&told, text)
}

/// Runs `fenliu logout`.
///
/// # Errors
/// When nobody is signed in, or the session cannot be taken away. One whose fenliu does not answer is gone here all
/// the same.
pub async fn logout() -> anyhow::Result<Answer> {
    let store = Store::find()?;
    let taken = tokio::task::spawn_blocking(move || {
        let locked = store.lock()?;
        let session = locked.read()?.with_context(keeper::not_signed_in)?;
        locked.remove()?;
        anyhow::Ok(session)
    });
    let session = taken.await??;
    let ended = end(&session).await;
    let Session { login_name, address, .. } = &session;
    let text = if ended {
        format!("signed out {login_name} at {address}\n")
    } else {
        format!("forgot the session of {login_name}; {address} does not answer, where it ends by itself\n")
    };
    Answer::new(&serde_json::json!({ "login_name": login_name, "address": address, "ended": ended }), text)
}

/// Runs `fenliu whoami`.
///
/// # Errors
/// Refusals.
pub async fn whoami(client: &Client) -> anyhow::Result<Answer> {
    let mut auth = AuthServiceClient::new(client.channel());
    let answer = auth.get_caller(asking(GetCallerRequest {})).await.map_err(refused)?.into_inner();
    let identity = answer.identity.context("accounts left out whom the token speaks for")?;
    let told = Told::new(client.address().to_owned(), identity, answer.shops)?;
    Answer::new(&told, told.to_string())
}

/// Signs somebody in, and says whom their tokens speak for and where else they may sign in.
async fn sign_in(
    address: &str,
    request: LoginRequest,
) -> anyhow::Result<(Session, Identity, Vec<EnterableShop>)> {
    let login_name = request.login_name.clone();
    let answer = AuthServiceClient::new(connect_lazy(uri(address)?)).login(asking(request)).await;
    let LoginResponse { tokens, identity, shops, .. } = answer.map_err(refused)?.into_inner();
    let identity = identity.context("accounts left out whom the tokens speak for")?;
    let mut session = Session::nobody(address, &login_name, &identity);
    session.renew(tokens.context("accounts left out the tokens")?)?;
    Ok((session, identity, shops))
}

/// Puts a session in the place of the one there was, which is returned.
async fn replace(store: Store, session: Session) -> anyhow::Result<Option<Session>> {
    let replaced = tokio::task::spawn_blocking(move || {
        let locked = store.lock()?;
        // One that cannot be read cannot be ended either; it is replaced.
        let before = locked.read().ok().flatten();
        locked.replace(&session)?;
        anyhow::Ok(before)
    });
    replaced.await?
}

/// Ends a session at its fenliu; `false` when that does not answer.
async fn end(session: &Session) -> bool {
    let Ok(uri) = uri(&session.address) else { return false };
    let channel: Outgoing = connect_lazy(uri);
    let request = LogoutRequest { refresh_token: session.refresh_token.clone(), ..Default::default() };
    AuthServiceClient::new(channel).logout(asking(request)).await.is_ok()
}

impl Session {
    /// A session without tokens yet.
    fn nobody(address: &str, login_name: &str, identity: &Identity) -> Self {
        Self {
            address: address.to_owned(),
            login_name: login_name.to_owned(),
            subject: identity.subject.clone(),
            shop_id: identity.shop_id.clone(),
            access_token: String::new(),
            access_expire_micros: 0,
            refresh_token: String::new(),
            refresh_expire_micros: 0,
        }
    }
}

impl Told {
    fn new(address: String, identity: Identity, shops: Vec<EnterableShop>) -> anyhow::Result<Self> {
        let name = |number: &i32| Ok(<Permission as Word>::parse(*number, "permissions")?.name());
        let shop = |shop: EnterableShop| ShopTold {
            shop_id: shop.shop_id,
            display_name: shop.display_name,
            roles: shop.roles,
        };
        Ok(Self {
            address,
            subject: identity.subject,
            shop_id: identity.shop_id,
            permissions: identity.permissions.iter().map(name).collect::<anyhow::Result<_>>()?,
            shops: shops.into_iter().map(shop).collect(),
        })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, subject, shop_id, permissions, shops } = self;
        writeln!(f, "at       {address}")?;
        writeln!(f, "as       {subject}")?;
        writeln!(f, "in       {}", if shop_id.is_empty() { "the platform, every shop" } else { shop_id })?;
        writeln!(f, "may      {}", permissions.join(", "))?;
        if shops.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(&["shop", "name", "roles"]);
        for shop in shops {
            table.row([shop.shop_id.clone(), shop.display_name.clone(), shop.roles.join(", ")]);
        }
        write!(f, "\nmay sign in to\n{table}")
    }
}
