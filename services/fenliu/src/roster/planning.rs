//! Drafts: read from a spreadsheet, put into force, written as a spreadsheet.

use fenliu_domain::day::Day;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::{
    DutyChange, ExportRosterRequest, ImportRosterRequest, PublishRosterRequest, PublishRosterResponse,
};
use serde_json::{Value, json};

use super::chart::Gap;
use super::{Place, drafts, week};
use crate::cli::roster::{ExportArgs, ImportRosterArgs, PublishArgs};
use crate::client::Client;
use crate::moments::{clock_of, monday_of, named, rfc3339, timestamp};
use crate::output::Answer;
use crate::table::Table;
use crate::target::{asking, refused};
use crate::text_file;

/// Longest spreadsheet, in bytes, as the contract bounds it.
const MAX_BYTES: u64 = 512 * 1_024;
/// Most days whose gaps are asked for, as the contract bounds it.
const MAX_DAYS: i64 = 62;
/// Most changes of duty that are shown to people.
const MAX_SHOWN: usize = 40;

/// Runs `fenliu roster import`.
pub(super) async fn import(
    client: &Client,
    place: &Place,
    args: &ImportRosterArgs,
) -> anyhow::Result<Answer> {
    let csv = text_file::read(&args.file, MAX_BYTES)?;
    let covered = days(&csv);
    let request = ImportRosterRequest {
        request_id: String::new(),
        shop_id: place.id(),
        csv,
        etag: String::new(),
        templates: drafts::templates(client, args.preset.as_deref(), &args.templates).await?,
    };
    let mut rosters = RosterServiceClient::new(client.channel());
    let answer = rosters.import_roster(asking(request)).await.map_err(refused)?.into_inner();
    let file = args.file.display();
    let mut text =
        format!("read {} days of {} agents from {file} into the draft\n", answer.days, answer.agents);
    let mut json = json!({ "days": answer.days, "agents": answer.agents, "etag": answer.etag });
    if let Some((first, last)) = covered {
        let last = if first.days_until(last) < MAX_DAYS { last } else { first.plus(61) };
        let gaps = week::gaps(&week::coverage(client, place, first, last, true).await?)?;
        text.push_str(&told_gaps(place, first, last, &gaps));
        json["gaps"] = gaps.iter().map(week::gap_to_json).collect();
        if !args.publish {
            let monday = monday_of(first);
            text.push_str(&format!(
                "\nnothing is in force yet: look at it with fenliu roster show --draft --week {monday}, then fenliu \
                 roster publish\n"
            ));
        }
    }
    if args.publish {
        let published = put_into_force(client, place, answer.etag, &args.note, false).await?;
        text.push_str(&format!("\n{}", told(place, &published, false)?));
        json["published"] = to_json(&published)?;
    }
    Answer::new(&json, text)
}

/// The first and the last day that the spreadsheet's first line names. What it names badly, fenliu refuses.
fn days(csv: &str) -> Option<(Day, Day)> {
    let header = csv.trim_start_matches('\u{feff}').lines().next()?;
    let days = header.split(',').filter_map(|cell| cell.trim().trim_matches('"').parse::<Day>().ok());
    days.map(|day| (day, day)).reduce(|(first, last), (day, _)| (first.min(day), last.max(day)))
}

fn told_gaps(place: &Place, first: Day, last: Day, gaps: &[Gap]) -> String {
    if gaps.is_empty() {
        return format!("no gap from {first} to {last}: the service window is covered\n");
    }
    let count = if gaps.len() == 1 { "1 gap".to_owned() } else { format!("{} gaps", gaps.len()) };
    let mut text = format!("{count} from {first} to {last}:\n");
    for Gap { day, when, on_duty, needed } in gaps {
        let clock = |at| clock_of(*day, at, place.zone);
        let (start, end) = (clock(when.start), clock(when.end));
        text.push_str(&format!("  {} {start}–{end}: {on_duty} of {needed} on duty\n", named(*day)));
    }
    text
}

/// Runs `fenliu roster publish`.
pub(super) async fn publish(client: &Client, place: &Place, args: &PublishArgs) -> anyhow::Result<Answer> {
    let published = put_into_force(client, place, String::new(), &args.note, args.dry_run).await?;
    Answer::new(&to_json(&published)?, told(place, &published, args.dry_run)?)
}

async fn put_into_force(
    client: &Client,
    place: &Place,
    etag: String,
    note: &str,
    dry_run: bool,
) -> anyhow::Result<PublishRosterResponse> {
    let request = PublishRosterRequest {
        request_id: String::new(),
        shop_id: place.id(),
        etag,
        note: note.to_owned(),
        dry_run,
    };
    let answer = RosterServiceClient::new(client.channel()).publish_roster(asking(request)).await;
    Ok(answer.map_err(refused)?.into_inner())
}

fn told(place: &Place, published: &PublishRosterResponse, dry_run: bool) -> anyhow::Result<String> {
    let version = published.version.as_ref().map_or(0, |version| version.version);
    let done = if dry_run { "would become" } else { "is in force as" };
    let count = published.changes.len();
    let mut text = format!("the draft {done} roster {version}\n");
    if count == 0 {
        text.push_str("nobody's duty changes in the next 14 days\n");
        return Ok(text);
    }
    let mut table = Table::new(&["day", "when", "", "agent"]);
    for change in published.changes.iter().take(MAX_SHOWN) {
        table.row(row(place, change)?);
    }
    text.push_str(&format!("what changes in the next 14 days:\n\n{table}"));
    let rest = count.saturating_sub(MAX_SHOWN);
    if rest > 0 || published.more_changes {
        let more = if published.more_changes { " and more" } else { "" };
        text.push_str(&format!("… {rest} further changes{more}; --json lists them\n"));
    }
    Ok(text)
}

fn row(place: &Place, change: &DutyChange) -> anyhow::Result<[String; 4]> {
    let start = timestamp(change.start_time.as_ref(), "start_time")?;
    let end = timestamp(change.end_time.as_ref(), "end_time")?;
    let day = place.zone.day_of(start);
    let clock = |at| clock_of(day, at, place.zone);
    let what = if change.added { "+ on duty" } else { "- off duty" };
    Ok([
        named(day),
        format!("{}–{}", clock(start), clock(end)),
        what.to_owned(),
        place.people.full_name(&change.agent_id),
    ])
}

fn to_json(published: &PublishRosterResponse) -> anyhow::Result<Value> {
    let change = |change: &DutyChange| -> anyhow::Result<Value> {
        Ok(json!({
            "agent_id": change.agent_id,
            "added": change.added,
            "start_time": rfc3339(timestamp(change.start_time.as_ref(), "start_time")?),
            "end_time": rfc3339(timestamp(change.end_time.as_ref(), "end_time")?),
        }))
    };
    Ok(json!({
        "version": published.version.as_ref().map(|version| version.version),
        "changes": published.changes.iter().map(change).collect::<anyhow::Result<Vec<_>>>()?,
        "more_changes": published.more_changes,
    }))
}

/// Runs `fenliu roster export`.
pub(super) async fn export(client: &Client, place: &Place, args: &ExportArgs) -> anyhow::Result<Answer> {
    let request =
        ExportRosterRequest { shop_id: place.id(), first_day: args.from.clone(), last_day: args.to.clone() };
    let answer = RosterServiceClient::new(client.channel()).export_roster(asking(request)).await;
    let csv = answer.map_err(refused)?.into_inner().csv;
    Answer::new(&json!({ "csv": csv }), csv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_covered_days_are_those_of_the_first_line() {
        let day = |text: &str| text.parse::<Day>().expect("a day");
        let covered = |csv| days(csv);
        let expected = Some((day("2026-11-23"), day("2026-11-25")));
        assert_eq!(covered("agent,2026-11-25,2026-11-23\nann,,\n"), expected);
        assert_eq!(covered("\u{feff}\"agent\",\"2026-11-23\", 2026-11-25 \r\n"), expected);
        assert_eq!(covered("agent\nann\n"), None);
        assert_eq!(covered(""), None);
    }
}
