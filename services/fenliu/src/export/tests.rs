//! An evening of the demo, exported, and imported into another shop of the same fenliu.

use std::path::PathBuf;

use fenliu_domain::time::Span;
use fenliu_proto::accounts::v1::CreateShopRequest;
use fenliu_proto::analytics::v1::reply_rate_service_client::ReplyRateServiceClient;
use fenliu_proto::analytics::v1::rule_pack_service_client::RulePackServiceClient;
use fenliu_proto::analytics::v1::{Exchange, ListExchangesRequest, ListRulePacksRequest, Miss};
use fenliu_proto::retold::PREFIX;
use fenliu_runtime::clock::VirtualClock;
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::ServerConfig;
use tokio::net::TcpListener;

use super::*;
use crate::cli::{ImportArgs, TargetArgs};
use crate::demo::cast::{START, clock};
use crate::demo::{SET_UP, play};
use crate::embedded::{Embedded, Options, Stores};
use crate::import;
use crate::packs::Choice;
use crate::rates::{self, Judged};
use crate::recorded::Format;

/// A fenliu in which an evening was played.
struct Evening {
    embedded: Embedded,
    shop: String,
    place: tempfile::TempDir,
}

impl Evening {
    /// Plays it up to so many minutes after six.
    async fn play(minutes: i64) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let virtual_clock = VirtualClock::new(START - SET_UP);
        let embedded = Embedded::start(Options {
            data_dir: place.path().join("data"),
            stores: Stores::unscored(),
            listener: TcpListener::bind("127.0.0.1:0").await.expect("a port"),
            platform: Platform::simulated(&virtual_clock, 5, Lifecycle::new()),
            server: ServerConfig::default(),
        })
        .await
        .expect("starts");
        let (_, shop) = play(&embedded, &virtual_clock, 5, START + clock(18, minutes), &mut |_| Ok(()))
            .await
            .expect("plays");
        Self { embedded, shop, place }
    }

    fn args(&self, file: &str) -> ExportArgs {
        ExportArgs {
            shop: self.shop.clone(),
            file: self.file(file),
            from: None,
            to: None,
            after: 0,
            resume: false,
            target: TargetArgs::default(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect("reads")
    }

    async fn export(&self, args: &ExportArgs) -> anyhow::Result<Exported> {
        run(args, &self.embedded.channel()).await
    }

    async fn another_shop(&self) -> String {
        let request = CreateShopRequest {
            display_name: "another".into(),
            time_zone: "Asia/Shanghai".into(),
            main_account_login_name: "another".into(),
            ..Default::default()
        };
        let answer =
            ShopServiceClient::new(self.embedded.channel()).create_shop(request).await.expect("created");
        answer.into_inner().shop.expect("a shop").shop_id
    }

    async fn import(&self, shop: &str, file: &str) -> serde_json::Value {
        let args = ImportArgs {
            format: Format::FenliuJsonl,
            files: vec![self.file(file)],
            shop: Some(shop.to_owned()),
            pack: None,
            target: TargetArgs::default(),
        };
        let outcome = import::run(&args, &self.embedded.channel()).await.expect("imports");
        serde_json::to_value(outcome).expect("JSON")
    }

    async fn packs(&self) -> Vec<Choice> {
        let mut client = RulePackServiceClient::new(self.embedded.channel());
        let answer = client
            .list_rule_packs(ListRulePacksRequest { page_size: 100, ..Default::default() })
            .await
            .expect("packs")
            .into_inner();
        answer.rule_packs.into_iter().map(|pack| Choice::Shipped(pack.rule_pack_id)).collect()
    }

    async fn judged(&self, shop: &str, pack: &Choice) -> (Judged, Vec<Miss>) {
        let channel = self.embedded.channel();
        let judged = rates::judge(&channel, shop, pack, Days::default()).await.expect("a rate");
        let (mut misses, _) =
            rates::misses(&channel, shop, pack, Days::default(), 500).await.expect("misses");
        for miss in &mut misses {
            miss.conversation = miss.conversation.trim_start_matches(PREFIX).to_owned();
        }
        misses.sort_by(|a, b| a.message.cmp(&b.message));
        (Judged { position: 0, ..judged }, misses)
    }

    async fn exchanges(&self, shop: &str) -> Vec<Exchange> {
        let mut client = ReplyRateServiceClient::new(self.embedded.channel());
        let request = ListExchangesRequest { shop_id: shop.into(), page_size: 500, ..Default::default() };
        let mut exchanges = client.list_exchanges(request).await.expect("exchanges").into_inner().exchanges;
        for exchange in &mut exchanges {
            exchange.conversation = exchange.conversation.trim_start_matches(PREFIX).to_owned();
        }
        exchanges.sort_by(|a, b| (&a.conversation, a.number).cmp(&(&b.conversation, b.number)));
        exchanges
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_and_imported_into_another_shop_gives_the_same_facts_and_rates() {
    let evening = Evening::play(65).await;
    let exported = evening.export(&evening.args("all.jsonl")).await.expect("exports");
    assert_eq!(exported.events, exported.last_seq, "every event of the shop");
    let other = evening.another_shop().await;
    let first = evening.import(&other, "all.jsonl").await;
    assert_eq!(first["rows_read"], exported.events);
    assert_eq!(first["rows_malformed"], 0);
    let exchanges = evening.exchanges(&other).await;
    assert!(exchanges.len() > 20, "{exchanges:?}");
    assert_eq!(exchanges, evening.exchanges(&evening.shop).await);
    let mut missed = 0;
    for pack in evening.packs().await {
        let (ours, misses) = evening.judged(&evening.shop, &pack).await;
        missed += misses.len();
        assert_eq!(evening.judged(&other, &pack).await, (ours, misses), "{}", pack.name());
    }
    assert!(missed > 0, "the evening has misses with their proof");
    let again = evening.import(&other, "all.jsonl").await;
    assert_eq!(
        (&again["events_imported"], &again["events_repeated"]),
        (&0.into(), &first["events_imported"])
    );
    evening.embedded.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_cut_off_goes_on_to_the_same_file() {
    let evening = Evening::play(20).await;
    evening.export(&evening.args("whole.jsonl")).await.expect("exports");
    let whole = evening.text("whole.jsonl");
    let again = ExportArgs { resume: true, ..evening.args("part.jsonl") };
    let middle = whole.len() / 2;
    for cut in [0, 7, whole.find('\n').expect("a line") + 1, middle, whole.len() - 1, whole.len()] {
        std::fs::write(evening.file("part.jsonl"), &whole.as_bytes()[..cut]).expect("writes");
        evening.export(&again).await.expect("goes on");
        assert!(evening.text("part.jsonl") == whole, "cut at {cut}");
    }
    let there = evening.export(&evening.args("part.jsonl")).await.expect_err("there is such a file");
    assert!(there.to_string().contains("--resume"), "{there}");
    let other = ExportArgs { after: 3, ..again.clone() };
    let other = format!("{:#}", evening.export(&other).await.expect_err("another range"));
    assert!(other.contains("another shop, range or place"), "{other}");
    std::fs::write(evening.file("part.jsonl"), "a letter\n").expect("writes");
    assert!(evening.export(&again).await.is_err(), "no letter is overwritten");
    evening.embedded.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_a_place_narrow_what_is_exported() {
    let evening = Evening::play(20).await;
    let range = |from: Option<&str>, to: Option<&str>, file: &str| ExportArgs {
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        ..evening.args(file)
    };
    let all = evening.export(&evening.args("all.jsonl")).await.expect("exports");
    let day = (START).to_string()[..10].to_owned();
    let that_day = evening.export(&range(Some(&day), Some(&day), "day.jsonl")).await.expect("exports");
    assert_eq!((that_day.events, that_day.after_seq), (all.events, 0));
    let (past, later) = ("2001-01-01", "2999-01-01");
    let before = evening.export(&range(None, Some(past), "before.jsonl")).await.expect("exports");
    assert_eq!((before.events, before.last_seq), (0, 0));
    let after = evening.export(&range(Some(later), None, "after.jsonl")).await.expect("exports");
    assert_eq!((after.events, after.after_seq), (0, all.last_seq), "it looks behind the last");
    let rest = ExportArgs { after: all.last_seq - 3, ..evening.args("rest.jsonl") };
    let rest = evening.export(&rest).await.expect("exports");
    assert_eq!((rest.events, rest.last_seq), (3, all.last_seq));
    evening.embedded.stop().await.expect("stops");
}

/// The place in a history, by a search that asks for few events, is that of a walk along it.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_event_of_a_moment_is_found_wherever_it_lies() {
    let evening = Evening::play(20).await;
    let client = HistoryServiceClient::new(evening.embedded.channel());
    let mut history = History { client, shop: evening.shop.clone() };
    let events = history.after(0, PAGE_SIZE).await.expect("events");
    let times: Vec<Timestamp> = events.iter().map(|event| recorded(event).expect("a time")).collect();
    for moment in [times[0], times[1], times[17], times[100], times[100] + Span::from_micros(1)] {
        let expected = times.iter().take_while(|time| **time < moment).count() as u64;
        assert_eq!(history.last_before(moment, 0).await.expect("found"), expected, "{moment}");
    }
    evening.embedded.stop().await.expect("stops");
}
