//! Keeps a service's trust in callers up to date: follows what accounts publishes, and feeds the platform's
//! authenticator with it.
//!
//! [`follow`] opens `AuthService.WatchTrust`, whose every message is the whole trust: the public keys and who was cut
//! off. Each replaces what was known before. When the stream ends it is opened again, ever less often. A process that
//! starts while accounts is down begins with what a file remembers of the last message.
//!
//! # Invariants
//! - What was learned holds until something newer is: while accounts is away, tokens are verified as before.
//! - A message that does not read changes nothing.
//! - The file holds public data only; whoever can write it can make anybody be trusted, so it belongs beside the
//!   service's own configuration.

mod cache;
mod config;
mod message;

use std::path::PathBuf;

use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::WatchTrustRequest;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_runtime::auth::token::PublicKey;
use fenliu_runtime::auth::{Authenticator, Revocation};
use fenliu_runtime::channel::Outgoing;
use fenliu_runtime::platform::Platform;
use tonic::Status;

pub use self::config::{AUTH_DEFAULTS, AuthConfig};

/// Pause before the first try to follow again; it doubles with every try that fails.
const FIRST_PAUSE: Span = Span::from_millis(500);
/// Longest pause between two tries.
const LONGEST_PAUSE: Span = Span::from_secs(10);
/// The largest message that is read, in bytes: as many revocations as an authenticator remembers fit.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// All that it takes to verify tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trust {
    keys: Vec<PublicKey>,
    revocations: Vec<Revocation>,
}

/// Follows accounts through this channel, whose calls carry a token that may, and feeds the platform's authenticator,
/// until the platform drains. With a `cache`, the last message is kept in that file and read from there first.
pub async fn follow(accounts: Outgoing, platform: Platform, cache: Option<PathBuf>) {
    let soft = platform.lifecycle.soft();
    tokio::select! {
        () = soft.cancelled() => {}
        () = follow_for_good(accounts, &platform, cache) => {}
    }
}

async fn follow_for_good(accounts: Outgoing, platform: &Platform, cache: Option<PathBuf>) {
    let auth = &platform.auth;
    if let Some(trust) = cache.as_deref().and_then(cache::read) {
        auth.set_trust(trust.keys, trust.revocations);
    }
    let mut pause = FIRST_PAUSE;
    loop {
        let mut heard = false;
        let end = listen(accounts.clone(), auth, cache.as_ref(), &mut heard).await;
        auth.set_followed(false);
        if heard {
            pause = FIRST_PAUSE;
        }
        tracing::warn!(%end, "who is trusted is not followed any more; what is known holds");
        sleep(platform, pause).await;
        pause = Span::from_micros(pause.micros().saturating_mul(2).min(LONGEST_PAUSE.micros()));
    }
}

async fn sleep(platform: &Platform, pause: Span) {
    let until: Timestamp = platform.clock.now() + pause;
    platform.clock.sleep_until(until).await;
}

/// Applies messages until the stream ends, and says how it ended.
async fn listen(
    accounts: Outgoing,
    auth: &Authenticator,
    cache: Option<&PathBuf>,
    heard: &mut bool,
) -> Status {
    let mut client = AuthServiceClient::new(accounts).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let mut messages = match client.watch_trust(WatchTrustRequest {}).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return status,
    };
    loop {
        let message = match messages.message().await {
            Ok(Some(message)) => message,
            Ok(None) => return Status::unavailable("the stream ended"),
            Err(status) => return status,
        };
        match Trust::try_from(message) {
            Ok(trust) => {
                if let Some(file) = cache {
                    cache::write(file, &trust);
                }
                auth.set_trust(trust.keys, trust.revocations);
                auth.set_followed(true);
                *heard = true;
            }
            Err(error) => {
                tracing::error!(%error, "accounts says something that does not read; it changes nothing");
            }
        }
    }
}
