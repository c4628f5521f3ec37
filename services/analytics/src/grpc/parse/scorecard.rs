//! What is asked of scorecards.

use std::collections::BTreeSet;

use fenliu_domain::day::{ClockTime, Window};
use fenliu_domain::pack::RulePack;
use fenliu_domain::problem::{Problem, Violation};
use fenliu_domain::scorecard::Shift;
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::id;
use fenliu_runtime::page::PageTokens;
use prost::Message;

use super::{as_of, day_range};
use crate::grpc::{page_size, render, unreadable_token};
use crate::packs::Packs;
use crate::scorecards::{Question, Scorecards};
use crate::storage::Whose;

/// One page of a shop's cards. Its token holds the moment the first page was judged as of, so that all pages are of one
/// list.
pub(in crate::grpc) struct CardPage {
    pub(in crate::grpc) question: Question,
    /// Those after the agent the page before ended with, or from the first.
    pub(in crate::grpc) whose: Whose,
    scope: Vec<u8>,
}

/// Whose card is asked for is left to the caller.
///
/// # Errors
/// RULE_PACK_NOT_FOUND; INVALID_REQUEST naming every field that makes no sense.
pub(in crate::grpc) fn card_question(
    request: &proto::GetScorecardRequest,
    packs: &Packs,
    now: Timestamp,
) -> Result<Question, Problem> {
    let as_of = as_of(request.as_of_time.as_ref(), now)?;
    let days = (request.start_date.as_str(), request.end_date.as_str());
    question(&request.shop_id, days, request.by_shift.as_ref(), (&request.rule_packs, packs), as_of)
}

/// Names every field that is wrong, of the days and of the shifts alike.
fn question(
    shop: &str,
    (first, last): (&str, &str),
    split: Option<&proto::ShiftSplit>,
    (names, packs): (&[String], &Packs),
    as_of: Timestamp,
) -> Result<Question, Problem> {
    let shop = id(shop, "shop_id")?;
    let (range, shifts) = match (day_range(first, last), split.map_or(Ok(Vec::new()), shifts)) {
        (Ok(range), Ok(shifts)) => (range, shifts),
        (range, shifts) => {
            let problems = [range.err(), shifts.err()].into_iter().flatten();
            return Err(Problem::invalid(problems.flat_map(|problem| problem.violations).collect()));
        }
    };
    Ok(Question { shop, range, shifts, packs: chosen(names, packs)?, as_of })
}

fn chosen(names: &[String], packs: &Packs) -> Result<Vec<RulePack>, Problem> {
    if names.is_empty() {
        return Ok(packs.all().cloned().collect());
    }
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if !seen.insert(name) {
            return Err(Problem::field(format!("rule_packs[{index}]"), "must not be named twice"));
        }
    }
    names.iter().map(|name| packs.get(name).cloned()).collect()
}

fn shifts(split: &proto::ShiftSplit) -> Result<Vec<Shift>, Problem> {
    if split.windows.is_empty() {
        return Ok(Shift::usual());
    }
    let (mut shifts, mut violations) = (Vec::<Shift>::new(), Vec::new());
    for (index, window) in split.windows.iter().enumerate() {
        let mut wrong = |field: &str, expected: String| {
            violations.push(Violation { field: format!("by_shift.windows[{index}].{field}"), expected });
        };
        if shifts.iter().any(|shift| shift.name == window.name) {
            wrong("name", "must be another than that of each shift before".into());
        }
        let mut clock = |text: &str, field: &str| match text.parse::<ClockTime>() {
            Ok(clock) => Some(clock),
            Err(malformed) => {
                wrong(field, malformed.to_string());
                None
            }
        };
        let (start, end) = (clock(&window.start, "start"), clock(&window.end, "end"));
        let Some((start, end)) = start.zip(end) else { continue };
        match Window::new(start, end) {
            Some(of_day) => shifts.push(Shift { name: window.name.clone(), window: of_day }),
            None if start == ClockTime::DAY_END => wrong("start", "must be before 24:00".into()),
            None => wrong("end", format!("must be another time than start, {start}")),
        }
    }
    if violations.is_empty() { Ok(shifts) } else { Err(Problem::invalid(violations)) }
}

impl CardPage {
    pub(in crate::grpc) fn open(
        mut request: proto::ListScorecardsRequest,
        packs: &Packs,
        tokens: &PageTokens,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let size = page_size(std::mem::take(&mut request.page_size));
        let token = std::mem::take(&mut request.page_token);
        let scope = [b"scorecards?".as_slice(), &request.encode_to_vec()].concat();
        let (as_of, after) = match token.as_str() {
            "" => (as_of(request.as_of_time.as_ref(), now)?, String::new()),
            token => read_cursor(&tokens.open(&scope, token)?).ok_or_else(unreadable_token)?,
        };
        let days = (request.start_date.as_str(), request.end_date.as_str());
        let packs = (request.rule_packs.as_slice(), packs);
        let question = question(&request.shop_id, days, request.by_shift.as_ref(), packs, as_of)?;
        Ok(Self { question, whose: Whose::After(after, size), scope })
    }

    pub(in crate::grpc) fn cut(
        &self,
        cards: &Scorecards,
        tokens: &PageTokens,
    ) -> proto::ListScorecardsResponse {
        let page = self.whose.of(&cards.names);
        let last = page.last().filter(|last| cards.names.last().is_some_and(|name| name != **last));
        let next_page_token = last.map_or_else(String::new, |last| {
            let micros = self.question.as_of.micros().to_be_bytes();
            tokens.seal(&self.scope, &[micros.as_slice(), last.as_bytes()].concat())
        });
        proto::ListScorecardsResponse {
            next_page_token,
            total_size: cards.names.len() as u64,
            ..render::scorecards(page.iter().copied(), cards)
        }
    }
}

fn read_cursor(bytes: &[u8]) -> Option<(Timestamp, String)> {
    let (micros, agent) = bytes.split_first_chunk::<8>()?;
    let as_of = Timestamp::from_micros(i64::from_be_bytes(*micros))?;
    Some((as_of, String::from_utf8(agent.to_vec()).ok()?))
}
