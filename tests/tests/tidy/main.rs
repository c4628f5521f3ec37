//! Keeps the house tidy: what `README.md` says of it and what its style asks for, read from the files themselves.
//!
//! `arrows` reads who may know whom from the manifests, `sizes` counts lines, `contents` looks at names and places,
//! `readme` holds the documents to what there is. All of them look at the files git knows, and at those it would.

mod arrows;
mod contents;
mod readme;
mod sizes;

use std::path::Path;
use std::process::Command;

use fenliu_tests::program::root;

/// A file of the project, by its path from the root.
#[derive(Clone, Debug)]
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn ends_with(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }
}

/// Every path that is in git, or would be if it were added.
fn paths() -> Vec<String> {
    let listed = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .expect("git is there: these checks look at the files it knows");
    assert!(
        listed.status.success(),
        "git cannot list the files: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let text = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let there = |path: &&str| !path.is_empty() && root().join(path).exists();
    text.split('\0').filter(there).map(str::to_owned).collect()
}

/// Every text file of the project. What is no text, such as a recorded history, has no lines to look at.
fn sources() -> Vec<Source> {
    let read = |path: String| {
        let bytes = std::fs::read(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        String::from_utf8(bytes).ok().map(|text| Source { path, text })
    };
    paths().into_iter().filter_map(read).collect()
}

/// Rust and proto files that are ours: `proto/buf/` is other people's, as it was published.
fn own_code() -> Vec<Source> {
    let ours =
        |source: &Source| source.ends_with(&[".rs", ".proto"]) && !source.path.starts_with("proto/buf/");
    sources().into_iter().filter(ours).collect()
}

/// Fails with all that was found, not only the first of it.
fn none(found: &[String], what: &str) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

fn exists(path: &Path) -> bool {
    root().join(path).exists()
}
