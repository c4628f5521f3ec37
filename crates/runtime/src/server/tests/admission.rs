//! Who is let in: every RPC is called as everybody who could try.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fenliu_domain::access::{Caller, Permission, Permissions, Subject};
use fenliu_domain::ids::ServiceId;
use fenliu_domain::problem::Reason;
use fenliu_domain::time::Span;
use prost::Message;
use tonic::Code;

use super::gate::{ANN, Asked, BEN, Gate, OTHER_SHOP, SHOP, asked, check, details, frame};
use crate::auth::Revocation;
use crate::auth::token::SigningKey;

const OPEN: &str = "fenliu.gate.v1.Gate/Open";
const ME: &str = "fenliu.gate.v1.Gate/Me";
const READ: &str = "fenliu.gate.v1.Gate/Read";
const LIST: &str = "fenliu.gate.v1.Gate/List";
const WORK: &str = "fenliu.gate.v1.Gate/Work";
const WATCH: &str = "fenliu.gate.v1.Gate/Watch";
const IMPORT: &str = "fenliu.gate.v1.Gate/Import";
const UNDECLARED: &str = "fenliu.gate.v1.Gate/Undeclared";

const DESK: &[Permission] = &[Permission::DeskRead, Permission::DeskWork];

fn own() -> Asked {
    asked(SHOP, ANN)
}

fn message() -> Vec<Vec<u8>> {
    vec![frame(0, &own().encode_to_vec())]
}

#[tokio::test]
async fn whoever_may_is_let_in_and_the_handler_knows_them() {
    let gate = Gate::open().await;
    for rpc in [ME, READ, LIST, WORK] {
        let told = gate.ask(rpc, &gate.ann(DESK), &own()).await.unwrap();
        assert_eq!(told, format!("{ANN} as \"{ANN}\" token false"), "{rpc}");
    }
}

#[tokio::test]
async fn anyone_may_call_what_is_open_and_no_token_is_looked_at() {
    let gate = Gate::open().await;
    for headers in [&[][..], &[("authorization", "Bearer nonsense")]] {
        let told = gate.send(OPEN, headers, message()).await.unwrap();
        assert!(told.starts_with("nobody"), "{told}");
    }
}

#[tokio::test]
async fn a_call_without_a_token_is_told_to_bring_one() {
    let gate = Gate::open().await;
    for rpc in [ME, READ, LIST, WORK, WATCH, IMPORT] {
        check(gate.send(rpc, &[], message()).await, Reason::TokenMissing);
    }
}

#[tokio::test]
async fn a_malformed_header_is_no_token() {
    let gate = Gate::open().await;
    let token = gate.ann(DESK);
    let good = format!("bearer {token}");
    assert!(gate.send(ME, &[("authorization", &good)], message()).await.is_ok(), "the scheme has any case");
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        &token,
        &format!("Bearer  {token}"),
        &format!("Bearer {token} x"),
    ] {
        check(gate.send(ME, &[("authorization", bad)], message()).await, Reason::TokenInvalid);
    }
    let twice = [("authorization", good.as_str()), ("authorization", good.as_str())];
    check(gate.send(ME, &twice, message()).await, Reason::TokenInvalid);
}

#[tokio::test]
async fn a_token_too_long_is_refused_unread() {
    let gate = Gate::open().await;
    let long = "x".repeat(8 * 1024 + 1);
    check(gate.ask(ME, &long, &own()).await, Reason::TokenInvalid);
}

#[tokio::test]
async fn a_token_ends_with_its_second() {
    let gate = Gate::open().await;
    let token = gate.ann(DESK);
    let caller = gate.caller(ANN, DESK);
    gate.clock.advance_to(caller.expires - Span::from_micros(1)).await;
    assert!(gate.ask(READ, &token, &own()).await.is_ok());
    gate.clock.advance_to(caller.expires).await;
    check(gate.ask(READ, &token, &own()).await, Reason::TokenExpired);
}

fn encoded(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

#[tokio::test]
async fn no_forgery_gets_in() {
    let gate = Gate::open().await;
    let good = gate.ann(DESK);
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts") };
    let read = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let wider = encoded(&read(claims).replace("desk.read", "agents.manage"));
    let other_key = SigningKey { kid: "k1".into(), seed: [8; 32] };
    let claimed =
        crate::auth::token::Claims { caller: gate.caller(ANN, DESK), issued: gate.caller(ANN, DESK).expires };
    let hs256 = {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some("k1".into());
        let secret = jsonwebtoken::EncodingKey::from_secret(&gate.key.public().bytes);
        let claims: serde_json::Value = serde_json::from_str(&read(claims)).unwrap();
        jsonwebtoken::encode(&header, &claims, &secret).unwrap()
    };
    let none = encoded(r#"{"typ":"JWT","alg":"none","kid":"k1"}"#);
    let mut bits = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bits[0] ^= 1;
    for (what, forged) in [
        ("claims changed", format!("{header}.{wider}.{signature}")),
        ("signature changed", format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(bits))),
        ("no signature", format!("{header}.{claims}.")),
        ("two parts", format!("{header}.{claims}")),
        ("another key of the same name", other_key.sign(&claimed)),
        ("alg none", format!("{none}.{claims}.")),
        ("alg none with a signature", format!("{none}.{claims}.{signature}")),
        ("HS256 under the public key", hs256),
        ("a key nobody knows", SigningKey { kid: "k2".into(), ..gate.key.clone() }.sign(&claimed)),
        ("no key named", format!("{}.{claims}.{signature}", encoded(r#"{"alg":"EdDSA"}"#))),
    ] {
        let status = check(gate.ask(READ, &forged, &own()).await, Reason::TokenInvalid);
        assert!(!status.message().contains(&forged), "{what}");
    }
    assert!(gate.ask(READ, &good, &own()).await.is_ok());
}

#[tokio::test]
async fn a_revoked_token_is_refused_though_it_was_good_a_moment_ago() {
    let gate = Gate::open().await;
    let token = gate.ann(DESK);
    assert!(gate.ask(READ, &token, &own()).await.is_ok());
    let expires = gate.caller(ANN, DESK).expires;
    gate.auth.revoke(Revocation { subject: Subject::Agent(ANN), below_version: 5, forget_at: expires });
    assert!(gate.ask(READ, &token, &own()).await.is_ok(), "hers has version 5");
    gate.auth.revoke(Revocation { subject: Subject::Agent(ANN), below_version: 6, forget_at: expires });
    check(gate.ask(READ, &token, &own()).await, Reason::TokenRevoked);
    let bens = gate.token(gate.caller(BEN, DESK));
    assert!(gate.ask(READ, &bens, &own()).await.is_ok());
}

#[tokio::test]
async fn while_no_keys_have_arrived_callers_are_told_to_wait() {
    let gate = Gate::without_keys(false).await;
    let status = check(gate.ask(READ, &gate.ann(DESK), &own()).await, Reason::PeerUnavailable);
    assert!(details(&status).contains("Some(Span(1000000))"), "{status:?}");
}

#[tokio::test]
async fn another_shop_is_missed_in_the_very_words_for_one_that_does_not_exist() {
    let gate = Gate::open().await;
    let platform =
        Caller { shop: None, subject: Subject::Service(ServiceId::from_bits(1)), ..gate.caller(ANN, DESK) };
    let other = asked(OTHER_SHOP, ANN);
    let missing = check(gate.ask(READ, &gate.token(platform), &other).await, Reason::ShopNotFound);
    for rpc in [READ, LIST, WORK, WATCH, IMPORT] {
        let foreign = check(gate.ask(rpc, &gate.ann(DESK), &other).await, Reason::ShopNotFound);
        assert_eq!(
            (foreign.code(), foreign.message(), foreign.details()),
            (missing.code(), missing.message(), missing.details()),
            "{rpc}"
        );
    }
}

#[tokio::test]
async fn a_shop_left_empty_or_malformed_is_the_codecs_to_refuse_unless_it_may_be_left_empty() {
    let gate = Gate::open().await;
    let token = gate.ann(DESK);
    for shop_id in ["", "shp_1", "agt_0000000000000000000000000000000a"] {
        let asked = Asked { shop_id: shop_id.into(), agent_id: ANN.to_string() };
        assert!(gate.ask(READ, &token, &asked).await.is_ok(), "the probe's codec refuses nothing");
    }
    let all = Asked { shop_id: String::new(), agent_id: ANN.to_string() };
    let status = check(gate.ask(LIST, &token, &all).await, Reason::PermissionDenied);
    assert!(details(&status).contains("desk.read"), "{status:?}");
    let platform = Caller { shop: None, ..gate.caller(ANN, DESK) };
    assert!(gate.ask(LIST, &gate.token(platform), &all).await.is_ok());
}

#[tokio::test]
async fn a_missing_permission_is_named_whatever_the_shop() {
    let gate = Gate::open().await;
    let token = gate.ann(&[Permission::ShopRead]);
    for shop in [SHOP, OTHER_SHOP] {
        for rpc in [READ, LIST, WATCH, IMPORT] {
            let status = check(gate.ask(rpc, &token, &asked(shop, ANN)).await, Reason::PermissionDenied);
            assert_eq!(status.code(), Code::PermissionDenied);
            assert!(details(&status).contains(r#"("permission", "desk.read")"#), "{status:?}");
        }
    }
    assert!(gate.ask(ME, &token, &own()).await.is_ok(), "any token will do");
}

#[tokio::test]
async fn an_agent_acts_as_herself_and_whoever_supervises_acts_as_others() {
    let gate = Gate::open().await;
    let (agent, supervisor) = (gate.ann(DESK), gate.ann(&[Permission::DeskSupervise]));
    for (token, who, needed) in [
        (&agent, ANN.to_string(), None),
        (&agent, BEN.to_string(), Some("desk.supervise")),
        (&agent, String::new(), Some("desk.supervise")),
        (&agent, "no agent".to_owned(), Some("desk.supervise")),
        (&supervisor, BEN.to_string(), None),
        (&supervisor, ANN.to_string(), Some("desk.work")),
    ] {
        let outcome =
            gate.ask(WORK, token, &Asked { shop_id: SHOP.to_string(), agent_id: who.clone() }).await;
        match needed {
            None => assert!(outcome.is_ok(), "{who}"),
            Some(needed) => {
                let status = check(outcome, Reason::PermissionDenied);
                assert!(details(&status).contains(needed), "{who} {status:?}");
            }
        }
    }
    let program = Caller { subject: Subject::Service(ServiceId::from_bits(10)), ..gate.caller(ANN, DESK) };
    check(gate.ask(WORK, &gate.token(program), &own()).await, Reason::PermissionDenied);
}

#[tokio::test]
async fn of_a_field_given_twice_the_last_counts_for_the_check_and_for_the_handler() {
    let gate = Gate::open().await;
    let header = format!("Bearer {}", gate.ann(DESK));
    let headers = [("authorization", header.as_str())];
    let both = |first, last| {
        vec![frame(0, &[asked(SHOP, first), asked(SHOP, last)].map(|asked| asked.encode_to_vec()).concat())]
    };
    let told = gate.send(WORK, &headers, both(BEN, ANN)).await.unwrap();
    assert!(told.contains(&format!("as \"{ANN}\"")), "{told}");
    check(gate.send(WORK, &headers, both(ANN, BEN)).await, Reason::PermissionDenied);
}

#[tokio::test]
async fn a_message_is_checked_however_it_is_cut() {
    let gate = Gate::open().await;
    let header = format!("Bearer {}", gate.ann(DESK));
    for (shop, good) in [(SHOP, true), (OTHER_SHOP, false)] {
        let bytes = frame(0, &asked(shop, ANN).encode_to_vec());
        let pieces = bytes.chunks(1).map(<[u8]>::to_vec).collect();
        let outcome = gate.send(WORK, &[("authorization", &header)], pieces).await;
        assert_eq!(outcome.is_ok(), good, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_compressed_message_is_refused_because_it_cannot_be_checked() {
    let gate = Gate::open().await;
    let header = format!("Bearer {}", gate.ann(DESK));
    let headers = [("authorization", header.as_str()), ("grpc-encoding", "gzip")];
    let pieces = vec![frame(1, &own().encode_to_vec())];
    let status = check(gate.send(READ, &headers, pieces).await, Reason::CompressionUnsupported);
    assert!(details(&status).contains("gzip"), "{status:?}");
}

#[tokio::test]
async fn what_is_no_message_and_a_body_without_one_are_the_codecs_to_refuse() {
    let gate = Gate::open().await;
    let header = format!("Bearer {}", gate.ann(DESK));
    let headers = [("authorization", header.as_str())];
    let half = frame(0, &own().encode_to_vec())[..9].to_vec();
    for pieces in
        [vec![], vec![half], vec![frame(0, &[0xff])], vec![frame(0, &[0x08, 0x01])], vec![frame(9, &[])]]
    {
        check(gate.send(READ, &headers, pieces).await, Reason::InvalidRequest);
    }
}

#[tokio::test]
async fn a_message_that_never_comes_ends_with_the_deadline() {
    let gate = Gate::open().await;
    let header = format!("Bearer {}", gate.ann(DESK));
    let headers = [("authorization", header.as_str())];
    let outcome = gate.send_stream(READ, &headers, futures::stream::pending()).await;
    check(outcome.map(|_| String::new()), Reason::DeadlineExceeded);
}

#[tokio::test]
async fn every_message_of_a_stream_is_checked() {
    let gate = Gate::open().await;
    let header = format!("Bearer {}", gate.ann(DESK));
    let headers = [("authorization", header.as_str())];
    let own = frame(0, &own().encode_to_vec());
    let foreign = frame(0, &asked(OTHER_SHOP, ANN).encode_to_vec());
    let told = gate.send(IMPORT, &headers, vec![own.clone(), own.clone(), own.clone()]).await;
    assert_eq!(told.unwrap(), "3 messages");
    check(
        gate.send(IMPORT, &headers, vec![own.clone(), foreign.clone(), own.clone()]).await,
        Reason::ShopNotFound,
    );
    check(gate.send(IMPORT, &headers, vec![[own, foreign].concat()]).await, Reason::ShopNotFound);
}

async fn watching(gate: &Gate, how: &str) -> super::gate::Answer {
    let header = format!("Bearer {}", gate.ann(DESK));
    let asked = Asked { shop_id: SHOP.to_string(), agent_id: how.into() };
    let pieces = futures::stream::iter([frame(0, &asked.encode_to_vec())]);
    let mut answer = gate.send_stream(WATCH, &[("authorization", &header)], pieces).await.unwrap();
    assert_eq!(answer.next().await.unwrap().as_deref(), Some("first"));
    answer
}

/// Reads on to the end, which must be a bad one.
async fn end(mut answer: super::gate::Answer) -> Result<String, tonic::Status> {
    while answer.next().await?.is_some() {}
    Ok("a good end".into())
}

#[tokio::test]
async fn a_stream_ends_with_its_callers_token() {
    let gate = Gate::open().await;
    let expires = gate.caller(ANN, DESK).expires;
    let mut quiet = watching(&gate, "").await;
    let flood = watching(&gate, "flood").await;
    gate.clock.advance_to(expires - Span::from_micros(1)).await;
    assert!(futures::FutureExt::now_or_never(quiet.next()).is_none(), "not before its time");
    // A flood ends while it is read: who does not read it does not hear of the end.
    let (quiet, flood, ()) = tokio::join!(end(quiet), end(flood), gate.clock.advance_to(expires));
    check(quiet, Reason::TokenExpired);
    check(flood, Reason::TokenExpired);
}

#[tokio::test]
async fn a_stream_ends_when_its_callers_token_is_revoked() {
    let gate = Gate::open().await;
    let expires = gate.caller(ANN, DESK).expires;
    let (quiet, flood) = (watching(&gate, "").await, watching(&gate, "flood").await);
    let header = format!("Bearer {}", gate.ann(DESK));
    let headers = [("authorization", header.as_str())];
    let import = gate.send_stream(IMPORT, &headers, futures::stream::pending());
    let revoke = async {
        tokio::task::yield_now().await;
        gate.auth.revoke(Revocation { subject: Subject::Agent(ANN), below_version: 6, forget_at: expires });
    };
    let (import, ()) = tokio::join!(import, revoke);
    check(import.map(|_| String::new()), Reason::TokenRevoked);
    check(end(quiet).await, Reason::TokenRevoked);
    check(end(flood).await, Reason::TokenRevoked);
}

#[tokio::test]
async fn what_is_not_declared_is_refused_to_everybody_and_what_does_not_exist_does_not() {
    let gate = Gate::open().await;
    let all = Caller { shop: None, permissions: Permissions::all(), ..gate.caller(ANN, &[]) };
    let token = gate.token(all);
    let status = check(gate.ask(UNDECLARED, &token, &own()).await, Reason::PermissionDenied);
    assert!(details(&status).contains("fenliu.gate.v1.Gate/Undeclared"), "{status:?}");
    check(gate.send(UNDECLARED, &[], message()).await, Reason::PermissionDenied);
    // The probe would answer it: the layer does not let it through.
    check(gate.ask("fenliu.gate.v1.Gate/Nonsense", &token, &own()).await, Reason::MethodNotFound);
}

#[tokio::test]
async fn health_needs_no_token() {
    let gate = Gate::without_keys(false).await;
    let request = tonic_health::pb::HealthCheckRequest::default();
    let mut client = tonic_health::pb::health_client::HealthClient::new(gate.channel.clone());
    assert_eq!(client.check(request).await.unwrap().into_inner().status, 1);
}

#[tokio::test]
async fn while_nobody_is_asked_everybody_is_anybody() {
    let gate = Gate::without_keys(true).await;
    for rpc in [OPEN, ME, READ, WORK, UNDECLARED] {
        let told = gate.ask(rpc, "nonsense", &own()).await.unwrap();
        assert!(told.starts_with("anonymous"), "{told}");
    }
    check(
        gate.send(READ, &[], vec![frame(0, &asked(OTHER_SHOP, ANN).encode_to_vec())]).await,
        Reason::ShopNotFound,
    );
}
