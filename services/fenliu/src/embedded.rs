//! All three services in one process: one port, one directory of SQLite stores, one way to end.
//!
//! Callers need a token unless the server says otherwise. The first one, which may do everything, lies in the directory,
//! readable by its owner only; whoever can read it can read the stores as well.
//!
//! Services reach each other through the same port as everybody else, so that nothing works here that would not
//! work between processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use fenliu_analytics::config::{AlertsConfig, ScoringConfig, WebhookConfig};
use fenliu_dispatch::{HistoryConfig, LiveConfig};
use fenliu_runtime::channel::{Outgoing, SharedToken, TokenSource, Uri, connect_lazy};
use fenliu_runtime::lifecycle::{Drained, Lifecycle};
use fenliu_runtime::page::PageTokens;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServeError, ServerConfig, ServerOptions, Service, serve};
use fenliu_runtime::sql::DatabaseConfig;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) use self::lock::DirectoryLock;

mod lock;

/// Name of the file with the key of page tokens within the directory.
const PAGE_KEY_FILE: &str = "page.key";
/// Name of the file with the token that may do everything.
const ADMIN_TOKEN_FILE: &str = "admin.token";

/// What an embedded fenliu is made of.
#[derive(Debug)]
pub struct Options {
    /// Directory of its stores, as far as they are not elsewhere, and of its keys and tokens; made when it is not there.
    pub data_dir: PathBuf,
    /// Stores elsewhere.
    pub stores: Stores,
    /// Where it listens.
    pub listener: TcpListener,
    /// Its clock, ids and end.
    pub platform: Platform,
    /// Limits and switches of its server.
    pub server: ServerConfig,
}

/// Stores that are not in the data directory or in this process.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    /// The PostgreSQL of all services, each in a schema of its own; without a URL, SQLite files in the directory.
    pub database: DatabaseConfig,
    /// How the history lies.
    pub history: HistoryConfig,
    /// The Redis of the live desks; without a URL, they are in this process.
    pub live: LiveConfig,
    /// When something becomes an alert.
    pub alerts: AlertsConfig,
    /// How agents are scored.
    pub scoring: ScoringConfig,
    /// Who is told of alerts.
    pub webhook: WebhookConfig,
}

/// A fenliu that runs in this process.
#[derive(Debug)]
pub struct Embedded {
    address: SocketAddr,
    plain: Outgoing,
    channel: Outgoing,
    admin_token_file: PathBuf,
    lifecycle: Lifecycle,
    served: JoinHandle<Result<Drained, ServeError>>,
    // Held until the stores are closed, so that no other process opens them before.
    _lock: DirectoryLock,
}

impl Embedded {
    /// Starts all services and serves them. When it returns, calls are answered.
    ///
    /// # Errors
    /// When the directory cannot be made or is in use, a store cannot be opened or migrated, or the address is
    /// one that other machines reach.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let Options { data_dir, stores, listener, platform, server } = options;
        let address = listener.local_addr().context("the listener has no address")?;
        make_private(&data_dir)
            .with_context(|| format!("cannot make the directory {}", data_dir.display()))?;
        let lock = DirectoryLock::take(&data_dir)?;
        let platform = platform.with_page_tokens(page_tokens(&data_dir, &server)?);
        let plain = connect_lazy(uri(&address.to_string())?);
        let lifecycle = platform.lifecycle.clone();
        let auth = platform.auth.clone();
        let Hosted { services, channel, admin_token_file } =
            host(&data_dir, &stores, &platform, &plain).await?;
        let options = ServerOptions {
            config: server,
            descriptor_set: fenliu_proto::DESCRIPTOR_SET,
            refuse: fenliu_proto::status::refusal,
            lifecycle: lifecycle.clone(),
            auth,
        };
        // The listener's backlog takes calls from now on; they are answered as soon as the task runs.
        let served = tokio::spawn(serve(listener, services, options));
        Ok(Self { address, plain, channel, admin_token_file, lifecycle, served, _lock: lock })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file with the token that may do everything.
    #[must_use]
    pub fn admin_token_file(&self) -> &Path {
        &self.admin_token_file
    }

    /// A channel to it, whose calls may do everything.
    #[must_use]
    pub fn channel(&self) -> Outgoing {
        self.channel.clone()
    }

    /// A channel to it whose calls carry no token.
    #[must_use]
    pub fn plain(&self) -> Outgoing {
        self.plain.clone()
    }

    /// Ends it: calls in flight are answered, stores closed.
    ///
    /// # Errors
    /// When the server failed, or a background task panicked.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.lifecycle.soft().cancel();
        self.ended().await
    }

    /// Waits until somebody ends it.
    ///
    /// # Errors
    /// When the server failed, or a background task panicked.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.served.await.context("the server panicked")??;
        anyhow::ensure!(!self.lifecycle.failed(), "a background task panicked; the log says which");
        Ok(())
    }
}

/// The services, and the way in.
struct Hosted {
    services: Vec<Service>,
    /// With the admin's token.
    channel: Outgoing,
    admin_token_file: PathBuf,
}

/// Starts the services, accounts first: it makes the tokens that the others show.
async fn host(
    data_dir: &Path,
    stores: &Stores,
    platform: &Platform,
    plain: &Outgoing,
) -> anyhow::Result<Hosted> {
    let own = SharedToken::default();
    let to_dispatch = plain.clone().with_token(TokenSource::shared(own.clone()));
    let config = fenliu_accounts::Config::at(stores.database(data_dir, "accounts")?);
    let accounts = fenliu_accounts::start(config, platform.clone(), Some(to_dispatch)).await?;
    let issuer = accounts.issuer;
    own.set(&issuer.internal("accounts", fenliu_accounts::OWN_PERMISSIONS).await?)?;
    let admin_token_file = data_dir.join(ADMIN_TOKEN_FILE);
    issuer.bootstrap(&admin_token_file).await?;
    let clock = platform.clock.clone();
    let admin = TokenSource::file("the admin's token", admin_token_file.clone(), clock)?;

    let token = issuer.internal("dispatch", fenliu_dispatch::OWN_PERMISSIONS).await?;
    let config = fenliu_dispatch::Config {
        live: stores.live.clone(),
        history: stores.history,
        ..fenliu_dispatch::Config::at(stores.database(data_dir, "dispatch")?)
    };
    let to_both = plain.clone().with_token(TokenSource::fixed(&token)?);
    let scores = stores.scoring.enabled.then(|| to_both.clone());
    let dispatch = fenliu_dispatch::start(config, platform.clone(), to_both, scores).await?;

    let token = issuer.internal("analytics", fenliu_analytics::OWN_PERMISSIONS).await?;
    let config = fenliu_analytics::Config {
        alerts: stores.alerts.clone(),
        scoring: stores.scoring,
        webhook: stores.webhook.clone(),
        ..fenliu_analytics::Config::at(stores.database(data_dir, "analytics")?)
    };
    let to_both = plain.clone().with_token(TokenSource::fixed(&token)?);
    let analytics = fenliu_analytics::start(config, platform.clone(), to_both.clone(), to_both).await?;

    let services = vec![accounts.service, dispatch, analytics];
    Ok(Hosted { services, channel: plain.clone().with_token(admin), admin_token_file })
}

/// Makes the directory, when it is not there, for its owner only: it holds keys, tokens and what people said.
pub(crate) fn make_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// True when a fenliu has kept its data in this directory.
#[must_use]
pub fn holds_data(directory: &Path) -> bool {
    directory.join("accounts.db").is_file()
}

/// The URI of an address such as `127.0.0.1:50050`, with or without its scheme.
///
/// # Errors
/// When it is none.
pub fn uri(address: &str) -> anyhow::Result<Uri> {
    let text = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let uri: Uri = text
        .parse()
        .with_context(|| format!("{address:?} is no address; use one such as 127.0.0.1:50050"))?;
    anyhow::ensure!(
        uri.scheme_str() == Some("http") && uri.port_u16().is_some(),
        "{address:?} is no address; use one such as 127.0.0.1:50050"
    );
    Ok(uri)
}

/// Tokens under the key that is configured, or else under the directory's own: they outlive this process.
fn page_tokens(data_dir: &Path, server: &ServerConfig) -> anyhow::Result<PageTokens> {
    let configured = Some(&server.page_key_file).filter(|file| !file.as_os_str().is_empty());
    let file = configured.cloned().unwrap_or_else(|| data_dir.join(PAGE_KEY_FILE));
    Ok(PageTokens::from_file(&file)?)
}

impl Stores {
    /// Stores in the directory, and nobody is scored: what happens follows from what is asked for alone.
    #[must_use]
    pub fn unscored() -> Self {
        let scoring = ScoringConfig { enabled: false, ..ScoringConfig::default() };
        Self { scoring, ..Self::default() }
    }

    /// The store of one service.
    ///
    /// # Errors
    /// When it is elsewhere, and no PostgreSQL.
    pub(crate) fn database(&self, data_dir: &Path, service: &str) -> anyhow::Result<DatabaseConfig> {
        if self.database.url.is_empty() {
            return Ok(DatabaseConfig { migrate: self.database.migrate, ..database(data_dir, service)? });
        }
        anyhow::ensure!(
            self.database.url.starts_with("postgres"),
            "configuration key database.url: the three services share a PostgreSQL only; for SQLite files, leave it out \
             and set --data-dir"
        );
        Ok(DatabaseConfig { schema: service.to_owned(), ..self.database.clone() })
    }
}

fn database(data_dir: &Path, service: &str) -> anyhow::Result<DatabaseConfig> {
    let file = data_dir.join(format!("{service}.db"));
    let path =
        file.to_str().with_context(|| format!("{} is not UTF-8; use another directory", file.display()))?;
    // The store's address is a URL, in which these characters mean something else.
    let escaped: String = path
        .chars()
        .map(|c| match c {
            '%' => "%25".to_owned(),
            '?' => "%3F".to_owned(),
            '#' => "%23".to_owned(),
            c => c.to_string(),
        })
        .collect();
    Ok(DatabaseConfig::at(format!("sqlite://{escaped}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_outlive_the_process_and_a_configured_key_comes_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let own = ServerConfig::default();
        let token = page_tokens(directory.path(), &own).expect("a key").seal(b"s", b"5");
        assert!(page_tokens(directory.path(), &own).expect("the same key").open(b"s", &token).is_ok());
        let shared = ServerConfig { page_key_file: directory.path().join("shared.key"), ..own };
        assert!(page_tokens(directory.path(), &shared).expect("another key").open(b"s", &token).is_err());
    }

    #[test]
    fn an_address_may_come_with_or_without_its_scheme() {
        for good in ["127.0.0.1:50050", "http://localhost:50050", "[::1]:80"] {
            assert!(uri(good).is_ok(), "{good}");
        }
        for bad in ["", "localhost", "https://localhost:1", "a b:1", "127.0.0.1:x"] {
            assert!(uri(bad).is_err(), "{bad}");
        }
    }
}
