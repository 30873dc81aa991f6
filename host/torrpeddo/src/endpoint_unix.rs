//! The engine's socket: connecting to it and listening on it.

use std::io;
use std::net::Shutdown;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::geteuid;

/// A blocking connection to the engine.
pub type Stream = UnixStream;
/// A connection as the engine serves it.
pub type Served = tokio::net::UnixStream;

/// Why nobody could be reached.
#[derive(Debug)]
pub enum Unreached {
    /// No engine: there is no socket, or nobody listens at it any more.
    Nobody,
    /// Something else; an engine may well be there.
    Failed(io::Error),
}

/// Connects to the engine. The folder of the socket was checked to be this user's alone, so
/// whoever listens there is of this user.
pub fn connect(path: &Path) -> Result<Stream, Unreached> {
    UnixStream::connect(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Unreached::Nobody,
        _ => Unreached::Failed(error),
    })
}

/// Bounds every read and write.
pub fn set_timeout(stream: &Stream, timeout: Option<Duration>) -> io::Result<()> {
    stream.set_read_timeout(timeout)?;
    stream.set_write_timeout(timeout)
}

/// Says that nothing more will be written.
pub fn finish_writing(stream: &Stream) {
    // Nothing to do when the other side is gone already.
    let _ = stream.shutdown(Shutdown::Write);
}

/// Where the engine listens.
#[derive(Debug)]
pub struct Listener {
    socket: tokio::net::UnixListener,
    path: PathBuf,
    /// Device and inode of our socket file.
    identity: (u64, u64),
}

impl Listener {
    /// Listens at `path`. To be called by the holder of the engine's lock only: what is there then
    /// is stale, and is removed once a connection to it was refused.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match connect(path) {
            Err(Unreached::Nobody) => match std::fs::remove_file(path) {
                Ok(()) => tracing::info!("removed a stale socket"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            },
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
            Err(Unreached::Failed(error)) => return Err(error),
        }
        let socket = tokio::net::UnixListener::bind(path)?;
        // The folder is private already; this is the second lock on the same door.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let identity = identity(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { socket, path: path.to_owned(), identity })
    }

    /// The next connection of this user; others are turned away.
    pub async fn accept(&mut self) -> io::Result<Served> {
        loop {
            let (stream, _) = self.socket.accept().await?;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == geteuid().as_raw() => return Ok(stream),
                Ok(peer) => tracing::warn!("turned away a connection of user {}", peer.uid()),
                Err(error) => tracing::warn!("turned away a connection: {error}"),
            }
        }
    }

    /// Whether the socket file is still the one that was made. A session's runtime folder is
    /// emptied when the user logs out, and an engine that goes on downloading must be found
    /// again after the next login.
    pub fn is_reachable(&self) -> bool {
        identity(&self.path) == Some(self.identity)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.is_reachable() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn a_socket_is_private_and_goes_with_its_listener() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        block_on(async {
            let listener = Listener::bind(&path).unwrap();
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert!(connect(&path).is_ok());
            assert!(Listener::bind(&path).is_err(), "somebody listens there");
            assert!(listener.is_reachable());
        });
        assert!(!path.exists());
        assert!(matches!(connect(&path), Err(Unreached::Nobody)));
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_lost_one_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "a killed engine leaves its socket");
        block_on(async {
            let listener = Listener::bind(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert!(!listener.is_reachable());
            let again = Listener::bind(&path).unwrap();
            drop(listener);
            assert!(again.is_reachable(), "the old listener removes only its own");
        });
    }
}
