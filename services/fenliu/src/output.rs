//! What a command answers: for people, or as JSON.

use std::io::{self, Write};

use fenliu_runtime::config::ConfigError;
use serde::Serialize;

use crate::cli::usage::Misuse;
use crate::target::Refused;

/// An answer in both forms.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    json: serde_json::Value,
    text: String,
}

impl Answer {
    /// The answer with this content, and these words for people.
    ///
    /// # Errors
    /// When the content cannot be said in JSON.
    pub fn new(content: &impl Serialize, text: String) -> anyhow::Result<Self> {
        Ok(Self { json: serde_json::to_value(content)?, text })
    }

    /// What it says as JSON.
    #[must_use]
    pub const fn json(&self) -> &serde_json::Value {
        &self.json
    }

    /// What it says to people.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes the answer to standard output in the form asked for. A reader who has gone away is no error.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&self, json: bool) -> anyhow::Result<()> {
        let text = if json { format!("{:#}\n", self.json) } else { self.text.clone() };
        say(&text)
    }
}

/// What a failure says as JSON: its reason, which is fenliu's own for a refusal, and its words.
#[must_use]
pub fn failure(error: &anyhow::Error) -> serde_json::Value {
    let refused = error.chain().find_map(|cause| cause.downcast_ref::<Refused>());
    let reason = match refused {
        Some(refused) => refused.reason,
        None if error.is::<ConfigError>() => "CONFIGURATION_INVALID",
        None if error.is::<Misuse>() => "USAGE_INVALID",
        None => "COMMAND_FAILED",
    };
    let message = refused.map_or_else(|| format!("{error:#}"), |refused| refused.message.clone());
    serde_json::json!({ "error": { "reason": reason, "message": message } })
}

/// Writes a text to standard output at once. A reader who has gone away is no error.
///
/// # Errors
/// When standard output cannot be written.
pub fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_failure_has_a_reason_and_words() {
        let refused = Refused { reason: "SHOP_NOT_FOUND", message: "there is no such shop".into() };
        let told = failure(&Err::<(), _>(refused).context("cannot report").expect_err("refused"));
        let expected = serde_json::json!({ "reason": "SHOP_NOT_FOUND", "message": "there is no such shop" });
        assert_eq!(told["error"], expected);
        let told = failure(&anyhow::anyhow!("no space").context("cannot write"));
        let expected = serde_json::json!({ "reason": "COMMAND_FAILED", "message": "cannot write: no space" });
        assert_eq!(told["error"], expected);
        let told = failure(&ConfigError::of("server.listen", "expected an address").into());
        assert_eq!(told["error"]["reason"], "CONFIGURATION_INVALID");
    }
}
