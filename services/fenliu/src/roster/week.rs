//! A week, gathered to be drawn.

use fenliu_domain::day::{Day, Window};
use fenliu_domain::time::Timestamp;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::{
    CheckCoverageRequest, CheckCoverageResponse, DutyCause, DutyWindow, GetRosterRequest, ListDutyRequest,
    Roster, RosterVersion,
};
use fenliu_proto::convert::to_timestamp;
use fenliu_runtime::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::chart::{Bar, Chart, Gap, Paint, Risk, Stretch, draw};
use super::{Place, shifts};
use crate::cli::roster::ShowArgs;
use crate::client::Client;
use crate::moments::{self, monday_of, rfc3339, timestamp};
use crate::output::Answer;
use crate::shops::window;
use crate::target::{Refused, asking, refused};

/// Days of a week.
const WEEK: u32 = 7;

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
    let first = monday_of(first);
    let (roster, version) =
        roster(client, place, args.draft).await.map_err(|error| none_yet(error, args.draft))?;
    let windows = duty(client, place, first, args.draft).await?;
    let coverage = coverage(client, place, first, first.plus(WEEK - 1), args.draft).await?;
    let chart = Chart {
        title: title(place, first, &roster, version.as_ref()),
        zone: place.zone,
        service: service(place),
        days: (0..WEEK).map(|later| first.plus(later)).collect(),
        bars: windows.iter().map(|window| bar(place, &roster, window)).collect::<anyhow::Result<_>>()?,
        gaps: gaps(&coverage)?,
        risks: risks(place, &coverage)?,
    };
    let json = to_json(place, &chart, &windows, version.as_ref())?;
    Answer::new(&json, draw(&chart, paint))
}

fn none_yet(error: anyhow::Error, draft: bool) -> anyhow::Error {
    if !Refused::is_for(&error, "ROSTER_NOT_FOUND") {
        return error;
    }
    let message = if draft {
        "there is no draft; read one with fenliu roster import"
    } else {
        "no roster is in force; publish the draft with fenliu roster publish, or look at it with --draft"
    };
    Refused { reason: "ROSTER_NOT_FOUND", message: message.to_owned() }.into()
}

fn title(place: &Place, first: Day, roster: &Roster, version: Option<&RosterVersion>) -> String {
    let shop = &place.shop;
    let which = version.map_or("draft".to_owned(), |version| format!("roster {}", version.version));
    let needed = roster.min_on_duty.max(1);
    format!(
        "{}, week of {first}, {which}; {}, service {}, at least {needed} on duty",
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

/// The draft, or the roster in force with its version.
pub(super) async fn roster(
    client: &Client,
    place: &Place,
    draft: bool,
) -> anyhow::Result<(Roster, Option<RosterVersion>)> {
    let request = GetRosterRequest { shop_id: place.id(), draft, version: 0 };
    let answer = RosterServiceClient::new(client.channel()).get_roster(asking(request)).await;
    let answer = answer.map_err(refused)?.into_inner();
    Ok((answer.roster.unwrap_or_default(), answer.version))
}

async fn duty(client: &Client, place: &Place, first: Day, draft: bool) -> anyhow::Result<Vec<DutyWindow>> {
    let request = ListDutyRequest {
        shop_id: place.id(),
        start_time: Some(to_timestamp(place.zone.start_of(first))),
        end_time: Some(to_timestamp(place.zone.start_of(first.plus(WEEK)))),
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

fn to_json(
    place: &Place,
    chart: &Chart,
    windows: &[DutyWindow],
    version: Option<&RosterVersion>,
) -> anyhow::Result<Value> {
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
        "version": version.map(|version| version.version),
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
