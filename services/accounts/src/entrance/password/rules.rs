//! What makes a password too easily guessed, as far as that can be seen without asking anybody.

use std::collections::HashSet;
use std::sync::LazyLock;

use fenliu_domain::login_name::{LoginName, key_of};

/// Fewest characters of a password.
const MIN_CHARS: usize = 10;
/// Most characters of a password.
const MAX_CHARS: usize = 128;
/// A login name that is shorter may be part of a password by chance.
const TELLING_NAME_CHARS: usize = 3;
/// A password that repeats a piece of so many characters, or of fewer, is as good as the piece.
const MAX_REPEATED_CHARS: usize = 4;
/// Rows of keyboards, along which fingers wander.
const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
/// A password made of this many runs along rows, or of fewer, is one.
const MAX_RUNS: usize = 2;

/// Every way that [`ways_between`] knows.
const ANY_WAY: u8 = 0b1111;

/// The most common base words of passwords.
const COMMON: &str = include_str!("common-passwords.txt");

/// The same as they are compared.
static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    COMMON.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(unleeted).collect()
});

/// Checks a password, composed, of the account with this name.
///
/// # Errors
/// What was expected of it.
pub(super) fn check(password: &str, name: &LoginName) -> Result<(), String> {
    let chars: Vec<char> = password.chars().collect();
    if !(MIN_CHARS..=MAX_CHARS).contains(&chars.len()) {
        return Err(format!("must have {MIN_CHARS} to {MAX_CHARS} characters, has {}", chars.len()));
    }
    if holds_name(password, name) {
        return Err("must not contain the login name".to_owned());
    }
    if repeats(&chars) {
        return Err("must not repeat one character or one short piece".to_owned());
    }
    if is_sequence(&chars) {
        return Err("must not be a sequence of letters, digits or neighbouring keys".to_owned());
    }
    if is_common(password) {
        return Err("must not be a common password, also with digits or symbols added".to_owned());
    }
    Ok(())
}

fn holds_name(password: &str, name: &LoginName) -> bool {
    if name.key() == key_of(password) {
        return true;
    }
    let telling = name.key().chars().count() >= TELLING_NAME_CHARS;
    telling && (key_of(password).contains(name.key()) || password.to_lowercase().contains(name.key()))
}

fn repeats(chars: &[char]) -> bool {
    (1..=MAX_REPEATED_CHARS).any(|period| chars.iter().zip(&chars[period..]).all(|(a, b)| a == b))
}

/// Whether each character follows from the one before, save in a few places.
fn is_sequence(chars: &[char]) -> bool {
    let lower: Vec<char> = chars.iter().flat_map(|c| c.to_lowercase()).collect();
    let mut runs = 1;
    let mut ways = ANY_WAY;
    for pair in lower.windows(2) {
        ways &= ways_between(pair[0], pair[1]);
        if ways == 0 {
            (runs, ways) = (runs + 1, ANY_WAY);
        }
    }
    runs <= MAX_RUNS
}

/// The ways that lead from one character to the next, as bits: up or down the alphabet, along a row of the keyboard
/// or back. Some neighbours are neighbours in both.
fn ways_between(from: char, to: char) -> u8 {
    let letters = from.is_ascii_lowercase() && to.is_ascii_lowercase();
    let ways = |from: usize, to: usize| u8::from(to == from + 1) | u8::from(from == to + 1) << 1;
    let alphabet = if letters { ways(from as usize, to as usize) } else { 0 };
    let row = ROWS.iter().find_map(|row| Some((row.find(from)?, row.find(to)?)));
    alphabet | row.map_or(0, |(from, to)| ways(from, to)) << 2
}

/// Whether it is a common word, once or twice, under what people add to words.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let added = |c: char| !c.is_alphabetic();
    let cut = [
        lower.as_str(),
        lower.trim_matches(added),
        lower.trim_end_matches(added),
        lower.trim_start_matches(added),
    ];
    cut.into_iter().any(|text| {
        let word = unleeted(text);
        KNOWN.contains(&word) || KNOWN.contains(half(&word))
    })
}

/// The first half of a word that is the same word twice, or else the word.
fn half(word: &str) -> &str {
    match word.split_at_checked(word.len() / 2) {
        Some((first, second)) if first == second => first,
        _ => word,
    }
}

/// Without the digits and symbols that stand for letters; letters that look alike are one.
fn unleeted(word: &str) -> String {
    word.chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' | '|' | 'l' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' | '+' => 't',
            '8' => 'b',
            '9' => 'g',
            other => other,
        })
        .collect()
}
