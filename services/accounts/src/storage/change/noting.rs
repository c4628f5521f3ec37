//! Appends to the audit log: each entry in the log of the shop that it concerns, with what that shop may know.

use fenliu_domain::ids::ShopId;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::EntityTrait;
use serde_json::Value;

use super::{Actor, Change};
use crate::account::Account;
use crate::storage::Fault;
use crate::storage::rows::audit_entry;

/// What a shop's log says instead of the name of another shop's people.
const ELSEWHERE: &str = "elsewhere";

/// What something was before a change and is after it, without secrets; `None` where there is nothing.
type Noted = (Option<Value>, Option<Value>);

impl Change<'_> {
    /// Appends to the log of a shop, or to that of the platform.
    pub(crate) async fn audit(
        &self,
        shop: Option<ShopId>,
        action: &'static str,
        target: impl ToString,
        (before, after): Noted,
    ) -> Result<(), Fault> {
        let text = |value: Option<Value>| value.map(|value| value.to_string()).unwrap_or_default();
        let target = target.to_string();
        let (actor, request_id) = self.actor.seen_from(shop, &target);
        let row = audit_entry::ActiveModel {
            number: NotSet,
            time: Set(self.now.micros()),
            shop_id: Set(shop.map(|shop| shop.to_string()).unwrap_or_default()),
            actor: Set(actor),
            action: Set(action.to_owned()),
            target: Set(target),
            before: Set(text(before)),
            after: Set(text(after)),
            request_id: Set(request_id),
        };
        audit_entry::Entity::insert(row).exec_without_returning(self.txn).await?;
        Ok(())
    }

    /// Appends to the logs of all shops that an account works for away from its home: what is done to it there shows
    /// in them, too. None of them learns of another.
    pub(crate) async fn audit_abroad(
        &self,
        account: &Account,
        action: &'static str,
        noted: Noted,
    ) -> Result<(), Fault> {
        for bound in self.bindings_of(account.id).await? {
            let shop = bound.value.shop;
            if bound.value.active && shop != account.home {
                self.audit(Some(shop), action, account.id, noted.clone()).await?;
            }
        }
        Ok(())
    }
}

impl Actor {
    /// Their name and their request's id, as far as a shop may know: people of another shop stay unnamed, unless it is
    /// the very account that the entry is about.
    fn seen_from(&self, shop: Option<ShopId>, target: &str) -> (String, String) {
        let foreign = self.caller.as_ref().filter(|caller| shop.is_some_and(|shop| !caller.acts_in(shop)));
        match foreign {
            Some(caller) if caller.subject.to_string() != target => (ELSEWHERE.to_owned(), String::new()),
            Some(_) | None => (self.name(), self.request_id.clone()),
        }
    }
}
