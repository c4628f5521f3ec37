//! Reads a shop's rosters and exceptions.

use fenliu_domain::ids::{AgentId, ExceptionId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::roster::Exception;
use fenliu_domain::time::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::rows::{listed, roster_draft, roster_exception, roster_version};
use super::{Fault, Stored, Tenant};
use crate::planning::{Draft, Edition, Filed, MAX_EXCEPTIONS, MAX_EXCEPTIONS_AHEAD, MAX_REIGNS, Published};

/// Which of a shop's exceptions a list shows; `None` = all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ExceptionFilter {
    pub(crate) agent: Option<AgentId>,
    /// The word of a state.
    pub(crate) state: Option<&'static str>,
}

impl<C: ConnectionTrait> Tenant<'_, C> {
    /// The draft, if there is one.
    pub(crate) async fn draft(&self) -> Result<Option<Stored<Draft>>, Fault> {
        let row = roster_draft::Entity::find_by_id(self.shop_id().to_string()).one(self.connection()).await?;
        row.map(Stored::try_from).transpose()
    }

    /// The roster published last, if there is one.
    pub(crate) async fn roster_in_force(&self) -> Result<Option<Published>, Fault> {
        let latest = self.rosters().order_by_desc(roster_version::Column::Version);
        latest.one(self.connection()).await?.map(Published::try_from).transpose()
    }

    /// The roster of this number, if there is one.
    pub(crate) async fn roster(&self, version: i64) -> Result<Option<Published>, Fault> {
        let row = self.rosters().filter(roster_version::Column::Version.eq(version));
        row.one(self.connection()).await?.map(Published::try_from).transpose()
    }

    /// The number of the next roster that is published.
    pub(crate) async fn next_roster_version(&self) -> Result<i64, Fault> {
        Ok(self.editions_before(0, 1).await?.first().map_or(1, |edition| edition.version + 1))
    }

    /// What is known of the rosters before this number (0 = the latest), newest first, at most `limit`.
    pub(crate) async fn editions_before(&self, version: i64, limit: u64) -> Result<Vec<Edition>, Fault> {
        let mut rosters = self.rosters();
        if version > 0 {
            rosters = rosters.filter(roster_version::Column::Version.lt(version));
        }
        let heads: Vec<roster_version::Head> = rosters
            .select_only()
            .columns(roster_version::HEAD)
            .order_by_desc(roster_version::Column::Version)
            .limit(limit)
            .into_tuple()
            .all(self.connection())
            .await?;
        heads.into_iter().map(roster_version::edition).collect()
    }

    /// The rosters that were in force in this stretch, oldest first.
    ///
    /// # Errors
    /// INVALID_REQUEST when they are more than [`MAX_REIGNS`].
    pub(crate) async fn reigns(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Published>, Fault> {
        use roster_version::Column;

        let before = self.rosters().filter(Column::PublishTime.lte(from.micros()));
        let first = before.order_by_desc(Column::Version).one(self.connection()).await?;
        let during = self
            .rosters()
            .filter(Column::PublishTime.gt(from.micros()))
            .filter(Column::PublishTime.lt(to.micros()))
            .order_by_asc(Column::Version)
            .limit(MAX_REIGNS)
            .all(self.connection())
            .await?;
        if during.len() >= usize::try_from(MAX_REIGNS).unwrap_or(usize::MAX) {
            let expected =
                format!("must be so near to the start that fewer than {MAX_REIGNS} rosters lie between");
            return Err(Problem::field("end_time", expected).into());
        }
        first.into_iter().chain(during).map(Published::try_from).collect()
    }

    /// The exceptions that are active and touch this stretch, in the order in which they were entered.
    ///
    /// # Errors
    /// INVALID_REQUEST when they are more than [`MAX_EXCEPTIONS`].
    pub(crate) async fn exceptions_in_force(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Exception>, Fault> {
        use roster_exception::Column;

        let rows = self
            .exceptions()
            .filter(Column::State.eq("active"))
            .filter(Column::LastTime.gt(from.micros()))
            .filter(Column::FirstTime.lt(to.micros()))
            .order_by_asc(Column::Number)
            .limit(MAX_EXCEPTIONS + 1)
            .all(self.connection())
            .await?;
        if rows.len() > usize::try_from(MAX_EXCEPTIONS).unwrap_or(usize::MAX) {
            let expected =
                format!("must be so near to the start that at most {MAX_EXCEPTIONS} exceptions lie between");
            return Err(Problem::field("end_time", expected).into());
        }
        bare(rows)
    }

    /// The exceptions that lie ahead, requested or in force, at most as many as there may be.
    pub(crate) async fn exceptions_ahead(&self, now: Timestamp) -> Result<Vec<Exception>, Fault> {
        use roster_exception::Column;

        let rows = self
            .exceptions()
            .filter(Column::State.is_in(["requested", "active"]))
            .filter(Column::LastTime.gt(now.micros()))
            .order_by_asc(Column::Number)
            .limit(MAX_EXCEPTIONS_AHEAD)
            .all(self.connection())
            .await?;
        bare(rows)
    }

    /// One of its exceptions.
    ///
    /// # Errors
    /// EXCEPTION_NOT_FOUND.
    pub(crate) async fn exception(&self, id: ExceptionId) -> Result<Stored<Filed>, Fault> {
        let by_id = roster_exception::Column::ExceptionId.eq(id.to_string());
        let row = self.exceptions().filter(by_id).one(self.connection()).await?;
        let missing = || {
            let words = format!("there is no exception {id} in shop {}", self.shop_id());
            Problem::new(Reason::ExceptionNotFound, words).with("exception_id", id)
        };
        row.ok_or_else(missing)?.try_into()
    }

    /// The exceptions entered before the one with this number (0 = the latest), newest first, at most `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn exceptions_before(
        &self,
        filter: ExceptionFilter,
        number: i64,
        limit: u64,
    ) -> Result<Vec<Stored<Filed>>, Fault> {
        use roster_exception::Column;

        self.shop().await?;
        let mut exceptions = self.exceptions();
        if number > 0 {
            exceptions = exceptions.filter(Column::Number.lt(number));
        }
        if let Some(agent) = filter.agent {
            let named = self.position(Column::AgentIds, &listed(&agent.to_string())).gt(0);
            exceptions = exceptions.filter(named);
        }
        if let Some(state) = filter.state {
            exceptions = exceptions.filter(Column::State.eq(state));
        }
        let rows = exceptions.order_by_desc(Column::Number).limit(limit).all(self.connection()).await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    fn rosters(&self) -> Select<roster_version::Entity> {
        roster_version::Entity::find().filter(roster_version::Column::ShopId.eq(self.shop_id().to_string()))
    }

    fn exceptions(&self) -> Select<roster_exception::Entity> {
        let of_shop = roster_exception::Column::ShopId.eq(self.shop_id().to_string());
        roster_exception::Entity::find().filter(of_shop)
    }
}

fn bare(rows: Vec<roster_exception::Model>) -> Result<Vec<Exception>, Fault> {
    rows.into_iter().map(|row| Ok(Stored::<Filed>::try_from(row)?.value.exception)).collect()
}
