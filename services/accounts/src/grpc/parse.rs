//! Messages as what they mean, or every field that means nothing.
//!
//! The codec has checked the bounds that the proto declares. What is left is what a proto cannot say (zones,
//! clock times, login names), and the fields inside `shop` and `terms` of an update, of which only those in the mask
//! count.

pub(super) mod accounts;
pub(super) mod auth;
pub(super) mod bindings;
mod fields;
pub(super) mod roles;
pub(super) mod rosters;
pub(super) mod sanctions;
pub(super) mod shops;

pub(super) use self::fields::Fields;

/// The text, or `default` when there is none.
const fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}
