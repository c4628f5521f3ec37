//! The draft, changed piece by piece: shift templates, rotations, and who works them.

use std::collections::BTreeSet;

use anyhow::Context;
use fenliu_domain::day::Day;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::{
    ListShiftPresetsRequest, Roster, ShiftPreset, ShiftTemplate, UpdateRosterDraftRequest,
};
use serde_json::{Value, json};

use super::rotating::{Cycle, Stint, turn};
use super::{Place, contents, shifts, versions, week};
use crate::cli::roster::drafting::{DraftArgs, RotateArgs, Which};
use crate::client::Client;
use crate::moments::{self, monday_of};
use crate::output::Answer;
use crate::table::Table;
use crate::target::{Refused, asking, refused};

/// Days after a change whose gaps are counted.
const DAYS_LOOKED_AT: u32 = 14;

/// Runs `fenliu roster presets`.
pub(super) async fn presets(client: &Client) -> anyhow::Result<Answer> {
    let presets = all_presets(client).await?;
    let mut table = Table::new(&["preset", "shift", "hours"]);
    for preset in &presets {
        let names = std::iter::once(preset.name.as_str()).chain(std::iter::repeat(""));
        for (name, template) in names.zip(&preset.templates) {
            table.row([name.to_owned(), template.name.clone(), contents::hours(template)]);
        }
    }
    let templates = |preset: &ShiftPreset| -> Vec<Value> {
        preset.templates.iter().map(contents::template_to_json).collect()
    };
    let listed = presets.iter().map(|preset| json!({ "name": preset.name, "templates": templates(preset) }));
    let text = format!("{table}\nuse one with --preset of fenliu roster import or fenliu roster draft\n");
    Answer::new(&json!({ "presets": listed.collect::<Vec<_>>() }), text)
}

async fn all_presets(client: &Client) -> anyhow::Result<Vec<ShiftPreset>> {
    let mut rosters = RosterServiceClient::new(client.channel());
    let answer = rosters.list_shift_presets(asking(ListShiftPresetsRequest {})).await;
    Ok(answer.map_err(refused)?.into_inner().presets)
}

/// The templates of a preset, then those that are typed, which replace those of the same name.
pub(super) async fn templates(
    client: &Client,
    preset: Option<&str>,
    typed: &[String],
) -> anyhow::Result<Vec<ShiftTemplate>> {
    let typed =
        typed.iter().map(|text| shifts::template_to_send(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let Some(name) = preset else { return Ok(typed) };
    let presets = all_presets(client).await?;
    let preset = presets.iter().find(|preset| preset.name == name).with_context(|| {
        let names: Vec<_> = presets.iter().map(|preset| preset.name.as_str()).collect();
        format!("--preset {name:?} is none; use one of {}", names.join(", "))
    })?;
    let mut templates = preset.templates.clone();
    put(&mut templates, typed);
    Ok(templates)
}

/// Adds templates; each replaces the one of its name.
fn put(templates: &mut Vec<ShiftTemplate>, more: Vec<ShiftTemplate>) {
    for template in more {
        match templates.iter_mut().find(|known| known.name == template.name) {
            Some(known) => *known = template,
            None => templates.push(template),
        }
    }
}

/// The draft as it was read.
struct Read {
    roster: Roster,
    /// Empty when there is no draft yet.
    etag: String,
}

/// The draft; where there is none, a copy of the roster in force; where there is none either, an empty one.
async fn read(client: &Client, place: &Place) -> anyhow::Result<Read> {
    for which in [Which::Draft, Which::Current] {
        match versions::read(client, place, which).await {
            Err(error) if Refused::is_for(&error, "ROSTER_NOT_FOUND") => {}
            read => {
                let read = read?;
                return Ok(Read { roster: read.roster.unwrap_or_default(), etag: read.etag });
            }
        }
    }
    Ok(Read { roster: Roster::default(), etag: String::new() })
}

async fn write(client: &Client, place: &Place, roster: &Roster, etag: String) -> anyhow::Result<()> {
    let request = UpdateRosterDraftRequest {
        request_id: String::new(),
        shop_id: place.id(),
        roster: Some(roster.clone()),
        etag,
        ..Default::default()
    };
    let answer = RosterServiceClient::new(client.channel()).update_roster_draft(asking(request)).await;
    answer.map_err(refused)?;
    Ok(())
}

/// Runs `fenliu roster draft`.
pub(super) async fn draft(client: &Client, place: &Place, args: &DraftArgs) -> anyhow::Result<Answer> {
    let templates = templates(client, args.preset.as_deref(), &args.templates).await?;
    let Read { mut roster, etag } = read(client, place).await?;
    if let Some(which) = args.restore {
        roster = versions::read(client, place, which).await?.roster.unwrap_or_default();
    }
    for name in &args.drop {
        drop_named(&mut roster, name)?;
    }
    put(&mut roster.templates, templates);
    roster.min_on_duty = args.at_least.unwrap_or(roster.min_on_duty);
    write(client, place, &roster, etag).await?;
    let text =
        format!("changed the draft; nothing is in force yet\n\n{}", contents::told(&roster, &place.people));
    Answer::new(&contents::to_json(&roster), text)
}

/// Takes a template away, or else a rotation. Whether anybody works it is for accounts to say.
fn drop_named(roster: &mut Roster, name: &str) -> anyhow::Result<()> {
    let (templates, rotations) = (roster.templates.len(), roster.rotations.len());
    roster.templates.retain(|template| template.name != name);
    if roster.templates.len() == templates {
        roster.rotations.retain(|rotation| rotation.name != name);
    }
    anyhow::ensure!(
        roster.templates.len() < templates || roster.rotations.len() < rotations,
        "--drop {name}: the draft has no shift template and no rotation of that name; see fenliu roster plan"
    );
    Ok(())
}

/// Runs `fenliu roster rotate`.
pub(super) async fn rotate(client: &Client, place: &Place, args: &RotateArgs) -> anyhow::Result<Answer> {
    let cycle = args.cycle.as_deref().map(Cycle::parse).transpose()?;
    let agents = args.agents.iter().map(|agent| place.people.id_of(agent));
    let agents = agents.collect::<anyhow::Result<BTreeSet<_>>>()?;
    let stint = args.from.as_deref().map(|from| Stint::of(args, from)).transpose()?;
    let Read { mut roster, etag } = read(client, place).await?;
    let dated = turn(&mut roster, &args.rotation, cycle, stint.as_ref().map(|stint| (stint, &agents)))?;
    write(client, place, &roster, etag).await?;
    let mut text = "changed the draft; nothing is in force yet\n".to_owned();
    let mut json = contents::to_json(&roster);
    json["dated_days_kept"] = json!(dated);
    match dated {
        0 => {}
        1 => text.push_str("1 day of theirs stays as a spreadsheet says\n"),
        dated => text.push_str(&format!("{dated} days of theirs stay as a spreadsheet says\n")),
    }
    if let Some(stint) = &stint {
        let last = stint.first.plus(DAYS_LOOKED_AT - 1);
        let last = stint.last.map_or(last, |to| last.min(to));
        let gaps = week::gaps(&week::coverage(client, place, stint.first, last, true).await?)?;
        json["gaps"] = gaps.iter().map(week::gap_to_json).collect();
        text.push_str(&counted(stint.first, last, gaps.len()));
    }
    text.push_str(&format!("\n{}", contents::told(&roster, &place.people)));
    Answer::new(&json, text)
}

/// How many gaps there are, and how to see them: whoever sets up one crew after the other knows that some are left.
fn counted(first: Day, last: Day, gaps: usize) -> String {
    let look = format!("see fenliu roster show --draft --week {}", monday_of(first));
    match gaps {
        0 => format!("no gap from {first} to {last}: the service window is covered\n"),
        1 => format!("1 gap from {first} to {last}; {look}\n"),
        gaps => format!("{gaps} gaps from {first} to {last}; {look}\n"),
    }
}

impl Stint {
    fn of(args: &RotateArgs, from: &str) -> anyhow::Result<Self> {
        let first = moments::day(from, "--from")?;
        let last = args.to.as_deref().map(|to| moments::day(to, "--to")).transpose()?;
        if let Some(last) = last {
            anyhow::ensure!(first <= last, "--to {last} is before --from {first}");
        }
        Ok(Self { first, last, start_at: args.start_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_replace_those_of_their_name_and_are_dropped_by_it() {
        let read = |text: &str| shifts::template_to_send(text).expect("a template");
        let mut roster = Roster { templates: vec![read("early=08:00-16:00")], ..Roster::default() };
        put(&mut roster.templates, vec![read("late=15:00-23:00"), read("early=09:00-17:00")]);
        let told: Vec<_> = roster.templates.iter().map(contents::hours).collect();
        assert_eq!(told, ["09:00-17:00", "15:00-23:00"]);
        drop_named(&mut roster, "early").expect("it is there");
        assert!(drop_named(&mut roster, "early").is_err(), "it is gone");
        assert_eq!(roster.templates.len(), 1);
    }
}
