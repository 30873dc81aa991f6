//! On Windows that is a value of the key whose programs start with the session.

use std::io;

use super::{GONE, WELL, WHAT};
use crate::browsers::Scope;
use crate::environment::Environment;
use crate::install::{Action, Outcome};
use crate::{command_line, own_file, registry};

const RUN: &str = r"Microsoft\Windows\CurrentVersion\Run";
const NAME: &str = "Torrpeddo";
const ENGINE: &str = "engine";

/// What is at our value's place.
enum Found {
    Nothing,
    Ours(String),
    NotOurs,
}

pub(super) fn install(environment: &Environment, dry_run: bool) -> Action {
    let binary = match own_file::program(environment, WHAT) {
        Ok(binary) => binary,
        Err(refused) => return refused,
    };
    let key = environment.registry_key(RUN);
    let line = command_line::of(binary, ENGINE);
    let shown = own_file::registry_path(&key);
    let written = match look(&key) {
        Ok(Found::Ours(there)) if there == line => {
            return own_file::action(&shown, Outcome::Unchanged, WELL.into());
        }
        Ok(Found::NotOurs) => return own_file::not_ours(&shown, "another program has that name"),
        Ok(_) if dry_run => Ok(()),
        Ok(_) => registry::write(Scope::User, &key, NAME, &line),
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => own_file::action(&shown, Outcome::Written, WELL.into()),
        Err(error) => own_file::unusable(&shown, &error),
    }
}

pub(super) fn uninstall(environment: &Environment, dry_run: bool) -> Action {
    let key = environment.registry_key(RUN);
    let shown = own_file::registry_path(&key);
    let removed = match look(&key) {
        Ok(Found::Ours(_)) if dry_run => Ok(()),
        // The key itself is Windows'.
        Ok(Found::Ours(_)) => registry::remove_value(Scope::User, &key, NAME),
        Ok(_) => return own_file::nothing(&shown),
        Err(error) => Err(error),
    };
    match removed {
        Ok(()) => own_file::action(&shown, Outcome::Removed, GONE.into()),
        Err(error) => own_file::unusable(&shown, &error),
    }
}

pub(super) fn is_installed(environment: &Environment) -> bool {
    matches!(look(&environment.registry_key(RUN)), Ok(Found::Ours(_)))
}

fn look(key: &str) -> io::Result<Found> {
    Ok(match registry::read(Scope::User, key, NAME)? {
        None => Found::Nothing,
        Some(line) if command_line::program(&line, ENGINE).is_some() => Found::Ours(line),
        Some(_) => Found::NotOurs,
    })
}

#[cfg(test)]
#[cfg(windows)]
mod tests {
    use super::*;
    use crate::environment::System;
    use crate::testing::Machine;

    #[test]
    fn it_is_wanted_and_is_not_any_more() {
        let machine = Machine::of(System::Windows);
        let environment = &machine.environment;
        let key = environment.registry_key(RUN);
        assert_eq!(install(environment, true).outcome, Outcome::Written);
        assert!(!is_installed(environment), "a dry run");
        assert_eq!(install(environment, false).outcome, Outcome::Written);
        assert_eq!(install(environment, false).outcome, Outcome::Unchanged);
        let line = registry::read(Scope::User, &key, NAME).unwrap().unwrap();
        assert_eq!(line, format!("\"{}\" engine", environment.binary.display()));
        assert_eq!(uninstall(environment, false).outcome, Outcome::Removed);
        assert_eq!(uninstall(environment, false).outcome, Outcome::Skipped);
    }

    #[test]
    fn a_value_of_somebody_else_stays() {
        let machine = Machine::of(System::Windows);
        let environment = &machine.environment;
        let key = environment.registry_key(RUN);
        registry::write(Scope::User, &key, NAME, "other.exe").unwrap();
        assert_eq!(install(environment, false).outcome, Outcome::Refused);
        assert_eq!(uninstall(environment, false).outcome, Outcome::Skipped);
        assert_eq!(registry::read(Scope::User, &key, NAME).unwrap().unwrap(), "other.exe");
    }
}
