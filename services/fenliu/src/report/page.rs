//! A report as one page that can be mailed: HTML that holds its style and its charts, and needs nothing else.
//!
//! What the page says is worked out here, as texts; `templates/report.html` puts them in their places and escapes
//! them. It has no scripts and asks for nothing from elsewhere.

use askama::Template;

mod cards;

use self::cards::CardsView;
use super::charts::{BarChart, HeatChart, Value, clock};
use super::outlook::left_of;
use super::sheet::{MissLine, Parts};
use super::text::MAX_AGENTS_SHOWN;
use super::whole::{AgentLine, PackReport, Report};
use crate::demand::sheet::{PeakLine, Sheet as DemandSheet};
use crate::table::percent;
use crate::words::{Words, fill};

/// Most days shown of each pack, the latest.
const MAX_DAYS_SHOWN: usize = 62;
/// What stands where there is nothing to say.
const NOTHING: &str = "–";

/// Everything the page says.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    w: &'a Words,
    name: &'a str,
    shop_id: &'a str,
    range: String,
    zone: &'a str,
    as_of: &'a str,
    packs: Vec<PackView>,
    /// The title of budgets and standing; empty without data.
    budget_title: String,
    cards: CardsView,
    demand: DemandView,
}

/// One pack.
struct PackView {
    anchor: String,
    name: String,
    version: String,
    description: String,
    rate: String,
    /// Of 100, for the meter.
    rate_width: String,
    target: String,
    /// Of 100; empty without a target.
    target_at: String,
    /// `good`, `bad` or `plain`: the class of its verdict.
    class: &'static str,
    verdict: &'static str,
    of_counted: String,
    /// What the others of its counts are called, and they.
    cells: [(&'static str, u64); 4],
    parts: String,
    has_data: bool,
    mean_wait: Option<String>,
    response: Option<String>,
    budget: Option<BudgetView>,
    standing: Vec<String>,
    has_target: bool,
    days: Vec<DayView>,
    days_rest: Option<String>,
    hours: BarChart,
    misses: Vec<MissView>,
    misses_rest: Option<String>,
    agents: Vec<AgentView>,
    agents_rest: Option<String>,
}

struct BudgetView {
    allowed: u64,
    missed: u64,
    left: String,
    class: &'static str,
    needed: String,
    projection: String,
    burn: &'static str,
    burn_class: &'static str,
}

struct DayView {
    day: String,
    counted: u64,
    within: u64,
    rate: String,
    width: String,
    left: String,
    outcome: &'static str,
    class: &'static str,
}

struct MissView {
    buyer: String,
    waited: String,
    asked: String,
    due: String,
    outcome: String,
    bearer: String,
    blame: String,
    proof: String,
}

struct AgentView {
    name: String,
    counted: u64,
    within: u64,
    rate: String,
    width: String,
    missed: u64,
    late: u64,
    never: u64,
    mean_wait: String,
}

/// When buyers come.
struct DemandView {
    /// What is known, in a line or two.
    lines: Vec<String>,
    usual_day: Option<BarChart>,
    heat: Option<HeatChart>,
    peaks: Vec<PeakView>,
    peaks_note: String,
    service: String,
}

struct PeakView {
    day: &'static str,
    from: String,
    to: String,
    a_day: String,
    factor: String,
    share: String,
}

impl Report {
    /// The report as a page.
    ///
    /// # Errors
    /// When the page cannot be put together: a defect of its template.
    pub(crate) fn page(&self, words: &'static Words) -> anyhow::Result<String> {
        let title = |day: &String| fill(words.days.budget_of, &[("day", day)]);
        let page = Page {
            w: words,
            name: &self.display_name,
            shop_id: &self.shop_id,
            range: self.range(words),
            zone: &self.time_zone,
            as_of: self.as_of.as_deref().unwrap_or(NOTHING),
            packs: self.packs.iter().map(|pack| PackView::of(pack, words)).collect(),
            budget_title: self.day.as_ref().map(title).unwrap_or_default(),
            cards: CardsView::of(self, words),
            demand: DemandView::of(&self.demand, words),
        };
        Ok(page.render()?)
    }

    fn range(&self, words: &Words) -> String {
        // An end that was left open is told as what there is.
        let from = self.from.as_ref().or(self.demand.first_day.as_ref());
        let to = self.to.as_ref().or(self.demand.last_day.as_ref());
        match (from, to) {
            (Some(from), Some(to)) => fill(words.head.from_to, &[("from", from), ("to", to)]),
            (Some(from), None) => fill(words.head.from_on, &[("from", from)]),
            (None, Some(to)) => fill(words.head.up_to, &[("to", to)]),
            (None, None) => words.head.all_days.to_owned(),
        }
    }
}

impl PackView {
    fn of(pack: &PackReport, words: &Words) -> Self {
        let sheet = &pack.sheet;
        let total = &sheet.total;
        let (class, verdict) = verdict(total, sheet.target_basis_points(), words);
        let counts = [
            total.counted,
            total.within_limit,
            total.missed_late,
            total.missed_unanswered,
            total.pending,
            total.excluded,
        ];
        let target = sheet.target.map(|target| format!("{target:.2} %"));
        let days = days(pack, words);
        let hidden = days.len().saturating_sub(MAX_DAYS_SHOWN);
        let hidden_misses = pack.misses_total.saturating_sub(sheet.misses.len() as u64);
        let (agents, hidden_agents) = pack.busy_agents(MAX_AGENTS_SHOWN);
        let rest = |text: &str, count: u64| (count > 0).then(|| fill(text, &[("count", &count)]));
        Self {
            anchor: format!("pack-{}", sheet.rule_pack),
            name: sheet.rule_pack.clone(),
            version: fill(words.rates.version, &[("version", &sheet.version)]),
            description: words.pack(&sheet.rule_pack, sheet.version, &sheet.description),
            rate: pack.figure(words),
            rate_width: width(total.rate),
            target: target.unwrap_or_else(|| words.rates.no_target.to_owned()),
            target_at: sheet.target.map(|target| width(Some(target))).unwrap_or_default(),
            class,
            verdict,
            of_counted: fill(
                words.rates.of_counted,
                &[
                    ("within", &total.within_limit),
                    ("counted", &total.counted),
                    ("units", &words.units(sheet.unit())),
                ],
            ),
            cells: [
                (words.rates.late, total.missed_late),
                (words.rates.never, total.missed_unanswered),
                (words.rates.open, total.pending),
                (words.rates.left_out, total.excluded),
            ],
            parts: sheet.parts_told(words, counts),
            has_data: total.counted > 0,
            mean_wait: pack
                .mean_wait_seconds
                .map(|wait| fill(words.rates.mean_wait, &[("wait", &words.seconds(wait))])),
            response: pack.response_times.as_ref().map(|times| words.response_times(times)),
            budget: pack.budget.as_ref().map(|budget| BudgetView::of(budget, words)),
            standing: pack.standing.iter().flat_map(|standing| standing.told(words)).collect(),
            has_target: sheet.target.is_some(),
            days: days.into_iter().skip(hidden).collect(),
            days_rest: rest(words.days.earlier_days, hidden as u64),
            hours: hours(&sheet.hours),
            misses: sheet.misses.iter().map(|miss| MissView::of(miss, words)).collect(),
            misses_rest: rest(words.misses.rest, hidden_misses),
            agents: agents.into_iter().map(|agent| AgentView::of(agent, words)).collect(),
            agents_rest: rest(words.people.rest, hidden_agents as u64),
        }
    }
}

impl PackReport {
    /// The figure of the pack: a rate, or the mean wait.
    fn figure(&self, words: &Words) -> String {
        let rate = || percent(self.sheet.total.within_limit, self.sheet.total.counted);
        self.mean_wait_seconds.map_or_else(rate, |wait| words.seconds(wait))
    }
}

/// What a rate is beside its target.
fn verdict(parts: &Parts, target: Option<u32>, words: &Words) -> (&'static str, &'static str) {
    match target.and_then(|target| left_of(parts, target)) {
        Some(0..) => ("good", words.rates.reached),
        Some(_) => ("bad", words.rates.below),
        None if parts.counted == 0 => ("plain", words.rates.no_data),
        None => ("plain", ""),
    }
}

fn days(pack: &PackReport, words: &Words) -> Vec<DayView> {
    let target = pack.sheet.target_basis_points();
    let known = pack.standing.as_ref().map(|standing| &standing.good);
    let view = |(day, parts): &(String, Parts)| {
        let left = target.and_then(|target| left_of(parts, target));
        // What the marketplace makes of a day may go by more than that day; where that is not known, its own rate says.
        let good = known.and_then(|known| known.get(day)).copied().or(left.map(|left| left >= 0));
        let (outcome, class) = match good {
            Some(true) => (words.days.good, "good"),
            Some(false) => (words.days.bad, "bad"),
            None => ("", "plain"),
        };
        DayView {
            day: day.clone(),
            counted: parts.counted,
            within: parts.within_limit,
            rate: percent(parts.within_limit, parts.counted),
            width: width(parts.rate),
            left: left.map_or_else(|| NOTHING.to_owned(), |left| left.to_string()),
            outcome,
            class,
        }
    };
    pack.sheet.days.iter().filter(|(_, parts)| parts.counted > 0).map(view).collect()
}

#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
fn hours(hours: &[Parts]) -> BarChart {
    let value = |(hour, parts): (usize, &Parts)| Value {
        whole: parts.counted as f64,
        part: parts.within_limit as f64,
        title: format!(
            "{hour:02}: {} / {}, {}",
            parts.within_limit,
            parts.counted,
            percent(parts.within_limit, parts.counted)
        ),
        label: if hour.is_multiple_of(2) { format!("{hour:02}") } else { String::new() },
    };
    BarChart::of(&hours.iter().enumerate().map(value).collect::<Vec<_>>())
}

/// A percentage as a width of a hundred.
fn width(percent: Option<f64>) -> String {
    format!("{:.2}", percent.unwrap_or(0.0).clamp(0.0, 100.0))
}

impl BudgetView {
    fn of(budget: &super::outlook::BudgetSheet, words: &Words) -> Self {
        let needed = match budget.good_units_needed {
            Some(0) => String::new(),
            Some(count) => fill(words.days.needed, &[("count", &count)]),
            None => words.days.beyond_reach.to_owned(),
        };
        let projected = |line: super::outlook::ProjectionLine| {
            let [rate, low, high] = [line.rate, line.low, line.high].map(|percent| format!("{percent:.2} %"));
            fill(words.days.projected, &[("rate", &rate), ("low", &low), ("high", &high)])
        };
        Self {
            allowed: budget.allowed,
            missed: budget.missed,
            left: if budget.left < 0 { words.left(budget.left) } else { budget.left.to_string() },
            class: if budget.left < 0 { "bad" } else { "good" },
            needed,
            projection: budget.projection.map_or_else(|| NOTHING.to_owned(), projected),
            burn: if budget.burning { words.days.burning } else { words.days.quiet },
            burn_class: if budget.burning { "bad" } else { "plain" },
        }
    }
}

impl MissView {
    fn of(miss: &MissLine, words: &Words) -> Self {
        Self {
            buyer: miss.buyer_id.clone(),
            waited: words.length(miss.waited),
            asked: miss.asked.clone(),
            due: miss.due.clone(),
            outcome: miss.outcome(words),
            bearer: miss.bearer(words),
            blame: miss.blame_told(words),
            proof: format!("{} · {}", miss.conversation, miss.message),
        }
    }
}

impl AgentView {
    fn of(agent: &AgentLine, words: &Words) -> Self {
        let parts = &agent.parts;
        Self {
            name: agent.called(words),
            counted: parts.counted,
            within: parts.within_limit,
            rate: percent(parts.within_limit, parts.counted),
            width: width(parts.rate),
            missed: parts.missed(),
            late: parts.missed_late,
            never: parts.missed_unanswered,
            mean_wait: agent.mean_wait_seconds.map_or_else(|| NOTHING.to_owned(), |wait| words.seconds(wait)),
        }
    }
}

impl PeakView {
    fn of(peak: &PeakLine, words: &Words) -> Self {
        Self {
            day: words.weekday(peak.weekday),
            from: peak.from.clone(),
            to: peak.to.clone(),
            a_day: format!("{:.1}", peak.mean),
            factor: format!("{:.2}", peak.factor),
            share: format!("{:.2} %", peak.share),
        }
    }
}

impl DemandView {
    fn of(sheet: &DemandSheet, words: &Words) -> Self {
        let factor = format!("{:.2}", sheet.peak_factor);
        let hours: [(&str, &dyn std::fmt::Display); 2] =
            [("start", &sheet.service_start), ("end", &sheet.service_end)];
        Self {
            lines: sheet.counted(words),
            usual_day: usual_day(sheet, words),
            heat: HeatChart::of(&sheet.heat_map(words), words),
            peaks: sheet.peaks.iter().map(|peak| PeakView::of(peak, words)).collect(),
            peaks_note: fill(words.demand.peaks_note, &[("factor", &factor)]),
            service: fill(words.demand.service_hours, &hours),
        }
    }
}

/// The half hours of a day, on average over all days; `None` without any conversation.
#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
fn usual_day(sheet: &DemandSheet, words: &Words) -> Option<BarChart> {
    let days: u32 = sheet.weekdays.iter().map(|weekday| weekday.days).sum();
    if days == 0 || sheet.conversations == 0 {
        return None;
    }
    let value = |half_hour: usize| {
        let of_day = |weekday: &crate::demand::sheet::WeekdayLine| {
            weekday.half_hours.get(half_hour).map_or(0, |half_hour| half_hour.conversations)
        };
        let count: u64 = sheet.weekdays.iter().map(of_day).sum();
        let mean = count as f64 / f64::from(days);
        let time = clock(half_hour);
        let label = if half_hour.is_multiple_of(4) { time.chars().take(2).collect() } else { String::new() };
        let title = fill(words.demand.bar_title, &[("time", &time), ("count", &format!("{mean:.1}"))]);
        Value { whole: mean, part: mean, title, label }
    };
    Some(BarChart::of(&(0..48).map(value).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
