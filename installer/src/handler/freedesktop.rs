//! On Linux that is a desktop entry, and lines in `mimeapps.list` (the freedesktop specification of
//! MIME type associations), which is what `xdg-mime default` writes too; that program has no way
//! back, though. What was the default before is kept in our entry, and is it again afterwards.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{GONE, WELL, WHAT};
use crate::environment::Environment;
use crate::install::{Action, Outcome};
use crate::own_file::{self, Found, MARK};
use crate::{made_folders, manifest};

/// The desktop entry's name.
pub(crate) const ENTRY: &str = "org.torrpeddo.Torrpeddo.desktop";
/// What it takes.
const TYPES: [&str; 2] = ["x-scheme-handler/magnet", "application/x-bittorrent"];
const DEFAULTS: &str = "[Default Applications]";
const BEFORE: &str = "X-Torrpeddo-Before=";

pub(super) fn install(environment: &Environment, dry_run: bool) -> Action {
    let (entry_path, list_path) = (entry_path(environment), list_path(environment));
    let binary = match own_file::program(environment, WHAT) {
        Ok(binary) => binary,
        Err(refused) => return refused,
    };
    let list = match read_list(&list_path) {
        Ok(list) => list,
        Err(error) => return own_file::unusable(&list_path, &error),
    };
    // The first time says what was before us; later the list says ourselves.
    let before = match own_file::look_at(&entry_path) {
        Found::Ours(entry) => befores(&entry).map(|before| before.map(str::to_owned)),
        _ => TYPES.map(|of| default_of(&list, of).filter(|program| program != ENTRY)),
    };
    let is_new = !is_installed(environment);
    let mut done =
        own_file::install(environment, &entry_path, &entry(binary, &before), dry_run, WELL);
    let new = TYPES.iter().fold(list.clone(), |list, of| with_default(&list, of, Some(ENTRY)));
    if done.outcome == Outcome::Refused || new == list {
        return done;
    }
    let write =
        || made_folders::noting(environment, &[&list_path], || write_list(&list_path, &new));
    if !dry_run && let Err(error) = write() {
        if is_new {
            // Half of it is of no use.
            let _ = fs::remove_file(&entry_path);
            made_folders::tidy(environment);
        }
        return own_file::unusable(&list_path, &error);
    }
    done.outcome = Outcome::Written;
    done
}

pub(super) fn uninstall(environment: &Environment, dry_run: bool) -> Action {
    let (entry_path, list_path) = (entry_path(environment), list_path(environment));
    let before = match own_file::look_at(&entry_path) {
        Found::Ours(entry) => befores(&entry).map(|before| before.map(str::to_owned)),
        _ => [None, None],
    };
    let done = own_file::uninstall(&entry_path, dry_run, GONE);
    if dry_run || done.outcome != Outcome::Removed {
        return done;
    }
    let given_back = read_list(&list_path).and_then(|list| {
        let new = TYPES.iter().zip(&before).fold(list.clone(), |list, (of, before)| {
            // What somebody else has taken meanwhile stays theirs.
            let ours = default_of(&list, of).as_deref() == Some(ENTRY);
            if ours { with_default(&list, of, before.as_deref()) } else { list }
        });
        if new == list { Ok(()) } else { write_list(&list_path, &new) }
    });
    made_folders::tidy(environment);
    match given_back {
        Ok(()) => done,
        Err(error) => own_file::unusable(&list_path, &error),
    }
}

pub(super) fn is_installed(environment: &Environment) -> bool {
    matches!(own_file::look_at(&entry_path(environment)), Found::Ours(_))
}

fn entry_path(environment: &Environment) -> PathBuf {
    environment.local.join("applications").join(ENTRY)
}

fn list_path(environment: &Environment) -> PathBuf {
    environment.config.join("mimeapps.list")
}

/// The user's own entry, which goes before the one of a package.
fn entry(binary: &str, before: &[Option<String>; 2]) -> String {
    let before = before.each_ref().map(|before| before.as_deref().unwrap_or_default()).join(";");
    format!("# {MARK} --handler.\n{}{BEFORE}{before}\n", desktop_entry(binary))
}

/// What shows the program in the menus of desktops, and among those that take magnet links and
/// torrent files. It is not made the one that does.
pub(crate) fn desktop_entry(binary: &str) -> String {
    // Quoted as the specification of desktop entries says: once for the command line, once for the
    // value, and `%` begins a field code.
    let mut quoted = String::new();
    for letter in binary.chars() {
        match letter {
            '\\' => quoted.push_str(r"\\\\"),
            '"' | '`' | '$' => quoted.extend([r"\\", letter.encode_utf8(&mut [0; 4])]),
            '%' => quoted.push_str("%%"),
            letter => quoted.push(letter),
        }
    }
    let types = TYPES.join(";");
    format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Name=Torrpeddo\n\
         GenericName=Torrent client\n\
         GenericName[de]=Torrent-Programm\n\
         Comment=Download torrents with your browser\n\
         Comment[de]=Torrents mit dem Browser herunterladen\n\
         Exec=\"{quoted}\" open %U\n\
         Icon=torrpeddo\n\
         Terminal=false\n\
         Categories=Network;FileTransfer;P2P;\n\
         MimeType={types};\n"
    )
}

/// The programs that an entry of ours remembers.
fn befores(entry: &str) -> [Option<&str>; 2] {
    let line = entry.lines().find_map(|line| line.strip_prefix(BEFORE)).unwrap_or_default();
    let mut names = line.split(';').map(|name| Some(name).filter(|name| !name.is_empty()));
    [names.next().flatten(), names.next().flatten()]
}

fn read_list(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Written where it is, when it is a link into a folder of somebody's settings.
fn write_list(path: &Path, list: &str) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if list.is_empty() {
        return fs::remove_file(path);
    }
    manifest::write(&path, list.as_bytes(), false)
}

/// The first program that the list names for a type.
fn default_of(list: &str, of: &str) -> Option<String> {
    let mut lines = list.lines().skip_while(|line| line.trim() != DEFAULTS).skip(1);
    let value = lines.by_ref().take_while(|line| !line.starts_with('[')).find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == of).then(|| value.split(';').next().unwrap_or_default().trim().to_owned())
    });
    value.filter(|program| !program.is_empty())
}

/// The list with another program for a type, or with none. Every other line stays as it is.
fn with_default(list: &str, of: &str, program: Option<&str>) -> String {
    let mut lines: Vec<String> = list.lines().map(str::to_owned).collect();
    let section = lines.iter().position(|line| line.trim() == DEFAULTS);
    let start = match (section, program) {
        (Some(section), _) => section + 1,
        (None, None) => return list.to_owned(),
        (None, Some(_)) => {
            lines.push(DEFAULTS.into());
            lines.len()
        }
    };
    let length = lines[start..].iter().take_while(|line| !line.starts_with('[')).count();
    let names = |line: &String| line.split_once('=').is_some_and(|(name, _)| name.trim() == of);
    let known = lines[start..start + length].iter().position(names).map(|at| at + start);
    match (known, program) {
        (Some(at), Some(program)) => lines[at] = format!("{of}={program}"),
        (Some(at), None) => drop(lines.remove(at)),
        (None, Some(program)) => lines.insert(start, format!("{of}={program}")),
        (None, None) => {}
    }
    // A list that says nothing more was made by us.
    if lines.iter().all(|line| line.trim() == DEFAULTS || line.trim().is_empty()) {
        return String::new();
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
#[path = "freedesktop_tests.rs"]
mod tests;
