//! A plausible request for every RPC of the contract: each field filled with what its name asks for.

use fenliu_domain::time::Timestamp;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};

/// How deep messages are filled; nothing in the contract is deeper.
const DEPTH: usize = 6;

/// What the fields of a sample mean.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The shop that fields named `shop_id` name.
    pub shop_id: String,
    /// The agent that other fields for agents name.
    pub agent_id: String,
    /// The 32 digits of ids of every other kind.
    pub digits: String,
    /// A page token.
    pub page_token: String,
    /// A request id.
    pub request_id: String,
    /// What time it is.
    pub now: Timestamp,
}

/// Every RPC of ours, in the order of their names.
///
/// # Panics
/// When the contract cannot be read, which the build would have noticed.
#[must_use]
pub fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(fenliu_proto::DESCRIPTOR_SET).expect("the contract is read");
    let services = pool.services().filter(|service| service.package_name().starts_with("fenliu."));
    let mut methods: Vec<_> = services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    methods.sort_by_key(|method| method.full_name().to_owned());
    methods
}

/// The path that a method is called by.
#[must_use]
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

impl Sample {
    /// A request of this kind.
    #[must_use]
    pub fn request(&self, kind: &MessageDescriptor) -> DynamicMessage {
        self.message(kind, DEPTH)
    }

    fn message(&self, kind: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(kind.clone());
        match kind.full_name() {
            "google.protobuf.Timestamp" => {
                message.set_field_by_name("seconds", Value::I64(self.now.micros() / 1_000_000));
                return message;
            }
            "google.protobuf.Duration" => {
                message.set_field_by_name("seconds", Value::I64(3_600));
                return message;
            }
            "google.protobuf.FieldMask" => {
                let path = Value::String("display_name".to_owned());
                message.set_field_by_name("paths", Value::List(vec![path]));
                return message;
            }
            _ => {}
        }
        for field in kind.fields() {
            // Of a choice, the first is made.
            let later = |one: prost_reflect::OneofDescriptor| {
                !one.is_synthetic() && one.fields().next().is_some_and(|first| first != field)
            };
            if depth == 0 || field.containing_oneof().is_some_and(later) {
                continue;
            }
            let value = self.value(&field, depth);
            message.set_field(&field, if field.is_list() { Value::List(vec![value]) } else { value });
        }
        message
    }

    fn value(&self, field: &FieldDescriptor, depth: usize) -> Value {
        match field.kind() {
            Kind::Message(kind) => Value::Message(self.message(&kind, depth - 1)),
            Kind::Enum(kind) => Value::EnumNumber(
                kind.values().map(|value| value.number()).find(|number| *number > 0).unwrap_or(0),
            ),
            Kind::String => Value::String(self.text(field.name())),
            Kind::Bool => Value::Bool(false),
            Kind::Int32 => Value::I32(i32::from(field.name() != "page_size")),
            Kind::Int64 => Value::I64(0),
            Kind::Uint32 => Value::U32(1),
            Kind::Uint64 => Value::U64(1),
            Kind::Double => Value::F64(1.0),
            _ => Value::Bytes(prost_reflect::bytes::Bytes::new()),
        }
    }

    fn text(&self, name: &str) -> String {
        let id = |prefix: &str| format!("{prefix}_{}", self.digits);
        match name {
            "shop_id" => self.shop_id.clone(),
            "page_token" => self.page_token.clone(),
            "request_id" => self.request_id.clone(),
            "conversation_id" => id("cnv"),
            "after_event_id" | "event_id" => id("evt"),
            "service_id" => id("svc"),
            "sanction_id" => id("snc"),
            "exception_id" => id("exc"),
            "time_zone" => "Asia/Shanghai".to_owned(),
            "etag" | "actor" | "target" | "evidence" | "group" | "role" | "login_name_prefix" => {
                String::new()
            }
            name if name.ends_with("agent_id") => self.agent_id.clone(),
            name if name.ends_with("day") => "2026-03-02".to_owned(),
            name if name.ends_with("start") => "09:00".to_owned(),
            name if name.ends_with("end") => "18:00".to_owned(),
            name if name.ends_with("password") => "correct horse battery".to_owned(),
            name => format!("sample {name}"),
        }
    }
}
