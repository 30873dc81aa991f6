//! For Windows: a zip to be unpacked anywhere, and an installer for one user, who need not be an
//! administrator.

use std::path::{Path, PathBuf};

use super::target::Target;
use super::{VERSION, Work, archive, at, copy, folder, layout, new_folder, notices, program};
use crate::command::{command, find, repository, run};
use crate::{Result, cross, setup};

/// Makes the zip.
pub fn zip(work: &Work) -> Result<Vec<PathBuf>> {
    let name = name();
    let made = work.dist.join(format!("{name}.zip"));
    archive::zip(&made, archive::entries(&lay_out(work)?, &name)?)?;
    Ok(vec![made])
}

/// Makes the installer, with NSIS.
pub fn installer(work: &Work) -> Result<Vec<PathBuf>> {
    setup::packages(&[("nsis", find("makensis").is_some())])?;
    let files = lay_out(work)?;
    let made = work.dist.join(format!("{}-setup.exe", name()));
    run(command("makensis")
        .args(["-V2", "-NOCD"])
        .arg(format!("-DVERSION={VERSION}"))
        .arg(format!("-DFILES={}", files.display()))
        .arg(format!("-DOUTPUT={}", made.display()))
        .arg(packaging().join("installer.nsi"))
        .env("SOURCE_DATE_EPOCH", work.time.to_string()))?;
    Ok(vec![made])
}

fn name() -> String {
    format!("torrpeddo-{VERSION}-{}", Target::windows().name)
}

fn packaging() -> PathBuf {
    repository().join("installer/packaging/windows")
}

/// Puts together what both hold.
fn lay_out(work: &Work) -> Result<PathBuf> {
    let folder = folder().join("windows");
    new_folder(&folder)?;
    let program = folder.join("torrpeddo.exe");
    copy(&build(work)?, &program)?;
    // Nothing to do for one that was built for a release; and on Windows there is none.
    if let Some(strip) = find("x86_64-w64-mingw32-strip") {
        run(command(strip).arg(&program))?;
    }
    for name in ["install.cmd", "uninstall.cmd", "README.txt"] {
        with_windows_lines(&packaging().join(name), &folder.join(name))?;
    }
    for name in layout::LICENCES {
        // What Notepad opens.
        with_windows_lines(&repository().join(name), &folder.join(name).with_extension("txt"))?;
    }
    notices::write(&Target::windows(), &folder)?;
    Ok(folder)
}

/// Copies a text with the ends of lines that Windows' own programs want.
fn with_windows_lines(from: &Path, to: &Path) -> Result {
    let text = std::fs::read_to_string(from).map_err(|error| at(from, &error))?;
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    std::fs::write(to, text).map_err(|error| at(to, &error))
}

/// Builds the program: from Linux with what builds it for the tests under Wine.
fn build(work: &Work) -> Result<PathBuf> {
    if cfg!(windows) {
        return program::build(work);
    }
    if work.debug {
        cross::windows_build()?;
        return Ok(cross::windows_program());
    }
    let folder = work.build.join("windows");
    let mut cargo = cross::windows_cargo()?;
    cargo.args(["build", "--release", "--locked", "--package", "torrpeddo"]);
    // The linker would write the time of day.
    cargo.env("SOURCE_DATE_EPOCH", work.time.to_string());
    run(program::without_paths(&mut cargo, &folder)?)?;
    Ok(folder.join(cross::WINDOWS).join("release/torrpeddo.exe"))
}
