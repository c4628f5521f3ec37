//! Who calls, and whether they may: tokens, the trust in those who sign them, and what the contract declares.
//!
//! accounts signs a [`token::Claims`] with a [`token::SigningKey`]. Every process has one [`Authenticator`], fed with
//! the public keys and the revocations that accounts publishes; it verifies tokens by itself, so that services go on
//! while accounts is down. [`Rules`] are what the contract's `fenliu.common.v1.access` options say of each RPC. The
//! layer in `layers/authorise.rs` puts them together in front of every handler and leaves the
//! [`Caller`] in the request's extensions, where [`caller`] finds it.
//!
//! # Invariants
//! - Only EdDSA signatures under a key that is trusted now count, whatever a token's header says.
//! - Expiry and revocation are looked at with every call, by the service's clock and without leeway.
//! - Tokens and seeds are neither logged nor printed by `Debug`.
//! - What the contract does not declare is refused to everybody.

use fenliu_domain::access::Caller;
use fenliu_domain::problem::{Problem, Reason};

pub use self::access::{Field, Need, Rule, Rules, RulesError};
pub use self::authenticator::{Authenticator, MAX_REVOCATIONS, Revocation};
pub use self::token_file::TokenFile;

mod access;
mod authenticator;
pub mod token;
mod token_file;

/// Who stands at a server's door.
#[derive(Clone, Debug)]
pub enum Guard {
    /// Tokens are asked for and verified.
    On(Authenticator),
    /// Everybody is [`Caller::ANYBODY`]; a token that is sent is ignored.
    Off,
}

/// Who calls, from the extensions of a request: what the layer put there.
///
/// # Errors
/// TOKEN_MISSING for an RPC that anyone may call, where nobody was asked who they are.
pub fn caller(extensions: &http::Extensions) -> Result<&Caller, Problem> {
    extensions.get().ok_or_else(token_missing)
}

/// The refusal of a call that brings no token.
pub(crate) fn token_missing() -> Problem {
    Problem::new(Reason::TokenMissing, "the call needs a token; send it as authorization: Bearer <token>")
}

/// The refusal of a token that is none of ours. It does not say what is wrong with it: only forgers would learn.
pub(crate) fn token_invalid() -> Problem {
    Problem::new(Reason::TokenInvalid, "the token is none that is trusted here; sign in again")
}
