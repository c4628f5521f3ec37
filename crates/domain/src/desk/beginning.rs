//! How a conversation begins: which rule fits, for which group it is, in which band, and with how much age.

use super::agent::DEFAULT_GROUP;
use super::command::BuyerMessage;
use super::event::Text;
use super::policy::rule::{Origin, RoutingRule};
use super::queue::USUAL_PRIORITY;
use super::{ClosedConversation, Desk};
use crate::time::Span;

/// What a message that begins a conversation, or takes one up again, makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    /// The group it is for.
    pub(super) group: Text,
    /// Its priority band.
    pub(super) priority: u8,
    /// The place of the shop's rule that fits, from 0; `None` = none does, or the group was known without one.
    pub(super) rule: Option<usize>,
    /// How much longer than it has it counts as waiting.
    pub(super) artificial_age: Span,
}

impl Desk {
    /// A group that the caller names, or that it had before, is taken as it is; else the first rule that fits says. A
    /// band that the caller names is taken as it is, too.
    pub(super) fn beginning(&self, message: &BuyerMessage, closed: Option<&ClosedConversation>) -> Beginning {
        let asked = message.group.clone().or_else(|| closed.map(|closed| closed.group.clone()));
        let place = if asked.is_some() { None } else { self.rule_for(message.origin.as_deref()) };
        let rule: Option<&RoutingRule> = place.map(|place| &self.policy.routing_rules[place]);
        let lifted = rule.and_then(|rule| rule.priority).or_else(|| closed.map(|closed| closed.priority));
        let named = message.priority != USUAL_PRIORITY;
        Beginning {
            group: asked.or(rule.map(|rule| rule.group.clone())).unwrap_or_else(|| DEFAULT_GROUP.into()),
            priority: lifted.filter(|_| !named).unwrap_or(message.priority),
            rule: place,
            artificial_age: rule.map_or(Span::ZERO, |rule| rule.artificial_age),
        }
    }

    fn rule_for(&self, origin: Option<&Origin>) -> Option<usize> {
        let unknown = Origin::default();
        let origin = origin.unwrap_or(&unknown);
        self.policy.routing_rules.iter().position(|rule| rule.fits(origin))
    }
}
