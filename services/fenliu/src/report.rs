//! `fenliu report`: how fast a shop answered, by the rules of one or several marketplaces, with proof of the misses.

use std::path::Path;

use anyhow::Context;
use fenliu_proto::accounts::v1::GetShopRequest;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::analytics::v1::rule_pack_service_client::RulePackServiceClient;
use fenliu_proto::analytics::v1::{ListRulePacksRequest, RulePack, RulePackOrigin};
use fenliu_runtime::channel::Outgoing;

use crate::cli::{DEFAULT_DATA_DIR, ReportArgs};
use crate::output::Answer;
use crate::packs::Choice;
use crate::rates::{self, Days};
use crate::target::{Otherwise, Target, asking, refused};

pub mod sheet;

use self::sheet::{PackSheet, Sheet};

/// Most packs that are asked for: all there can be.
const MOST_PACKS: i32 = 500;

/// Runs `fenliu report`.
///
/// # Errors
/// When a day cannot be read, the shop or a pack does not exist, or fenliu cannot be reached.
pub async fn report(args: &ReportArgs) -> anyhow::Result<Answer> {
    let days = Days::typed(args.from.as_deref(), args.to.as_deref())?;
    args.target.must_hold_data()?;
    let target = Target::open(&args.target, Otherwise::Directory(Path::new(DEFAULT_DATA_DIR))).await?;
    let sheet = run(args, days, &target.channel()).await;
    target.close().await?;
    let sheet = sheet?;
    Answer::new(&sheet, sheet.to_string())
}

async fn run(args: &ReportArgs, days: Days, channel: &Outgoing) -> anyhow::Result<Sheet> {
    let request = GetShopRequest { shop_id: args.shop.clone() };
    let answer = ShopServiceClient::new(channel.clone()).get_shop(asking(request)).await.map_err(refused)?;
    let shop = answer.into_inner().shop.context("accounts left out the shop")?;
    let names = if args.pack.is_empty() { shipped(&args.shop, channel).await? } else { args.pack.clone() };
    let mut packs = Vec::new();
    for name in names {
        packs.push(judge(args, days, channel, name).await?);
    }
    Ok(Sheet::new(shop, packs))
}

async fn judge(args: &ReportArgs, days: Days, channel: &Outgoing, name: String) -> anyhow::Result<PackSheet> {
    let choice = Choice::Shipped(name);
    let judged = rates::judge(channel, &args.shop, &choice, days).await?;
    let most = usize::try_from(args.misses).unwrap_or(0);
    let (misses, _) = rates::misses(channel, &args.shop, &choice, days, most).await?;
    PackSheet::new(choice.name(), &judged, &misses)
}

/// The names of the packs fenliu ships.
async fn shipped(shop_id: &str, channel: &Outgoing) -> anyhow::Result<Vec<String>> {
    let mut client = RulePackServiceClient::new(channel.clone());
    let request = ListRulePacksRequest {
        shop_id: shop_id.to_owned(),
        page_size: MOST_PACKS,
        page_token: String::new(),
    };
    let answer = client.list_rule_packs(asking(request)).await.map_err(refused)?.into_inner();
    let shipped = |pack: &RulePack| pack.origin() == RulePackOrigin::Shipped;
    Ok(answer.rule_packs.into_iter().filter(shipped).map(|pack| pack.rule_pack_id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_directory_without_data_is_refused_and_not_made() {
        let scratch = tempfile::tempdir().expect("a directory");
        let data_dir = scratch.path().join("mistyped");
        let target = crate::cli::TargetArgs { data_dir: Some(data_dir.clone()), ..Default::default() };
        let args = ReportArgs { shop: "shp_".into(), from: None, to: None, pack: vec![], misses: 0, target };
        let refused = report(&args).await.expect_err("there is nothing").to_string();
        assert!(refused.contains("mistyped holds no fenliu data"), "{refused}");
        assert!(!data_dir.exists());
    }
}
