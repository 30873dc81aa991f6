//! Where things are.

use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are in a folder of it")
}

/// The folder that cargo builds into, whatever `CARGO_TARGET_DIR` says.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository().join("target"), |folder| repository().join(folder))
}

/// Makes the binary under test run from another place: as a hard link, where the file system allows it.
/// A copy cannot be run (ETXTBSY) while a process that another test has just started still has it open for
/// writing.
///
/// # Panics
/// When the file cannot be made.
pub fn place_binary(at: &Path) {
    let binary = binary();
    std::fs::hard_link(&binary, at)
        .or_else(|_| std::fs::copy(&binary, at).map(drop))
        .expect("the program at another place");
}

/// The `torrpeddo` binary under test: `TORRPEDDO_BIN`, else the one next to this program.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("TORRPEDDO_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().expect("a running program has a path");
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("torrpeddo").with_extension(std::env::consts::EXE_EXTENSION))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("there is no torrpeddo next to {}: run `cargo build` first", own.display())
    })
}

/// A tool that `cargo xtask` installed: from `variable` in the environment, else below
/// `target/tools`, else its bare name.
#[must_use]
pub fn tool(variable: &str, below_tools: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let installed = repository().join("target/tools").join(below_tools);
    if installed.exists() { installed } else { name.into() }
}

/// A program on the `PATH`, as the shell would find it; an absolute path stays as it is.
#[must_use]
pub fn find(program: impl AsRef<Path>) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(&program)).find(|path| path.is_file())
}

/// Firefox's driver: from `TORRPEDDO_TEST_GECKODRIVER`, else the one below `target/tools`, else the one
/// on the `PATH`.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn geckodriver() -> PathBuf {
    let path = tool("TORRPEDDO_TEST_GECKODRIVER", "bin/geckodriver", "geckodriver");
    find(&path).unwrap_or_else(|| panic!("{} is not installed", path.display()))
}

/// A folder for what people may want to look at after a run, such as screenshots.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn artifacts() -> PathBuf {
    let folder = target().join("artifacts");
    std::fs::create_dir_all(&folder).expect("a folder for artifacts");
    folder
}

/// The built extension for `browser`: `chrome-mv3` or `firefox-mv3`.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn extension(build: &str) -> PathBuf {
    let folder = repository().join("extension/.output").join(build);
    assert!(
        folder.join("manifest.json").is_file(),
        "{} is not built: run `npm --prefix extension run build`",
        folder.display()
    );
    folder
}
