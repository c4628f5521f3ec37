//! A running fenliu, and as whom a command asks it.
//!
//! `--connect` names the fenliu; then `--token-file`, else the file that `FENLIU_TOKEN_FILE` names, holds the token,
//! else the session with that fenliu speaks, else nobody does. Without `--connect` the session says both.

use std::path::{Path, PathBuf};

use anyhow::Context;
use fenliu_runtime::channel::{Outgoing, TokenSource, connect_lazy};
use fenliu_runtime::clock::SystemClock;

use crate::cli::ClientArgs;
use crate::embedded::uri;
use crate::session::keeper::{Kept, not_signed_in};
use crate::session::store::{Session, Store};

/// Names the file with the token for `--connect`.
pub const TOKEN_FILE_VARIABLE: &str = "FENLIU_TOKEN_FILE";

/// A fenliu to ask.
#[derive(Debug)]
pub struct Client {
    address: String,
    channel: Outgoing,
    kept: Option<Kept>,
    shop: Option<String>,
}

impl Client {
    /// Finds out which fenliu to ask, and as whom.
    ///
    /// # Errors
    /// When nobody is signed in and no address is given, a token file cannot be read, or the session is over.
    pub async fn open(args: &ClientArgs) -> anyhow::Result<Self> {
        let client = match &args.connect {
            Some(address) => Self::at(address, args.token_file.clone()).await?,
            None => {
                anyhow::ensure!(
                    args.token_file.is_none(),
                    "--token-file needs --connect, which says where the token counts"
                );
                let store = Store::find()?;
                let address = store.read()?.with_context(not_signed_in)?.address;
                Self::signed_in(address, store).await?
            }
        };
        Ok(Self { shop: args.shop.clone().or(client.shop), ..client })
    }

    /// A fenliu that a channel leads to already, and a shop there.
    #[must_use]
    pub fn over(channel: Outgoing, shop: String) -> Self {
        Self { address: String::new(), channel, kept: None, shop: Some(shop) }
    }

    /// The fenliu at an address; see above for as whom.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub async fn at(address: &str, token_file: Option<PathBuf>) -> anyhow::Result<Self> {
        let named = token_file.or_else(|| std::env::var_os(TOKEN_FILE_VARIABLE).map(PathBuf::from));
        let channel = connect_lazy(uri(address)?);
        if let Some(file) = named.filter(|file| !file.as_os_str().is_empty()) {
            let channel = channel.with_token(token_in(&file)?);
            return Ok(Self { address: address.to_owned(), channel, kept: None, shop: None });
        }
        let store = Store::find().ok();
        if let Some(store) = store {
            let session = store.read()?;
            if session.is_some_and(|session| uri(&session.address).ok() == uri(address).ok()) {
                return Self::signed_in(address.to_owned(), store).await;
            }
        }
        Ok(Self { address: address.to_owned(), channel, kept: None, shop: None })
    }

    async fn signed_in(address: String, store: Store) -> anyhow::Result<Self> {
        let channel = connect_lazy(uri(&address)?);
        let kept = Kept::take_up(store, SystemClock::shared(), channel.clone()).await?;
        let shop = Some(kept.session().shop_id.clone()).filter(|shop| !shop.is_empty());
        let channel = channel.with_token(kept.source());
        Ok(Self { address, channel, kept: Some(kept), shop })
    }

    /// A channel to it, whose calls carry the token.
    #[must_use]
    pub fn channel(&self) -> Outgoing {
        self.channel.clone()
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The session that speaks; `None` with a token file or without a token.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        self.kept.as_ref().map(Kept::session)
    }

    /// The account that is signed in, agt_…; `None` as above.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.session().map(|session| session.subject.as_str())
    }

    /// The shop that is meant: the one that was named, or the session's.
    ///
    /// # Errors
    /// When there is neither.
    pub fn shop(&self) -> anyhow::Result<String> {
        self.shop.clone().context("no shop is named; say which with --shop shp_…")
    }

    /// Lets go of it.
    pub async fn close(self) {
        if let Some(kept) = self.kept {
            kept.close().await;
        }
    }
}

/// Does some work with a fenliu, and lets go of it whatever comes of the work.
///
/// # Errors
/// As [`Client::open`] and the work.
pub async fn with<T>(
    args: &ClientArgs,
    work: impl AsyncFnOnce(&Client) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let client = Client::open(args).await?;
    let done = work(&client).await;
    client.close().await;
    done
}

/// The token a file holds, without white space around it.
fn token_in(file: &Path) -> anyhow::Result<TokenSource> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the token file {}", file.display()))?;
    TokenSource::fixed(text.trim())
        .with_context(|| format!("{} holds no token; let it hold one, and nothing else", file.display()))
}

#[cfg(test)]
mod tests;
