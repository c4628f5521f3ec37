//! A whole report, as analytics and accounts give it.

use anyhow::Context;
use fenliu_domain::day::{Day, Zone};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{GetShopRequest, Shop};
use fenliu_proto::analytics::v1::compliance_service_client::ComplianceServiceClient;
use fenliu_proto::analytics::v1::get_error_budget_request::Pack;
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::analytics::v1::{
    GetErrorBudgetRequest, GetStandingRequest, ListScorecardsRequest, RulePack, ShiftSplit,
};
use fenliu_proto::convert::{span, to_timestamp};
use fenliu_runtime::channel::Outgoing;
use serde::Serialize;

use super::outlook::{BudgetSheet, StandingSheet};
use super::sheet::{PackSheet, Parts, local};
use crate::demand::{self, sheet::Sheet as DemandSheet};
use crate::packs::Choice;
use crate::people::People;
use crate::rates::{self, Agent, Days, Judged};
use crate::scorecards::{self, sheet::Sheet as CardSheet};
use crate::target::{asking, refused};

/// Most local days that cards are of.
const MOST_CARD_DAYS: u64 = 92;

/// A report on one shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The shop.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// Its IANA zone.
    pub time_zone: String,
    /// The first local day that was asked for; `null` = the first with data.
    pub from: Option<String>,
    /// The last; `null` = the last with data.
    pub to: Option<String>,
    /// The moment it was judged as of, in the shop's time.
    pub as_of: Option<String>,
    /// The local day whose budget and standing are told: today, or the last with data before; `null` without data.
    pub day: Option<String>,
    /// By pack.
    pub packs: Vec<PackReport>,
    /// When buyers come.
    pub demand: DemandSheet,
    /// How each agent did on these days, or on the last 92 of them.
    pub scorecards: Cards,
}

/// The cards of a report, without which the rest of it still is one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cards {
    /// There they are.
    Told(Box<CardSheet>),
    /// There are none.
    Refused {
        /// Why not, as analytics said it.
        refused: String,
    },
}

/// A shop under one pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PackReport {
    /// Rates and misses.
    #[serde(flatten)]
    pub sheet: PackSheet,
    /// How many misses there are in all.
    pub misses_total: u64,
    /// Mean wait in seconds, where the figure of the pack is that; else `null`.
    pub mean_wait_seconds: Option<f64>,
    /// Response times; `null` without data.
    pub response_times: Option<ResponseLine>,
    /// The counts by agent, those with most first; nobody known last.
    pub agents: Vec<AgentLine>,
    /// What its target leaves of the day; `null` without a target, or without data on it.
    pub budget: Option<BudgetSheet>,
    /// Where the shop stands at the end of it; `null` without a target.
    pub standing: Option<StandingSheet>,
}

/// Response times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ResponseLine {
    /// On average.
    pub mean: f64,
    /// Half took at most so long.
    pub p50: f64,
    /// 90 % took at most so long.
    pub p90: f64,
    /// 99 % took at most so long.
    pub p99: f64,
}

/// The counts of one agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentLine {
    /// The agent, agt_… or a name; empty = nobody, or nobody known.
    pub agent: String,
    /// What people call them.
    pub name: String,
    /// The counts.
    pub parts: Parts,
    /// Mean wait of the units they answered; `null` without any.
    pub mean_wait_seconds: Option<f64>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) channel: &'a Outgoing,
    pub(super) shop: Shop,
    pub(super) days: Days,
    /// Most misses told of each pack.
    pub(super) misses: usize,
    pub(super) people: People,
}

impl<'a> Wanted<'a> {
    /// Looks the shop and its people up.
    pub(super) async fn of(
        channel: &'a Outgoing,
        shop_id: &str,
        days: Days,
        misses: usize,
    ) -> anyhow::Result<Self> {
        let request = GetShopRequest { shop_id: shop_id.to_owned() };
        let answer =
            ShopServiceClient::new(channel.clone()).get_shop(asking(request)).await.map_err(refused)?;
        let shop = answer.into_inner().shop.context("accounts left out the shop")?;
        let people = People::if_allowed(channel, shop_id).await?;
        Ok(Self { channel, shop, days, misses, people })
    }

    /// Asks for everything.
    pub(super) async fn report(self, packs: Vec<String>) -> anyhow::Result<Report> {
        let mut judged = Vec::new();
        for name in packs {
            let choice = Choice::Shipped(name);
            let rates = rates::judge(self.channel, &self.shop.shop_id, &choice, self.days).await?;
            judged.push((choice, rates));
        }
        let zone = Zone::parse(&self.shop.time_zone)?;
        let as_of = judged.first().and_then(|(_, rates)| rates.as_of);
        let moment = moment(&judged, self.days, zone, as_of);
        let mut packs = Vec::new();
        for (choice, rates) in &judged {
            packs.push(self.pack(choice, rates, moment).await?);
        }
        let demand = demand::run(&self.shop.shop_id, self.days, self.channel).await?;
        let scorecards = self.scorecards(&judged, &demand, as_of.map(|at| zone.day_of(at))).await;
        let (from, to) = self.days.named();
        let known = |day: String| Some(day).filter(|day| !day.is_empty());
        Ok(Report {
            shop_id: self.shop.shop_id,
            display_name: self.shop.display_name,
            time_zone: self.shop.time_zone,
            from: known(from),
            to: known(to),
            as_of: as_of.map(|at| local(at, zone)),
            day: moment.map(|at| local(at, zone).chars().take("YYYY-MM-DD".len()).collect()),
            packs,
            demand,
            scorecards,
        })
    }

    /// Everybody's cards, with misses under the packs of the report that cards know of; whoever may not see them, or whose
    /// shop has too much to count in the time a call may take, still gets the rest of the report.
    async fn scorecards(
        &self,
        judged: &[(Choice, Judged)],
        demand: &DemandSheet,
        today: Option<Day>,
    ) -> Cards {
        let packs: Vec<_> = judged.iter().map(|(choice, _)| choice.name().to_owned()).collect();
        let days = card_days(self.days, demand, today);
        let request = ListScorecardsRequest {
            by_shift: Some(ShiftSplit::default()),
            ..ListScorecardsRequest::default()
        };
        let cards = scorecards::cards(self.channel, &self.shop, &self.people, days, request, &packs).await;
        match cards {
            Ok(sheet) => Cards::Told(Box::new(sheet)),
            Err(error) => Cards::Refused { refused: format!("{error:#}") },
        }
    }

    async fn pack(
        &self,
        choice: &Choice,
        judged: &Judged,
        moment: Option<Timestamp>,
    ) -> anyhow::Result<PackReport> {
        let shop = &self.shop.shop_id;
        let (misses, misses_total) = if self.misses == 0 {
            // They are counted as it is; listing them takes all facts of the days.
            (Vec::new(), judged.total.missed_late + judged.total.missed_unanswered)
        } else {
            rates::misses(self.channel, shop, choice, self.days, self.misses).await?
        };
        let mut sheet = PackSheet::new(choice.name(), judged, &misses)?;
        for miss in &mut sheet.misses {
            miss.agent = self.people.name(&miss.agent);
        }
        let pack = judged.rule_pack.clone().unwrap_or_default();
        let mean_wait = judged.total.mean_wait_duration.as_ref();
        Ok(PackReport {
            sheet,
            misses_total,
            mean_wait_seconds: mean_wait
                .map(|wait| Ok::<_, anyhow::Error>(span(wait, "mean_wait")?.seconds()))
                .transpose()?,
            response_times: response_times(judged)?,
            agents: self.agents(judged),
            budget: self.budget(&pack, moment).await?,
            standing: self.standing(&pack, moment).await?,
        })
    }

    fn agents(&self, judged: &Judged) -> Vec<AgentLine> {
        let line = |(agent, of): (&String, &Agent)| AgentLine {
            agent: agent.clone(),
            name: self.people.name(agent),
            parts: Parts::of(&of.parts),
            mean_wait_seconds: mean(of.wait, of.parts.answered),
        };
        let mut lines: Vec<_> = judged.agents.iter().map(line).collect();
        // Those nobody is known of are no agent, and come last.
        lines.sort_by(|a, b| {
            let order = a.agent.is_empty().cmp(&b.agent.is_empty());
            order.then(b.parts.counted.cmp(&a.parts.counted)).then(a.agent.cmp(&b.agent))
        });
        lines
    }

    async fn budget(
        &self,
        pack: &RulePack,
        moment: Option<Timestamp>,
    ) -> anyhow::Result<Option<BudgetSheet>> {
        let Some(moment) = moment.filter(|_| pack.target_basis_points > 0) else { return Ok(None) };
        let request = GetErrorBudgetRequest {
            shop_id: self.shop.shop_id.clone(),
            pack: Some(Pack::RulePackId(pack.rule_pack_id.clone())),
            target_basis_points: None,
            as_of_time: Some(to_timestamp(moment)),
            rule_pack_version: 0,
        };
        let mut client = ReplyRateServiceClient::new(self.channel.clone());
        let answer = client.get_error_budget(asking(request)).await.map_err(refused)?;
        Ok(BudgetSheet::of(answer.get_ref()))
    }

    async fn standing(
        &self,
        pack: &RulePack,
        moment: Option<Timestamp>,
    ) -> anyhow::Result<Option<StandingSheet>> {
        let has_target = pack.target_basis_points > 0 || !pack.targets.is_empty();
        let Some(moment) = moment.filter(|_| has_target) else { return Ok(None) };
        let request = GetStandingRequest {
            shop_id: self.shop.shop_id.clone(),
            rule_pack_id: pack.rule_pack_id.clone(),
            what_if_rate_basis_points: None,
            as_of_time: Some(to_timestamp(moment)),
            rule_pack_version: 0,
        };
        let mut client = ComplianceServiceClient::new(self.channel.clone());
        let answer = client.get_standing(asking(request)).await.map_err(refused)?;
        Ok(Some(StandingSheet::of(answer.get_ref())))
    }
}

/// The moment whose day's budget and standing are told: now, or the last of the last day with data before today.
fn moment(
    judged: &[(Choice, Judged)],
    days: Days,
    zone: Zone,
    as_of: Option<Timestamp>,
) -> Option<Timestamp> {
    let now = as_of?;
    let with_data = judged.iter().filter_map(|(_, rates)| rates.days.keys().next_back());
    let last: Day = with_data.max()?.parse().ok()?;
    let asked: Option<Day> = days.last.and_then(|day| day.to_string().parse().ok());
    let last = asked.map_or(last, |asked| asked.min(last));
    Some(if last < zone.day_of(now) { zone.start_of(last.plus(1)) - Span::from_micros(1) } else { now })
}

/// The days of the cards: those of the report, or the last that cards can be of. An end that was left open is that of the
/// conversations there are, as far as those reach.
fn card_days(asked: Days, demand: &DemandSheet, today: Option<Day>) -> Days {
    let date = |day: &String| day.parse::<chrono::NaiveDate>().ok();
    let today = today.and_then(|day| date(&day.to_string()));
    let known = demand.last_day.as_ref().and_then(date);
    // What has not begun has nobody in it.
    let last = asked.last.map_or(known, |last| Some(today.map_or(last, |today| last.min(today)))).or(today);
    let first = asked.first.or_else(|| demand.first_day.as_ref().and_then(date));
    let last = last.max(first);
    let earliest = last.and_then(|last| last.checked_sub_days(chrono::Days::new(MOST_CARD_DAYS - 1)));
    Days { first: first.max(earliest).filter(|_| first.is_some()), last }
}

fn response_times(judged: &Judged) -> anyhow::Result<Option<ResponseLine>> {
    let Some(times) = judged.response_times.filter(|times| times.answered > 0) else { return Ok(None) };
    let seconds = |length: Option<prost_types::Duration>| -> anyhow::Result<f64> {
        Ok(length.map_or(Ok(Span::ZERO), |length| span(&length, "response_times"))?.seconds())
    };
    Ok(Some(ResponseLine {
        mean: seconds(times.mean_duration)?,
        p50: seconds(times.p50_duration)?,
        p90: seconds(times.p90_duration)?,
        p99: seconds(times.p99_duration)?,
    }))
}

impl PackReport {
    /// The agents with units that count, and how many of them there are beside the first so many.
    pub(super) fn busy_agents(&self, most: usize) -> (Vec<&AgentLine>, usize) {
        let busy: Vec<_> = self.agents.iter().filter(|agent| agent.parts.counted > 0).collect();
        let hidden = busy.len().saturating_sub(most);
        (busy.into_iter().take(most).collect(), hidden)
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mean(sum: Span, count: u64) -> Option<f64> {
    (count > 0).then(|| sum.seconds() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::report;

    #[test]
    fn programs_read_the_same_words_whatever_the_language() {
        let report = serde_json::to_value(report()).expect("JSON");
        let pack = &report["packs"][0];
        let miss = &pack["misses"][0];
        assert_eq!(
            (&miss["answered_by"], &miss["blame"][0]["where_to"], &miss["waited_seconds"]),
            (&"a person".into(), &"with the agent".into(), &250.0.into())
        );
        assert_eq!(pack["misses"][1]["answered_by"], serde_json::Value::Null);
        assert_eq!((&pack["rate"], &pack["total"]["rate"]), (&serde_json::Value::Null, &75.0.into()));
        assert_eq!(pack["standing"]["in_force"][0]["consequence"], "CONSEQUENCE_RESTRICTED");
        assert_eq!((&pack["budget"]["left"], &report["demand"]["conversations"]), (&(-6).into(), &70.into()));
    }

    #[test]
    fn budget_and_standing_are_of_today_or_of_the_last_day_with_data() {
        let zone = Zone::parse("Asia/Shanghai").expect("a zone");
        let day = |day: &str| day.parse::<Day>().expect("a day");
        let noon = |text: &str| zone.start_of(day(text)) + Span::from_hours(12);
        let judged = |days: &[&str]| {
            let days = days.iter().map(|day| ((*day).to_owned(), Default::default())).collect();
            vec![(Choice::Shipped("pack".into()), Judged { days, ..Judged::default() })]
        };
        let end = |text: &str| Some(zone.start_of(day(text).plus(1)) - Span::from_micros(1));
        let (open, now) = (Days::default(), noon("2026-05-04"));
        let of = |days: &[&str], asked: Days| moment(&judged(days), asked, zone, Some(now));
        assert_eq!(of(&["2026-05-03", "2026-05-04"], open), Some(now));
        assert_eq!(of(&["2026-05-03"], open), end("2026-05-03"));
        assert_eq!(of(&[], open), None);
        let until = Days::typed(None, Some("2026-05-02")).expect("days");
        assert_eq!(of(&["2026-05-01", "2026-05-04"], until), end("2026-05-02"));
    }

    #[test]
    fn cards_are_of_the_days_of_the_report_or_of_the_last_92() {
        let date = |text: &str| text.parse::<chrono::NaiveDate>().expect("a day");
        let days = |from: Option<&str>, to: Option<&str>| Days { first: from.map(date), last: to.map(date) };
        let today = "2026-05-04".parse::<Day>().ok();
        let of = |first: Option<&str>, last: Option<&str>, asked: Days| {
            let known = |day: Option<&str>| day.map(str::to_owned);
            let demand = DemandSheet { first_day: known(first), last_day: known(last), ..report().demand };
            card_days(asked, &demand, today)
        };
        let (open, may) = (Days::default(), days(Some("2026-05-01"), Some("2026-05-03")));
        assert_eq!(of(Some("2026-04-01"), Some("2026-05-02"), may), may);
        assert_eq!(
            of(Some("2026-04-01"), Some("2026-05-02"), open),
            days(Some("2026-04-01"), Some("2026-05-02"))
        );
        // 92 days end with the last.
        assert_eq!(
            of(Some("2020-01-01"), Some("2026-05-02"), open),
            days(Some("2026-01-31"), Some("2026-05-02"))
        );
        // Without a conversation the last day is today, and what is still to come is left out.
        assert_eq!(of(None, None, open), days(None, Some("2026-05-04")));
        assert_eq!(
            of(None, None, days(Some("2025-01-01"), None)),
            days(Some("2026-02-02"), Some("2026-05-04"))
        );
        assert_eq!(
            of(None, None, days(Some("2026-05-01"), Some("2027-01-01"))),
            days(Some("2026-05-01"), Some("2026-05-04"))
        );
        let tomorrow = days(Some("2026-05-05"), None);
        assert_eq!(of(None, None, tomorrow), days(Some("2026-05-05"), Some("2026-05-05")));
    }
}
