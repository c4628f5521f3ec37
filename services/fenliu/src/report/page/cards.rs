//! How each agent did, as a page shows it: the tables of the cards, and bars of what is better looked at than read.

use crate::report::text::MAX_AGENTS_SHOWN;
use crate::report::whole::{Cards, Report};
use crate::scorecards::lines::{CardLine, FiguresLine};
use crate::scorecards::tables::{CardTable, Hint, Tables, clock, share};
use crate::words::{Words, fill};

/// Everything of the cards.
#[derive(Default)]
pub(super) struct CardsView {
    pub(super) title: String,
    /// What is not known, in a sentence; empty when everything is.
    pub(super) unknown: String,
    /// That there is nobody; empty when there is somebody.
    pub(super) nobody: &'static str,
    pub(super) figures: Vec<Figure>,
    pub(super) all_day: Vec<CardTable>,
    pub(super) shifts: Vec<CardTable>,
    pub(super) hints: Vec<Hint>,
}

/// Bars, one below the other.
pub(super) struct Figure {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    pub(super) bars: Vec<Bar>,
}

/// A wide, pale bar, and a slim one in the stronger colour upon it.
pub(super) struct Bar {
    pub(super) name: String,
    /// Of 100.
    pub(super) pale: String,
    /// Of 100.
    pub(super) strong: String,
    pub(super) told: String,
}

/// What a bar stands for.
struct Measured {
    pale: f64,
    strong: f64,
    told: String,
}

impl CardsView {
    pub(super) fn of(report: &Report, words: &'static Words) -> Self {
        let title = report.cards_title(words);
        let sheet = match &report.scorecards {
            Cards::Told(sheet) => sheet,
            Cards::Refused { refused } => {
                return Self {
                    title,
                    unknown: fill(words.cards.refused, &[("why", refused)]),
                    ..Self::default()
                };
            }
        };
        let tables = Tables { sheet, words, most: MAX_AGENTS_SHOWN };
        let is_empty = sheet.agents.is_empty();
        let (figures, all_day, shifts) = if is_empty {
            Default::default()
        } else {
            let all_day = [Some(tables.all_day()), Some(tables.times()), tables.misses()];
            (figures(&sheet.agents, words), all_day.into_iter().flatten().collect(), tables.shifts_in_short())
        };
        Self {
            title,
            unknown: if sheet.schedule_known { "" } else { words.cards.schedule_unknown }.to_owned(),
            nobody: if is_empty { words.cards.nobody } else { "" },
            figures,
            all_day,
            shifts,
            hints: tables.hints(),
        }
    }
}

/// Those of which there is anything to draw.
fn figures(cards: &[CardLine], words: &'static Words) -> Vec<Figure> {
    let titles = &words.cards;
    let online = bars(cards, online);
    let responses = bars(cards, |figures| response(figures, words));
    [
        Figure { title: titles.time_online, note: titles.time_online_note, bars: online },
        Figure { title: titles.responses, note: titles.responses_note, bars: responses },
    ]
    .into_iter()
    .filter(|figure| !figure.bars.is_empty())
    .collect()
}

/// The longest bar is as long as there is room.
fn bars(cards: &[CardLine], measured: impl Fn(&FiguresLine) -> Option<Measured>) -> Vec<Bar> {
    let known = cards.iter().filter_map(|card| Some((card, measured(&card.all_day)?)));
    let known: Vec<_> = known.take(MAX_AGENTS_SHOWN).collect();
    let longest = known.iter().map(|(_, bar)| bar.pale.max(bar.strong)).fold(0.0, f64::max);
    let of_longest = |length: f64| super::width((longest > 0.0).then(|| 100.0 * length / longest));
    let bar = |(card, bar): (&CardLine, Measured)| Bar {
        name: card.name.clone(),
        pale: of_longest(bar.pale),
        strong: of_longest(bar.strong),
        told: bar.told,
    };
    known.into_iter().map(bar).collect()
}

fn online(figures: &FiguresLine) -> Option<Measured> {
    let (online, scheduled) = (figures.online_seconds, figures.scheduled_seconds.unwrap_or_default());
    let rate = figures.online_rate.map(|rate| format!(" · {}", share(Some(rate)))).unwrap_or_default();
    let of = if scheduled > 0.0 { format!(" / {}", clock(scheduled)) } else { String::new() };
    let told = format!("{}{of}{rate}", clock(online));
    (online + scheduled > 0.0).then_some(Measured { pale: scheduled, strong: online, told })
}

fn response(figures: &FiguresLine, words: &Words) -> Option<Measured> {
    let (strong, pale) = (figures.first_response.mean?, figures.first_response.p90?);
    let [mean, most] = [strong, pale].map(|seconds| words.seconds(seconds));
    let told = fill(words.cards.mean_and_most, &[("mean", &mean), ("most", &most)]);
    Some(Measured { pale, strong, told })
}
