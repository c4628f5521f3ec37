//! The contract this fenliu was built with, for messages that are read and written as JSON.

use anyhow::Context;
use fenliu_proto::DESCRIPTOR_SET;
use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};

/// What the contract says of a message, such as `fenliu.history.v1.Event`.
///
/// # Errors
/// When the contract has no such message, or cannot be read: a defect of the build.
pub fn kind(name: &str) -> anyhow::Result<MessageDescriptor> {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).context("the contract cannot be read")?;
    pool.get_message_by_name(name).with_context(|| format!("the contract has no {name}"))
}

/// Reads a message from a line of JSON, which names no field that the contract does not.
///
/// # Errors
/// In words that name the column, or the field.
pub fn read<T: Message + Default>(kind: &MessageDescriptor, line: &str) -> Result<T, String> {
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let mut json = serde_json::Deserializer::from_str(line);
    let dynamic = DynamicMessage::deserialize_with_options(kind.clone(), &mut json, &options);
    let dynamic = dynamic.map_err(|error| placed(&error))?;
    json.end().map_err(|error| placed(&error))?;
    dynamic.transcode_to().map_err(|error| error.to_string())
}

/// An error of JSON with its column first; the line is counted elsewhere.
pub fn placed(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
    match error.column() {
        0 => why.to_owned(),
        column => format!("column {column}: {why}"),
    }
}
