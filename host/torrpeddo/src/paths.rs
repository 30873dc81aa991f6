//! Every place on disk that the program uses, decided once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::failure::{Failure, Result};
use crate::private_folder;

/// The longest path that a socket address can hold: `sun_path` without its final NUL. 108 bytes on
/// Linux, 104 on the BSDs and macOS.
const SOCKET_PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What must last: the database, verified pieces, and the files below.
    pub data_dir: PathBuf,
    /// The log files.
    pub log_dir: PathBuf,
    /// The private folder of the socket.
    pub socket_dir: PathBuf,
    /// The engine's socket.
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
    /// Folders that could hold the private one for the socket, best first.
    runtime: Vec<PathBuf>,
    /// A private folder with a short path, for when nothing else fits.
    last_resort: PathBuf,
}

impl Paths {
    /// Asks the environment.
    ///
    /// # Errors
    /// When there is no home folder.
    pub fn discover() -> Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        Self::decide(&Surroundings {
            home: std::env::var_os("TORRPEDDO_HOME").filter(|home| !home.is_empty()),
            user: ProjectDirs::from("org", "torrpeddo", "Torrpeddo").map(|dirs| {
                let data = dirs.data_local_dir().to_owned();
                let logs = dirs.state_dir().map_or_else(|| data.join("logs"), Path::to_owned);
                (data, logs)
            }),
            // A relay started by cron, ssh or sudo often lacks the variable while the folder is
            // there: without the second guess it would look for the engine in another place.
            runtime: runtime
                .into_iter()
                .chain(private_folder::session_runtime())
                .filter(|folder| private_folder::is_ours(folder))
                .collect(),
            last_resort: private_folder::last_resort(),
        })
    }

    fn decide(around: &Surroundings) -> Result<Self> {
        let (data_dir, log_dir, private) = match (&around.home, &around.user) {
            (Some(home), _) => {
                let home = settled(Path::new(home)).map_err(|error| {
                    Failure::unavailable(format!(
                        "TORRPEDDO_HOME ({}) cannot be used: {error}.",
                        Path::new(home).display()
                    ))
                })?;
                let (logs, private) = (home.join("logs"), home.join("run"));
                (home, logs, private)
            }
            (None, Some((data, logs))) => {
                let private = around
                    .runtime
                    .first()
                    .map_or_else(|| data.join("run"), |runtime| runtime.join("torrpeddo"));
                (data.clone(), logs.clone(), private)
            }
            (None, None) => {
                return Err(Failure::unavailable("This user has no home folder.")
                    .hint("Set HOME, or TORRPEDDO_HOME to a folder for Torrpeddo's files."));
            }
        };
        let mut socket_dir = private;
        let mut socket = socket_dir.join("engine.sock");
        if socket.as_os_str().len() > SOCKET_PATH_MAX {
            // A socket's path has a hard limit that a folder's path has not. The short one is made
            // from the data folder, so that each home still has its own.
            socket_dir = around
                .runtime
                .iter()
                .map(|runtime| runtime.join("torrpeddo"))
                .find(|folder| folder.as_os_str().len() + 25 <= SOCKET_PATH_MAX)
                .unwrap_or_else(|| around.last_resort.clone());
            let name = fnv1a(data_dir.as_os_str().as_encoded_bytes());
            socket = socket_dir.join(format!("{name:016x}.sock"));
        }
        Ok(Self {
            start_lock: data_dir.join("start.lock"),
            engine_lock: data_dir.join("engine.lock"),
            engine_info: data_dir.join("engine.json"),
            start_error: data_dir.join("start-error.txt"),
            replaced: data_dir.join("replaced"),
            data_dir,
            log_dir,
            socket_dir,
            socket,
        })
    }

    /// Makes the folders that are not there, and the socket's folder private.
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
        private_folder::prepare(&self.socket_dir)
    }
}

/// The absolute path with the symbolic links of what exists resolved: two spellings of one folder
/// must lead to one socket, also when the folder is not there yet.
fn settled(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return Ok(match path.strip_prefix(ancestor) {
                Ok(rest) if rest.as_os_str().is_empty() => real,
                Ok(rest) => real.join(rest),
                Err(_) => path,
            });
        }
    }
    Ok(path)
}

/// FNV-1a: a name that stays the same between versions of this program, which the standard
/// library's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around() -> Surroundings {
        Surroundings {
            home: None,
            user: Some(("/home/u/.local/share/torrpeddo".into(), "/home/u/.local/state/t".into())),
            runtime: vec!["/run/user/7".into()],
            last_resort: "/tmp/torrpeddo-7".into(),
        }
    }

    #[test]
    fn the_users_own_folders_are_the_default() {
        let paths = Paths::decide(&around()).unwrap();
        assert_eq!(paths.data_dir, Path::new("/home/u/.local/share/torrpeddo"));
        assert_eq!(paths.socket, Path::new("/run/user/7/torrpeddo/engine.sock"));
        assert_eq!(paths.engine_lock, paths.data_dir.join("engine.lock"));
    }

    #[test]
    fn without_a_runtime_folder_the_socket_is_with_the_data() {
        let paths = Paths::decide(&Surroundings { runtime: vec![], ..around() }).unwrap();
        assert_eq!(paths.socket, Path::new("/home/u/.local/share/torrpeddo/run/engine.sock"));
    }

    #[test]
    fn a_home_of_its_own_holds_everything() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap().join("not/there/yet");
        let paths =
            Paths::decide(&Surroundings { home: Some(home.clone().into()), ..around() }).unwrap();
        for path in [&paths.data_dir, &paths.log_dir, &paths.socket, &paths.start_lock] {
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
    fn a_long_home_gets_a_short_socket_of_its_own() {
        let long = |end: &str| format!("/{}/{end}", "x".repeat(120));
        let decide = |home: String, runtime: Vec<PathBuf>| {
            Paths::decide(&Surroundings { home: Some(home.into()), runtime, ..around() }).unwrap()
        };
        let one = decide(long("a"), around().runtime);
        let two = decide(long("b"), around().runtime);
        assert!(one.socket.starts_with("/run/user/7/torrpeddo"));
        assert_ne!(one.socket, two.socket);
        let long_runtime = vec![PathBuf::from(long("run"))];
        let three = decide(long("a"), long_runtime);
        assert!(three.socket.starts_with("/tmp/torrpeddo-7"));
        for paths in [one, two, three] {
            assert!(paths.socket.as_os_str().len() <= SOCKET_PATH_MAX);
            assert!(paths.data_dir.starts_with(long("")));
        }
    }

    #[test]
    fn no_home_at_all_is_a_sentence() {
        let failure = Paths::decide(&Surroundings { user: None, ..around() }).unwrap_err();
        assert!(failure.to_rpc().message.contains("HOME"));
    }
}
