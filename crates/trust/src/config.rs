//! How a service proves to others who it is, and where it remembers whom to trust.

use std::path::PathBuf;

use fenliu_runtime::channel::{Outgoing, TokenSource, TokenSourceError};
use fenliu_runtime::platform::Platform;
use serde::Deserialize;

/// The `[auth]` section of a service that calls others; `auth.default.toml` says what each key means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The file with the service token that calls to other services carry; empty = they carry none.
    pub token_file: PathBuf,
    /// The file that remembers whom accounts trusts; empty = a restart waits for accounts.
    pub trust_file: PathBuf,
}

/// The commented defaults of the section.
pub const AUTH_DEFAULTS: &str = include_str!("auth.default.toml");

impl AuthConfig {
    /// The channel, whose calls carry the configured token.
    ///
    /// # Errors
    /// When the file cannot be read or holds no token; the error names the key.
    pub fn proving(&self, channel: Outgoing, platform: &Platform) -> Result<Outgoing, TokenSourceError> {
        if self.token_file.as_os_str().is_empty() {
            return Ok(channel);
        }
        let (file, clock) = (self.token_file.clone(), platform.clock.clone());
        Ok(channel.with_token(TokenSource::file("auth.token_file", file, clock)?))
    }

    /// Where to remember whom accounts trusts.
    #[must_use]
    pub fn cache(&self) -> Option<PathBuf> {
        Some(&self.trust_file).filter(|file| !file.as_os_str().is_empty()).cloned()
    }
}
