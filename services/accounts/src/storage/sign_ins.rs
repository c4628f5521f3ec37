//! Who is signed in: sessions, and the refresh tokens that continue them.

use fenliu_domain::ids::{AgentId, SessionId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::rows::{account, binding, refresh_token, session, shop};
use super::{Change, Fault, Store, Stored, members};
use crate::account::{Account, PasswordHash};
use crate::binding::Binding;
use crate::entrance::{Enterable, Session, TokenHash};

/// Most sessions of one account; the one not used for the longest time makes room.
pub(crate) const MAX_SESSIONS: usize = 20;
/// Most refresh tokens remembered of one session, the spent ones included. A spent one that is older is unknown rather
/// than stolen; both are refused.
const MAX_REMEMBERED: i64 = 256;

/// What a refresh token turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// None of this session.
    Unknown,
    /// The latest of the session; its number.
    Fresh(i64),
    /// One that was traded before.
    Spent,
}

impl Store {
    /// The account that signs in with this name, wherever its home is; deleted ones included.
    pub(crate) async fn account_named(&self, name: &LoginName) -> Result<Option<Account>, Fault> {
        let by_key = account::Column::LoginKey.eq(name.key());
        let row = account::Entity::find().filter(by_key).one(self.db.reader()).await?;
        row.map(|row| Ok(Stored::<Account>::try_from(row)?.value)).transpose()
    }

    /// The account with this id, wherever its home is; deleted ones included.
    pub(crate) async fn account_of(&self, agent: AgentId) -> Result<Option<Account>, Fault> {
        let row = account::Entity::find_by_id(agent.to_string()).one(self.db.reader()).await?;
        row.map(|row| Ok(Stored::<Account>::try_from(row)?.value)).transpose()
    }

    /// The shops an account may sign in to, those it was bound to first in front, at most `limit`.
    pub(crate) async fn enterable(&self, agent: AgentId, limit: u64) -> Result<Vec<Enterable>, Fault> {
        let rows = members::active()
            .filter(binding::Column::AgentId.eq(agent.to_string()))
            .order_by_asc(binding::Column::Number)
            .limit(limit)
            .all(self.db.reader())
            .await?;
        let ids: Vec<String> = rows.iter().map(|row| row.shop_id.clone()).collect();
        let shops =
            shop::Entity::find().filter(shop::Column::ShopId.is_in(ids)).all(self.db.reader()).await?;
        let now = self.clock.now();
        let mut enterable = Vec::with_capacity(rows.len());
        for row in rows {
            let named = shops.iter().find(|shop| shop.shop_id == row.shop_id);
            let display_name = named.map(|shop| shop.display_name.clone()).unwrap_or_default();
            let binding = Stored::<Binding>::try_from(row)?.value;
            if !binding.is_banned(now) {
                let (shop, roles) = (binding.shop, binding.terms.roles);
                enterable.push(Enterable { shop, display_name, roles });
            }
        }
        Ok(enterable)
    }

    /// Forgets sessions that expired before this moment, at most `limit`; says how many it forgot.
    pub(crate) async fn prune_sessions(&self, before: Timestamp, limit: u64) -> Result<u64, Fault> {
        let expired = session::Column::ExpireTime.lte(before.micros());
        let ids: Vec<String> = session::Entity::find()
            .select_only()
            .column(session::Column::SessionId)
            .filter(expired)
            .limit(limit)
            .into_tuple()
            .all(self.db.reader())
            .await?;
        let tokens = refresh_token::Column::SessionId.is_in(ids.clone());
        refresh_token::Entity::delete_many().filter(tokens).exec(self.db.writer()).await?;
        let sessions = session::Column::SessionId.is_in(ids);
        Ok(session::Entity::delete_many().filter(sessions).exec(self.db.writer()).await?.rows_affected)
    }
}

impl Change<'_> {
    /// Ends everything an account has signed in to: its sessions are over and its tokens are void.
    pub(crate) async fn end_sign_ins(&mut self, agent: AgentId) -> Result<(), Fault> {
        session::Entity::update_many()
            .col_expr(session::Column::EndTime, Expr::value(self.now().micros()))
            .filter(session::Column::AgentId.eq(agent.to_string()))
            .filter(session::Column::EndTime.is_null())
            .exec(self.txn())
            .await?;
        self.cut_off_account(agent).await
    }

    /// Ends what an account has signed in to in one shop. All of its access tokens are void, since they have one
    /// version; sessions in other shops go on, and trade their refresh tokens for new ones.
    pub(crate) async fn end_sign_ins_to(&mut self, shop: ShopId, agent: AgentId) -> Result<(), Fault> {
        session::Entity::update_many()
            .col_expr(session::Column::EndTime, Expr::value(self.now().micros()))
            .filter(session::Column::AgentId.eq(agent.to_string()))
            .filter(session::Column::ShopId.eq(shop.to_string()))
            .filter(session::Column::EndTime.is_null())
            .exec(self.txn())
            .await?;
        self.cut_off_account(agent).await
    }

    /// Replaces the password's hash by another one of the same password, of which no follower needs to hear; unless it
    /// is no longer the one that was hashed anew.
    pub(crate) async fn rehash(
        &mut self,
        agent: AgentId,
        outdated: &PasswordHash,
        hash: &PasswordHash,
    ) -> Result<(), Fault> {
        let rows = account::Entity::update_many()
            .col_expr(account::Column::PasswordHash, Expr::value(hash.text()))
            .filter(account::Column::AgentId.eq(agent.to_string()))
            .filter(account::Column::PasswordHash.eq(outdated.text()))
            .exec_with_returning(self.txn())
            .await?;
        let Some(row) = rows.into_iter().next() else { return Ok(()) };
        let home = Stored::<Account>::try_from(row)?.value.home;
        self.audit(Some(home), "agent.password_rehashed", agent, (None, None)).await
    }

    /// Stores a new session with its first refresh token, and forgets the oldest of the account's when there are too
    /// many, those that have ended first.
    pub(crate) async fn insert_session(&mut self, session: &Session, token: TokenHash) -> Result<(), Fault> {
        let of_agent = session::Column::AgentId.eq(session.agent.to_string());
        let mut rows = session::Entity::find().filter(of_agent).all(self.txn()).await?;
        rows.sort_by_key(|row| (row.end_time.is_none(), row.use_time));
        let many = (rows.len() + 1).saturating_sub(MAX_SESSIONS);
        for row in rows.into_iter().take(many) {
            let tokens = refresh_token::Column::SessionId.eq(row.session_id.clone());
            refresh_token::Entity::delete_many().filter(tokens).exec(self.txn()).await?;
            session::Entity::delete_by_id(row.session_id).exec(self.txn()).await?;
        }
        session::Entity::insert(session::row(session)).exec_without_returning(self.txn()).await?;
        self.insert_refresh_token(session.id, 1, token).await
    }

    /// The session, also one that has ended.
    pub(crate) async fn session(&self, id: SessionId) -> Result<Option<Session>, Fault> {
        let row = session::Entity::find_by_id(id.to_string()).one(self.txn()).await?;
        row.map(Session::try_from).transpose()
    }

    /// Stores what a session has become.
    pub(crate) async fn update_session(&mut self, session: &Session) -> Result<(), Fault> {
        session::Entity::update(session::row(session)).exec(self.txn()).await?;
        Ok(())
    }

    /// What a refresh token is to a session.
    pub(crate) async fn find_refresh_token(
        &self,
        session: SessionId,
        hash: TokenHash,
    ) -> Result<Found, Fault> {
        let row = refresh_token::Entity::find()
            .filter(refresh_token::Column::SessionId.eq(session.to_string()))
            .filter(refresh_token::Column::Hash.eq(hash.to_vec()))
            .one(self.txn())
            .await?;
        Ok(match row {
            None => Found::Unknown,
            Some(row) if row.spent => Found::Spent,
            Some(row) => Found::Fresh(row.number),
        })
    }

    /// Trades the session's refresh token of this number for the next one.
    pub(crate) async fn trade_refresh_token(
        &mut self,
        session: SessionId,
        number: i64,
        next: TokenHash,
    ) -> Result<(), Fault> {
        use refresh_token::{Column, Entity};

        let of_session = || Column::SessionId.eq(session.to_string());
        Entity::update_many()
            .col_expr(Column::Spent, Expr::value(true))
            .filter(of_session())
            .filter(Column::Number.eq(number))
            .exec(self.txn())
            .await?;
        let forgotten = Column::Number.lte(number + 1 - MAX_REMEMBERED);
        Entity::delete_many().filter(of_session()).filter(forgotten).exec(self.txn()).await?;
        self.insert_refresh_token(session, number + 1, next).await
    }

    /// The account's standing in a shop, if it works there.
    pub(crate) async fn standing(
        &self,
        shop: ShopId,
        agent: AgentId,
    ) -> Result<Option<crate::binding::Member>, Fault> {
        match self.tenant(shop).member(agent).await {
            Ok(member) => Ok(Some(member)),
            Err(Fault::Refused(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn insert_refresh_token(
        &mut self,
        session: SessionId,
        number: i64,
        hash: TokenHash,
    ) -> Result<(), Fault> {
        let row = refresh_token::ActiveModel {
            session_id: Set(session.to_string()),
            number: Set(number),
            hash: Set(hash.to_vec()),
            spent: Set(false),
        };
        refresh_token::Entity::insert(row).exec_without_returning(self.txn()).await?;
        Ok(())
    }
}
