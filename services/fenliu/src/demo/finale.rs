//! How the evening ends: the shop's rates under three marketplaces' packs, and its worst misses explained.

use std::fmt;

use anyhow::Context;
use fenliu_domain::day::Zone;
use fenliu_proto::dispatch::v1::ExplainRouteRequest;
use fenliu_proto::dispatch::v1::routing_service_client::RoutingServiceClient;
use fenliu_runtime::channel::Outgoing;
use serde::Serialize;

use super::narrator::Counts;
use super::recount::{History, agrees, pack_of};
use super::stage::Stage;
use crate::packs::Choice;
use crate::rates::{Days, Judged, judge, misses};
use crate::report::sheet::{MissLine, PackSheet};
use crate::table::{BAR_WIDTH, Table, bar, percent};
use crate::target::{asking, refused};
use crate::words::Lang;

/// The packs the evening is judged by.
const PACKS: [&str; 3] = ["pinduoduo-3min-human", "taobao-3min", "tiktok-us-24h"];
/// Misses that are explained.
const MISSES: usize = 3;
/// How often analytics is asked whether it has seen the whole evening.
const MAX_LOOKS: usize = 1_000;

/// The end of the evening.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finale {
    /// The seed it came from.
    pub seed: u64,
    /// What was counted on the way.
    pub counts: Counts,
    /// The rates.
    pub packs: Vec<PackSheet>,
    /// Events the history holds.
    pub events: usize,
    /// Whether a recount from the history gave the same counts, under every pack.
    pub recount_agrees: bool,
    /// How the conversation of the longest miss was routed, step by step.
    pub route_of_longest_miss: Vec<String>,
}

impl Finale {
    /// Asks for everything once analytics has seen the whole evening.
    ///
    /// # Errors
    /// Refusals, and an analytics that does not catch up.
    pub async fn of(channel: &Outgoing, stage: &Stage, counts: Counts, seed: u64) -> anyhow::Result<Self> {
        let history = History::read(channel, stage.shop()).await?;
        let mut packs = Vec::new();
        let mut recount_agrees = true;
        for name in PACKS {
            let choice = Choice::Shipped(name.to_owned());
            let judged = caught_up(channel, stage, &choice).await?;
            recount_agrees &= agrees_with(&history, &judged)?;
            let (longest, _) = misses(channel, stage.shop(), &choice, Days::default(), MISSES).await?;
            packs.push(PackSheet::new(name, &judged, &longest)?);
        }
        let longest = packs.iter().find_map(|pack| pack.misses.first());
        let route_of_longest_miss = match longest {
            Some(miss) => explained(channel, stage, miss).await?,
            None => Vec::new(),
        };
        Ok(Self {
            seed,
            counts,
            packs: named(packs, stage),
            events: history.events,
            recount_agrees,
            route_of_longest_miss,
        })
    }
}

/// Asks again until the answer has seen the evening's last event.
async fn caught_up(channel: &Outgoing, stage: &Stage, choice: &Choice) -> anyhow::Result<Judged> {
    for _ in 0..MAX_LOOKS {
        // Until analytics has heard of the shop, it refuses to judge it.
        if let Ok(judged) = judge(channel, stage.shop(), choice, Days::default()).await
            && judged.position >= stage.position()
        {
            return Ok(judged);
        }
        stage.linger().await;
    }
    anyhow::bail!("analytics has not caught up with position {} of the history", stage.position())
}

fn agrees_with(history: &History, judged: &Judged) -> anyhow::Result<bool> {
    let pack = judged.rule_pack.as_ref().context("analytics left out the pack")?;
    let as_of = judged.as_of.context("analytics left out as of when")?;
    let parts = history.judge(pack_of(pack)?, Zone::parse(&judged.time_zone)?, as_of);
    Ok(agrees(&parts, &judged.total))
}

async fn explained(channel: &Outgoing, stage: &Stage, miss: &MissLine) -> anyhow::Result<Vec<String>> {
    let request =
        ExplainRouteRequest { shop_id: stage.shop().to_owned(), conversation_id: miss.conversation.clone() };
    let answer =
        RoutingServiceClient::new(channel.clone()).explain_route(asking(request)).await.map_err(refused)?;
    let lines = answer.into_inner().decisions.into_iter().flat_map(|decision| decision.lines);
    Ok(lines.map(|line| stage.with_names(&line)).collect())
}

/// The sheets with names for ids.
fn named(mut packs: Vec<PackSheet>, stage: &Stage) -> Vec<PackSheet> {
    for miss in packs.iter_mut().flat_map(|pack| &mut pack.misses) {
        miss.agent = stage.with_names(&miss.agent);
    }
    packs
}

impl fmt::Display for Finale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { conversations, asked, answered, given_up, alerts, longest_queue } = self.counts;
        writeln!(
            f,
            "the evening is over: {conversations} conversations, {asked} questions, {answered} answers; \
             {given_up} gave up, {alerts} alerts, at most {longest_queue} in the queue\n"
        )?;
        writeln!(f, "{}", self.rates())?;
        let verdict = if self.recount_agrees { "the same under every pack" } else { "NOT the same" };
        writeln!(f, "recounted from the {} events of the history: {verdict}", self.events)?;
        let Some(pack) = self.packs.iter().find(|pack| !pack.misses.is_empty()) else { return Ok(()) };
        writeln!(f, "\nthe longest waits that {} counts as missed", pack.rule_pack)?;
        for (number, miss) in (1..).zip(&pack.misses) {
            write!(f, "{}", miss.told(number, Lang::En.words()))?;
        }
        writeln!(f, "\nhow the first of them was routed")?;
        self.route_of_longest_miss.iter().try_for_each(|line| writeln!(f, "     {line}"))
    }
}

impl Finale {
    fn rates(&self) -> Table {
        let mut table =
            Table::new(&["pack", ">counted", ">in time", ">late", ">never", ">open", ">rate", ""]);
        for PackSheet { rule_pack, total, .. } in &self.packs {
            table.row([
                rule_pack.clone(),
                total.counted.to_string(),
                total.within_limit.to_string(),
                total.missed_late.to_string(),
                total.missed_unanswered.to_string(),
                total.pending.to_string(),
                percent(total.within_limit, total.counted),
                bar(total.within_limit, total.counted, BAR_WIDTH),
            ]);
        }
        table
    }
}
