//! Scorecards as they are answered.

use fenliu_domain::proportion::{Proportion, Z_95};
use fenliu_domain::scorecard::{Card, Counts, Evidence, Figures, Hint, Measured, Rule};
use fenliu_domain::sketch::Sketch;
use fenliu_domain::spans;
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::convert::{to_span, to_timestamp};

use crate::scorecards::Scorecards;
use crate::scores::{AgentScore, Page};

pub(in crate::grpc) fn scorecard(agent: &str, cards: &Scorecards) -> proto::GetScorecardResponse {
    let shop = agent.is_empty().then_some(&cards.report.shop);
    let card = shop.or_else(|| cards.report.agents.get(agent));
    proto::GetScorecardResponse {
        scorecard: Some(card.map_or_else(|| nothing(agent, cards), |card| one(agent, card, cards))),
        schedule_known: cards.schedule_known,
        start_date: cards.days.start().to_string(),
        end_date: cards.days.end().to_string(),
        as_of_time: Some(to_timestamp(cards.question.as_of)),
        position: cards.position,
        time_zone: cards.zone.name().to_owned(),
    }
}

/// Some scores.
pub(in crate::grpc) fn scores(page: &Page) -> proto::WatchScoresResponse {
    let score = |(shop, agent, score): &AgentScore| proto::AgentScore {
        shop_id: shop.to_string(),
        agent_id: agent.to_string(),
        speed_permille: score.speed_permille,
        quality_permille: score.quality_permille,
    };
    proto::WatchScoresResponse { scores: page.scores.iter().map(score).collect(), caught_up: !page.full }
}

/// The cards of some agents and the shop's, without how the list goes on.
pub(in crate::grpc) fn scorecards<'n>(
    agents: impl Iterator<Item = &'n str>,
    cards: &Scorecards,
) -> proto::ListScorecardsResponse {
    let of_agent = |agent: &'n str| Some(one(agent, cards.report.agents.get(agent)?, cards));
    proto::ListScorecardsResponse {
        scorecards: agents.filter_map(of_agent).collect(),
        shop: Some(one("", &cards.report.shop, cards)),
        next_page_token: String::new(),
        total_size: 0,
        schedule_known: cards.schedule_known,
        start_date: cards.days.start().to_string(),
        end_date: cards.days.end().to_string(),
        as_of_time: Some(to_timestamp(cards.question.as_of)),
        position: cards.position,
        time_zone: cards.zone.name().to_owned(),
    }
}

fn one(agent: &str, card: &Card, cards: &Scorecards) -> proto::Scorecard {
    let shifts = cards.question.shifts.iter().zip(&card.shifts);
    let of_shift = |(shift, figures_of): (&fenliu_domain::scorecard::Shift, &Figures)| proto::ShiftFigures {
        shift: shift.name.clone(),
        start: shift.window.start().to_string(),
        end: shift.window.end().to_string(),
        figures: Some(figures(figures_of, cards)),
    };
    proto::Scorecard {
        agent: agent.to_owned(),
        figures: Some(figures(&card.whole, cards)),
        shifts: shifts.map(of_shift).collect(),
        hints: card.hints.iter().map(hint).collect(),
    }
}

/// The card of somebody of whom there is nothing.
fn nothing(agent: &str, cards: &Scorecards) -> proto::Scorecard {
    let counts = Counts::new(cards.question.packs.len());
    let figures = Figures { counts, ..Figures::default() };
    let shifts = vec![figures.clone(); cards.question.shifts.len()];
    one(agent, &Card { whole: figures, shifts, hints: Vec::new() }, cards)
}

fn figures(figures: &Figures, cards: &Scorecards) -> proto::ScorecardFigures {
    let Figures { time, counts } = figures;
    let packs = cards.question.packs.iter().zip(&counts.misses);
    let misses =
        packs.map(|(pack, missed)| proto::PackMisses { rule_pack_id: pack.id.clone(), missed: *missed });
    proto::ScorecardFigures {
        sessions: counts.sessions,
        turns: counts.turns,
        answered: counts.answered,
        slow: counts.slow,
        first_response_times: Some(times(&counts.first_response)),
        next_response_times: Some(times(&counts.next_response)),
        own_response_times: Some(times(&counts.own_response)),
        answers: counts.answers,
        empty_answers: counts.empty_answers,
        transfers_out: counts.transfers_out,
        transfers_in: counts.transfers_in,
        declined: counts.declined,
        closes: counts.closes,
        short_closes: counts.short_closes,
        stars: counts.stars.to_vec(),
        satisfaction: counts.satisfaction().map(share),
        dissatisfaction: counts.dissatisfaction().map(share),
        misses: misses.collect(),
        ..spent(time, cards.schedule_known)
    }
}

fn spent(time: &spans::Figures, schedule_known: bool) -> proto::ScorecardFigures {
    let of_roster = Some(time).filter(|_| schedule_known);
    proto::ScorecardFigures {
        online_duration: Some(to_span(time.online)),
        busy_duration: Some(to_span(time.busy)),
        on_break_duration: Some(to_span(time.on_break)),
        scheduled_duration: of_roster.map(|time| to_span(time.scheduled)),
        exception_duration: of_roster.map(|time| to_span(time.exception())),
        online_rate_basis_points: of_roster.and_then(spans::Figures::online_rate_basis_points),
        adherence_basis_points: of_roster.and_then(spans::Figures::adherence_basis_points),
        occupancy_basis_points: time.occupancy_basis_points(),
        concurrency_basis_points: time.concurrency_basis_points(),
        mean_open_permille: time.mean_open_permille(),
        ..Default::default()
    }
}

fn times(sketch: &Sketch) -> proto::CardTimes {
    let quantile = |basis_points| sketch.quantile(basis_points).map(to_span);
    proto::CardTimes {
        count: sketch.count(),
        mean_duration: sketch.mean().map(to_span),
        p50_duration: quantile(5_000),
        p90_duration: quantile(9_000),
        p99_duration: quantile(9_900),
    }
}

fn share(share: Proportion) -> proto::Share {
    let bounds = share.interval(Z_95);
    let exact = u128::from(share.successes()) * 10_000 / u128::from(share.trials());
    proto::Share {
        count: share.successes(),
        total: share.trials(),
        basis_points: u32::try_from(exact).unwrap_or(10_000),
        low_basis_points: whole((bounds.low * 10_000.0).floor()),
        high_basis_points: whole((bounds.high * 10_000.0).ceil()),
    }
}

/// A number of basis points that is whole already.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share lies between 0 and 10,000 basis points"
)]
fn whole(basis_points: f64) -> u32 {
    basis_points.clamp(0.0, 10_000.0) as u32
}

fn hint(hint: &Hint) -> proto::CoachingHint {
    use proto::coaching_hint::Figure;

    let figure = match hint.measured {
        Measured::Share(of) => Figure::Share(share(of)),
        Measured::OfTime(basis_points) => Figure::TimeBasisPoints(basis_points),
    };
    let evidence = |shown: &Evidence| proto::HintEvidence {
        conversation: shown.conversation.clone(),
        time: Some(to_timestamp(shown.at)),
    };
    proto::CoachingHint {
        rule: rule(hint.rule).into(),
        figure: Some(figure),
        threshold_basis_points: hint.threshold_basis_points,
        evidence: hint.evidence.iter().map(evidence).collect(),
    }
}

const fn rule(rule: Rule) -> proto::CoachingRule {
    match rule {
        Rule::SlowResponses => proto::CoachingRule::SlowResponses,
        Rule::EmptyAnswers => proto::CoachingRule::EmptyAnswers,
        Rule::ShortCloses => proto::CoachingRule::ShortCloses,
        Rule::TransfersOut => proto::CoachingRule::TransfersOut,
        Rule::Dissatisfaction => proto::CoachingRule::Dissatisfaction,
        Rule::LowAdherence => proto::CoachingRule::LowAdherence,
    }
}
