//! The spreadsheet supervisors keep: a row for each agent, a column for each day.
//!
//! ```text
//! agent,2026-11-23,2026-11-24,2026-11-25
//! ann,day,off,08:00-12:00+evening
//! bob,,20:00-02:00/23:00-23:30,
//! ```
//!
//! A cell names templates or hours, with breaks after slashes, several joined by `+`; `off` is a day off, and an
//! empty cell leaves the day to the rotations. Text becomes a [`Grid`] or a list of everything wrong with it; a grid
//! becomes the dated entries of a plan ([`Grid::apply`]) and comes from them ([`Grid::of`]).
//!
//! Invariants: what [`Grid::write`] writes, [`Grid::parse`] reads as the same grid; a name that a spreadsheet would
//! take for a formula is written so that it stays a name.

use std::collections::{BTreeMap, BTreeSet};

use crate::day::Day;
use crate::ids::AgentId;
use crate::login_name::LoginName;
use crate::roster::plan::{Assignment, MAX_WORK_PER_DAY, Plan, Work};
use crate::roster::shift::{Shift, name_fault, resembles_hours};

mod csv;

use csv::{Field, Records, write_record};

/// Longest text that is read, in bytes.
pub const MAX_GRID_BYTES: usize = 1 << 20;
/// Most rows of agents.
pub const MAX_GRID_ROWS: usize = 10_000;
/// Most columns of days.
pub const MAX_GRID_DAYS: usize = 366;
/// Most errors that are named at once.
pub const MAX_GRID_ERRORS: usize = 100;
/// What some spreadsheets write before, and want to read before, text in UTF-8.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// A roster by agents and days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The days of the columns, each once.
    pub days: Vec<Day>,
    /// The rows, each agent once.
    pub rows: Vec<Row>,
}

/// What one agent works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the text it was read from, from 1, to name in errors.
    pub line: usize,
    /// The agent's login name.
    pub agent: LoginName,
    /// One cell for each day of the grid.
    pub cells: Vec<Cell>,
}

/// What an agent works on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// What the rotations say: the cell is empty.
    AsRotation,
    /// These shifts, at most [`MAX_WORK_PER_DAY`]; none = `off`.
    Work(Vec<Work>),
}

/// A cell that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {expected}")]
pub struct CellError {
    /// The line of the text, from 1.
    pub line: usize,
    /// The cell on it, from 1: the agent's is 1, the first day's 2.
    pub column: usize,
    /// What was expected.
    pub expected: String,
}

impl Grid {
    /// Reads a grid. A byte order mark, CRLF, quoted cells, blank rows and the dates some spreadsheets make of ours
    /// (`2026/11/3`) are fine.
    ///
    /// # Errors
    /// Every cell that cannot be read, in reading order, up to [`MAX_GRID_ERRORS`] of them.
    pub fn parse(text: &str) -> Result<Self, Vec<CellError>> {
        let mut reader = Reader::default();
        if text.len() > MAX_GRID_BYTES {
            reader.error(1, 1, format!("the text must have at most {MAX_GRID_BYTES} bytes"));
            return Err(reader.errors);
        }
        for record in Records::new(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)) {
            match record {
                Ok(fields) if fields.iter().all(|field| field.text.trim().is_empty()) => {}
                Ok(fields) => reader.record(&fields),
                Err(broken) => reader.error(broken.line, broken.column, broken.expected),
            }
            if reader.errors.len() >= MAX_GRID_ERRORS || reader.full {
                break;
            }
        }
        reader.finish()
    }

    /// The text of a grid, with LF at line ends and without a byte order mark.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = String::new();
        let days: Vec<String> = self.days.iter().map(Day::to_string).collect();
        write_record(std::iter::once("agent").chain(days.iter().map(String::as_str)), &mut text);
        for row in &self.rows {
            let agent = disarmed(row.agent.given());
            let cells: Vec<String> = row.cells.iter().map(Cell::text).collect();
            write_record(std::iter::once(agent.as_str()).chain(cells.iter().map(String::as_str)), &mut text);
        }
        text
    }

    /// The dated entries a plan has for these agents on these days; rotations leave their cells empty.
    #[must_use]
    pub fn of(plan: &Plan, agents: &[(AgentId, LoginName)], days: &[Day]) -> Self {
        let mut entries = BTreeMap::new();
        for assignment in &plan.assignments {
            if let Assignment::Dated { agent, day, work } = assignment {
                entries.insert((*agent, *day), work);
            }
        }
        let cell = |agent: AgentId, day: Day| {
            entries.get(&(agent, day)).map_or(Cell::AsRotation, |work| Cell::Work((*work).clone()))
        };
        let row = |(index, (agent, name)): (usize, &(AgentId, LoginName))| Row {
            line: index + 2,
            agent: name.clone(),
            cells: days.iter().map(|day| cell(*agent, *day)).collect(),
        };
        Self { days: days.to_vec(), rows: agents.iter().enumerate().map(row).collect() }
    }

    /// The plan with its dated entries of these agents on these days replaced by the grid's. `agent_of` finds the
    /// shop's agent of a login name.
    ///
    /// # Errors
    /// Every cell that names an agent or template there is not, in reading order, up to [`MAX_GRID_ERRORS`].
    pub fn apply(
        &self,
        plan: &Plan,
        agent_of: impl Fn(&LoginName) -> Option<AgentId>,
    ) -> Result<Plan, Vec<CellError>> {
        let mut reader = Reader::default();
        let templates: BTreeSet<&str> =
            plan.templates.iter().map(|template| template.name.as_str()).collect();
        let days: BTreeSet<Day> = self.days.iter().copied().collect();
        let (mut agents, mut entries) = (BTreeSet::new(), Vec::new());
        for row in &self.rows {
            let Some(agent) = agent_of(&row.agent) else {
                reader.error(row.line, 1, "must be the login name of an agent of this shop");
                continue;
            };
            if !agents.insert(agent) {
                reader.error(row.line, 1, "must be another agent than in the rows above");
            }
            for (index, (day, cell)) in self.days.iter().zip(&row.cells).enumerate() {
                let Cell::Work(work) = cell else { continue };
                let unknown = work
                    .iter()
                    .any(|one| matches!(one, Work::Template(name) if !templates.contains(name.as_str())));
                if unknown {
                    reader.error(row.line, index + 2, "must name templates of this roster");
                }
                entries.push(Assignment::Dated { agent, day: *day, work: work.clone() });
            }
        }
        if !reader.errors.is_empty() {
            return Err(reader.errors);
        }
        let replaced = |assignment: &Assignment| match assignment {
            Assignment::Dated { agent, day, .. } => agents.contains(agent) && days.contains(day),
            Assignment::Rotating { .. } => false,
        };
        let mut plan = plan.clone();
        plan.assignments.retain(|assignment| !replaced(assignment));
        plan.assignments.extend(entries);
        Ok(plan)
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::AsRotation => String::new(),
            Self::Work(work) if work.is_empty() => "off".to_owned(),
            Self::Work(work) => {
                let text = |one: &Work| match one {
                    Work::Template(name) => name.clone(),
                    Work::Shift(shift) => shift.to_string(),
                };
                work.iter().map(text).collect::<Vec<_>>().join("+")
            }
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::AsRotation);
        }
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self::Work(Vec::new()));
        }
        let mut work = Vec::new();
        for part in text.split('+').map(str::trim) {
            if work.len() == MAX_WORK_PER_DAY {
                return Err(format!("must have at most {MAX_WORK_PER_DAY} shifts"));
            }
            let one = parse_work(part)?;
            if work.contains(&one) {
                return Err("must not say the same shift twice".to_owned());
            }
            work.push(one);
        }
        Ok(Self::Work(work))
    }
}

fn parse_work(text: &str) -> Result<Work, String> {
    if resembles_hours(text) {
        return text.parse::<Shift>().map(Work::Shift).map_err(|malformed| malformed.to_string());
    }
    match name_fault(text) {
        None => Ok(Work::Template(text.to_owned())),
        Some(_) => {
            Err("must be a template's name, hours such as 08:30-20:30, several of them joined by +, off, or \
                        empty"
                .to_owned())
        }
    }
}

/// What has been read so far, and what was wrong with it.
#[derive(Default)]
struct Reader {
    /// The days of the header, once it is read, `None` for one that cannot be read.
    days: Option<Vec<Option<Day>>>,
    rows: Vec<Row>,
    names: BTreeSet<String>,
    errors: Vec<CellError>,
    /// Whether there are too many rows to go on.
    full: bool,
}

impl Reader {
    fn error(&mut self, line: usize, column: usize, expected: impl Into<String>) {
        if self.errors.len() < MAX_GRID_ERRORS {
            self.errors.push(CellError { line, column, expected: expected.into() });
        }
    }

    fn record(&mut self, fields: &[Field]) {
        let Some((first, rest)) = fields.split_first() else { return };
        match self.days.as_ref().map(Vec::len) {
            None => self.header(first, rest),
            Some(days) => self.row(days, first, rest),
        }
    }

    fn header(&mut self, first: &Field, rest: &[Field]) {
        if !first.text.trim().eq_ignore_ascii_case("agent") {
            self.error(first.line, 1, "must be the word agent, followed by the days");
        }
        if !(1..=MAX_GRID_DAYS).contains(&rest.len()) {
            self.error(first.line, 2, format!("must be followed by 1 to {MAX_GRID_DAYS} days"));
        }
        let mut seen = BTreeSet::new();
        let mut days = Vec::new();
        for (index, field) in rest.iter().take(MAX_GRID_DAYS).enumerate() {
            let day = parse_day(field.text.trim());
            match day {
                None => self.error(field.line, index + 2, "must be a date such as 2026-01-31"),
                Some(day) if !seen.insert(day) => {
                    self.error(field.line, index + 2, "must be another day than in the columns before");
                }
                Some(_) => {}
            }
            days.push(day);
        }
        self.days = Some(days);
    }

    fn row(&mut self, days: usize, first: &Field, rest: &[Field]) {
        if self.rows.len() == MAX_GRID_ROWS {
            self.error(first.line, 1, format!("must be one of at most {MAX_GRID_ROWS} rows"));
            self.full = true;
            return;
        }
        if rest.len() != days {
            let expected = format!("must be in a row of {} cells, as many as the header has", days + 1);
            self.error(first.line, rest.len().min(days) + 1, expected);
        }
        let agent = self.agent(first);
        let mut cells = Vec::with_capacity(days);
        for (index, field) in rest.iter().take(days).enumerate() {
            match Cell::parse(&field.text) {
                Ok(cell) => cells.push(cell),
                Err(expected) => self.error(field.line, index + 2, expected),
            }
        }
        if let Some(agent) = agent {
            self.rows.push(Row { line: first.line, agent, cells });
        }
    }

    fn agent(&mut self, field: &Field) -> Option<LoginName> {
        match LoginName::parse(armed(field.text.trim())) {
            Ok(name) => {
                if !self.names.insert(name.key().to_owned()) {
                    self.error(field.line, 1, "must be another agent than in the rows above");
                }
                Some(name)
            }
            Err(malformed) => {
                self.error(field.line, 1, malformed.to_string());
                None
            }
        }
    }

    fn finish(mut self) -> Result<Grid, Vec<CellError>> {
        if self.days.is_none() && self.errors.is_empty() {
            self.error(1, 1, "must be a header: the word agent, followed by the days");
        }
        if self.errors.is_empty() {
            let days = self.days.unwrap_or_default().into_iter().flatten().collect();
            return Ok(Grid { days, rows: self.rows });
        }
        Err(self.errors)
    }
}

/// A date as we write it, or as spreadsheets show it where the year comes first.
fn parse_day(text: &str) -> Option<Day> {
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let mut parts = text.split('/');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let shaped = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    if !shaped || parts.next().is_some() {
        return None;
    }
    format!("{year}-{month:0>2}-{day:0>2}").parse().ok()
}

/// Whether a spreadsheet would take a name for a formula, or for one of ours that was disarmed.
fn is_armed(name: &str) -> bool {
    name.trim_start_matches('\'').starts_with(['=', '+', '-', '@'])
}

/// A name as it is written: with an apostrophe before what would be a formula, as spreadsheets have it.
fn disarmed(name: &str) -> String {
    if is_armed(name) { format!("'{name}") } else { name.to_owned() }
}

/// The name that was written.
fn armed(text: &str) -> &str {
    text.strip_prefix('\'').filter(|name| is_armed(name)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
