//! What a command answers: for people, or as JSON.

use std::io::{self, Write};

use serde::Serialize;

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
