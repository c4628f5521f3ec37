//! The use cases of shops, accounts, bindings and roles: what is decided when they are opened and changed.
//!
//! Each change is one call of [`Store::once`]. The answer is made inside, by the function the handler hands in,
//! since what is remembered for a repetition is the answer itself. Each change is written to the audit log in the
//! same transaction.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_runtime::ids::IdSource;

use crate::config::Limits;
use crate::conversations::Conversations;
use crate::storage::{Fault, Store};

mod accounts;
mod bindings;
mod record;
mod roles;
mod shops;

pub(crate) use self::accounts::{ChangedAccount, CreatedAccount, expect_power_over};
pub(crate) use self::bindings::{BindingCode, CODE_LIFE, ChangedBinding};
pub(crate) use self::roles::ChangedRole;
pub(crate) use self::shops::{ChangedShop, Opened};

/// Opens and changes shops, accounts, bindings and roles. Clones share everything.
#[derive(Clone)]
pub(crate) struct Registry {
    store: Store,
    ids: IdSource,
    limits: Limits,
    conversations: Conversations,
}

/// Something was done, and there is nothing more to say about it.
pub(crate) struct Done {
    pub(crate) request_id: String,
}

impl Registry {
    /// A registry on this store.
    pub(crate) const fn new(
        store: Store,
        ids: IdSource,
        limits: Limits,
        conversations: Conversations,
    ) -> Self {
        Self { store, ids, limits, conversations }
    }
}

/// An empty etag fits whatever is there.
///
/// # Errors
/// ETAG_MISMATCH.
pub(crate) fn expect_etag(current: &str, etag: &str) -> Result<(), Fault> {
    if etag.is_empty() || etag == current {
        return Ok(());
    }
    let advice = "it has changed since it was read; read it again and repeat the change with its new etag";
    Err(Problem::new(Reason::EtagMismatch, advice).with("etag", etag).into())
}
