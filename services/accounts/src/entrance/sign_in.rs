//! Signing in with a name and a password, and changing one's own password.

use fenliu_domain::access::{Caller, Subject};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};
use serde_json::json;

use super::attempts::Counted;
use super::{Enterable, Entrance, SignedIn, Source, disabled, refused, stored_name};
use crate::account::{Account, PasswordHash};
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
    /// The same password, hashed at the cost that is configured now.
    rehashed: Option<PasswordHash>,
}

impl Entrance {
    /// Signs an account in to a shop.
    ///
    /// # Errors
    /// SIGN_IN_REFUSED, SIGN_IN_DISABLED, SIGN_IN_BANNED, TOO_MANY_ATTEMPTS, OVERLOADED, STORE_UNAVAILABLE.
    pub(crate) async fn login(
        &self,
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
        let shop = shop.unwrap_or(proven.account.home);
        let agent = proven.account.id;
        let signed_in = self.enter(proven, shop, source).await.inspect_err(|problem| {
            tracing::warn!(%agent, %shop, %source, reason = problem.reason.name(), "a sign-in was refused");
        })?;
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
        (caller, source): (Caller, Source),
        old: String,
        new: String,
    ) -> Result<(), Problem> {
        let agent = caller.agent().ok_or_else(no_account)?;
        let account = self.store.account_of(agent).await.map_err(Fault::into_problem)?;
        let account = account.ok_or_else(no_account)?;
        let name = stored_name(&account.login_name)?;
        let counted = vec![Counted::for_name(&account.login_name), Counted::from_source(&source)];
        let proven = self.prove(Some(account), &old, counted.clone(), source).await?;
        self.store.forgive_attempt(counted).await?;
        let hash = self.passwords.hash_new("new_password", &new, &name).await?;
        let kept = proven.account;
        let done = self.store.unrepeatable(caller, move |mut change| {
            Box::pin(async move {
                let stored = change.tenant(kept.home).account(kept.id).await?;
                expect_unchanged(&stored.value, &kept)?;
                let new = Account { password: Some(hash), ..stored.value.clone() };
                change.update_account(&stored, new).await?;
                change.end_sign_ins(kept.id).await?;
                change.audit(Some(kept.home), "agent.password_changed", kept.id, (None, None)).await
            })
        });
        done.await?;
        tracing::info!(%agent, %source, "a password was changed");
        Ok(())
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
        let outdated = account.password.as_ref().is_some_and(|kept| self.passwords.is_outdated(kept));
        let rehashed = if outdated { self.passwords.hash(password).await.ok() } else { None };
        Ok(Proven { account, rehashed })
    }

    /// Opens a session for somebody whose password was right.
    async fn enter(&self, proven: Proven, shop: ShopId, source: Source) -> Result<SignedIn, Problem> {
        let entrance = self.clone();
        let Proven { account, rehashed } = proven;
        let themselves = Caller { subject: Subject::Agent(account.id), ..Caller::ANYBODY };
        let entered = self.store.unrepeatable(themselves, move |mut change| {
            Box::pin(async move {
                let Some(member) = change.standing(shop, account.id).await? else {
                    return Err(refused().into());
                };
                expect_unchanged(&member.account, &account)?;
                if let Some(hash) = rehashed {
                    change.rehash(account.id, &hash).await?;
                }
                let signed_in = entrance.open_session(&mut change, &member, source).await?;
                note(&change, shop, account.id, source).await?;
                Ok(signed_in)
            })
        });
        entered.await
    }
}

async fn note(change: &Change<'_>, shop: ShopId, agent: AgentId, source: Source) -> Result<(), Fault> {
    let noted = json!({ "source": source.to_string() });
    change.audit(Some(shop), "agent.signed_in", agent, (None, Some(noted))).await
}

/// Since the password was looked at, somebody may have changed it, or ended all that was signed in with it.
fn expect_unchanged(now: &Account, then: &Account) -> Result<(), Fault> {
    if now.password == then.password && now.token_version == then.token_version {
        return Ok(());
    }
    Err(refused().into())
}

fn no_account() -> Problem {
    let words = "only an account has a password; call with the token of one";
    Problem::new(Reason::PermissionDenied, words)
}
