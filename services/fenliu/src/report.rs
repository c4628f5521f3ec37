//! `fenliu report`: how fast a shop answered, by the rules of one or several marketplaces, with proof of the misses, and
//! when its buyers come.
//!
//! [`whole`] asks for everything; [`sheet`] and [`outlook`] are what is said of one pack. `text` tells it for a terminal and
//! `page` as one HTML file, both in the words of [`crate::words`].

use std::path::Path;

use anyhow::Context;
use fenliu_proto::analytics::v1::rule_pack_service_client::RulePackServiceClient;
use fenliu_proto::analytics::v1::{ListRulePacksRequest, RulePack, RulePackOrigin};
use fenliu_runtime::channel::Outgoing;

use crate::cli::{DEFAULT_DATA_DIR, ReportArgs};
use crate::output::Answer;
use crate::rates::Days;
use crate::target::{Otherwise, Target, asking, refused};

mod charts;
pub mod outlook;
mod page;
#[cfg(test)]
mod samples;
pub mod sheet;
mod text;
pub mod whole;

use self::whole::{Report, Wanted};

/// Most packs that are asked for: all there can be.
const MOST_PACKS: i32 = 500;

/// Runs `fenliu report`.
///
/// # Errors
/// When a day cannot be read, the shop or a pack does not exist, the page cannot be written, or fenliu cannot be reached.
pub async fn report(args: &ReportArgs) -> anyhow::Result<Answer> {
    let days = Days::typed(args.from.as_deref(), args.to.as_deref())?;
    args.target.must_hold_data()?;
    let target = Target::open(&args.target, Otherwise::Directory(Path::new(DEFAULT_DATA_DIR))).await?;
    let report = run(args, days, &target.channel()).await;
    target.close().await?;
    let report = report?;
    let words = args.lang.words();
    if let Some(file) = &args.html {
        let page = report.page(words)?;
        std::fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
        return Answer::new(
            &report,
            format!("{} ({}): {}\n", report.display_name, report.shop_id, file.display()),
        );
    }
    Answer::new(&report, report.told(words))
}

async fn run(args: &ReportArgs, days: Days, channel: &Outgoing) -> anyhow::Result<Report> {
    let most = usize::try_from(args.misses).unwrap_or(0);
    let wanted = Wanted::of(channel, &args.shop, days, most).await?;
    let packs = if args.pack.is_empty() { shipped(&args.shop, channel).await? } else { args.pack.clone() };
    wanted.report(packs).await
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
    use std::path::PathBuf;

    use super::*;
    use crate::cli::{ImportArgs, TargetArgs};
    use crate::recorded::Format;

    fn args(shop: &str, data_dir: PathBuf) -> ReportArgs {
        ReportArgs {
            shop: shop.into(),
            from: None,
            to: None,
            pack: vec![],
            misses: 0,
            html: None,
            lang: Default::default(),
            target: TargetArgs { data_dir: Some(data_dir), ..TargetArgs::default() },
        }
    }

    #[tokio::test]
    async fn a_directory_without_data_is_refused_and_not_made() {
        let scratch = tempfile::tempdir().expect("a directory");
        let data_dir = scratch.path().join("mistyped");
        let args = args("shp_", data_dir.clone());
        let refused = report(&args).await.expect_err("there is nothing").to_string();
        assert!(refused.contains("mistyped holds no fenliu data"), "{refused}");
        assert!(!data_dir.exists());
    }

    /// A question answered after 14 s, and one after four minutes; the directory it was imported into, and the shop.
    async fn tea(scratch: &Path) -> (PathBuf, String) {
        let (data_dir, log) = (scratch.join("data"), scratch.join("tea.json"));
        let dialogue = r#"[{"domain":"d","sid":"s","sellerid":"1","userid":"2","dialogue":[
            {"time":"2018-09-30 15:57:00","sender_type":"用户"},{"time":"2018-09-30 15:57:14","sender_type":"客服"},
            {"time":"2018-09-30 15:58:00","sender_type":"用户"},{"time":"2018-09-30 16:02:00","sender_type":"客服"}]}]"#;
        std::fs::write(&log, dialogue).expect("writes");
        let target = TargetArgs { data_dir: Some(data_dir.clone()), ..TargetArgs::default() };
        let import = ImportArgs { format: Format::Uneed, files: vec![log], shop: None, pack: None, target };
        let imported = crate::import::import(&import).await.expect("imports");
        let shop = imported.json()["shops"][0]["shop_id"].as_str().expect("an id").to_owned();
        (data_dir, shop)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn misses_are_counted_whether_they_are_listed_or_not() {
        let scratch = tempfile::tempdir().expect("a directory");
        let (data_dir, shop) = tea(scratch.path()).await;
        let counted = async |misses: i32| {
            let told =
                report(&ReportArgs { misses, ..args(&shop, data_dir.clone()) }).await.expect("a report");
            let packs = told.json()["packs"].as_array().expect("packs").clone();
            packs.iter().map(|pack| pack["misses_total"].as_u64().expect("a count")).collect::<Vec<_>>()
        };
        let listed = counted(5).await;
        assert!(listed.contains(&1), "{listed:?}");
        assert_eq!(counted(0).await, listed);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_report_has_the_cards_of_its_days_and_of_no_more_than_92() {
        let scratch = tempfile::tempdir().expect("a directory");
        let (data_dir, shop) = tea(scratch.path()).await;
        let html = scratch.path().join("report.html");
        let whole = ReportArgs { html: Some(html.clone()), ..args(&shop, data_dir.clone()) };
        let told = report(&whole).await.expect("a report");
        let cards = &told.json()["scorecards"];
        assert_eq!((&cards["first_day"], &cards["last_day"]), (&"2018-09-30".into(), &"2018-09-30".into()));
        let [agent] = cards["agents"].as_array().expect("agents").as_slice() else { panic!("{cards}") };
        assert_eq!((&agent["name"], &agent["all_day"]["turns"]), (&"客服-1".into(), &2.into()));
        assert_eq!(agent["all_day"]["first_response"]["mean"], 14.0);
        assert_eq!(agent["shifts"][1]["shift"], "afternoon");
        let page = std::fs::read_to_string(html).expect("the page");
        assert!(page.contains("<td class=\"name\">客服-1</td>"), "{page}");
        // A year is more than cards can be of, and it has the same rates all the same.
        let year = ReportArgs { from: Some("2018-01-01".into()), ..args(&shop, data_dir) };
        let told = report(&year).await.expect("a report");
        let cards = &told.json()["scorecards"];
        assert_eq!((&cards["first_day"], &cards["last_day"]), (&"2018-07-01".into(), &"2018-09-30".into()));
        assert!(told.text().contains("the last 92 days, 2018-07-01 to 2018-09-30"), "{}", told.text());
    }
}
