//! What is true however Redis is reached: behind Sentinels, and over TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fenliu_domain::desk::Desk;
use fenliu_domain::desk::agent::Presence;
use fenliu_domain::desk::command::Command;
use fenliu_domain::desk::event::Seq;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use super::{ANN, House, PATIENCE, Proto, SHOP, head, message};
use crate::port::{Announcement, Epoch, News, Proposal, ProposeError};
use crate::redis::{ConnectError, RedisConfig, RedisDesks, ScratchRedis, ScratchSentinel};

/// How often a message is tried until it is stored.
const TRIES: usize = 50;

/// What is stored, as dispatch does it: what was proposed is, if it follows what is there, and only then is it acknowledged.
struct History {
    desk: Desk,
    lives: u128,
}

impl History {
    fn new() -> Self {
        Self { desk: Desk::new(SHOP), lives: 1 }
    }

    /// Has a buyer say something until that is stored. Why it was refused before, each time it was.
    async fn hears(&mut self, house: &mut House, buyer: &str) -> Vec<ProposeError> {
        let mut refused = Vec::new();
        for _ in 0..TRIES {
            match house.attempt(self.desk.seq(), message(buyer)).await {
                Ok(proposal) if self.stores(&proposal) => {
                    // What is not confirmed is told again.
                    let _ = house.desks.confirm(SHOP, proposal.epoch, head(&proposal)).await;
                    return refused;
                }
                Ok(proposal) => house.desks.invalidate(SHOP, proposal.epoch).await,
                Err(error) => {
                    if error == ProposeError::NotLoaded {
                        self.lives += 1;
                        let snapshot = self.desk.snapshot().expect("something is stored");
                        house.desks.restore(Epoch(self.lives), snapshot, house.now).await;
                    }
                    refused.push(error);
                }
            }
        }
        panic!("what {buyer} says is never stored: {refused:?}");
    }

    /// Stores what was proposed, unless that is on another past: the fence.
    fn stores(&mut self, proposal: &Proposal) -> bool {
        let mut after = self.desk.clone();
        let new = proposal.tail.iter().filter(|event| event.seq > self.desk.seq());
        let mut last = self.desk.head().map(|head| head.event);
        for event in new {
            if event.predecessor != last || after.replay(event).is_err() {
                return false;
            }
            last = Some(event.id);
        }
        self.desk = after;
        true
    }
}

/// The shipped user, and one who may do everything, for the servers' own talk.
fn acl(place: &Path) -> String {
    let file = place.join("fenliu.acl");
    let shipped = include_str!("../../../../deploy/redis/fenliu.acl")
        .replace("user default off\n", "user default on nopass ~* &* +@all\n");
    std::fs::write(&file, shipped).expect("the file is written");
    file.to_str().expect("a path in UTF-8").to_owned()
}

#[tokio::test]
async fn on_redis_what_was_acknowledged_outlives_a_server_that_sentinels_replace() {
    let place = tempfile::tempdir().expect("a directory");
    let options = ["--aclfile", &acl(place.path()), "--repl-diskless-sync-delay", "0"];
    let (mut first, second) = (ScratchRedis::start(&options).await, ScratchRedis::start(&options).await);
    second.copies(&first).await;
    let sentinel = ScratchSentinel::watching(&first, 1).await;
    let config = sentinel.config("fenliu:change-me");
    let desks = RedisDesks::connect(config, Arc::new(Proto), 1).await.expect("Sentinels name a server");
    let mut house = House::of(Arc::new(desks), None).await;
    let mut history = History::new();
    let buyers: Vec<_> = (0..40).map(|number| format!("buyer {number}")).collect();
    let (before, after) = buyers.split_at(20);
    for buyer in before {
        assert_eq!(history.hears(&mut house, buyer).await, [], "{buyer}");
    }

    first.kill();
    let refused = house.attempt(history.desk.seq(), message("nobody")).await.expect_err("nobody takes it");
    assert!(matches!(refused, ProposeError::Unavailable(_)), "{refused:?}");
    sentinel.fails_over_to(&second).await;
    for buyer in after {
        history.hears(&mut house, buyer).await;
    }
    let told = house.desks.info(SHOP).await.expect("it is loaded");
    assert_eq!(told.head, history.desk.head(), "Redis leads to what is stored");
    let mut stored: Vec<_> = history.desk.conversations().iter().map(|open| open.buyer.to_string()).collect();
    let mut expected = buyers;
    stored.sort_unstable();
    expected.sort_unstable();
    assert_eq!(stored, expected, "each has one conversation");
}

/// Somebody who vouches for servers.
struct Authority {
    place: TempDir,
}

impl Authority {
    /// One who vouches for `localhost`.
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let key = KeyPair::generate().expect("a key");
        let mut its = CertificateParams::default();
        its.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = its.self_signed(&key).expect("it signs for itself");
        let server_key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let server = server.signed_by(&server_key, &Issuer::new(its, key)).expect("it signs");
        let files = [
            ("ca.pem", certificate.pem()),
            ("server.pem", server.pem()),
            ("server.key", server_key.serialize_pem()),
        ];
        for (name, text) in files {
            std::fs::write(place.path().join(name), text).expect("a file is written");
        }
        Self { place }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A Redis that it vouches for, and the address where it speaks TLS.
    async fn server(&self) -> (ScratchRedis, String) {
        let [ca, certificate, key] = ["ca.pem", "server.pem", "server.key"]
            .map(|name| self.file(name).to_str().expect("a path in UTF-8").to_owned());
        let port = ScratchRedis::free_port().to_string();
        let options = [
            ["--tls-port", &port],
            ["--tls-cert-file", &certificate],
            ["--tls-key-file", &key],
            ["--tls-ca-cert-file", &ca],
            ["--tls-auth-clients", "no"],
        ];
        (ScratchRedis::start(options.as_flattened()).await, format!("rediss://localhost:{port}"))
    }
}

async fn connected(url: &str, ca_file: Option<PathBuf>) -> Result<RedisDesks, ConnectError> {
    connected_as(1, url, ca_file).await
}

async fn connected_as(
    replica: u128,
    url: &str,
    ca_file: Option<PathBuf>,
) -> Result<RedisDesks, ConnectError> {
    let config = RedisConfig { max_skew: None, ca_file, ..RedisConfig::at(url) };
    RedisDesks::connect(config, Arc::new(Proto), replica).await
}

#[tokio::test]
async fn on_redis_over_tls_nobody_is_asked_but_whom_the_named_authority_vouches_for() {
    let authority = Authority::new();
    let (_server, url) = authority.server().await;
    let desks = connected(&url, Some(authority.file("ca.pem"))).await.expect("it is vouched for");
    let mut house = House::of(Arc::new(desks), None).await;
    house.propose(Command::SetPresence { agent: ANN, presence: Presence::Online, force: true }).await;
    house.desks.beat(SHOP, ANN, "phone", house.now).await.expect("loaded").expect("known");
    let proposal = house.propose(message("a")).await;
    house.desks.confirm(SHOP, proposal.epoch, head(&proposal)).await.expect("it fits");
    let other = connected_as(2, &url, Some(authority.file("ca.pem"))).await.expect("it is vouched for");
    let mut news = crate::port::LiveDesk::announcements(&other);
    let announcement = Announcement { shop: SHOP, seq: Seq(7), position: 9 };
    let heard = async {
        // Whoever has just come may not listen yet.
        while news.try_recv() != Ok(News::Stored(announcement)) {
            house.desks.announce(announcement).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the other replica hears of it");
}

#[tokio::test]
async fn on_redis_over_tls_a_stranger_and_what_is_no_certificate_are_refused() {
    let authority = Authority::new();
    let (_server, url) = authority.server().await;
    let stranger = connected(&url, Some(Authority::new().file("ca.pem"))).await.err();
    assert!(matches!(&stranger, Some(ConnectError::Unreached(_))), "{stranger:?}");
    let unknown = connected(&url, None).await.err();
    assert!(matches!(&unknown, Some(ConnectError::Unreached(_))), "this machine knows nobody: {unknown:?}");
    for file in ["server.key", "nowhere.pem"] {
        let error = connected(&url, Some(authority.file(file))).await.err();
        assert!(matches!(&error, Some(ConnectError::Certificates { .. })), "{file}: {error:?}");
    }
    let plain = connected("redis://localhost:1", Some(authority.file("ca.pem"))).await.err();
    assert!(matches!(&plain, Some(ConnectError::Address(_))), "{plain:?}");
}
