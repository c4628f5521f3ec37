//! Signing in with a name and a password, and changing one's own password.

use fenliu_domain::access::Caller;
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use serde_json::json;

use super::attempts::Counted;
use super::{Enterable, Entrance, SignedIn, Source, disabled, refused, stored_name};
use crate::account::{Account, PasswordHash};
use crate::call::Occasion;
use crate::storage::{Change, Fault};

/// What somebody signs in with.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) login_name: String,
    pub(crate) password: String,
    /// `None` = the account's home.
    pub(crate) shop: Option<ShopId>,
    pub(crate) source: Source,
}

/// Somebody whose password was right.
struct Proven {
    account: Account,
    /// The hash that was looked at, if it is to be replaced by one at the cost that is configured now.
    outdated: Option<PasswordHash>,
}

impl Entrance {
    /// Signs an account in to a shop.
    ///
    /// # Errors
    /// SIGN_IN_REFUSED, SIGN_IN_DISABLED, SIGN_IN_BANNED, TOO_MANY_ATTEMPTS, OVERLOADED, STORE_UNAVAILABLE.
    pub(crate) async fn login(
        &self,
        occasion: Occasion,
        credentials: Credentials,
    ) -> Result<(SignedIn, Vec<Enterable>), Problem> {
        let Credentials { login_name, password, shop, source } = credentials;
        let name = LoginName::parse(&login_name).ok();
        let account = match &name {
            Some(name) => self.store.account_named(name).await.map_err(Fault::into_problem)?,
            None => None,
        };
        let counted = vec![Counted::for_name(&login_name), Counted::from_source(&source)];
        let proven = self.prove(account, &password, counted.clone(), source).await?;
        let Proven { account, outdated } = proven;
        let (shop, agent) = (shop.unwrap_or(account.home), account.id);
        let signed_in = self.enter(occasion, account, shop, source).await.inspect_err(|problem| {
            tracing::warn!(%agent, %shop, %source, reason = problem.reason.name(), "a sign-in was refused");
        })?;
        if let Some(outdated) = outdated {
            self.hash_anew(agent, outdated, password);
        }
        self.store.forgive_attempt(counted).await?;
        tracing::info!(%agent, %shop, %source, "signed in");
        let shops = self.shops_of(&signed_in.caller).await?;
        Ok((signed_in, shops))
    }

    /// Changes the caller's own password; all of their tokens and sessions are over.
    ///
    /// # Errors
    /// SIGN_IN_REFUSED when the old one is wrong, TOO_MANY_ATTEMPTS, PASSWORD_WEAK, OVERLOADED, PERMISSION_DENIED when
    /// no account calls, STORE_UNAVAILABLE.
    pub(crate) async fn change_password(
        &self,
        (occasion, source): (Occasion, Source),
        old: String,
        new: String,
    ) -> Result<String, Problem> {
        let agent = occasion.caller.as_ref().and_then(Caller::agent).ok_or_else(no_account)?;
        let account = self.store.account_of(agent).await.map_err(Fault::into_problem)?;
        let account = account.ok_or_else(no_account)?;
        let name = stored_name(&account.login_name)?;
        let counted = vec![Counted::for_name(&account.login_name), Counted::from_source(&source)];
        let proven = self.prove(Some(account), &old, counted.clone(), source).await?;
        self.store.forgive_attempt(counted).await?;
        let hash = self.passwords.hash_new("new_password", &new, &name).await?;
        let kept = proven.account;
        let done = self.store.unrepeatable(occasion, move |mut change| {
            Box::pin(async move {
                let stored = change.tenant(kept.home).account(kept.id).await?;
                expect_unchanged(&stored.value, &kept)?;
                let new = Account { password: Some(hash), ..stored.value.clone() };
                change.update_account(&stored, new).await?;
                change.end_sign_ins(kept.id).await?;
                change.audit(Some(kept.home), "agent.password_changed", kept.id, (None, None)).await?;
                change.audit_abroad(&kept, "agent.password_changed", (None, None)).await?;
                Ok(change.request_id().to_owned())
            })
        });
        let request_id = done.await?;
        tracing::info!(%agent, %source, "a password was changed");
        Ok(request_id)
    }

    /// Looks at a password, once the attempt is counted.
    async fn prove(
        &self,
        account: Option<Account>,
        password: &str,
        counted: Vec<Counted>,
        source: Source,
    ) -> Result<Proven, Problem> {
        let place = self.passwords.place()?;
        self.store.count_attempt(counted).await.inspect_err(|problem| {
            if problem.reason == Reason::TooManyAttempts {
                tracing::warn!(%source, wait = ?problem.retry_after, "a sign-in must wait: too many have failed");
            }
        })?;
        let kept = account.as_ref().and_then(|account| account.password.as_ref());
        let matches = self.passwords.matches(place, kept, password).await?;
        let Some(account) = account.filter(|_| matches) else {
            tracing::warn!(%source, "a sign-in failed: no such name, or another password");
            return Err(refused());
        };
        if !account.works() {
            tracing::warn!(agent = %account.id, %source, "a sign-in was refused: the account is disabled");
            return Err(disabled());
        }
        let outdated = account.password.clone().filter(|kept| self.passwords.is_outdated(kept));
        Ok(Proven { account, outdated })
    }

    /// Opens a session for somebody whose password was right.
    async fn enter(
        &self,
        occasion: Occasion,
        account: Account,
        shop: ShopId,
        source: Source,
    ) -> Result<SignedIn, Problem> {
        let entrance = self.clone();
        let entered = self.store.unrepeatable(occasion, move |mut change| {
            Box::pin(async move {
                change.made_by(account.id);
                let Some(member) = change.standing(shop, account.id).await? else {
                    return Err(refused().into());
                };
                expect_unchanged(&member.account, &account)?;
                let signed_in = entrance.open_session(&mut change, &member, source).await?;
                note(&change, shop, account.id, source).await?;
                Ok(signed_in)
            })
        });
        entered.await
    }

    /// Hashes a password that was right at the cost that is configured now. Nobody waits for it: a sign-in costs one
    /// evaluation, this one too. Where there is no room for it now, the next sign-in asks for it again.
    fn hash_anew(&self, agent: AgentId, outdated: PasswordHash, password: String) {
        let (store, passwords) = (self.store.clone(), self.passwords.clone());
        self.platform.lifecycle.spawn(async move {
            let hash = match passwords.hash_apart(&password).await {
                Ok(hash) => hash,
                Err(problem) => {
                    tracing::debug!(%agent, %problem, "a password is not hashed anew yet");
                    return;
                }
            };
            let done = store.by_itself(move |mut change| {
                Box::pin(async move { change.rehash(agent, &outdated, &hash).await })
            });
            if let Err(problem) = done.await {
                tracing::warn!(%agent, %problem, "a password that was hashed anew cannot be stored");
            }
        });
    }
}

async fn note(change: &Change<'_>, shop: ShopId, agent: AgentId, source: Source) -> Result<(), Fault> {
    let noted = json!({ "source": source.to_string() });
    change.audit(Some(shop), "agent.signed_in", agent, (None, Some(noted))).await
}

/// Since the password was looked at, somebody may have changed it, or ended all that was signed in with it: either makes
/// the tokens of before void. Another hash of the same password does not.
fn expect_unchanged(now: &Account, then: &Account) -> Result<(), Fault> {
    if now.token_version == then.token_version {
        return Ok(());
    }
    Err(refused().into())
}

fn no_account() -> Problem {
    let words = "only an account has a password; call with the token of one";
    Problem::new(Reason::PermissionDenied, words)
}
