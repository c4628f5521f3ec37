//! Demand as people and programs read it.

use std::fmt;

use fenliu_proto::accounts::v1::Shop;
use fenliu_proto::analytics::v1::{
    DayPeaks, GetHourlyProfileResponse, GetPeaksResponse, Weekday, WeekdayProfile,
};
use serde::Serialize;

use super::heat::{HeatMap, Row};
use crate::table::Table;
use crate::words::{Lang, Words, fill};

/// The demand of one shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sheet {
    /// The shop.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// The IANA zone of the days and half hours.
    pub time_zone: String,
    /// The first day that was counted; `null` when there is none.
    pub first_day: Option<String>,
    /// The last.
    pub last_day: Option<String>,
    /// Start of service hours.
    pub service_start: String,
    /// End of service hours.
    pub service_end: String,
    /// Conversations that began.
    pub conversations: u64,
    /// Of them, the share in service hours, in percent; `null` without conversations.
    pub inside_service: Option<f64>,
    /// How many times the mean half hour of service hours made a peak.
    pub peak_factor: f64,
    /// The peaks of each weekday and then of any day.
    pub peaks: Vec<PeakLine>,
    /// Monday to Sunday.
    pub weekdays: Vec<WeekdayLine>,
    /// Position in the history up to which it was seen.
    pub position: i64,
}

/// One peak.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeakLine {
    /// The weekday, or any.
    pub day: &'static str,
    /// The same, in no language.
    #[serde(skip)]
    pub weekday: Weekday,
    /// When it begins, by the shop's clock.
    pub from: String,
    /// When it has ended.
    pub to: String,
    /// Conversations to expect in it on one such day.
    pub mean: f64,
    /// How many times the mean half hour of service hours.
    pub factor: f64,
    /// Its share of the whole day's conversations, in percent.
    pub share: f64,
}

/// The usual day of one weekday.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeekdayLine {
    /// The weekday.
    pub day: &'static str,
    /// The same, in no language.
    #[serde(skip)]
    pub weekday: Weekday,
    /// How many such days were counted.
    pub days: u32,
    /// Conversations of all of them.
    pub conversations: u64,
    /// The half hours of the clock, from 00:00 on.
    pub half_hours: Vec<HalfHourLine>,
}

/// One half hour of the clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HalfHourLine {
    /// When it begins.
    pub from: String,
    /// Conversations that began in it, on all such days together.
    pub conversations: u64,
    /// Conversations to expect in it on one such day; `null` without such a day.
    pub mean: Option<f64>,
}

impl Sheet {
    /// Puts together what analytics says.
    #[must_use]
    pub fn new(shop: Shop, profile: GetHourlyProfileResponse, peaks: GetPeaksResponse) -> Self {
        let known = |day: String| (!day.is_empty()).then_some(day);
        Self {
            shop_id: shop.shop_id,
            display_name: shop.display_name,
            time_zone: profile.time_zone,
            first_day: known(profile.start_date),
            last_day: known(profile.end_date),
            service_start: profile.service_start,
            service_end: profile.service_end,
            conversations: profile.total,
            inside_service: profile.inside_service_basis_points.map(percent_of),
            peak_factor: f64::from(peaks.factor_permille) / 1_000.0,
            peaks: peaks.days.into_iter().flat_map(PeakLine::of).collect(),
            weekdays: profile.weekdays.into_iter().map(WeekdayLine::of).collect(),
            position: profile.position,
        }
    }

    /// The week as a heat map.
    pub(crate) fn heat_map(&self, words: &Words) -> HeatMap {
        let row = |weekday: &WeekdayLine| Row {
            name: words.weekday(weekday.weekday),
            means: weekday.half_hours.iter().filter_map(|half_hour| half_hour.mean).collect(),
        };
        HeatMap { rows: self.weekdays.iter().map(row).collect() }
    }
}

impl PeakLine {
    fn of(day: DayPeaks) -> Vec<Self> {
        let weekday = day.weekday();
        let line = |peak: fenliu_proto::analytics::v1::Peak| Self {
            day: Lang::En.words().weekday(weekday),
            weekday,
            from: peak.start,
            to: peak.end,
            mean: peak.mean,
            factor: peak.factor,
            share: percent_of(peak.share_basis_points),
        };
        day.peaks.into_iter().map(line).collect()
    }
}

impl WeekdayLine {
    fn of(profile: WeekdayProfile) -> Self {
        let weekday = profile.weekday();
        let day = Lang::En.words().weekday(weekday);
        let half_hours = profile.half_hours.into_iter().map(|half_hour| HalfHourLine {
            from: half_hour.start,
            conversations: half_hour.count,
            mean: half_hour.mean,
        });
        Self {
            day,
            weekday,
            days: profile.days,
            conversations: profile.total,
            half_hours: half_hours.collect(),
        }
    }
}

fn percent_of(basis_points: u32) -> f64 {
    f64::from(basis_points) / 100.0
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Lang::En.words()))
    }
}

impl Sheet {
    /// The demand in words.
    pub(crate) fn told(&self, words: &Words) -> String {
        let shop: [(&str, &dyn fmt::Display); 3] =
            [("name", &self.display_name), ("id", &self.shop_id), ("zone", &self.time_zone)];
        let mut text = fill(words.head.shop_line, &shop) + "\n";
        self.counted(words).iter().for_each(|line| text.extend([line, "\n"]));
        if self.inside_service.is_none() {
            return text;
        }
        text.push('\n');
        if self.peaks.is_empty() {
            text.extend([words.demand.no_peaks, "\n"]);
        } else {
            let factor = format!("{:.2}", self.peak_factor);
            let note = fill(words.demand.peaks_note, &[("factor", &factor)]);
            text.push_str(&format!(
                "{}{}{note}\n{}",
                words.demand.peaks,
                words.head.colon,
                peak_table(&self.peaks, words)
            ));
        }
        text.push_str(&format!("\n{}\n{}", words.demand.week_note, self.heat_map(words).told(words)));
        text
    }

    /// How many conversations there are, and how many of them in service hours, a line each.
    pub(crate) fn counted(&self, words: &Words) -> Vec<String> {
        let (Some(first), Some(last)) = (&self.first_day, &self.last_day) else {
            return vec![words.demand.unknown.to_owned()];
        };
        let days: [(&str, &dyn fmt::Display); 3] =
            [("count", &self.conversations), ("from", first), ("to", last)];
        let Some(inside) = self.inside_service else { return vec![fill(words.demand.none, &days)] };
        let share = format!("{inside:.2} %");
        let hours: [(&str, &dyn fmt::Display); 3] =
            [("share", &share), ("start", &self.service_start), ("end", &self.service_end)];
        vec![fill(words.demand.counted, &days), fill(words.demand.inside_service, &hours)]
    }
}

fn peak_table(peaks: &[PeakLine], words: &Words) -> Table {
    let (demand, right) = (&words.demand, |title: &str| format!(">{title}"));
    let mut table = Table::new(&[
        demand.weekday,
        demand.from,
        demand.to,
        &right(demand.a_day),
        &right(demand.times_the_mean),
        &right(demand.share_of_day),
    ]);
    for peak in peaks {
        table.row([
            words.weekday(peak.weekday).to_owned(),
            peak.from.clone(),
            peak.to.clone(),
            format!("{:.1}", peak.mean),
            format!("{:.2}", peak.factor),
            format!("{:.2} %", peak.share),
        ]);
    }
    table
}

#[cfg(test)]
pub(crate) mod tests {
    use fenliu_proto::analytics::v1::{HalfHour, Peak};

    use super::*;

    fn shop() -> Shop {
        Shop { shop_id: "shp_1".into(), display_name: "云雾茶铺".into(), ..Shop::default() }
    }

    /// Two Sundays with 2 conversations in each half hour from 08:00 to 23:00, and 12 in that at 20:00.
    fn profile() -> GetHourlyProfileResponse {
        let half_hour = |at: u64, days: u32| {
            let busy = if at == 40 { 12 } else { 2 };
            let count = if days > 0 && (16..46).contains(&at) { busy } else { 0 };
            HalfHour {
                start: format!("{:02}:{:02}", at / 2, at % 2 * 30),
                count,
                mean: (days > 0).then(|| count as f64 / f64::from(days)),
            }
        };
        let weekday = |number: i32| {
            let days = if number == 7 { 2 } else { 0 };
            let half_hours: Vec<_> = (0..48).map(|at| half_hour(at, days)).collect();
            let total = half_hours.iter().map(|half_hour| half_hour.count).sum();
            WeekdayProfile { weekday: number, days, total, half_hours }
        };
        GetHourlyProfileResponse {
            weekdays: (1..=7).map(weekday).collect(),
            total: 70,
            inside_service_basis_points: Some(10_000),
            start_date: "2026-05-03".into(),
            end_date: "2026-05-10".into(),
            service_start: "08:00".into(),
            service_end: "23:00".into(),
            time_zone: "Asia/Shanghai".into(),
            position: 9,
        }
    }

    fn peaks() -> GetPeaksResponse {
        let peak = Peak {
            start: "20:00".into(),
            end: "20:30".into(),
            count: 12,
            mean: 6.0,
            factor: 36.0 / 7.0,
            share_basis_points: 1_714,
        };
        let day = |weekday: Weekday| DayPeaks {
            weekday: weekday.into(),
            days: 2,
            total: 70,
            peaks: vec![peak.clone()],
        };
        GetPeaksResponse {
            days: vec![day(Weekday::Sunday), day(Weekday::Unspecified)],
            factor_permille: 1_500,
            ..GetPeaksResponse::default()
        }
    }

    /// The demand of those Sundays.
    pub(crate) fn sheet() -> Sheet {
        Sheet::new(shop(), profile(), peaks())
    }

    #[test]
    fn people_read_the_peaks_and_the_shape_of_the_week() {
        insta::assert_snapshot!(Sheet::new(shop(), profile(), peaks()).to_string());
    }

    #[test]
    fn programs_read_every_half_hour_of_the_week() {
        let sheet = serde_json::to_value(Sheet::new(shop(), profile(), peaks())).expect("JSON");
        let half_hours = sheet["weekdays"].as_array().expect("weekdays").iter();
        let lengths: Vec<_> = half_hours.map(|day| day["half_hours"].as_array().map(Vec::len)).collect();
        assert_eq!(lengths, [Some(48); 7]);
        let evening = serde_json::json!({ "from": "20:00", "conversations": 12, "mean": 6.0 });
        assert_eq!(sheet["weekdays"][6]["half_hours"][40], evening);
        assert_eq!(sheet["weekdays"][0]["half_hours"][40]["mean"], serde_json::Value::Null);
        assert_eq!((&sheet["inside_service"], &sheet["peaks"][1]["day"]), (&100.0.into(), &"any".into()));
    }

    #[test]
    fn that_nothing_is_known_is_said_in_words() {
        let nothing = GetHourlyProfileResponse {
            total: 0,
            inside_service_basis_points: None,
            weekdays: Vec::new(),
            ..profile()
        };
        let told = Sheet::new(shop(), nothing.clone(), GetPeaksResponse::default()).to_string();
        assert!(told.ends_with("no conversation began from 2026-05-03 to 2026-05-10\n"), "{told}");
        let never = GetHourlyProfileResponse { start_date: String::new(), ..nothing };
        let told = Sheet::new(shop(), never, GetPeaksResponse::default()).to_string();
        assert!(told.ends_with("no conversation is known of these days\n"), "{told}");
    }

    #[test]
    fn a_week_without_peaks_says_so() {
        let told = Sheet::new(shop(), profile(), GetPeaksResponse::default()).to_string();
        assert!(told.contains("no half hour stands out"), "{told}");
    }
}
