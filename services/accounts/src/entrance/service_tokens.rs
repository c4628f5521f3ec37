//! Tokens of programs: issued once, shown once, and never stored.
//!
//! What is stored says all that the token says, and which key has signed it, so that the same token can be made again
//! when the request that asked for it is repeated.

use fenliu_domain::access::{Caller, Permissions, Subject};
use fenliu_domain::ids::{ServiceId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1 as proto;
use fenliu_runtime::auth::token::Claims;
use prost::Message;
use serde_json::{Value, json};

use super::Entrance;
use crate::call::Call;
use crate::storage::{Change, Fault, Store, Stored};

/// Most tokens of a shop, or of the platform, that are valid at once.
const MAX_TOKENS: u64 = 1_000;
/// Tokens of programs have no versions but these two: the one they are signed with, and the one that voids them.
const VERSION: u64 = 1;
/// Times in tokens are whole seconds.
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A token of a program, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceToken {
    pub(crate) id: ServiceId,
    /// `None` = the platform.
    pub(crate) shop: Option<ShopId>,
    pub(crate) display_name: String,
    pub(crate) permissions: Permissions,
    /// The key that signs it.
    pub(crate) kid: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) revoked: Option<Timestamp>,
}

/// What somebody wants a token to say.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) shop: Option<ShopId>,
    pub(crate) display_name: String,
    pub(crate) permissions: Permissions,
    pub(crate) life: Span,
}

/// A token that has just been issued, or what became of one.
#[derive(Clone, Debug)]
pub(crate) struct NewServiceToken {
    pub(crate) stored: Stored<ServiceToken>,
    pub(crate) request_id: String,
}

impl ServiceToken {
    /// What the token says.
    fn claims(&self) -> Claims {
        let caller = Caller {
            subject: Subject::Service(self.id),
            shop: self.shop,
            permissions: self.permissions,
            version: VERSION,
            expires: self.expires,
        };
        Claims { caller, issued: self.created }
    }
}

impl Entrance {
    /// Issues a token. What is remembered for a repetition is the answer without it; it is made anew each time.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, PERMISSION_NOT_HELD, SERVICE_TOKEN_LIMIT, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn issue(
        &self,
        call: Call,
        wanted: Wanted,
        answer: fn(NewServiceToken) -> proto::IssueServiceTokenResponse,
    ) -> Result<proto::IssueServiceTokenResponse, Problem> {
        let id = ServiceId::from_bits(self.platform.ids.next_bits());
        let (shop, request_id) = (wanted.shop, call.request_id.clone());
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                if let Some(shop) = wanted.shop {
                    change.tenant(shop).shop().await?;
                }
                change.expect_held(wanted.permissions)?;
                expect_room(&change, wanted.shop).await?;
                let stored = insert(&mut change, id, wanted).await?;
                Ok(answer(NewServiceToken { stored, request_id }))
            })
        });
        let mut answer = work.await?;
        let issued = answer.service_token.as_ref().and_then(|token| token.service_id.parse().ok());
        // A repetition answers with the id of the first time.
        let stored = self.store.service_token(shop, issued.unwrap_or(id)).await;
        let stored = stored.map_err(Fault::into_problem)?;
        answer.token = signed(&self.store, &stored.value).await.map_err(Fault::into_problem)?;
        Ok(answer)
    }

    /// Makes a token void. One that was revoked before stays revoked.
    ///
    /// # Errors
    /// SERVICE_TOKEN_NOT_FOUND, PERMISSION_NOT_HELD, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn revoke<M>(
        &self,
        call: Call,
        (shop, id): (Option<ShopId>, ServiceId),
        answer: fn(NewServiceToken) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let mut stored = change.service_token(shop, id).await?;
                if stored.value.revoked.is_none() {
                    stored.value.revoked = Some(change.now());
                    change.update_service_token(&stored).await?;
                    let (subject, expires) = (Subject::Service(id), stored.value.expires);
                    change.cut_off_until(subject, VERSION + 1, expires).await?;
                    let noted = (Some(record(&stored.value)), None);
                    change.audit(shop, "service_token.revoked", id, noted).await?;
                }
                Ok(answer(NewServiceToken { stored, request_id }))
            })
        });
        work.await
    }
}

/// Stores a token, and notes it.
pub(super) async fn insert(
    change: &mut Change<'_>,
    id: ServiceId,
    wanted: Wanted,
) -> Result<Stored<ServiceToken>, Fault> {
    let Wanted { shop, display_name, permissions, life } = wanted;
    let (created, expires) = (change.now(), whole_seconds(change.now() + life));
    let kid = change.key_until(expires).await?.kid;
    let token = ServiceToken { id, shop, display_name, permissions, kid, created, expires, revoked: None };
    let noted = record(&token);
    let stored = change.insert_service_token(token).await?;
    change.audit(shop, "service_token.issued", id, (None, Some(noted))).await?;
    Ok(stored)
}

/// The token itself.
pub(super) async fn signed(store: &Store, token: &ServiceToken) -> Result<String, Fault> {
    let key = store.keys().await?.into_iter().find(|key| key.signing.kid == token.kid);
    let key = key.ok_or_else(|| Fault::Corrupt {
        table: "service_token",
        column: "kid",
        row: token.id.to_string(),
        why: "there is no such key any more".into(),
    })?;
    Ok(key.signing.sign(&token.claims()))
}

async fn expect_room(change: &Change<'_>, shop: Option<ShopId>) -> Result<(), Fault> {
    if change.count_service_tokens(shop).await? < MAX_TOKENS {
        return Ok(());
    }
    let words = format!("{MAX_TOKENS} service tokens are valid here, as many as may; revoke one first");
    Err(Problem::new(Reason::ServiceTokenLimit, words).with("limit", MAX_TOKENS).into())
}

fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros_clamped(moment.micros() - moment.micros().rem_euclid(MICROS_PER_SECOND))
}

/// What the audit log shows of a token.
fn record(token: &ServiceToken) -> Value {
    json!({
        "display_name": token.display_name,
        "permissions": token.permissions.names().collect::<Vec<_>>(),
        "expire_time": token.expires.to_string(),
    })
}
