//! The package for Fedora, openSUSE and their relatives, by rpm's own tool: it knows what a program
//! needs, and that folders go with the package that brought them.

use std::path::{Path, PathBuf};

use torrpeddo_installer::package::PROGRAM;

use super::{VERSION, Work, at, folder, new_folder};
use crate::command::{command, find, output, repository};
use crate::{Result, setup};

/// Makes it of everything below `root`.
pub fn package(work: &Work, root: &Path) -> Result<PathBuf> {
    setup::packages(&[("rpm", find("rpmbuild").is_some())])?;
    let build = folder().join("rpm");
    new_folder(&build)?;
    let list = build.join("list");
    std::fs::write(&list, entries(root)?.join("\n")).map_err(|error| at(&list, &error))?;
    let mut pack = command("rpmbuild");
    let name = format!("torrpeddo-{VERSION}-1.{}.rpm", std::env::consts::ARCH);
    for (name, value) in [
        ("_topdir", build.as_path()),
        ("_rpmdir", &work.dist),
        ("_rpmfilename", Path::new(&name)),
        ("of", Path::new(VERSION)),
        ("root", root),
        ("list", &list),
    ] {
        pack.arg("--define").arg(format!("{name} {}", value.display()));
    }
    pack.arg("-bb").arg(repository().join("installer/packaging/rpm/torrpeddo.spec"));
    pack.env("SOURCE_DATE_EPOCH", work.time.to_string());
    let (well, said) = output(&mut pack)?;
    if well { Ok(work.dist.join(name)) } else { Err(said) }
}

/// What every system of this kind has. Other packages may have the rest too: a folder goes when the
/// last of them goes.
const FOLDERS: [&str; 12] = [
    "etc",
    "etc/opt",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/share",
    "usr/share/applications",
    "usr/share/icons",
    "usr/share/licenses",
    "usr/share/man",
    "usr/share/man/man1",
];

/// The lines of `%files`, but for the program.
fn entries(root: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| at(&folder, &error))?.flatten() {
            let path = entry.path();
            let own = path.strip_prefix(root).map_err(|error| at(&path, &error))?;
            let name = own.display();
            if path.is_dir() {
                if !FOLDERS.iter().any(|there| own == Path::new(there)) {
                    lines.push(format!("%dir /{name}"));
                }
                folders.push(path);
            } else if own.starts_with("usr/share/licenses") {
                lines.push(format!("%license /{name}"));
            } else if own != Path::new(PROGRAM) {
                lines.push(format!("/{name}"));
            }
        }
    }
    lines.sort();
    Ok(lines)
}
