//! Remembers answers, so that a repeated request has one effect and its first answer.
//!
//! What is remembered is written in the same transaction as the effect. It is forgotten after a day, a bounded
//! number with each new one, so the table never outgrows the requests of one day.

use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter};

use super::Fault;
use super::rows::request_memory::{ActiveModel, Column, Entity};
use crate::call::Call;

/// How long an answer is remembered.
pub(super) const MEMORY: Span = Span::from_hours(24);
/// Most answers forgotten along with one new one; more than one, so that a backlog shrinks.
pub(super) const PRUNED_AT_ONCE: u64 = 16;

/// Ends the transaction with the first answer when `call` is a repetition.
///
/// # Errors
/// [`Fault::Repeated`] with the answer; REQUEST_ID_REUSED when the body is another one.
pub(super) async fn recall(txn: &DatabaseTransaction, call: &Call, now: Timestamp) -> Result<(), Fault> {
    let key = (caller_of(call), call.request_id.clone());
    let Some(row) = Entity::find_by_id(key.clone()).one(txn).await? else { return Ok(()) };
    if is_forgotten(row.time, now) {
        Entity::delete_by_id(key).exec(txn).await?;
        return Ok(());
    }
    if row.body_hash == call.body_hash { Err(Fault::Repeated(row.answer)) } else { Err(reused(call)) }
}

/// Remembers the answer to `call`.
pub(super) async fn remember(
    txn: &DatabaseTransaction,
    call: &Call,
    answer: Vec<u8>,
    now: Timestamp,
) -> Result<(), Fault> {
    let row = ActiveModel {
        caller: Set(caller_of(call)),
        request_id: Set(call.request_id.clone()),
        rpc: Set(call.rpc.to_owned()),
        body_hash: Set(call.body_hash.to_vec()),
        answer: Set(answer),
        time: Set(now.micros()),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Forgets the oldest answers of more than a day ago, at most [`PRUNED_AT_ONCE`].
pub(super) async fn prune(txn: &DatabaseTransaction, now: Timestamp) -> Result<(), Fault> {
    let oldest = Query::select()
        .columns([Column::Caller, Column::RequestId])
        .from(Entity)
        .and_where(Expr::col(Column::Time).lt((now - MEMORY).micros()))
        .order_by(Column::Time, sea_orm::Order::Asc)
        .limit(PRUNED_AT_ONCE)
        .to_owned();
    let key = Expr::tuple([Expr::col(Column::Caller), Expr::col(Column::RequestId)]);
    Entity::delete_many().filter(key.in_subquery(oldest)).exec(txn).await?;
    Ok(())
}

/// Who calls, and in which shop. Somebody who works for two shops calls as somebody else in each, so that an id used in
/// one says nothing in the other.
fn caller_of(call: &Call) -> String {
    let subject = call.caller.subject;
    call.caller.shop.map_or_else(|| subject.to_string(), |shop| format!("{subject} in {shop}"))
}

/// The stored bytes of an answer do not read.
pub(super) fn unreadable(error: &prost::DecodeError) -> Fault {
    Fault::Corrupt {
        table: "request_memory",
        column: "answer",
        row: "(of this request)".into(),
        why: error.to_string(),
    }
}

fn is_forgotten(time: i64, now: Timestamp) -> bool {
    now.since(Timestamp::from_micros_clamped(time)) > MEMORY
}

fn reused(call: &Call) -> Fault {
    let advice = "this request id came with another body before; give a new request a new id";
    Problem::new(Reason::RequestIdReused, advice).with("request_id", &call.request_id).into()
}
