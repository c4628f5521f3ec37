//! Where outgoing calls get their token.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use fenliu_domain::time::{Span, Timestamp};
use http::HeaderValue;

use crate::auth::token::MAX_TOKEN_BYTES;
use crate::clock::SharedClock;

/// How long a token file is believed before it is read again.
const REREAD_AFTER: Span = Span::from_secs(30);

/// Why there is no token to send.
#[derive(Debug, thiserror::Error)]
pub enum TokenSourceError {
    /// The file cannot be read.
    #[error("configuration key {key}: cannot read the token file {path}; let it hold one token")]
    File {
        /// The key that names the file.
        key: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file holds something that cannot be sent as a token.
    #[error("configuration key {key}: {path} holds no token; let it hold one, and nothing else")]
    NoTokenInFile {
        /// The key that names the file.
        key: String,
        /// The file.
        path: PathBuf,
    },
    /// The text cannot be sent as a token.
    #[error("the text is no token: it must be 1 to {MAX_TOKEN_BYTES} visible ASCII characters")]
    NoToken,
}

/// Gives outgoing calls their token. Clones share it.
#[derive(Clone)]
pub struct TokenSource(Arc<Source>);

enum Source {
    Fixed(HeaderValue),
    File(File),
    Shared(SharedToken),
}

struct File {
    path: PathBuf,
    clock: SharedClock,
    state: Mutex<Read>,
}

struct Read {
    value: HeaderValue,
    at: Timestamp,
}

/// A token that somebody replaces while calls go on, as a session does that refreshes. Clones share it.
#[derive(Clone, Default)]
pub struct SharedToken(Arc<RwLock<Option<HeaderValue>>>);

impl TokenSource {
    /// Always this token.
    ///
    /// # Errors
    /// [`TokenSourceError::NoToken`].
    pub fn fixed(token: &str) -> Result<Self, TokenSourceError> {
        let value = bearer(token).ok_or(TokenSourceError::NoToken)?;
        Ok(Self(Arc::new(Source::Fixed(value))))
    }

    /// What this file holds, without white space around it. It is read now, and again before a call when the last
    /// reading is older than 30 seconds; when it cannot be read then, or holds no token, the last one stays. `key` is
    /// the configuration key that names the file.
    ///
    /// # Errors
    /// When it cannot be read now, or holds no token.
    pub fn file(key: &str, path: PathBuf, clock: SharedClock) -> Result<Self, TokenSourceError> {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|source| TokenSourceError::File {
            key: key.to_owned(),
            path: path.clone(),
            source,
        })?;
        let none = || TokenSourceError::NoTokenInFile { key: key.to_owned(), path: path.clone() };
        let value = bearer(text.trim()).ok_or_else(none)?;
        let state = Mutex::new(Read { value, at: clock.now() });
        Ok(Self(Arc::new(Source::File(File { path, clock, state }))))
    }

    /// Whatever token is in there when a call is made; none while there is none.
    #[must_use]
    pub fn shared(token: SharedToken) -> Self {
        Self(Arc::new(Source::Shared(token)))
    }

    /// What the `authorization` header of a call made now says.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        match &*self.0 {
            Source::Fixed(value) => Some(value.clone()),
            Source::File(file) => Some(file.header()),
            Source::Shared(token) => token.0.read().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl File {
    /// Reads the file when it is time. The file is small and local, so this may happen on the way of a call.
    fn header(&self) -> HeaderValue {
        let now = self.clock.now();
        let mut read = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(read.at) >= REREAD_AFTER {
            read.at = now;
            match token_in(&self.path) {
                Some(value) => read.value = value,
                None => {
                    tracing::warn!(path = %self.path.display(), "no token can be read; the last one is sent");
                }
            }
        }
        read.value.clone()
    }
}

impl SharedToken {
    /// From now on calls send this token.
    ///
    /// # Errors
    /// [`TokenSourceError::NoToken`]; the one before stays.
    pub fn set(&self, token: &str) -> Result<(), TokenSourceError> {
        let value = bearer(token).ok_or(TokenSourceError::NoToken)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }

    /// From now on calls send none.
    pub fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn token_in(path: &Path) -> Option<HeaderValue> {
    bearer(std::fs::read_to_string(path).ok()?.trim())
}

/// The header for a token, marked so that nobody prints it.
fn bearer(token: &str) -> Option<HeaderValue> {
    let right =
        (1..=MAX_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| right)?;
    value.set_sensitive(true);
    Some(value)
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Source::Fixed(_) => f.write_str("TokenSource(fixed, not shown)"),
            Source::File(file) => write!(f, "TokenSource(file {}, not shown)", file.path.display()),
            Source::Shared(_) => f.write_str("TokenSource(shared, not shown)"),
        }
    }
}

impl fmt::Debug for SharedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedToken(not shown)")
    }
}

#[cfg(test)]
mod tests;
