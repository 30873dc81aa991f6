//! Every place on disk that the program uses, decided once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::failure::{Failure, Result};
use crate::{address, private_folder};

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What must last: the database, verified pieces, and the files below.
    pub data_dir: PathBuf,
    /// The log files.
    pub log_dir: PathBuf,
    /// Where the engine listens: a socket, on Windows a named pipe.
    pub socket: PathBuf,
    /// Held while an engine is being started or replaced.
    pub start_lock: PathBuf,
    /// Held by the engine for its whole life. In the data folder, because that is what two engines
    /// must never share.
    pub engine_lock: PathBuf,
    /// What the running engine says of itself: process, version and socket.
    pub engine_info: PathBuf,
    /// Why the last start of an engine failed.
    pub start_error: PathBuf,
    /// Touched when an engine is replaced.
    pub replaced: PathBuf,
}

/// Folders below which torrents may be saved, as `TORRPEDDO_ROOTS` lists them (with the separator of
/// `PATH`); none means anywhere.
pub fn allowed_roots() -> Vec<PathBuf> {
    let roots = std::env::var_os("TORRPEDDO_ROOTS").unwrap_or_default();
    std::env::split_paths(&roots).filter(|root| !root.as_os_str().is_empty()).collect()
}

/// What the places depend on.
#[derive(Debug, Clone, Default)]
struct Surroundings {
    /// `TORRPEDDO_HOME`.
    home: Option<OsString>,
    /// The user's folder for data, and the one for logs.
    user: Option<(PathBuf, PathBuf)>,
}

impl Paths {
    /// Asks the environment.
    ///
    /// # Errors
    /// When there is no home folder.
    pub fn discover() -> Result<Self> {
        Self::decide(&Surroundings {
            home: std::env::var_os("TORRPEDDO_HOME").filter(|home| !home.is_empty()),
            user: ProjectDirs::from("org", "torrpeddo", "Torrpeddo").map(|dirs| {
                let data = dirs.data_local_dir().to_owned();
                let logs = dirs.state_dir().map_or_else(|| data.join("logs"), Path::to_owned);
                (data, logs)
            }),
        })
    }

    fn decide(around: &Surroundings) -> Result<Self> {
        let (data_dir, log_dir) = match (&around.home, &around.user) {
            (Some(home), _) => {
                let home = settled(Path::new(home)).map_err(|error| {
                    Failure::unavailable(format!(
                        "TORRPEDDO_HOME ({}) cannot be used: {error}.",
                        Path::new(home).display()
                    ))
                })?;
                let logs = home.join("logs");
                (home, logs)
            }
            (None, Some((data, logs))) => (data.clone(), logs.clone()),
            (None, None) => {
                return Err(Failure::unavailable("This user has no home folder.")
                    .hint("Set HOME, or TORRPEDDO_HOME to a folder for Torrpeddo's files."));
            }
        };
        Ok(Self {
            socket: address::choose(&data_dir, around.home.is_some())?,
            start_lock: data_dir.join("start.lock"),
            engine_lock: data_dir.join("engine.lock"),
            engine_info: data_dir.join("engine.json"),
            start_error: data_dir.join("start-error.txt"),
            replaced: data_dir.join("replaced"),
            data_dir,
            log_dir,
        })
    }

    /// Makes the folders that are not there, and sees to it that nobody else can listen for us.
    ///
    /// # Errors
    /// A sentence that names the folder.
    pub fn prepare(&self) -> Result<()> {
        for folder in [&self.data_dir, &self.log_dir] {
            private_folder::create_all(folder).map_err(|error| {
                Failure::unavailable(format!(
                    "The folder {} cannot be made: {error}.",
                    folder.display()
                ))
                .hint("Make room for it, or set TORRPEDDO_HOME to another folder.")
            })?;
        }
        address::prepare(&self.socket)
    }
}

/// The absolute path with the symbolic links of what exists resolved: two spellings of one folder
/// must lead to one socket, also when the folder is not there yet.
fn settled(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for ancestor in path.ancestors() {
        // Without the `\\?\` that Windows puts before it, which many programs do not understand.
        if let Ok(real) = dunce::canonicalize(ancestor) {
            return Ok(match path.strip_prefix(ancestor) {
                Ok(rest) if rest.as_os_str().is_empty() => real,
                Ok(rest) => real.join(rest),
                Err(_) => path,
            });
        }
    }
    Ok(path)
}

/// A short name for a folder, where its path is too long or has characters that cannot be used. FNV-1a:
/// it stays the same between versions of this program, which the standard library's hasher does not
/// promise.
pub fn short_name(folder: &[u8]) -> String {
    let hash = folder.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around() -> Surroundings {
        Surroundings {
            home: None,
            user: Some(("/home/u/.local/share/torrpeddo".into(), "/home/u/.local/state/t".into())),
        }
    }

    #[test]
    fn the_users_own_folders_are_the_default() {
        let paths = Paths::decide(&around()).unwrap();
        assert_eq!(paths.data_dir, Path::new("/home/u/.local/share/torrpeddo"));
        assert_eq!(paths.engine_lock, paths.data_dir.join("engine.lock"));
    }

    #[test]
    fn a_home_of_its_own_holds_everything() {
        let dir = tempfile::tempdir().unwrap();
        let home = dunce::canonicalize(dir.path()).unwrap().join("not/there/yet");
        let paths =
            Paths::decide(&Surroundings { home: Some(home.clone().into()), ..around() }).unwrap();
        for path in [&paths.data_dir, &paths.log_dir, &paths.start_lock] {
            assert!(path.starts_with(&home), "{}", path.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn two_spellings_of_a_home_are_one() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        let decide = |home: PathBuf| {
            Paths::decide(&Surroundings { home: Some(home.into()), ..around() }).unwrap()
        };
        assert_eq!(decide(dir.path().join("link/h")), decide(dir.path().join("h")));
    }

    #[test]
    fn no_home_at_all_is_a_sentence() {
        let failure = Paths::decide(&Surroundings { user: None, ..around() }).unwrap_err();
        assert!(failure.to_rpc().message.contains("HOME"));
    }
}
