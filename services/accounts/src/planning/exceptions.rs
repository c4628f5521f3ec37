//! Leave, swaps and extra duty: who asks, who has to agree, who takes back.

use fenliu_domain::access::Subject;
use fenliu_domain::ids::{ExceptionId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::roster::{Exception, Party, Refusal, Status};
use fenliu_domain::time::Timestamp;
use prost::Message;

use super::telling::retell_some;
use super::{Filed, MAX_EXCEPTIONS_AHEAD, Planning, agents_of, record};
use crate::call::Call;
use crate::shop::Shop;
use crate::storage::{Change, Fault, Stored};

/// What somebody asks for.
pub(crate) struct NewException {
    pub(crate) exception: Exception,
    pub(crate) by: Party,
    pub(crate) reason: String,
}

/// An exception after it was entered, answered or taken back.
pub(crate) struct ChangedException {
    pub(crate) filed: Filed,
    pub(crate) request_id: String,
}

impl Planning {
    /// Enters an exception.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, BINDING_NOT_FOUND, INVALID_REQUEST when it lies in the past or swaps a day that is swapped
    /// already, PERMISSION_DENIED when an agent enters what is about others, EXCEPTION_LIMIT, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn file_exception<M>(
        &self,
        call: Call,
        shop_id: ShopId,
        new: NewException,
        answer: fn(ChangedException) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        expect_own_consent(&call, new.by)?;
        let id = ExceptionId::from_bits(self.ids.next_bits());
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let NewException { exception, by, reason } = new;
                let shop = change.tenant(shop_id).shop().await?.value;
                for agent in agents_of(&exception) {
                    change.tenant(shop_id).member(agent).await?;
                }
                let status = exception.request(by).map_err(|refusal| refused(refusal, id))?;
                let filed = Filed {
                    id,
                    shop: shop_id,
                    exception,
                    status,
                    asked_by: by,
                    reason,
                    author: change.author(),
                    created: change.now(),
                };
                expect_ahead(&shop, &filed.exception, change.now())?;
                expect_fits(&change, &filed).await?;
                let filed = change.insert_exception(filed).await?.value;
                if filed.status == Status::Active {
                    retell_some(&mut change, shop_id, &filed.agents()).await?;
                }
                let noted = record::filed(&filed);
                change.audit(Some(shop_id), "roster.exception_entered", id, (None, Some(noted))).await?;
                Ok(answer(ChangedException { filed, request_id }))
            })
        });
        work.await
    }

    /// Says yes or no to an exception.
    ///
    /// # Errors
    /// EXCEPTION_NOT_FOUND, EXCEPTION_DECIDED, PERMISSION_DENIED when it does not wait for this party, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn answer_exception<M>(
        &self,
        call: Call,
        (shop_id, id): (ShopId, ExceptionId),
        (by, accept): (Party, bool),
        answer: fn(ChangedException) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        expect_own_consent(&call, by)?;
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                expect_party(&change, shop_id, by).await?;
                let old = change.tenant(shop_id).exception(id).await?;
                let status = old.value.status.clone().answer(by, accept);
                let status = status.map_err(|refusal| refused(refusal, id))?;
                let filed = step(&mut change, &old, status, "roster.exception_answered").await?;
                Ok(answer(ChangedException { filed, request_id }))
            })
        });
        work.await
    }

    /// Takes an exception back.
    ///
    /// # Errors
    /// EXCEPTION_NOT_FOUND, EXCEPTION_DECIDED, PERMISSION_DENIED when an agent takes back what somebody else asked for
    /// or what is in force, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn cancel_exception<M>(
        &self,
        call: Call,
        (shop_id, id): (ShopId, ExceptionId),
        by: Party,
        answer: fn(ChangedException) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                expect_party(&change, shop_id, by).await?;
                let old = change.tenant(shop_id).exception(id).await?;
                if by != Party::Supervisor && by != old.value.asked_by {
                    return Err(refused(Refusal::NotTheirs, id).into());
                }
                let status = old.value.status.clone().cancel(&old.value.exception, by);
                let status = status.map_err(|refusal| refused(refusal, id))?;
                let filed = step(&mut change, &old, status, "roster.exception_cancelled").await?;
                Ok(answer(ChangedException { filed, request_id }))
            })
        });
        work.await
    }
}

/// Moves an exception on, and tells whose duty that changes.
async fn step(
    change: &mut Change<'_>,
    old: &Stored<Filed>,
    status: Status,
    action: &'static str,
) -> Result<Filed, Fault> {
    let filed = Filed { status, ..old.value.clone() };
    change.update_exception(old.number, &filed).await?;
    if (old.value.status == Status::Active) != (filed.status == Status::Active) {
        retell_some(change, filed.shop, &filed.agents()).await?;
    }
    let noted = (Some(record::filed(&old.value)), Some(record::filed(&filed)));
    change.audit(Some(filed.shop), action, filed.id, noted).await?;
    Ok(filed)
}

/// An agent who answers works for the shop.
///
/// # Errors
/// EXCEPTION_NOT_FOUND is left to the lookup; whoever does not work here is no party to anything: BINDING_NOT_FOUND.
async fn expect_party(change: &Change<'_>, shop: ShopId, by: Party) -> Result<(), Fault> {
    let Party::Agent(agent) = by else { return Ok(()) };
    change.tenant(shop).member(agent).await.map(|_: crate::binding::Member| ())
}

/// What has been worked stays as it was.
fn expect_ahead(shop: &Shop, exception: &Exception, now: Timestamp) -> Result<(), Problem> {
    let today = shop.zone.day_of(now);
    let past_day = format!("must be {today}, today in {}, or later", shop.zone.name());
    match exception {
        Exception::Leave { to, .. } if *to <= now => {
            Err(Problem::field("leave.end_time", "must be later than now"))
        }
        Exception::Swap { first, .. } if first.day < today => Err(Problem::field("swap.day", past_day)),
        Exception::Swap { second, .. } if second.day < today => {
            Err(Problem::field("swap.other_day", past_day))
        }
        Exception::ExtraDuty { day, .. } if *day < today => Err(Problem::field("extra_duty.day", past_day)),
        Exception::Leave { .. } | Exception::Swap { .. } | Exception::ExtraDuty { .. } => Ok(()),
    }
}

/// There may be so many, and what the plan gives somebody on a day is exchanged once.
async fn expect_fits(change: &Change<'_>, filed: &Filed) -> Result<(), Fault> {
    let open = change.tenant(filed.shop).exceptions_ahead(change.now()).await?;
    if open.len() >= usize::try_from(MAX_EXCEPTIONS_AHEAD).unwrap_or(usize::MAX) {
        let words =
            format!("{MAX_EXCEPTIONS_AHEAD} exceptions of the shop lie ahead, as many as may; cancel some");
        let problem = Problem::new(Reason::ExceptionLimit, words).with("limit", MAX_EXCEPTIONS_AHEAD);
        return Err(problem.with("shop_id", filed.shop).into());
    }
    if open.iter().any(|other| other.collides(&filed.exception)) {
        let expected = "must be of days that no other swap exchanges; cancel that one first";
        return Err(Problem::field("swap", expected).into());
    }
    Ok(())
}

fn refused(refusal: Refusal, id: ExceptionId) -> Problem {
    let reason = match refusal {
        Refusal::Closed => Reason::ExceptionDecided,
        Refusal::NotTheirs | Refusal::NotAsked | Refusal::InForce => Reason::PermissionDenied,
    };
    Problem::new(reason, refusal.to_string()).with("exception_id", id)
}

/// Consent is somebody's own: nobody asks, or says yes or no, in another one's name, whatever they may do for others; a
/// program is nobody's consent either.
fn expect_own_consent(call: &Call, by: Party) -> Result<(), Problem> {
    let Party::Agent(named) = by else { return Ok(()) };
    match call.caller.subject {
        Subject::Anonymous => Ok(()),
        Subject::Agent(caller) if caller == named => Ok(()),
        Subject::Agent(_) | Subject::Service(_) => {
            let words = format!(
                "only agent {named} speaks for themselves; leave agent_id empty to act as a supervisor"
            );
            Err(Problem::new(Reason::PermissionDenied, words).with("agent_id", named))
        }
    }
}
