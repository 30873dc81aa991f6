//! The extension for the stores, and the sources that Mozilla's reviewers build it from.

use std::path::{Path, PathBuf};

use super::{VERSION, Work, archive, new_folder};
use crate::Result;
use crate::command::{npm, repository, run};
use crate::setup;

/// Makes the three of them.
pub fn zips(work: &Work) -> Result<Vec<PathBuf>> {
    if work.extension == folder() {
        setup::node_modules()?;
    } else {
        run(npm().current_dir(&work.extension).args(["ci", "--no-audit", "--loglevel", "error"]))?;
    }
    run(npm().current_dir(&work.extension).args(["run", "--silent", "zip"]))?;
    let built = work.extension.join(".output");
    ["chrome", "firefox", "sources"]
        .into_iter()
        .map(|what| {
            let name = format!("torrpeddo-{VERSION}-{what}.zip");
            let made = work.dist.join(&name);
            // WXT chooses what is in them; when it was made must not be.
            archive::zip(&made, archive::unzip(&built.join(name))?)?;
            Ok(made)
        })
        .collect()
}

/// Where its sources are.
pub fn folder() -> PathBuf {
    repository().join("extension")
}

/// Unpacks the sources that were made, as reviewers do.
pub fn unpack_sources(work: &Work, folder: &Path) -> Result {
    new_folder(folder)?;
    let sources = work.dist.join(format!("torrpeddo-{VERSION}-sources.zip"));
    archive::unpack(archive::unzip(&sources)?, folder)
}
