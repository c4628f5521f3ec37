//! Everything of a shop that its owner can read, asked for as broadly as the contract allows.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, Value};

use super::Guarded;
use super::answers::Answer;
use super::samples::{Sample, methods};
use super::things::{Meaning, Thing, meaning};

/// What the names of RPCs begin with that only read, and end.
const READING: [&str; 7] = ["Get", "List", "Check", "Compare", "Evaluate", "Export", "Suggest"];

/// Whether an RPC only reads something of a shop.
#[must_use]
pub fn reads_a_shop(method: &MethodDescriptor) -> bool {
    let reads = READING.iter().any(|verb| method.name().starts_with(verb)) || method.name() == "ExplainRoute";
    reads && method.input().get_field_by_name("shop_id").is_some()
}

/// A request without filters: it says only what it must. Every switch of it is set so.
#[must_use]
pub fn broad(sample: &Sample, method: &MethodDescriptor, switches: bool) -> DynamicMessage {
    let mut request = sample.request(method);
    for field in method.input().fields() {
        let names = matches!(meaning(&field), Some(Meaning::Names(thing)) if thing != Thing::Shop);
        match field.kind() {
            Kind::Bool if switches => request.set_field(&field, Value::Bool(true)),
            Kind::Bool | Kind::Enum(_) => request.clear_field(&field),
            _ if names && !must_be_set(&field) => request.clear_field(&field),
            _ => {}
        }
    }
    request
}

/// Whether the contract refuses the field when it is empty.
fn must_be_set(field: &FieldDescriptor) -> bool {
    let Some(rules) = rules_of(field) else { return false };
    let bounded = rules.has_field_by_name("min_len") || rules.has_field_by_name("min_bytes");
    bounded || (is_id(field) && !pattern(&rules).starts_with("^$|"))
}

/// Whether the contract asks for one of our ids.
#[must_use]
pub fn is_id(field: &FieldDescriptor) -> bool {
    rules_of(field).is_some_and(|rules| pattern(&rules).contains("_[0-9a-f]{32}"))
}

fn pattern(rules: &DynamicMessage) -> String {
    let pattern = rules.get_field_by_name("pattern");
    pattern.as_deref().and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What the contract asks of a text.
fn rules_of(field: &FieldDescriptor) -> Option<DynamicMessage> {
    let extension = field.parent_pool().get_extension_by_name("buf.validate.field")?;
    let options = field.options();
    let rules = options.get_extension(&extension);
    let of_text = rules.as_message()?.get_field_by_name("string")?;
    of_text.as_message().cloned()
}

impl Guarded {
    /// What the owner reads of a shop, by RPC and by how its switches are set.
    pub async fn photograph(&self, token: &str, sample: &Sample) -> BTreeMap<String, Answer> {
        let mut answers = BTreeMap::new();
        for method in methods().iter().filter(|method| reads_a_shop(method)) {
            for switches in [false, true] {
                let request = broad(sample, method, switches);
                let name = format!("{} {switches}", method.name());
                answers.insert(name, self.ask(token, method, &request).await);
            }
        }
        answers
    }
}
