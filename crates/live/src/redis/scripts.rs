//! The scripts, and what they answer in words of ours.

use std::sync::LazyLock;

use fenliu_domain::ids::CommandId;
use redis::{FromRedisValue, ParsingError, Script, Value};

use super::local::Place;

/// Tells the scripts of a build that passes for the next version from ours, by whose text they are known in Redis.
const VERSION: &str = if cfg!(feature = "next-version") { "-- The next version's.\n" } else { "" };

/// A script of files that are put together.
macro_rules! script {
    ($name:ident, $($file:literal),+) => {
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(&[VERSION, $(include_str!(concat!("../../lua/", $file))),+].concat())
        });
    };
}

script!(SUBMIT, "clock.lua", "submit.lua");
script!(INSTALL, "clock.lua", "install.lua");
script!(CONFIRM, "confirm.lua");
script!(INVALIDATE, "invalidate.lua");
script!(OUTLIVE, "outlive.lua");
script!(BEAT, "clock.lua", "beat.lua");
script!(CLAIM, "clock.lua", "claim.lua");
script!(SILENT, "clock.lua", "silent.lua");
script!(MISSING, "missing.lua");

/// A command id's length at the head of an entry.
pub(super) const COMMAND_BYTES: usize = 16;

/// What putting attempts into an order came to.
#[derive(Debug)]
pub(super) enum Submitted {
    /// What the caller knows of the desk is not, or not any more, what Redis has.
    NotLoaded,
    /// The caller missed more than is kept.
    Behind,
    /// The caller is told what it missed.
    At(Missed, Verdict),
}

/// What was put into an order since the caller last looked.
#[derive(Debug)]
pub(super) struct Missed {
    /// The number up to which all is stored.
    pub(super) stored: u64,
    /// The entries, in order.
    pub(super) entries: Vec<Vec<u8>>,
}

/// What became of the attempts.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Each was put, or was not.
    Put(Vec<bool>),
    /// The caller's clock is so many microseconds off.
    Skewed(i64),
    /// Too much waits to be stored.
    Backlogged,
}

/// What installing a desk came to.
#[derive(Debug)]
pub(super) enum Installed {
    /// It begins a life.
    Begun,
    /// It has a place in the life there is.
    Adopted { epoch: u128, place: Place, missed: Missed },
    /// More is stored, up to this number, than was read of the history.
    Behind(u64),
}

/// What confirming came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirmed {
    Noted,
    OtherEpoch,
    Forked,
}

fn unexpected(value: &Value) -> ParsingError {
    format!("a script answered what no version of it answers: {value:?}").into()
}

/// The parts of an answer after its word.
fn parts(value: Value) -> Result<(String, std::vec::IntoIter<Value>), ParsingError> {
    let Value::Array(parts) = value else { return Err(unexpected(&value)) };
    let mut parts = parts.into_iter();
    let word = parts.next().ok_or_else(|| unexpected(&Value::Nil))?;
    Ok((String::from_redis_value(word)?, parts))
}

fn next<T: FromRedisValue>(parts: &mut std::vec::IntoIter<Value>) -> Result<T, ParsingError> {
    T::from_redis_value(parts.next().unwrap_or(Value::Nil))
}

fn missed(parts: &mut std::vec::IntoIter<Value>) -> Result<Missed, ParsingError> {
    Ok(Missed { stored: next(parts)?, entries: next(parts)? })
}

impl FromRedisValue for Submitted {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (word, mut parts) = parts(value)?;
        match word.as_str() {
            "not_loaded" => return Ok(Self::NotLoaded),
            "behind" => return Ok(Self::Behind),
            _ => {}
        }
        let missed = missed(&mut parts)?;
        let put: Vec<String> = next(&mut parts)?;
        let verdict = match word.as_str() {
            "ok" => Verdict::Put(put.iter().map(|put| put == "1").collect()),
            "skewed" => Verdict::Skewed(next(&mut parts)?),
            "backlogged" => Verdict::Backlogged,
            _ => return Err(format!("a script answered {word}").into()),
        };
        Ok(Self::At(missed, verdict))
    }
}

impl FromRedisValue for Installed {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (word, mut parts) = parts(value)?;
        match word.as_str() {
            "installed" => Ok(Self::Begun),
            "behind" => Ok(Self::Behind(next(&mut parts)?)),
            "adopted" => {
                let epoch: Vec<u8> = next(&mut parts)?;
                let epoch = <[u8; 16]>::try_from(epoch).map_err(|_| "an epoch is 16 bytes")?;
                let number = next(&mut parts)?;
                let command: Vec<u8> = next(&mut parts)?;
                let place = Place { number, command: command_of(&command) };
                let missed = missed(&mut parts)?;
                Ok(Self::Adopted { epoch: u128::from_be_bytes(epoch), place, missed })
            }
            _ => Err(format!("a script answered {word}").into()),
        }
    }
}

impl FromRedisValue for Confirmed {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        match String::from_redis_value(value)?.as_str() {
            "ok" => Ok(Self::Noted),
            "other_epoch" => Ok(Self::OtherEpoch),
            "forked" => Ok(Self::Forked),
            word => Err(format!("a script answered {word}").into()),
        }
    }
}

/// A command id as Redis has it: nothing before all commands.
pub(super) fn command_bytes(command: Option<CommandId>) -> Vec<u8> {
    command.map(|command| command.bits().to_be_bytes().to_vec()).unwrap_or_default()
}

fn command_of(bytes: &[u8]) -> Option<CommandId> {
    <[u8; COMMAND_BYTES]>::try_from(bytes).ok().map(|bytes| CommandId::from_bits(u128::from_be_bytes(bytes)))
}
