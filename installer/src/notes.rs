//! What the installer remembers from one run to the next: lists in the program's own folder for data.
//! What cannot be remembered is no reason to fail.

use std::fs::{self, DirBuilder};
use std::path::PathBuf;

use crate::environment::Environment;
use crate::manifest;

/// Where a list is.
pub(crate) fn file(environment: &Environment, name: &str) -> PathBuf {
    environment.data.join(name)
}

/// The lines of a list; none where there is no list.
pub(crate) fn read(environment: &Environment, name: &str) -> Vec<String> {
    let text = fs::read_to_string(file(environment, name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Writes a list; one without lines goes away.
pub(crate) fn write(environment: &Environment, name: &str, lines: &[String]) {
    let file = file(environment, name);
    if lines.is_empty() {
        let _ = fs::remove_file(file);
        return;
    }
    let mut folder = DirBuilder::new();
    // The engine keeps its database there, which is nobody else's.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    if folder.recursive(true).create(&environment.data).is_ok() {
        let _ = manifest::write(&file, (lines.join("\n") + "\n").as_bytes(), false);
    }
}
