//! Files of other programs' formats that are ours as a whole: known by a mark in them, and not
//! touched without it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::install::{Action, Outcome};
use crate::{made_folders, manifest};

/// Every such file says so, in a comment of its format.
pub(crate) const MARK: &str = "Written by `torrpeddo install`";

/// What is at the place of such a file.
pub(crate) enum Found {
    Nothing,
    Ours(String),
    NotOurs(&'static str),
    Unreadable(io::Error),
}

pub(crate) fn look_at(path: &Path) -> Found {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(error) => return Found::Unreadable(error),
        Ok(there) if there.is_symlink() => return Found::NotOurs("it is a symbolic link"),
        Ok(there) if !there.is_file() => return Found::NotOurs("it is no file"),
        Ok(_) => {}
    }
    match fs::read_to_string(path) {
        Ok(text) if text.contains(MARK) => Found::Ours(text),
        Ok(_) => Found::NotOurs("somebody else wrote it"),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Found::NotOurs("somebody else wrote it")
        }
        Err(error) => Found::Unreadable(error),
    }
}

/// Writes the file where it is ours or missing; `well` is what to say then.
pub(crate) fn install(
    environment: &Environment,
    path: &Path,
    text: &str,
    dry_run: bool,
    well: &str,
) -> Action {
    let write = || {
        made_folders::noting(environment, &[path], || manifest::write(path, text.as_bytes(), false))
    };
    let outcome = match look_at(path) {
        Found::Ours(there) if there == text => Outcome::Unchanged,
        Found::NotOurs(reason) => return not_ours(path, reason),
        Found::Unreadable(error) => return unusable(path, &error),
        Found::Nothing | Found::Ours(_) => {
            if !dry_run && let Err(error) = write() {
                return unusable(path, &error);
            }
            Outcome::Written
        }
    };
    action(path, outcome, well.into())
}

/// Removes the file where it is ours; `gone` is what to say then.
pub(crate) fn uninstall(path: &Path, dry_run: bool, gone: &str) -> Action {
    match look_at(path) {
        Found::Nothing => nothing(path),
        Found::NotOurs(reason) => {
            let message = format!("{} is not ours ({reason}); left as it is.", path.display());
            action(path, Outcome::Skipped, message)
        }
        Found::Unreadable(error) => unusable(path, &error),
        Found::Ours(_) => match if dry_run { Ok(()) } else { fs::remove_file(path) } {
            Ok(()) => action(path, Outcome::Removed, gone.into()),
            Err(error) => unusable(path, &error),
        },
    }
}

pub(crate) fn action(path: &Path, outcome: Outcome, message: String) -> Action {
    Action { browsers: Vec::new(), file: path.to_owned(), outcome, message, remedy: None }
}

pub(crate) fn nothing(path: &Path) -> Action {
    action(path, Outcome::Skipped, "There was nothing to undo.".into())
}

pub(crate) fn unusable(path: &Path, error: &io::Error) -> Action {
    let message = format!("{} cannot be changed: {error}.", path.display());
    action(path, Outcome::Refused, message).remedy("Allow writing there, then try again.")
}

pub(crate) fn not_ours(path: &Path, reason: &str) -> Action {
    let message = format!("{} is not ours ({reason}); nothing was written.", path.display());
    action(path, Outcome::Refused, message)
        .remedy("Move that file away if nothing needs it, then install again.")
}

/// The program's path, where such a file can name it; `what` it would be for.
pub(crate) fn program<'a>(environment: &'a Environment, what: &str) -> Result<&'a str, Action> {
    environment.binary.to_str().ok_or_else(|| {
        let message = format!("{what} is not possible: the program's path is not UTF-8.");
        action(&environment.binary, Outcome::Refused, message)
            .remedy("Move the program to a folder with a plain name.")
    })
}

/// A key of the user's registry as people know it.
pub(crate) fn registry_path(key: &str) -> PathBuf {
    format!(r"HKEY_CURRENT_USER\{key}").into()
}
