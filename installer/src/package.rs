//! What a package of the system installs in place of `torrpeddo install --system`: the manifests of
//! every browser, also of those that come later. They are the package's, and go with it.

use std::fs;
use std::io;
use std::path::Path;

use crate::browsers::{self, Place, Scope};
use crate::environment::{Environment, System};
use crate::handler::freedesktop;
use crate::manifest::{self, Manifest};

/// Where a package puts the program, below the root.
pub const PROGRAM: &str = "usr/bin/torrpeddo";

/// Where it says which kind of package it is.
const MARK: &str = "usr/share/torrpeddo/package";

/// A kind of package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// Debian's and its relatives'.
    Deb,
    /// Fedora's, openSUSE's and their relatives'.
    Rpm,
}

impl Package {
    /// The end of its file's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
        }
    }

    /// The one that brought a manifest: those for everybody that lead to its program.
    #[must_use]
    pub fn that_brought(environment: &Environment, scope: Scope, program: &Path) -> Option<Self> {
        if scope != Scope::System || program != environment.root.join(PROGRAM) {
            return None;
        }
        let mark = fs::read_to_string(environment.root.join(MARK)).ok()?;
        [Self::Deb, Self::Rpm].into_iter().find(|package| package.name() == mark.trim())
    }

    /// How it is removed.
    #[must_use]
    pub const fn removal(self) -> &'static str {
        match self {
            Self::Deb => "Remove the package: sudo apt remove torrpeddo",
            Self::Rpm => "Remove the package: sudo dnf remove torrpeddo",
        }
    }

    /// Writes everything that it brings besides the program and its documents. `root` is where the
    /// package is put together.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn lay_out(self, root: &Path) -> io::Result<()> {
        let program = Path::new("/").join(PROGRAM);
        lay_out_manifests(System::Linux, root, &program)?;
        manifest::write(&root.join(MARK), format!("{}\n", self.name()).as_bytes(), false)?;
        let entry = freedesktop::desktop_entry(&program.to_string_lossy());
        let path = root.join("usr/share/applications").join(freedesktop::ENTRY);
        manifest::write(&path, entry.as_bytes(), false)
    }
}

/// Writes the manifests for everybody, of every browser that has a folder for them.
///
/// # Errors
/// When one cannot be written.
pub fn lay_out_manifests(system: System, root: &Path, program: &Path) -> io::Result<()> {
    for browser in browsers::ALL {
        let is_meant = |place: &&Place| place.system == system && place.scope == Scope::System;
        for place in browser.places.iter().filter(is_meant) {
            // What is for everybody is below the root.
            let folder = root.join(place.location.folder().1);
            let bytes = Manifest::ours(browser.family, program).to_bytes()?;
            manifest::write(&manifest::file_in(&folder), &bytes, false)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::{Outcome, Request, install, uninstall};
    use crate::testing::Machine;

    /// A machine with Firefox and the package.
    fn packaged() -> Machine {
        let mut machine = Machine::new(&[".mozilla"]);
        machine.package(Package::Deb);
        machine.program("root/usr/bin/firefox-esr");
        machine
    }

    #[test]
    fn every_folder_of_the_machine_has_a_manifest() {
        for system in [System::Linux, System::Macos] {
            let machine = Machine::of(system);
            let environment = &machine.environment;
            lay_out_manifests(system, &environment.root, &environment.binary).unwrap();
            for browser in browsers::ALL {
                for place in browser.places_in(environment, Scope::System) {
                    let folder = place.location.folder().in_environment(environment);
                    let there = fs::read(manifest::file_in(&folder)).unwrap();
                    let wanted = Manifest::ours(browser.family, &environment.binary);
                    assert_eq!(there, wanted.to_bytes().unwrap(), "{}", browser.name);
                }
            }
        }
    }

    #[test]
    fn what_a_package_brought_goes_with_it() {
        let machine = packaged();
        let before = machine.tree();
        let request = Request { scope: Scope::System, ..Request::default() };
        let report = uninstall(&machine.environment, &request).unwrap();
        assert!(!report.actions.is_empty());
        for action in report.actions {
            assert_eq!(action.outcome, Outcome::Skipped, "{action:?}");
            assert!(action.remedy.unwrap().contains("apt remove torrpeddo"));
        }
        assert_eq!(machine.tree(), before);

        // Without the package they are whoever's installs for the machine.
        fs::remove_file(machine.environment.root.join(MARK)).unwrap();
        let report = uninstall(&machine.environment, &request).unwrap();
        assert!(report.actions.iter().all(|action| action.outcome == Outcome::Removed));
    }

    #[test]
    fn a_package_is_left_alone() {
        let machine = packaged();
        let before = machine.tree();
        assert_eq!(crate::repair::repair(&machine.environment), Vec::<String>::new());
        let request = Request { scope: Scope::System, ..Request::default() };
        let report = install(&machine.environment, &request).unwrap();
        assert!(report.actions.iter().all(|action| action.outcome == Outcome::Unchanged));
        assert_eq!(machine.tree(), before);
    }
}
