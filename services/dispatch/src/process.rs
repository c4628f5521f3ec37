//! The service as a process: served until it is told to stop.

use anyhow::{Context, ensure};
use fenliu_proto::status::refusal;
use fenliu_runtime::channel::connect_lazy;
use fenliu_runtime::lifecycle::{Lifecycle, shutdown_on_signals};
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{self, ServerOptions};

use crate::config::Config;

/// Listens, starts the service and serves it until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// When the address or the database is refused, the server fails, or a background task panicked.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new();
    shutdown_on_signals(&lifecycle)?;
    let listener = server::listen(&config.server).await?;
    let options = ServerOptions {
        config: config.server.clone(),
        descriptor_set: fenliu_proto::DESCRIPTOR_SET,
        refuse: refusal,
        lifecycle: lifecycle.clone(),
    };
    let accounts = connect_lazy(config.directory.address.parse().context("directory.address must be a URI")?);
    let service = crate::start(config, Platform::system(lifecycle.clone()), accounts).await?;
    tracing::info!(address = %listener.local_addr()?, "the dispatch service listens");
    let drained = server::serve(listener, vec![service], options).await?;
    tracing::info!(?drained, "the dispatch service has ended");
    ensure!(!lifecycle.failed(), "a background task panicked; the log has the details");
    Ok(())
}
