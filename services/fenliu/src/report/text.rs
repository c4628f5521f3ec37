//! A report for people who read a terminal.

use std::fmt::Display;

use super::outlook::{BudgetSheet, left_of};
use super::sheet::{MissLine, PackSheet, Parts};
use super::whole::{AgentLine, Cards, PackReport, Report};
use crate::table::{BAR_WIDTH, Table, bar, percent};
use crate::words::{Words, fill};

/// Most agents shown of each pack.
pub(super) const MAX_AGENTS_SHOWN: usize = 40;

impl Report {
    /// The report in words.
    pub(crate) fn told(&self, words: &Words) -> String {
        let mut text = fill(
            words.head.shop_line,
            &[("name", &self.display_name), ("id", &self.shop_id), ("zone", &self.time_zone)],
        );
        text.push('\n');
        for pack in &self.packs {
            text.push('\n');
            text.push_str(&pack.told(words));
        }
        text.extend(["\n", &self.cards_title(words), "\n"]);
        match &self.scorecards {
            Cards::Told(sheet) => text.push_str(&sheet.tables_told(words, MAX_AGENTS_SHOWN)),
            Cards::Refused { refused } => {
                text.extend([&fill(words.cards.refused, &[("why", refused)]), "\n"]);
            }
        }
        // The first line says the shop once more.
        let demand = self.demand.told(words);
        let (_, demand) = demand.split_once('\n').unwrap_or_default();
        text + "\n" + words.demand.title + "\n" + demand
    }
}

impl Report {
    /// What the agents' cards are, and of which days.
    pub(super) fn cards_title(&self, words: &Words) -> String {
        let Cards::Told(sheet) = &self.scorecards else { return words.cards.title.to_owned() };
        let days = [("from", &sheet.first_day as &dyn Display), ("to", &sheet.last_day)];
        let asked = self.from.as_ref().or(self.demand.first_day.as_ref());
        let is_less = asked.is_some_and(|asked| *asked < sheet.first_day);
        let days = fill(if is_less { words.cards.at_most } else { words.head.from_to }, &days);
        words.cards.title.to_owned() + words.head.colon + &days
    }
}

impl PackReport {
    fn told(&self, words: &Words) -> String {
        let mut text = self.sheet.head(words);
        let mut line = |indent: &str, said: &str| text.extend([indent, said, "\n"]);
        if let Some(wait) = self.mean_wait_seconds {
            line("  ", &fill(words.rates.mean_wait, &[("wait", &words.seconds(wait))]));
        }
        if self.sheet.total.counted == 0 {
            line("  ", words.rates.no_data);
            return text;
        }
        if let Some(times) = &self.response_times {
            line("  ", &words.response_times(times));
        }
        if let Some(budget) = &self.budget {
            line("  ", &budget.told(words));
        }
        for said in self.standing.iter().flat_map(|standing| standing.told(words)) {
            line("    ", &said);
        }
        let (agents, hidden) = self.busy_agents(MAX_AGENTS_SHOWN);
        let days = day_table(&self.sheet, words);
        let tables = [days, hour_table(&self.sheet.hours, words), agent_table(&agents, words)];
        tables.iter().for_each(|table| text.extend(["\n", &table.to_string()]));
        if hidden > 0 {
            text.extend([&words.more_agents(hidden), "\n"]);
        }
        text + &self.misses_told(words)
    }

    fn misses_told(&self, words: &Words) -> String {
        let mut text = String::new();
        if self.sheet.misses.is_empty() {
            return text;
        }
        text.extend(["\n", words.misses.longest, "\n"]);
        let misses = self.sheet.misses.iter().zip(1..);
        misses.for_each(|(miss, number)| text.push_str(&miss.told(number, words)));
        let rest = self.misses_total.saturating_sub(self.sheet.misses.len() as u64);
        if rest > 0 {
            text.extend([&fill(words.misses.rest, &[("count", &rest)]), "\n"]);
        }
        text
    }
}

impl PackSheet {
    /// The rate and what it is made of.
    fn head(&self, words: &Words) -> String {
        let Parts { counted, within_limit, missed_late, missed_unanswered, pending, excluded, .. } =
            self.total;
        let target = self.target.map_or_else(String::new, |target| {
            fill(words.rates.with_target, &[("target", &format!("{target:.2} %"))])
        });
        let rate = percent(within_limit, counted);
        let parts = self
            .parts_told(words, [counted, within_limit, missed_late, missed_unanswered, pending, excluded]);
        let said = words.pack(&self.rule_pack, self.version, &self.description);
        format!("{} v{}: {rate}{target}\n  {said}\n  {parts}\n", self.rule_pack, self.version)
    }

    /// Counted, in time, late, never answered, open and left out, in one sentence.
    pub(super) fn parts_told(&self, words: &Words, counts: [u64; 6]) -> String {
        let [counted, within, late, never, open, left_out] = counts;
        fill(
            words.rates.parts,
            &[
                ("counted", &counted),
                ("within", &within),
                ("units", &words.units(self.unit())),
                ("late", &late),
                ("never", &never),
                ("open", &open),
                ("left_out", &left_out),
            ],
        )
    }
}

impl BudgetSheet {
    fn told(&self, words: &Words) -> String {
        let title = fill(words.days.budget_of, &[("day", &self.date)]);
        let left = words.left(self.left);
        let mut parts = vec![
            format!("{} {}", words.days.allowed, self.allowed),
            format!("{} {}", words.days.missed, self.missed),
            left,
        ];
        if self.burning {
            parts.push(words.days.burning.to_owned());
        }
        title + words.head.colon + &parts.join(words.head.comma)
    }
}

impl MissLine {
    /// The miss in two lines.
    pub(crate) fn told(&self, number: usize, words: &Words) -> String {
        let waited = words.length(self.waited);
        let told = fill(
            words.misses.told,
            &[
                ("buyer", &self.buyer_id),
                ("waited", &waited),
                ("asked", &self.asked),
                ("due", &self.due),
                ("outcome", &self.outcome(words)),
            ],
        );
        format!(
            "{number:>3}. {told}\n     {}{}{}\n",
            self.bearer(words),
            words.head.semicolon,
            self.blame_told(words)
        )
    }

    /// When and by whom it was answered.
    pub(super) fn outcome(&self, words: &Words) -> String {
        match (&self.answered, self.answered_by) {
            (Some(time), Some(by)) => {
                fill(words.misses.answered_by, &[("actor", &words.actor(by)), ("time", time)])
            }
            _ => words.misses.never_answered.to_owned(),
        }
    }

    /// Who bears it.
    pub(super) fn bearer(&self, words: &Words) -> String {
        if self.agent.is_empty() { words.misses.nobody_assigned.to_owned() } else { self.agent.clone() }
    }

    /// Where the time went, longest first.
    pub(super) fn blame_told(&self, words: &Words) -> String {
        let part = |part: &super::sheet::BlameLine| {
            let length = words.length(part.length);
            fill(words.misses.part, &[("length", &length), ("place", &part.where_to.told(words))])
        };
        self.blame.iter().map(part).collect::<Vec<_>>().join(words.head.comma)
    }
}

fn day_table(sheet: &PackSheet, words: &Words) -> Table {
    let target = sheet.target_basis_points();
    let title = |text: &str| format!(">{text}");
    let (rates, days) = (&words.rates, &words.days);
    let left = if target.is_some() { title(days.left) } else { String::new() };
    let titles = [days.day, &title(rates.counted), &title(rates.in_time), &title(rates.rate), "", &left];
    let mut table = Table::new(if target.is_some() { &titles } else { &titles[..5] });
    for (day, parts) in sheet.days.iter().filter(|(_, parts)| parts.counted > 0) {
        let left = target.and_then(|target| left_of(parts, target));
        table.row([
            day.clone(),
            parts.counted.to_string(),
            parts.within_limit.to_string(),
            percent(parts.within_limit, parts.counted),
            bar(parts.within_limit, parts.counted, BAR_WIDTH),
            left.map_or_else(String::new, |left| left.to_string()),
        ]);
    }
    table
}

fn hour_table(hours: &[Parts], words: &Words) -> Table {
    let busiest = hours.iter().map(|parts| parts.counted).max().unwrap_or(0);
    let title = |text: &str| format!(">{text}");
    let rates = &words.rates;
    let mut table =
        Table::new(&[&title(words.days.hour), &title(rates.counted), &title(rates.rate), rates.counted]);
    for (hour, parts) in hours.iter().enumerate().filter(|(_, parts)| parts.counted > 0) {
        table.row([
            format!("{hour:02}"),
            parts.counted.to_string(),
            percent(parts.within_limit, parts.counted),
            bar(parts.counted, busiest, BAR_WIDTH),
        ]);
    }
    table
}

fn agent_table(agents: &[&AgentLine], words: &Words) -> Table {
    let title = |text: &str| format!(">{text}");
    let (rates, people) = (&words.rates, &words.people);
    let mut table = Table::new(&[
        people.agent,
        &title(rates.counted),
        &title(rates.in_time),
        &title(rates.rate),
        &title(words.days.missed),
        &title(people.mean_wait),
    ]);
    for agent in agents {
        table.row([
            agent.called(words),
            agent.parts.counted.to_string(),
            agent.parts.within_limit.to_string(),
            percent(agent.parts.within_limit, agent.parts.counted),
            agent.parts.missed().to_string(),
            agent.mean_wait_seconds.map_or_else(|| "–".to_owned(), |wait| words.seconds(wait)),
        ]);
    }
    table
}

impl AgentLine {
    /// What people call them.
    pub(super) fn called(&self, words: &Words) -> String {
        if self.name.is_empty() { words.people.nobody_known.to_owned() } else { self.name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::report;
    use crate::words::Lang;

    #[test]
    fn people_read_rates_budget_standing_misses_hours_and_the_week_in_their_language() {
        for lang in Lang::ALL {
            insta::assert_snapshot!(format!("text_{}", lang.words().language), report().told(lang.words()));
        }
    }

    #[test]
    fn without_cards_the_rest_is_told_and_why_there_are_none() {
        let refused = || Cards::Refused { refused: "PERMISSION_DENIED: <you> may not".into() };
        let without = Report { scorecards: refused(), ..report() };
        let words = Lang::En.words();
        let told = without.told(words);
        assert!(
            told.contains("How each agent did\ncards could not be had: PERMISSION_DENIED: <you> may not\n"),
            "{told}"
        );
        let rest = |told: &str| told.split("How each agent did").next().map(str::to_owned);
        assert_eq!(rest(&told), rest(&report().told(words)));
        assert!(told.contains(words.demand.title), "{told}");
        let page = without.page(words).expect("a page");
        assert!(page.contains("cards could not be had: PERMISSION_DENIED: &#60;you&#62; may not"), "{page}");
        let json = serde_json::to_value(&without).expect("JSON");
        assert_eq!(json["scorecards"]["refused"], "PERMISSION_DENIED: <you> may not");
    }

    #[test]
    fn that_cards_are_of_the_last_days_only_is_said() {
        let days = "2025-12-31 to 2026-01-01";
        assert_eq!(report().cards_title(Lang::En.words()), format!("How each agent did: {days}"));
        let longer = Report { from: Some("2025-01-01".into()), ..report() };
        let told = longer.cards_title(Lang::En.words());
        assert!(told.contains("the last 92 days") && told.contains(days), "{told}");
    }
}
