//! Building the binary and the extension.

use std::path::PathBuf;

use crate::Result;
use crate::command::{cargo, npm, repository, run};
use crate::setup;

/// The release binary and both builds of the extension.
pub fn everything() -> Result {
    run(cargo().args(["build", "--release", "--locked", "--package", "torrpeddo"]))?;
    extension()?;
    println!("\n{}", target().join("release/torrpeddo").display());
    for build in ["chrome-mv3", "firefox-mv3"] {
        println!("{}", repository().join("extension/.output").join(build).display());
    }
    Ok(())
}

/// Both builds of the extension.
pub fn extension() -> Result {
    setup::node_modules()?;
    run(npm().args(["run", "--silent", "build"]))
}

/// Every program of the workspace, for development. The same packages and features as the tests
/// use, so that nothing is compiled twice.
pub fn programs() -> Result {
    run(cargo().args(["build", "--workspace", "--all-features", "--bins", "--locked"]))
}

/// The folder that cargo builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository().join("target"), |folder| repository().join(folder))
}
