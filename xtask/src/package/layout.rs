//! What belongs to the program: its manual, its completions, its icon and its licences.

use std::path::Path;

use super::target::Target;
use super::{at, copy, notices};
use crate::Result;
use crate::command::{command, repository, run};

/// The licences, either of which a user may choose.
pub const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Lets the program write its manual into a folder.
pub fn manual(program: &Path, folder: &Path) -> Result {
    std::fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
    run(command(program).arg("manual").arg(folder))
}

/// Lets the program write the completions of a shell into a file.
pub fn completions(program: &Path, shell: &str, file: &Path) -> Result {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
    let script = std::fs::File::create(file).map_err(|error| at(file, &error))?;
    run(command(program).args(["completions", shell]).stdout(script))
}

/// Puts the icon into a file.
pub fn icon(file: &Path) -> Result {
    copy(&repository().join("extension/assets/icon.svg"), file)
}

/// Puts the licences into a folder, and those of others whose work is in it.
pub fn licences(target: &Target, folder: &Path) -> Result {
    LICENCES.iter().try_for_each(|name| copy(&repository().join(name), &folder.join(name)))?;
    notices::write(target, folder)
}
