//! Login names: one person, one spelling, unique across the whole platform.
//!
//! A name is kept as it was given (composed, NFC) and compared by its *key*: composed, case-folded, composed
//! again. So `Straße`, `STRASSE` and `strasse` are one name, whichever way a keyboard composes them.
//!
//! Folding lower-cases, upper-cases and lower-cases again each character by itself. That is what Unicode's full
//! case folding does, save that it also folds the dotless `ı` with `i`, which only makes look-alikes harder. A
//! plain lower-casing would keep `ß` and `ss` or a final `ς` and `σ` apart, and would make a letter's key depend
//! on what follows it; without the first step `ẞ`, which is upper case already, would never become `ss`.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Longest name, in characters after composition.
pub const MAX_CHARS: usize = 64;

/// A name somebody signs in with.
///
/// Two names are equal when their keys are, however they were spelled.
#[derive(Clone, Debug)]
pub struct LoginName {
    given: String,
    key: String,
}

/// Why a text is no login name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedLoginName {
    /// There is nothing in it.
    #[error("must not be empty")]
    Empty,
    /// It is longer than [`MAX_CHARS`].
    #[error("must have at most {MAX_CHARS} characters")]
    TooLong,
    /// It begins or ends with white space, which nobody would see.
    #[error("must not begin or end with white space")]
    Padded,
    /// It holds a control character, a line break, or a character that shows nothing.
    #[error("must not contain control characters or characters that cannot be seen")]
    Invisible,
}

/// What names that begin with this text have their keys begin with.
#[must_use]
pub fn key_of(beginning: &str) -> String {
    let composed: String = beginning.nfc().take(MAX_CHARS).collect();
    fold(&composed)
}

impl LoginName {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is empty, longer than [`MAX_CHARS`], padded with white space or holds what cannot be seen.
    pub fn parse(text: &str) -> Result<Self, MalformedLoginName> {
        // At most four characters compose into one, so a longer text is too long however it composes, and nobody
        // makes us compose a megabyte to find out.
        if text.chars().nth(4 * MAX_CHARS).is_some() {
            return Err(MalformedLoginName::TooLong);
        }
        let given: String = text.nfc().collect();
        if given.is_empty() {
            return Err(MalformedLoginName::Empty);
        }
        if given.chars().count() > MAX_CHARS {
            return Err(MalformedLoginName::TooLong);
        }
        if given.chars().any(cannot_be_seen) {
            return Err(MalformedLoginName::Invisible);
        }
        if given.trim() != given {
            return Err(MalformedLoginName::Padded);
        }
        let key = fold(&given);
        Ok(Self { given, key })
    }

    /// The name as it was given, composed.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// What it is compared by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for LoginName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for LoginName {}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

fn fold(composed: &str) -> String {
    let lower = composed.chars().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// Control characters, line and paragraph separators, and the characters of width zero that could make two
/// names look the same: joiners, marks of direction, fillers, tags and variation selectors.
pub(crate) fn cannot_be_seen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn key(text: &str) -> String {
        LoginName::parse(text).expect("a name").key
    }

    #[test]
    fn one_name_has_one_key_however_it_is_spelled() {
        for spellings in [
            ["Ann", "ANN", "ann"],
            ["é", "e\u{301}", "É"],
            ["Straße", "STRAẞE", "strasse"],
            ["ΟΔΟΣ", "οδος", "οδοσ"],
            ["小明", "小明", "小明"],
            ["각", "\u{1100}\u{1161}\u{11a8}", "각"],
        ] {
            assert!(spellings.iter().all(|s| key(s) == key(spellings[0])), "{spellings:?}");
        }
    }

    #[test]
    fn other_names_have_other_keys() {
        for (a, b) in [("ann", "anna"), ("小明", "小红"), ("a b", "ab"), ("e", "é"), ("{}", "()")] {
            assert_ne!(key(a), key(b));
        }
    }

    #[test]
    fn a_name_keeps_the_spelling_it_was_given() {
        assert_eq!(LoginName::parse("Zoe\u{308}").expect("a name").given(), "Zoë");
        assert_eq!(LoginName::parse("店铺:{Ann}").expect("a name").to_string(), "店铺:{Ann}");
    }

    #[test]
    fn what_nobody_could_type_or_see_is_refused() {
        for (text, why) in [
            ("", MalformedLoginName::Empty),
            (" ann", MalformedLoginName::Padded),
            ("ann\u{3000}", MalformedLoginName::Padded),
            ("a\0b", MalformedLoginName::Invisible),
            ("a\nb", MalformedLoginName::Invisible),
            ("a\u{200b}b", MalformedLoginName::Invisible),
            ("a\u{202e}b", MalformedLoginName::Invisible),
            (&"a".repeat(65), MalformedLoginName::TooLong),
            (&"a".repeat(1_000_000), MalformedLoginName::TooLong),
        ] {
            assert_eq!(LoginName::parse(text).expect_err("no name"), why);
        }
        assert!(LoginName::parse(&"e\u{301}".repeat(64)).is_ok(), "64 characters once composed");
    }

    #[test]
    fn every_single_character_folds_for_good_whatever_its_case() {
        for c in '\0'..=char::MAX {
            let once = fold(&c.nfc().collect::<String>());
            assert_eq!(fold(&once), once, "{c:?}");
            let (upper, lower): (String, String) = (c.to_uppercase().collect(), c.to_lowercase().collect());
            let folded = |text: &str| fold(&text.nfc().collect::<String>());
            assert_eq!(folded(&upper), folded(&lower), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text.nfc().collect::<String>());
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn the_case_of_a_name_does_not_matter(text in "[a-zA-Zß-öø-ÿÀ-ÖØ-ÞΑ-ΡΣ-Ωα-ωА-я0-9一-龠]{1,40}") {
            prop_assert_eq!(key(&text), key(&text.to_lowercase()));
            prop_assert_eq!(key(&text), fold(&text.to_uppercase()));
        }
    }
}
