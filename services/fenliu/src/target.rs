//! Which fenliu a command talks to: one that runs already, or an embedded one for as long as the command lasts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use fenliu_domain::problem::Reason;
use fenliu_runtime::channel::Outgoing;
use fenliu_runtime::lifecycle::{Lifecycle, shutdown_on_signals};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::ServerConfig;
use tokio::net::TcpListener;
use tonic::{Request, Status};

use crate::cli::TargetArgs;
use crate::client::Client;
use crate::embedded::{self, Embedded, Options, Stores};

/// How long one call of the command line may take; judging months of a busy shop takes longer than a console's calls.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// What to use when the command line names neither an address nor a directory.
#[derive(Clone, Copy, Debug)]
pub enum Otherwise<'a> {
    /// A directory of its own that is thrown away.
    Scratch,
    /// This directory, which must be there.
    Directory(&'a Path),
}

impl TargetArgs {
    /// Refuses a directory that holds no data, for a command that only asks for what is there: it shall not make
    /// the directory just to find nothing in it.
    ///
    /// # Errors
    /// When the directory that was named holds none.
    pub fn must_hold_data(&self) -> anyhow::Result<()> {
        let Some(directory) = &self.data_dir else { return Ok(()) };
        anyhow::ensure!(
            embedded::holds_data(directory),
            "{} holds no fenliu data; name the directory of a fenliu with --data-dir, or a running one with --connect",
            directory.display()
        );
        Ok(())
    }
}

/// A fenliu to talk to.
#[derive(Debug)]
pub struct Target {
    channel: Outgoing,
    client: Option<Client>,
    embedded: Option<Embedded>,
    // Thrown away after the embedded fenliu has ended.
    _scratch: Option<tempfile::TempDir>,
}

impl Target {
    /// Finds or starts it.
    ///
    /// # Errors
    /// When the address is none, the directory is in use or missing, or an embedded fenliu cannot start.
    pub async fn open(args: &TargetArgs, otherwise: Otherwise<'_>) -> anyhow::Result<Self> {
        if let Some(address) = &args.connect {
            let client = Client::at(address, args.token_file.clone()).await?;
            return Ok(Self {
                channel: client.channel(),
                client: Some(client),
                embedded: None,
                _scratch: None,
            });
        }
        let (directory, scratch) = directory(args, otherwise)?;
        let lifecycle = Lifecycle::new();
        shutdown_on_signals(&lifecycle).context("cannot watch for signals")?;
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback address")?;
        let embedded = Embedded::start(Options {
            data_dir: directory,
            stores: Stores::default(),
            listener,
            platform: Platform::system(lifecycle),
            server: ServerConfig::default(),
        })
        .await?;
        Ok(Self { channel: embedded.channel(), client: None, embedded: Some(embedded), _scratch: scratch })
    }

    /// A channel to it.
    #[must_use]
    pub fn channel(&self) -> Outgoing {
        self.channel.clone()
    }

    /// Lets go of it; ends it when it is an embedded one.
    ///
    /// # Errors
    /// When it failed.
    pub async fn close(self) -> anyhow::Result<()> {
        if let Some(client) = self.client {
            client.close().await;
        }
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

fn directory(
    args: &TargetArgs,
    otherwise: Otherwise<'_>,
) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    match (&args.data_dir, otherwise) {
        (Some(directory), _) => Ok((directory.clone(), None)),
        (None, Otherwise::Scratch) => {
            let scratch = tempfile::tempdir().context("cannot make a directory for the embedded stores")?;
            Ok((scratch.path().join("data"), Some(scratch)))
        }
        (None, Otherwise::Directory(directory)) => {
            anyhow::ensure!(
                directory.is_dir(),
                "there is no {} here; name the directory with --data-dir or a running fenliu with --connect",
                directory.display()
            );
            Ok((directory.to_owned(), None))
        }
    }
}

/// A request with the command line's deadline.
pub fn asking<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_LIMIT);
    request
}

/// A refusal in one line: its reason, where it has one, and its words.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "so that it fits map_err")]
pub fn refused(status: Status) -> anyhow::Error {
    let reason = fenliu_proto::status::reason_of(&status);
    let message = status.message().to_owned();
    match reason {
        Some(reason) => {
            let message = next_step(reason).map_or(message.clone(), |step| format!("{message}; {step}"));
            Refused { reason: reason.name(), message }.into()
        }
        None => anyhow::anyhow!("{}: {message}", status.code()),
    }
}

/// What whoever typed the command can do about a refusal of who they are.
const fn next_step(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::TokenMissing => {
            Some("run fenliu login --connect ADDRESS --name LOGIN, or name a token file with --token-file")
        }
        Reason::TokenExpired | Reason::TokenRevoked | Reason::TokenInvalid => {
            Some("run fenliu login again, or name another token file with --token-file")
        }
        Reason::RefreshTokenInvalid => Some("the session is over: run fenliu login again"),
        _ => None,
    }
}

/// A refusal of fenliu's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Refused {
    /// The name of its reason, such as `SHOP_NOT_FOUND`.
    pub reason: &'static str,
    /// Its words.
    pub message: String,
}

impl Refused {
    /// Whether an error is a refusal for this reason.
    #[must_use]
    pub fn is_for(error: &anyhow::Error, reason: &str) -> bool {
        error
            .chain()
            .any(|cause| cause.downcast_ref::<Self>().is_some_and(|refused| refused.reason == reason))
    }
}

#[cfg(test)]
mod tests {
    use fenliu_domain::problem::Problem;

    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_reason() {
        let ours = fenliu_proto::status::refusal(Problem::new(Reason::ShopNotFound, "no such shop"));
        assert_eq!(refused(ours).to_string(), "SHOP_NOT_FOUND: no such shop");
        let nobody = fenliu_proto::status::refusal(Problem::new(Reason::TokenMissing, "who calls?"));
        assert!(refused(nobody).to_string().contains("fenliu login"));
        let foreign = refused(Status::unavailable("tcp connect error")).to_string();
        assert!(foreign.ends_with(": tcp connect error"), "{foreign}");
    }

    #[test]
    fn a_default_directory_must_be_there() {
        let missing =
            directory(&TargetArgs::default(), Otherwise::Directory(Path::new("/nowhere/fenliu-data")));
        assert!(missing.is_err());
    }
}
