//! What is asked of ratings and of two periods.

use fenliu_domain::day::{Day, DayRange};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::{Problem, Violation};
use fenliu_domain::time::Timestamp;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::analytics::v1::compare_periods_request::Pack;
use fenliu_proto::convert::id;

use super::{Chosen, MAX_DAYS, as_of, chosen_pack, day_range};
use crate::feedback::Question;
use crate::packs::Known;

/// Of which shop ratings are asked for, over which days.
///
/// # Errors
/// INVALID_REQUEST naming every field that makes no sense.
pub(in crate::grpc) fn satisfaction_question(
    request: &proto::GetSatisfactionRequest,
) -> Result<(ShopId, DayRange), Problem> {
    let shop = id(&request.shop_id, "shop_id")?;
    Ok((shop, day_range(&request.start_date, &request.end_date)?))
}

/// Which periods are compared.
///
/// # Errors
/// RULE_PACK_NOT_FOUND, RULE_PACK_INVALID; INVALID_REQUEST naming every field that makes no sense.
pub(in crate::grpc) fn periods_question(
    request: proto::ComparePeriodsRequest,
    known: &Known,
    now: Timestamp,
) -> Result<Question, Problem> {
    let shop = id(&request.shop_id, "shop_id")?;
    let as_of = as_of(request.as_of_time.as_ref(), now)?;
    let (before, after) = periods(&request)?;
    let (field, chosen) = match request.pack {
        Some(Pack::RulePackId(id)) => ("rule_pack_id", Some(Chosen::Named(id, request.rule_pack_version))),
        Some(Pack::Custom(pack)) => ("custom", Some(Chosen::Custom(Box::new(pack)))),
        None => ("pack", None),
    };
    let pack = chosen_pack(chosen, after.last, as_of, known)?;
    if pack.is_mean() {
        let expected = "must be a pack whose figure is a rate; that of this one is a mean";
        return Err(Problem::field(field, expected));
    }
    Ok(Question { shop, pack, before, after, as_of })
}

fn periods(request: &proto::ComparePeriodsRequest) -> Result<(DayRange, DayRange), Problem> {
    let mut violations = Vec::new();
    let mut day = |text: &str, field: &str| {
        let wrong = |expected: String| Violation { field: field.to_owned(), expected };
        text.parse::<Day>().map_err(|malformed| violations.push(wrong(malformed.to_string()))).ok()
    };
    let days = [
        day(&request.before_start_date, "before_start_date"),
        day(&request.before_end_date, "before_end_date"),
        day(&request.after_start_date, "after_start_date"),
        day(&request.after_end_date, "after_end_date"),
    ];
    let [Some(first), Some(end), Some(start), Some(last)] = days else {
        return Err(Problem::invalid(violations));
    };
    let mut unless = |fine: bool, field: &str, expected: String| {
        violations.extend((!fine).then(|| Violation { field: field.to_owned(), expected }));
    };
    unless(first <= end, "before_end_date", "must not be before before_start_date".to_owned());
    unless(end < start, "after_start_date", format!("must be after {end}, the last day before"));
    unless(start <= last, "after_end_date", "must not be before after_start_date".to_owned());
    let near = first.days_until(last) <= MAX_DAYS;
    unless(near, "after_end_date", format!("must be at most {MAX_DAYS} days after before_start_date"));
    let range = |first, last| DayRange { first: Some(first), last: Some(last) };
    if violations.is_empty() {
        Ok((range(first, end), range(start, last)))
    } else {
        Err(Problem::invalid(violations))
    }
}
