//! A week, gathered to be drawn.

use fenliu_domain::day::{Day, Window};
use fenliu_domain::time::Timestamp;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::{
    CheckCoverageRequest, CheckCoverageResponse, DutyCause, DutyWindow, GetRosterResponse, ListDutyRequest,
    Roster, RosterVersion,
};
use fenliu_proto::convert::to_timestamp;
use fenliu_runtime::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::chart::{Bar, Chart, Gap, Paint, Risk, Stretch, draw};
use super::{Place, shifts, versions};
use crate::cli::roster::ShowArgs;
use crate::cli::roster::drafting::Which;
use crate::client::Client;
use crate::moments::{self, monday_of, rfc3339, timestamp};
use crate::output::Answer;
use crate::shops::window;
use crate::target::{asking, refused};

/// Days of a week.
const WEEK: u32 = 7;

/// Some days of a roster.
#[derive(Debug)]
pub(super) struct Gathered {
    /// What is drawn of them.
    pub(super) chart: Chart,
    /// Who is on duty when; the chart's bars are in the same order.
    windows: Vec<DutyWindow>,
    /// The roster's version; `None` for the draft.
    version: Option<RosterVersion>,
}

/// Runs `fenliu roster show`.
pub(super) async fn show(
    client: &Client,
    place: &Place,
    args: &ShowArgs,
    paint: Paint,
) -> anyhow::Result<Answer> {
    let first = match &args.week {
        Some(text) => moments::day(text, "--week")?,
        None => place.zone.day_of(SystemClock.now()),
    };
    let gathered = gather(client, place, monday_of(first), WEEK, args.draft).await?;
    Answer::new(&to_json(place, &gathered)?, draw(&gathered.chart, paint))
}

/// Gathers some days, from this one on.
pub(super) async fn gather(
    client: &Client,
    place: &Place,
    first: Day,
    days: u32,
    draft: bool,
) -> anyhow::Result<Gathered> {
    let which = if draft { Which::Draft } else { Which::Current };
    let GetRosterResponse { roster, version, .. } = versions::read(client, place, which).await?;
    let roster = roster.unwrap_or_default();
    let windows = duty(client, place, first, days, draft).await?;
    let coverage = coverage(client, place, first, first.plus(days - 1), draft).await?;
    let chart = Chart {
        title: title(place, first, days, &roster, version.as_ref()),
        zone: place.zone,
        service: service(place),
        days: (0..days).map(|later| first.plus(later)).collect(),
        bars: windows.iter().map(|window| bar(place, &roster, window)).collect::<anyhow::Result<_>>()?,
        gaps: gaps(&coverage)?,
        risks: risks(place, &coverage)?,
    };
    Ok(Gathered { chart, windows, version })
}

fn title(place: &Place, first: Day, days: u32, roster: &Roster, version: Option<&RosterVersion>) -> String {
    let shop = &place.shop;
    let when = if days == WEEK { format!("week of {first}") } else { first.to_string() };
    let which = version.map_or("draft".to_owned(), |version| format!("roster {}", version.version));
    let needed = roster.min_on_duty.max(1);
    format!(
        "{}, {when}, {which}; {}, service {}, at least {needed} on duty",
        shop.display_name,
        shop.time_zone,
        window(shop)
    )
}

fn service(place: &Place) -> Option<Window> {
    let start = place.shop.service_start.parse().ok()?;
    let end = place.shop.service_end.parse().ok()?;
    Window::new(start, end)
}

async fn duty(
    client: &Client,
    place: &Place,
    first: Day,
    days: u32,
    draft: bool,
) -> anyhow::Result<Vec<DutyWindow>> {
    let request = ListDutyRequest {
        shop_id: place.id(),
        start_time: Some(to_timestamp(place.zone.start_of(first))),
        end_time: Some(to_timestamp(place.zone.start_of(first.plus(days)))),
        agent_id: String::new(),
        draft,
    };
    let answer = RosterServiceClient::new(client.channel()).list_duty(asking(request)).await;
    Ok(answer.map_err(refused)?.into_inner().windows)
}

/// The gaps and risks of these days, both included.
pub(super) async fn coverage(
    client: &Client,
    place: &Place,
    first: Day,
    last: Day,
    draft: bool,
) -> anyhow::Result<CheckCoverageResponse> {
    let request = CheckCoverageRequest {
        shop_id: place.id(),
        first_day: first.to_string(),
        last_day: last.to_string(),
        draft,
    };
    let answer = RosterServiceClient::new(client.channel()).check_coverage(asking(request)).await;
    Ok(answer.map_err(refused)?.into_inner())
}

fn stretch(
    start: Option<&prost_types::Timestamp>,
    end: Option<&prost_types::Timestamp>,
) -> anyhow::Result<Stretch> {
    Ok(Stretch::new(timestamp(start, "start_time")?, timestamp(end, "end_time")?))
}

fn bar(place: &Place, roster: &Roster, window: &DutyWindow) -> anyhow::Result<Bar> {
    let when = stretch(window.start_time.as_ref(), window.end_time.as_ref())?;
    let shift = match window.cause() {
        DutyCause::Swapped => format!("{} (swap)", window.shift),
        DutyCause::Extra => format!("{} (extra)", window.shift),
        DutyCause::Planned | DutyCause::Unspecified => window.shift.clone(),
    };
    let who = place.people.name(&window.agent_id);
    Ok(Bar { who, when, shift, breaks: shifts::breaks(roster, window, when, place.zone) })
}

/// Where too few are on duty.
pub(super) fn gaps(coverage: &CheckCoverageResponse) -> anyhow::Result<Vec<Gap>> {
    let gap = |gap: &fenliu_proto::accounts::v1::CoverageGap| {
        Ok(Gap {
            day: moments::day(&gap.day, "the gap's day")?,
            when: stretch(gap.start_time.as_ref(), gap.end_time.as_ref())?,
            on_duty: gap.on_duty,
            needed: gap.needed,
        })
    };
    coverage.gaps.iter().map(gap).collect()
}

fn risks(place: &Place, coverage: &CheckCoverageResponse) -> anyhow::Result<Vec<Risk>> {
    let risk = |risk: &fenliu_proto::accounts::v1::BreakRisk| {
        Ok(Risk {
            day: moments::day(&risk.day, "the risk's day")?,
            when: stretch(risk.start_time.as_ref(), risk.end_time.as_ref())?,
            who: risk.agent_ids.iter().map(|agent| place.people.name(agent)).collect(),
        })
    };
    coverage.break_risks.iter().map(risk).collect()
}

/// A stretch of the service window for a program.
pub(super) fn gap_to_json(gap: &Gap) -> Value {
    json!({
        "day": gap.day.to_string(),
        "start_time": rfc3339(gap.when.start),
        "end_time": rfc3339(gap.when.end),
        "on_duty": gap.on_duty,
        "needed": gap.needed,
    })
}

fn to_json(place: &Place, gathered: &Gathered) -> anyhow::Result<Value> {
    let Gathered { chart, windows, version } = gathered;
    let time = |time: Timestamp| rfc3339(time);
    let mut listed = Vec::new();
    for (bar, window) in chart.bars.iter().zip(windows) {
        let rests = bar.breaks.iter();
        let rests = rests.map(|rest| json!({ "start_time": time(rest.start), "end_time": time(rest.end) }));
        listed.push(json!({
            "agent_id": window.agent_id,
            "name": bar.who,
            "start_time": time(bar.when.start),
            "end_time": time(bar.when.end),
            "shift": window.shift,
            "cause": cause(window.cause()),
            "breaks": rests.collect::<Vec<_>>(),
        }));
    }
    let risk = |risk: &Risk| {
        json!({
            "day": risk.day.to_string(),
            "start_time": time(risk.when.start),
            "end_time": time(risk.when.end),
            "on_duty": risk.who,
        })
    };
    Ok(json!({
        "shop_id": place.shop.shop_id,
        "time_zone": place.shop.time_zone,
        "service": { "start": place.shop.service_start, "end": place.shop.service_end },
        "version": version.as_ref().map(|version| version.version),
        "days": chart.days.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "duty": listed,
        "gaps": chart.gaps.iter().map(gap_to_json).collect::<Vec<_>>(),
        "break_risks": chart.risks.iter().map(risk).collect::<Vec<_>>(),
    }))
}

const fn cause(cause: DutyCause) -> &'static str {
    match cause {
        DutyCause::Swapped => "swapped",
        DutyCause::Extra => "extra",
        DutyCause::Planned | DutyCause::Unspecified => "planned",
    }
}
