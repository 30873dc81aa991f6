//! Being the system's program for magnet links and torrent files, for those who want that.

use std::path::Path;

use crate::environment::{Environment, System};
use crate::install::{Action, Outcome};
use crate::own_file;

pub(crate) mod freedesktop;
mod windows;

const WHAT: &str = "Taking magnet links and torrent files from other programs";
const WELL: &str = "Magnet links and torrent files open with Torrpeddo.";
const GONE: &str = "Magnet links and torrent files do not open with Torrpeddo any more.";

/// Takes magnet links and torrent files from now on.
#[must_use]
pub fn install(environment: &Environment, dry_run: bool) -> Action {
    match environment.system {
        System::Linux => freedesktop::install(environment, dry_run),
        System::Windows => windows::install(environment, dry_run),
        System::Macos => {
            let message = format!("{WHAT} needs an application bundle, which does not exist yet.");
            own_file::action(Path::new(""), Outcome::Refused, message)
                .remedy("Open them in your browser, where the extension takes them.")
        }
    }
}

/// Gives them back.
#[must_use]
pub fn uninstall(environment: &Environment, dry_run: bool) -> Action {
    match environment.system {
        System::Linux => freedesktop::uninstall(environment, dry_run),
        System::Windows => windows::uninstall(environment, dry_run),
        System::Macos => own_file::nothing(Path::new("")),
    }
}

/// Whether it was asked for.
pub(crate) fn is_installed(environment: &Environment) -> bool {
    match environment.system {
        System::Linux => freedesktop::is_installed(environment),
        System::Windows => windows::is_installed(environment),
        System::Macos => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn where_it_cannot_be_it_is_a_sentence() {
        let machine = Machine::of(System::Macos);
        let before = machine.tree();
        let done = install(&machine.environment, false);
        assert_eq!(done.outcome, Outcome::Refused);
        assert!(done.remedy.is_some());
        assert_eq!(uninstall(&machine.environment, false).outcome, Outcome::Skipped);
        assert_eq!(machine.tree(), before);
    }
}
