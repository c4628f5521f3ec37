//! Tells the stories what is there, so that those which lack something are reported as ignored, never as passed.

use std::path::{Path, PathBuf};

fn main() {
    real_logs();
    grpcurl();
}

/// `cfg(real_logs)`: the recorded logs of `$FENLIU_DATA`, or of `../shared/data` beside the project's root.
fn real_logs() {
    println!("cargo::rustc-check-cfg=cfg(real_logs)");
    println!("cargo::rerun-if-env-changed=FENLIU_DATA");
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let root = std::env::var_os("FENLIU_DATA").map_or_else(beside, PathBuf::from);
    println!("cargo::rerun-if-changed={}", root.display());
    if root.join("anonymous-bank-1999").is_dir() {
        println!("cargo::rustc-cfg=real_logs");
        println!("cargo::rustc-env=FENLIU_REAL_LOGS={}", root.display());
    }
}

/// `cfg(grpcurl)`: a grpcurl in a directory of `$PATH`.
fn grpcurl() {
    println!("cargo::rustc-check-cfg=cfg(grpcurl)");
    println!("cargo::rerun-if-env-changed=PATH");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join("grpcurl")).find(|file| file.is_file());
    // Where there is none yet, this names a file that does not exist, and cargo looks again at every build.
    let watched =
        found.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("no-grpcurl-yet"));
    println!("cargo::rerun-if-changed={}", watched.display());
    if found.is_some() {
        println!("cargo::rustc-cfg=grpcurl");
    }
}
