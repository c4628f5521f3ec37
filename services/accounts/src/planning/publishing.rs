//! Puts rosters into force.

use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::{self, Plan, diff, resolve};
use fenliu_domain::time::Span;
use prost::Message;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::questions::{Staff, without_leavers};
use super::telling::retell_all;
use super::{Draft, Edition, Planning, Published, expect_members, no_roster, record};
use crate::call::Call;
use crate::registry::expect_etag;
use crate::shop::Shop;
use crate::storage::{Change, Fault, Stored, Tenant};

/// How far ahead a publication says what changes.
const DIFFERENCE_AHEAD: Span = Span::from_hours(14 * 24);
/// Most changes it lists.
const MAX_CHANGES: usize = 1_000;

/// A roster that has just been published, or would be.
pub(crate) struct Enacted {
    pub(crate) edition: Edition,
    /// Whose duty changes, earliest first, at most [`MAX_CHANGES`].
    pub(crate) changes: Vec<roster::Change>,
    /// There are more changes than are listed.
    pub(crate) more: bool,
    pub(crate) request_id: String,
}

impl Planning {
    /// Publishes the draft.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ROSTER_NOT_FOUND when there is no draft, ETAG_MISMATCH, ROSTER_INVALID when somebody it names
    /// no longer works here, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn publish<M>(
        &self,
        call: Call,
        (shop_id, etag): (ShopId, String),
        note: String,
        answer: fn(Enacted) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let tenant = change.tenant(shop_id);
                let (shop, draft) = to_publish(&tenant, &etag).await?;
                let edition = Edition {
                    version: tenant.next_roster_version().await?,
                    published: change.now(),
                    by: change.author(),
                    note,
                    zone: shop.zone,
                };
                let published = Published { edition, plan: draft.value.plan.clone() };
                let (changes, more) = difference(&tenant, &published).await?;
                // Whoever publishes with the etag that was just published comes too late.
                change.put_draft(draft.value).await?;
                enact(&mut change, shop_id, &published).await?;
                Ok(answer(Enacted { edition: published.edition, changes, more, request_id }))
            })
        });
        work.await
    }

    /// Says what [`publish`](Self::publish) would do now.
    ///
    /// # Errors
    /// As those, and nothing is changed.
    pub(crate) async fn rehearse(
        &self,
        call: Call,
        (shop_id, etag): (ShopId, String),
        note: String,
    ) -> Result<Enacted, Problem> {
        let (by, now) = (call.caller.subject.to_string(), self.store.now());
        let work = self.store.reading(shop_id, move |tenant| {
            Box::pin(async move {
                let (shop, draft) = to_publish(&tenant, &etag).await?;
                let version = tenant.next_roster_version().await?;
                let edition = Edition { version, published: now, by, note, zone: shop.zone };
                let published = Published { edition, plan: draft.value.plan };
                let (changes, more) = difference(&tenant, &published).await?;
                let request_id = call.request_id;
                Ok(Enacted { edition: published.edition, changes, more, request_id })
            })
        });
        work.await
    }
}

impl Planning {
    /// The roster of this number; 0 = the one in force.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; ROSTER_NOT_FOUND when there is none.
    pub(crate) async fn read_roster(&self, shop: ShopId, version: i64) -> Result<Published, Problem> {
        let read = self.store.reading(shop, move |tenant| {
            Box::pin(async move {
                tenant.shop().await?;
                let (found, which) = match version {
                    0 => (tenant.roster_in_force().await?, "roster in force".to_owned()),
                    version => (tenant.roster(version).await?, format!("roster {version}")),
                };
                Ok(found.ok_or_else(|| no_roster(shop, &which))?)
            })
        });
        read.await
    }

    /// What is known of the rosters before one (0 = the latest), newest first, at most so many.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND.
    pub(crate) async fn editions(
        &self,
        shop: ShopId,
        (before, limit): (i64, u64),
    ) -> Result<Vec<Edition>, Problem> {
        let read = self.store.reading(shop, move |tenant| {
            Box::pin(async move {
                tenant.shop().await?;
                tenant.editions_before(before, limit).await
            })
        });
        read.await
    }
}

/// The shop has another zone from now on: its roster goes on in that one as a new version, and what was worked until
/// now stays what it was.
pub(crate) async fn follow_zone(change: &mut Change<'_>, shop: &Shop) -> Result<(), Fault> {
    let tenant = change.tenant(shop.id);
    let Some(old) = tenant.roster_in_force().await? else { return Ok(()) };
    if old.edition.zone == shop.zone {
        return Ok(());
    }
    let edition = Edition {
        version: tenant.next_roster_version().await?,
        published: change.now(),
        by: change.author(),
        note: format!("the shop moved to {}", shop.zone.name()),
        zone: shop.zone,
    };
    enact(change, shop.id, &Published { edition, plan: old.plan }).await
}

/// Stores a roster as the one in force, and tells everybody whose duty it changes.
async fn enact(change: &mut Change<'_>, shop: ShopId, published: &Published) -> Result<(), Fault> {
    change.insert_roster(shop, published).await?;
    retell_all(change, shop, published).await?;
    let noted = record::edition(&published.edition);
    change.audit(Some(shop), "roster.published", shop, (None, Some(noted))).await
}

/// The shop and its draft, when it is the one that was read and names nobody who has left.
async fn to_publish(
    tenant: &Tenant<'_, DatabaseTransaction>,
    etag: &str,
) -> Result<(Shop, Stored<Draft>), Fault> {
    let shop = tenant.shop().await?.value;
    let draft = tenant.draft().await?.ok_or_else(|| no_roster(shop.id, "draft"))?;
    expect_etag(&draft.etag(), etag)?;
    expect_members(tenant, &draft.value.plan).await?;
    Ok((shop, draft))
}

/// What a new roster changes from the moment it is published on, and whether that is more than is listed.
async fn difference(
    tenant: &Tenant<'_, impl ConnectionTrait>,
    new: &Published,
) -> Result<(Vec<roster::Change>, bool), Fault> {
    let now = new.edition.published;
    let range = (now, now + DIFFERENCE_AHEAD);
    let exceptions = tenant.exceptions_in_force(range.0, range.1).await?;
    let staff = Staff::of(tenant).await?;
    let worked = |zone, plan: &Plan| {
        let mut duty = resolve(zone, plan, &exceptions, range.0, range.1)?;
        without_leavers(&mut duty, &staff, now);
        Ok::<_, Problem>(duty.windows)
    };
    let before = match tenant.roster_in_force().await? {
        Some(old) => worked(old.edition.zone, &old.plan)?,
        None => Vec::new(),
    };
    let mut changes = diff(&before, &worked(new.edition.zone, &new.plan)?);
    let more = changes.len() > MAX_CHANGES;
    changes.truncate(MAX_CHANGES);
    Ok((changes, more))
}
