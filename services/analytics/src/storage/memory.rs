//! Remembers answers, so that a repeated request has one effect and its first answer.
//!
//! What is remembered is written in the same transaction as the effect. It is forgotten after a day, a bounded number with
//! each new one, so the table never outgrows the requests of one day.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter};

use super::Fault;
use super::rows::request_memory::{ActiveModel, Column, Entity};
use crate::call::Call;

/// How long an answer is remembered.
const MEMORY: Span = Span::from_hours(24);
/// Most answers forgotten along with one new one; more than one, so that a backlog shrinks.
const FORGOTTEN_AT_ONCE: u64 = 16;

/// The first answer to `call`; `None` when it comes for the first time.
///
/// # Errors
/// REQUEST_ID_REUSED when the body is another one.
pub(super) async fn recall(
    txn: &DatabaseTransaction,
    call: &Call,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, Fault> {
    let key = (call.caller.clone(), call.request_id.clone());
    let Some(row) = Entity::find_by_id(key.clone()).one(txn).await? else { return Ok(None) };
    if now.since(Timestamp::from_micros_clamped(row.time)) > MEMORY {
        Entity::delete_by_id(key).exec(txn).await?;
        return Ok(None);
    }
    if row.body_hash == call.body_hash {
        return Ok(Some(row.answer));
    }
    let advice = "this request id came with another body before; give a new request a new id";
    Err(Problem::new(Reason::RequestIdReused, advice).with("request_id", &call.request_id).into())
}

/// Remembers the answer to `call`, and forgets some of those of more than a day ago.
pub(super) async fn remember(
    txn: &DatabaseTransaction,
    call: Call,
    answer: Vec<u8>,
    now: Timestamp,
) -> Result<(), Fault> {
    let row = ActiveModel {
        caller: Set(call.caller),
        request_id: Set(call.request_id),
        rpc: Set(call.rpc.to_owned()),
        body_hash: Set(call.body_hash.to_vec()),
        answer: Set(answer),
        time: Set(now.micros()),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    let oldest = Query::select()
        .columns([Column::Caller, Column::RequestId])
        .from(Entity)
        .and_where(Expr::col(Column::Time).lt((now - MEMORY).micros()))
        .order_by(Column::Time, sea_orm::Order::Asc)
        .limit(FORGOTTEN_AT_ONCE)
        .to_owned();
    let key = Expr::tuple([Expr::col(Column::Caller), Expr::col(Column::RequestId)]);
    Entity::delete_many().filter(key.in_subquery(oldest)).exec(txn).await?;
    Ok(())
}
