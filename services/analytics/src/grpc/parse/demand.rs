//! What is asked of demand.

use fenliu_domain::day::{ClockTime, DayRange, Window};
use fenliu_domain::demand::PEAK_PERMILLE;
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Violation};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::id;

use super::day_range;

/// Start of service hours when the caller does not say.
const SERVICE_START: &str = "08:00";
/// End of service hours when the caller does not say.
const SERVICE_END: &str = "23:00";

/// Of which shop demand is asked for, over which days, and with which service hours.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct DemandQuestion {
    pub(in crate::grpc) shop: ShopId,
    pub(in crate::grpc) range: DayRange,
    pub(in crate::grpc) service: Window,
}

/// The same, and what makes a peak.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct PeakQuestion {
    pub(in crate::grpc) demand: DemandQuestion,
    /// How many times the mean half hour, in thousandths.
    pub(in crate::grpc) factor_permille: u32,
}

impl DemandQuestion {
    pub(in crate::grpc) fn of_profile(request: &proto::GetHourlyProfileRequest) -> Result<Self, Problem> {
        let proto::GetHourlyProfileRequest { shop_id, start_date, end_date, service_start, service_end } =
            request;
        Self::new(shop_id, (start_date, end_date), (service_start, service_end))
    }

    /// Names every field that is wrong, of the days and of the hours alike.
    fn new(shop: &str, (first, last): (&str, &str), (start, end): (&str, &str)) -> Result<Self, Problem> {
        let shop = id(shop, "shop_id")?;
        match (day_range(first, last), service_hours(start, end)) {
            (Ok(range), Ok(service)) => Ok(Self { shop, range, service }),
            (range, service) => {
                let problems = [range.err(), service.err()].into_iter().flatten();
                Err(Problem::invalid(problems.flat_map(|problem| problem.violations).collect()))
            }
        }
    }
}

impl PeakQuestion {
    pub(in crate::grpc) fn of(request: &proto::GetPeaksRequest) -> Result<Self, Problem> {
        let days = (request.start_date.as_str(), request.end_date.as_str());
        let hours = (request.service_start.as_str(), request.service_end.as_str());
        let demand = DemandQuestion::new(&request.shop_id, days, hours)?;
        Ok(Self { demand, factor_permille: request.factor_permille.unwrap_or(PEAK_PERMILLE) })
    }
}

fn service_hours(start: &str, end: &str) -> Result<Window, Problem> {
    let mut violations = Vec::new();
    let mut clock = |text: &str, unsaid: &str, field: &str| {
        let said = if text.is_empty() { unsaid } else { text };
        let wrong = |expected: String| Violation { field: field.into(), expected };
        said.parse::<ClockTime>().map_err(|malformed| violations.push(wrong(malformed.to_string()))).ok()
    };
    let start = clock(start, SERVICE_START, "service_start");
    let end = clock(end, SERVICE_END, "service_end");
    let Some((start, end)) = start.zip(end) else { return Err(Problem::invalid(violations)) };
    Window::new(start, end).ok_or_else(|| match start {
        ClockTime::DAY_END => Problem::field("service_start", "must be before 24:00"),
        start => Problem::field("service_end", format!("must be another time than service_start, {start}")),
    })
}
