//! Who may do what at the demo's fenliu, and the tokens they show.
//!
//! The platform creates the shop. Its owner signs in, creates the staff and issues a token to the channel that buyers
//! come by; everybody else signs in when they first do something, and trades their token in time, as consoles do.
//! Passwords are made for this run and kept nowhere; nothing that is told depends on them.

use anyhow::Context;
use fenliu_domain::access::Permission;
use fenliu_domain::ids::AgentId;
use fenliu_domain::time::{Span, Timestamp};
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::accounts::v1::{
    BindingTerms, CreateShopRequest, CreateSubAccountRequest, IssueServiceTokenRequest, LoginRequest,
    RefreshRequest, Tokens,
};
use fenliu_proto::words::Word;
use fenliu_runtime::channel::{Outgoing, SharedToken, TokenSource};
use fenliu_runtime::clock::{Clock, SystemClock, VirtualClock};
use fenliu_runtime::ids::IdSource;

use super::cast::{CHANNEL, OWNER, Part, SHOP, STAFF, ZONE};
use crate::moments::timestamp;
use crate::target::{asking, refused};

/// What the channel may do: bring buyers in, and say that one of them has left.
const CHANNEL_MAY: [Permission; 2] = [Permission::ReceptionServe, Permission::DeskSupervise];
/// A token is traded when it is valid for less than this.
const EARLY: Span = Span::from_secs(60);

/// Everybody's way in.
#[derive(Debug)]
pub(super) struct Passes {
    /// A channel without a token.
    plain: Outgoing,
    clock: VirtualClock,
    buyers: Outgoing,
    staff: Vec<Member>,
}

/// One of the staff.
struct Member {
    login: &'static str,
    password: String,
    /// `None` until they sign in.
    pass: Option<Pass>,
}

/// Somebody who is signed in.
struct Pass {
    token: SharedToken,
    refresh_token: String,
    /// When the tokens are to be traded.
    due: Timestamp,
}

/// A shop with its staff, and everybody's way in.
pub(super) struct Opened {
    pub(super) shop: String,
    /// The staff, in the order of the cast.
    pub(super) agents: Vec<AgentId>,
    pub(super) passes: Passes,
}

/// Opens the shop. `platform` is a channel whose calls may create one, `plain` one without a token.
///
/// # Errors
/// Refusals.
pub(super) async fn open(
    platform: &Outgoing,
    plain: &Outgoing,
    clock: &VirtualClock,
) -> anyhow::Result<Opened> {
    let secrets = IdSource::system(SystemClock::shared());
    let owners = password(&secrets);
    let shop = create_shop(platform, &owners).await?;
    let owner = Pass::sign_in(plain, OWNER, &owners).await?.channel(plain);
    let mut agents = Vec::new();
    let mut staff = Vec::new();
    for part in &STAFF {
        let member = Member { login: part.login, password: password(&secrets), pass: None };
        agents.push(create_agent(&owner, &shop, part, &member.password).await?);
        staff.push(member);
    }
    let buyers = plain.clone().with_token(TokenSource::fixed(&issue(&owner, &shop).await?)?);
    let passes = Passes { plain: plain.clone(), clock: clock.clone(), buyers, staff };
    Ok(Opened { shop, agents, passes })
}

impl Passes {
    /// A channel whose calls are those of the channel that buyers come by.
    pub(super) fn buyers(&self) -> Outgoing {
        self.buyers.clone()
    }

    /// A channel whose calls are this agent's own, who signs in if they have not yet.
    ///
    /// # Errors
    /// Refusals.
    pub(super) async fn agent(&mut self, agent: usize) -> anyhow::Result<Outgoing> {
        let now = self.clock.now();
        let member = self.staff.get_mut(agent).context("nobody of the cast has this number")?;
        let pass = match member.pass.take() {
            None => Pass::sign_in(&self.plain, member.login, &member.password).await?,
            Some(pass) if pass.due <= now => pass.traded(&self.plain).await?,
            Some(pass) => pass,
        };
        Ok(member.pass.insert(pass).channel(&self.plain))
    }
}

impl Pass {
    async fn sign_in(plain: &Outgoing, login: &str, password: &str) -> anyhow::Result<Self> {
        let request = LoginRequest {
            login_name: login.to_owned(),
            password: password.to_owned(),
            ..Default::default()
        };
        let answer = AuthServiceClient::new(plain.clone()).login(asking(request)).await.map_err(refused)?;
        Self::of(SharedToken::default(), answer.into_inner().tokens)
    }

    async fn traded(self, plain: &Outgoing) -> anyhow::Result<Self> {
        let request = RefreshRequest { refresh_token: self.refresh_token, ..Default::default() };
        let answer = AuthServiceClient::new(plain.clone()).refresh(asking(request)).await.map_err(refused)?;
        Self::of(self.token, answer.into_inner().tokens)
    }

    fn of(token: SharedToken, tokens: Option<Tokens>) -> anyhow::Result<Self> {
        let tokens = tokens.context("accounts left out the tokens")?;
        token.set(&tokens.access_token)?;
        let expires = timestamp(tokens.access_expire_time.as_ref(), "access_expire_time")?;
        Ok(Self { token, refresh_token: tokens.refresh_token, due: expires - EARLY })
    }

    fn channel(&self, plain: &Outgoing) -> Outgoing {
        plain.clone().with_token(TokenSource::shared(self.token.clone()))
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Member({}, password not shown)", self.login)
    }
}

/// A password that nobody can guess who knows the seed.
fn password(secrets: &IdSource) -> String {
    secrets.next_key().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn create_shop(platform: &Outgoing, password: &str) -> anyhow::Result<String> {
    let request = CreateShopRequest {
        display_name: SHOP.to_owned(),
        time_zone: ZONE.to_owned(),
        main_account_login_name: OWNER.to_owned(),
        main_account_password: password.to_owned(),
        ..CreateShopRequest::default()
    };
    let mut shops = ShopServiceClient::new(platform.clone());
    let answer = shops.create_shop(asking(request)).await.map_err(refused)?;
    Ok(answer.into_inner().shop.context("accounts left out the shop")?.shop_id)
}

async fn create_agent(owner: &Outgoing, shop: &str, part: &Part, password: &str) -> anyhow::Result<AgentId> {
    let request = CreateSubAccountRequest {
        shop_id: shop.to_owned(),
        login_name: part.login.to_owned(),
        display_name: part.name.to_owned(),
        password: password.to_owned(),
        terms: Some(BindingTerms {
            roles: vec![part.role().to_owned()],
            capacity: i32::try_from(part.capacity).ok(),
            ..BindingTerms::default()
        }),
        ..CreateSubAccountRequest::default()
    };
    let mut accounts = AccountServiceClient::new(owner.clone());
    let answer = accounts.create_sub_account(asking(request)).await.map_err(refused)?.into_inner();
    Ok(answer.sub_account.context("accounts left out the account")?.agent_id.parse()?)
}

/// A token for the channel that buyers come by.
async fn issue(owner: &Outgoing, shop: &str) -> anyhow::Result<String> {
    let request = IssueServiceTokenRequest {
        shop_id: shop.to_owned(),
        display_name: CHANNEL.to_owned(),
        permissions: CHANNEL_MAY.map(Word::number).to_vec(),
        ..IssueServiceTokenRequest::default()
    };
    let mut auth = AuthServiceClient::new(owner.clone());
    Ok(auth.issue_service_token(asking(request)).await.map_err(refused)?.into_inner().token)
}
