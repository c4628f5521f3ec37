//! Names the rules this build decides by: replicas that share an order of attempts must decide them alike, so one built
//! from other rules begins a life of its own.

use std::collections::BTreeSet;
use std::error::Error;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let (rules, libraries) = (here.join("../domain/src"), here.join("../../Cargo.lock"));
    println!("cargo:rerun-if-changed={}", rules.display());
    println!("cargo:rerun-if-changed={}", libraries.display());
    // Time zones and text folding are libraries': another version of one may decide otherwise.
    let mut files = BTreeSet::from([libraries]);
    sources(&rules, &mut files)?;
    // Only told apart from other builds' names, so any hash that this build does not change will do.
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(&fs::read(file)?);
    }
    hasher.write_u8(u8::from(env::var_os("CARGO_FEATURE_NEXT_VERSION").is_some()));
    println!("cargo:rustc-env=FENLIU_RULES={:016x}", hasher.finish());
    Ok(())
}

fn sources(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}
