//! Access tokens: JWTs with an EdDSA (Ed25519) signature.
//!
//! The header is `{"typ":"JWT","alg":"EdDSA","kid":…}`; the claims are `iss` (always `fenliu`), `sub` (the subject's
//! id), `shop` (its id; absent on the platform), `scope` (names of permissions, separated by spaces), `ver` (the
//! subject's token version), `iat` and `exp` (seconds since 1970).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fenliu_domain::access::{Caller, Permission, Permissions, Subject};
use fenliu_domain::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// The longest token, in bytes; a longer one is refused unread. One with every permission has about 1,000.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Who issues every token.
pub const ISSUER: &str = "fenliu";

/// The JWK key type of our keys.
pub const JWK_KEY_TYPE: &str = "OKP";

/// The JWK curve of our keys.
pub const JWK_CURVE: &str = "Ed25519";

/// The JWA algorithm of our signatures.
pub const JWK_ALGORITHM: &str = "EdDSA";

/// What stands before the 32 bytes of a seed in PKCS #8 (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A key that signs tokens. Whoever has its seed can be anybody.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name in tokens and key sets.
    pub kid: String,
    /// The secret from which both halves follow (RFC 8032).
    pub seed: [u8; 32],
}

impl SigningKey {
    /// The half that verifies, for everybody.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let bytes = ed25519_dalek::SigningKey::from_bytes(&self.seed).verifying_key().to_bytes();
        PublicKey { kid: self.kid.clone(), bytes }
    }

    /// A token that says this. Equal claims give equal tokens. Times are cut to the second, so that a token ends
    /// with the second before rather than with the one after.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "every 32 bytes are a seed, and claims of texts and numbers are JSON"
    )]
    pub fn sign(&self, claims: &Claims) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        let key = EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &self.seed].concat());
        jsonwebtoken::encode(&header, &Wire::of(claims), &key).expect("a seed signs any claims")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, seed not shown)", self.kid)
    }
}

/// A key that verifies tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    /// Its name in tokens and key sets.
    pub kid: String,
    /// The compressed point (RFC 8032). Bytes that are no point verify nothing.
    pub bytes: [u8; 32],
}

impl PublicKey {
    /// The `x` of its JWK: the bytes in base64url without padding (RFC 8037).
    #[must_use]
    pub fn jwk_x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes)
    }

    /// The key of a JWK with this `kid` and this `x`; `None` when `x` is not 32 bytes in base64url.
    #[must_use]
    pub fn from_jwk(kid: impl Into<String>, x: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(x).ok()?.try_into().ok()?;
        Some(Self { kid: kid.into(), bytes })
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whom it speaks for, where, what they may do, and until when.
    pub caller: Caller,
    /// When it was signed. Nothing depends on it.
    pub issued: Timestamp,
}

/// The claims as they are in the token.
#[derive(Debug, Serialize, Deserialize)]
struct Wire {
    iss: String,
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shop: Option<String>,
    scope: String,
    ver: u64,
    iat: i64,
    exp: i64,
}

impl Wire {
    fn of(claims: &Claims) -> Self {
        let Caller { subject, shop, permissions, version, expires } = &claims.caller;
        Self {
            iss: ISSUER.to_owned(),
            sub: subject.to_string(),
            shop: shop.map(|shop| shop.to_string()),
            scope: permissions.names().collect::<Vec<_>>().join(" "),
            ver: *version,
            iat: claims.issued.micros().div_euclid(MICROS_PER_SECOND),
            exp: expires.micros().div_euclid(MICROS_PER_SECOND),
        }
    }

    /// The claims, if they are ours and name somebody. Permissions that a newer accounts knows and we do not are
    /// left out, and so are those that nobody holds in a shop.
    fn claims(&self) -> Option<Claims> {
        let subject = Subject::parse(&self.sub).filter(|_| self.iss == ISSUER)?;
        let shop = self.shop.as_deref().map(str::parse).transpose().ok()?;
        let named: Permissions = self.scope.split_ascii_whitespace().filter_map(Permission::parse).collect();
        let barred = if shop.is_some() {
            Permissions::all().without(Permissions::of_a_shop())
        } else {
            Permissions::NONE
        };
        let permissions = named.without(barred);
        let caller = Caller { subject, shop, permissions, version: self.ver, expires: moment(self.exp) };
        Some(Claims { caller, issued: moment(self.iat) })
    }
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_micros_clamped(seconds.saturating_mul(MICROS_PER_SECOND))
}

/// The name of the key that a token says it is signed with; `None` when it says none, or is not signed with EdDSA.
/// Nothing is verified.
pub(super) fn kid(token: &str) -> Option<String> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    header.kid.filter(|_| header.alg == Algorithm::EdDSA)
}

/// What a token says, if this key has signed it and it names somebody. Whether its time is over is not looked at.
pub(super) fn verified(token: &str, key: &PublicKey) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    // The service's clock says whether its time is over, not the library's.
    validation.validate_exp = false;
    let key = DecodingKey::from_ed_der(&key.bytes);
    let token = jsonwebtoken::decode::<Wire>(token, &key, &validation).ok()?;
    token.claims.claims()
}

#[cfg(test)]
mod tests;
