//! The documents are held to what there is.

use std::path::Path;

use fenliu_domain::problem::{Problem, Reason};
use fenliu_proto::status::refusal;

use crate::{Source, exists, none, own_code, sources};

fn readme() -> String {
    let readme = sources().into_iter().find(|source| source.path == "README.md");
    readme.expect("there is a README").text
}

/// What stands between backquotes outside of code blocks, in one document.
fn quoted(document: &Source) -> Vec<String> {
    let outside = document.text.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Whether a quotation is meant as a path: it has a slash or the ending of a file, and no character of anything else.
fn is_path(text: &str) -> bool {
    let endings = [".rs", ".toml", ".md", ".proto", ".json", ".yaml"];
    let named = text.contains('/')
        || endings.iter().any(|ending| text.ends_with(ending) && text.len() > ending.len());
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    named
        && plain
        && !text.starts_with('/')
        && !text.starts_with("..")
        && text.split('/').next() != Some("target")
}

#[test]
fn every_path_in_a_document_exists() {
    let mut found = Vec::new();
    for document in sources().into_iter().filter(|source| source.path.ends_with(".md")) {
        let beside = Path::new(&document.path).parent().unwrap_or(Path::new("")).to_owned();
        let paths = quoted(&document).into_iter().filter(|text| is_path(text));
        let missing = paths.filter(|path| !exists(Path::new(path)) && !exists(&beside.join(path)));
        found.extend(missing.map(|path| format!("{}: {path}", document.path)));
    }
    none(&found, "documents name what is not there");
}

#[test]
fn every_link_in_a_document_leads_somewhere() {
    let mut found = Vec::new();
    for document in sources().into_iter().filter(|source| source.path.ends_with(".md")) {
        let beside = Path::new(&document.path).parent().unwrap_or(Path::new("")).to_owned();
        for link in document.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if !link.contains("://") && !path.is_empty() && !exists(&beside.join(path)) {
                found.push(format!("{}: {link}", document.path));
            }
        }
    }
    none(&found, "links that lead nowhere");
}

#[test]
fn the_readme_lists_every_reason_with_its_code_and_meaning() {
    let readme = readme();
    let (_, list) = readme.split_once("## Why fenliu says no").expect("the README lists the reasons");
    let list = list.split_once("\n## ").map_or(list, |(list, _)| list);
    let rows: Vec<_> = list.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<_> = Reason::ALL.iter().map(|reason| row(*reason)).collect();
    for row in &expected {
        assert!(rows.contains(&row.as_str()), "the README lacks\n{row}");
    }
    assert_eq!(rows, expected, "in the order of Reason::ALL, and nothing else");
}

fn row(reason: Reason) -> String {
    let code = format!("{:?}", refusal(Problem::new(reason, "")).code());
    // The wire's spelling of a code: NotFound is NOT_FOUND.
    let code: String = code
        .chars()
        .enumerate()
        .flat_map(|(at, c)| {
            let gap = (at > 0 && c.is_ascii_uppercase()).then_some('_');
            gap.into_iter().chain([c.to_ascii_uppercase()])
        })
        .collect();
    let meaning: Vec<_> = reason.meaning().split_whitespace().collect();
    format!("| `{}` | `{code}` | {} |", reason.name(), meaning.join(" "))
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let readme = readme();
    let (_, promises) = readme.split_once("## What it promises").expect("the README promises something");
    let promises = promises.split_once("\n## ").map_or(promises, |(promises, _)| promises);
    let rows: Vec<_> = promises.lines().filter(|line| line.starts_with("| G")).collect();
    assert!(!rows.is_empty(), "no promise is found");
    let code: String = own_code()
        .into_iter()
        .filter(|source| source.path.ends_with(".rs"))
        .map(|source| source.text)
        .collect();
    let mut found = Vec::new();
    for row in rows {
        let tests: Vec<_> =
            row.rsplit('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2).collect();
        if tests.is_empty() {
            found.push(format!("no test is named: {row}"));
        }
        let names = tests.into_iter().filter(|name| !is_path(name));
        let missing = names.filter(|name| !code.contains(&format!("fn {name}(")));
        found.extend(missing.map(|name| format!("there is no test {name}")));
    }
    none(&found, "promises");
}
