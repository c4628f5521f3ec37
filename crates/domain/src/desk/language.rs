//! Language (文明用语): the words an agent should not send, and finding them.
//!
//! A desk never sees what is said. Whoever has the words of a reply looks for the shop's list in them with
//! [`hits`] and brings what was found along with the command; what follows is the desk's decision.

use unicode_normalization::UnicodeNormalization;

use super::event::Text;
use crate::problem::Violation;

/// Most words on a shop's list.
pub const MAX_WORDS: usize = 500;
/// Longest word on it, in Unicode scalar values.
pub const MAX_WORD_CHARS: usize = 64;
/// Most hits that are told of one reply.
pub const MAX_HITS: usize = 8;

/// What a shop does about words on its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanguagePolicy {
    /// The words, in the form that is looked for: see [`fold`]. In order, each once, at most [`MAX_WORDS`].
    pub words: Vec<Text>,
    /// What happens to a reply that has one.
    pub action: LanguageAction,
}

/// What happens to a reply with a word on the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LanguageAction {
    /// It is sent, and the agent is told.
    Warn,
    /// It is not sent.
    Refuse,
    /// It is sent, and nobody is told but the history.
    #[default]
    Record,
}

impl LanguagePolicy {
    /// Brings the list into the one form that compares equal, which is also the form that is looked for.
    pub(super) fn normalise(&mut self) {
        for word in &mut self.words {
            let folded = fold(word.trim());
            if folded != **word {
                *word = Text::from(folded);
            }
        }
        self.words.sort();
        self.words.dedup();
    }

    /// What of it is out of bounds.
    pub(super) fn violation(&self) -> Option<Violation> {
        let fits = |word: &Text| !word.is_empty() && word.chars().count() <= MAX_WORD_CHARS;
        let holds = self.words.len() <= MAX_WORDS && self.words.iter().all(fits);
        (!holds).then(|| Violation {
            field: "language.words".into(),
            expected: format!("must be at most {MAX_WORDS}, each of 1 to {MAX_WORD_CHARS} characters"),
        })
    }
}

/// A text as words are looked for in it: compatible forms made one (NFKC, so full-width letters too), in lower case.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfkc().flat_map(char::to_lowercase).collect()
    }
}

/// The words of a list that a text has anywhere in it, in the list's order, the first [`MAX_HITS`] of them. Costs
/// one pass over the text per word; the list is bounded.
#[must_use]
pub fn hits(policy: &LanguagePolicy, text: &str) -> Vec<Text> {
    if policy.words.is_empty() {
        return Vec::new();
    }
    let text = fold(text);
    policy.words.iter().filter(|word| text.contains(&***word)).take(MAX_HITS).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> LanguagePolicy {
        let words = words.iter().map(|word| Text::from(*word)).collect();
        let mut policy = LanguagePolicy { words, action: LanguageAction::Warn };
        policy.normalise();
        policy
    }

    #[test]
    fn a_word_is_found_whatever_its_case_and_width_and_wherever_it_stands() {
        let policy = list(&["Idiot", "滚蛋", "ＳＨＵＴ up", "straße"]);
        for (text, expected) in [
            ("you IDIOT!", "idiot"),
            ("请你滚蛋吧", "滚蛋"),
            ("just shut UP now", "shut up"),
            ("ｉｄｉｏｔ", "idiot"),
            ("STRASSE is not, Straße is", "straße"),
        ] {
            assert_eq!(hits(&policy, text), [Text::from(expected)], "{text}");
        }
        assert!(hits(&policy, "good day, how may I help").is_empty());
    }

    #[test]
    fn the_first_eight_hits_are_told_and_a_text_without_a_list_has_none() {
        let words: Vec<_> = (0..20).map(|n| format!("w{n:02}")).collect();
        let policy = list(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let found = hits(&policy, &words.concat());
        assert_eq!(found.iter().map(|word| &**word).collect::<Vec<_>>(), words[..MAX_HITS]);
        assert!(hits(&LanguagePolicy::default(), "idiot").is_empty());
    }

    #[test]
    fn lists_of_the_same_words_are_the_same_list() {
        assert_eq!(list(&["B", "a", " b "]), list(&["a", "b"]));
        assert_eq!(list(&["a"]).violation(), None);
        let long = "x".repeat(MAX_WORD_CHARS + 1);
        for words in [&["  "][..], &[long.as_str()]] {
            assert!(list(words).violation().is_some(), "{words:?}");
        }
        let many: Vec<_> = (0..=MAX_WORDS).map(|n| n.to_string()).collect();
        assert!(list(&many.iter().map(String::as_str).collect::<Vec<_>>()).violation().is_some());
    }
}
