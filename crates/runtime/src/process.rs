//! A service as a process: served until it is told to stop.

use std::future::Future;

use fenliu_domain::problem::Problem;
use tonic::Status;

use crate::lifecycle::{Lifecycle, shutdown_on_signals};
use crate::platform::Platform;
use crate::server::{self, ServeError, ServerConfig, ServerOptions, Service};

/// The contract a process serves, which this crate does not know.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    /// The encoded `FileDescriptorSet` of the whole contract, imports included.
    pub descriptor_set: &'static [u8],
    /// Turns a refusal into a status with its details.
    pub refuse: fn(Problem) -> Status,
}

/// A background task panicked, so the process drained and must be started anew.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a background task panicked; the log has the details")]
pub struct TaskPanicked;

/// Listens, starts a service, serves it until SIGTERM or SIGINT, then drains. `name` is what logs call it.
///
/// # Errors
/// When the address is refused, the service cannot be started, the server fails, or a background task panicked.
pub async fn run<S, E>(
    name: &str,
    config: ServerConfig,
    contract: Contract,
    start: impl FnOnce(Platform) -> S,
) -> Result<(), E>
where
    S: Future<Output = Result<Service, E>>,
    E: From<ServeError> + From<std::io::Error> + From<TaskPanicked>,
{
    crate::config::warn_of_strays();
    let lifecycle = Lifecycle::new();
    shutdown_on_signals(&lifecycle)?;
    let platform = config.keyed(Platform::system(lifecycle.clone()))?;
    let listener = server::listen(&config).await?;
    let Contract { descriptor_set, refuse } = contract;
    let options = ServerOptions {
        config,
        descriptor_set,
        refuse,
        lifecycle: lifecycle.clone(),
        auth: platform.auth.clone(),
    };
    let service = start(platform).await?;
    tracing::info!(address = %listener.local_addr()?, "{name} listens");
    let drained = server::serve(listener, vec![service], options).await?;
    tracing::info!(?drained, "{name} has ended");
    if lifecycle.failed() { Err(TaskPanicked.into()) } else { Ok(()) }
}
