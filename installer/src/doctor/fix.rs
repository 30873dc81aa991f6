//! What the doctor can put right by itself.

use std::io;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::install::{self, Outcome, Request};

/// What can be put right without the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// Registering with this browser.
    Install(&'static str),
    /// Letting the program be run.
    MakeExecutable(PathBuf),
    /// Closing the socket's folder and the socket to everybody else.
    MakePrivate([PathBuf; 2]),
    /// Running `flatpak` with these arguments.
    Flatpak(Vec<String>),
}

impl Fix {
    /// Does it, and says what was done; `None` when it could not be done. `flatpak` runs that
    /// program, and says whether it went well.
    pub fn apply(
        &self,
        environment: &Environment,
        flatpak: impl Fn(&[String]) -> bool,
    ) -> Option<String> {
        match self {
            Self::Install(browser) => {
                let request = Request { browsers: vec![(*browser).into()], ..Request::default() };
                let report = install::install(environment, &request).ok()?;
                let written = report.actions.iter().find(|one| one.outcome == Outcome::Written)?;
                Some(written.message.clone())
            }
            Self::MakeExecutable(program) => {
                change_mode(program, |mode| mode | 0o111).ok()?;
                Some(format!("{} can be run.", program.display()))
            }
            Self::MakePrivate(paths) => {
                paths.iter().try_for_each(|path| change_mode(path, |mode| mode & !0o077)).ok()?;
                Some("Other users cannot reach the engine.".into())
            }
            Self::Flatpak(arguments) => {
                flatpak(arguments).then(|| format!("Done: flatpak {}.", arguments.join(" ")))
            }
        }
    }
}

#[cfg(unix)]
fn change_mode(path: &Path, change: impl Fn(u32) -> u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = std::fs::metadata(path)?.permissions();
    permissions.set_mode(change(permissions.mode()));
    std::fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn change_mode(_path: &Path, _change: impl Fn(u32) -> u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
