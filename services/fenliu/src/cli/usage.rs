//! What becomes of a command line that makes no sense, or only asks for help.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{Error, ErrorKind};

use super::Cli;
use crate::output;

/// Exit code of a command line that makes no sense, as clap has it.
const MISUSED: u8 = 2;

/// A command line that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(String);

/// What these words ask for, the first of them the program's own name.
///
/// # Errors
/// When they make no sense or ask for help; that has been said then, to programs in JSON, and the process should end
/// with this code.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, ExitCode> {
    let words: Vec<_> = words.into_iter().collect();
    Cli::try_parse_from(&words).map_err(|error| {
        let json = error.use_stderr() && words.iter().any(|word| word == "--json");
        // When nobody reads what is said, the exit code still tells.
        if json {
            let _ = output::say(&format!("{:#}\n", output::failure(&misuse(&error).into())));
        } else {
            let _ = error.print();
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(MISUSED))
    })
}

/// The complaint in one line, without the usage that people are shown below it.
fn misuse(error: &Error) -> Misuse {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Misuse("something more must be said; see --help".to_owned());
    }
    let text = error.render().to_string();
    let complaint = text.split("\n\nUsage:").next().unwrap_or_default();
    let complaint = complaint.split("\n\nFor more information").next().unwrap_or_default();
    let words: Vec<_> = complaint.trim_start_matches("error: ").split_whitespace().collect();
    Misuse(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str]) -> String {
        misuse(&Cli::try_parse_from([&["fenliu"], words].concat()).expect_err("it makes no sense"))
            .to_string()
    }

    #[test]
    fn a_misuse_is_told_in_one_line() {
        assert_eq!(
            said(&["shop", "create", "--name", "Tea"]),
            "the following required arguments were not provided: --owner <LOGIN>"
        );
        assert!(
            said(&["agent", "create", "--colour", "red"]).starts_with("unexpected argument '--colour' found")
        );
        assert!(said(&["roster", "show", "--weak", "now"]).contains("'--week'"));
        assert_eq!(said(&["shop"]), "something more must be said; see --help");
    }
}
