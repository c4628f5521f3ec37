//! Bindings together with the accounts that are bound.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Select};

use super::rows::{account, binding};
use super::{Fault, Stored};
use crate::account::Account;
use crate::binding::{Binding, Member};

/// Most accounts asked for by one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535.
const ACCOUNTS_AT_ONCE: usize = 1_000;

/// Bindings that have not ended.
pub(super) fn active() -> Select<binding::Entity> {
    binding::Entity::find().filter(binding::Column::Active.eq(true))
}

/// These bindings with their accounts, in the same order.
pub(super) async fn members<C: ConnectionTrait>(
    connection: &C,
    rows: Vec<binding::Model>,
) -> Result<Vec<Member>, Fault> {
    let mut accounts: HashMap<String, Account> = HashMap::new();
    for some in rows.chunks(ACCOUNTS_AT_ONCE) {
        let ids = some.iter().map(|row| row.agent_id.clone());
        let found =
            account::Entity::find().filter(account::Column::AgentId.is_in(ids)).all(connection).await?;
        for row in found {
            accounts.insert(row.agent_id.clone(), Stored::<Account>::try_from(row)?.value);
        }
    }
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        let account = accounts.get(&row.agent_id).cloned();
        let row_id = row.agent_id.clone();
        let account = account.ok_or_else(|| Fault::Corrupt {
            table: "binding",
            column: "agent_id",
            row: row_id,
            why: "names no account".into(),
        })?;
        members.push(Member { binding: Stored::<Binding>::try_from(row)?, account });
    }
    Ok(members)
}
