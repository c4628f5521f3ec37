//! The ten properties of `../README.md`, and what was seen to break them.

use std::collections::BTreeMap;
use std::fmt::Display;

/// What is always true of a desk, in the order of the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Property {
    OneAssignee,
    Capacity,
    Presence,
    NobodyHasRoom,
    OnePlace,
    FirstCome,
    Replay,
    SameEvents,
    Dense,
    Forwards,
    /// What the README says beside the ten.
    Beside,
}

impl Property {
    pub(super) const TEN: [Self; 10] = [
        Self::OneAssignee,
        Self::Capacity,
        Self::Presence,
        Self::NobodyHasRoom,
        Self::OnePlace,
        Self::FirstCome,
        Self::Replay,
        Self::SameEvents,
        Self::Dense,
        Self::Forwards,
    ];

    /// Its name: that of its test, and the README's sentence in small letters.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OneAssignee => "a_conversation_has_at_most_one_assignee",
            Self::Capacity => "load_never_exceeds_capacity_through_an_automatic_assignment",
            Self::Presence => {
                "nobody_receives_a_conversation_in_a_state_whose_row_of_the_presence_table_says_no"
            }
            Self::NobodyHasRoom => {
                "if_the_queue_is_not_empty_nobody_in_the_rings_that_are_open_to_it_has_room"
            }
            Self::OnePlace => "every_conversation_begun_is_in_one_place",
            Self::FirstCome => "within_group_and_priority_automatic_assignment_is_first_come_first_served",
            Self::Replay => "replay_gives_exactly_the_state_that_apply_left",
            Self::SameEvents => "the_same_commands_at_the_same_times_give_the_same_events",
            Self::Dense => "events_are_dense_per_shop_each_naming_its_predecessor",
            Self::Forwards => "time_never_runs_backwards_inside_a_desk",
            Self::Beside => "what_is_said_beside_the_ten_holds_too",
        }
    }
}

/// Properties that did not hold, and how each was broken first.
#[derive(Clone, Debug, Default)]
pub(super) struct Broken(BTreeMap<Property, String>);

impl Broken {
    /// Notes a property as broken unless this holds.
    pub(super) fn unless(&mut self, holds: bool, property: Property, what: impl Display) {
        if !holds {
            self.0.entry(property).or_insert_with(|| what.to_string());
        }
    }

    pub(super) fn get(&self, property: Property) -> Option<&str> {
        self.0.get(&property).map(String::as_str)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Property, &str)> {
        self.0.iter().map(|(property, what)| (*property, what.as_str()))
    }
}
