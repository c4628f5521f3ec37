//! Keeps a session's access token fresh, for as long as a command lasts.
//!
//! A refresh token can be traded once, and one that comes twice ends the session: so whoever trades holds the
//! session's lock from reading the token to having written its successor, and looks first whether another command has
//! traded it already.

use std::sync::Arc;

use anyhow::Context;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::{RefreshRequest, Tokens};
use fenliu_runtime::channel::{Outgoing, SharedToken, TokenSource};
use fenliu_runtime::clock::SharedClock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::store::{Session, Store};
use crate::moments::timestamp;
use crate::target::{asking, refused};

/// An access token is traded when it is valid for less than this.
const EARLY: Span = Span::from_secs(60);

/// What it takes to keep a token fresh.
#[derive(Debug)]
struct Keeper {
    store: Store,
    clock: SharedClock,
    /// A channel without a token: trading needs none.
    channel: Outgoing,
    token: SharedToken,
}

/// A session in use. Its token is fresh whenever a call is made.
#[derive(Debug)]
pub struct Kept {
    session: Session,
    source: TokenSource,
    over: CancellationToken,
    task: JoinHandle<()>,
}

impl Kept {
    /// Takes a session up: trades its token when it is due, now and for as long as this is held.
    ///
    /// # Errors
    /// When nobody is signed in any more, the session is over, or its fenliu does not answer.
    pub async fn take_up(store: Store, clock: SharedClock, channel: Outgoing) -> anyhow::Result<Self> {
        let token = SharedToken::default();
        let keeper = Arc::new(Keeper { store, clock, channel, token: token.clone() });
        let session = keeper.freshen().await?;
        let over = CancellationToken::new();
        let task = tokio::spawn(stay_fresh(keeper, due(&session), over.clone()));
        Ok(Self { session, source: TokenSource::shared(token), over, task })
    }

    /// The session as it was taken up.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Where calls get its token.
    #[must_use]
    pub fn source(&self) -> TokenSource {
        self.source.clone()
    }

    /// Lets go of the session, after a trade that is under way: its outcome must be written down.
    pub async fn close(self) {
        self.over.cancel();
        // A task that panicked has told so on standard error; the command's own outcome matters more.
        self.task.await.ok();
    }
}

impl Keeper {
    /// Trades the token when it is due, one process at a time, and returns the session as it is then.
    async fn freshen(self: &Arc<Self>) -> anyhow::Result<Session> {
        let keeper = self.clone();
        let runtime = tokio::runtime::Handle::current();
        // Waiting for another command's trade blocks the thread, and so does the disk.
        let session = tokio::task::spawn_blocking(move || {
            let locked = keeper.store.lock()?;
            let mut session = locked.read()?.with_context(not_signed_in)?;
            if due(&session) <= keeper.clock.now() {
                runtime.block_on(keeper.trade(&mut session))?;
                locked.replace(&session)?;
            }
            anyhow::Ok(session)
        });
        let session = session.await.context("keeping the session panicked")??;
        self.token.set(&session.access_token)?;
        Ok(session)
    }

    async fn trade(&self, session: &mut Session) -> anyhow::Result<()> {
        let request = RefreshRequest { refresh_token: session.refresh_token.clone(), ..Default::default() };
        let mut client = AuthServiceClient::new(self.channel.clone());
        let answer = client.refresh(asking(request)).await.map_err(refused)?.into_inner();
        session.renew(answer.tokens.context("accounts left out the tokens")?)
    }
}

impl Session {
    /// Puts new tokens in the place of the old.
    ///
    /// # Errors
    /// When they do not say until when they are valid.
    pub fn renew(&mut self, tokens: Tokens) -> anyhow::Result<()> {
        let access = timestamp(tokens.access_expire_time.as_ref(), "access_expire_time")?;
        let refresh = timestamp(tokens.refresh_expire_time.as_ref(), "refresh_expire_time")?;
        self.access_token = tokens.access_token;
        self.access_expire_micros = access.micros();
        self.refresh_token = tokens.refresh_token;
        self.refresh_expire_micros = refresh.micros();
        Ok(())
    }
}

/// What to do when there is no session.
#[must_use]
pub fn not_signed_in() -> String {
    "not signed in; run fenliu login --connect ADDRESS --name LOGIN, or name a fenliu with --connect and a token with \
     --token-file"
        .to_owned()
}

/// When a session's token is to be traded.
fn due(session: &Session) -> Timestamp {
    Timestamp::from_micros_clamped(session.access_expire_micros) - EARLY
}

async fn stay_fresh(keeper: Arc<Keeper>, mut next: Timestamp, over: CancellationToken) {
    while over.run_until_cancelled(keeper.clock.sleep_until(next)).await.is_some() {
        match keeper.freshen().await {
            Ok(session) => next = due(&session),
            // The calls that follow are refused, and tell why.
            Err(error) => return tracing::error!("the session cannot be kept: {error:#}"),
        }
    }
}

#[cfg(test)]
mod tests;
