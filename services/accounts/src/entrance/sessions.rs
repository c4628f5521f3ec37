//! Sessions: what one refresh token after another continues.
//!
//! Each refresh token can be traded once. One that comes a second time is in two hands, and nobody knows whose are the
//! thief's: the session ends, and all tokens of the account are void. There is no grace for a lost answer.

use fenliu_domain::ids::{AgentId, SessionId, ShopId};
use fenliu_domain::problem::{Problem, Reason};
use fenliu_domain::time::Timestamp;
use fenliu_runtime::auth::token::Claims;

use super::refresh_token::{self, Presented};
use super::{Entrance, SignedIn, Source, banned, disabled};
use crate::binding::Member;
use crate::call::Occasion;
use crate::storage::{Change, Fault, Found};

/// A sign-in that goes on for as long as its refresh tokens are traded in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) agent: AgentId,
    /// The shop that was signed in to.
    pub(crate) shop: ShopId,
    pub(crate) created: Timestamp,
    /// When it was last refreshed.
    pub(crate) used: Timestamp,
    /// Its latest refresh token is valid until then.
    pub(crate) expires: Timestamp,
    /// `None` = it goes on.
    pub(crate) ended: Option<Timestamp>,
    /// Where the sign-in came from.
    pub(crate) source: String,
}

/// How a refresh ended, once it is committed.
enum Refreshed {
    Renewed(Box<SignedIn>),
    /// The token had been traded before; what it belonged to is over.
    Stolen(Session),
}

impl Entrance {
    /// Opens a session, signed in to the shop of the binding.
    ///
    /// # Errors
    /// SIGN_IN_DISABLED, SIGN_IN_BANNED.
    pub(super) async fn open_session(
        &self,
        change: &mut Change<'_>,
        member: &Member,
        source: Source,
    ) -> Result<SignedIn, Fault> {
        let now = change.now();
        let session = Session {
            id: SessionId::from_bits(self.platform.ids.next_bits()),
            agent: member.account.id,
            shop: member.binding.value.shop,
            created: now,
            used: now,
            expires: now + self.session_life,
            ended: None,
            source: source.to_string(),
        };
        let (text, hash) = refresh_token::made(session.id, &self.platform.ids.next_key());
        change.insert_session(&session, hash).await?;
        self.signed_in(change, member, text, session.expires).await
    }

    /// Trades a refresh token for new tokens.
    ///
    /// # Errors
    /// REFRESH_TOKEN_INVALID, SIGN_IN_DISABLED, SIGN_IN_BANNED, STORE_UNAVAILABLE.
    pub(crate) async fn refresh(
        &self,
        occasion: Occasion,
        token: &str,
        source: Source,
    ) -> Result<SignedIn, Problem> {
        let presented = refresh_token::parse(token).ok_or_else(invalid)?;
        let entrance = self.clone();
        let refreshed = self.store.unrepeatable(occasion.by_nobody(), move |mut change| {
            Box::pin(async move { entrance.refreshed(&mut change, presented).await })
        });
        match refreshed.await? {
            Refreshed::Renewed(signed_in) => Ok(*signed_in),
            Refreshed::Stolen(Session { id, agent, shop, .. }) => {
                tracing::warn!(session = %id, %agent, %shop, %source, "a refresh token came twice; its session is over");
                Err(invalid())
            }
        }
    }

    /// Ends the session of a refresh token, if it is one.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE.
    pub(crate) async fn logout(
        &self,
        occasion: Occasion,
        token: &str,
        source: Source,
    ) -> Result<(), Problem> {
        let Some(presented) = refresh_token::parse(token) else { return Ok(()) };
        let done = self.store.unrepeatable(occasion, move |mut change| {
            Box::pin(async move {
                let Some(session) = going_on(&change, presented).await? else { return Ok(()) };
                if change.find_refresh_token(session.id, presented.hash).await? != Found::Unknown {
                    let (ended, shop, agent) = (Some(change.now()), session.shop, session.agent);
                    change.update_session(&Session { ended, ..session }).await?;
                    // Access tokens have one version for all sessions; the others trade theirs for new ones.
                    change.cut_off_account(agent).await?;
                    change.made_by(agent);
                    let noted = Some(serde_json::json!({ "source": source.to_string() }));
                    change.audit(Some(shop), "agent.signed_out", agent, (None, noted)).await?;
                }
                Ok(())
            })
        });
        done.await
    }

    async fn refreshed(&self, change: &mut Change<'_>, presented: Presented) -> Result<Refreshed, Fault> {
        let now = change.now();
        let session = change.session(presented.session).await?.filter(|session| session.expires > now);
        let Some(session) = session else { return Err(invalid().into()) };
        let number = match change.find_refresh_token(session.id, presented.hash).await? {
            Found::Unknown => return Err(invalid().into()),
            Found::Spent => return stolen(change, session).await.map(Refreshed::Stolen),
            Found::Fresh(number) => number,
        };
        let member = change.standing(session.shop, session.agent).await?;
        let Some(member) = member.filter(|member| session.ended.is_none() || !may_sign_in(member, now))
        else {
            return Err(invalid().into());
        };
        let (text, hash) = refresh_token::made(session.id, &self.platform.ids.next_key());
        let expires = now + self.session_life;
        let signed_in = self.signed_in(change, &member, text, expires).await?;
        change.trade_refresh_token(session.id, number, hash).await?;
        change.update_session(&Session { used: now, expires, ..session }).await?;
        Ok(Refreshed::Renewed(Box::new(signed_in)))
    }

    /// The tokens of somebody who may sign in.
    ///
    /// # Errors
    /// SIGN_IN_DISABLED, SIGN_IN_BANNED.
    async fn signed_in(
        &self,
        change: &mut Change<'_>,
        member: &Member,
        refresh_token: String,
        refresh_expires: Timestamp,
    ) -> Result<SignedIn, Fault> {
        let now = change.now();
        if !member.account.works() {
            return Err(disabled().into());
        }
        let binding = &member.binding.value;
        if binding.is_banned(now) {
            return Err(banned(binding.sanction.and_then(|ban| ban.end)).into());
        }
        let permissions = change.tenant(binding.shop).permissions_of(&binding.terms.roles).await?;
        let whose = (member.account.id, member.account.token_version);
        let caller = self.caller(whose, binding.shop, permissions);
        let access_token = change.sign(&Claims { caller: caller.clone(), issued: now }).await?;
        let request_id = change.request_id().to_owned();
        Ok(SignedIn { access_token, caller, refresh_token, refresh_expires, request_id })
    }
}

fn may_sign_in(member: &Member, now: Timestamp) -> bool {
    member.account.works() && !member.binding.value.is_banned(now)
}

async fn going_on(change: &Change<'_>, presented: Presented) -> Result<Option<Session>, Fault> {
    let session = change.session(presented.session).await?;
    Ok(session.filter(|session| session.ended.is_none()))
}

/// Ends the session whose token came twice. When it has ended before, everything has been done already.
async fn stolen(change: &mut Change<'_>, session: Session) -> Result<Session, Fault> {
    if session.ended.is_none() {
        let ended = Some(change.now());
        change.update_session(&Session { ended, ..session.clone() }).await?;
        change.cut_off_account(session.agent).await?;
        let noted = Some(serde_json::json!({ "session": session.id.to_string() }));
        change.audit(Some(session.shop), "agent.session_stolen", session.agent, (None, noted)).await?;
    }
    Ok(session)
}

fn invalid() -> Problem {
    let words = "the refresh token is unknown, spent or over; sign in again";
    Problem::new(Reason::RefreshTokenInvalid, words)
}
