//! Reads fields one by one and remembers each that cannot be read, so that all are named at once.

use std::fmt::Display;
use std::ops::RangeInclusive;

use fenliu_domain::day::{ClockTime, Zone};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Violation};
use prost_types::FieldMask;

use crate::binding::{MAX_CAPACITY, MAX_GROUPS, MAX_ROLES, MAX_WEIGHT};
use fenliu_domain::access::BuiltInRole;

/// Longest name of a shop, an account or a group, in characters.
const MAX_NAME_CHARS: usize = 64;

/// What was wrong so far. A reader that gives `None` has added to it.
#[derive(Debug, Default)]
pub(in crate::grpc) struct Fields {
    violations: Vec<Violation>,
    /// A refusal with a reason of its own, which is kept when it is the only thing wrong.
    special: Option<Problem>,
}

impl Fields {
    /// What was read, or the refusal that names its field.
    pub(in crate::grpc) fn take<T, E: Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.wrong(field, error.to_string())).ok()
    }

    /// A name that people see.
    pub(in crate::grpc) fn display_name(&mut self, field: &str, text: &str) -> Option<String> {
        let name = visible_name(text).map(|()| text.to_owned());
        self.take(field, name)
    }

    /// A name to sign in with.
    pub(in crate::grpc) fn login_name(&mut self, field: &str, text: &str) -> Option<LoginName> {
        self.take(field, LoginName::parse(text))
    }

    /// A time of the clock.
    pub(in crate::grpc) fn clock(&mut self, field: &str, text: &str) -> Option<ClockTime> {
        self.take(field, text.parse())
    }

    /// An IANA zone.
    pub(in crate::grpc) fn zone(&mut self, field: &str, name: &str) -> Option<Zone> {
        match Zone::parse(name) {
            Ok(zone) => Some(zone),
            Err(problem) => {
                self.wrong(field, "must be an IANA time zone such as Asia/Shanghai".to_owned());
                self.special = Some(problem);
                None
            }
        }
    }

    /// Names of groups.
    pub(in crate::grpc) fn groups(&mut self, field: &str, groups: Vec<String>) -> Option<Vec<String>> {
        self.names(field, groups, ("group", MAX_GROUPS))
    }

    /// Names of roles, sorted; when there are none, that of the agent.
    pub(in crate::grpc) fn roles(&mut self, field: &str, roles: Vec<String>) -> Option<Vec<String>> {
        if roles.is_empty() {
            return Some(vec![BuiltInRole::Agent.name().to_owned()]);
        }
        let mut roles = self.names(field, roles, ("role", MAX_ROLES))?;
        roles.sort_unstable();
        Some(roles)
    }

    fn names(
        &mut self,
        field: &str,
        names: Vec<String>,
        (thing, most): (&str, usize),
    ) -> Option<Vec<String>> {
        let before = self.violations.len();
        if names.len() > most {
            self.wrong(field, format!("must have at most {most} items, has {}", names.len()));
            return None;
        }
        for (index, name) in names.iter().enumerate() {
            let item = format!("{field}[{index}]");
            if names[..index].contains(name) {
                self.wrong(&item, format!("must not name a {thing} twice"));
            } else {
                self.take(&item, visible_name(name));
            }
        }
        (self.violations.len() == before).then_some(names)
    }

    /// What the mask names and so must be there: nobody knows whether leaving it out means nothing or the default.
    pub(in crate::grpc) fn set<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        let advice =
            "must be set, since update_mask names it; set it, or leave it out of the mask to keep it";
        self.take(field, value.ok_or(advice))
    }

    /// A capacity, or the ceiling of one.
    pub(in crate::grpc) fn capacity(&mut self, field: &str, capacity: i32) -> Option<u32> {
        self.capacity_within(field, capacity, MAX_CAPACITY)
    }

    /// A capacity up to the highest allowed.
    pub(in crate::grpc) fn capacity_within(
        &mut self,
        field: &str,
        capacity: i32,
        highest: u32,
    ) -> Option<u32> {
        self.number(field, capacity, 0..=highest)
    }

    /// A share in weighted strategies.
    pub(in crate::grpc) fn weight(&mut self, field: &str, weight: i32) -> Option<u32> {
        self.number(field, weight, 1..=MAX_WEIGHT)
    }

    fn number(&mut self, field: &str, number: i32, bounds: RangeInclusive<u32>) -> Option<u32> {
        let within = u32::try_from(number).ok().filter(|number| bounds.contains(number));
        let (lowest, highest) = bounds.into_inner();
        self.take(field, within.ok_or_else(|| format!("must be from {lowest} to {highest}, is {number}")))
    }

    /// The fields to change, each one of `known`; all of them when none is named.
    pub(in crate::grpc) fn optional_mask(
        &mut self,
        mask: Option<FieldMask>,
        known: &[&'static str],
    ) -> Vec<&'static str> {
        match mask.filter(|mask| !mask.paths.is_empty()) {
            Some(mask) => self.mask(Some(mask), known),
            None => known.to_vec(),
        }
    }

    /// The fields to change, each one of `known`.
    pub(in crate::grpc) fn mask(
        &mut self,
        mask: Option<FieldMask>,
        known: &[&'static str],
    ) -> Vec<&'static str> {
        let paths = mask.unwrap_or_default().paths;
        if paths.is_empty() {
            self.wrong("update_mask", format!("must name at least one of {}", known.join(", ")));
        }
        let mut wanted = Vec::new();
        for (index, path) in paths.iter().enumerate() {
            match known.iter().find(|known| *known == path) {
                Some(path) if wanted.contains(path) => {}
                Some(path) => wanted.push(*path),
                None => {
                    self.wrong(
                        &format!("update_mask.paths[{index}]"),
                        format!("must be one of {}", known.join(", ")),
                    );
                    // One unknown path tells the caller enough; the mask may be as long as a message.
                    break;
                }
            }
        }
        wanted
    }

    /// What was read, if nothing was wrong with any field.
    pub(in crate::grpc) fn finish<T>(self, read: Option<T>) -> Result<T, Problem> {
        read.filter(|_| self.violations.is_empty()).ok_or_else(|| self.refusal())
    }

    /// The refusal that names every field.
    pub(in crate::grpc) fn refusal(self) -> Problem {
        match self.special {
            Some(problem) if self.violations.len() == 1 => Problem { violations: self.violations, ..problem },
            _ => Problem::invalid(self.violations),
        }
    }

    fn wrong(&mut self, field: &str, expected: String) {
        self.violations.push(Violation { field: field.to_owned(), expected });
    }
}

/// What a name that people see must be.
fn visible_name(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        Err("must not be empty or blank".to_owned())
    } else if text.chars().nth(MAX_NAME_CHARS).is_some() {
        Err(format!("must have at most {MAX_NAME_CHARS} characters"))
    } else if text.chars().any(char::is_control) {
        Err("must not contain control characters".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use fenliu_domain::problem::Reason;

    use super::*;

    fn named(fields: Fields) -> Vec<String> {
        fields.refusal().violations.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_mask_names_known_fields_once() {
        let mask =
            |paths: &[&str]| Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
        let mut fields = Fields::default();
        assert_eq!(fields.mask(mask(&["b", "a", "b"]), &["a", "b"]), ["b", "a"]);
        assert!(fields.violations.is_empty());
        fields.mask(mask(&["a", "etag"]), &["a"]);
        fields.mask(None, &["a"]);
        assert_eq!(named(fields), ["update_mask.paths[1]", "update_mask"]);
    }

    #[test]
    fn a_group_is_named_once_and_can_be_seen() {
        let mut fields = Fields::default();
        let read = fields.groups("groups", ["a", " ", "a", "{b}", "\0"].map(String::from).to_vec());
        assert_eq!(read, None);
        assert_eq!(named(fields), ["groups[1]", "groups[2]", "groups[4]"]);
    }

    #[test]
    fn an_unknown_zone_keeps_its_reason_when_nothing_else_is_wrong() {
        let mut fields = Fields::default();
        fields.zone("time_zone", "Mars/Olympus");
        assert_eq!(fields.refusal().reason, Reason::TimeZoneInvalid);
        let mut fields = Fields::default();
        fields.zone("time_zone", "Mars/Olympus");
        fields.clock("service_start", "8:00");
        let refusal = fields.refusal();
        assert_eq!(refusal.reason, Reason::InvalidRequest);
        assert_eq!(refusal.violations.len(), 2);
    }

    #[test]
    fn a_capacity_has_bounds() {
        let mut fields = Fields::default();
        assert_eq!(fields.capacity("capacity", 10_000), Some(10_000));
        assert_eq!(fields.capacity("capacity", 10_001), None);
        assert_eq!(fields.capacity("capacity", -1), None);
    }
}
