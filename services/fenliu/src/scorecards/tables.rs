//! The tables of cards: what their columns are and who stands in them, in one language, for a terminal and for a page.
//!
//! Invariants: the shop's line is the last of every table; of whom there is nothing in a table, is not in it.

use std::fmt::Display;

use super::lines::{CardLine, FiguresLine, HintLine, ShareLine, TimesLine};
use super::sheet::Sheet;
use crate::words::{Words, fill};

/// What there is no figure for.
pub(crate) const NOTHING: &str = "–";

/// One table of cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CardTable {
    /// What it is of.
    pub(crate) title: String,
    /// What its columns are called. A name stands before the first.
    pub(crate) columns: Vec<Title>,
    /// The agents, and last the shop.
    pub(crate) rows: Vec<Row>,
    /// How many agents more there are than it holds, in words; empty when it holds all.
    pub(crate) more: String,
    /// What titles stand for that are too short to say it.
    pub(crate) legend: Vec<String>,
}

/// What a column is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title {
    /// At its head.
    pub(crate) short: String,
    /// Where it stands alone.
    pub(crate) full: String,
}

/// One line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Who.
    pub(crate) name: String,
    /// A cell of each column.
    pub(crate) cells: Vec<String>,
}

/// What stands out of somebody's card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Who.
    pub(crate) name: String,
    /// What, with its figures.
    pub(crate) said: String,
    /// The conversations that show it; empty when there are none.
    pub(crate) evidence: String,
}

/// A column: what it is called, and what it says of somebody.
struct Column<'a> {
    title: Title,
    cell: Box<dyn Fn(&FiguresLine) -> String + 'a>,
}

/// What makes the tables of a sheet.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub(crate) sheet: &'a Sheet,
    pub(crate) words: &'a Words,
    /// Most agents of a table.
    pub(crate) most: usize,
}

impl<'a> Tables<'a> {
    /// Over all the days: who was there, and what they did.
    pub(crate) fn all_day(self) -> CardTable {
        let table = self.table(self.words.cards.all_day.to_owned(), self.work(), |card| Some(&card.all_day));
        let legend = self.one_pack().map(|pack| self.missed_by(pack));
        CardTable { legend: legend.into_iter().collect(), ..table }
    }

    /// Over all the days: how long answers took.
    pub(crate) fn times(self) -> CardTable {
        let cards = &self.words.cards;
        let first = self.times_of(cards.first, |figures| &figures.first_response);
        let next = self.times_of(cards.next, |figures| &figures.next_response);
        let columns = first.into_iter().chain(next).collect();
        self.table(cards.times.to_owned(), columns, |card| Some(&card.all_day))
    }

    /// Over all the days: misses by rule pack, whose columns have numbers; `None` of fewer than two packs.
    pub(crate) fn misses(self) -> Option<CardTable> {
        let packs = &self.sheet.packs;
        if packs.len() < 2 {
            return None;
        }
        let column = |(pack, number): (&'a String, usize)| {
            self.missed(pack, Title { short: number.to_string(), full: pack.clone() })
        };
        let columns = packs.iter().zip(1..).map(column).collect();
        let title = self.words.cards.misses.to_owned();
        let table = self.table(title, columns, |card| Some(&card.all_day));
        let legend = packs.iter().zip(1..).map(|(pack, number)| format!("{number} {pack}")).collect();
        Some(CardTable { legend, ..table })
    }

    /// Who was there in each shift, and what they did in it.
    pub(crate) fn shifts(self) -> Vec<CardTable> {
        self.by_shift(|| self.work())
    }

    /// The shifts with the columns that matter most of them: time online, online rate, conversations, mean response.
    pub(crate) fn shifts_in_short(self) -> Vec<CardTable> {
        self.by_shift(|| {
            let [online, rate] = self.presence();
            let [sessions, _, response] = self.volume();
            vec![online, rate, sessions, response]
        })
    }

    fn by_shift(self, columns: impl Fn() -> Vec<Column<'a>>) -> Vec<CardTable> {
        let table = |(place, shift): (usize, &super::lines::ShiftLine)| {
            let parts: [(&str, &dyn Display); 3] =
                [("shift", &self.words.shift(&shift.shift)), ("from", &shift.from), ("to", &shift.to)];
            let title = fill(self.words.cards.shift, &parts);
            self.table(title, columns(), |card| card.shifts.get(place).map(|shift| &shift.figures))
        };
        self.sheet.shop.shifts.iter().enumerate().map(table).collect()
    }

    /// What stands out of the agents' cards.
    pub(crate) fn hints(self) -> Vec<Hint> {
        let of_card = |card: &'a CardLine| card.hints.iter().map(move |hint| (card, hint));
        let hint = |(card, hint): (&CardLine, &HintLine)| Hint {
            name: card.name.clone(),
            said: self.said(hint),
            evidence: self.evidence(hint),
        };
        self.sheet.agents.iter().flat_map(of_card).map(hint).collect()
    }

    fn table(
        self,
        title: String,
        columns: Vec<Column<'_>>,
        figures: impl Fn(&CardLine) -> Option<&FiguresLine>,
    ) -> CardTable {
        let known = |card| figures(card).filter(|figures| !figures.is_nothing());
        let row = |name: &str, figures: &FiguresLine| Row {
            name: name.to_owned(),
            cells: columns.iter().map(|column| (column.cell)(figures)).collect(),
        };
        let mut rows: Vec<_> =
            self.sheet.agents.iter().filter_map(|card| Some(row(&card.name, known(card)?))).collect();
        let hidden = rows.len().saturating_sub(self.most);
        rows.truncate(self.most);
        rows.extend(figures(&self.sheet.shop).map(|figures| row(self.words.cards.the_shop, figures)));
        CardTable {
            title,
            columns: columns.into_iter().map(|column| column.title).collect(),
            rows,
            more: if hidden > 0 { self.words.more_agents(hidden) } else { String::new() },
            legend: Vec::new(),
        }
    }

    /// Who was there, what came, and what became of it.
    fn work(self) -> Vec<Column<'a>> {
        let cards = &self.words.cards;
        let [online, rate] = self.presence();
        let [sessions, turns, response] = self.volume();
        let missed = self.one_pack().map(|pack| {
            let short = self.words.days.missed.to_owned();
            self.missed(pack, Title { short, full: self.missed_by(pack) })
        });
        let columns = [
            online,
            rate,
            Column::new(cards.occupancy, |figures| share(figures.occupancy)),
            sessions,
            turns,
            response,
            Column::new(cards.empty, |figures| figures.empty_answers.to_string()),
            Column::new(cards.dropped, |figures| figures.short_closes.to_string()),
        ];
        let csat = Column::new(cards.csat, move |figures| self.of_total(figures.satisfaction));
        columns.into_iter().chain(missed).chain([csat]).collect()
    }

    fn presence(self) -> [Column<'a>; 2] {
        let cards = &self.words.cards;
        [
            Column::new(cards.online, |figures| clock(figures.online_seconds)),
            Column::new(cards.online_rate, |figures| share(figures.online_rate)),
        ]
    }

    fn volume(self) -> [Column<'a>; 3] {
        let cards = &self.words.cards;
        [
            Column::new(cards.sessions, |figures| figures.sessions.to_string()),
            Column::new(cards.turns, |figures| figures.turns.to_string()),
            Column::new(cards.mean_response, move |figures| self.length(figures.mean_response_seconds)),
        ]
    }

    fn times_of(self, which: &str, times: fn(&FiguresLine) -> &TimesLine) -> [Column<'a>; 4] {
        let column = |title: String, of: fn(&TimesLine) -> Option<f64>| {
            Column::new(&title, move |figures| self.length(of(times(figures))))
        };
        let within = |share: u32| fill(self.words.cards.within, &[("which", &which), ("share", &share)]);
        [
            column(fill(self.words.cards.mean, &[("which", &which)]), |times| times.mean),
            column(within(50), |times| times.p50),
            column(within(90), |times| times.p90),
            column(within(99), |times| times.p99),
        ]
    }

    /// The pack whose misses stand among the other columns, where only one is to be shown.
    fn one_pack(self) -> Option<&'a String> {
        let [pack] = self.sheet.packs.as_slice() else { return None };
        Some(pack)
    }

    fn missed(self, pack: &'a str, title: Title) -> Column<'a> {
        let cell = |figures: &FiguresLine| {
            figures.misses.get(pack).map_or_else(|| NOTHING.to_owned(), u64::to_string)
        };
        Column { title, cell: Box::new(cell) }
    }

    fn missed_by(self, pack: &str) -> String {
        fill(self.words.cards.missed, &[("pack", &pack)])
    }

    fn length(self, seconds: Option<f64>) -> String {
        seconds.map_or_else(|| NOTHING.to_owned(), |seconds| self.words.seconds(seconds))
    }

    fn of_total(self, share: Option<ShareLine>) -> String {
        let Some(share) = share else { return NOTHING.to_owned() };
        let [of, low, high] = [share.percent, share.low, share.high].map(|percent| format!("{percent:.0}"));
        let parts: [(&str, &dyn Display); 4] =
            [("share", &of), ("low", &low), ("high", &high), ("total", &share.total)];
        fill(self.words.cards.share, &parts)
    }

    fn said(self, hint: &HintLine) -> String {
        let cards = &self.words.cards;
        let text = match hint.rule {
            "slow_responses" => cards.slow_responses,
            "empty_answers" => cards.empty_answers,
            "short_closes" => cards.short_closes,
            "transfers_out" => cards.transfers_out,
            "dissatisfaction" => cards.dissatisfaction,
            _ => cards.low_adherence,
        };
        let (count, total) = hint.share.map(|share| (share.count, share.total)).unwrap_or_default();
        let percent = format!("{:.1}", hint.percent);
        let parts: [(&str, &dyn Display); 4] =
            [("count", &count), ("total", &total), ("percent", &percent), ("threshold", &hint.threshold)];
        fill(text, &parts)
    }

    fn evidence(self, hint: &HintLine) -> String {
        let shown: Vec<_> = hint.evidence.iter().map(|shown| shown.conversation.as_str()).collect();
        if shown.is_empty() {
            return String::new();
        }
        fill(self.words.cards.see, &[("conversations", &shown.join(self.words.head.comma))])
    }
}

impl<'a> Column<'a> {
    fn new(title: &str, cell: impl Fn(&FiguresLine) -> String + 'a) -> Self {
        Self { title: Title { short: title.to_owned(), full: title.to_owned() }, cell: Box::new(cell) }
    }
}

/// Hours and minutes.
pub(crate) fn clock(seconds: f64) -> String {
    let minutes = (seconds / 60.0).floor();
    let hours = (minutes / 60.0).floor();
    format!("{hours:.0}:{:02.0}", minutes - hours * 60.0)
}

/// A share in percent with one decimal.
pub(crate) fn share(percent: Option<f64>) -> String {
    percent.map_or(NOTHING.to_owned(), |percent| format!("{percent:.1} %"))
}
