//! Checks messages against the bounds their proto declares, and names every field that is out of bounds at once.

use std::fmt::{Display, Write};
use std::str::FromStr;

use fenliu_domain::problem::{Problem, Violation};

/// A message whose bounds can be checked. The impls are generated from the `buf.validate` rules.
pub trait Validate {
    /// Reports every field that is out of bounds.
    fn check(&self, checker: &mut Checker);
}

/// Most violations one refusal names.
const MAX_VIOLATIONS: usize = 32;

/// Checks a message; the refusal names every field that is out of bounds, up to 32.
///
/// # Errors
/// INVALID_REQUEST with one violation per field.
pub fn validate(message: &impl Validate) -> Result<(), Problem> {
    let mut checker = Checker::default();
    message.check(&mut checker);
    if checker.violations.is_empty() { Ok(()) } else { Err(Problem::invalid(checker.violations)) }
}

/// Collects violations and knows where in the message it is.
#[derive(Debug, Default)]
pub struct Checker {
    path: Vec<Place>,
    violations: Vec<Violation>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Field(&'static str),
    Item(&'static str, usize),
}

impl Checker {
    /// Checks inside a field.
    pub fn field(&mut self, name: &'static str, check: impl FnOnce(&mut Self)) {
        self.within(Place::Field(name), check);
    }

    /// Checks inside one item of a list.
    pub fn item(&mut self, name: &'static str, index: usize, check: impl FnOnce(&mut Self)) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.within(Place::Item(name, index), check);
        }
    }

    fn within(&mut self, place: Place, check: impl FnOnce(&mut Self)) {
        self.path.push(place);
        check(self);
        self.path.pop();
    }

    fn ensure(&mut self, holds: bool, expected: impl FnOnce() -> String) {
        if !holds && self.violations.len() < MAX_VIOLATIONS {
            let field = self.here();
            // One sentence a field is enough: the first thing that is wrong with it.
            if self.violations.last().is_none_or(|last| last.field != field) {
                self.violations.push(Violation { field, expected: expected() });
            }
        }
    }

    fn here(&self) -> String {
        let mut text = String::new();
        for place in &self.path {
            if !text.is_empty() {
                text.push('.');
            }
            match place {
                Place::Field(name) => text.push_str(name),
                Place::Item(name, index) => {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{name}[{index}]");
                }
            }
        }
        text
    }

    pub(crate) fn required(&mut self, name: &'static str, present: bool) {
        self.field(name, |c| c.ensure(present, || "must be set".into()));
    }

    pub(crate) fn max_items(&mut self, name: &'static str, len: usize, max: usize) {
        self.field(name, |c| c.ensure(len <= max, || format!("must have at most {max} items, has {len}")));
    }

    pub(crate) fn min_items(&mut self, name: &'static str, len: usize, min: usize) {
        self.field(name, |c| c.ensure(len >= min, || format!("must have at least {min} items, has {len}")));
    }

    pub(crate) fn no_nul(&mut self, value: &str) {
        self.ensure(!value.contains('\0'), || "must not contain NUL".into());
    }

    pub(crate) fn min_len(&mut self, value: &str, min: usize) {
        self.ensure(value.chars().take(min).count() >= min, || {
            if min == 1 { "must not be empty".into() } else { format!("must have at least {min} characters") }
        });
    }

    pub(crate) fn max_len(&mut self, value: &str, max: usize) {
        self.ensure(value.chars().take(max + 1).count() <= max, || {
            format!("must have at most {max} characters")
        });
    }

    pub(crate) fn len(&mut self, value: &str, len: usize) {
        self.ensure(value.chars().take(len + 1).count() == len, || format!("must have {len} characters"));
    }

    pub(crate) fn min_bytes(&mut self, value: &str, min: usize) {
        self.ensure(value.len() >= min, || {
            if min == 1 { "must not be empty".into() } else { format!("must have at least {min} bytes") }
        });
    }

    pub(crate) fn max_bytes(&mut self, value: &str, max: usize) {
        self.ensure(value.len() <= max, || format!("must have at most {max} bytes, has {}", value.len()));
    }

    pub(crate) fn id<T: FromStr<Err: Display>>(&mut self, value: &str) {
        if let Err(error) = value.parse::<T>() {
            self.ensure(false, || error.to_string());
        }
    }

    pub(crate) fn optional_id<T: FromStr<Err: Display>>(&mut self, value: &str) {
        if let (false, Err(error)) = (value.is_empty(), value.parse::<T>()) {
            self.ensure(false, || format!("{error}, or empty"));
        }
    }

    pub(crate) fn printable(&mut self, value: &str) {
        self.ensure(!value.chars().any(char::is_control), || "must not contain control characters".into());
    }

    pub(crate) fn gte(&mut self, value: i128, min: i128) {
        self.ensure(value >= min, || format!("must be at least {min}, is {value}"));
    }

    pub(crate) fn lte(&mut self, value: i128, max: i128) {
        self.ensure(value <= max, || format!("must be at most {max}, is {value}"));
    }

    pub(crate) fn defined(&mut self, known: bool) {
        self.ensure(known, || "must be one of the values of its enum".into());
    }

    pub(crate) fn not_in(&mut self, value: i32, refused: i32, name: &str) {
        self.ensure(value != refused, || {
            if refused == 0 { "must be given".into() } else { format!("must not be {name}") }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{common::v1::Content, dispatch::v1 as dispatch};

    #[test]
    fn every_field_out_of_bounds_is_named_at_once() {
        let request = dispatch::ReceiveMessageRequest {
            shop_id: "shop".into(),
            buyer_id: "a\nb".into(),
            channel: String::new(),
            priority: 201,
            content: Some(Content { kind: 1, text: "x".repeat(8_193), reference: String::new() }),
            ..Default::default()
        };
        let problem = validate(&request).expect_err("five fields are wrong");
        let fields: Vec<_> = problem.violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["shop_id", "buyer_id", "channel", "content.text", "priority"]);
    }

    #[test]
    fn a_malformed_id_is_named_together_with_everything_else() {
        let problem = validate(&dispatch::ListEventsRequest {
            shop_id: format!("shp_{}", "G".repeat(32)),
            conversation_id: format!("cnv_{}", "A".repeat(32)),
            page_size: -1,
            ..Default::default()
        })
        .expect_err("three fields are wrong");
        let said: Vec<_> =
            problem.violations.iter().map(|v| (v.field.as_str(), v.expected.as_str())).collect();
        let expected = "must be shp_ followed by 32 lower-case hexadecimal digits";
        assert_eq!(said[0], ("shop_id", expected));
        let expected = "must be cnv_ followed by 32 lower-case hexadecimal digits, or empty";
        assert_eq!(said[1], ("conversation_id", expected));
        assert_eq!(said[2].0, "page_size");
    }

    #[test]
    fn a_value_that_is_not_allowed_is_named() {
        let problem = validate(&dispatch::CloseConversationRequest {
            shop_id: format!("shp_{:032}", 1),
            conversation_id: format!("cnv_{:032}", 1),
            by: crate::history::v1::CloseActor::IdleRule.into(),
            ..Default::default()
        })
        .expect_err("only fenliu closes by its idle rule");
        assert_eq!(problem.to_string(), "INVALID_REQUEST: by must not be CLOSE_ACTOR_IDLE_RULE");
    }

    #[test]
    fn a_missing_choice_is_named() {
        let problem = validate(&dispatch::TransferConversationRequest {
            shop_id: format!("shp_{:032}", 1),
            conversation_id: format!("cnv_{:032}", 1),
            ..Default::default()
        })
        .expect_err("no target");
        assert_eq!(problem.violations[0].field, "target");
    }

    #[test]
    fn items_are_named_by_their_place() {
        let request = crate::accounts::v1::CreateSubAccountRequest {
            shop_id: format!("shp_{:032}", 1),
            login_name: "ann".into(),
            terms: Some(crate::accounts::v1::BindingTerms {
                groups: vec!["a".into(), "\0".into()],
                capacity: Some(-1),
                ..Default::default()
            }),
            ..Default::default()
        };
        let problem = validate(&request).expect_err("a NUL and a negative capacity");
        let fields: Vec<_> = problem.violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["terms.groups[1]", "terms.capacity"]);
    }
}
