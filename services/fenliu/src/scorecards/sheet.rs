//! Scorecards as people read them: a table for all day and for each shift, and what stands out.

use std::fmt;

use anyhow::Context;
use fenliu_proto::accounts::v1::Shop;
use fenliu_proto::analytics::v1::ListScorecardsResponse;
use serde::Serialize;

use super::lines::{CardLine, FiguresLine, HintLine, ShareLine};
use crate::people::People;
use crate::table::Table;

/// What there is no figure for.
const NOTHING: &str = "–";

/// The cards of one shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sheet {
    /// The shop.
    pub shop_id: String,
    /// Its name.
    pub display_name: String,
    /// The IANA zone of the days and shifts.
    pub time_zone: String,
    /// The first day.
    pub first_day: String,
    /// The last.
    pub last_day: String,
    /// Whether it is known who was scheduled when.
    pub schedule_known: bool,
    /// The agents' cards.
    pub agents: Vec<CardLine>,
    /// The shop's.
    pub shop: CardLine,
    /// Position in the history up to which it was seen.
    pub position: i64,
    /// The rule packs whose misses are shown.
    #[serde(skip)]
    packs: Vec<String>,
}

impl Sheet {
    /// Puts together what analytics says, with the names accounts knows.
    ///
    /// # Errors
    /// When analytics left something out.
    pub fn new(
        shop: &Shop,
        people: &People,
        packs: &[String],
        answer: ListScorecardsResponse,
    ) -> anyhow::Result<Self> {
        let card =
            |card: fenliu_proto::analytics::v1::Scorecard| CardLine::new(people.name(&card.agent), card);
        let of_shop = answer.shop.context("analytics left out the shop's card")?;
        Ok(Self {
            shop_id: shop.shop_id.clone(),
            display_name: shop.display_name.clone(),
            time_zone: answer.time_zone,
            first_day: answer.start_date,
            last_day: answer.end_date,
            schedule_known: answer.schedule_known,
            agents: answer.scorecards.into_iter().map(card).collect::<Result<_, _>>()?,
            shop: CardLine::new("the shop".to_owned(), of_shop)?,
            position: answer.position,
            packs: packs.to_vec(),
        })
    }

    /// The table of everybody's figures of one kind; those of whom there is nothing in them are left out.
    fn table(&self, figures: impl Fn(&CardLine) -> Option<&FiguresLine>) -> Table {
        let missed: Vec<_> = self.packs.iter().map(|pack| format!(">missed {pack}")).collect();
        let titles =
            ["name", ">online", ">online rate", ">occupancy", ">sessions", ">turns", ">mean response"];
        let more = [">90 % first within", ">empty", ">dropped", ">CSAT"];
        let all: Vec<_> = titles.into_iter().chain(more).chain(missed.iter().map(String::as_str)).collect();
        let mut table = Table::new(&all);
        for card in self.agents.iter().chain([&self.shop]) {
            let known = figures(card).filter(|figures| card.agent.is_empty() || !is_nothing(figures));
            table_row(&mut table, card, known, &self.packs);
        }
        table
    }
}

fn table_row(table: &mut Table, card: &CardLine, figures: Option<&FiguresLine>, packs: &[String]) {
    let Some(figures) = figures else { return };
    let cells = [
        card.name.clone(),
        clock(figures.online_seconds),
        share(figures.online_rate),
        share(figures.occupancy),
        figures.sessions.to_string(),
        figures.turns.to_string(),
        length(figures.mean_response_seconds),
        length(figures.first_response.p90),
        figures.empty_answers.to_string(),
        figures.short_closes.to_string(),
        figures.satisfaction.map_or(NOTHING.to_owned(), of_total),
    ];
    let missed = packs.iter().map(|pack| figures.misses.get(pack).copied().unwrap_or_default().to_string());
    table.row(cells.into_iter().chain(missed));
}

/// Whether somebody was neither there nor scheduled nor asked.
fn is_nothing(figures: &FiguresLine) -> bool {
    let there = figures.online_seconds + figures.busy_seconds + figures.on_break_seconds;
    let done = figures.turns + figures.sessions + figures.closes + figures.transfers_in;
    there + figures.scheduled_seconds.unwrap_or_default() <= 0.0
        && done == 0
        && figures.satisfaction.is_none()
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), times in {}", self.display_name, self.shop_id, self.time_zone)?;
        writeln!(f, "{} to {}", self.first_day, self.last_day)?;
        if !self.schedule_known {
            writeln!(f, "the schedule is not known: accounts does not say who was on duty")?;
        }
        if self.agents.is_empty() {
            return writeln!(f, "nobody was there, scheduled or asked");
        }
        write!(f, "\nall day\n{}", self.table(|card| Some(&card.all_day)))?;
        for (place, shift) in self.shop.shifts.iter().enumerate() {
            let table = self.table(|card| card.shifts.get(place).map(|shift| &shift.figures));
            write!(f, "\n{}, {}–{}\n{table}", shift.shift, shift.from, shift.to)?;
        }
        let hints = self.agents.iter().flat_map(|card| card.hints.iter().map(move |hint| (card, hint)));
        for (number, (card, hint)) in hints.enumerate() {
            if number == 0 {
                writeln!(f, "\nworth a talk")?;
            }
            writeln!(f, "{}: {}", card.name, told(hint))?;
        }
        Ok(())
    }
}

fn told(hint: &HintLine) -> String {
    let (what, of) = match hint.rule {
        "slow_responses" => ("answered after more than three minutes", "turns answered"),
        "empty_answers" => ("only greetings", "answers"),
        "short_closes" => ("dropped", "conversations ended"),
        "transfers_out" => ("handed on", "conversations"),
        "dissatisfaction" => ("three stars or fewer", "ratings"),
        _ => ("adherence to the roster", ""),
    };
    let figure = match &hint.share {
        Some(share) => format!(
            "{} of {} {of} ({:.1} %, above {} %)",
            share.count, share.total, share.percent, hint.threshold
        ),
        None => format!("{:.1} % (below {} %)", hint.percent, hint.threshold),
    };
    let shown: Vec<_> = hint.evidence.iter().map(|shown| shown.conversation.as_str()).collect();
    let shown = if shown.is_empty() { String::new() } else { format!("; see {}", shown.join(", ")) };
    format!("{what}: {figure}{shown}")
}

/// Hours and minutes.
fn clock(seconds: f64) -> String {
    let minutes = (seconds / 60.0).floor();
    let hours = (minutes / 60.0).floor();
    format!("{hours:.0}:{:02.0}", minutes - hours * 60.0)
}

fn share(percent: Option<f64>) -> String {
    percent.map_or(NOTHING.to_owned(), |percent| format!("{percent:.1} %"))
}

fn of_total(share: ShareLine) -> String {
    format!("{:.0} % of {}", share.percent, share.total)
}

/// Seconds, and minutes before them from two minutes on.
fn length(seconds: Option<f64>) -> String {
    match seconds {
        None => NOTHING.to_owned(),
        Some(seconds) if seconds < 119.95 => format!("{seconds:.1} s"),
        Some(seconds) => {
            let whole = seconds.round();
            let minutes = (whole / 60.0).floor();
            format!("{minutes:.0} min {:02.0} s", whole - minutes * 60.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use fenliu_domain::time::{Span, Timestamp};
    use fenliu_proto::accounts::v1::Binding;
    use fenliu_proto::analytics::v1::coaching_hint::Figure;
    use fenliu_proto::analytics::v1::{
        CardTimes, CoachingHint, CoachingRule, HintEvidence, PackMisses, Scorecard, ScorecardFigures, Share,
        ShiftFigures,
    };
    use fenliu_proto::convert::{to_span, to_timestamp};

    use super::*;

    fn shop() -> Shop {
        Shop { shop_id: "shp_1".into(), display_name: "云雾茶铺".into(), ..Shop::default() }
    }

    fn people() -> People {
        let binding = |id: &str, name: &str| Binding {
            agent_id: id.into(),
            login_name: name.into(),
            display_name: name.into(),
            ..Binding::default()
        };
        People::among(&[binding("agt_1", "小红"), binding("agt_2", "阿明")])
    }

    fn share(count: u64, total: u64) -> Share {
        let basis_points = u32::try_from(count * 10_000 / total).expect("a share");
        let (low_basis_points, high_basis_points) = (basis_points - 700, basis_points + 700);
        Share { count, total, basis_points, low_basis_points, high_basis_points }
    }

    fn times(count: u64, seconds: i64) -> CardTimes {
        let of = |seconds| (count > 0).then(|| to_span(Span::from_secs(seconds)));
        CardTimes {
            count,
            mean_duration: of(seconds),
            p50_duration: of(seconds - 5),
            p90_duration: of(seconds * 3),
            p99_duration: of(seconds * 6),
        }
    }

    fn figures(minutes: i64, sessions: u64) -> ScorecardFigures {
        let online = to_span(Span::from_mins(minutes));
        ScorecardFigures {
            online_duration: Some(online),
            scheduled_duration: Some(to_span(Span::from_mins(minutes + 15))),
            online_rate_basis_points: (minutes > 0).then_some(9_412),
            adherence_basis_points: (minutes > 0).then_some(9_412),
            occupancy_basis_points: (minutes > 0).then_some(7_777),
            sessions,
            turns: sessions * 3,
            answered: sessions * 3,
            first_response_times: Some(times(sessions, 30)),
            next_response_times: Some(times(sessions * 2, 60)),
            answers: sessions * 4,
            empty_answers: sessions / 4,
            closes: sessions,
            short_closes: sessions / 10,
            satisfaction: (sessions > 0).then(|| share(sessions - 1, sessions)),
            misses: vec![PackMisses { rule_pack_id: "taobao-3min".into(), missed: sessions / 5 }],
            ..Default::default()
        }
    }

    fn card(agent: &str, all: ScorecardFigures, shifts: [ScorecardFigures; 2]) -> Scorecard {
        let names = [("morning", "08:00", "13:00"), ("evening", "18:00", "23:00")];
        let shift = |((name, start, end), figures): ((&str, &str, &str), ScorecardFigures)| ShiftFigures {
            shift: name.into(),
            start: start.into(),
            end: end.into(),
            figures: Some(figures),
        };
        let shifts = names.into_iter().zip(shifts).map(shift).collect();
        Scorecard { agent: agent.into(), figures: Some(all), shifts, hints: Vec::new() }
    }

    fn answer() -> ListScorecardsResponse {
        let nothing = ScorecardFigures::default;
        let at = Some(to_timestamp(Timestamp::from_micros_clamped(1_777_896_000_000_000)));
        let evidence = |conversation: &str| HintEvidence { conversation: conversation.into(), time: at };
        let hints = vec![
            CoachingHint {
                rule: CoachingRule::EmptyAnswers.into(),
                figure: Some(Figure::Share(share(50, 160))),
                threshold_basis_points: 1_000,
                evidence: vec![evidence("cnv_1"), evidence("cnv_2")],
            },
            CoachingHint {
                rule: CoachingRule::LowAdherence.into(),
                figure: Some(Figure::TimeBasisPoints(8_321)),
                threshold_basis_points: 9_000,
                evidence: vec![],
            },
        ];
        let hong = card("agt_1", figures(285, 40), [figures(285, 40), nothing()]);
        let ming = card("agt_2", figures(600, 7), [figures(300, 3), figures(300, 4)]);
        ListScorecardsResponse {
            scorecards: vec![Scorecard { hints, ..hong }, ming],
            shop: Some(card("", figures(885, 47), [figures(585, 43), figures(300, 4)])),
            total_size: 2,
            schedule_known: true,
            start_date: "2026-05-04".into(),
            end_date: "2026-05-10".into(),
            time_zone: "Asia/Shanghai".into(),
            position: 9,
            ..Default::default()
        }
    }

    fn sheet(answer: ListScorecardsResponse) -> Sheet {
        Sheet::new(&shop(), &people(), &["taobao-3min".to_owned()], answer).expect("a sheet")
    }

    #[test]
    fn people_read_a_table_by_shift_and_what_stands_out() {
        insta::assert_snapshot!(sheet(answer()).to_string());
    }

    #[test]
    fn programs_read_every_figure() {
        let json = serde_json::to_value(sheet(answer())).expect("JSON");
        let hong = &json["agents"][0];
        assert_eq!((&hong["agent"], &hong["name"]), (&"agt_1".into(), &"小红".into()));
        assert_eq!(hong["all_day"]["mean_response_seconds"], 50.0);
        assert_eq!(hong["all_day"]["misses"]["taobao-3min"], 8);
        assert_eq!(hong["shifts"][1]["figures"]["online_rate"], serde_json::Value::Null);
        assert_eq!(hong["hints"][0]["share"]["total"], 160);
        assert_eq!(hong["hints"][0]["evidence"][0]["time"], "2026-05-04T12:00:00Z");
        assert_eq!(
            (&hong["hints"][1]["percent"], &hong["hints"][1]["threshold"]),
            (&83.21.into(), &90.0.into())
        );
        assert_eq!(json["shop"]["all_day"]["sessions"], 47);
        assert_eq!(json.get("packs"), None);
    }

    #[test]
    fn that_the_schedule_is_unknown_and_that_there_is_nothing_is_said_in_words() {
        let nobody = ListScorecardsResponse { scorecards: vec![], schedule_known: false, ..answer() };
        let told = sheet(nobody).to_string();
        assert!(told.contains("the schedule is not known"), "{told}");
        assert!(told.ends_with("nobody was there, scheduled or asked\n"), "{told}");
    }

    #[test]
    fn times_are_told_in_the_units_people_count_in() {
        assert_eq!((clock(59.0), clock(3_600.0 * 27.0 + 60.0)), ("0:00".into(), "27:01".into()));
        let told = [None, Some(0.04), Some(119.9), Some(119.96), Some(185.4)].map(length);
        assert_eq!(told, ["–", "0.0 s", "119.9 s", "2 min 00 s", "3 min 05 s"]);
    }
}
