//! Asking analytics how fast a shop answered.
//!
//! Every number comes from the service; what happens here is adding up: over spans of days longer than one request
//! may cover, and over several shops.

use std::collections::BTreeMap;

use anyhow::Context;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::analytics::v1::{
    AgentRate, GetReplyRateRequest, GetReplyRateResponse, ListExchangesRequest, ListMissesRequest, Miss,
    RateParts, ResponseTimes, RulePack,
};
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::{span, timestamp};
use fenliu_runtime::channel::Outgoing;

use crate::packs::Choice;
use crate::target::{asking, refused};

/// Most days one request may cover.
const MAX_DAYS: u64 = 400;
/// Entries asked for at once: the most a page holds.
const PAGE_SIZE: i32 = 500;
/// Most entries that are read in all, so that no list is endless.
const MAX_ENTRIES: usize = 2_000_000;

/// Local days from one to another, both included; an end that is `None` is the first or last day with data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: Option<chrono::NaiveDate>,
    /// The last.
    pub last: Option<chrono::NaiveDate>,
}

impl Days {
    /// The days as they are typed after `--from` and `--to`.
    ///
    /// # Errors
    /// When one of them is none, or they are in the wrong order.
    pub fn typed(from: Option<&str>, to: Option<&str>) -> anyhow::Result<Self> {
        Self::read((from, "--from"), (to, "--to"))
    }

    /// The first day and the last as they are typed, each with what a refusal calls it.
    ///
    /// # Errors
    /// When one of them is none, or they are in the wrong order.
    pub fn read(first: (Option<&str>, &str), last: (Option<&str>, &str)) -> anyhow::Result<Self> {
        let day = |(text, what): (Option<&str>, &str)| -> anyhow::Result<Option<chrono::NaiveDate>> {
            let Some(text) = text else { return Ok(None) };
            Ok(Some(text.parse().with_context(|| format!("{what} {text:?} is no day; use YYYY-MM-DD"))?))
        };
        let days = Self { first: day(first)?, last: day(last)? };
        if let (Some(from), Some(to)) = (days.first, days.last) {
            anyhow::ensure!(from <= to, "{} {to} lies before {} {from}", last.1, first.1);
        }
        Ok(days)
    }

    /// Its ends as a request names them; an open one is empty.
    #[must_use]
    pub fn named(self) -> (String, String) {
        let named = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        (named(self.first), named(self.last))
    }

    /// The same days in pieces that one request may cover, as it names them. Days with an open end are one piece.
    fn pieces(self) -> Vec<(String, String)> {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return vec![self.named()];
        };
        let mut next = Some(first).filter(|first| *first <= last);
        let piece = || {
            let first = next?;
            let end =
                first.checked_add_days(chrono::Days::new(MAX_DAYS - 1)).map_or(last, |end| end.min(last));
            next = end.succ_opt().filter(|following| *following <= last);
            Some((first.to_string(), end.to_string()))
        };
        std::iter::from_fn(piece).collect()
    }
}

/// How shops answered, under one pack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// The pack, as the service read it.
    pub rule_pack: Option<RulePack>,
    /// The counts of everything.
    pub total: RateParts,
    /// The counts by local day.
    pub days: BTreeMap<String, RateParts>,
    /// The counts by local hour of opening, 24 of them.
    pub hours: Vec<RateParts>,
    /// The counts by agent; an empty name is nobody known.
    pub agents: BTreeMap<String, Agent>,
    /// Response times; `None` once added up, since percentiles do not add.
    pub response_times: Option<ResponseTimes>,
    /// IANA zone of days and hours.
    pub time_zone: String,
    /// Position in the history up to which it was seen; the least of several.
    pub position: i64,
    /// The moment it was judged as of; the first of several.
    pub as_of: Option<Timestamp>,
}

/// The counts of one agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    /// The counts.
    pub parts: RateParts,
    /// Sum of the waits of the units answered.
    pub wait: Span,
}

/// Judges a shop. There may be any number of days; with an open end they must be at most 400.
///
/// # Errors
/// Refusals of the service.
pub async fn judge(channel: &Outgoing, shop: &str, pack: &Choice, days: Days) -> anyhow::Result<Judged> {
    let mut client = ReplyRateServiceClient::new(channel.clone());
    let mut all: Option<Judged> = None;
    for (start_date, end_date) in days.pieces() {
        let request = GetReplyRateRequest {
            shop_id: shop.to_owned(),
            pack: Some(pack.for_rate()),
            start_date,
            end_date,
            as_of_time: None,
            rule_pack_version: 0,
        };
        let answer = client.get_reply_rate(asking(request)).await.map_err(refused)?.into_inner();
        let judged = Judged::of(answer)?;
        all = Some(match all {
            None => judged,
            Some(before) => before.plus(judged),
        });
    }
    Ok(all.unwrap_or_default())
}

impl Judged {
    fn of(answer: GetReplyRateResponse) -> anyhow::Result<Self> {
        let agent = |rate: AgentRate| -> anyhow::Result<(String, Agent)> {
            let wait = rate
                .wait_sum_duration
                .as_ref()
                .map_or(Ok(Span::ZERO), |wait| span(wait, "wait_sum_duration"))?;
            Ok((rate.agent, Agent { parts: rate.parts.unwrap_or_default(), wait }))
        };
        Ok(Self {
            rule_pack: answer.rule_pack,
            total: answer.total.unwrap_or_default(),
            days: answer.days.into_iter().map(|day| (day.date, day.parts.unwrap_or_default())).collect(),
            hours: answer.hours,
            agents: answer.agents.into_iter().map(agent).collect::<Result<_, _>>()?,
            response_times: answer.response_times,
            time_zone: answer.time_zone,
            position: answer.position,
            as_of: answer.as_of_time.as_ref().map(|time| timestamp(time, "as_of_time")).transpose()?,
        })
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        add(&mut self.total, &other.total);
        for (day, parts) in &other.days {
            add(self.days.entry(day.clone()).or_default(), parts);
        }
        self.hours.resize_with(self.hours.len().max(other.hours.len()), RateParts::default);
        for (hour, parts) in self.hours.iter_mut().zip(&other.hours) {
            add(hour, parts);
        }
        for (name, agent) in other.agents {
            let sum = self.agents.entry(name).or_default();
            add(&mut sum.parts, &agent.parts);
            sum.wait = sum.wait + agent.wait;
        }
        self.rule_pack = self.rule_pack.or(other.rule_pack);
        self.response_times = None;
        if self.time_zone.is_empty() {
            self.time_zone = other.time_zone;
        }
        self.position = self.position.min(other.position);
        self
    }
}

/// Adds counts. The rate of a sum is for its reader to work out, exactly; a mean of sums cannot be told from means.
fn add(sum: &mut RateParts, other: &RateParts) {
    sum.counted += other.counted;
    sum.answered += other.answered;
    sum.within_limit += other.within_limit;
    sum.missed += other.missed;
    sum.pending += other.pending;
    sum.excluded_robot_only += other.excluded_robot_only;
    sum.excluded_unassigned += other.excluded_unassigned;
    sum.excluded_outside_window += other.excluded_outside_window;
    sum.excluded_before_handover += other.excluded_before_handover;
    sum.excluded_self_served += other.excluded_self_served;
    sum.excluded_blocked += other.excluded_blocked;
    sum.excluded_reported += other.excluded_reported;
    sum.excluded_shop_initiated += other.excluded_shop_initiated;
    sum.excluded_holiday_mode += other.excluded_holiday_mode;
    sum.missed_late += other.missed_late;
    sum.missed_unanswered += other.missed_unanswered;
    sum.rate_basis_points = None;
    sum.mean_wait_duration = None;
}

/// The longest misses of a shop, and how many there are in all.
///
/// # Errors
/// Refusals of the service.
pub async fn misses(
    channel: &Outgoing,
    shop: &str,
    pack: &Choice,
    days: Days,
    most: usize,
) -> anyhow::Result<(Vec<Miss>, u64)> {
    let mut client = ReplyRateServiceClient::new(channel.clone());
    let mut found: Vec<Miss> = Vec::new();
    let mut total = 0;
    for (start_date, end_date) in days.pieces() {
        let mut page_token = String::new();
        let mut of_piece = 0;
        while of_piece < most.max(1) {
            let request = ListMissesRequest {
                shop_id: shop.to_owned(),
                pack: Some(pack.for_misses()),
                start_date: start_date.clone(),
                end_date: end_date.clone(),
                as_of_time: None,
                page_size: i32::try_from(most.max(1)).map_or(PAGE_SIZE, |most| most.min(PAGE_SIZE)),
                page_token,
                rule_pack_version: 0,
            };
            let page = client.list_misses(asking(request)).await.map_err(refused)?.into_inner();
            if of_piece == 0 {
                total += page.total_size;
            }
            of_piece += page.misses.len();
            found.extend(page.misses);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
    }
    let waited = |miss: &Miss| miss.waited_duration.map_or((0, 0), |wait| (wait.seconds, wait.nanos));
    found.sort_by_key(|miss| std::cmp::Reverse(waited(miss)));
    found.truncate(most);
    Ok((found, total))
}

/// How long people took to answer, question by question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Of every turn answered.
    pub turns: Vec<Span>,
    /// Of each conversation's first turn.
    pub first: Vec<Span>,
    /// Turns that were not answered.
    pub unanswered: u64,
}

impl Waits {
    /// Takes in a shop's exchanges, as far as people answered them.
    ///
    /// # Errors
    /// Refusals of the service, and times it should not have told.
    pub async fn take(&mut self, channel: &Outgoing, shop: &str) -> anyhow::Result<()> {
        let mut client = ReplyRateServiceClient::new(channel.clone());
        let mut page_token = String::new();
        let mut seen = 0;
        loop {
            let request = ListExchangesRequest { shop_id: shop.to_owned(), page_size: PAGE_SIZE, page_token };
            let page = client.list_exchanges(asking(request)).await.map_err(refused)?.into_inner();
            seen += page.exchanges.len();
            anyhow::ensure!(seen <= MAX_ENTRIES, "the shop has more than {MAX_ENTRIES} exchanges");
            for exchange in page.exchanges {
                let asked = moment(exchange.asked_time.as_ref(), "asked_time")?;
                let reply = exchange.replies.iter().find(|reply| reply.actor() == Actor::Human);
                let Some(reply) = reply else {
                    self.unanswered += 1;
                    continue;
                };
                let wait = moment(reply.reply_time.as_ref(), "reply_time")?.since(asked);
                self.turns.push(wait);
                if exchange.number == 1 {
                    self.first.push(wait);
                }
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(());
            }
        }
    }
}

fn moment(time: Option<&prost_types::Timestamp>, field: &str) -> anyhow::Result<Timestamp> {
    let time = time.ok_or_else(|| anyhow::anyhow!("analytics left out {field}"))?;
    Ok(timestamp(time, field)?)
}

/// The middle of some waits; of an even number, the mean of the two in the middle.
#[must_use]
pub fn median(waits: &[Span]) -> Option<Span> {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(Span::from_micros(lower.micros() + (upper.micros() - lower.micros()) / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_spans_are_asked_for_in_pieces_that_meet() {
        let day = |text: &str| -> chrono::NaiveDate { text.parse().expect("a day") };
        let pieces = |first, last| Days { first: Some(day(first)), last: Some(day(last)) }.pieces();
        assert_eq!(pieces("1999-02-01", "1999-02-28"), [("1999-02-01".into(), "1999-02-28".into())]);
        assert_eq!(
            pieces("2018-12-01", "2020-04-02"),
            [("2018-12-01".into(), "2020-01-04".into()), ("2020-01-05".into(), "2020-04-02".into()),]
        );
        assert_eq!(pieces("1999-02-02", "1999-02-01"), []);
        let from = Days { first: Some(day("1999-02-01")), last: None };
        assert_eq!(from.pieces(), [("1999-02-01".into(), String::new())]);
    }

    #[test]
    fn days_may_be_open_at_either_end_and_come_in_order() {
        assert_eq!(Days::typed(None, None).expect("all days"), Days::default());
        assert!(Days::typed(Some("1999-02-01"), None).expect("from then on").last.is_none());
        assert!(Days::typed(Some("1999-02-01"), Some("1999-02-28")).is_ok());
        for (from, to) in [
            (Some("1999-02-30"), Some("1999-03-01")),
            (Some("1999-03-01"), Some("1999-02-01")),
            (Some("yesterday"), Some("today")),
        ] {
            assert!(Days::typed(from, to).is_err(), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn the_middle_of_an_even_number_is_between_the_two() {
        let waits: Vec<Span> = [4, 1, 3, 2].map(Span::from_secs).into();
        assert_eq!(median(&waits), Some(Span::from_millis(2_500)));
        assert_eq!(median(&waits[..3]), Some(Span::from_secs(3)));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn counts_add_up() {
        let side = |counted, within_limit| Judged {
            total: RateParts { counted, within_limit, ..RateParts::default() },
            agents: [("A".to_owned(), Agent { wait: Span::from_secs(2), ..Agent::default() })].into(),
            ..Judged::default()
        };
        let sum = side(3, 2).plus(side(5, 4));
        assert_eq!((sum.total.counted, sum.total.within_limit), (8, 6));
        assert_eq!(sum.agents["A"].wait, Span::from_secs(4));
    }
}
