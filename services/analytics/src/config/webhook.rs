//! Who is told of alerts.

use std::fmt;

use fenliu_domain::time::Span;
use fenliu_runtime::config::bounded;
use serde::Deserialize;

/// Where changes of alerts are posted to.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// The address; empty = nobody is told.
    pub url: String,
    /// What bodies are signed with.
    pub secret: String,
    /// Whether the address may lead to this machine or to a private network.
    pub allow_private: bool,
    /// How many milliseconds one attempt may take; 100 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 100, 60_000>")]
    pub timeout_ms: u32,
    /// Milliseconds before the second attempt; doubles with every one that fails; 1 to 60,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 60_000>")]
    pub min_backoff_ms: u32,
    /// Longest wait between two attempts in milliseconds; 1 to 3,600,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 3_600_000>")]
    pub max_backoff_ms: u32,
    /// How often one change is tried before it is given up; 1 to 1,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 1_000>")]
    pub max_attempts: u32,
    /// How many changes of a shop may wait; the oldest of more are given up; 1 to 100,000.
    #[serde(deserialize_with = "bounded::<_, _, 1, 100_000>")]
    pub max_waiting: u32,
}

impl WebhookConfig {
    pub(crate) fn min_backoff(&self) -> Span {
        Span::from_millis(self.min_backoff_ms.into())
    }

    pub(crate) fn max_backoff(&self) -> Span {
        Span::from_millis(self.max_backoff_ms.into())
    }

    pub(crate) fn timeout(&self) -> Span {
        Span::from_millis(self.timeout_ms.into())
    }
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            secret: String::new(),
            allow_private: false,
            timeout_ms: 10_000,
            min_backoff_ms: 1_000,
            max_backoff_ms: 300_000,
            max_attempts: 100,
            max_waiting: 1_000,
        }
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, allow_private, max_attempts, max_waiting, .. } = self;
        f.debug_struct("WebhookConfig")
            .field("url", url)
            .field("allow_private", allow_private)
            .field("max_attempts", max_attempts)
            .field("max_waiting", max_waiting)
            .finish_non_exhaustive()
    }
}
