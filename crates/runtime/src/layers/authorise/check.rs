//! Whether a caller may, by the rule of the RPC and by what the request says.

use std::sync::Arc;

use fenliu_domain::access::{Caller, Permission};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Reason};

use super::fields;
use crate::auth::{Field, Need, Rule};

/// One caller of one RPC.
pub(super) struct Check {
    rule: Arc<Rule>,
    caller: Caller,
}

impl Check {
    pub(super) const fn new(rule: Arc<Rule>, caller: Caller) -> Self {
        Self { rule, caller }
    }

    /// Whether what the request says makes a difference.
    pub(super) fn reads(&self) -> bool {
        self.rule.agent.is_some() || (self.rule.shop.is_some() && self.caller.shop.is_some())
    }

    /// What can be said before the request is read.
    ///
    /// # Errors
    /// PERMISSION_DENIED.
    pub(super) fn before_reading(&self) -> Result<(), Problem> {
        match self.rule.need {
            Need::Permission(needed) if self.rule.agent.is_none() => self.holds(needed),
            Need::Permission(_) | Need::SignedIn | Need::Anyone => Ok(()),
        }
    }

    /// Whether they may send this message. One that cannot be read passes: the codec, which comes next, refuses it.
    ///
    /// # Errors
    /// PERMISSION_DENIED or SHOP_NOT_FOUND.
    pub(super) fn message(&self, message: &[u8]) -> Result<(), Problem> {
        let number = |field: &Field| field.number;
        let shop = self.rule.shop.as_ref().map(number);
        let agent = self.rule.agent.as_ref().map(|(field, _)| number(field));
        let Some([shop, agent]) = fields::texts(message, [shop, agent]) else { return Ok(()) };
        self.acts_as(agent)?;
        self.acts_in(shop)
    }

    /// Whether they may act as this agent: as themselves by the RPC's permission, else by the one for others. The
    /// answer is the same whether or not there is such an agent.
    fn acts_as(&self, agent: &[u8]) -> Result<(), Problem> {
        let (Need::Permission(for_oneself), Some((_, for_others))) = (self.rule.need, &self.rule.agent)
        else {
            return Ok(());
        };
        let oneself = self.caller.agent().is_some_and(|own| own.to_string().as_bytes() == agent);
        self.holds(if oneself { for_oneself } else { *for_others })
    }

    /// Whether they may act in this shop. A text that is no shop's id passes, and so does none at all where there must
    /// be one: the codec refuses both and says what is wrong.
    fn acts_in(&self, shop: &[u8]) -> Result<(), Problem> {
        let Some(field) = self.rule.shop.as_ref().filter(|_| self.caller.shop.is_some()) else {
            return Ok(());
        };
        if shop.is_empty() && self.rule.shop_optional {
            return Err(self.not_of_the_platform(field));
        }
        let shop = std::str::from_utf8(shop).ok().and_then(|text| text.parse::<ShopId>().ok());
        let foreign = shop.filter(|shop| !self.caller.acts_in(*shop));
        foreign.map_or(Ok(()), |shop| Err(no_shop(shop)))
    }

    fn holds(&self, needed: Permission) -> Result<(), Problem> {
        if self.caller.permissions.holds(needed) {
            return Ok(());
        }
        let message = format!("this needs the permission {}, which the token does not have", needed.name());
        Err(Problem::new(Reason::PermissionDenied, message).with("permission", needed.name()))
    }

    fn not_of_the_platform(&self, field: &Field) -> Problem {
        let message = format!("only a token of the platform may leave {} empty; name your shop", field.name);
        let problem = Problem::new(Reason::PermissionDenied, message);
        match self.rule.need {
            Need::Permission(needed) => problem.with("permission", needed.name()),
            Need::SignedIn | Need::Anyone => problem,
        }
    }
}

/// The refusal of another's shop, in the very words for one that does not exist.
fn no_shop(shop: ShopId) -> Problem {
    Problem::new(Reason::ShopNotFound, format!("there is no shop {shop}")).with("shop_id", shop)
}
