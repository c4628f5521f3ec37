//! From requests to what they mean.

mod alerts;
mod demand;
mod evaluation;
mod feedback;
mod packs;
mod page;
mod scorecard;
mod today;

use fenliu_domain::day::{Day, DayRange, Zone};
use fenliu_domain::ids::ShopId;
use fenliu_domain::pack::{Draft, RulePack, Tally};
use fenliu_domain::problem::{Problem, Violation};
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::{get_reply_rate_request, list_misses_request};
use fenliu_proto::convert::{id, timestamp};
use fenliu_proto::rule_pack;

pub(super) use self::alerts::{AlertPage, silence};
pub(super) use self::demand::{DemandQuestion, PeakQuestion};
pub(super) use self::evaluation::EvaluationPage;
pub(super) use self::feedback::{periods_question, satisfaction_question};
pub(super) use self::packs::{PackPage, kept_pack, wanted_pack};
pub(super) use self::page::{ExchangePage, MissPage};
pub(super) use self::scorecard::{CardPage, card_question};
pub(super) use self::today::{budget_question, standing_question};

use crate::imported;
use crate::packs::{Known, Packs, Wanted};
use crate::storage::ImportedBatch;

/// Most days from a start_date to an end_date.
const MAX_DAYS: i64 = 400;

/// What a rate is asked for: of which shop, by which pack, over which days, as of when.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) shop: ShopId,
    pub(super) pack: RulePack,
    /// Whether the pack is the caller's own, made for this question.
    pub(super) is_draft: bool,
    pub(super) range: DayRange,
    pub(super) as_of: Timestamp,
}

impl Question {
    /// The tally that answers it, in the shop's zone.
    pub(super) fn tally(self, zone: Zone) -> Tally {
        Tally::new(self.pack, zone, self.as_of, self.range)
    }
}

/// The pack of a request: one by name, in the version that is asked for or, with 0, the one in force; or the caller's own.
enum Chosen {
    Named(String, u32),
    Custom(Box<proto::RulePack>),
}

pub(super) fn rate_question(
    request: proto::GetReplyRateRequest,
    known: &Known,
    now: Timestamp,
) -> Result<Question, Problem> {
    let chosen = request.pack.map(|pack| match pack {
        get_reply_rate_request::Pack::RulePackId(id) => Chosen::Named(id, request.rule_pack_version),
        get_reply_rate_request::Pack::Custom(pack) => Chosen::Custom(Box::new(pack)),
    });
    let as_of = as_of(request.as_of_time.as_ref(), now)?;
    question(&request.shop_id, chosen, (&request.start_date, &request.end_date), as_of, known)
}

fn miss_question(
    request: proto::ListMissesRequest,
    known: &Known,
    as_of: Timestamp,
) -> Result<Question, Problem> {
    let chosen = request.pack.map(|pack| match pack {
        list_misses_request::Pack::RulePackId(id) => Chosen::Named(id, request.rule_pack_version),
        list_misses_request::Pack::Custom(pack) => Chosen::Custom(Box::new(pack)),
    });
    question(&request.shop_id, chosen, (&request.start_date, &request.end_date), as_of, known)
}

fn question(
    shop: &str,
    chosen: Option<Chosen>,
    (start, end): (&str, &str),
    as_of: Timestamp,
    known: &Known,
) -> Result<Question, Problem> {
    let shop = id(shop, "shop_id")?;
    let range = day_range(start, end)?;
    let is_draft = matches!(chosen, Some(Chosen::Custom(_)));
    let pack = chosen_pack(chosen, range.last, as_of, known)?;
    Ok(Question { shop, pack, is_draft, range, as_of })
}

/// The pack to judge by, in force on a day or else on the local day of a moment.
fn chosen_pack(
    chosen: Option<Chosen>,
    day: Option<Day>,
    as_of: Timestamp,
    known: &Known,
) -> Result<RulePack, Problem> {
    match chosen {
        Some(Chosen::Named(id, version)) => {
            known.find(Wanted { id: &id, version, day, as_of }).map(|found| found.pack)
        }
        Some(Chosen::Custom(pack)) => custom(*pack, known.shipped()),
        None => Err(Problem::field("pack", "must be set")),
    }
}

/// The moment to judge as of; now when none is given.
fn as_of(given: Option<&prost_types::Timestamp>, now: Timestamp) -> Result<Timestamp, Problem> {
    given.map_or(Ok(now), |time| timestamp(time, "as_of_time"))
}

fn day_range(start: &str, end: &str) -> Result<DayRange, Problem> {
    let mut violations = Vec::new();
    let mut day = |text: &str, field: &str| match text.parse::<Day>() {
        Ok(day) => Some(day),
        Err(_) if text.is_empty() => None,
        Err(malformed) => {
            violations.push(Violation { field: field.into(), expected: malformed.to_string() });
            None
        }
    };
    let range = DayRange { first: day(start, "start_date"), last: day(end, "end_date") };
    if let (Some(first), Some(last)) = (range.first, range.last) {
        let expected = match first.days_until(last) {
            ..0 => Some("must not be before start_date".to_owned()),
            days if days > MAX_DAYS => Some(format!("must be at most {MAX_DAYS} days after start_date")),
            _ => None,
        };
        violations.extend(expected.map(|expected| Violation { field: "end_date".into(), expected }));
    }
    if violations.is_empty() { Ok(range) } else { Err(Problem::invalid(violations)) }
}

/// The caller's own pack.
///
/// # Errors
/// RULE_PACK_INVALID naming every field that is wrong, as `custom.…`.
fn custom(pack: proto::RulePack, packs: &Packs) -> Result<RulePack, Problem> {
    let checked = rule_pack::draft(pack).and_then(Draft::check);
    let own = checked.and_then(|pack| packs.refuse_namesake(&pack).map(|()| pack));
    own.map_err(|problem| within("custom", problem))
}

/// The refusal of a message, told by the field it is in.
fn within(field: &str, problem: Problem) -> Problem {
    let named = |v: Violation| Violation { field: format!("{field}.{}", v.field), expected: v.expected };
    Problem { violations: problem.violations.into_iter().map(named).collect(), ..problem }
}

/// One request of an import.
///
/// # Errors
/// TIME_ZONE_INVALID; INVALID_REQUEST naming every event and order that makes no sense, or when there is neither.
pub(super) fn imported_batch(request: proto::ImportEventsRequest) -> Result<ImportedBatch, Problem> {
    let shop = id(&request.shop_id, "shop_id")?;
    let zone = Zone::parse(&request.time_zone)?;
    let mut records = Vec::with_capacity(request.events.len());
    let mut orders = Vec::with_capacity(request.orders.len());
    let mut violations = Vec::new();
    if request.events.is_empty() && request.orders.is_empty() {
        return Err(Problem::field("events", "must hold at least one, where there are no orders"));
    }
    for (index, event) in request.events.into_iter().enumerate() {
        match imported::record(event, &format!("events[{index}]")) {
            Ok(record) => records.push(record),
            Err(problem) => violations.extend(problem.violations),
        }
    }
    for (index, order) in request.orders.into_iter().enumerate() {
        match imported::order(order, &format!("orders[{index}]")) {
            Ok(order) => orders.push(order),
            Err(problem) => violations.extend(problem.violations),
        }
    }
    if !violations.is_empty() {
        return Err(Problem::invalid(violations));
    }
    Ok(ImportedBatch { shop, source: request.source, zone, records, orders })
}
