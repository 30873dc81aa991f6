//! Where the engine listens: a socket in a folder that only its user can enter.

use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::failure::Result;
use crate::paths::short_name;
use crate::private_folder;

/// The longest path that a socket address can hold: `sun_path` without its final NUL. 108 bytes on
/// Linux, 104 on the BSDs and macOS.
const PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The socket of the engine of this data folder. `portable`: everything belongs below that folder.
pub fn choose(data_dir: &Path, portable: bool) -> Result<PathBuf> {
    let given = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    // A relay started by cron, ssh or sudo often lacks the variable while the folder is there:
    // without the second guess it would look for the engine in another place.
    let session = cfg!(target_os = "linux").then(|| format!("/run/user/{}", user()).into());
    let runtime = given.into_iter().chain(session);
    let runtime: Vec<_> = runtime.filter(|folder| private_folder::is_ours(folder)).collect();
    Ok(decide(data_dir, portable, &runtime))
}

/// `runtime`: folders that could hold the private one, best first.
fn decide(data_dir: &Path, portable: bool, runtime: &[PathBuf]) -> PathBuf {
    let runtime = runtime.iter().map(|runtime| runtime.join("torrpeddo"));
    let below_data = data_dir.join("run");
    let folder = if portable { below_data } else { runtime.clone().next().unwrap_or(below_data) };
    let socket = folder.join("engine.sock");
    if socket.as_os_str().len() <= PATH_MAX {
        return socket;
    }
    // A socket's path has a hard limit that a folder's path has not. The short one is made from the
    // data folder, so that each home still has its own.
    let name = format!("{}.sock", short_name(data_dir.as_os_str().as_encoded_bytes()));
    runtime
        .map(|folder| folder.join(&name))
        .find(|socket| socket.as_os_str().len() <= PATH_MAX)
        .unwrap_or_else(|| last_resort().join(name))
}

/// A folder with a short path that exists on every system. Others can take its name first, which
/// is why [`prepare`] looks at the owner.
fn last_resort() -> PathBuf {
    format!("/tmp/torrpeddo-{}", user()).into()
}

fn user() -> u32 {
    geteuid().as_raw()
}

/// Makes the folder where it is not there, and sees to it that nobody else can enter.
pub fn prepare(socket: &Path) -> Result<()> {
    private_folder::prepare(socket.parent().unwrap_or(socket))
}

/// Whether whoever listens here is of this user. In a folder of somebody else anybody could.
pub fn is_ours(socket: &Path) -> bool {
    socket.parent().is_some_and(private_folder::is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Vec<PathBuf> {
        vec!["/run/user/7".into()]
    }

    #[test]
    fn the_session_keeps_it_and_a_home_of_its_own_has_its_own() {
        let data = Path::new("/home/u/.local/share/torrpeddo");
        let socket = |portable, runtime: &[PathBuf]| decide(data, portable, runtime);
        assert_eq!(socket(false, &session()), Path::new("/run/user/7/torrpeddo/engine.sock"));
        assert_eq!(socket(false, &[]), data.join("run/engine.sock"));
        assert_eq!(socket(true, &session()), data.join("run/engine.sock"));
    }

    #[test]
    fn a_long_home_gets_a_short_socket_of_its_own() {
        let long = |end: &str| PathBuf::from(format!("/{}/{end}", "x".repeat(120)));
        let one = decide(&long("a"), true, &session());
        let two = decide(&long("b"), true, &session());
        assert!(one.starts_with("/run/user/7/torrpeddo"));
        assert_ne!(one, two);
        let three = decide(&long("a"), true, &[long("run")]);
        assert!(three.starts_with(last_resort()));
        assert!([one, two, three].iter().all(|socket| socket.as_os_str().len() <= PATH_MAX));
    }
}
