//! `fenliu demand`: when a shop's buyers come, and what stands out of it.

use std::path::Path;

use anyhow::Context;
use fenliu_proto::accounts::v1::GetShopRequest;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::analytics::v1::demand_service_client::DemandServiceClient;
use fenliu_proto::analytics::v1::{GetHourlyProfileRequest, GetPeaksRequest};
use fenliu_runtime::channel::Outgoing;

use crate::cli::{DEFAULT_DATA_DIR, DemandArgs};
use crate::output::Answer;
use crate::rates::Days;
use crate::target::{Otherwise, Target, asking, refused};

pub mod heat;
pub mod sheet;

use self::sheet::Sheet;

/// Runs `fenliu demand`.
///
/// # Errors
/// When a day cannot be read, the shop does not exist, or fenliu cannot be reached.
pub async fn demand(args: &DemandArgs) -> anyhow::Result<Answer> {
    let days = Days::typed(args.from.as_deref(), args.to.as_deref())?;
    args.target.must_hold_data()?;
    let target = Target::open(&args.target, Otherwise::Directory(Path::new(DEFAULT_DATA_DIR))).await?;
    let sheet = run(&args.shop, days, &target.channel()).await;
    target.close().await?;
    let sheet = sheet?;
    Answer::new(&sheet, sheet.to_string())
}

/// Asks for the demand in the service hours that accounts knows the shop to have.
async fn run(shop_id: &str, days: Days, channel: &Outgoing) -> anyhow::Result<Sheet> {
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
        let args = DemandArgs { shop: "shp_".into(), from: None, to: None, target };
        let refused = demand(&args).await.expect_err("there is nothing").to_string();
        assert!(refused.contains("mistyped holds no fenliu data"), "{refused}");
        assert!(!data_dir.exists());
    }
}
