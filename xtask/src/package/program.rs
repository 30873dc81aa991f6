//! The program for packages: without a path of the machine that builds it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Work;
use crate::Result;
use crate::build;
use crate::command::{cargo, repository, run};

/// Builds the program, and returns its file.
pub fn build(work: &Work) -> Result<PathBuf> {
    if work.debug {
        build::programs()?;
        return Ok(build::target().join("debug").join(name()));
    }
    let mut cargo = cargo();
    cargo.args(["build", "--release", "--locked", "--package", "torrpeddo"]);
    run(without_paths(&mut cargo, &work.build)?)?;
    Ok(work.build.join("release").join(name()))
}

fn name() -> String {
    format!("torrpeddo{}", std::env::consts::EXE_SUFFIX)
}

/// Makes a cargo build into a folder, and keep that folder, and every other of this machine, out of
/// what it builds: they are in messages of panics and of C libraries.
pub fn without_paths<'a>(cargo: &'a mut Command, folder: &Path) -> Result<&'a mut Command> {
    // The last one that fits counts.
    let names =
        [(cargo_home()?, "/cargo"), (repository(), "/torrpeddo"), (folder.to_owned(), "/build")];
    let flags = |flag: &str, between: &str| {
        let flags: Vec<String> =
            names.iter().map(|(path, name)| format!("{flag}={}={name}", path.display())).collect();
        flags.join(between)
    };
    for variable in ["CFLAGS", "CXXFLAGS"] {
        let before = std::env::var(variable).unwrap_or_default();
        cargo.env(variable, format!("{before} {}", flags("-ffile-prefix-map", " ")));
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags("--remap-path-prefix", "\u{1f}"));
    Ok(cargo.env("CARGO_TARGET_DIR", folder))
}

/// Where cargo keeps the sources of crates.
fn cargo_home() -> Result<PathBuf> {
    let told: Option<OsString> = std::env::var_os("CARGO_HOME");
    told.map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .ok_or_else(|| "This user has no home folder.".into())
}
