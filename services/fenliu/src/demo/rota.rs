//! The day's roster: read from a spreadsheet and published before the evening begins, as a supervisor would.

use fenliu_domain::day::Day;
use fenliu_proto::accounts::v1::roster_service_client::RosterServiceClient;
use fenliu_proto::accounts::v1::{ImportRosterRequest, PublishRosterRequest, Shift, ShiftTemplate};
use fenliu_runtime::channel::Outgoing;

use super::cast::{SHIFTS, STAFF, TODAY};
use crate::client::Client;
use crate::roster::draw_draft;
use crate::target::{asking, refused};

/// Reads the day's roster into the draft of the shop, and draws the day. Returns the draft's etag with the chart.
///
/// # Errors
/// Refusals.
pub(super) async fn draft(channel: &Outgoing, shop: &str) -> anyhow::Result<(String, String)> {
    let request = ImportRosterRequest {
        shop_id: shop.to_owned(),
        csv: spreadsheet(),
        templates: SHIFTS.iter().map(template).collect(),
        ..ImportRosterRequest::default()
    };
    let mut rosters = RosterServiceClient::new(channel.clone());
    let draft = rosters.import_roster(asking(request)).await.map_err(refused)?.into_inner();
    let today: Day = TODAY.parse()?;
    let client = Client::over(channel.clone(), shop.to_owned());
    Ok((draft.etag, draw_draft(&client, today).await?))
}

/// Publishes the draft.
///
/// # Errors
/// Refusals.
pub(super) async fn publish(channel: &Outgoing, shop: &str, etag: String) -> anyhow::Result<()> {
    let request = PublishRosterRequest {
        shop_id: shop.to_owned(),
        etag,
        note: "the day of the year's largest sale".to_owned(),
        ..PublishRosterRequest::default()
    };
    RosterServiceClient::new(channel.clone()).publish_roster(asking(request)).await.map_err(refused)?;
    Ok(())
}

fn template((name, hours): &(&str, &str)) -> ShiftTemplate {
    let (start, end) = hours.split_once('-').unwrap_or((hours, ""));
    let shift = Shift { start: start.to_owned(), end: end.to_owned(), breaks: Vec::new() };
    ShiftTemplate { name: (*name).to_owned(), shift: Some(shift) }
}

fn spreadsheet() -> String {
    let rows = STAFF.iter().map(|part| format!("{},{}\n", part.login, part.shift()));
    format!("agent,{TODAY}\n{}", rows.collect::<String>())
}
