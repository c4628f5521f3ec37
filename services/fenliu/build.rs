//! Tells the tests whether the real logs are there, so that without them they are reported as ignored.

use std::path::PathBuf;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(real_logs)");
    println!("cargo::rerun-if-env-changed=FENLIU_DATA");
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let root = std::env::var_os("FENLIU_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    // Nothing is watched where they are not: cargo would build all anew whenever somebody runs fenliu. When they come
    // later, name them in FENLIU_DATA.
    println!("cargo::rerun-if-changed=build.rs");
    if root.join("anonymous-bank-1999").is_dir() {
        println!("cargo::rerun-if-changed={}", root.display());
        println!("cargo::rustc-cfg=real_logs");
        println!("cargo::rustc-env=FENLIU_REAL_LOGS={}", root.display());
    }
}
