//! What analytics says, beside a second analytics that starts from nothing on the same history.

use std::time::Duration;

use anyhow::{Context, ensure};
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::analytics::v1 as proto;
use fenliu_proto::common::v1::Actor;
use fenliu_proto::convert::{to_span, to_timestamp};
use fenliu_proto::status::refusal;
use fenliu_runtime::channel::{Outgoing, connect_lazy};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::DatabaseConfig;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clients::Clients;

/// How long an analytics may take to work in the history.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(120);
/// Entries asked for at once.
const PAGE: i32 = 500;
/// The packs both judge by.
const PACKS: [&str; 3] = ["pinduoduo-3min-human", "taobao-3min", "tiktok-us-24h"];

/// An analytics service of its own, on an empty store.
#[derive(Debug)]
pub struct Recount {
    /// Clients of it; only those of analytics find somebody.
    pub clients: Clients,
    lifecycle: Lifecycle,
    served: JoinHandle<()>,
    _store: TempDir,
}

impl Recount {
    /// Starts it on the history of this dispatch, which serves accounts as well.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(dispatch: Outgoing) -> anyhow::Result<Self> {
        let store = tempfile::tempdir()?;
        let url = format!("sqlite://{}", store.path().join("analytics.db").display());
        let lifecycle = Lifecycle::new();
        let platform = Platform::system(lifecycle.clone());
        let auth = platform.auth.clone();
        let config = fenliu_analytics::Config::at(DatabaseConfig::at(url));
        let service = fenliu_analytics::start(config, platform, dispatch.clone(), dispatch).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let clients = Clients::new(&connect_lazy(format!("http://{}", listener.local_addr()?).parse()?));
        let options = ServerOptions {
            config: ServerConfig { insecure_no_auth: true, ..ServerConfig::default() },
            descriptor_set: fenliu_proto::DESCRIPTOR_SET,
            refuse: refusal,
            lifecycle: lifecycle.clone(),
            auth,
        };
        let served = tokio::spawn(async move {
            if let Err(error) = serve(listener, vec![service], options).await {
                eprintln!("the second analytics: {error}");
            }
        });
        Ok(Self { clients, lifecycle, served, _store: store })
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it panicked.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.lifecycle.soft().cancel();
        Ok(self.served.await?)
    }
}

/// Everything analytics says of a shop.
#[derive(Clone, Debug, PartialEq)]
struct Sheet {
    rates: Vec<proto::GetReplyRateResponse>,
    misses: Vec<proto::Miss>,
    exchanges: Vec<proto::Exchange>,
}

/// Waits until both have seen the history up to `position`, and checks that they say the same of every shop, judged
/// as of `as_of`. Returns how many exchanges there were.
///
/// # Errors
/// When they do not, or one of them does not catch up.
pub async fn agree(
    live: &mut Clients,
    fresh: &mut Clients,
    shops: &[String],
    position: i64,
    as_of: Timestamp,
) -> anyhow::Result<usize> {
    let mut exchanges = 0;
    for shop in shops {
        let shown = read(live, shop, position, as_of).await.context("the running analytics")?;
        let recounted = read(fresh, shop, position, as_of).await.context("the fresh analytics")?;
        for (shown, recounted) in shown.rates.iter().zip(&recounted.rates) {
            ensure!(shown == recounted, "of {shop}: {shown:#?}\nrecounted: {recounted:#?}");
        }
        ensure!(shown.misses == recounted.misses, "the misses of {shop} differ from a recount");
        ensure!(shown.exchanges == recounted.exchanges, "the exchanges of {shop} differ from a recount");
        exchanges += shown.exchanges.len();
    }
    Ok(exchanges)
}

async fn read(clients: &mut Clients, shop: &str, position: i64, as_of: Timestamp) -> anyhow::Result<Sheet> {
    let caught_up = caught_up(clients, shop, position, as_of);
    tokio::time::timeout(CATCH_UP_LIMIT, caught_up).await.context("it does not catch up with the history")?;
    let mut rates = Vec::new();
    for pack in PACKS {
        let pack = proto::get_reply_rate_request::Pack::RulePackId(pack.to_owned());
        rates.push(rate(clients, shop, pack, as_of).await?);
    }
    rates.push(rate(clients, shop, proto::get_reply_rate_request::Pack::Custom(strict()), as_of).await?);
    for rate in &mut rates {
        // Both have seen what is compared; one of them may have seen more already.
        rate.position = 0;
    }
    let misses = misses(clients, shop, as_of).await?;
    let exchanges = exchanges(clients, shop).await?;
    Ok(Sheet { rates, misses, exchanges })
}

async fn caught_up(clients: &mut Clients, shop: &str, position: i64, as_of: Timestamp) {
    loop {
        let pack = proto::get_reply_rate_request::Pack::RulePackId(PACKS[0].to_owned());
        // Until its first event has come, it does not know the shop.
        if rate(clients, shop, pack, as_of).await.is_ok_and(|rate| rate.position >= position) {
            return;
        }
    }
}

async fn rate(
    clients: &mut Clients,
    shop: &str,
    pack: proto::get_reply_rate_request::Pack,
    as_of: Timestamp,
) -> anyhow::Result<proto::GetReplyRateResponse> {
    let request = proto::GetReplyRateRequest {
        shop_id: shop.to_owned(),
        pack: Some(pack),
        as_of_time: Some(to_timestamp(as_of)),
        ..Default::default()
    };
    Ok(clients.rates.get_reply_rate(request).await?.into_inner())
}

async fn misses(clients: &mut Clients, shop: &str, as_of: Timestamp) -> anyhow::Result<Vec<proto::Miss>> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListMissesRequest {
            shop_id: shop.to_owned(),
            pack: Some(proto::list_misses_request::Pack::Custom(strict())),
            as_of_time: Some(to_timestamp(as_of)),
            page_size: PAGE,
            page_token,
            ..Default::default()
        };
        let page = clients.rates.list_misses(request).await?.into_inner();
        all.extend(page.misses);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

async fn exchanges(clients: &mut Clients, shop: &str) -> anyhow::Result<Vec<proto::Exchange>> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListExchangesRequest { shop_id: shop.to_owned(), page_size: PAGE, page_token };
        let page = clients.rates.list_exchanges(request).await?.into_inner();
        all.extend(page.exchanges);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// A pack under which there are misses even among callers who answer within a second or two.
fn strict() -> proto::RulePack {
    proto::RulePack {
        rule_pack_id: "at-once".to_owned(),
        version: 1,
        unit: proto::Unit::Turn.into(),
        limit_duration: Some(to_span(Span::from_secs(1))),
        countable_actors: vec![Actor::Human.into()],
        ..proto::RulePack::default()
    }
}
