//! Leave, swaps and extra duty.

use anyhow::Context;
use fenliu_proto::accounts::v1::create_roster_exception_request::Kind as NewKind;
use fenliu_proto::accounts::v1::roster_exception::Kind;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::{
    AnswerRosterExceptionRequest, CancelRosterExceptionRequest, CreateRosterExceptionRequest, ExceptionState,
    ExtraDuty, Leave, ListRosterExceptionsRequest, RosterException, Swap,
};
use fenliu_proto::convert::to_timestamp;
use serde_json::{Value, json};

use super::{Place, shifts};
use crate::cli::roster::{
    AnswerArgs, CancelArgs, ExceptionsArgs, ExtraArgs, LeaveArgs, OnBehalfArgs, SwapArgs, Yes,
};
use crate::client::Client;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::moments::{self, timestamp, to_the_minute};
use crate::output::Answer;
use crate::people;
use crate::table::Table;
use crate::target::{Refused, asking, refused};

/// Enters somebody's leave.
pub(super) async fn leave(client: &Client, place: &Place, args: &LeaveArgs) -> anyhow::Result<Answer> {
    let start = moments::moment(&args.from, "--from", place.zone, false)?;
    let end = moments::moment(&args.to, "--to", place.zone, true)?;
    anyhow::ensure!(start < end, "--to {} is not after --from {}", args.to, args.from);
    let leave = Leave {
        agent_id: people::id_of(client, &place.id(), &args.agent).await?,
        start_time: Some(to_timestamp(start)),
        end_time: Some(to_timestamp(end)),
    };
    create(client, place, NewKind::Leave(leave), &args.reason, &args.behalf).await
}

/// Exchanges what two agents work on two days.
pub(super) async fn swap(client: &Client, place: &Place, args: &SwapArgs) -> anyhow::Result<Answer> {
    let swap = Swap {
        agent_id: people::id_of(client, &place.id(), &args.agent).await?,
        day: moments::day(&args.day, "DAY")?.to_string(),
        other_agent_id: people::id_of(client, &place.id(), &args.other).await?,
        other_day: moments::day(&args.other_day, "OTHER_DAY")?.to_string(),
    };
    create(client, place, NewKind::Swap(swap), &args.reason, &args.behalf).await
}

/// Enters an extra duty.
pub(super) async fn extra(client: &Client, place: &Place, args: &ExtraArgs) -> anyhow::Result<Answer> {
    let extra = ExtraDuty {
        agent_id: people::id_of(client, &place.id(), &args.agent).await?,
        day: moments::day(&args.day, "DAY")?.to_string(),
        shift: Some(shifts::shift(&args.shift, "the shift")?),
    };
    create(client, place, NewKind::ExtraDuty(extra), &args.reason, &args.behalf).await
}

async fn create(
    client: &Client,
    place: &Place,
    kind: NewKind,
    reason: &str,
    behalf: &OnBehalfArgs,
) -> anyhow::Result<Answer> {
    let request = CreateRosterExceptionRequest {
        request_id: String::new(),
        shop_id: place.id(),
        agent_id: on_behalf(client, behalf)?,
        reason: reason.to_owned(),
        kind: Some(kind),
    };
    let answer = RosterServiceClient::new(client.channel()).create_roster_exception(asking(request)).await;
    let exception = answer.map_err(|status| hinted(refused(status), behalf))?.into_inner().exception;
    one(place, &exception.context("accounts left out what was entered")?)
}

/// Says yes or no.
pub(super) async fn answer(client: &Client, place: &Place, args: &AnswerArgs) -> anyhow::Result<Answer> {
    let request = AnswerRosterExceptionRequest {
        request_id: String::new(),
        shop_id: place.id(),
        exception_id: args.exception.clone(),
        agent_id: on_behalf(client, &args.behalf)?,
        accept: args.answer == Yes::Yes,
    };
    let answer = RosterServiceClient::new(client.channel()).answer_roster_exception(asking(request)).await;
    let exception = answer.map_err(|status| hinted(refused(status), &args.behalf))?.into_inner().exception;
    one(place, &exception.context("accounts left out what was answered")?)
}

/// Takes one back.
pub(super) async fn cancel(client: &Client, place: &Place, args: &CancelArgs) -> anyhow::Result<Answer> {
    let request = CancelRosterExceptionRequest {
        request_id: String::new(),
        shop_id: place.id(),
        exception_id: args.exception.clone(),
        agent_id: on_behalf(client, &args.behalf)?,
    };
    let answer = RosterServiceClient::new(client.channel()).cancel_roster_exception(asking(request)).await;
    let exception = answer.map_err(|status| hinted(refused(status), &args.behalf))?.into_inner().exception;
    one(place, &exception.context("accounts left out what was taken back")?)
}

/// Lists them, newest first.
pub(super) async fn list(client: &Client, place: &Place, args: &ExceptionsArgs) -> anyhow::Result<Answer> {
    let agent_id = match &args.agent {
        Some(agent) => people::id_of(client, &place.id(), agent).await?,
        None => String::new(),
    };
    let state = if args.waiting { ExceptionState::Requested } else { ExceptionState::Unspecified };
    let page = async |page_token: String| {
        let request = ListRosterExceptionsRequest {
            shop_id: place.id(),
            agent_id: agent_id.clone(),
            state: state.into(),
            page_size: PAGE_SIZE,
            page_token,
        };
        let answer = RosterServiceClient::new(client.channel()).list_roster_exceptions(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.exceptions, answer.next_page_token))
    };
    let exceptions = listing::all(MAX_LISTED, page).await?;
    let mut table = Table::new(&["what", "state", "waits for", "why", "exception"]);
    for exception in &exceptions {
        table.row([
            what(place, exception)?,
            state_name(exception.state()).to_owned(),
            waits_for(place, exception),
            exception.reason.clone(),
            exception.exception_id.clone(),
        ]);
    }
    let text = if table.is_empty() { "no leave, swap or extra duty\n".to_owned() } else { table.to_string() };
    let listed = exceptions.iter().map(|exception| to_json(place, exception));
    Answer::new(&json!({ "exceptions": listed.collect::<anyhow::Result<Vec<_>>>()? }), text)
}

/// The agent who acts; empty for a supervisor.
fn on_behalf(client: &Client, behalf: &OnBehalfArgs) -> anyhow::Result<String> {
    if !behalf.mine {
        return Ok(String::new());
    }
    let subject = client.subject().context("--mine needs a session; run fenliu login first")?;
    Ok(subject.to_owned())
}

/// Who may not do it as a supervisor may do it as themselves.
fn hinted(error: anyhow::Error, behalf: &OnBehalfArgs) -> anyhow::Error {
    if behalf.mine || !Refused::is_for(&error, "PERMISSION_DENIED") {
        return error;
    }
    let message = "only a supervisor may do this for others; do it as yourself with --mine".to_owned();
    Refused { reason: "PERMISSION_DENIED", message }.into()
}

fn one(place: &Place, exception: &RosterException) -> anyhow::Result<Answer> {
    let what = what(place, exception)?;
    let waits = waits_for(place, exception);
    let waits = if waits.is_empty() { waits } else { format!(", waits for {waits}") };
    let state = state_name(exception.state());
    let text = format!("{what}: {state}{waits}; {}\n", exception.exception_id);
    Answer::new(&to_json(place, exception)?, text)
}

fn what(place: &Place, exception: &RosterException) -> anyhow::Result<String> {
    let name = |agent: &str| place.people.full_name(agent);
    Ok(match exception.kind.as_ref().context("accounts left out what the exception is")? {
        Kind::Leave(leave) => {
            let start = timestamp(leave.start_time.as_ref(), "start_time")?;
            let end = timestamp(leave.end_time.as_ref(), "end_time")?;
            let (start, end) = (to_the_minute(start, place.zone), to_the_minute(end, place.zone));
            format!("leave of {} from {start} to {end}", name(&leave.agent_id))
        }
        Kind::Swap(swap) => {
            let Swap { agent_id, day, other_agent_id, other_day } = swap;
            format!("swap of {} on {day} with {} on {other_day}", name(agent_id), name(other_agent_id))
        }
        Kind::ExtraDuty(extra) => {
            let shift = extra.shift.clone().unwrap_or_default();
            format!("extra duty of {} on {} {}-{}", name(&extra.agent_id), extra.day, shift.start, shift.end)
        }
    })
}

fn waits_for(place: &Place, exception: &RosterException) -> String {
    let named =
        |who: &String| if who == "supervisor" { "a supervisor".into() } else { place.people.full_name(who) };
    exception.waits_for.iter().map(named).collect::<Vec<_>>().join(", ")
}

const fn state_name(state: ExceptionState) -> &'static str {
    match state {
        ExceptionState::Requested | ExceptionState::Unspecified => "requested",
        ExceptionState::Active => "counts",
        ExceptionState::Declined => "declined",
        ExceptionState::Cancelled => "taken back",
    }
}

fn to_json(place: &Place, exception: &RosterException) -> anyhow::Result<Value> {
    let kind = match exception.kind {
        Some(Kind::Leave(_)) => "leave",
        Some(Kind::Swap(_)) => "swap",
        Some(Kind::ExtraDuty(_)) => "extra_duty",
        None => "",
    };
    Ok(json!({
        "exception_id": exception.exception_id,
        "kind": kind,
        "told": what(place, exception)?,
        "state": state_name(exception.state()),
        "waits_for": exception.waits_for,
        "reason": exception.reason,
        "author": exception.author,
    }))
}
