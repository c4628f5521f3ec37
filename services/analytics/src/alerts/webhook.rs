//! Tells somebody's server of every change of an alert that is told.
//!
//! Each change is one POST, shop by shop in order: the next one is sent when the one before has arrived, or was tried as
//! often as it may be. How far each shop has got is stored, so that another process goes on there; nothing is queued but
//! what lies in the store. A change may arrive twice, when a process ends between its arrival and the note of it: its
//! delivery id is the same.
//!
//! Invariant: no connection is made to an address that is not public, unless that is allowed.

mod address;
mod body;
mod post;

use anyhow::{Context, ensure};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_runtime::clock::SharedClock;
use fenliu_runtime::ids::IdSource;
use fenliu_runtime::platform::Platform;
use futures::stream::{self, StreamExt};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::post::Post;
use super::Floors;
use crate::config::WebhookConfig;
use crate::storage::{Delivery, Fault, Store};

/// Fewest bytes of a secret.
const MIN_SECRET: usize = 16;
/// Shops that are told of at once.
const SHOPS_AT_ONCE: usize = 8;
/// Changes read at once of one shop.
const CHANGES_AT_ONCE: u64 = 50;
/// How long after a fault of the store it is asked again.
const AFTER_FAULT: Span = Span::from_secs(5);

/// Tells somebody of changes.
#[derive(Debug)]
pub(super) struct Webhook {
    store: Store,
    config: WebhookConfig,
    post: Post,
    clock: SharedClock,
    ids: IdSource,
    news: watch::Receiver<u64>,
    stop: CancellationToken,
}

impl Webhook {
    /// Whoever is to be told; `None` when nobody is.
    ///
    /// # Errors
    /// When address or secret are not what they should be; the error names the key.
    fn of(
        config: &WebhookConfig,
        store: &Store,
        floors: &Floors,
        platform: &Platform,
    ) -> anyhow::Result<Option<Self>> {
        if config.url.is_empty() {
            return Ok(None);
        }
        let long_enough = config.secret.len() >= MIN_SECRET;
        ensure!(long_enough, "webhook.secret must have at least {MIN_SECRET} bytes");
        let post = Post::to(config).context("webhook.url")?;
        Ok(Some(Self {
            store: store.clone(),
            config: config.clone(),
            post,
            clock: platform.clock.clone(),
            ids: platform.ids.clone(),
            news: floors.news(),
            stop: platform.lifecycle.soft(),
        }))
    }

    /// Tells until it is told to stop.
    async fn run(mut self) {
        let stop = self.stop.clone();
        loop {
            self.news.borrow_and_update();
            let Some(round) = stop.run_until_cancelled(self.round()).await else { return };
            let next = round.unwrap_or_else(|fault| {
                tracing::warn!(error = %fault, "the webhook cannot be told of alerts; trying again");
                Some(self.clock.now() + AFTER_FAULT)
            });
            if stop.run_until_cancelled(self.wait(next)).await != Some(true) {
                return;
            }
        }
    }

    /// Waits for news, or for a moment; false when there will be neither. The sleep lies in a task of its own, as a
    /// virtual clock waits for a task it has woken to sleep again.
    async fn wait(&mut self, until: Option<Timestamp>) -> bool {
        let Some(until) = until else { return self.news.changed().await.is_ok() };
        let clock = self.clock.clone();
        let sleep = tokio::spawn(async move { clock.sleep_until(until).await });
        let abort = sleep.abort_handle();
        let goes_on = tokio::select! {
            news = self.news.changed() => news.is_ok(),
            slept = sleep => slept.is_ok(),
        };
        abort.abort();
        goes_on
    }

    /// Tells all there is to tell now; when there is more, or `None`.
    async fn round(&self) -> Result<Option<Timestamp>, Fault> {
        let now = self.clock.now();
        let waiting = self.store.undelivered().await?;
        let later = waiting.iter().map(|delivery| delivery.next).filter(|next| *next > now).min();
        let due = waiting.into_iter().filter(|delivery| delivery.next <= now);
        let told = stream::iter(due).map(|delivery| self.tell(delivery)).buffer_unordered(SHOPS_AT_ONCE);
        let again: Vec<_> = told.collect().await;
        let mut next = later;
        for again in again {
            next = [next, again?].into_iter().flatten().min();
        }
        Ok(next)
    }

    /// Tells of a shop's changes until one does not arrive; when to try that one again.
    async fn tell(&self, delivery: Delivery) -> Result<Option<Timestamp>, Fault> {
        let last = self.store.alert_position(delivery.shop).await?;
        let mut at = self.skip(delivery, last).await?;
        loop {
            let changes = self.store.alert_changes(at.shop, at.position, false, CHANGES_AT_ONCE).await?;
            if changes.is_empty() {
                // What is left is not to be told.
                at.position = at.position.max(last);
                self.store.delivered(at).await?;
                return Ok(None);
            }
            for change in changes {
                let now = self.clock.now();
                let body = body::of(at.shop, &change);
                let id = format!("{}/{}", at.shop, change.position);
                let attempts = at.attempts.saturating_add(1);
                match self.post.send(&body, &id, now).await {
                    Ok(()) => {}
                    Err(failed) if attempts >= self.config.max_attempts => {
                        tracing::error!(delivery = id, error = %failed, attempts, "a change of an alert is given up");
                    }
                    Err(failed) => {
                        let next = now + self.backoff(attempts);
                        tracing::warn!(delivery = id, error = %failed, attempts, "a change of an alert did not arrive");
                        self.store.delivered(Delivery { attempts, next, ..at }).await?;
                        return Ok(Some(next));
                    }
                }
                at = Delivery { position: change.position, attempts: 0, next: now, ..at };
                self.store.delivered(at).await?;
            }
        }
    }

    /// Gives up the oldest changes where too many wait.
    async fn skip(&self, delivery: Delivery, last: i64) -> Result<Delivery, Fault> {
        let first = last.saturating_sub(self.config.max_waiting.into());
        if delivery.position >= first {
            return Ok(delivery);
        }
        let given_up = first - delivery.position;
        tracing::error!(shop = %delivery.shop, given_up, "too many changes of alerts wait; the oldest are given up");
        let delivery = Delivery { position: first, attempts: 0, ..delivery };
        self.store.delivered(delivery).await?;
        Ok(delivery)
    }

    /// How long to wait after so many attempts: twice as long each time, shortened by chance.
    fn backoff(&self, attempts: u32) -> Span {
        let doubled = self.config.min_backoff().micros().checked_shl(attempts.saturating_sub(1).min(40));
        let whole = doubled.filter(|micros| *micros > 0).unwrap_or(i64::MAX);
        let whole = whole.min(self.config.max_backoff().micros());
        let [chance, ..] = self.ids.next_key();
        Span::from_micros(whole - whole / 2 * i64::from(chance) / 255)
    }
}

/// Begins to tell, if anybody is to be told.
///
/// # Errors
/// As [`Webhook::of`].
pub(crate) fn begin(
    config: &WebhookConfig,
    store: &Store,
    floors: &Floors,
    platform: &Platform,
) -> anyhow::Result<()> {
    if let Some(webhook) = Webhook::of(config, store, floors, platform)? {
        platform.lifecycle.spawn(webhook.run());
    }
    Ok(())
}
