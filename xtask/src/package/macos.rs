//! For macOS: an installer for the machine, made on a Mac. Untested: none of us has one.

use std::path::{Path, PathBuf};

use torrpeddo_installer::{System, package};

use super::target::Target;
use super::{VERSION, Work, at, copy, folder, layout, new_folder, program};
use crate::Result;
use crate::command::{command, run};

/// Where the program goes.
const PROGRAM: &str = "usr/local/bin/torrpeddo";

/// Makes the installer.
pub fn installer(work: &Work) -> Result<Vec<PathBuf>> {
    if !cfg!(target_os = "macos") {
        return Err("The installer for macOS can be made on a Mac only.".into());
    }
    let root = folder().join("macos");
    new_folder(&root)?;
    lay_out(&program::build(work)?, &root)?;
    let made = work.dist.join(format!("torrpeddo-{VERSION}-macos-{}.pkg", std::env::consts::ARCH));
    run(command("pkgbuild")
        .args(["--identifier", "org.torrpeddo.Torrpeddo", "--version", VERSION, "--root"])
        .arg(&root)
        .arg(&made))?;
    Ok(vec![made])
}

/// Puts together what it installs: the program, its manual and completions, and the manifests of
/// every browser.
fn lay_out(built: &Path, root: &Path) -> Result {
    copy(built, &root.join(PROGRAM))?;
    let share = root.join("usr/local/share");
    layout::manual(built, &share.join("man/man1"))?;
    layout::completions(built, "zsh", &share.join("zsh/site-functions/_torrpeddo"))?;
    layout::licences(&Target::macos(), &share.join("doc/torrpeddo"))?;
    let program = Path::new("/").join(PROGRAM);
    package::lay_out_manifests(System::Macos, root, &program).map_err(|error| at(root, &error))
}
