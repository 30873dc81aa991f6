//! For Linux: what its distributions install, and what can be unpacked anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use torrpeddo_installer::package::{PROGRAM, Package};

use super::target::Target;
use super::{VERSION, Work, archive, at, copy, folder, layout, new_folder, notices, program, rpm};
use crate::Result;
use crate::command::{command, find, output, repository, run, tools};
use crate::setup;

/// Makes a package of a distribution.
pub fn package(work: &Work, kind: Package) -> Result<Vec<PathBuf>> {
    let files = lay_out(work, kind)?;
    let made = match kind {
        Package::Deb => deb(work),
        Package::Rpm => rpm::package(work, &files),
    }?;
    Ok(vec![made])
}

/// Puts together what is in it, and returns the folder that has all of it: `package.metadata` in the
/// manifest of the program names it.
fn lay_out(work: &Work, kind: Package) -> Result<PathBuf> {
    let built = program::build(work)?;
    let files = folder().join("linux");
    new_folder(&files)?;
    let program = files.join(PROGRAM);
    copy(&built, &program)?;
    // Nothing to do for one that was built for a release.
    run(command("strip").arg(&program))?;
    let share = files.join("usr/share");
    layout::manual(&built, &share.join("man/man1"))?;
    let (bash, fish) = ("bash-completion/completions/torrpeddo", "fish/vendor_completions.d");
    let zsh = match kind {
        Package::Deb => "zsh/vendor-completions",
        Package::Rpm => "zsh/site-functions",
    };
    layout::completions(&built, "bash", &share.join(bash))?;
    layout::completions(&built, "fish", &share.join(fish).join("torrpeddo.fish"))?;
    layout::completions(&built, "zsh", &share.join(zsh).join("_torrpeddo"))?;
    layout::icon(&share.join("icons/hicolor/scalable/apps/torrpeddo.svg"))?;
    match kind {
        // cargo-deb makes Debian's file of copyrights from the manifest.
        Package::Deb => notices::write(&Target::linux(), &share.join("doc/torrpeddo"))?,
        Package::Rpm => layout::licences(&Target::linux(), &share.join("licenses/torrpeddo"))?,
    }
    kind.lay_out(&files).map_err(|error| at(&files, &error))?;
    Ok(files)
}

fn deb(work: &Work) -> Result<PathBuf> {
    setup::cargo_install("cargo-deb", "3.8.0")?;
    setup::packages(&[("dpkg-dev", find("dpkg-shlibdeps").is_some())])?;
    let made = new_output()?;
    run(command(tools().join("bin/cargo-deb"))
        .args(["--quiet", "--no-build", "--no-strip", "--locked", "--package", "torrpeddo"])
        // It is packed once more below.
        .arg("--fast")
        .arg("--output")
        .arg(&made)
        .env("SOURCE_DATE_EPOCH", work.time.to_string()))?;
    without_configuration(work, &only_file(&made)?)
}

/// cargo-deb takes everything below `/etc` for configuration, which would stay when the package goes
/// and be asked about when somebody installed for the machine before. Manifests are neither edited
/// nor kept.
fn without_configuration(work: &Work, package: &Path) -> Result<PathBuf> {
    let unpacked = folder().join("deb");
    new_folder(&unpacked)?;
    run(command("dpkg-deb").arg("--raw-extract").arg(package).arg(&unpacked))?;
    let list = unpacked.join("DEBIAN/conffiles");
    fs::remove_file(&list).map_err(|error| at(&list, &error))?;
    let made = work.dist.join(package.file_name().unwrap_or_default());
    let mut pack = command("dpkg-deb");
    // As many threads as there are processors would be other bytes on another machine.
    pack.args(["--root-owner-group", "--threads-max=1", "--build"]).arg(&unpacked).arg(&made);
    pack.env("SOURCE_DATE_EPOCH", work.time.to_string());
    let (well, said) = output(&mut pack)?;
    if well { Ok(made) } else { Err(said) }
}

/// An empty folder for a tool that chooses the name of its file.
fn new_output() -> Result<PathBuf> {
    let folder = folder().join("made");
    new_folder(&folder)?;
    Ok(folder)
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder).map_err(|error| at(folder, &error))?.flatten();
    files.next().map(|file| file.path()).ok_or_else(|| at(folder, &"nothing was made"))
}

/// Makes the archive to be unpacked anywhere.
pub fn portable(work: &Work) -> Result<Vec<PathBuf>> {
    let built = program::build(work)?;
    let target = Target::linux();
    let name = format!("torrpeddo-{VERSION}-{}", target.name);
    let folder = folder().join("portable");
    new_folder(&folder)?;
    let program = folder.join("torrpeddo");
    copy(&built, &program)?;
    run(command("strip").arg(&program))?;
    layout::manual(&built, &folder.join("man/man1"))?;
    for (shell, file) in [("bash", "torrpeddo"), ("zsh", "_torrpeddo"), ("fish", "torrpeddo.fish")]
    {
        layout::completions(&built, shell, &folder.join("completions").join(shell).join(file))?;
    }
    layout::icon(&folder.join("torrpeddo.svg"))?;
    layout::licences(&target, &folder)?;
    for file in ["install", "README.txt"] {
        copy(&repository().join("installer/packaging/portable").join(file), &folder.join(file))?;
    }
    let made = work.dist.join(format!("{name}.tar.gz"));
    archive::tar_gz(&made, archive::entries(&folder, &name)?, work.time)?;
    Ok(vec![made])
}
