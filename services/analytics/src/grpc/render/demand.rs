//! Demand as it is answered.

use fenliu_domain::day::ClockTime;
use fenliu_domain::demand::{DayProfile, Peak, peaks as find_peaks};
use fenliu_domain::pack::WHOLE;
use fenliu_proto::analytics::v1 as proto;

use crate::demand::Demand;
use crate::grpc::parse::{DemandQuestion, PeakQuestion};
use crate::storage::Folded;

/// Monday to Sunday, as the domain counts them.
const WEEKDAYS: [proto::Weekday; 7] = [
    proto::Weekday::Monday,
    proto::Weekday::Tuesday,
    proto::Weekday::Wednesday,
    proto::Weekday::Thursday,
    proto::Weekday::Friday,
    proto::Weekday::Saturday,
    proto::Weekday::Sunday,
];

/// Minutes of a half hour.
const HALF_HOUR: u16 = 30;

pub(in crate::grpc) fn hourly_profile(
    question: &DemandQuestion,
    folded: &Folded<Demand>,
) -> proto::GetHourlyProfileResponse {
    let Folded { fold: demand, position, zone } = folded;
    let (start_date, end_date) = dates(demand);
    proto::GetHourlyProfileResponse {
        weekdays: WEEKDAYS.into_iter().zip(&demand.week.days).map(weekday).collect(),
        total: demand.total,
        inside_service_basis_points: demand.inside_basis_points,
        start_date,
        end_date,
        service_start: question.service.start().to_string(),
        service_end: question.service.end().to_string(),
        position: *position,
        time_zone: zone.name().to_owned(),
    }
}

fn weekday((weekday, profile): (proto::Weekday, &DayProfile)) -> proto::WeekdayProfile {
    let half_hour = |(half_hour, count): (usize, u64)| proto::HalfHour {
        start: clock(half_hour),
        count,
        mean: profile.mean(half_hour),
    };
    proto::WeekdayProfile {
        weekday: weekday.into(),
        days: profile.days,
        total: profile.total(),
        half_hours: profile.counts.into_iter().enumerate().map(half_hour).collect(),
    }
}

pub(in crate::grpc) fn peaks(question: &PeakQuestion, folded: &Folded<Demand>) -> proto::GetPeaksResponse {
    let Folded { fold: demand, position, zone } = folded;
    let (start_date, end_date) = dates(demand);
    let any_day = demand.week.any_day();
    let weekdays = WEEKDAYS.into_iter().zip(&demand.week.days);
    let kinds = weekdays.chain([(proto::Weekday::Unspecified, &any_day)]);
    proto::GetPeaksResponse {
        days: kinds.map(|(weekday, profile)| day_peaks(question, weekday, profile)).collect(),
        start_date,
        end_date,
        service_start: question.demand.service.start().to_string(),
        service_end: question.demand.service.end().to_string(),
        factor_permille: question.factor_permille,
        position: *position,
        time_zone: zone.name().to_owned(),
    }
}

fn day_peaks(question: &PeakQuestion, weekday: proto::Weekday, profile: &DayProfile) -> proto::DayPeaks {
    let found = find_peaks(profile, question.demand.service, question.factor_permille);
    proto::DayPeaks {
        weekday: weekday.into(),
        days: profile.days,
        total: profile.total(),
        peaks: found.iter().map(|found| peak(found, profile)).collect(),
    }
}

fn peak(peak: &Peak, profile: &DayProfile) -> proto::Peak {
    let share = (u128::from(peak.count) * u128::from(WHOLE)).checked_div(profile.total().into());
    proto::Peak {
        start: clock(peak.first),
        end: clock(peak.end),
        count: peak.count,
        mean: mean(peak.count, profile.days),
        factor: peak.factor,
        share_basis_points: share.and_then(|share| u32::try_from(share).ok()).unwrap_or(0),
    }
}

/// Units of one day; there is one, or else there is no peak.
#[expect(clippy::cast_precision_loss, reason = "counts of conversations are far below 2^53")]
fn mean(count: u64, days: u32) -> f64 {
    count as f64 / f64::from(days.max(1))
}

/// The first and the last day, empty when there is none.
fn dates(demand: &Demand) -> (String, String) {
    let days = demand.days.as_ref();
    days.map(|days| (days.start().to_string(), days.end().to_string())).unwrap_or_default()
}

/// When a half hour of the clock begins; of the one after the last, 24:00.
fn clock(half_hour: usize) -> String {
    let minutes = u16::try_from(half_hour).ok().and_then(|number| number.checked_mul(HALF_HOUR));
    minutes.and_then(ClockTime::from_minutes).unwrap_or(ClockTime::DAY_END).to_string()
}
