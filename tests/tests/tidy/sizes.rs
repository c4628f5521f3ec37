//! How large things are.
//!
//! A *line of code* is one that holds something other than white space and a comment of whole lines (`//`, `///`,
//! `//!`). Files of Rust and proto have at most 400 of them, functions of Rust at most 70 from `fn` to the closing
//! brace, and half of all functions at most 10.

use crate::{Source, none, own_code};

const MAX_FILE: usize = 400;
const MAX_FUNCTION: usize = 70;
const MAX_MEDIAN: usize = 10;
const MAX_MAIN: usize = 40;

fn is_code(line: &&str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with("//")
}

/// A function's name and its lines of code.
type Function = (String, usize);

/// The functions of a file, found by the indentation that rustfmt gives them: one ends at the first closing brace
/// that stands as far in as its `fn` does.
fn functions(source: &Source) -> Vec<Function> {
    let lines: Vec<_> = source.text.lines().collect();
    let starts = lines.iter().enumerate().filter_map(|(at, line)| Some((at, name(line)?)));
    starts.filter_map(|(at, name)| Some((name, length(&lines[at..])?))).collect()
}

fn name(line: &str) -> Option<String> {
    let before = ["pub", "pub(crate)", "pub(super)", "const", "async"];
    let mut words = line.split_whitespace().skip_while(|word| before.contains(word));
    if words.next() != Some("fn") {
        return None;
    }
    let name: String = words.next()?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// Lines of code from the first line to the function's end; `None` for one without a body.
fn length(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?;
    let indent = &first[..first.len() - first.trim_start().len()];
    let is_end = |line: &str| line.strip_prefix(indent).is_some_and(|rest| rest.starts_with('}'));
    let is_declared = |line: &str| line.ends_with(';') && !line.starts_with(&format!("{indent} "));
    let mut count = 0;
    for (number, line) in lines.iter().enumerate() {
        count += usize::from(is_code(line));
        if is_declared(line) {
            return None;
        }
        let one_line = number == 0 && line.ends_with('}');
        if one_line || (number > 0 && is_end(line) && !line.ends_with('{')) {
            return Some(count);
        }
    }
    None
}

#[test]
fn no_file_has_more_than_400_lines_of_code() {
    let count = |source: &Source| source.text.lines().filter(is_code).count();
    let long = own_code()
        .into_iter()
        .map(|source| (count(&source), source.path))
        .filter(|(lines, _)| *lines > MAX_FILE);
    none(
        &long.map(|(lines, path)| format!("{path}: {lines}")).collect::<Vec<_>>(),
        "files above 400 lines of code",
    );
}

#[test]
fn no_function_has_more_than_70_lines_of_code_and_half_have_at_most_10() {
    let rust = own_code().into_iter().filter(|source| source.path.ends_with(".rs"));
    let all: Vec<(String, Function)> = rust
        .flat_map(|source| {
            let path = source.path.clone();
            functions(&source).into_iter().map(move |function| (path.clone(), function))
        })
        .collect();
    assert!(all.len() > 1_000, "the functions are not found: {}", all.len());
    let long = all.iter().filter(|(_, (_, lines))| *lines > MAX_FUNCTION);
    let long: Vec<_> = long.map(|(path, (name, lines))| format!("{path}: {name}, {lines}")).collect();
    none(&long, "functions above 70 lines of code");
    let mut lengths: Vec<_> = all.iter().map(|(_, (_, lines))| *lines).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= MAX_MEDIAN, "half of the functions have more than {median} lines of code");
}

#[test]
fn every_main_has_at_most_40_lines() {
    let mains = own_code().into_iter().filter(|source| source.path.ends_with("src/main.rs"));
    let counted: Vec<_> = mains.map(|source| (source.text.lines().count(), source.path)).collect();
    assert_eq!(
        counted.len(),
        6,
        "three services, the one that holds them, the benchmark, the faults: {counted:?}"
    );
    let long = counted.iter().filter(|(lines, _)| *lines > MAX_MAIN);
    none(&long.map(|(lines, path)| format!("{path}: {lines}")).collect::<Vec<_>>(), "mains above 40 lines");
}

#[test]
fn the_counting_counts() {
    let text = "impl A {\n    /// Says it.\n    pub(crate) const fn a(self) -> u8 {\n        // why\n        1\n\n    }\n\n    fn b();\n    fn c(\n        x: u8,\n    ) -> u8 {\n        x\n    }\n    fn d() {}\n}\n";
    let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    let found = functions(&source);
    assert_eq!(found, [("a".to_owned(), 3), ("c".to_owned(), 5), ("d".to_owned(), 1)]);
}
