//! What 50 people who sign in without pause cost everybody else: how long GetSubAccount takes while nobody signs in, and
//! while they do. Real gRPC over loopback, tokens asked for, a SQLite file, passwords at the default cost.
//! `cargo bench -p fenliu-accounts`.

use std::time::{Duration, Instant};

use fenliu_accounts::{Config, Evaluations, Issuer};
use fenliu_domain::access::Permissions;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::account_service_client::AccountServiceClient;
use fenliu_proto::accounts::v1::auth_service_client::AuthServiceClient;
use fenliu_proto::accounts::v1::shop_service_client::ShopServiceClient;
use fenliu_proto::status::refusal;
use fenliu_runtime::channel::{Outgoing, TokenSource, connect_lazy};
use fenliu_runtime::lifecycle::Lifecycle;
use fenliu_runtime::platform::Platform;
use fenliu_runtime::server::{ServerConfig, ServerOptions, serve};
use fenliu_runtime::sql::DatabaseConfig;
use tokio::net::TcpListener;

/// People who sign in at once, again and again.
const PEOPLE: usize = 50;
/// Reads that are measured, one after the other.
const READS: usize = 3_000;
/// The 99th percentile under load may be so many times that of the idle service.
const MOST_TIMES: f64 = 5.0;
const PASSWORD: &str = "teapot-over-kettle";

/// The service, reached over the wire.
struct House {
    plain: Outgoing,
    admin: Outgoing,
    evaluations: Evaluations,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let directory = tempfile::tempdir().expect("a directory");
    let house = house(&format!("sqlite://{}/accounts.db", directory.path().display())).await;
    let (shop_id, agent_id) = settle(&house).await;
    let read = proto::GetSubAccountRequest { shop_id, agent_id };
    times(&house, &read).await;
    let idle = report("idle", &times(&house, &read).await);
    let before = house.evaluations.count();
    let people: Vec<_> =
        (0..PEOPLE).map(|number| tokio::spawn(sign_in(house.plain.clone(), number))).collect();
    let (flooded, took) = timed(times(&house, &read)).await;
    let flooded = report("while 50 sign in", &flooded);
    people.iter().for_each(tokio::task::JoinHandle::abort);
    let evaluated = house.evaluations.count() - before;
    println!("{evaluated} passwords looked at in {took:?}");
    let ratio = flooded.as_secs_f64() / idle.as_secs_f64();
    let verdict = if ratio <= MOST_TIMES { "within" } else { "BEYOND" };
    println!("p99 ratio {ratio:.2}, {verdict} the limit of {MOST_TIMES}");
}

/// Signs in without pause.
async fn sign_in(channel: Outgoing, number: usize) {
    let mut auth = AuthServiceClient::new(channel);
    loop {
        let request = proto::LoginRequest {
            login_name: format!("agent {number}"),
            password: PASSWORD.into(),
            ..Default::default()
        };
        auth.login(request).await.expect("the name and the password are right");
    }
}

/// How long each read takes.
async fn times(house: &House, read: &proto::GetSubAccountRequest) -> Vec<Duration> {
    let mut accounts = AccountServiceClient::new(house.admin.clone());
    let mut times = Vec::with_capacity(READS);
    for _ in 0..READS {
        let (answer, took) = timed(accounts.get_sub_account(read.clone())).await;
        answer.expect("the account is there");
        times.push(took);
    }
    times.sort_unstable();
    times
}

/// Prints the percentiles, and gives the 99th.
fn report(what: &str, times: &[Duration]) -> Duration {
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("GetSubAccount {what}: p50 {p50:?}, p99 {p99:?}");
    p99
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall")]
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let done = work.await;
    (done, start.elapsed())
}

/// A shop and the people in it. Gives the shop and one of them.
async fn settle(house: &House) -> (String, String) {
    let request = proto::CreateShopRequest {
        display_name: "Tea House".into(),
        main_account_login_name: "owner".into(),
        ..Default::default()
    };
    let created = ShopServiceClient::new(house.admin.clone()).create_shop(request).await;
    let shop_id = created.expect("created").into_inner().shop.expect("the shop").shop_id;
    let mut agent_id = String::new();
    for number in 0..PEOPLE {
        let request = proto::CreateSubAccountRequest {
            shop_id: shop_id.clone(),
            login_name: format!("agent {number}"),
            password: PASSWORD.into(),
            ..Default::default()
        };
        let created = AccountServiceClient::new(house.admin.clone()).create_sub_account(request).await;
        agent_id = created.expect("created").into_inner().sub_account.expect("the account").agent_id;
    }
    (shop_id, agent_id)
}

async fn house(url: &str) -> House {
    let lifecycle = Lifecycle::new();
    let platform = Platform::system(lifecycle.clone());
    let auth = platform.auth.clone();
    let started = fenliu_accounts::start(Config::at(DatabaseConfig::at(url)), platform, None).await;
    let started = started.expect("the service starts");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let options = ServerOptions {
        config: ServerConfig { default_deadline_ms: 60_000, ..ServerConfig::default() },
        descriptor_set: fenliu_proto::DESCRIPTOR_SET,
        refuse: refusal,
        lifecycle,
        auth,
    };
    tokio::spawn(serve(listener, vec![started.service], options));
    let plain = connect_lazy(format!("http://{address}").parse().expect("a URI"));
    let admin = plain.clone().with_token(admin(&started.issuer).await);
    House { plain, admin, evaluations: started.evaluations }
}

async fn admin(issuer: &Issuer) -> TokenSource {
    let token = issuer.internal("bench", Permissions::all()).await.expect("a token");
    TokenSource::fixed(&token).expect("it can be sent")
}
