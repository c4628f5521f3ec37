//! Two periods as people and programs read them.

use std::fmt;

use fenliu_proto::accounts::v1::Shop;
use fenliu_proto::analytics::v1::{
    ComparePeriodsResponse, ComparedMeasure, PeriodChange, PeriodEstimate, PeriodMeasure, PeriodVerdict,
};
use serde::Serialize;

use crate::table::Table;
use crate::words::{Words, fill};

/// Two local days, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
}

/// Two periods of a shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sheet {
    /// The shop.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// The IANA zone of the days.
    pub time_zone: String,
    /// The rule pack that judged both.
    pub rule_pack: String,
    /// Its version.
    pub rule_pack_version: u32,
    /// The first period.
    pub before: Period,
    /// The second.
    pub after: Period,
    /// Every measure.
    pub measures: Vec<Line>,
    /// Whether any order of the shop was ever imported; without, there is no conversion.
    pub orders_reported: bool,
    /// Position in the history up to which it was seen.
    pub position: i64,
}

/// One measure in both periods. Shares are between 0 and 1, times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its name.
    pub measure: &'static str,
    /// Before; `null` without data.
    pub before: Option<Figure>,
    /// After, likewise.
    pub after: Option<Figure>,
    /// The second less the first; `null` without data in one of them.
    pub change: Option<Figure>,
    /// better, worse, no_difference or no_data.
    pub verdict: &'static str,
    /// The measure, in no language.
    #[serde(skip)]
    of: PeriodMeasure,
    /// The verdict, in no language.
    #[serde(skip)]
    found: PeriodVerdict,
}

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// The lower end; `null` when there are too few data to give one.
    pub low: Option<f64>,
    /// The upper end, likewise.
    pub high: Option<f64>,
    /// How many units, responses, ratings, or buyers on days it is made of; `null` of a change.
    pub count: Option<u64>,
}

impl Sheet {
    /// Puts together what analytics says.
    #[must_use]
    pub fn new(shop: Shop, (before, after): (Period, Period), answer: ComparePeriodsResponse) -> Self {
        let pack = answer.rule_pack.unwrap_or_default();
        Self {
            shop_id: shop.shop_id,
            display_name: shop.display_name,
            time_zone: answer.time_zone,
            rule_pack: pack.rule_pack_id,
            rule_pack_version: pack.version,
            before,
            after,
            measures: answer.measures.iter().map(Line::of).collect(),
            orders_reported: answer.orders_reported,
            position: answer.position,
        }
    }
}

impl Line {
    fn of(compared: &ComparedMeasure) -> Self {
        let estimate = |estimate: &PeriodEstimate| Figure {
            value: estimate.value,
            low: estimate.low,
            high: estimate.high,
            count: Some(estimate.count),
        };
        let change = |change: &PeriodChange| Figure {
            value: change.difference,
            low: change.low,
            high: change.high,
            count: None,
        };
        Self {
            measure: name(compared.measure()),
            before: compared.before.as_ref().map(estimate),
            after: compared.after.as_ref().map(estimate),
            change: compared.change.as_ref().map(change),
            verdict: verdict(compared.verdict()),
            of: compared.measure(),
            found: compared.verdict(),
        }
    }
}

const fn name(measure: PeriodMeasure) -> &'static str {
    match measure {
        PeriodMeasure::Unspecified => "unknown",
        PeriodMeasure::ReplyRate => "reply_rate",
        PeriodMeasure::FirstResponseMean => "first_response_mean",
        PeriodMeasure::FirstResponseP50 => "first_response_p50",
        PeriodMeasure::FirstResponseP90 => "first_response_p90",
        PeriodMeasure::FirstResponseP99 => "first_response_p99",
        PeriodMeasure::Csat => "csat",
        PeriodMeasure::Dissatisfaction => "dissatisfaction",
        PeriodMeasure::Conversion => "conversion",
    }
}

const fn is_time(measure: PeriodMeasure) -> bool {
    matches!(
        measure,
        PeriodMeasure::FirstResponseMean
            | PeriodMeasure::FirstResponseP50
            | PeriodMeasure::FirstResponseP90
            | PeriodMeasure::FirstResponseP99
    )
}

const fn verdict(verdict: PeriodVerdict) -> &'static str {
    match verdict {
        PeriodVerdict::Better => "better",
        PeriodVerdict::Worse => "worse",
        PeriodVerdict::NoDifference => "no_difference",
        PeriodVerdict::NoData | PeriodVerdict::Unspecified => "no_data",
    }
}

impl Line {
    /// The line as a row of a table.
    fn told(&self, orders_reported: bool, words: &Words) -> [String; 5] {
        let told = |figure: Option<Figure>| {
            figure.map_or_else(|| "–".to_owned(), |figure| figure.told(is_time(self.of), words))
        };
        let verdict = match self.of {
            PeriodMeasure::Conversion if !orders_reported => words.compare.no_orders,
            _ => words.verdict(self.found),
        };
        [
            words.measure(self.of).to_owned(),
            told(self.before),
            told(self.after),
            told(self.change),
            verdict.to_owned(),
        ]
    }
}

impl Figure {
    /// The figure with its interval; `…` where an end is not known.
    fn told(self, is_time: bool, words: &Words) -> String {
        let is_change = self.count.is_none();
        let of = |value: f64| {
            let (unit, value) = match (is_time, is_change) {
                (true, _) => (words.compare.seconds, format!("{value:.1}")),
                (false, false) => (words.compare.percent, format!("{:.2}", value * 100.0)),
                // Between two shares lie points, since a change in per cent would be one of the first.
                (false, true) => (words.compare.points, format!("{:.2}", value * 100.0)),
            };
            fill(unit, &[("value", &value)])
        };
        let sign = if is_change && self.value > 0.0 { "+" } else { "" };
        let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), of);
        let value = format!("{sign}{}", of(self.value));
        let parts: [(&str, &dyn fmt::Display); 3] =
            [("value", &value), ("low", &end(self.low)), ("high", &end(self.high))];
        fill(words.compare.interval, &parts)
    }
}

impl Sheet {
    /// The comparison in words.
    pub(crate) fn told(&self, words: &Words) -> String {
        let (compare, right) = (&words.compare, |title: &str| format!(">{title}"));
        let shop: [(&str, &dyn fmt::Display); 3] =
            [("name", &self.display_name), ("id", &self.shop_id), ("zone", &self.time_zone)];
        let periods: [(&str, &dyn fmt::Display); 4] = [
            ("before_from", &self.before.from),
            ("before_to", &self.before.to),
            ("after_from", &self.after.from),
            ("after_to", &self.after.to),
        ];
        let pack: [(&str, &dyn fmt::Display); 2] =
            [("pack", &self.rule_pack), ("version", &self.rule_pack_version)];
        let head =
            [fill(words.head.shop_line, &shop), fill(compare.periods, &periods), fill(compare.judged, &pack)];
        let mut table = Table::new(&[
            compare.measure,
            &right(compare.before),
            &right(compare.after),
            &right(compare.change),
            compare.verdict,
        ]);
        self.measures.iter().for_each(|line| table.row(line.told(self.orders_reported, words)));
        format!("{}\n\n{table}", head.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use fenliu_proto::analytics::v1::RulePack;

    use super::*;
    use crate::words::Lang;

    fn sheet() -> Sheet {
        let shop = Shop { shop_id: "shp_1".into(), display_name: "云雾茶铺".into(), ..Shop::default() };
        let estimate = |value, low, high, count| Some(PeriodEstimate { value, low, high, count });
        let measure = |measure: PeriodMeasure, before, after, change, verdict: PeriodVerdict| {
            ComparedMeasure { measure: measure.into(), before, after, change, verdict: verdict.into() }
        };
        let measures = vec![
            measure(
                PeriodMeasure::ReplyRate,
                estimate(0.6, Some(0.4905), Some(0.7005), 80),
                estimate(0.8, Some(0.6920), Some(0.8769), 70),
                Some(PeriodChange { difference: 0.2, low: Some(0.0524), high: Some(0.3339) }),
                PeriodVerdict::Better,
            ),
            measure(
                PeriodMeasure::FirstResponseP99,
                estimate(612.3, Some(400.0), None, 80),
                estimate(601.1, Some(380.0), None, 70),
                Some(PeriodChange { difference: -11.2, low: None, high: None }),
                PeriodVerdict::NoDifference,
            ),
            measure(
                PeriodMeasure::Csat,
                estimate(0.5, Some(0.1), Some(0.9), 4),
                None,
                None,
                PeriodVerdict::NoData,
            ),
            measure(PeriodMeasure::Conversion, None, None, None, PeriodVerdict::NoData),
        ];
        let pack = RulePack { rule_pack_id: "taobao-3min".into(), version: 1, ..RulePack::default() };
        let answer = ComparePeriodsResponse {
            measures,
            rule_pack: Some(pack),
            time_zone: "Asia/Shanghai".into(),
            position: 9,
            ..ComparePeriodsResponse::default()
        };
        let period = |from: &str, to: &str| Period { from: from.into(), to: to.into() };
        let periods = (period("2026-04-01", "2026-04-14"), period("2026-04-15", "2026-04-28"));
        Sheet::new(shop, periods, answer)
    }

    #[test]
    fn people_read_each_measure_with_its_interval_and_a_plain_word() {
        for lang in Lang::ALL {
            insta::assert_snapshot!(format!("text_{}", lang.words().language), sheet().told(lang.words()));
        }
    }

    #[test]
    fn without_an_order_that_was_ever_reported_that_is_what_is_said_of_conversion() {
        let line = |sheet: &Sheet| {
            let text = sheet.told(Lang::En.words());
            text.lines()
                .find(|line| line.starts_with("conversion"))
                .map(str::to_owned)
                .expect("it has a line")
        };
        assert!(line(&sheet()).ends_with("no orders reported"), "{}", line(&sheet()));
        let reported = Sheet { orders_reported: true, ..sheet() };
        assert!(line(&reported).ends_with("no data"), "{}", line(&reported));
    }

    #[test]
    fn programs_read_numbers_and_nothing_where_there_is_none() {
        let json = serde_json::to_value(sheet()).expect("JSON");
        let rate = serde_json::json!({ "value": 0.6, "low": 0.4905, "high": 0.7005, "count": 80 });
        assert_eq!(
            (&json["measures"][0]["before"], &json["measures"][0]["verdict"]),
            (&rate, &"better".into())
        );
        assert_eq!(json["measures"][1]["before"]["high"], serde_json::Value::Null);
        assert_eq!(json["measures"][3]["change"], serde_json::Value::Null);
        assert_eq!(json["before"], serde_json::json!({ "from": "2026-04-01", "to": "2026-04-14" }));
    }
}
