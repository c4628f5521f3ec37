//! `fenliu scorecards`: how each agent of a shop did, by shift.
//!
//! [`sheet`] is what is known; `tables` makes tables of it, which `text` tells here and [`crate::report`] on its page.

use std::path::Path;

use anyhow::Context;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{GetShopRequest, Shop};
use fenliu_proto::analytics::v1::scorecard_service_client::ScorecardServiceClient;
use fenliu_proto::analytics::v1::{ListScorecardsRequest, ListScorecardsResponse, ShiftSplit};
use fenliu_runtime::channel::Outgoing;

use crate::cli::DEFAULT_DATA_DIR;
use crate::cli::scorecards::ScorecardsArgs;
use crate::listing::{self, MAX_LISTED, PAGE_SIZE};
use crate::output::Answer;
use crate::people::People;
use crate::rates::Days;
use crate::target::{Otherwise, Target, asking, refused};

pub mod lines;
pub mod sheet;
pub(crate) mod tables;
mod text;

use self::sheet::Sheet;

/// Runs `fenliu scorecards`.
///
/// # Errors
/// When a day or a shift cannot be read, the shop does not exist, or fenliu cannot be reached.
pub async fn scorecards(args: &ScorecardsArgs) -> anyhow::Result<Answer> {
    let days = Days::typed(args.from.as_deref(), args.to.as_deref())?;
    args.target.must_hold_data()?;
    let target = Target::open(&args.target, Otherwise::Directory(Path::new(DEFAULT_DATA_DIR))).await?;
    let sheet = run(args, days, &target.channel()).await;
    target.close().await?;
    let sheet = sheet?;
    Answer::new(&sheet, sheet.told(args.lang.words()))
}

async fn run(args: &ScorecardsArgs, days: Days, channel: &Outgoing) -> anyhow::Result<Sheet> {
    let request = GetShopRequest { shop_id: args.shop.clone() };
    let answer = ShopServiceClient::new(channel.clone()).get_shop(asking(request)).await.map_err(refused)?;
    let shop = answer.into_inner().shop.context("accounts left out the shop")?;
    let people = People::if_allowed(channel, &shop.shop_id).await?;
    let request = ListScorecardsRequest {
        rule_packs: args.pack.clone(),
        by_shift: Some(ShiftSplit { windows: args.shift.clone() }),
        ..Default::default()
    };
    cards(channel, &shop, &people, days, request, &args.pack).await
}

/// Everybody's cards of these days; `packs` are those whose misses are shown to people.
///
/// # Errors
/// Refusals, such as of more than 92 days.
pub(crate) async fn cards(
    channel: &Outgoing,
    shop: &Shop,
    people: &People,
    days: Days,
    request: ListScorecardsRequest,
    packs: &[String],
) -> anyhow::Result<Sheet> {
    let (start_date, end_date) = days.named();
    let request = ListScorecardsRequest {
        shop_id: shop.shop_id.clone(),
        start_date,
        end_date,
        page_size: PAGE_SIZE,
        ..request
    };
    Sheet::new(shop, people, packs, whole_list(request, channel).await?)
}

/// The first page, with the cards of all pages on it.
async fn whole_list(
    request: ListScorecardsRequest,
    channel: &Outgoing,
) -> anyhow::Result<ListScorecardsResponse> {
    let mut first = None;
    let page = async |page_token: String| {
        let request = ListScorecardsRequest { page_token, ..request.clone() };
        let answer = ScorecardServiceClient::new(channel.clone()).list_scorecards(asking(request)).await;
        let mut answer = answer.map_err(refused)?.into_inner();
        let page = (std::mem::take(&mut answer.scorecards), std::mem::take(&mut answer.next_page_token));
        first.get_or_insert(answer);
        anyhow::Ok(page)
    };
    let scorecards = listing::all(MAX_LISTED, page).await?;
    Ok(ListScorecardsResponse { scorecards, ..first.unwrap_or_default() })
}
