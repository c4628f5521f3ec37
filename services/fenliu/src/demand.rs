//! `fenliu demand`: when a shop's buyers come, and what stands out of it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use fenliu_proto::accounts::v1::GetShopRequest;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::analytics::v1::demand_service_client::DemandServiceClient;
use fenliu_proto::analytics::v1::{GetHourlyProfileRequest, GetPeaksRequest};
use fenliu_runtime::channel::Outgoing;
use serde::Serialize;

use crate::cli::{DEFAULT_DATA_DIR, DemandArgs};
use crate::output::Answer;
use crate::rates::Days;
use crate::target::{Otherwise, Target, asking, refused};

pub mod heat;
pub mod picture;
pub mod sheet;

use self::sheet::Sheet;

/// Demand, and where it was drawn.
#[derive(Serialize)]
struct Drawn<'a> {
    #[serde(flatten)]
    sheet: &'a Sheet,
    /// The files of its heat map.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pictures: Vec<String>,
}

/// Runs `fenliu demand`.
///
/// # Errors
/// When a day cannot be read, the shop does not exist, a picture cannot be written or would be empty, or fenliu cannot
/// be reached.
pub async fn demand(args: &DemandArgs) -> anyhow::Result<Answer> {
    let days = Days::typed(args.from.as_deref(), args.to.as_deref())?;
    args.target.must_hold_data()?;
    let target = Target::open(&args.target, Otherwise::Directory(Path::new(DEFAULT_DATA_DIR))).await?;
    let sheet = run(&args.shop, days, &target.channel()).await;
    target.close().await?;
    let sheet = sheet?;
    let pictures = draw(args, &sheet)?;
    let named: String = pictures.iter().map(|file| format!("\nthe heat map is in {file}\n")).collect();
    Answer::new(&Drawn { sheet: &sheet, pictures }, sheet.to_string() + &named)
}

/// Draws the heat map into the files that are asked for, over what they hold, and returns their names.
fn draw(args: &DemandArgs, sheet: &Sheet) -> anyhow::Result<Vec<String>> {
    let mut drawn = Vec::new();
    let mut write = |file: &PathBuf, bytes: &[u8]| {
        drawn.push(file.display().to_string());
        std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
    };
    if let Some(file) = &args.svg {
        write(file, picture::svg(sheet)?.as_bytes())?;
    }
    if let Some(file) = &args.png {
        write(file, &picture::png(sheet)?)?;
    }
    Ok(drawn)
}

/// Asks for the demand in the service hours that accounts knows the shop to have.
pub(crate) async fn run(shop_id: &str, days: Days, channel: &Outgoing) -> anyhow::Result<Sheet> {
    let request = GetShopRequest { shop_id: shop_id.to_owned() };
    let answer = ShopServiceClient::new(channel.clone()).get_shop(asking(request)).await.map_err(refused)?;
    let shop = answer.into_inner().shop.context("accounts left out the shop")?;
    let (start_date, end_date) = days.named();
    let mut client = DemandServiceClient::new(channel.clone());
    let peaks = GetPeaksRequest {
        shop_id: shop.shop_id.clone(),
        start_date: start_date.clone(),
        end_date: end_date.clone(),
        service_start: shop.service_start.clone(),
        service_end: shop.service_end.clone(),
        factor_permille: None,
    };
    let peaks = client.get_peaks(asking(peaks)).await.map_err(refused)?.into_inner();
    let profile = GetHourlyProfileRequest {
        shop_id: shop.shop_id.clone(),
        start_date,
        end_date,
        service_start: shop.service_start.clone(),
        service_end: shop.service_end.clone(),
    };
    let profile = client.get_hourly_profile(asking(profile)).await.map_err(refused)?.into_inner();
    Ok(Sheet::new(shop, profile, peaks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::TargetArgs;

    #[tokio::test]
    async fn a_directory_without_data_is_refused_and_not_made() {
        let scratch = tempfile::tempdir().expect("a directory");
        let data_dir = scratch.path().join("mistyped");
        let target = TargetArgs { data_dir: Some(data_dir.clone()), ..TargetArgs::default() };
        let args = DemandArgs { shop: "shp_".into(), from: None, to: None, svg: None, png: None, target };
        let refused = demand(&args).await.expect_err("there is nothing").to_string();
        assert!(refused.contains("mistyped holds no fenliu data"), "{refused}");
        assert!(!data_dir.exists());
    }

    #[test]
    fn pictures_are_written_where_they_are_asked_for() {
        let place = tempfile::tempdir().expect("a directory");
        let file = |name: &str| Some(place.path().join(name));
        let args = DemandArgs {
            shop: "shp_".into(),
            from: None,
            to: None,
            svg: file("week.svg"),
            png: file("week.png"),
            target: TargetArgs::default(),
        };
        let sheet = sheet::tests::sheet();
        assert_eq!(draw(&args, &sheet).expect("drawn").len(), 2);
        assert!(std::fs::read(place.path().join("week.png")).expect("reads").starts_with(b"\x89PNG"));
        assert!(std::fs::read(place.path().join("week.svg")).expect("reads").starts_with(b"<svg"));
        let nowhere = DemandArgs { svg: file("no/such/place.svg"), ..args };
        assert!(draw(&nowhere, &sheet).expect_err("no such directory").to_string().contains("place.svg"));
    }
}
