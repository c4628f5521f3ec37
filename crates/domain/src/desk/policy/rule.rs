//! Routing rules: which group a new conversation is for, by where it comes from and what is known of it.

use crate::desk::event::Text;
use crate::desk::language::fold;
use crate::problem::Violation;
use crate::time::Span;

use super::MAX_ARTIFICIAL_AGE;

/// Most rules of a shop.
pub const MAX_RULES: usize = 64;
/// Most values one condition lists.
pub const MAX_VALUES: usize = 16;
/// Longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 64;
/// Most tags, and most keywords, that are known of one conversation.
pub const MAX_TAGS: usize = 32;

/// What is known of a conversation that begins, beside its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Where the buyer comes from, such as `product_page`, `order_page` or `live_room`.
    pub entry_point: Option<Text>,
    /// How the order stands that it is about, such as `unpaid`, `shipped` or `refunding`.
    pub order_status: Option<Text>,
    /// The language the buyer speaks, such as `zh` or `en`.
    pub language: Option<Text>,
    /// What the channel knows of the buyer, such as `vip`.
    pub tags: Vec<Text>,
    /// The keywords of the shop's rules that were found in the first message.
    pub keywords: Vec<Text>,
}

/// Sends conversations that fit to a group. Of a shop's rules the first that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingRule {
    /// Fits when the entry point is one of these; none = any.
    pub entry_points: Vec<Text>,
    /// Fits when the order status is one of these; none = any.
    pub order_statuses: Vec<Text>,
    /// Fits when the language is one of these; none = any.
    pub languages: Vec<Text>,
    /// Fits when the buyer has one of these tags; none = any.
    pub tags: Vec<Text>,
    /// Fits when the first message has one of these words anywhere, whatever their case and width; none = any.
    pub keywords: Vec<Text>,
    /// The group conversations that fit are for.
    pub group: Text,
    /// Their priority band; lower goes first. `None` = what the caller said.
    pub priority: Option<u8>,
    /// How much longer than they have they count as waiting, when they have to queue.
    pub artificial_age: Span,
}

impl RoutingRule {
    /// Whether a conversation of this origin fits.
    #[must_use]
    pub fn fits(&self, origin: &Origin) -> bool {
        let one = |wanted: &[Text], known: &Option<Text>| {
            wanted.is_empty() || known.as_ref().is_some_and(|known| wanted.contains(known))
        };
        let any = |wanted: &[Text], known: &[Text]| {
            wanted.is_empty() || known.iter().any(|known| wanted.contains(known))
        };
        one(&self.entry_points, &origin.entry_point)
            && one(&self.order_statuses, &origin.order_status)
            && one(&self.languages, &origin.language)
            && any(&self.tags, &origin.tags)
            && any(&self.keywords, &origin.keywords)
    }

    fn conditions(&self) -> [&[Text]; 5] {
        [&self.entry_points, &self.order_statuses, &self.languages, &self.tags, &self.keywords]
    }

    /// Whether everything that fits a later rule fits this one too, so that the later one never counts.
    fn covers(&self, later: &Self) -> bool {
        self.conditions().iter().zip(later.conditions()).all(|(mine, theirs)| {
            mine.is_empty() || (!theirs.is_empty() && theirs.iter().all(|value| mine.contains(value)))
        })
    }

    fn is_sound(&self) -> bool {
        let fits = |value: &Text| !value.is_empty() && value.len() <= MAX_VALUE_BYTES;
        let sound = |values: &[Text]| values.len() <= MAX_VALUES && values.iter().all(fits);
        let age = self.artificial_age;
        self.conditions().iter().all(|values| sound(values))
            && fits(&self.group)
            && age >= Span::ZERO
            && age <= MAX_ARTIFICIAL_AGE
    }
}

/// What of a shop's rules is out of bounds, rule by rule.
pub(super) fn violations(rules: &[RoutingRule]) -> Vec<Violation> {
    let mut violations: Vec<_> = (0..)
        .zip(rules)
        .filter(|(_, rule)| !rule.is_sound())
        .map(|(place, _): (usize, _)| Violation {
            field: format!("routing_rules[{place}]"),
            expected: format!(
                "must name a group, list at most {MAX_VALUES} values of 1 to {MAX_VALUE_BYTES} bytes for each \
                 condition, and lift by 0 to 10 minutes"
            ),
        })
        .collect();
    if rules.len() > MAX_RULES {
        let expected = format!("must be at most {MAX_RULES}");
        violations.push(Violation { field: "routing_rules".into(), expected });
    }
    violations
}

/// The keywords of these rules that a text has anywhere in it, each once, at most [`MAX_TAGS`] of them. Costs one pass
/// over the text per keyword.
#[must_use]
pub fn keywords_in(rules: &[RoutingRule], text: &str) -> Vec<Text> {
    let mut keywords: Vec<&Text> = rules.iter().flat_map(|rule| &rule.keywords).collect();
    if keywords.is_empty() {
        return Vec::new();
    }
    keywords.sort_unstable();
    keywords.dedup();
    let text = fold(text);
    keywords.into_iter().filter(|word| text.contains(&fold(word))).take(MAX_TAGS).cloned().collect()
}

/// Places, from 0, of rules that never count because an earlier one fits whatever fits them, with that one's place.
#[must_use]
pub fn unreachable(rules: &[RoutingRule]) -> Vec<(usize, usize)> {
    let covered = |place: usize| (0..place).find(|earlier| rules[*earlier].covers(&rules[place]));
    (0..rules.len()).filter_map(|place| covered(place).map(|by| (place, by))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<Text> {
        values.iter().map(|value| Text::from(*value)).collect()
    }

    fn rule(tags: &[&str], languages: &[&str]) -> RoutingRule {
        RoutingRule {
            tags: texts(tags),
            languages: texts(languages),
            group: "g".into(),
            ..RoutingRule::default()
        }
    }

    #[test]
    fn a_rule_fits_when_every_condition_has_a_value_that_is_known() {
        let origin =
            Origin { tags: texts(&["vip", "new"]), language: Some("en".into()), ..Origin::default() };
        for (tags, languages, fits) in [
            (&[][..], &[][..], true),
            (&["vip"], &[], true),
            (&["vip", "other"], &["en", "zh"], true),
            (&["other"], &["en"], false),
            (&["vip"], &["zh"], false),
        ] {
            assert_eq!(rule(tags, languages).fits(&origin), fits, "{tags:?} {languages:?}");
        }
        assert!(!rule(&["vip"], &[]).fits(&Origin::default()), "nothing known fits no condition");
    }

    #[test]
    fn keywords_are_found_whatever_their_case_and_width() {
        let rules = [
            RoutingRule { keywords: texts(&["Refund", "退款"]), ..rule(&[], &[]) },
            RoutingRule { keywords: texts(&["退款", "broken"]), ..rule(&[], &[]) },
        ];
        assert_eq!(keywords_in(&rules, "我要退款，ＲＥＦＵＮＤ please"), texts(&["Refund", "退款"]));
        assert!(keywords_in(&rules, "hello").is_empty());
    }

    #[test]
    fn a_rule_behind_one_that_fits_all_it_fits_is_unreachable() {
        let rules = [
            rule(&["vip", "svip"], &[]),
            rule(&["vip"], &["en"]),
            rule(&["new", "vip"], &[]),
            rule(&[], &[]),
            rule(&["old"], &["zh"]),
        ];
        assert_eq!(unreachable(&rules), [(1, 0), (4, 3)]);
    }
}
