//! Who is on duty when: answers, never stored, always from the rosters that were in force.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use fenliu_domain::day::{Day, Window, Zone};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::problem::Problem;
use fenliu_domain::roster::{
    Coverage, Duty, DutyWindow, EveryoneOnBreak, Exception, Plan, Reign, coverage, on_duty, resolve_reigns,
};
use fenliu_domain::time::Timestamp;
use sea_orm::ConnectionTrait;

use super::sheet::sheet;
use super::telling::concerning;
use super::{DAY, MAX_DAYS, Planning, Published, no_roster};
use crate::shop::Shop;
use crate::storage::{BindingFilter, Fault, Tenant};

/// Most windows that are listed.
const MAX_LISTED: usize = 20_000;
/// Most agents that the break risks of one answer name together; risks after that name nobody.
const MAX_RESTING_NAMED: usize = 20_000;
/// More than any shop may have.
pub(super) const EVERYBODY: u64 = 1_000_001;

/// A stretch of time that is asked about, from the first moment to the first after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// Local days that are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Days(RangeInclusive<Day>);

/// What is missing, and who rests where nobody is left.
pub(crate) struct Covered {
    pub(crate) coverage: Coverage,
    /// Who is on duty in each of the coverage's stretches in which everyone is on break.
    pub(crate) resting: Vec<Vec<AgentId>>,
}

/// Those who work for a shop and may.
pub(super) struct Staff(BTreeSet<AgentId>);

/// Everything an answer follows from.
struct Basis {
    shop: Shop,
    reigns: Vec<Published>,
    draft: Option<Plan>,
    exceptions: Vec<Exception>,
    staff: Staff,
    now: Timestamp,
}

impl Range {
    /// # Errors
    /// INVALID_REQUEST when it ends before it starts, or is longer than [`MAX_DAYS`].
    pub(crate) fn new(from: Timestamp, to: Timestamp) -> Result<Self, Problem> {
        let longest = fenliu_domain::time::Span::from_micros(DAY.micros() * i64::from(MAX_DAYS));
        if from >= to || to.since(from) > longest {
            let expected = format!("must be later than start_time, by at most {MAX_DAYS} days");
            return Err(Problem::field("end_time", expected));
        }
        Ok(Self { from, to })
    }
}

impl Days {
    /// # Errors
    /// INVALID_REQUEST when the last comes before the first, or they are more than [`MAX_DAYS`].
    pub(crate) fn new(first: Day, last: Day) -> Result<Self, Problem> {
        if !(0..i64::from(MAX_DAYS)).contains(&first.days_until(last)) {
            let expected = format!("must be first_day or later, and {MAX_DAYS} days in all at most");
            return Err(Problem::field("last_day", expected));
        }
        Ok(Self(first..=last))
    }

    /// One after the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = Day> {
        let (first, last) = (*self.0.start(), *self.0.end());
        let length = u32::try_from(first.days_until(last) + 1).unwrap_or(0);
        (0..length).map(move |offset| first.plus(offset))
    }

    pub(super) fn contain(&self, day: Day) -> bool {
        self.0.contains(&day)
    }

    /// From the beginning of the first to so many days after the end of the last.
    fn range(&self, zone: Zone, more: u32) -> Range {
        Range { from: zone.start_of(*self.0.start()), to: zone.start_of(self.0.end().plus(1 + more)) }
    }
}

impl Planning {
    /// Who is on duty when, earliest first; `draft` = as the draft would have it from now on.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; ROSTER_NOT_FOUND when there is no draft; INVALID_REQUEST when it is more than is listed.
    pub(crate) async fn duty(
        &self,
        shop: ShopId,
        range: Range,
        (agent, draft): (Option<AgentId>, bool),
    ) -> Result<Vec<DutyWindow>, Problem> {
        let mut basis = self.basis(shop, draft, move |_| range).await?;
        if let Some(agent) = agent {
            basis.narrow(agent);
        }
        let mut windows = basis.worked(range)?.windows;
        windows.retain(|window| agent.is_none_or(|agent| agent == window.agent));
        if windows.len() > MAX_LISTED {
            let expected =
                format!("must be so near to start_time that at most {MAX_LISTED} windows lie between");
            return Err(Problem::field("end_time", expected));
        }
        Ok(windows)
    }

    /// What is missing on these days.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; ROSTER_NOT_FOUND when there is none, or no draft.
    pub(crate) async fn coverage(&self, shop: ShopId, days: Days, draft: bool) -> Result<Covered, Problem> {
        let asked = days.clone();
        let basis = self.basis(shop, draft, move |zone| asked.range(zone, 0)).await?;
        let plan = basis.plan()?;
        let duty = basis.worked(days.range(basis.shop.zone, 0))?;
        let hours: Window = basis.shop.hours;
        let coverage = coverage(basis.shop.zone, hours, plan.min_on_duty, &duty, &days.0)?;
        let resting = resting(&coverage.everyone_on_break, &duty);
        Ok(Covered { coverage, resting })
    }

    /// The spreadsheet of what is worked on these days.
    ///
    /// # Errors
    /// SHOP_NOT_FOUND; ROSTER_NOT_FOUND when there is none; INVALID_REQUEST when it would be too large.
    pub(crate) async fn export(&self, shop: ShopId, days: Days) -> Result<String, Problem> {
        // A shift of the last day may run on, over a date that the zone skips even.
        const BEYOND: u32 = 2;
        let asked = days.clone();
        let basis = self.basis(shop, false, move |zone| asked.range(zone, BEYOND)).await?;
        let plan = basis.plan()?;
        let duty = basis.worked(days.range(basis.shop.zone, BEYOND))?;
        let everybody = self.store.tenant(shop).list_members(&BindingFilter::default(), 0, EVERYBODY).await;
        let everybody = everybody.map_err(Fault::into_problem)?;
        sheet(basis.shop.zone, plan, &duty, &days, &everybody)
    }

    async fn basis(
        &self,
        shop: ShopId,
        draft: bool,
        range: impl FnOnce(Zone) -> Range + Send + 'static,
    ) -> Result<Basis, Problem> {
        let now = self.store.now();
        let read = self.store.reading(shop, move |tenant| {
            Box::pin(async move {
                let shop = tenant.shop().await?.value;
                let draft = match draft {
                    true => {
                        Some(tenant.draft().await?.ok_or_else(|| no_roster(shop.id, "draft"))?.value.plan)
                    }
                    false => None,
                };
                let Range { from, to } = range(shop.zone);
                let reigns = tenant.reigns(from, to).await?;
                let exceptions = tenant.exceptions_in_force(from, to).await?;
                let staff = Staff::of(&tenant).await?;
                Ok::<_, Fault>(Basis { shop, reigns, draft, exceptions, staff, now })
            })
        });
        read.await
    }
}

impl Basis {
    /// The draft when it is asked about, or else the latest roster that the range touches.
    fn plan(&self) -> Result<&Plan, Problem> {
        let latest = self.reigns.last().map(|published| &published.plan);
        self.draft.as_ref().or(latest).ok_or_else(|| no_roster(self.shop.id, "roster in force"))
    }

    fn narrow(&mut self, agent: AgentId) {
        let agents = BTreeSet::from([agent]);
        for published in &mut self.reigns {
            published.plan = concerning(&published.plan, &self.exceptions, &agents);
        }
        self.draft = self.draft.take().map(|plan| concerning(&plan, &self.exceptions, &agents));
    }

    fn worked(&self, range: Range) -> Result<Duty, Problem> {
        let published = self.reigns.iter().map(|published| Reign {
            zone: published.edition.zone,
            plan: &published.plan,
            from: published.edition.published,
            until: None,
        });
        let draft =
            self.draft.iter().map(|plan| Reign { zone: self.shop.zone, plan, from: self.now, until: None });
        let reigns: Vec<_> = published.chain(draft).collect();
        let mut duty = resolve_reigns(&reigns, &self.exceptions, range.from, range.to)?;
        without_leavers(&mut duty, &self.staff, self.now);
        Ok(duty)
    }
}

impl Staff {
    pub(super) async fn of(tenant: &Tenant<'_, impl ConnectionTrait>) -> Result<Self, Fault> {
        let members = tenant.list_members(&BindingFilter::default(), 0, EVERYBODY).await?;
        let working = members.iter().filter(|member| member.works());
        Ok(Self(working.map(|member| member.binding.value.agent).collect()))
    }
}

/// Whoever has left, or is disabled, does not work from now on, whatever a roster says. What they worked stays.
pub(super) fn without_leavers(duty: &mut Duty, staff: &Staff, now: Timestamp) {
    let cut = |agent: AgentId, start: Timestamp, end: &mut Timestamp| {
        if !staff.0.contains(&agent) {
            *end = now.min(*end);
        }
        start < *end
    };
    duty.windows.retain_mut(|window| cut(window.agent, window.start, &mut window.end));
    duty.breaks.retain_mut(|rest| cut(rest.agent, rest.start, &mut rest.end));
}

fn resting(risks: &[EveryoneOnBreak], duty: &Duty) -> Vec<Vec<AgentId>> {
    let duties = on_duty(&duty.windows);
    let mut room = MAX_RESTING_NAMED;
    let named = risks.iter().map(|risk| {
        let there = duties.iter().filter(|(_, stretches)| {
            let next = stretches.partition_point(|stretch| stretch.end <= risk.start);
            stretches.get(next).is_some_and(|stretch| stretch.start < risk.end)
        });
        let named: Vec<_> = there.map(|(agent, _)| *agent).take(room).collect();
        room -= named.len();
        named
    });
    named.collect()
}
