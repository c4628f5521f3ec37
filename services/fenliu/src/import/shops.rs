//! The shops a log is imported into.

use std::collections::BTreeMap;

use anyhow::Context;
use fenliu_domain::problem::Reason;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{
    CreateShopRequest, GetShopRequest, GetSubAccountRequest, ListShopsRequest, Shop,
};
use fenliu_proto::status::reason_of;
use fenliu_runtime::channel::Outgoing;

use crate::recorded::Format;
use crate::table::cut;
use crate::target::{asking, refused};

/// Longest display and login name the contract takes, in characters.
const MAX_NAME: usize = 64;
/// Shops asked for at once: the most a page holds.
const PAGE_SIZE: i32 = 500;

/// What a log says of a shop.
#[derive(Clone, Debug)]
pub(super) struct LogShop {
    /// Its name.
    pub(super) display_name: String,
    /// Its IANA zone.
    pub(super) time_zone: String,
}

/// Finds or creates the shop of each name a log has for one.
#[derive(Debug)]
pub(super) struct Shops {
    format: Format,
    /// The shop everything goes into, where the command line names one.
    given: Option<Shop>,
    /// What the log itself says of shops, where it does, by its name for them.
    known: BTreeMap<String, LogShop>,
    found: BTreeMap<String, Shop>,
    channel: Outgoing,
}

impl Shops {
    /// Shops of a log; `given` is the one the command line names.
    pub(super) async fn new(
        channel: &Outgoing,
        format: Format,
        given: Option<&str>,
        known: BTreeMap<String, LogShop>,
    ) -> anyhow::Result<Self> {
        let mut shops = Self { format, given: None, known, found: BTreeMap::new(), channel: channel.clone() };
        if let Some(id) = given {
            let request = GetShopRequest { shop_id: id.to_owned() };
            let answer = shops.client().get_shop(asking(request)).await.map_err(refused)?;
            shops.given = Some(answer.into_inner().shop.context("accounts left out the shop")?);
        }
        Ok(shops)
    }

    /// The shop for a name of the log; an empty name is the log's only shop.
    pub(super) async fn find(&mut self, name: &str) -> anyhow::Result<Shop> {
        if let Some(shop) = self.given.as_ref().or_else(|| self.found.get(name)) {
            return Ok(shop.clone());
        }
        let shop = self.create(name).await?;
        self.found.insert(name.to_owned(), shop.clone());
        Ok(shop)
    }

    async fn create(&self, name: &str) -> anyhow::Result<Shop> {
        let login = self.login_name(name);
        let LogShop { display_name, time_zone } = self.known.get(name).cloned().unwrap_or_else(|| LogShop {
            display_name: if name.is_empty() { title(self.format) } else { name }.to_owned(),
            time_zone: self.format.zone().name().to_owned(),
        });
        let request = CreateShopRequest {
            request_id: String::new(),
            display_name: cut(&display_name, MAX_NAME),
            time_zone,
            service_start: String::new(),
            service_end: String::new(),
            main_account_login_name: login.clone(),
            main_account_password: String::new(),
        };
        match self.client().create_shop(asking(request)).await {
            Ok(answer) => answer.into_inner().shop.context("accounts left out the shop"),
            Err(status) if reason_of(&status) == Some(Reason::LoginNameTaken) => self.known(&login).await,
            Err(status) => Err(refused(status)),
        }
    }

    /// The shop an earlier import created: the one whose main account has this login name.
    async fn known(&self, login: &str) -> anyhow::Result<Shop> {
        let mut accounts = AccountServiceClient::new(self.channel.clone());
        let mut page_token = String::new();
        loop {
            let request = ListShopsRequest { page_size: PAGE_SIZE, page_token };
            let page = self.client().list_shops(asking(request)).await.map_err(refused)?.into_inner();
            for shop in page.shops {
                let request = GetSubAccountRequest {
                    shop_id: shop.shop_id.clone(),
                    agent_id: shop.main_account_id.clone(),
                };
                let account = accounts.get_sub_account(asking(request)).await.map_err(refused)?.into_inner();
                if account.sub_account.is_some_and(|account| account.login_name == login) {
                    return Ok(shop);
                }
            }
            page_token = page.next_page_token;
            anyhow::ensure!(
                !page_token.is_empty(),
                "the login name {login:?} belongs to a sub-account; name the shop to import into with --shop"
            );
        }
    }

    /// The login name of the shop's main account; it tells an import's shop from any other.
    fn login_name(&self, name: &str) -> String {
        let format = self.format.name();
        let full =
            if name.is_empty() { format!("import-{format}") } else { format!("import-{format}-{name}") };
        full.chars().take(MAX_NAME).collect()
    }

    fn client(&self) -> ShopServiceClient<Outgoing> {
        ShopServiceClient::new(self.channel.clone())
    }
}

const fn title(format: Format) -> &'static str {
    match format {
        Format::AnonymousBank => "Anonymous Bank",
        Format::TwitterCare => "Twitter care",
        Format::Uneed => "U-NEED",
        Format::FenliuJsonl => "fenliu",
        Format::OrdersJsonl => "Orders",
    }
}
