//! `fenliu password`: somebody's own password.
//!
//! With a new password every session of the account is over, this one included; so the command signs in again with it,
//! and who typed it stays signed in.

use anyhow::Context;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::{ChangePasswordRequest, LoginRequest};
use serde_json::json;

use super::keeper::not_signed_in;
use super::store::{Session, Store};
use super::{replace, sign_in};
use crate::cli::shop::ChangePasswordArgs;
use crate::client::Client;
use crate::output::Answer;
use crate::password;
use crate::target::{asking, refused};

/// Runs `fenliu password`.
///
/// # Errors
/// Refusals, and when nobody is signed in.
pub async fn change_password(client: &Client, args: ChangePasswordArgs) -> anyhow::Result<Answer> {
    let session = client.session().with_context(not_signed_in)?;
    let (old, new) = password::changed(args.password_stdin, &session.login_name)?;
    let new = new.into_text();
    let request = ChangePasswordRequest {
        old_password: old.into_text(),
        new_password: new.clone(),
        ..Default::default()
    };
    let mut accounts = AccountServiceClient::new(client.channel());
    accounts.change_password(asking(request)).await.map_err(refused)?;
    let again = go_on(session, new).await;
    let Session { login_name, address, .. } = session;
    let text = match &again {
        Ok(()) => format!(
            "changed the password of {login_name}; every other session of the account is over, this one goes on\n"
        ),
        // The password is another one all the same, so the command has not failed.
        Err(error) => format!(
            "changed the password of {login_name}; every session of the account is over: {error:#}\n\
             sign in with fenliu login --connect {address} --name {login_name}\n"
        ),
    };
    Answer::new(&json!({ "login_name": login_name, "signed_in": again.is_ok() }), text)
}

/// Signs in with the new password where the session was, and keeps that session instead.
async fn go_on(session: &Session, password: String) -> anyhow::Result<()> {
    let request = LoginRequest {
        login_name: session.login_name.clone(),
        password,
        shop_id: session.shop_id.clone(),
        ..Default::default()
    };
    let (next, ..) = sign_in(&session.address, request).await?;
    replace(Store::find()?, next).await?;
    Ok(())
}
