//! That nothing in the contract escapes the questions about tenants.

use std::collections::BTreeSet;

use fenliu_tests::guarded::reads::is_id;
use fenliu_tests::guarded::samples::{MASKS, is_well_known, methods};
use fenliu_tests::guarded::things::{Meaning, entries, may_name, meaning};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};

use super::{ALL, Thing, World};

/// What is real although no read of its shop shows it as it is named.
const NOT_SHOWN: [(Thing, &str); 6] = [
    (Thing::BindingCode, "a secret, and none was made"),
    (Thing::RosterVersion, "a number"),
    (Thing::Sheet, "it is made of a login name and a shift"),
    (Thing::ExternalMessage, "it is kept to recognise the message by"),
    (Thing::Session, "it is kept to know when it falls silent"),
    (Thing::Source, "it is kept to know its records by"),
];

/// Every field of every request, at any depth.
fn fields() -> Vec<FieldDescriptor> {
    let mut messages: Vec<MessageDescriptor> = methods().iter().map(MethodDescriptor::input).collect();
    let (mut seen, mut fields) = (BTreeSet::new(), Vec::new());
    while let Some(message) = messages.pop() {
        if is_well_known(&message) || !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                messages.push(inner);
            }
            fields.push(field);
        }
    }
    fields
}

#[test]
fn of_every_field_it_is_known_what_it_names() {
    let unknown: Vec<_> = fields()
        .into_iter()
        .filter(|field| may_name(field) && meaning(field).is_none())
        .map(|field| field.full_name().to_owned())
        .collect();
    assert_eq!(unknown, [""; 0], "say in guarded/things.rs what they name, and furnish shops with it");
}

#[test]
fn whatever_has_the_form_of_an_id_names_something() {
    for field in fields() {
        let id = field.name().ends_with("_id") || field.name().ends_with("_ids") || is_id(&field);
        let ours = ["request_id", "rule_pack_id"].contains(&field.name());
        if id && !ours {
            assert!(matches!(meaning(&field), Some(Meaning::Names(_))), "{}", field.full_name());
        }
    }
}

#[test]
fn no_meaning_is_kept_of_a_field_that_is_gone() {
    let names: BTreeSet<String> = fields()
        .iter()
        .filter(|field| may_name(field))
        .flat_map(|field| {
            [field.name().to_owned(), format!("{}.{}", field.parent_message().name(), field.name())]
        })
        .collect();
    let gone: Vec<_> = entries().filter(|entry| !names.contains(*entry)).collect();
    assert_eq!(gone, [""; 0], "take them out of guarded/things.rs");
}

#[test]
fn every_mask_has_something_to_change() {
    let is_mask = |field: &FieldDescriptor| matches!(field.kind(), Kind::Message(kind) if kind.full_name() == "google.protobuf.FieldMask");
    let with_mask: BTreeSet<String> = fields()
        .iter()
        .filter(|field| is_mask(field))
        .map(|field| field.parent_message().name().to_owned())
        .collect();
    let known: BTreeSet<String> = MASKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(with_mask, known, "say in guarded/samples.rs what each can change");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_named_of_the_other_shop_is_really_there() {
    let world = World::open().await;
    let everything: String = world.before.values().cloned().collect();
    for thing in ALL {
        let [own, foreign, nowhere] =
            [&world.own.things, &world.foreign.things, &world.nowhere].map(|things| things.get(thing));
        assert!(
            own != foreign && foreign != nowhere && own != nowhere,
            "{thing:?}: {own} {foreign} {nowhere}"
        );
        let shown = NOT_SHOWN.iter().all(|(hidden, _)| *hidden != thing);
        assert!(
            !shown || everything.contains(foreign),
            "{thing:?}: {foreign} is nowhere in the foreign shop"
        );
    }
}
