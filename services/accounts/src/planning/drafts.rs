//! Drafts: what a supervisor works on, by hand or with a spreadsheet.

use std::collections::BTreeMap;

use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Violation};
use fenliu_domain::roster::{Cell, CellError, Grid, Plan, Template};
use prost::Message;
use sea_orm::DatabaseTransaction;

use super::questions::EVERYBODY;
use super::{Draft, Planning, expect_members, invalid_roster, no_roster, record, wire};
use crate::call::Call;
use crate::registry::expect_etag;
use crate::storage::{BindingFilter, Change, Fault, Stored, Tenant};

/// A draft after it was replaced.
pub(crate) struct ChangedDraft {
    pub(crate) draft: Stored<Draft>,
    pub(crate) request_id: String,
}

/// A draft after a spreadsheet was read into it.
pub(crate) struct Imported {
    pub(crate) draft: Stored<Draft>,
    /// Cells that say something, the `off` ones included.
    pub(crate) days: usize,
    /// Agents who are named.
    pub(crate) agents: usize,
    pub(crate) request_id: String,
}

impl Planning {
    /// Replaces the draft, or parts of it; what stays is that of the draft, or of the roster in force when there is no
    /// draft.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ROSTER_INVALID, ETAG_MISMATCH, and what [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn change_draft<M>(
        &self,
        call: Call,
        (shop_id, etag): (ShopId, String),
        edit: wire::Edit,
        answer: fn(ChangedDraft) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                change.tenant(shop_id).shop().await?;
                let old = expect_draft(&change, shop_id, &etag).await?;
                let base = base(&change.tenant(shop_id), old.as_ref()).await?;
                let plan = edit.applied(&base).map_err(invalid_roster)?;
                expect_members(&change.tenant(shop_id), &plan).await?;
                let draft = put(&mut change, old, Draft { shop: shop_id, plan }, "roster.drafted").await?;
                Ok(answer(ChangedDraft { draft, request_id }))
            })
        });
        work.await
    }

    /// Reads a spreadsheet into the draft, or into a copy of the roster in force when there is no draft: what it says
    /// of its agents on its days replaces what stood there.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND, ROSTER_INVALID naming every bad cell, ETAG_MISMATCH, and what
    /// [`Store::once`](crate::storage::Store::once) refuses.
    pub(crate) async fn import<M>(
        &self,
        call: Call,
        (shop_id, etag): (ShopId, String),
        (csv, templates): (String, Vec<Template>),
        answer: fn(Imported) -> M,
    ) -> Result<M, Problem>
    where
        M: Message + Default + 'static,
    {
        let grid = Grid::parse(&csv).map_err(bad_cells)?;
        let days =
            grid.rows.iter().flat_map(|row| &row.cells).filter(|cell| **cell != Cell::AsRotation).count();
        let request_id = call.request_id.clone();
        let work = self.store.once(call, move |mut change| {
            Box::pin(async move {
                let tenant = change.tenant(shop_id);
                tenant.shop().await?;
                let old = expect_draft(&change, shop_id, &etag).await?;
                let plan = base(&tenant, old.as_ref()).await?;
                let plan = filled(&tenant, with_templates(plan, templates), &grid).await?;
                let draft = put(&mut change, old, Draft { shop: shop_id, plan }, "roster.imported").await?;
                Ok(answer(Imported { draft, days, agents: grid.rows.len(), request_id }))
            })
        });
        work.await
    }
}

impl Planning {
    /// The draft.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; ROSTER_NOT_FOUND when there is none.
    pub(crate) async fn read_draft(&self, shop: ShopId) -> Result<Stored<Draft>, Problem> {
        let read = self.store.reading(shop, move |tenant| {
            Box::pin(async move {
                tenant.shop().await?;
                Ok(tenant.draft().await?.ok_or_else(|| no_roster(shop, "draft"))?)
            })
        });
        read.await
    }
}

/// The draft there is, when it is the one that was read. An empty etag fits whatever is there.
///
/// # Errors
/// ETAG_MISMATCH.
async fn expect_draft(change: &Change<'_>, shop: ShopId, etag: &str) -> Result<Option<Stored<Draft>>, Fault> {
    let draft = change.tenant(shop).draft().await?;
    let nothing = Stored { value: (), number: 0, version: 0 };
    let current = draft.as_ref().map_or_else(|| nothing.etag(), Stored::etag);
    expect_etag(&current, etag)?;
    Ok(draft)
}

/// What an edit begins with: the draft, or else the roster in force.
async fn base(
    tenant: &Tenant<'_, DatabaseTransaction>,
    draft: Option<&Stored<Draft>>,
) -> Result<Plan, Fault> {
    match draft {
        Some(draft) => Ok(draft.value.plan.clone()),
        None => Ok(tenant.roster_in_force().await?.map(|roster| roster.plan).unwrap_or_default()),
    }
}

async fn put(
    change: &mut Change<'_>,
    old: Option<Stored<Draft>>,
    draft: Draft,
    action: &'static str,
) -> Result<Stored<Draft>, Fault> {
    let draft = change.put_draft(draft).await?;
    let shop = draft.value.shop;
    let noted = (old.map(|old| record::plan(&old.value.plan)), Some(record::plan(&draft.value.plan)));
    change.audit(Some(shop), action, shop, noted).await?;
    Ok(draft)
}

/// The plan with these templates: those of new names added, the others replaced.
fn with_templates(mut plan: Plan, templates: Vec<Template>) -> Plan {
    for template in templates {
        match plan.templates.iter_mut().find(|known| known.name == template.name) {
            Some(known) => *known = template,
            None => plan.templates.push(template),
        }
    }
    plan
}

/// The plan with what the grid says.
async fn filled(tenant: &Tenant<'_, DatabaseTransaction>, plan: Plan, grid: &Grid) -> Result<Plan, Fault> {
    let names = agents_by_key(tenant).await?;
    let plan = grid.apply(&plan, |name| names.get(name.key()).copied()).map_err(bad_cells)?;
    plan.validate().map_err(|problem| invalid_roster(wire::in_roster(problem.violations)))?;
    Ok(plan)
}

/// The shop's members by the keys of their login names.
async fn agents_by_key(tenant: &Tenant<'_, DatabaseTransaction>) -> Result<BTreeMap<String, AgentId>, Fault> {
    let members = tenant.list_members(&BindingFilter::default(), 0, EVERYBODY).await?;
    let named = members.into_iter().filter_map(|member| {
        let name = LoginName::parse(&member.account.login_name).ok()?;
        Some((name.key().to_owned(), member.account.id))
    });
    Ok(named.collect())
}

fn bad_cells(errors: Vec<CellError>) -> Problem {
    let violations = errors.into_iter().map(|error| Violation {
        field: format!("csv:{}:{}", error.line, error.column),
        expected: error.expected,
    });
    invalid_roster(violations.collect())
}
