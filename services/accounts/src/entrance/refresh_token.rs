//! Refresh tokens as texts: `fr1_`, the session, and 256 bits in base64url.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fenliu_domain::ids::SessionId;
use sha2::{Digest, Sha256};

/// What every refresh token of this format begins with.
const PREFIX: &str = "fr1_";
/// Bytes of the secret in it.
const SECRET_BYTES: usize = 32;
/// Hexadecimal digits of the session in it.
const SESSION_DIGITS: usize = 32;

/// SHA-256 of a refresh token: all that is stored. The token has 256 bits that nobody can guess, so a fast hash does.
pub(crate) type TokenHash = [u8; 32];

/// A refresh token as it was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presented {
    pub(super) session: SessionId,
    pub(super) hash: TokenHash,
}

/// The text of a session's refresh token, and its hash.
pub(super) fn made(session: SessionId, secret: &[u8; SECRET_BYTES]) -> (String, TokenHash) {
    let text = format!("{PREFIX}{:032x}_{}", session.bits(), URL_SAFE_NO_PAD.encode(secret));
    let hash = Sha256::digest(&text).into();
    (text, hash)
}

/// Reads a text; `None` when no refresh token looks like this.
pub(super) fn parse(text: &str) -> Option<Presented> {
    let (session, secret) = text.strip_prefix(PREFIX)?.split_at_checked(SESSION_DIGITS)?;
    let session = SessionId::from_str(&format!("{}{session}", SessionId::PREFIX)).ok()?;
    let secret = URL_SAFE_NO_PAD.decode(secret.strip_prefix('_')?).ok()?;
    let right = secret.len() == SECRET_BYTES;
    right.then(|| Presented { session, hash: Sha256::digest(text).into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_what_it_was_made_of_and_nothing_else_does() {
        let session = SessionId::from_bits(7);
        let (text, hash) = made(session, &[0xff; 32]);
        assert_eq!(parse(&text), Some(Presented { session, hash }));
        let shorter = &text[..text.len() - 2];
        for other in ["", "fr1_", "fr2_00", shorter, &text.replace("fr1_", "fr2_"), &format!("{text}AA")] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
