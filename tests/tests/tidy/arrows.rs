//! Who may know whom: the arrows of the architecture, read from the manifests.

use std::collections::{BTreeMap, BTreeSet};

use crate::{none, sources};

/// What a package says it needs.
#[derive(Clone, Debug, Default)]
struct Needs {
    /// To run, or to be built.
    always: BTreeSet<String>,
    /// To be tested.
    tested: BTreeSet<String>,
}

/// Crates that do I/O, keep time, or turn things into bytes; the rules and the live desk know none of these families.
const OUTSIDE_DOMAIN: [&str; 8] = ["tokio", "tonic", "prost", "sea-orm", "redis", "serde", "rand", "tracing"];
/// The port of the live desk holds neither SQL nor gRPC.
const OUTSIDE_LIVE: [&str; 4] = ["sea-orm", "tonic", "prost", "fenliu-proto"];

/// The packages of ours that a package may need.
fn allowed(package: &str) -> Option<&'static [&'static str]> {
    const CRATES: &[&str] =
        &["fenliu-domain", "fenliu-runtime", "fenliu-proto", "fenliu-live", "fenliu-trust"];
    match package {
        "fenliu-domain" => Some(&[]),
        "fenliu-runtime" | "fenliu-proto" | "fenliu-live" => Some(&["fenliu-domain"]),
        // It joins what the contract says to whom the runtime trusts.
        "fenliu-trust" => Some(&["fenliu-domain", "fenliu-proto", "fenliu-runtime"]),
        "fenliu-accounts" | "fenliu-dispatch" | "fenliu-analytics" => Some(CRATES),
        // They hold everything in one process, and tell stories about it.
        "fenliu" | "fenliu-tests" | "fenliu-bench" | "fenliu-faults" => None,
        _ => panic!("{package} has no place in the architecture: say here whom it may know"),
    }
}

/// What it may need beside, to be tested.
fn allowed_in_tests(package: &str) -> &'static [&'static str] {
    match package {
        // Replicas are compared by what dispatch writes down.
        "fenliu-live" => &["fenliu-proto"],
        _ => &[],
    }
}

fn packages() -> BTreeMap<String, Needs> {
    let manifests = sources().into_iter().filter(|source| source.name() == "Cargo.toml");
    let mut packages = BTreeMap::new();
    for manifest in manifests {
        let table: toml::Table =
            manifest.text.parse().unwrap_or_else(|error| panic!("{}: {error}", manifest.path));
        let Some(package) = table.get("package") else { continue };
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        let mut needs = Needs::default();
        collect(&table, &mut needs);
        for target in
            table.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values)
        {
            collect(target.as_table().expect("a target is a table"), &mut needs);
        }
        packages.insert(name, needs);
    }
    packages
}

fn collect(table: &toml::Table, needs: &mut Needs) {
    let names = |section: &str| -> Vec<String> {
        let section = table.get(section).and_then(toml::Value::as_table);
        section.into_iter().flatten().map(|(name, value)| real_name(name, value)).collect()
    };
    needs.always.extend(names("dependencies"));
    needs.always.extend(names("build-dependencies"));
    needs.tested.extend(names("dev-dependencies"));
}

/// A dependency may go by another name than its own.
fn real_name(name: &str, value: &toml::Value) -> String {
    value.get("package").and_then(toml::Value::as_str).unwrap_or(name).to_owned()
}

fn of_family<'a>(needs: &'a BTreeSet<String>, families: &'a [&str]) -> impl Iterator<Item = &'a String> {
    needs.iter().filter(|name| {
        families.iter().any(|family| *name == family || name.starts_with(&format!("{family}-")))
    })
}

#[test]
fn the_arrows_point_inwards_only() {
    let packages = packages();
    assert!(packages.len() >= 9, "the packages are not found: {packages:?}");
    let mut found = Vec::new();
    for (package, needs) in &packages {
        let Some(allowed) = allowed(package) else { continue };
        let tested = needs.tested.iter().filter(|name| !allowed_in_tests(package).contains(&name.as_str()));
        let ours = needs.always.iter().chain(tested).filter(|name| packages.contains_key(*name));
        let wrong = ours.filter(|name| !allowed.contains(&name.as_str()));
        found.extend(wrong.map(|name| format!("{package} knows {name}")));
    }
    none(&found, "who may know whom is drawn in the README");
}

#[test]
fn the_rules_do_no_io_keep_no_time_and_write_no_bytes() {
    let domain = &packages()["fenliu-domain"];
    // To be tested, too: a rule that needs a runtime to be tested is no rule.
    let all = domain.always.union(&domain.tested).cloned().collect();
    none(&of_family(&all, &OUTSIDE_DOMAIN).cloned().collect::<Vec<_>>(), "the domain depends on");
}

#[test]
fn the_live_desk_knows_neither_sql_nor_grpc() {
    let live = &packages()["fenliu-live"];
    none(&of_family(&live.always, &OUTSIDE_LIVE).cloned().collect::<Vec<_>>(), "crates/live depends on");
}

#[test]
fn every_package_keeps_the_lints_of_the_house() {
    let manifests =
        sources().into_iter().filter(|source| source.name() == "Cargo.toml" && source.path.contains('/'));
    let lax = manifests.filter(|manifest| !manifest.text.contains("[lints]\nworkspace = true\n"));
    none(&lax.map(|manifest| manifest.path).collect::<Vec<_>>(), "without the workspace's lints");
}

#[test]
fn every_dependency_of_the_house_says_why_it_is_there() {
    let root =
        sources().into_iter().find(|source| source.path == "Cargo.toml").expect("the root has a manifest");
    let (_, dependencies) = root.text.split_once("[workspace.dependencies]\n").expect("they are listed");
    let dependencies = dependencies.split_once("\n[").map_or(dependencies, |(before, _)| before);
    // A comment covers the lines below it, down to the next blank line or comment.
    let mut explained = false;
    let mut found = Vec::new();
    for line in dependencies.lines() {
        match line {
            "" => explained = false,
            line if line.starts_with('#') => explained = true,
            line if !explained => found.push(line.to_owned()),
            _ => {}
        }
    }
    none(&found, "dependencies without a word of why");
}
