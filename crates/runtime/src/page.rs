//! Page tokens: where a list goes on, in a form that only this server can make.
//!
//! A token is `base64url(tag ‖ cursor)`, the tag being the first 16 bytes of an HMAC-SHA256 over the scope and
//! the cursor. The scope names the RPC, the shop and the filter, so that a token of one list cannot be replayed
//! on another, nor one tenant's on another's. A token authenticates its cursor; it does not hide it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fenliu_domain::problem::{Problem, Reason};
use hmac::{Hmac, Mac};
use sha2::Sha256;

pub use self::key_file::KeyFileError;

mod key_file;

/// Bytes of the tag: 128 bits, as many as nobody can try.
const TAG_BYTES: usize = 16;

/// The longest cursor, in bytes. A longer one is a defect of the caller; its token is refused when it returns.
pub const MAX_CURSOR_BYTES: usize = 512;

/// The longest token, in characters; anything longer is refused unread.
pub const MAX_TOKEN_CHARS: usize = (TAG_BYTES + MAX_CURSOR_BYTES).div_ceil(3) * 4;

/// Separates this use of the key from every other.
const PURPOSE: &[u8] = b"fenliu page token v1";

/// Makes page tokens and reads them back. Replicas that share a key read each other's tokens.
#[derive(Clone)]
pub struct PageTokens {
    key: [u8; 32],
}

impl PageTokens {
    /// Tokens under this key of 256 secret bits.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The token for `cursor` in the list that `scope` names. `cursor` is at most [`MAX_CURSOR_BYTES`] long.
    #[must_use]
    pub fn seal(&self, scope: &[u8], cursor: &[u8]) -> String {
        debug_assert!(cursor.len() <= MAX_CURSOR_BYTES, "a cursor is bounded");
        let tag = self.mac(scope, cursor).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&tag[..TAG_BYTES], cursor].concat())
    }

    /// The cursor inside a token.
    ///
    /// # Errors
    /// PAGE_TOKEN_INVALID when this server did not make it for this scope.
    pub fn open(&self, scope: &[u8], token: &str) -> Result<Vec<u8>, Problem> {
        self.verified(scope, token).ok_or_else(|| {
            let advice = "the page token is not one of this list; start again without a page token, or repeat \
                          the request that gave it with only the token added";
            Problem::new(Reason::PageTokenInvalid, advice)
        })
    }

    fn verified(&self, scope: &[u8], token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_TOKEN_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, cursor) = bytes.split_at_checked(TAG_BYTES)?;
        self.mac(scope, cursor).verify_truncated_left(tag).ok()?;
        Some(cursor.to_vec())
    }

    /// The scope's length goes in first, so that no byte can move from the scope to the cursor.
    fn mac(&self, scope: &[u8], cursor: &[u8]) -> Hmac<Sha256> {
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        // A key of exactly one block is used as it is; shorter ones are padded with zeroes just so.
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
        mac.update(PURPOSE);
        mac.update(&(scope.len() as u64).to_be_bytes());
        mac.update(scope);
        mac.update(cursor);
        mac
    }
}

impl fmt::Debug for PageTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageTokens(key not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn refused(scope: &[u8], token: &str) {
        let problem = PageTokens::new(KEY).open(scope, token).expect_err("the token must be refused");
        assert_eq!(problem.reason, Reason::PageTokenInvalid);
    }

    #[test]
    fn a_token_gives_its_cursor_back() {
        let tokens = PageTokens::new(KEY);
        for cursor in [&b""[..], b"cnv_1", &[0xff; MAX_CURSOR_BYTES]] {
            let token = tokens.seal(b"list/shop", cursor);
            assert!(token.len() <= MAX_TOKEN_CHARS);
            assert_eq!(tokens.open(b"list/shop", &token).unwrap(), cursor);
        }
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = PageTokens::new(KEY).seal(b"list/shop-a", b"5");
        refused(b"list/shop-b", &token);
    }

    #[test]
    fn bytes_cannot_move_from_scope_to_cursor() {
        let token = PageTokens::new(KEY).seal(b"ab", b"c");
        refused(b"a", &token);
    }

    #[test]
    fn a_token_of_another_key_is_refused() {
        refused(b"s", &PageTokens::new([8; 32]).seal(b"s", b"5"));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let token = PageTokens::new(KEY).seal(b"s", b"position 12");
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            refused(b"s", &URL_SAFE_NO_PAD.encode(changed));
        }
    }

    #[test]
    fn garbage_is_refused_whatever_its_length() {
        for token in ["", "x", "{}", "AAAA", "\0\0", &"A".repeat(1_000_000)] {
            refused(b"s", token);
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", PageTokens::new(KEY)), "PageTokens(key not shown)");
    }
}
