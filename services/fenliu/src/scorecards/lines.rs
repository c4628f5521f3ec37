//! Cards as programs read them.

use std::collections::BTreeMap;

use fenliu_proto::analytics::v1::coaching_hint::Figure;
use fenliu_proto::analytics::v1::{
    CardTimes, CoachingHint, CoachingRule, Scorecard, ScorecardFigures, Share, ShiftFigures,
};
use fenliu_proto::convert::{span, timestamp};
use serde::Serialize;

use crate::moments::rfc3339;

/// How somebody did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CardLine {
    /// The agent's id, or the name an import gave them; empty for the shop.
    pub agent: String,
    /// How people call them.
    pub name: String,
    /// Over all the days.
    pub all_day: FiguresLine,
    /// In each shift.
    pub shifts: Vec<ShiftLine>,
    /// What stands out.
    pub hints: Vec<HintLine>,
}

/// The figures of one shift.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShiftLine {
    /// Its name.
    pub shift: String,
    /// When it begins.
    pub from: String,
    /// When it has ended.
    pub to: String,
    /// What was done in it.
    pub figures: FiguresLine,
}

/// The figures of some time. Times are in seconds, shares in percent; what is not known, or has no data, is `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FiguresLine {
    /// Time online.
    pub online_seconds: f64,
    /// Time busy.
    pub busy_seconds: f64,
    /// Time on break.
    pub on_break_seconds: f64,
    /// Time on duty by the roster.
    pub scheduled_seconds: Option<f64>,
    /// Duty spent neither online nor busy.
    pub exception_seconds: Option<f64>,
    /// The part of duty spent online.
    pub online_rate: Option<f64>,
    /// 1 − exception ÷ scheduled.
    pub adherence: Option<f64>,
    /// The part of the time online with a conversation.
    pub occupancy: Option<f64>,
    /// Open conversations ÷ capacity.
    pub concurrency_use: Option<f64>,
    /// Open conversations at a time, on average while online.
    pub mean_open: Option<f64>,
    /// Conversations.
    pub sessions: u64,
    /// Turns asked.
    pub turns: u64,
    /// Of them, those answered.
    pub answered: u64,
    /// Of those answered, those that took longer than three minutes.
    pub slow: u64,
    /// Mean of all response times.
    pub mean_response_seconds: Option<f64>,
    /// Of the first turns of conversations.
    pub first_response: TimesLine,
    /// Of later turns.
    pub next_response: TimesLine,
    /// Of both, from when the agent had it.
    pub own_response: TimesLine,
    /// Exchanges answered.
    pub answers: u64,
    /// Of them, those in which people only greeted.
    pub empty_answers: u64,
    /// Conversations handed on.
    pub transfers_out: u64,
    /// Conversations handed to them by name.
    pub transfers_in: u64,
    /// Of those handed to them by name, those they gave back.
    pub declined: u64,
    /// Conversations they ended.
    pub closes: u64,
    /// Of them, drops.
    pub short_closes: u64,
    /// How many buyers gave 1 star, 2 stars and so on up to 5.
    pub stars: Vec<u64>,
    /// CSAT.
    pub satisfaction: Option<ShareLine>,
    /// Ratings of 1 to 3 stars.
    pub dissatisfaction: Option<ShareLine>,
    /// Misses by rule pack.
    pub misses: BTreeMap<String, u64>,
}

/// Response times, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimesLine {
    /// How many.
    pub count: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// Half took at most so long.
    pub p50: Option<f64>,
    /// 90 % took at most so long.
    pub p90: Option<f64>,
    /// 99 % took at most so long.
    pub p99: Option<f64>,
}

/// A share in percent, and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ShareLine {
    /// So many …
    pub count: u64,
    /// … of so many.
    pub total: u64,
    /// The share.
    pub percent: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

/// What stands out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HintLine {
    /// The rule, such as `slow_responses`.
    pub rule: &'static str,
    /// The share it goes by, where it is one of things counted.
    pub share: Option<ShareLine>,
    /// The figure in percent.
    pub percent: f64,
    /// What it is compared with, in percent.
    pub threshold: f64,
    /// The conversations that show it.
    pub evidence: Vec<EvidenceLine>,
}

/// A conversation that shows something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvidenceLine {
    /// The conversation.
    pub conversation: String,
    /// When, RFC 3339.
    pub time: String,
}

impl CardLine {
    /// The card of somebody who is called so.
    ///
    /// # Errors
    /// When analytics left something out.
    pub fn new(name: String, card: Scorecard) -> anyhow::Result<Self> {
        Ok(Self {
            agent: card.agent,
            name,
            all_day: FiguresLine::new(card.figures.unwrap_or_default())?,
            shifts: card.shifts.into_iter().map(ShiftLine::new).collect::<Result<_, _>>()?,
            hints: card.hints.into_iter().map(HintLine::new).collect::<Result<_, _>>()?,
        })
    }
}

impl ShiftLine {
    fn new(shift: ShiftFigures) -> anyhow::Result<Self> {
        let ShiftFigures { shift, start, end, figures } = shift;
        Ok(Self { shift, from: start, to: end, figures: FiguresLine::new(figures.unwrap_or_default())? })
    }
}

impl FiguresLine {
    fn new(figures: ScorecardFigures) -> anyhow::Result<Self> {
        let first = TimesLine::new(figures.first_response_times)?;
        let next = TimesLine::new(figures.next_response_times)?;
        Ok(Self {
            online_seconds: seconds(figures.online_duration)?.unwrap_or_default(),
            busy_seconds: seconds(figures.busy_duration)?.unwrap_or_default(),
            on_break_seconds: seconds(figures.on_break_duration)?.unwrap_or_default(),
            scheduled_seconds: seconds(figures.scheduled_duration)?,
            exception_seconds: seconds(figures.exception_duration)?,
            online_rate: figures.online_rate_basis_points.map(percent),
            adherence: figures.adherence_basis_points.map(percent),
            occupancy: figures.occupancy_basis_points.map(percent),
            concurrency_use: figures.concurrency_basis_points.map(percent),
            mean_open: figures.mean_open_permille.map(|permille| number(permille) / 1_000.0),
            sessions: figures.sessions,
            turns: figures.turns,
            answered: figures.answered,
            slow: figures.slow,
            mean_response_seconds: mean_of_both(&first, &next),
            first_response: first,
            next_response: next,
            own_response: TimesLine::new(figures.own_response_times)?,
            answers: figures.answers,
            empty_answers: figures.empty_answers,
            transfers_out: figures.transfers_out,
            transfers_in: figures.transfers_in,
            declined: figures.declined,
            closes: figures.closes,
            short_closes: figures.short_closes,
            stars: figures.stars,
            satisfaction: figures.satisfaction.map(ShareLine::new),
            dissatisfaction: figures.dissatisfaction.map(ShareLine::new),
            misses: figures.misses.into_iter().map(|of| (of.rule_pack_id, of.missed)).collect(),
        })
    }
}

impl FiguresLine {
    /// Whether somebody was neither there nor scheduled nor asked.
    pub(crate) fn is_nothing(&self) -> bool {
        let there = self.online_seconds + self.busy_seconds + self.on_break_seconds;
        let done = self.turns + self.sessions + self.closes + self.transfers_in;
        there + self.scheduled_seconds.unwrap_or_default() <= 0.0 && done == 0 && self.satisfaction.is_none()
    }
}

impl TimesLine {
    fn new(times: Option<CardTimes>) -> anyhow::Result<Self> {
        let times = times.unwrap_or_default();
        Ok(Self {
            count: times.count,
            mean: seconds(times.mean_duration)?,
            p50: seconds(times.p50_duration)?,
            p90: seconds(times.p90_duration)?,
            p99: seconds(times.p99_duration)?,
        })
    }
}

impl ShareLine {
    fn new(share: Share) -> Self {
        Self {
            count: share.count,
            total: share.total,
            percent: percent(share.basis_points),
            low: percent(share.low_basis_points),
            high: percent(share.high_basis_points),
        }
    }
}

impl HintLine {
    fn new(hint: CoachingHint) -> anyhow::Result<Self> {
        let rule = match hint.rule() {
            CoachingRule::Unspecified => "unknown",
            CoachingRule::SlowResponses => "slow_responses",
            CoachingRule::EmptyAnswers => "empty_answers",
            CoachingRule::ShortCloses => "short_closes",
            CoachingRule::TransfersOut => "transfers_out",
            CoachingRule::Dissatisfaction => "dissatisfaction",
            CoachingRule::LowAdherence => "low_adherence",
        };
        let (share, figure) = match hint.figure {
            Some(Figure::Share(share)) => (Some(ShareLine::new(share)), percent(share.basis_points)),
            Some(Figure::TimeBasisPoints(basis_points)) => (None, percent(basis_points)),
            None => anyhow::bail!("analytics left out the figure of a hint"),
        };
        let mut evidence = Vec::new();
        for shown in hint.evidence {
            let time = timestamp(&shown.time.unwrap_or_default(), "evidence.time")?;
            evidence.push(EvidenceLine { conversation: shown.conversation, time: rfc3339(time) });
        }
        Ok(Self { rule, share, percent: figure, threshold: percent(hint.threshold_basis_points), evidence })
    }
}

/// The mean of two groups of times, from their means.
fn mean_of_both(first: &TimesLine, next: &TimesLine) -> Option<f64> {
    let sum = |times: &TimesLine| times.mean.unwrap_or_default() * number(times.count);
    let count = number(first.count + next.count);
    (count > 0.0).then(|| (sum(first) + sum(next)) / count)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}

fn seconds(duration: Option<prost_types::Duration>) -> anyhow::Result<Option<f64>> {
    Ok(duration
        .map(|duration| span(&duration, "duration"))
        .transpose()?
        .map(fenliu_domain::time::Span::seconds))
}

fn percent(basis_points: u32) -> f64 {
    f64::from(basis_points) / 100.0
}
