//! The three services as processes of their own, set up by the environment that `deploy/kubernetes` gives them.
//!
//! Only what another machine would change is replaced: where they listen, where their stores lie, and where they find
//! each other. Then accounts and dispatch are killed in turn, and the others go on with what they know, also after a start
//! of their own.

use std::io::BufReader;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use fenliu_proto::accounts::v1::{CreateShopRequest, CreateSubAccountRequest};
use fenliu_proto::analytics::v1::{ListExchangesRequest, ListExchangesResponse};
use fenliu_proto::common::v1::{Content, Presence};
use fenliu_proto::dispatch::v1 as dispatch;
use fenliu_proto::history::v1::Stage;
use fenliu_runtime::channel::{TokenSource, connect_lazy};
use fenliu_runtime::clock::SystemClock;
use fenliu_tests::clients::Clients;
use fenliu_tests::program::{listening, root, service_binary};

/// How long news may take to travel from one service to the next.
const LIMIT: Duration = Duration::from_secs(60);

/// Where nobody listens: accounts starts before dispatch does, and dispatch before analytics; both try again.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// A running service. Dropping it kills it.
struct Service {
    process: Child,
    address: SocketAddr,
    token_file: PathBuf,
}

impl Service {
    /// Starts it as its Deployment does, the init container first, on a free port, its files in `place`, and `peers` in
    /// place of the services it is told of. All show the token that accounts makes.
    fn start(name: &str, place: &Path, peers: &[(&str, SocketAddr)]) -> anyhow::Result<Self> {
        let token_file = place.join("admin.token");
        let (before, own) = manifest(name)?;
        let migrated = command(name, &before, place, peers)?.arg("migrate").output()?;
        let told = String::from_utf8_lossy(&migrated.stderr);
        ensure!(migrated.status.success(), "the schema of {name} is not brought up to date: {told}");
        let mut process =
            command(name, &own, place, peers)?.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let log = process.stderr.take().context("its log is not piped")?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut service = Self { process, address, token_file };
        service.address =
            listening(BufReader::new(log)).with_context(|| format!("{name} does not listen"))?;
        Ok(service)
    }

    fn clients(&self) -> anyhow::Result<Clients> {
        let channel = connect_lazy(format!("http://{}", self.address).parse()?);
        let token = TokenSource::file("token_file", self.token_file.clone(), SystemClock::shared())?;
        Ok(Clients::new(&channel.with_token(token)))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended before; there is nobody to tell.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A service's program with the environment of a container.
fn command(
    name: &str,
    container: &str,
    place: &Path,
    peers: &[(&str, SocketAddr)],
) -> anyhow::Result<Command> {
    let mut command = Command::new(service_binary(name)?);
    for (key, value) in environment(container)? {
        let value = match key.as_str() {
            "FENLIU_SERVER__LISTEN" => "127.0.0.1:0".to_owned(),
            "FENLIU_AUTH__TOKEN_FILE" => place.join("admin.token").display().to_string(),
            "FENLIU_AUTH__TRUST_FILE" => place.join(format!("{name}.json")).display().to_string(),
            _ if value.starts_with("http://") => peer_of(&value, peers)?,
            _ => value.replace("/data/", &format!("{}/", place.display())),
        };
        command.env(key, value);
    }
    Ok(command)
}

/// The address of the service that an address of the Deployment names.
fn peer_of(value: &str, peers: &[(&str, SocketAddr)]) -> anyhow::Result<String> {
    let peer = peers.iter().find(|(name, _)| value.contains(name));
    let (_, address) = peer.with_context(|| format!("nobody stands for {value}"))?;
    Ok(format!("http://{address}"))
}

/// What a Deployment says of its init container, and of the service's own.
fn manifest(service: &str) -> anyhow::Result<(String, String)> {
    let file = root().join(format!("deploy/kubernetes/{service}.yaml"));
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let (_, containers) = text.split_once("\n      initContainers:\n").context("it has no init container")?;
    let (before, own) = containers.split_once("\n      containers:\n").context("it has no container")?;
    Ok((before.to_owned(), own.to_owned()))
}

/// The environment of a container: pairs of `- name:` and `value:`.
fn environment(container: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut name = None;
    for line in container.lines().map(str::trim) {
        if let Some(named) = line.strip_prefix("- name: FENLIU_") {
            name = Some(format!("FENLIU_{named}"));
        } else if let (Some(value), Some(name)) = (line.strip_prefix("value: "), name.take()) {
            pairs.push((name, value.trim_matches('"').to_owned()));
        }
    }
    ensure!(!pairs.is_empty(), "a container without environment: {container}");
    Ok(pairs)
}

#[tokio::test]
async fn three_processes_do_together_what_one_does_and_survive_each_other() {
    story().await.unwrap_or_else(|error| panic!("{error:?}"));
}

async fn story() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let accounts = Service::start("accounts", place.path(), &[("dispatch", NOBODY)])?;
    let mut peers = vec![("accounts", accounts.address), ("analytics", NOBODY)];
    let reception = Service::start("dispatch", place.path(), &peers)?;
    peers.push(("dispatch", reception.address));
    let analytics = Service::start("analytics", place.path(), &peers)?;
    // Dispatch goes on without scores until it is started once more.
    peers.retain(|(name, _)| *name != "analytics");
    peers.push(("analytics", analytics.address));
    let (shop, agent) = open_shop(&mut accounts.clients()?).await?;
    let mut desk = reception.clients()?;
    come_online(&mut desk, &shop, &agent).await?;

    let first = ask(&mut desk, &shop, "buyer-1").await?;
    ensure!(first == agent, "the question went to {first:?}");
    exchanges(&mut analytics.clients()?, &shop, 1).await?;

    drop(accounts);
    let second = ask(&mut desk, &shop, "buyer-2").await.context("without accounts")?;
    ensure!(second == agent, "without accounts the question went to {second:?}");
    exchanges(&mut analytics.clients()?, &shop, 2).await?;

    drop(reception);
    exchanges(&mut analytics.clients()?, &shop, 2).await.context("without dispatch")?;

    // It finds nobody to ask who is trusted, and takes the token that was signed before by what its file remembers.
    let reception = Service::start("dispatch", place.path(), &peers)?;
    let third = ask(&mut reception.clients()?, &shop, "buyer-3").await.context("back without accounts")?;
    ensure!(third == agent, "back without accounts the question went to {third:?}");
    let trust = place.path().join("dispatch.json");
    std::fs::remove_file(&trust).with_context(|| trust.display().to_string())?;
    drop(reception);
    let forgetful = Service::start("dispatch", place.path(), &peers)?;
    let refused = ask(&mut forgetful.clients()?, &shop, "buyer-4").await;
    ensure!(refused.is_err(), "without its file it takes tokens that it cannot verify");
    Ok(())
}

async fn open_shop(clients: &mut Clients) -> anyhow::Result<(String, String)> {
    let request = CreateShopRequest {
        display_name: "Tea House".to_owned(),
        main_account_login_name: "owner".to_owned(),
        ..Default::default()
    };
    let shop = clients.shops.create_shop(request).await?.into_inner().shop.context("no shop")?.shop_id;
    let request = CreateSubAccountRequest {
        shop_id: shop.clone(),
        login_name: "agent".to_owned(),
        ..Default::default()
    };
    let created = clients.accounts.create_sub_account(request).await?.into_inner();
    Ok((shop, created.sub_account.context("no account")?.agent_id))
}

/// Brings the agent online as soon as dispatch has heard of her from the directory.
async fn come_online(clients: &mut Clients, shop: &str, agent: &str) -> anyhow::Result<()> {
    let request = dispatch::SetPresenceRequest {
        shop_id: shop.to_owned(),
        agent_id: agent.to_owned(),
        presence: Presence::Online.into(),
        ..Default::default()
    };
    let heard_of = async { while clients.presence.set_presence(request.clone()).await.is_err() {} };
    tokio::time::timeout(LIMIT, heard_of).await.context("dispatch does not hear of the agent")
}

/// A buyer asks. Returns the agent who got the question.
async fn ask(clients: &mut Clients, shop: &str, buyer: &str) -> anyhow::Result<String> {
    let request = dispatch::ReceiveMessageRequest {
        shop_id: shop.to_owned(),
        buyer_id: buyer.to_owned(),
        channel: "web".to_owned(),
        content: Some(Content { text: "is anybody there?".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let answer = clients.reception.receive_message(request).await?.into_inner();
    let disposition = answer.disposition.context("no disposition")?;
    ensure!(disposition.stage() == Stage::Assigned, "it is {:?}", disposition.stage());
    Ok(disposition.agent_id)
}

/// Waits until analytics knows of so many exchanges.
async fn exchanges(clients: &mut Clients, shop: &str, count: usize) -> anyhow::Result<()> {
    let request = || ListExchangesRequest { shop_id: shop.to_owned(), ..Default::default() };
    let enough = |found: &ListExchangesResponse| found.exchanges.len() == count;
    // Until its first event has come, it does not know the shop.
    let seen = async {
        while !clients.rates.list_exchanges(request()).await.is_ok_and(|found| enough(found.get_ref())) {}
    };
    tokio::time::timeout(LIMIT, seen)
        .await
        .with_context(|| format!("analytics does not see {count} exchanges"))
}
