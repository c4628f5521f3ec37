//! What a token says, and what it does not.

use fenliu_domain::access::{Caller, Permission, Permissions, Subject};
use fenliu_domain::ids::{AgentId, ShopId};
use fenliu_domain::time::{Span, Timestamp};
use serde_json::json;

use super::{Claims, MAX_TOKEN_BYTES, PublicKey, SigningKey, kid, verified};

const NOW: Timestamp = Timestamp::from_micros_clamped(1_780_000_000_000_000);

fn key() -> SigningKey {
    SigningKey { kid: "2026-11".into(), seed: [7; 32] }
}

fn claims() -> Claims {
    let caller = Caller {
        subject: Subject::Agent(AgentId::from_bits(3)),
        shop: Some(ShopId::from_bits(4)),
        permissions: Permissions::of(&[Permission::DeskWork, Permission::ShopRead]),
        version: 9,
        expires: NOW + Span::from_mins(15),
    };
    Claims { caller, issued: NOW }
}

/// The claims of a token of ours that says something else.
fn said(change: impl FnOnce(&mut serde_json::Value)) -> Option<Claims> {
    let mut said = serde_json::to_value(super::Wire::of(&claims())).unwrap();
    change(&mut said);
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
    header.kid = Some(key().kid);
    let der = [&super::PKCS8_PREFIX[..], &key().seed].concat();
    let token = jsonwebtoken::encode(&header, &said, &jsonwebtoken::EncodingKey::from_ed_der(&der)).unwrap();
    verified(&token, &key().public())
}

#[test]
fn a_token_says_what_was_signed() {
    let token = key().sign(&claims());
    assert_eq!(kid(&token).as_deref(), Some("2026-11"));
    assert_eq!(verified(&token, &key().public()), Some(claims()));
    let platform = Claims {
        caller: Caller { shop: None, permissions: Permissions::all(), ..claims().caller },
        ..claims()
    };
    let token = key().sign(&platform);
    assert!(token.len() < MAX_TOKEN_BYTES / 4, "{}", token.len());
    assert_eq!(verified(&token, &key().public()), Some(platform));
}

#[test]
fn equal_claims_give_equal_tokens() {
    assert_eq!(key().sign(&claims()), key().sign(&claims()));
}

#[test]
fn times_are_cut_to_the_second() {
    let mut later = claims();
    later.caller.expires = later.caller.expires + Span::from_millis(999);
    assert_eq!(verified(&key().sign(&later), &key().public()), Some(claims()));
}

#[test]
fn the_public_half_is_that_of_the_rfc() {
    // RFC 8032, section 7.1, test 1; and RFC 8037, appendix A.2.
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let seed: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&seed[2 * at..2 * at + 2], 16).unwrap()).collect();
    let public = SigningKey { kid: "rfc".into(), seed: seed.try_into().unwrap() }.public();
    assert_eq!(public.jwk_x(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!(PublicKey::from_jwk("rfc", &public.jwk_x()), Some(public));
    assert_eq!(PublicKey::from_jwk("rfc", "AAAA"), None);
}

#[test]
fn permissions_of_a_newer_accounts_are_left_out() {
    let caller = said(|said| said["scope"] = json!("desk.work desk.teleport")).unwrap().caller;
    assert_eq!(caller.permissions, Permissions::of(&[Permission::DeskWork]));
}

#[test]
fn nobody_holds_the_platforms_permissions_in_a_shop() {
    let caller = said(|said| said["scope"] = json!("platform.shops desk.work")).unwrap().caller;
    assert_eq!(caller.permissions, Permissions::of(&[Permission::DeskWork]));
}

#[test]
fn claims_that_are_not_ours_are_no_claims() {
    assert!(said(|_| {}).is_some());
    for (name, value) in [
        ("iss", json!("somebody")),
        ("sub", json!("anonymous")),
        ("sub", json!("")),
        ("shop", json!("shp_1")),
        ("shop", json!("")),
        ("exp", json!("soon")),
        ("exp", json!(1.5)),
        ("ver", json!(-1)),
    ] {
        assert_eq!(said(|said| said[name] = value.clone()), None, "{name} {value}");
    }
    for name in ["iss", "sub", "exp", "iat", "ver", "scope"] {
        let without = said(|said| drop(said.as_object_mut().unwrap().remove(name)));
        assert_eq!(without, None, "{name}");
    }
}

#[test]
fn the_seed_is_not_printed() {
    assert_eq!(format!("{:?}", key()), "SigningKey(\"2026-11\", seed not shown)");
}

#[test]
fn bytes_that_are_no_point_verify_nothing() {
    let token = key().sign(&claims());
    for bytes in [[0xff; 32], [0; 32]] {
        assert_eq!(verified(&token, &PublicKey { kid: key().kid, bytes }), None);
    }
}
