//! Bindings by themselves, as duty and sanctions change them.

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::members::active;
use super::rows::binding::{Column, Entity};
use super::{Fault, Store, Stored, Tenant};
use crate::binding::Binding;

/// Most bindings asked for by one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535.
const BINDINGS_AT_ONCE: usize = 1_000;

impl<C: ConnectionTrait> Tenant<'_, C> {
    /// Everybody who works for the shop, disabled accounts included.
    pub(crate) async fn agents(&self) -> Result<Vec<AgentId>, Fault> {
        let ids: Vec<String> = Entity::find()
            .select_only()
            .column(Column::AgentId)
            .filter(Column::ShopId.eq(self.shop_id().to_string()))
            .filter(Column::Active.eq(true))
            .into_tuple()
            .all(self.connection())
            .await?;
        ids.iter().map(|id| agent_id(id)).collect()
    }

    /// The bindings of everybody who works for the shop.
    pub(crate) async fn all_bindings(&self) -> Result<Vec<Stored<Binding>>, Fault> {
        let of_shop = active().filter(Column::ShopId.eq(self.shop_id().to_string()));
        let rows = of_shop.order_by_asc(Column::Number).all(self.connection()).await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// The bindings of those of these agents who work for the shop.
    pub(crate) async fn bindings_among(&self, agents: &[AgentId]) -> Result<Vec<Stored<Binding>>, Fault> {
        let mut found = Vec::with_capacity(agents.len());
        for some in agents.chunks(BINDINGS_AT_ONCE) {
            let of_shop = active().filter(Column::ShopId.eq(self.shop_id().to_string()));
            let among = of_shop.filter(Column::AgentId.is_in(some.iter().map(ToString::to_string)));
            let rows = among.order_by_asc(Column::Number).all(self.connection()).await?;
            for row in rows {
                found.push(row.try_into()?);
            }
        }
        Ok(found)
    }
}

impl Store {
    /// How far ahead the duty is told of whoever's is told least far; `None` when nobody's is told.
    pub(crate) async fn first_duty_through(&self) -> Result<Option<Timestamp>, Fault> {
        self.earliest(Column::DutyThrough).await
    }

    /// Those whose duty is told less far than this, after this one in the order of their ids, at most `limit`.
    pub(crate) async fn told_too_little(
        &self,
        through: Timestamp,
        after: Option<(ShopId, AgentId)>,
        limit: u64,
    ) -> Result<Vec<(ShopId, AgentId)>, Fault> {
        let mut found = active().filter(Column::DutyThrough.lt(through.micros()));
        if let Some((shop, agent)) = after {
            let later = Column::ShopId.gt(shop.to_string());
            let same = Column::ShopId.eq(shop.to_string()).and(Column::AgentId.gt(agent.to_string()));
            found = found.filter(later.or(same));
        }
        let found = found.order_by_asc(Column::ShopId).order_by_asc(Column::AgentId).limit(limit);
        self.ids(found).await
    }

    /// When the next sanction ends that somebody works under; `None` when none will by itself.
    pub(crate) async fn first_sanction_end(&self) -> Result<Option<Timestamp>, Fault> {
        self.earliest(Column::SanctionEnd).await
    }

    /// Those whose sanction has ended by now, at most `limit`.
    pub(crate) async fn ended_sanctions(
        &self,
        now: Timestamp,
        limit: u64,
    ) -> Result<Vec<(ShopId, AgentId)>, Fault> {
        let ended = active().filter(Column::SanctionEnd.lte(now.micros()));
        self.ids(ended.order_by_asc(Column::SanctionEnd).limit(limit)).await
    }

    async fn earliest(&self, column: Column) -> Result<Option<Timestamp>, Fault> {
        let earliest: Option<Option<i64>> = Entity::find()
            .select_only()
            .column(column)
            .filter(Column::Active.eq(true))
            .filter(Expr::col(column).is_not_null())
            .order_by_asc(column)
            .limit(1)
            .into_tuple()
            .one(self.db.reader())
            .await?;
        Ok(earliest.flatten().map(Timestamp::from_micros_clamped))
    }

    async fn ids(&self, found: sea_orm::Select<Entity>) -> Result<Vec<(ShopId, AgentId)>, Fault> {
        let found = found.select_only().columns([Column::ShopId, Column::AgentId]);
        let ids: Vec<(String, String)> = found.into_tuple().all(self.db.reader()).await?;
        ids.iter().map(|(shop, agent)| Ok((shop_id(shop)?, agent_id(agent)?))).collect()
    }
}

fn agent_id(text: &str) -> Result<AgentId, Fault> {
    text.parse().map_err(|error| corrupt("agent_id", text, error))
}

fn shop_id(text: &str) -> Result<ShopId, Fault> {
    text.parse().map_err(|error| corrupt("shop_id", text, error))
}

fn corrupt(column: &'static str, row: &str, error: fenliu_domain::ids::MalformedId) -> Fault {
    Fault::Corrupt { table: "binding", column, row: row.to_owned(), why: error.to_string() }
}
