//! The rosters there are: the draft and the published ones, listed, shown and compared.

use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::{
    GetRosterRequest, GetRosterResponse, ListRosterVersionsRequest, RosterVersion,
};
use serde_json::{Value, json};

use super::{Place, contents};
use crate::cli::roster::drafting::{DiffArgs, PlanArgs, Which};
use crate::client::Client;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::moments::{rfc3339, timestamp, to_the_minute};
use crate::output::Answer;
use crate::table::Table;
use crate::target::{Refused, asking, refused};

/// Runs `fenliu roster versions`.
pub(super) async fn list(client: &Client, place: &Place) -> anyhow::Result<Answer> {
    let page = async |page_token: String| {
        let request = ListRosterVersionsRequest { shop_id: place.id(), page_size: PAGE_SIZE, page_token };
        let answer = RosterServiceClient::new(client.channel()).list_roster_versions(asking(request)).await;
        let answer = answer.map_err(refused)?.into_inner();
        anyhow::Ok((answer.versions, answer.next_page_token))
    };
    let versions = listing::all(MAX_LISTED, page).await?;
    let listed = versions.iter().map(to_json).collect::<anyhow::Result<Vec<_>>>()?;
    Answer::new(&json!({ "versions": listed }), table(place, &versions)?)
}

fn table(place: &Place, versions: &[RosterVersion]) -> anyhow::Result<String> {
    let mut table = Table::new(&[">roster", "published", "by", "note"]);
    for version in versions {
        table.row([
            version.version.to_string(),
            to_the_minute(timestamp(version.publish_time.as_ref(), "publish_time")?, place.zone),
            place.people.name(&version.published_by),
            version.note.clone(),
        ]);
    }
    Ok(if table.is_empty() { "no roster was published yet\n".to_owned() } else { table.to_string() })
}

fn to_json(version: &RosterVersion) -> anyhow::Result<Value> {
    Ok(json!({
        "version": version.version,
        "publish_time": rfc3339(timestamp(version.publish_time.as_ref(), "publish_time")?),
        "published_by": version.published_by,
        "note": version.note,
        "time_zone": version.time_zone,
    }))
}

/// Runs `fenliu roster plan`.
pub(super) async fn plan(client: &Client, place: &Place, args: &PlanArgs) -> anyhow::Result<Answer> {
    let read = read(client, place, args.roster).await?;
    let named = named(args.roster, read.version.as_ref());
    let roster = read.roster.unwrap_or_default();
    let mut json = contents::to_json(&roster);
    json["version"] = json!(read.version.map(|version| version.version));
    Answer::new(&json, format!("{named}\n\n{}", contents::told(&roster, &place.people)))
}

/// Runs `fenliu roster diff`.
pub(super) async fn diff(client: &Client, place: &Place, args: &DiffArgs) -> anyhow::Result<Answer> {
    let before = read(client, place, args.before).await?;
    let after = read(client, place, args.after).await?;
    let between = format!(
        "{} and {}",
        named(args.before, before.version.as_ref()),
        named(args.after, after.version.as_ref())
    );
    let differences = contents::differences(
        &before.roster.unwrap_or_default(),
        &after.roster.unwrap_or_default(),
        &place.people,
    );
    let listed: Vec<_> = differences.iter().map(contents::Difference::to_json).collect();
    Answer::new(&json!({ "differences": listed }), contents::told_differences(&between, &differences))
}

/// How a roster is called.
fn named(which: Which, version: Option<&RosterVersion>) -> String {
    let number = version.map(|version| version.version);
    match (which, number) {
        (Which::Draft, _) | (_, None) => "the draft".to_owned(),
        (Which::Current, Some(number)) => format!("roster {number}, in force"),
        (Which::Version(_), Some(number)) => format!("roster {number}"),
    }
}

/// One of the shop's rosters.
///
/// # Errors
/// Refusals; one of a roster that is not there says what to do.
pub(super) async fn read(client: &Client, place: &Place, which: Which) -> anyhow::Result<GetRosterResponse> {
    let (draft, version) = match which {
        Which::Draft => (true, 0),
        Which::Current => (false, 0),
        Which::Version(version) => (false, version),
    };
    let request = GetRosterRequest { shop_id: place.id(), draft, version };
    let answer = RosterServiceClient::new(client.channel()).get_roster(asking(request)).await;
    Ok(answer.map_err(|status| none_yet(refused(status), which))?.into_inner())
}

fn none_yet(error: anyhow::Error, which: Which) -> anyhow::Error {
    if !Refused::is_for(&error, "ROSTER_NOT_FOUND") {
        return error;
    }
    let message = match which {
        Which::Draft => {
            "there is no draft; read one with fenliu roster import, or begin one with fenliu roster draft".to_owned()
        }
        Which::Current => {
            "no roster is in force; publish the draft with fenliu roster publish, or look at it with fenliu roster \
             show --draft"
                .to_owned()
        }
        Which::Version(version) => format!("there is no roster {version}; see fenliu roster versions"),
    };
    Refused { reason: "ROSTER_NOT_FOUND", message }.into()
}
