//! Tokens for the process that hosts accounts, and for whoever starts it: somebody must have the first one.

use std::path::Path;

use anyhow::Context as _;
use fenliu_domain::access::Permissions;
use fenliu_domain::ids::ServiceId;
use fenliu_domain::time::Span;
use fenliu_runtime::auth::TokenFile;
use fenliu_runtime::platform::Platform;

use super::service_tokens::{ServiceToken, Wanted, insert, signed};
use crate::storage::{Fault, Store, Stored};

/// What the list of service tokens calls the token in the bootstrap file.
const BOOTSTRAP_NAME: &str = "bootstrap admin";
/// How long tokens from here are valid: as long as any service token may be.
const LIFE: Span = Span::from_hours(366 * 24);
/// A token that has less than this left is replaced.
const RENEWED_BEFORE: Span = Span::from_hours(30 * 24);

/// Makes tokens of the platform for the process that hosts accounts. Whoever has it may do everything; it never leaves
/// the process.
#[derive(Clone)]
pub struct Issuer {
    store: Store,
    platform: Platform,
}

impl Issuer {
    pub(crate) const fn new(store: Store, platform: Platform) -> Self {
        Self { store, platform }
    }

    /// Sees to it that this file, readable by its owner only, holds a valid token with every permission. One that is
    /// there stays, unless it is not trusted, lacks a permission, or expires within 30 days.
    ///
    /// # Errors
    /// When the store does not answer or the file cannot be written.
    pub async fn bootstrap(&self, path: &Path) -> anyhow::Result<()> {
        if self.holds_valid_token(path).await {
            return Ok(());
        }
        let token = self.issued(BOOTSTRAP_NAME, Permissions::all()).await?;
        TokenFile::write(path, &token)
            .with_context(|| format!("cannot write the token file {}", path.display()))?;
        tracing::info!(path = %path.display(), "a new bootstrap admin token was written");
        Ok(())
    }

    /// A token of the platform for a service in this process, the same one as long as it has 30 days left.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn internal(&self, name: &str, permissions: Permissions) -> anyhow::Result<String> {
        let known = self.named(name).await?;
        let lasting = self.platform.clock.now() + RENEWED_BEFORE;
        let fits = |token: &Stored<ServiceToken>| {
            token.value.permissions == permissions && token.value.expires > lasting
        };
        if let Some(token) = known.filter(fits)
            && let Ok(text) = signed(&self.store, &token.value).await
        {
            return Ok(text);
        }
        self.issued(name, permissions).await
    }

    async fn named(&self, name: &str) -> anyhow::Result<Option<Stored<ServiceToken>>> {
        let found = self.store.service_token_named(name).await;
        Ok(found.map_err(Fault::into_problem)?)
    }

    async fn issued(&self, name: &str, permissions: Permissions) -> anyhow::Result<String> {
        let id = ServiceId::from_bits(self.platform.ids.next_bits());
        let wanted = Wanted { shop: None, display_name: name.to_owned(), permissions, life: LIFE };
        let stored = self
            .store
            .by_itself(move |mut change| Box::pin(async move { insert(&mut change, id, wanted).await }));
        let stored = stored.await?;
        Ok(signed(&self.store, &stored.value).await.map_err(Fault::into_problem)?)
    }

    async fn holds_valid_token(&self, path: &Path) -> bool {
        let Ok(text) = std::fs::read_to_string(path) else { return false };
        let lasting = self.platform.clock.now() + RENEWED_BEFORE;
        let caller = self.platform.auth.verify(text.trim()).await;
        caller.is_ok_and(|caller| {
            caller.shop.is_none() && caller.permissions.covers(Permissions::all()) && caller.expires > lasting
        })
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issuer(keys not shown)")
    }
}
