//! A plausible request for every RPC of the contract: each field filled with what it asks for.

use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::common::v1::Actor;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};

use super::things::{Meaning, Thing, Things, meaning};

/// How deep messages are filled; nothing in the contract is deeper.
const DEPTH: usize = 9;
/// Most choices that a request of the contract offers at one place.
const MOST_CHOICES: usize = 5;

/// What each request with a mask can change, as far as it matters who may name what.
pub const MASKS: &[(&str, &[&str])] = &[
    ("UpdateShopRequest", &["display_name"]),
    ("UpdateSubAccountRequest", &["display_name"]),
    (
        "UpdateBindingRequest",
        &["roles", "groups", "capacity", "capacity_ceiling", "weight", "external_account"],
    ),
    ("UpdateRoleRequest", &["permissions"]),
    ("UpdateRosterDraftRequest", &["templates", "rotations", "assignments", "min_on_duty"]),
    ("UpdateSanctionLadderRequest", &["window_days", "rungs"]),
    ("UpdatePolicyRequest", &["strategy", "routing_rules", "rings", "language"]),
];

/// Requests in which somebody may speak for themselves by name, or for the shop without one.
const SPOKEN_IN: &[&str] = &["CreateRosterExceptionRequest", "AnswerRosterExceptionRequest"];

/// What must be new to be taken: each request names its own.
const NEW: &[(&str, &[Thing])] = &[
    ("CreateShop", &[Thing::LoginName]),
    ("CreateSubAccount", &[Thing::LoginName, Thing::ExternalAccount]),
    ("BindAgent", &[Thing::ExternalAccount]),
    ("CreateRole", &[Thing::Role]),
    ("EnterChat", &[Thing::Buyer]),
    ("ReceiveMessage", &[Thing::ExternalMessage]),
    ("ImportEvents", &[Thing::Record]),
    ("PutRulePack", &[Thing::RulePack]),
];

/// What requests are made of.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What they name.
    pub things: Things,
    /// A page token.
    pub page_token: String,
    /// A request id.
    pub request_id: String,
    /// What time it is.
    pub now: Timestamp,
    /// Sets what must be new apart from that of other samples.
    pub serial: u32,
}

/// Where a request names something.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    fields: Vec<FieldDescriptor>,
    /// What it names there.
    pub thing: Thing,
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

/// Whether a message is one of protobuf's own, which names nothing.
#[must_use]
pub fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

impl Sample {
    /// A sample that names these things.
    #[must_use]
    pub fn of(things: Things, now: Timestamp) -> Self {
        Self { things, page_token: String::new(), request_id: String::new(), now, serial: 0 }
    }

    /// A request of this RPC; of every choice, the first is made.
    #[must_use]
    pub fn request(&self, method: &MethodDescriptor) -> DynamicMessage {
        self.choosing(method, 0, true)
    }

    /// As many requests of this RPC as it takes to make every choice.
    #[must_use]
    pub fn requests(&self, method: &MethodDescriptor) -> Vec<DynamicMessage> {
        let mut requests: Vec<DynamicMessage> = Vec::new();
        for (choice, outspoken) in (0..MOST_CHOICES).flat_map(|choice| [(choice, true), (choice, false)]) {
            let request = self.choosing(method, choice, outspoken);
            if !requests.contains(&request) {
                requests.push(request);
            }
        }
        requests
    }

    /// What this RPC calls the things that must be new.
    pub fn new_names(&self, method: &MethodDescriptor) -> impl Iterator<Item = (Thing, String)> {
        let name = method.name().to_owned();
        let things = NEW.iter().filter(move |(new, _)| *new == name).flat_map(|(_, things)| *things);
        things.map(|thing| (*thing, format!("new {thing:?} {}", self.serial).to_lowercase()))
    }

    fn choosing(&self, method: &MethodDescriptor, choice: usize, outspoken: bool) -> DynamicMessage {
        let mut things = self.things.clone();
        for (thing, name) in self.new_names(method) {
            things = things.with(thing, &name);
        }
        Filling { sample: &Self { things, ..self.clone() }, choice, outspoken }
            .message(&method.input(), DEPTH)
    }
}

/// What may be set only beside another choice than the first, so that it stays unset.
const LEFT_OUT: [&str; 2] = ["cap_duration", "rejoin_within_duration"];

fn is_left_out(field: &FieldDescriptor) -> bool {
    LEFT_OUT.contains(&field.name())
}

/// The making of one request.
struct Filling<'a> {
    sample: &'a Sample,
    /// Which of each choice is made, or the last one when there are not so many.
    choice: usize,
    /// Whether it says who speaks, where that may be left out, and hands over whom a leaving agent holds.
    outspoken: bool,
}

impl Filling<'_> {
    fn message(&self, kind: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(kind.clone());
        let fields = kind.fields().filter(|field| depth > 0 && self.is_chosen(field) && !is_left_out(field));
        for field in fields {
            let value = match field.kind() {
                Kind::Message(kind) if kind.full_name() == "google.protobuf.FieldMask" => {
                    mask(&kind, field.parent_message())
                }
                kind => self.value(&field, kind, depth),
            };
            message.set_field(&field, if field.is_list() { Value::List(vec![value]) } else { value });
        }
        message
    }

    fn is_chosen(&self, field: &FieldDescriptor) -> bool {
        let says_who = field.name() == "agent_id" && SPOKEN_IN.contains(&field.parent_message().name());
        if says_who && !self.outspoken {
            return false;
        }
        let Some(choice) = field.containing_oneof().filter(|choice| !choice.is_synthetic()) else {
            return true;
        };
        let last = choice.fields().len().saturating_sub(1);
        choice.fields().nth(self.choice.min(last)).is_some_and(|chosen| chosen == *field)
    }

    fn value(&self, field: &FieldDescriptor, kind: Kind, depth: usize) -> Value {
        match kind {
            Kind::Message(kind) if is_well_known(&kind) => self.moment(field, &kind),
            Kind::Message(kind) => Value::Message(self.message(&kind, depth - 1)),
            Kind::Enum(_) if field.name() == "next_presence" => Value::EnumNumber(2),
            Kind::Enum(_) if field.name() == "self_service_actors" => {
                Value::EnumNumber(Actor::FaqCard.into())
            }
            Kind::Enum(kind) => Value::EnumNumber(
                kind.values().map(|value| value.number()).find(|number| *number > 0).unwrap_or(0),
            ),
            Kind::Bool => Value::Bool(field.name() == "hand_over" && self.outspoken),
            Kind::Int32 => Value::I32(match field.name() {
                "page_size" => 0,
                "capacity" | "capacity_ceiling" => 250,
                _ => 1,
            }),
            Kind::Uint32 => Value::U32(match field.name() {
                "late_every" => 2,
                "factor_permille" => 1_500,
                _ => 1,
            }),
            Kind::Double => Value::F64(1.0),
            _ => named(field, &self.text(field)),
        }
    }

    /// A time, or a span that every rule has room for; what has an end ends an hour later.
    fn moment(&self, field: &FieldDescriptor, kind: &MessageDescriptor) -> Value {
        let mut message = DynamicMessage::new(kind.clone());
        let hour = Span::from_hours(1);
        let later = if field.name() == "end_time" { hour } else { Span::ZERO };
        let micros = match kind.name() {
            "Duration" => Span::from_secs(300).micros(),
            _ => (self.sample.now + later).micros(),
        };
        message.set_field_by_name("seconds", Value::I64(micros / 1_000_000));
        Value::Message(message)
    }

    fn text(&self, field: &FieldDescriptor) -> String {
        match meaning(field) {
            Some(Meaning::Names(thing)) => self.sample.things.get(thing).to_owned(),
            Some(Meaning::PageToken) => self.sample.page_token.clone(),
            Some(Meaning::RequestId) => self.sample.request_id.clone(),
            Some(Meaning::Free(text)) => text.to_owned(),
            None => String::new(),
        }
    }
}

/// The mask of a request, empty when nobody has said what it can change.
fn mask(kind: &MessageDescriptor, request: &MessageDescriptor) -> Value {
    let paths = MASKS.iter().filter(|(name, _)| *name == request.name()).flat_map(|(_, paths)| *paths);
    let paths = paths.map(|path| Value::String((*path).to_owned())).collect();
    let mut mask = DynamicMessage::new(kind.clone());
    mask.set_field_by_name("paths", Value::List(paths));
    Value::Message(mask)
}

/// A name as its field holds it.
fn named(field: &FieldDescriptor, text: &str) -> Value {
    match field.kind() {
        Kind::Int64 => Value::I64(text.parse().unwrap_or_default()),
        Kind::Uint64 => Value::U64(text.parse().unwrap_or_default()),
        Kind::Bytes => Value::Bytes(text.as_bytes().to_vec().into()),
        _ => Value::String(text.to_owned()),
    }
}

/// Wherever a request names something.
#[must_use]
pub fn places(request: &DynamicMessage) -> Vec<Place> {
    let mut found = Vec::new();
    for (field, value) in request.fields() {
        match value.as_list().and_then(|list| list.first()).unwrap_or(value) {
            Value::Message(inner) => found.extend(places(inner).into_iter().map(|mut place| {
                place.fields.insert(0, field.clone());
                place
            })),
            _ => {
                if let Some(Meaning::Names(thing)) = meaning(&field) {
                    found.push(Place { fields: vec![field], thing });
                }
            }
        }
    }
    found
}

impl Place {
    /// The names of the fields that lead there.
    #[must_use]
    pub fn path(&self) -> String {
        self.fields.iter().map(FieldDescriptor::name).collect::<Vec<_>>().join(".")
    }

    /// The same request, naming this there.
    #[must_use]
    pub fn naming(&self, request: &DynamicMessage, name: &str) -> DynamicMessage {
        let mut request = request.clone();
        put(&mut request, &self.fields, name);
        request
    }
}

fn put(message: &mut DynamicMessage, fields: &[FieldDescriptor], name: &str) {
    let Some((field, inner)) = fields.split_first() else { return };
    let mut value = message.get_field_mut(field);
    if let Value::List(items) = value {
        let Some(first) = items.first_mut() else { return };
        value = first;
    }
    match value {
        Value::Message(message) => put(message, inner, name),
        leaf => *leaf = named(field, name),
    }
}
