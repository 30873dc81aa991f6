//! On Windows that is a class for each of the two, and an entry among the registered applications
//! that offers them, from which the settings of Windows let the user choose. What no other program
//! of the user's has is taken at once; the rest is the user's choice, which Windows keeps programs
//! from making.

use std::io;
use std::path::PathBuf;

use super::{GONE, WELL, WHAT};
use crate::browsers::Scope;
use crate::environment::Environment;
use crate::install::{Action, Outcome};
use crate::{command_line, own_file, registry};

/// Our classes.
const MAGNET: &str = "Torrpeddo.Magnet";
const TORRENT: &str = "Torrpeddo.Torrent";
/// The program, with what it offers. That is not below `Software\Torrpeddo`: Windows may keep that key
/// in memory alone, and then everything below it too.
const APPLICATION: &str = r"Applications\torrpeddo.exe";
/// What Windows looks for where the user has not chosen: whoever was there first has it.
const SCHEME: &str = "magnet";
const EXTENSION: &str = ".torrent";
/// Whom Windows offers for such files.
const OFFERED: &str = r".torrent\OpenWithProgids";
const COMMAND: &str = r"shell\open\command";
const OPEN: &str = "open \"%1\"";

/// A value: its key, its name, and what it says.
type Value = (String, &'static str, String);

pub(super) fn install(environment: &Environment, dry_run: bool) -> Action {
    let binary = match own_file::program(environment, WHAT) {
        Ok(binary) => binary,
        Err(refused) => return refused,
    };
    let (values, has_all) = match wanted(environment, binary) {
        Ok(wanted) => wanted,
        Err(error) => return own_file::unusable(&shown(environment), &error),
    };
    let is_there =
        |(key, name, text): &Value| read(key, name).is_ok_and(|there| there.as_ref() == Some(text));
    let mut outcome = Outcome::Unchanged;
    if !values.iter().all(is_there) {
        outcome = Outcome::Written;
        let mut write = values.iter().map(|(key, name, text)| write(key, name, text));
        if !dry_run && let Some(error) = write.find_map(Result::err) {
            // Half of it is of no use.
            let _ = remove(environment);
            return own_file::unusable(&shown(environment), &error);
        }
    }
    if has_all {
        return action(environment, outcome, WELL);
    }
    let offered = "Windows offers Torrpeddo for magnet links and torrent files.";
    action(environment, outcome, offered)
        .remedy("Another program has them: choose Torrpeddo in Settings, Apps, Default apps.")
}

pub(super) fn uninstall(environment: &Environment, dry_run: bool) -> Action {
    if !is_installed(environment) {
        return own_file::nothing(&shown(environment));
    }
    match if dry_run { Ok(()) } else { remove(environment) } {
        Ok(()) => action(environment, Outcome::Removed, GONE),
        Err(error) => own_file::unusable(&shown(environment), &error),
    }
}

pub(super) fn is_installed(environment: &Environment) -> bool {
    matches!(runs(environment, MAGNET), Ok(Runs::Us))
}

/// What a class runs.
#[derive(PartialEq, Eq)]
enum Runs {
    Nothing,
    Us,
    Another,
}

fn runs(environment: &Environment, class: &str) -> io::Result<Runs> {
    let line = read(&in_class(environment, class, COMMAND), "")?;
    Ok(match line.map(|line| command_line::program(&line, OPEN)) {
        None => Runs::Nothing,
        Some(None) => Runs::Another,
        Some(Some(_)) => Runs::Us,
    })
}

/// Everything that there shall be, and whether no other program has some of it.
fn wanted(environment: &Environment, binary: &str) -> io::Result<(Vec<Value>, bool)> {
    let is_scheme_free = runs(environment, SCHEME)? != Runs::Another;
    let extension = read(&class(environment, EXTENSION), "")?.unwrap_or_default();
    let is_extension_free = extension.is_empty() || extension == TORRENT;

    let run = command_line::of(binary, OPEN);
    let offer = format!(r"{APPLICATION}\Capabilities");
    let mut values: Vec<Value> = Vec::new();
    let mut add = |class_name: &str, below: &str, name, text: &str| {
        values.push((in_class(environment, class_name, below), name, text.to_owned()));
    };
    for scheme in [MAGNET].into_iter().chain(is_scheme_free.then_some(SCHEME)) {
        add(scheme, "", "", "URL:Magnet link");
        add(scheme, "", "URL Protocol", "");
        add(scheme, COMMAND, "", &run);
    }
    add(TORRENT, "", "", "Torrent file");
    add(TORRENT, COMMAND, "", &run);
    if is_extension_free {
        add(EXTENSION, "", "", TORRENT);
    }
    add(OFFERED, "", TORRENT, "");
    add(APPLICATION, COMMAND, "", &run);
    add(APPLICATION, "SupportedTypes", EXTENSION, "");
    add(&offer, "", "ApplicationName", "Torrpeddo");
    add(&offer, "", "ApplicationDescription", "Download torrents with your browser");
    add(&offer, "UrlAssociations", SCHEME, MAGNET);
    add(&offer, "FileAssociations", EXTENSION, TORRENT);
    // Last, because it makes the offer known.
    values.push((registered(environment), "Torrpeddo", class(environment, &offer)));
    Ok((values, is_scheme_free && is_extension_free))
}

/// Removes everything of ours: first what leads to it.
fn remove(environment: &Environment) -> io::Result<()> {
    let class = |name: &str| class(environment, name);
    registry::remove_value(Scope::User, &registered(environment), "Torrpeddo")?;
    registry::remove_value(Scope::User, &class(OFFERED), TORRENT)?;
    registry::remove_if_empty(Scope::User, &class(OFFERED))?;
    if read(&class(EXTENSION), "")?.as_deref() == Some(TORRENT) {
        registry::remove_value(Scope::User, &class(EXTENSION), "")?;
    }
    registry::remove_if_empty(Scope::User, &class(EXTENSION))?;
    if runs(environment, SCHEME)? == Runs::Us {
        registry::remove(Scope::User, &class(SCHEME))?;
    }
    [MAGNET, TORRENT, APPLICATION]
        .iter()
        .try_for_each(|ours| registry::remove(Scope::User, &class(ours)))
}

fn class(environment: &Environment, name: &str) -> String {
    environment.registry_key(&format!(r"Classes\{name}"))
}

/// A key below a class; the class itself where there is nothing below.
fn in_class(environment: &Environment, name: &str, below: &str) -> String {
    format!(r"{}\{below}", class(environment, name)).trim_end_matches('\\').to_owned()
}

/// Where Windows looks for programs that offer something.
fn registered(environment: &Environment) -> String {
    environment.registry_key("RegisteredApplications")
}

fn read(key: &str, name: &str) -> io::Result<Option<String>> {
    registry::read(Scope::User, key, name)
}

fn write(key: &str, name: &str, text: &str) -> io::Result<()> {
    registry::write(Scope::User, key, name, text)
}

fn shown(environment: &Environment) -> PathBuf {
    own_file::registry_path(&class(environment, MAGNET))
}

fn action(environment: &Environment, outcome: Outcome, message: &str) -> Action {
    own_file::action(&shown(environment), outcome, message.into())
}

#[cfg(test)]
#[cfg(windows)]
mod tests {
    use super::*;
    use crate::environment::System;
    use crate::testing::Machine;

    fn says(environment: &Environment, name: &str, below: &str) -> Option<String> {
        read(&in_class(environment, name, below), "").unwrap()
    }

    #[test]
    fn it_takes_what_is_free_and_leaves_nothing() {
        let machine = Machine::of(System::Windows);
        let environment = &machine.environment;
        assert_eq!(install(environment, true).outcome, Outcome::Written);
        assert!(!is_installed(environment), "a dry run");
        for outcome in [Outcome::Written, Outcome::Unchanged] {
            let done = install(environment, false);
            assert_eq!((done.outcome, done.remedy), (outcome, None), "{}", done.message);
        }
        let run = command_line::of(environment.binary.to_str().unwrap(), OPEN);
        assert_eq!(says(environment, SCHEME, COMMAND), Some(run.clone()));
        assert_eq!(says(environment, EXTENSION, "").as_deref(), Some(TORRENT));
        assert_eq!(says(environment, TORRENT, COMMAND), Some(run));
        let other = machine.with_program(machine.program("other/torrpeddo.exe"));
        assert_eq!(install(&other, false).outcome, Outcome::Written);
        assert_eq!(uninstall(&other, false).outcome, Outcome::Removed);
        for class in [MAGNET, TORRENT, APPLICATION, SCHEME, EXTENSION] {
            assert_eq!(says(environment, class, ""), None, "{class}");
            assert_eq!(says(environment, class, COMMAND), None, "{class}");
        }
        assert_eq!(read(&registered(environment), "Torrpeddo").unwrap(), None);
        assert_eq!(uninstall(environment, false).outcome, Outcome::Skipped);
    }

    #[test]
    fn what_another_program_has_stays_theirs() {
        let machine = Machine::of(System::Windows);
        let environment = &machine.environment;
        let theirs = r#""C:\other.exe" "%1""#;
        write(&in_class(environment, SCHEME, COMMAND), "", theirs).unwrap();
        write(&class(environment, EXTENSION), "", "Other.File").unwrap();
        write(&class(environment, OFFERED), "Other.File", "").unwrap();
        let done = install(environment, false);
        assert_eq!(done.outcome, Outcome::Written);
        assert!(done.remedy.unwrap().contains("Settings"));
        for round in ["there", "gone"] {
            assert_eq!(says(environment, SCHEME, COMMAND).as_deref(), Some(theirs), "{round}");
            assert_eq!(says(environment, EXTENSION, "").as_deref(), Some("Other.File"), "{round}");
            uninstall(environment, false);
        }
        assert!(read(&class(environment, OFFERED), "Other.File").unwrap().is_some());
        assert_eq!(read(&class(environment, OFFERED), TORRENT).unwrap(), None);
    }
}
