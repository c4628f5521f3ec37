//! What signing in gives, as messages.

use fenliu_domain::access::Caller;
use fenliu_proto::accounts::v1 as proto;
use fenliu_proto::convert::to_timestamp;
use fenliu_runtime::auth::Revocation;
use fenliu_runtime::auth::token::{JWK_ALGORITHM, JWK_CURVE, JWK_KEY_TYPE, PublicKey};

use super::permissions;
use crate::entrance::{Enterable, NewServiceToken, ServiceToken, SignedIn};
use crate::storage::{Stored, Trust};

/// What the keys are for, as RFC 7517 calls it.
const KEY_USE: &str = "sig";

pub(in crate::grpc) fn login((signed_in, shops): (SignedIn, Vec<Enterable>)) -> proto::LoginResponse {
    let identity = Some(identity(&signed_in.caller));
    let request_id = signed_in.request_id.clone();
    proto::LoginResponse { tokens: Some(tokens(signed_in)), identity, shops: enterable(shops), request_id }
}

pub(in crate::grpc) fn refresh(signed_in: SignedIn) -> proto::RefreshResponse {
    let identity = Some(identity(&signed_in.caller));
    let request_id = signed_in.request_id.clone();
    proto::RefreshResponse { tokens: Some(tokens(signed_in)), identity, request_id }
}

pub(in crate::grpc) fn caller(caller: &Caller, shops: Vec<Enterable>) -> proto::GetCallerResponse {
    proto::GetCallerResponse { identity: Some(identity(caller)), shops: enterable(shops) }
}

fn tokens(signed_in: SignedIn) -> proto::Tokens {
    proto::Tokens {
        access_token: signed_in.access_token,
        access_expire_time: Some(to_timestamp(signed_in.caller.expires)),
        refresh_token: signed_in.refresh_token,
        refresh_expire_time: Some(to_timestamp(signed_in.refresh_expires)),
    }
}

fn identity(caller: &Caller) -> proto::Identity {
    proto::Identity {
        subject: caller.subject.to_string(),
        shop_id: caller.shop.map(|shop| shop.to_string()).unwrap_or_default(),
        permissions: permissions(caller.permissions),
    }
}

fn enterable(shops: Vec<Enterable>) -> Vec<proto::EnterableShop> {
    let shops = shops.into_iter().map(|Enterable { shop, display_name, roles }| proto::EnterableShop {
        shop_id: shop.to_string(),
        display_name,
        roles,
    });
    shops.collect()
}

pub(in crate::grpc) fn key(key: &PublicKey) -> proto::JsonWebKey {
    proto::JsonWebKey {
        kty: JWK_KEY_TYPE.to_owned(),
        crv: JWK_CURVE.to_owned(),
        alg: JWK_ALGORITHM.to_owned(),
        key_use: KEY_USE.to_owned(),
        kid: key.kid.clone(),
        x: key.jwk_x(),
    }
}

pub(in crate::grpc) fn trust(trust: &Trust) -> proto::WatchTrustResponse {
    let revocation = |revocation: &Revocation| proto::Revocation {
        subject: revocation.subject.to_string(),
        version: revocation.below_version,
        forget_time: Some(to_timestamp(revocation.forget_at)),
    };
    proto::WatchTrustResponse {
        keys: trust.keys.iter().map(key).collect(),
        revocations: trust.revocations.iter().map(revocation).collect(),
    }
}

pub(in crate::grpc) fn service_token(token: &Stored<ServiceToken>) -> proto::ServiceToken {
    let value = &token.value;
    proto::ServiceToken {
        service_id: value.id.to_string(),
        shop_id: value.shop.map(|shop| shop.to_string()).unwrap_or_default(),
        display_name: value.display_name.clone(),
        permissions: permissions(value.permissions),
        create_time: Some(to_timestamp(value.created)),
        expire_time: Some(to_timestamp(value.expires)),
        revoke_time: value.revoked.map(to_timestamp),
    }
}

/// Without the token, which must not be remembered.
pub(in crate::grpc) fn issued(new: NewServiceToken) -> proto::IssueServiceTokenResponse {
    let service_token = Some(service_token(&new.stored));
    proto::IssueServiceTokenResponse { service_token, token: String::new(), request_id: new.request_id }
}

pub(in crate::grpc) fn revoked(token: NewServiceToken) -> proto::RevokeServiceTokenResponse {
    let service_token = Some(service_token(&token.stored));
    proto::RevokeServiceTokenResponse { service_token, request_id: token.request_id }
}
