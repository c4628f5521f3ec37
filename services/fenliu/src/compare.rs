//! `fenliu compare`: what changed between two periods of a shop, and how sure that is.

use std::path::Path;

use anyhow::Context;
use fenliu_proto::accounts::v1::GetShopRequest;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::analytics::v1::ComparePeriodsRequest;
use fenliu_proto::analytics::v1::compare_periods_request::Pack;
use fenliu_proto::analytics::v1::feedback_service_client::FeedbackServiceClient;
use fenliu_runtime::channel::Outgoing;

use crate::cli::DEFAULT_DATA_DIR;
use crate::cli::packs::CompareArgs;
use crate::output::Answer;
use crate::rates::Days;
use crate::target::{Otherwise, Target, asking, refused};

pub mod sheet;

use self::sheet::{Period, Sheet};

/// Runs `fenliu compare`.
///
/// # Errors
/// When a period cannot be read, the shop or the pack does not exist, or fenliu cannot be reached.
pub async fn compare(args: &CompareArgs) -> anyhow::Result<Answer> {
    let (before, after) = (period(&args.before, "--before")?, period(&args.after, "--after")?);
    args.target.must_hold_data()?;
    let target = Target::open(&args.target, Otherwise::Directory(Path::new(DEFAULT_DATA_DIR))).await?;
    let sheet = run(args, (before, after), &target.channel()).await;
    target.close().await?;
    let sheet = sheet?;
    Answer::new(&sheet, sheet.told(args.lang.words()))
}

/// The two days of a period, such as 2026-04-01..2026-04-14; one day alone is both.
fn period(text: &str, flag: &str) -> anyhow::Result<Period> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let days = Days::read((Some(first), "its first day"), (Some(last), "its last day"));
    let (from, to) = days.with_context(|| format!("{flag} {text:?} is no period; use DAY..DAY"))?.named();
    Ok(Period { from, to })
}

async fn run(
    args: &CompareArgs,
    (before, after): (Period, Period),
    channel: &Outgoing,
) -> anyhow::Result<Sheet> {
    let request = GetShopRequest { shop_id: args.shop.clone() };
    let answer = ShopServiceClient::new(channel.clone()).get_shop(asking(request)).await.map_err(refused)?;
    let shop = answer.into_inner().shop.context("accounts left out the shop")?;
    let request = ComparePeriodsRequest {
        shop_id: args.shop.clone(),
        pack: Some(Pack::RulePackId(args.pack.clone())),
        rule_pack_version: 0,
        before_start_date: before.from.clone(),
        before_end_date: before.to.clone(),
        after_start_date: after.from.clone(),
        after_end_date: after.to.clone(),
        as_of_time: None,
    };
    let mut client = FeedbackServiceClient::new(channel.clone());
    let answer = client.compare_periods(asking(request)).await.map_err(refused)?.into_inner();
    Ok(Sheet::new(shop, (before, after), answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::TargetArgs;

    #[test]
    fn a_period_is_two_days_or_one() {
        let read = |text: &str| period(text, "--before").map(|period| (period.from, period.to));
        let days = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(read("2026-04-01..2026-04-14").expect("days"), days("2026-04-01", "2026-04-14"));
        assert_eq!(read("2026-04-01").expect("a day"), days("2026-04-01", "2026-04-01"));
        for wrong in ["", "April", "2026-04-14..2026-04-01", "2026-04-01.."] {
            let told = format!("{:#}", read(wrong).expect_err("no period"));
            assert!(told.contains("--before"), "{told}");
        }
    }

    #[test]
    fn a_wrong_period_names_the_flag_that_was_typed_and_no_other() {
        for (flag, text, said) in [
            (
                "--before",
                "2026-04-14..2026-04-01",
                "its last day 2026-04-01 lies before its first day 2026-04-14",
            ),
            ("--after", "2026-04-01..May", "its last day \"May\" is no day; use YYYY-MM-DD"),
            ("--after", "April", "its first day \"April\" is no day; use YYYY-MM-DD"),
        ] {
            let told = format!("{:#}", period(text, flag).expect_err("no period"));
            assert!(told.starts_with(flag) && told.contains(said), "{told}");
            // There is no such flag.
            assert!(!told.contains("--from") && !told.contains("--to"), "{told}");
        }
    }

    #[tokio::test]
    async fn a_directory_without_data_is_refused_and_not_made() {
        let scratch = tempfile::tempdir().expect("a directory");
        let data_dir = scratch.path().join("mistyped");
        let target = TargetArgs { data_dir: Some(data_dir.clone()), ..TargetArgs::default() };
        let args = CompareArgs {
            shop: "shp_".into(),
            before: "2026-04-01".into(),
            after: "2026-04-02".into(),
            pack: "taobao-3min".into(),
            lang: Default::default(),
            target,
        };
        let refused = compare(&args).await.expect_err("there is nothing").to_string();
        assert!(refused.contains("mistyped holds no fenliu data"), "{refused}");
        assert!(!data_dir.exists());
    }
}
