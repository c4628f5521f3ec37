//! What an RPC answered, wholly: every field of it, or everything a refusal says.
//!
//! Two answers are compared as texts, in which [`Cover`] hides what must differ between two equal calls, and only that:
//! - the names that were asked with, each behind its own mark, so that an answer may repeat what it was asked;
//! - ids that nobody could know before the call: those which it made;
//! - the fields of [`COUNTERS`], which the first of two calls moves on for the second.
//!
//! Times need no cover: the clock stands still.

use std::collections::BTreeSet;

use fenliu_proto::status::reason_of;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, MethodDescriptor, Value};
use tonic::Status;
use tonic_types::StatusExt;

use super::samples::path;
use super::{CALL_LIMIT, Guarded};

/// Digits of an id.
const DIGITS: usize = 32;
/// Letters of an id's prefix.
const PREFIX: usize = 3;

/// Fields of answers that two equal calls fill differently, and why. None of them is a name.
pub const COUNTERS: &[(&str, &str)] = &[
    ("seq", "the shop's own events, and a call that is taken adds some"),
    ("position", "the same, in the log of the platform"),
    ("number", "the same, in the audit log"),
    ("etag", "the version of what the first of two calls has changed"),
    ("token", "a secret, new each time"),
    ("binding_code", "the same"),
    ("queue_position", "whoever asks second stands behind whoever asked first"),
];

/// What came of a call.
#[derive(Debug)]
pub struct Answer(Result<Vec<DynamicMessage>, Status>);

/// What is hidden in an answer.
#[derive(Clone, Debug, Default)]
pub struct Cover {
    /// Texts, each with its mark, longer ones first.
    names: Vec<(String, String)>,
    /// Ids that were there before.
    known: BTreeSet<String>,
}

impl Guarded {
    /// Calls an RPC and reads the whole answer; of an answer that never ends, the first message.
    pub async fn ask(&self, token: &str, method: &MethodDescriptor, request: &DynamicMessage) -> Answer {
        let answered = tokio::time::timeout(CALL_LIMIT, self.read(token, method, request)).await;
        Answer(answered.unwrap_or_else(|_| Err(Status::deadline_exceeded("nothing came"))))
    }

    async fn read(
        &self,
        token: &str,
        method: &MethodDescriptor,
        request: &DynamicMessage,
    ) -> Result<Vec<DynamicMessage>, Status> {
        let mut stream = self.call(&path(method), Some(token), request.encode_to_vec()).await?;
        let mut messages = Vec::new();
        while let Some(bytes) = stream.message().await? {
            let message = DynamicMessage::decode(method.output(), bytes);
            messages.push(message.map_err(|error| Status::data_loss(error.to_string()))?);
            if method.is_server_streaming() {
                break;
            }
        }
        Ok(messages)
    }
}

impl Answer {
    /// `OK`, or the reason of the refusal.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match &self.0 {
            Ok(_) => "OK",
            Err(status) => reason_of(status).map_or("UNEXPLAINED", |reason| reason.name()),
        }
    }

    /// Whether it is no refusal.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.0.is_ok()
    }

    /// The refusal, if it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Status> {
        self.0.as_ref().err()
    }

    /// A text in the first message; empty when there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> String {
        let first = self.0.as_ref().ok().and_then(|messages| messages.first());
        let value = first.and_then(|message| message.get_field_by_name(name));
        value.as_deref().and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Everything it says, with what must differ covered.
    #[must_use]
    pub fn text(&self, cover: &Cover) -> String {
        match &self.0 {
            Ok(messages) => messages.iter().map(|message| cover.message(message.clone())).collect(),
            Err(status) => cover.text(&told(status)),
        }
    }

    /// Everything it says.
    #[must_use]
    pub fn bare(&self) -> String {
        match &self.0 {
            Ok(messages) => messages.iter().map(|message| format!("{message:#}\n")).collect(),
            Err(status) => told(status),
        }
    }
}

/// Everything a refusal says, the same each time.
fn told(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info();
    let (domain, reason) = info.map_or(("", ""), |info| (info.domain.as_str(), info.reason.as_str()));
    let mut metadata: Vec<_> = info.map(|info| info.metadata.iter().collect()).unwrap_or_default();
    metadata.sort();
    format!(
        "{:?}: {}\n{} {} {metadata:?}\n{:?} {:?} {:?} {:?} {:?} {:?}\n",
        status.code(),
        status.message(),
        domain,
        reason,
        details.bad_request(),
        details.precondition_failure(),
        details.quota_failure(),
        details.retry_info(),
        details.resource_info(),
        details.help(),
    )
}

impl Cover {
    /// Hides nothing but counters and ids that are not among these.
    #[must_use]
    pub const fn knowing(known: BTreeSet<String>) -> Self {
        Self { names: Vec::new(), known }
    }

    /// Hides this text too, behind a mark.
    #[must_use]
    pub fn hiding(mut self, text: &str, mark: impl Into<String>) -> Self {
        if !text.is_empty() {
            self.names.push((text.to_owned(), mark.into()));
            self.names.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        }
        self
    }

    fn message(&self, mut message: DynamicMessage) -> String {
        self.hide(&mut message);
        format!("{message:#}\n")
    }

    fn hide(&self, message: &mut DynamicMessage) {
        let counters: Vec<FieldDescriptor> =
            message.fields().map(|(field, _)| field).filter(is_counter).collect();
        counters.iter().for_each(|field| message.clear_field(field));
        message.fields_mut().for_each(|(_, value)| self.hide_in(value));
    }

    fn hide_in(&self, value: &mut Value) {
        match value {
            Value::Message(message) => self.hide(message),
            Value::List(items) => items.iter_mut().for_each(|item| self.hide_in(item)),
            Value::String(text) => *text = self.text(text),
            _ => {}
        }
    }

    fn text(&self, text: &str) -> String {
        let hidden =
            self.names.iter().fold(text.to_owned(), |text, (name, mark)| replaced(&text, name, mark));
        let new = ids(&hidden).into_iter().filter(|id| !self.known.contains(*id)).map(str::to_owned);
        let new: BTreeSet<String> = new.collect();
        new.iter().fold(hidden, |text, id| text.replace(id.as_str(), &format!("{}_new", &id[..PREFIX])))
    }
}

fn is_counter(field: &FieldDescriptor) -> bool {
    COUNTERS.iter().any(|(name, _)| *name == field.name())
}

/// The text with a mark wherever the name stands by itself, not as a part of a longer word.
fn replaced(text: &str, name: &str, mark: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut done, mut from) = (String::with_capacity(text.len()), 0);
    for (at, _) in text.match_indices(name) {
        let end = at + name.len();
        let inside = text[..at].ends_with(is_word) || text[end..].starts_with(is_word);
        if at < from || inside {
            continue;
        }
        done.push_str(&text[from..at]);
        done.push_str(mark);
        from = end;
    }
    done + &text[from..]
}

/// Every id in a text: three letters, a low line, 32 digits.
#[must_use]
pub fn ids(text: &str) -> Vec<&str> {
    let lines = text.match_indices('_').map(|(at, _)| at);
    let around = lines.filter_map(|at| text.get(at.checked_sub(PREFIX)?..=at + DIGITS));
    around
        .filter(|id| {
            let (prefix, digits) = id.split_at(PREFIX);
            prefix.bytes().all(|byte| byte.is_ascii_lowercase())
                && digits[1..].bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_and_what_is_new_is_covered_and_nothing_else() {
        let id = |digit: char| format!("agt_{}", String::from(digit).repeat(DIGITS));
        let cover = Cover::knowing(BTreeSet::from([id('1')])).hiding("ann", "{name}");
        let text = format!("ann is {}, not {} or hannah", id('1'), id('2'));
        assert_eq!(cover.text(&text), format!("{{name}} is {}, not agt_new or hannah", id('1')));
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let id = format!("snc_{}", "0123456789abcdef".repeat(2));
        assert_eq!(ids(&format!("a_b {id}: {id}_x")), [&id, &id]);
        assert_eq!(ids("SNC_0123 snc_0123 _"), [""; 0]);
        assert_eq!(ids(&format!("小_{id}")), [&id]);
    }
}
