//! Compiles the public contract: messages, clients and servers, the descriptor set for reflection, and the
//! validation of every message from its `buf.validate` rules.

#[path = "build/rules.rs"]
mod rules;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    proto_files(&root.join("fenliu"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    fs::write(out.join("descriptor_set.bin"), compiler.encode_file_descriptor_set())?;

    tonic_prost_build::configure()
        .codec_path("crate::codec::ValidatingCodec")
        .compile_well_known_types(false)
        .compile_fds(compiler.file_descriptor_set())?;

    let pool = compiler.descriptor_pool();
    fs::write(out.join("validation.rs"), rules::generate(&pool)?)?;
    Ok(())
}

fn proto_files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            proto_files(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            found.push(path);
        }
    }
    Ok(())
}
