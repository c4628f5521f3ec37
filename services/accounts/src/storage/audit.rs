//! Reads the audit log.

use fenliu_domain::ids::ShopId;
use fenliu_domain::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::rows::audit_entry::{Column, Entity, Model};
use super::{Fault, Store};

/// One change, as it was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditEntry {
    pub(crate) number: i64,
    pub(crate) time: Timestamp,
    pub(crate) shop: String,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) request_id: String,
}

/// Which entries a list shows; empty = all.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditFilter {
    pub(crate) target: String,
    pub(crate) actor: String,
}

impl Store {
    /// The entries of a shop, or those of the platform, before the one with this number (0 = the newest), newest
    /// first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn audit_before(
        &self,
        shop: Option<ShopId>,
        filter: &AuditFilter,
        number: i64,
        limit: u64,
    ) -> Result<Vec<AuditEntry>, Fault> {
        if let Some(shop) = shop {
            self.tenant(shop).shop().await?;
        }
        let shop = shop.map(|shop| shop.to_string()).unwrap_or_default();
        let mut entries = Entity::find().filter(Column::ShopId.eq(shop));
        if number > 0 {
            entries = entries.filter(Column::Number.lt(number));
        }
        for (column, wanted) in [(Column::Target, &filter.target), (Column::Actor, &filter.actor)] {
            if !wanted.is_empty() {
                entries = entries.filter(column.eq(wanted.as_str()));
            }
        }
        let rows = entries.order_by_desc(Column::Number).limit(limit).all(self.db.reader()).await?;
        Ok(rows.into_iter().map(entry).collect())
    }
}

fn entry(row: Model) -> AuditEntry {
    AuditEntry {
        number: row.number,
        time: Timestamp::from_micros_clamped(row.time),
        shop: row.shop_id,
        actor: row.actor,
        action: row.action,
        target: row.target,
        before: row.before,
        after: row.after,
        request_id: row.request_id,
    }
}
