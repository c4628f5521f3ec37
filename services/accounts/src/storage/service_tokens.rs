//! Tokens of programs, without the tokens themselves.

use fenliu_domain::ids::{ServiceId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::rows::service_token::{self, Column, Entity, shop_column};
use super::{Change, Fault, Store, Stored};
use crate::entrance::ServiceToken;

/// How long a token is still listed that has expired.
const LISTED_AFTERWARDS: Span = Span::from_hours(30 * 24);

impl Store {
    /// Tokens of a shop, or those of the platform, issued after the one with this number, oldest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn service_tokens_after(
        &self,
        shop: Option<ShopId>,
        number: i64,
        limit: u64,
    ) -> Result<Vec<Stored<ServiceToken>>, Fault> {
        if let Some(shop) = shop {
            self.tenant(shop).shop().await?;
        }
        let later = of(shop).filter(Column::Number.gt(number));
        let rows = later.order_by_asc(Column::Number).limit(limit).all(self.db.reader()).await?;
        rows.into_iter().map(Stored::try_from).collect()
    }

    /// The token with this id.
    ///
    /// # Errors
    /// SERVICE_TOKEN_NOT_FOUND.
    pub(crate) async fn service_token(
        &self,
        shop: Option<ShopId>,
        id: ServiceId,
    ) -> Result<Stored<ServiceToken>, Fault> {
        find(self.db.reader(), shop, id).await
    }

    /// A token of the platform with this name that is valid now, the latest one.
    pub(crate) async fn service_token_named(
        &self,
        name: &str,
    ) -> Result<Option<Stored<ServiceToken>>, Fault> {
        let named = valid(None, self.now()).filter(Column::DisplayName.eq(name));
        let row = named.order_by_desc(Column::Number).one(self.db.reader()).await?;
        row.map(Stored::try_from).transpose()
    }

    /// Forgets tokens that expired long before this moment, at most `limit`; says how many it forgot.
    pub(crate) async fn prune_service_tokens(&self, now: Timestamp, limit: u64) -> Result<u64, Fault> {
        let oldest = Query::select()
            .column(Column::ServiceId)
            .from(Entity)
            .and_where(Expr::col(Column::ExpireTime).lt((now - LISTED_AFTERWARDS).micros()))
            .limit(limit)
            .to_owned();
        let pruned = Entity::delete_many().filter(Expr::col(Column::ServiceId).in_subquery(oldest));
        Ok(pruned.exec(self.db.writer()).await?.rows_affected)
    }
}

impl Change<'_> {
    /// How many tokens of a shop, or of the platform, are valid now.
    pub(crate) async fn count_service_tokens(&self, shop: Option<ShopId>) -> Result<u64, Fault> {
        Ok(valid(shop, self.now()).count(self.txn()).await?)
    }

    /// Stores a new token.
    pub(crate) async fn insert_service_token(
        &mut self,
        value: ServiceToken,
    ) -> Result<Stored<ServiceToken>, Fault> {
        let stored = self.first_version_of(value).await?;
        Entity::insert(service_token::row(&stored)).exec_without_returning(self.txn()).await?;
        Ok(stored)
    }

    /// The token with this id.
    ///
    /// # Errors
    /// SERVICE_TOKEN_NOT_FOUND.
    pub(crate) async fn service_token(
        &self,
        shop: Option<ShopId>,
        id: ServiceId,
    ) -> Result<Stored<ServiceToken>, Fault> {
        find(self.txn(), shop, id).await
    }

    /// Stores what a token has become.
    pub(crate) async fn update_service_token(&mut self, token: &Stored<ServiceToken>) -> Result<(), Fault> {
        Entity::update(service_token::row(token)).exec(self.txn()).await?;
        Ok(())
    }
}

/// The tokens of a shop, or of the platform, that are valid at this moment.
fn valid(shop: Option<ShopId>, now: Timestamp) -> Select<Entity> {
    of(shop).filter(Column::RevokeTime.is_null()).filter(Column::ExpireTime.gt(now.micros()))
}

/// Every token of a shop, or of the platform.
fn of(shop: Option<ShopId>) -> Select<Entity> {
    Entity::find().filter(Column::ShopId.eq(shop_column(shop)))
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    shop: Option<ShopId>,
    id: ServiceId,
) -> Result<Stored<ServiceToken>, Fault> {
    let row = of(shop).filter(Column::ServiceId.eq(id.to_string())).one(connection).await?;
    let Some(row) = row else {
        let problem =
            Problem::new(Reason::ServiceTokenNotFound, format!("there is no service token {id} here"));
        return Err(problem.with("service_id", id).into());
    };
    row.try_into()
}
