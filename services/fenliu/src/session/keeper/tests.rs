//! A keeper against an auth service that trades each refresh token once, as the real one does.

use std::pin::Pin;
use std::sync::Mutex;

use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::accounts::v1::auth_service_server::{AuthService, AuthServiceServer};
use fenliu_proto::convert::to_timestamp;
use fenliu_proto::status::refusal;
use fenliu_runtime::channel::connect_lazy;
use fenliu_runtime::clock::VirtualClock;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, async_trait};

use super::*;

/// When the test begins.
const START: Timestamp = Timestamp::from_micros_clamped(1_795_400_000_000_000);
/// How long an access token is valid.
const VALID: Span = Span::from_mins(15);

/// Trades the refresh token `r1` for `r2`, that for `r3`, and so on; one that comes again ends the session.
#[derive(Clone, Debug)]
struct Auth {
    clock: VirtualClock,
    latest: Arc<Mutex<Option<u32>>>,
}

impl Auth {
    fn tokens(&self, number: u32) -> Tokens {
        Tokens {
            access_token: format!("a{number}"),
            access_expire_time: Some(to_timestamp(fenliu_runtime::clock::Clock::now(&self.clock) + VALID)),
            refresh_token: format!("r{number}"),
            refresh_expire_time: Some(to_timestamp(Timestamp::MAX)),
        }
    }

    fn traded(&self) -> Option<u32> {
        *self.latest.lock().expect("nobody panicked")
    }
}

fn unasked<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("this test does not ask"))
}

#[async_trait]
impl AuthService for Auth {
    type WatchTrustStream =
        Pin<Box<dyn futures::Stream<Item = Result<proto::WatchTrustResponse, Status>> + Send>>;

    async fn refresh(
        &self,
        request: Request<RefreshRequest>,
    ) -> Result<Response<proto::RefreshResponse>, Status> {
        let mut latest = self.latest.lock().expect("nobody panicked");
        let known = latest.map(|number| format!("r{number}"));
        if known != Some(request.into_inner().refresh_token) {
            *latest = None;
            return Err(refusal(Problem::new(Reason::RefreshTokenInvalid, "it came before")));
        }
        let next = latest.map_or(0, |number| number + 1);
        *latest = Some(next);
        Ok(Response::new(proto::RefreshResponse { tokens: Some(self.tokens(next)), ..Default::default() }))
    }

    async fn login(&self, _: Request<proto::LoginRequest>) -> Result<Response<proto::LoginResponse>, Status> {
        unasked()
    }
    async fn logout(
        &self,
        _: Request<proto::LogoutRequest>,
    ) -> Result<Response<proto::LogoutResponse>, Status> {
        unasked()
    }
    async fn get_caller(
        &self,
        _: Request<proto::GetCallerRequest>,
    ) -> Result<Response<proto::GetCallerResponse>, Status> {
        unasked()
    }
    async fn get_key_set(
        &self,
        _: Request<proto::GetKeySetRequest>,
    ) -> Result<Response<proto::GetKeySetResponse>, Status> {
        unasked()
    }
    async fn issue_service_token(
        &self,
        _: Request<proto::IssueServiceTokenRequest>,
    ) -> Result<Response<proto::IssueServiceTokenResponse>, Status> {
        unasked()
    }
    async fn list_service_tokens(
        &self,
        _: Request<proto::ListServiceTokensRequest>,
    ) -> Result<Response<proto::ListServiceTokensResponse>, Status> {
        unasked()
    }
    async fn revoke_service_token(
        &self,
        _: Request<proto::RevokeServiceTokenRequest>,
    ) -> Result<Response<proto::RevokeServiceTokenResponse>, Status> {
        unasked()
    }
    async fn watch_trust(
        &self,
        _: Request<proto::WatchTrustRequest>,
    ) -> Result<Response<Self::WatchTrustStream>, Status> {
        unasked()
    }
}

/// A session with the auth service, and where both are.
struct World {
    auth: Auth,
    clock: VirtualClock,
    store: Store,
    channel: Outgoing,
    _directory: tempfile::TempDir,
}

async fn world() -> World {
    let clock = VirtualClock::new(START);
    let auth = Auth { clock: clock.clone(), latest: Arc::new(Mutex::new(Some(1))) };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let server = tonic::transport::Server::builder().add_service(AuthServiceServer::new(auth.clone()));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::at(directory.path().join("session.json"));
    let mut session = Session {
        address: address.clone(),
        login_name: "ann".into(),
        subject: String::new(),
        shop_id: String::new(),
        access_token: String::new(),
        access_expire_micros: 0,
        refresh_token: String::new(),
        refresh_expire_micros: 0,
    };
    session.renew(auth.tokens(1)).expect("whole");
    store.lock().expect("locked").replace(&session).expect("written");
    let channel = connect_lazy(crate::embedded::uri(&address).expect("a URI"));
    World { auth, clock, store, channel, _directory: directory }
}

impl World {
    async fn take_up(&self) -> anyhow::Result<Kept> {
        Kept::take_up(self.store.clone(), Arc::new(self.clock.clone()), self.channel.clone()).await
    }
}

#[tokio::test]
async fn a_token_that_is_valid_for_long_is_not_traded() {
    let world = world().await;
    let kept = world.take_up().await.expect("taken up");
    assert_eq!((kept.session().access_token.as_str(), world.auth.traded()), ("a1", Some(1)));
    kept.close().await;
}

#[tokio::test]
async fn a_token_about_to_expire_is_traded_and_written_down() {
    let world = world().await;
    world.clock.advance_to(START + VALID - EARLY).await;
    let kept = world.take_up().await.expect("taken up");
    assert_eq!(kept.session().access_token, "a2");
    let stored = world.store.read().expect("whole").expect("there");
    assert_eq!((stored.access_token.as_str(), stored.refresh_token.as_str()), ("a2", "r2"));
    kept.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_commands_at_once_trade_a_token_once() {
    let world = world().await;
    world.clock.advance_to(START + VALID).await;
    let all = futures::future::join_all((0..8).map(|_| world.take_up())).await;
    for kept in all {
        let kept = kept.expect("taken up");
        assert_eq!(kept.session().access_token, "a2");
        kept.close().await;
    }
    assert_eq!(world.auth.traded(), Some(2), "the session goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_takes_long_stays_signed_in() {
    let world = world().await;
    let kept = world.take_up().await.expect("taken up");
    for number in 2..5 {
        world.clock.advance_to(fenliu_runtime::clock::Clock::now(&world.clock) + VALID).await;
        while world.store.read().expect("whole").expect("there").access_token != format!("a{number}") {
            tokio::task::yield_now().await;
        }
    }
    kept.close().await;
    assert_eq!(world.auth.traded(), Some(4));
}

#[tokio::test]
async fn a_session_that_is_over_says_what_to_do() {
    let world = world().await;
    *world.auth.latest.lock().expect("nobody panicked") = None;
    world.clock.advance_to(START + VALID).await;
    let refused = world.take_up().await.expect_err("it is over").to_string();
    assert!(refused.contains("run fenliu login again"), "{refused}");
    world.store.lock().expect("locked").remove().expect("removed");
    let refused = world.take_up().await.expect_err("nobody is signed in").to_string();
    assert!(refused.contains("not signed in; run fenliu login"), "{refused}");
}
