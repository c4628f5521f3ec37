//! A shop and what may be changed about it.

use fenliu_domain::day::{ClockTime, Window, Zone};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::Problem;
use fenliu_domain::time::Timestamp;

use crate::account::{Account, PasswordHash};

/// The zone of a shop that names none.
pub(crate) const DEFAULT_ZONE: &str = "Asia/Shanghai";
/// When service starts in a shop that does not say.
pub(crate) const DEFAULT_SERVICE_START: &str = "08:00";
/// When service ends in a shop that does not say.
pub(crate) const DEFAULT_SERVICE_END: &str = "23:00";

/// A merchant's store, the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shop {
    pub(crate) id: ShopId,
    pub(crate) display_name: String,
    pub(crate) zone: Zone,
    /// The service window; it starts before it ends, within one local day.
    pub(crate) hours: Window,
    pub(crate) main_account: AgentId,
    pub(crate) created: Timestamp,
}

/// What somebody who opens a shop decides.
#[derive(Clone, Debug)]
pub(crate) struct NewShop {
    pub(crate) display_name: String,
    pub(crate) zone: Zone,
    pub(crate) hours: Window,
    pub(crate) main_login_name: LoginName,
    pub(crate) main_password: Option<PasswordHash>,
}

/// New values for some of a shop's fields; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShopChange {
    pub(crate) display_name: Option<String>,
    pub(crate) zone: Option<Zone>,
    pub(crate) service_start: Option<ClockTime>,
    pub(crate) service_end: Option<ClockTime>,
}

impl Shop {
    /// The service window from `start` to `end`, or what was expected of `end`.
    pub(crate) fn hours(start: ClockTime, end: ClockTime) -> Result<Window, String> {
        let too_early = || format!("must be later than service_start, {start}; {end} is not");
        Window::new(start, end).filter(|_| start < end).ok_or_else(too_early)
    }

    /// The shop with these changes.
    ///
    /// # Errors
    /// INVALID_REQUEST when service would end before it starts; with one end changed and the other kept, this
    /// shows only here.
    pub(crate) fn changed(self, change: ShopChange) -> Result<Self, Problem> {
        let start = change.service_start.unwrap_or(self.hours.start());
        let end = change.service_end.unwrap_or(self.hours.end());
        let blamed = if change.service_end.is_some() { "shop.service_end" } else { "shop.service_start" };
        let hours = Self::hours(start, end).map_err(|_| {
            Problem::field(blamed, format!("must leave service_start, {start}, before service_end, {end}"))
        })?;
        Ok(Self {
            display_name: change.display_name.unwrap_or(self.display_name),
            zone: change.zone.unwrap_or(self.zone),
            hours,
            ..self
        })
    }
}

impl NewShop {
    /// The shop and its main account.
    pub(crate) fn open(self, id: ShopId, main_account: AgentId, now: Timestamp) -> (Shop, Account) {
        let Self { display_name, zone, hours, main_login_name, main_password } = self;
        let main = Account::main(main_account, id, &main_login_name, main_password, now);
        (Shop { id, display_name, zone, hours, main_account, created: now }, main)
    }
}
