//! Everything of a shop that its owner can read, asked for as broadly as the contract allows.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MethodDescriptor, Value};

use super::Guarded;
use super::answers::Answer;
use super::samples::{Sample, methods};
use super::things::{Meaning, meaning};

/// What the names of RPCs begin with that only read, and end.
const READING: [&str; 5] = ["Get", "List", "Check", "Export", "Suggest"];

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
        let names = matches!(meaning(&field), Some(Meaning::Names(_)));
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
    let Some(extension) = field.parent_pool().get_extension_by_name("buf.validate.field") else {
        return false;
    };
    let options = field.options();
    let rules = options.get_extension(&extension);
    let of_text = rules.as_message().and_then(|rules| rules.get_field_by_name("string"));
    let Some(text) = of_text.as_ref().and_then(|rules| rules.as_message()) else { return false };
    let pattern = text.get_field_by_name("pattern");
    let is_id = pattern.as_deref().and_then(Value::as_str).is_some_and(|pattern| {
        pattern.starts_with('^') && pattern.contains("_[0-9a-f]") && !pattern.starts_with("^$|")
    });
    is_id || text.has_field_by_name("min_len") || text.has_field_by_name("min_bytes")
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
