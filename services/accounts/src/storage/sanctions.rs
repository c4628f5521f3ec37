//! Reads a shop's sanctions and its ladder.

use fenliu_domain::ids::{AgentId, SanctionId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::rows::sanction::{Column, Entity};
use super::rows::sanction_ladder;
use super::{Fault, Stored, Tenant};
use crate::discipline::{Ladder, Sanction};

/// Which of a shop's sanctions a list shows; `None` = all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SanctionFilter {
    pub(crate) agent: Option<AgentId>,
    /// Only those in force at this moment.
    pub(crate) in_force: Option<Timestamp>,
}

impl<C: ConnectionTrait> Tenant<'_, C> {
    /// One of its sanctions.
    ///
    /// # Errors
    /// SANCTION_NOT_FOUND.
    pub(crate) async fn sanction(&self, id: SanctionId) -> Result<Stored<Sanction>, Fault> {
        let by_id = Column::SanctionId.eq(id.to_string());
        let row = self.sanctions().filter(by_id).one(self.connection()).await?;
        let missing = || {
            let words = format!("there is no sanction {id} in shop {}", self.shop_id());
            Problem::new(Reason::SanctionNotFound, words).with("sanction_id", id)
        };
        row.ok_or_else(missing)?.try_into()
    }

    /// The strictest sanction that runs now: a ban before a mute, and of one kind the one that ends last.
    pub(crate) async fn strictest_sanction(
        &self,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<Sanction>, Fault> {
        // The words of the kinds sort as they should: a ban before a mute.
        let strictest = running(self.of_agent(agent), now)
            .order_by_asc(Column::Kind)
            .order_by_desc(Column::EndTime)
            .one(self.connection())
            .await?;
        strictest.map(|row| Ok(Stored::<Sanction>::try_from(row)?.value)).transpose()
    }

    /// The latest sanctions that somebody was given at this time or later, at most `limit`.
    pub(crate) async fn sanctions_since(
        &self,
        agent: AgentId,
        time: Timestamp,
        limit: u64,
    ) -> Result<Vec<Sanction>, Fault> {
        let since = self.of_agent(agent).filter(Column::StartTime.gte(time.micros()));
        let rows = since.order_by_desc(Column::Number).limit(limit).all(self.connection()).await?;
        rows.into_iter().map(|row| Ok(Stored::<Sanction>::try_from(row)?.value)).collect()
    }

    /// The sanctions given before the one with this number (0 = the latest), newest first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn sanctions_before(
        &self,
        filter: SanctionFilter,
        number: i64,
        limit: u64,
    ) -> Result<Vec<Stored<Sanction>>, Fault> {
        self.shop().await?;
        let mut sanctions = match filter.agent {
            Some(agent) => self.of_agent(agent),
            None => self.sanctions(),
        };
        if let Some(now) = filter.in_force {
            sanctions = running(sanctions, now);
        }
        if number > 0 {
            sanctions = sanctions.filter(Column::Number.lt(number));
        }
        let rows = sanctions.order_by_desc(Column::Number).limit(limit).all(self.connection()).await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// The shop's ladder, or the usual one at version 0.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn ladder(&self) -> Result<Stored<Ladder>, Fault> {
        self.shop().await?;
        let id = self.shop_id().to_string();
        match sanction_ladder::Entity::find_by_id(id).one(self.connection()).await? {
            Some(row) => row.try_into(),
            None => Ok(Stored { value: Ladder::default(), number: 0, version: 0 }),
        }
    }

    fn sanctions(&self) -> Select<Entity> {
        Entity::find().filter(Column::ShopId.eq(self.shop_id().to_string()))
    }

    fn of_agent(&self, agent: AgentId) -> Select<Entity> {
        self.sanctions().filter(Column::AgentId.eq(agent.to_string()))
    }
}

fn running(sanctions: Select<Entity>, now: Timestamp) -> Select<Entity> {
    sanctions.filter(Column::LiftTime.is_null()).filter(Column::EndTime.gt(now.micros()))
}
