//! Names, places, and words that must not be where they could be.

use std::collections::BTreeSet;

use crate::{Source, none, own_code, paths, sources};

/// What may lie at the top of the project, besides dotfiles.
const TOP: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "clippy.toml",
    "crates",
    "deploy",
    "proto",
    "rustfmt.toml",
    "services",
    "tests",
];
/// Module names that say nothing. The proto package `common` is shared vocabulary, not a module.
const EMPTY_NAMES: [&str; 5] = ["common", "helper", "helpers", "manager", "utils"];
/// Tests that are run by name only, and say so: one needs a PostgreSQL, which `tests/run` gives it, and one is the tool
/// that writes down a release's history.
const IGNORED: [(&str, &str); 2] = [
    ("crates/runtime/src/sql/tests.rs", "FENLIU_POSTGRES_URL"),
    ("crates/proto/src/event/tests.rs", "writes a golden file"),
];
/// What a test may be ignored for without being listed: the build script has looked for it.
const LOOKED_FOR: [&str; 2] = ["cfg_attr(not(real_logs), ignore = \"", "cfg_attr(not(grpcurl), ignore = \""];
/// Where waiting for time itself is the work: the clock, the server's own limits, and the demo, whose analytics
/// keeps pace with a virtual clock in real time.
/// Callers who come at even times wait for them, and a fault lasts for its time.
const TIMED: [&str; 2] = ["tests/bench/", "tests/faults/"];
const SLEEPERS: [&str; 8] = [
    "crates/live/src/redis/news.rs",
    "crates/live/src/redis/scratch.rs",
    "crates/runtime/src/clock.rs",
    "crates/runtime/src/layers/deadline.rs",
    "crates/runtime/src/server.rs",
    "crates/runtime/src/server/connections.rs",
    "services/fenliu/src/demo.rs",
    "services/fenliu/src/demo/stage.rs",
];

#[test]
fn the_top_holds_what_it_should_and_nothing_else() {
    let top: BTreeSet<String> =
        paths().iter().filter_map(|path| path.split('/').next()).map(str::to_owned).collect();
    let visible: Vec<_> = top.iter().filter(|name| !name.starts_with('.')).map(String::as_str).collect();
    assert_eq!(visible, TOP);
}

#[test]
fn modules_are_named_files_with_telling_names() {
    let wrong = own_code().into_iter().filter(|source| source.path.ends_with(".rs")).filter(|source| {
        let stem = source.name().trim_end_matches(".rs");
        let folders = source.path.split('/').rev().skip(1);
        let names: Vec<_> = std::iter::once(stem).chain(folders).collect();
        stem == "mod" || names.iter().any(|name| EMPTY_NAMES.contains(name))
    });
    none(&wrong.map(|source| source.path).collect::<Vec<_>>(), "mod.rs, or a name that says nothing");
}

#[test]
fn a_test_is_ignored_for_a_stated_reason_only() {
    let mut found = Vec::new();
    for source in own_code() {
        for (number, line) in source.text.lines().enumerate() {
            let line = line.trim();
            let attribute = line.starts_with("#[") && line.contains("ignore");
            let looked_for = LOOKED_FOR.iter().any(|known| line.contains(known));
            let stated = IGNORED.iter().any(|(path, why)| source.path == *path && line.contains(why));
            if attribute && !looked_for && !stated {
                found.push(format!("{}:{}: {line}", source.path, number + 1));
            }
        }
    }
    none(&found, "ignored without a stated reason");
}

#[test]
fn nobody_sleeps_but_the_clock_and_the_servers_limits() {
    let sleeps = ["thread::sleep(", "time::sleep(", "time::sleep_until(", "time::interval("];
    let wrong = own_code()
        .into_iter()
        .filter(|source| {
            let timed = TIMED.iter().any(|place| source.path.starts_with(place));
            let exempt = SLEEPERS.contains(&source.path.as_str()) || timed;
            source.path != "tests/tests/tidy/contents.rs" && !exempt
        })
        .filter(|source| sleeps.iter().any(|sleep| source.text.contains(sleep)));
    none(&wrong.map(|source| source.path).collect::<Vec<_>>(), "wait for a condition, not for time, in");
}

#[test]
fn nothing_is_put_off() {
    // Put together here, so that this file does not find itself.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat(), ["HA", "CK"].concat()];
    let has = |source: &Source| words.iter().any(|word| source.text.contains(word.as_str()));
    let wrong = sources().into_iter().filter(has);
    none(&wrong.map(|source| source.path).collect::<Vec<_>>(), "work that is put off in");
}

#[test]
fn no_file_names_a_registry_or_a_place_on_somebodys_machine() {
    let places: Vec<String> = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/ho", "me/"],
        ["/Use", "rs/"],
        ["index.crates", ".io"],
        ["registry.npm", "js"],
        ["proxy.go", "lang"],
        ["deb.deb", "ian.org"],
        ["docker", ".io"],
        ["ghcr", ".io"],
        ["gcr", ".io"],
        ["quay", ".io"],
    ]
    .map(|parts| parts.concat())
    .into();
    let mut found = Vec::new();
    // Cargo.lock says of each package that it is from the public index, under the name every cargo knows.
    for source in sources().into_iter().filter(|source| source.path != "Cargo.lock") {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| line.contains(place.as_str())) {
                found.push(format!("{}:{}: {place}", source.path, number + 1));
            }
        }
    }
    none(&found, "registries and machine paths");
}
