//! What a shop holds that a request can name, and which fields name it.
//!
//! Every field of every request that holds a text, or a number of 64 bits, either names a [`Thing`] or is one of the
//! words that name nothing stored. A field that is in neither list has no [`meaning`], and a test fails on it: so a new
//! RPC cannot escape the questions about tenants.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind};

/// What can be named in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// The shop itself.
    Shop,
    /// Its main account.
    Owner,
    /// An agent who is at work.
    Agent,
    /// Another one, who is away.
    Colleague,
    /// What the agent signs in with.
    LoginName,
    /// A role of the shop's own.
    Role,
    /// A group that answers.
    Group,
    /// Another group, in which nobody is there.
    IdleGroup,
    /// The agent's account on a marketplace.
    ExternalAccount,
    /// The leave of a home to bind one of its accounts.
    BindingCode,
    /// A program's token, by its id.
    ServiceToken,
    /// A sanction in force.
    Sanction,
    /// A shift by its name.
    Template,
    /// A rotation by its name.
    Rotation,
    /// The number of a published roster.
    RosterVersion,
    /// A swap that waits for an answer.
    Exception,
    /// A spreadsheet that names an agent.
    Sheet,
    /// A buyer.
    Buyer,
    /// A buyer's message, by the marketplace's id.
    ExternalMessage,
    /// A conversation that the agent holds.
    Conversation,
    /// A conversation that waits for somebody.
    Waiting,
    /// An event of the history.
    Event,
    /// A device of the agent's.
    Session,
    /// A rule pack of the shop's own.
    RulePack,
    /// Another one.
    SparePack,
    /// Another system that records were imported from.
    Source,
    /// One of its records.
    Record,
    /// A conversation of its.
    ImportedConversation,
    /// An agent of its.
    ImportedAgent,
}

/// Everything that can be named, in the order of its kinds.
pub const ALL: [Thing; 29] = [
    Thing::Shop,
    Thing::Owner,
    Thing::Agent,
    Thing::Colleague,
    Thing::LoginName,
    Thing::Role,
    Thing::Group,
    Thing::IdleGroup,
    Thing::ExternalAccount,
    Thing::BindingCode,
    Thing::ServiceToken,
    Thing::Sanction,
    Thing::Template,
    Thing::Rotation,
    Thing::RosterVersion,
    Thing::Exception,
    Thing::Sheet,
    Thing::Buyer,
    Thing::ExternalMessage,
    Thing::Conversation,
    Thing::Waiting,
    Thing::Event,
    Thing::Session,
    Thing::RulePack,
    Thing::SparePack,
    Thing::Source,
    Thing::Record,
    Thing::ImportedConversation,
    Thing::ImportedAgent,
];

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The name of something.
    Names(Thing),
    /// Where a list goes on.
    PageToken,
    /// What a repetition is recognised by.
    RequestId,
    /// Something else, for which this will do.
    Free(&'static str),
}

/// Fields that name something, as `field` or, where other messages mean something else by it, `Message.field`.
const NAMING: &[(&str, Thing)] = &[
    ("shop_id", Thing::Shop),
    ("main_account_id", Thing::Owner),
    ("agent_id", Thing::Agent),
    ("from_agent_id", Thing::Agent),
    ("to_agent_id", Thing::Colleague),
    ("other_agent_id", Thing::Colleague),
    ("ListAuditEntriesRequest.target", Thing::Agent),
    ("ListAuditEntriesRequest.actor", Thing::Owner),
    ("GetScorecardRequest.agent", Thing::Agent),
    ("login_name", Thing::LoginName),
    ("login_name_prefix", Thing::LoginName),
    ("main_account_login_name", Thing::LoginName),
    ("role", Thing::Role),
    ("roles", Thing::Role),
    ("CreateRoleRequest.name", Thing::Role),
    ("UpdateRoleRequest.name", Thing::Role),
    ("DeleteRoleRequest.name", Thing::Role),
    ("group", Thing::Group),
    ("groups", Thing::Group),
    ("to_group", Thing::Group),
    ("helper", Thing::IdleGroup),
    ("account_id", Thing::ExternalAccount),
    ("binding_code", Thing::BindingCode),
    ("service_id", Thing::ServiceToken),
    ("sanction_id", Thing::Sanction),
    ("template", Thing::Template),
    ("templates", Thing::Template),
    ("ShiftTemplate.name", Thing::Template),
    ("rotation", Thing::Rotation),
    ("Rotation.name", Thing::Rotation),
    ("GetRosterRequest.version", Thing::RosterVersion),
    ("exception_id", Thing::Exception),
    ("csv", Thing::Sheet),
    ("buyer_id", Thing::Buyer),
    ("external_message_id", Thing::ExternalMessage),
    ("conversation_id", Thing::Conversation),
    ("AssignConversationRequest.conversation_id", Thing::Waiting),
    ("LeaveQueueRequest.conversation_id", Thing::Waiting),
    ("after_event_id", Thing::Event),
    ("session_id", Thing::Session),
    ("rule_pack_id", Thing::RulePack),
    ("beside_rule_pack_id", Thing::SparePack),
];

/// The same, of what other systems report.
const IMPORTED: &[(&str, Thing)] = &[
    ("ImportEventsRequest.source", Thing::Source),
    ("ImportedEvent.record_id", Thing::Record),
    ("ImportedEvent.conversation", Thing::ImportedConversation),
    ("ImportedOrder.record_id", Thing::Record),
    ("ImportedOrder.agent", Thing::ImportedAgent),
    ("ImportedReply.agent", Thing::ImportedAgent),
    ("ImportedAssignment.agent", Thing::ImportedAgent),
];

/// Fields that name nothing a shop holds, and what will do in them.
const FREE: &[(&str, &str)] = &[
    ("display_name", "a new name"),
    ("time_zone", "Asia/Shanghai"),
    ("service_start", "09:00"),
    ("service_end", "18:00"),
    ("start", "09:00"),
    ("end", "18:00"),
    ("Break.start", "12:00"),
    ("Break.end", "12:30"),
    ("window_start", "09:00"),
    ("window_end", "18:00"),
    ("weekend_answer_by", ""),
    ("valid_from", "2026-01-01"),
    ("day", "2026-03-09"),
    ("date", "2026-03-02"),
    ("other_day", "2026-03-09"),
    ("anchor_day", "2026-03-02"),
    ("first_day", "2026-03-02"),
    ("last_day", "2026-03-15"),
    ("start_date", "2026-03-01"),
    ("end_date", "2026-03-02"),
    ("before_start_date", "2026-02-28"),
    ("before_end_date", "2026-03-01"),
    ("after_start_date", "2026-03-02"),
    ("after_end_date", "2026-03-02"),
    // Secrets prove themselves: whoever holds one may, wherever it was made.
    ("password", "correct horse battery"),
    ("old_password", "correct horse battery"),
    ("new_password", "correct horse stapler"),
    // Hashing is dear; an account may have none.
    ("CreateSubAccountRequest.password", ""),
    ("main_account_password", ""),
    ("refresh_token", "none that was issued"),
    // It is compared with that of the thing it came with, and with nothing else.
    ("etag", ""),
    ("platform", "pinduoduo"),
    ("channel", "web"),
    ("entry_point", "product"),
    ("entry_points", "product"),
    ("order_status", "paid"),
    ("order_statuses", "paid"),
    ("language", "zh"),
    ("languages", "zh"),
    ("tags", "vip"),
    ("keywords", "refund"),
    ("words", "nonsense"),
    ("strategy", "least_saturated"),
    ("text", "how are you?"),
    ("reference", "picture-1"),
    ("note", "a note"),
    ("reason", "a reason"),
    ("evidence", "a screenshot"),
    ("rule_packs", "taobao-3min"),
    ("ShiftWindow.name", "a long day"),
    ("RulePack.source", "hearsay"),
    ("holidays", "2026-01-31"),
    ("description", "a pack"),
    // Positions and versions of the platform's one log: every number up to its end is one, whoever's event it is.
    ("after_position", "0"),
    // Each shop's events are numbered from 1, so a number tells nothing of another shop's.
    ("after_seq", "0"),
    ("after_version", "0"),
    ("seed", "1"),
];

/// What a field holds; `None` when nobody has said, or when it is neither a text nor a number of 64 bits.
#[must_use]
pub fn meaning(field: &FieldDescriptor) -> Option<Meaning> {
    if !may_name(field) {
        return None;
    }
    match field.name() {
        "page_token" => return Some(Meaning::PageToken),
        "request_id" => return Some(Meaning::RequestId),
        _ => {}
    }
    let qualified = format!("{}.{}", field.parent_message().name(), field.name());
    [qualified.as_str(), field.name()].into_iter().find_map(said)
}

/// Whether a field is of a kind that can name something.
#[must_use]
pub fn may_name(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::String | Kind::Bytes | Kind::Int64 | Kind::Uint64)
}

/// Every entry of the lists, so that one that no field has any more is noticed.
pub fn entries() -> impl Iterator<Item = &'static str> {
    let naming = NAMING.iter().chain(IMPORTED).map(|(key, _)| *key);
    naming.chain(FREE.iter().map(|(key, _)| *key))
}

fn said(key: &str) -> Option<Meaning> {
    let mut naming = NAMING.iter().chain(IMPORTED);
    if let Some((_, thing)) = naming.find(|(known, _)| *known == key) {
        return Some(Meaning::Names(*thing));
    }
    FREE.iter().find(|(known, _)| *known == key).map(|(_, text)| Meaning::Free(text))
}

/// What there is in a shop, each thing by its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Things(BTreeMap<Thing, String>);

impl Things {
    /// Things of the right form that exist nowhere. They are called after `name`, which no shop is called, and have
    /// these 32 digits in their ids.
    #[must_use]
    pub fn nowhere(name: &str, digits: &str) -> Self {
        let id = |prefix: &str| format!("{prefix}_{digits}");
        let of = |what: &str| format!("{what} of {name}");
        let called = |thing| match thing {
            Thing::Shop => id("shp"),
            Thing::Owner | Thing::Agent | Thing::Colleague => id("agt"),
            Thing::Conversation | Thing::Waiting => id("cnv"),
            Thing::Event => id("evt"),
            Thing::Exception => id("exc"),
            Thing::Sanction => id("snc"),
            Thing::ServiceToken => id("svc"),
            Thing::LoginName => of("agent"),
            Thing::Role => of("role"),
            Thing::Group => of("group"),
            Thing::IdleGroup => of("idle group"),
            Thing::ExternalAccount => of("account"),
            Thing::BindingCode => of("code"),
            Thing::Template => of("shift"),
            Thing::Rotation => of("rotation"),
            Thing::RosterVersion => "999".to_owned(),
            Thing::Sheet => sheet(&of("agent"), &of("shift")),
            Thing::Buyer => of("buyer"),
            Thing::ExternalMessage => of("message"),
            Thing::Session => of("session"),
            Thing::RulePack => of("pack"),
            Thing::SparePack => of("spare pack"),
            Thing::Source => of("source"),
            Thing::Record => of("record"),
            Thing::ImportedConversation => of("conversation"),
            Thing::ImportedAgent => of("imported agent"),
        };
        Self(ALL.into_iter().map(|thing| (thing, called(thing))).collect())
    }

    /// What the thing is called.
    #[must_use]
    pub fn get(&self, thing: Thing) -> &str {
        self.0.get(&thing).map_or("", String::as_str)
    }

    /// The same, with the thing called so.
    #[must_use]
    pub fn with(mut self, thing: Thing, name: &(impl ToString + ?Sized)) -> Self {
        self.0.insert(thing, name.to_string());
        self
    }

    /// Every thing with what it is called.
    pub fn iter(&self) -> impl Iterator<Item = (Thing, &str)> {
        self.0.iter().map(|(thing, name)| (*thing, name.as_str()))
    }
}

/// A spreadsheet in which this agent works this shift for a day.
#[must_use]
pub fn sheet(login_name: &str, shift: &str) -> String {
    format!("agent,2026-03-09\n{login_name},{shift}\n")
}
