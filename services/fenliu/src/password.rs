//! Passwords: typed on a terminal that does not show them, or read from standard input. Never an argument.

use std::io::{BufRead, IsTerminal};

use anyhow::Context;

use crate::cli::PasswordArgs;

/// Longest password that is read, in bytes; the contract takes no longer one.
const MAX_BYTES: u64 = 1_024;

/// Somebody's password, which is not shown.
pub struct Password(String);

impl Password {
    /// Its text, to be sent.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(not shown)")
    }
}

/// The password that somebody has already.
///
/// # Errors
/// When there is none to be read.
pub fn known(args: PasswordArgs, of: &str) -> anyhow::Result<Password> {
    if args.password_stdin {
        return line_of(std::io::stdin().lock(), "first");
    }
    must_be_a_terminal()?;
    let password = typed(&format!("password of {of}: "))?;
    anyhow::ensure!(!password.is_empty(), "no password was typed");
    Ok(Password(password))
}

/// A password that is new: typed twice.
///
/// # Errors
/// When there is none to be read, or the second does not repeat the first.
pub fn new(args: PasswordArgs, of: &str) -> anyhow::Result<Password> {
    let first = known(args, &format!("{of}, new"))?;
    if !args.password_stdin {
        let again = typed("once more: ")?;
        anyhow::ensure!(again == first.0, "the two passwords differ; try again");
    }
    Ok(first)
}

/// The password that somebody has, and the one that takes its place, typed twice; or the first two lines of standard
/// input.
///
/// # Errors
/// As [`new`].
pub fn changed(from_stdin: bool, of: &str) -> anyhow::Result<(Password, Password)> {
    if from_stdin {
        let mut input = std::io::stdin().lock();
        return Ok((line_of(&mut input, "first")?, line_of(&mut input, "second")?));
    }
    let args = PasswordArgs { password_stdin: false };
    Ok((known(args, &format!("{of}, so far"))?, new(args, of)?))
}

fn must_be_a_terminal() -> anyhow::Result<()> {
    anyhow::ensure!(
        std::io::stdin().is_terminal(),
        "standard input is no terminal to ask for a password; hand it in there with --password-stdin"
    );
    Ok(())
}

fn typed(prompt: &str) -> anyhow::Result<String> {
    let terminal = console::Term::stderr();
    terminal.write_str(prompt).context("cannot ask for the password")?;
    terminal.read_secure_line().context("cannot read the password")
}

/// The line that comes next, without its end; `which` says which one it is.
fn line_of(input: impl BufRead, which: &str) -> anyhow::Result<Password> {
    let mut line = String::new();
    // Two more than allowed: its end is none of it, and one that is too long shall be seen to be.
    input.take(MAX_BYTES + 2).read_line(&mut line).context("cannot read the password from standard input")?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    anyhow::ensure!(!password.is_empty(), "there is no password in the {which} line of standard input");
    anyhow::ensure!(password.len() as u64 <= MAX_BYTES, "the password is longer than {MAX_BYTES} bytes");
    Ok(Password(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password_and_its_end_is_not() {
        for (input, password) in [("a b\nc\n", "a b"), ("a\r\n", "a"), ("密码", "密码"), (" x ", " x ")] {
            assert_eq!(line_of(input.as_bytes(), "first").expect("a password").0, password);
        }
        assert!(line_of(&b""[..], "first").is_err());
        assert!(line_of(&b"\nsecond\n"[..], "first").is_err());
        assert!(line_of(&[b'x'; 1_024][..], "first").is_ok());
        assert!(line_of(&[b'x'; 2_000][..], "first").is_err());
    }

    #[test]
    fn two_lines_are_two_passwords() {
        let mut input = &b"the old one\nthe new one\n"[..];
        assert_eq!(line_of(&mut input, "first").expect("a password").0, "the old one");
        assert_eq!(line_of(&mut input, "second").expect("a password").0, "the new one");
        let error = line_of(&mut input, "third").expect_err("there is no more").to_string();
        assert!(error.contains("third line"), "{error}");
    }

    #[test]
    fn nobody_prints_a_password() {
        assert_eq!(format!("{:?}", Password("open sesame".into())), "Password(not shown)");
    }
}
