//! A second client that nobody here wrote: transmission, as a seeder.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::{Seeder, wait_until};

/// A transmission daemon on loopback that seeds one torrent.
pub struct Transmission {
    child: Child,
    _folder: tempfile::TempDir,
    /// The port it listens on.
    pub port: u16,
}

impl Transmission {
    /// Seeds what `seeder` has, from the same files.
    ///
    /// # Panics
    /// When `transmission-daemon` is not installed (`cargo xtask test` does it) or does not start.
    #[must_use]
    pub fn seed(seeder: &Seeder) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let watched = folder.path().join("watched");
        fs::create_dir(&watched).expect("a folder");
        fs::write(watched.join("a.torrent"), seeder.torrent_bytes()).expect("a torrent file");
        let settings = serde_json::json!({
            "bind-address-ipv4": "127.0.0.1",
            "bind-address-ipv6": "::1",
            "dht-enabled": false,
            "lpd-enabled": false,
            "pex-enabled": false,
            "port-forwarding-enabled": false,
            "utp-enabled": false,
            "rpc-enabled": false,
            "watch-dir-enabled": true,
            "watch-dir": watched,
            "download-dir": seeder.data(),
            "incomplete-dir-enabled": false,
            "ratio-limit-enabled": false,
        });
        let (child, port) = (0..5)
            .find_map(|_| try_port(folder.path(), settings.clone()))
            .expect("transmission-daemon listens on one of five ports");
        Self { child, _folder: folder, port }
    }
}

/// Ports cannot be handed over, so another process may take a free one first: then `None`.
fn try_port(folder: &std::path::Path, mut settings: serde_json::Value) -> Option<(Child, u16)> {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    settings["peer-port"] = port.into();
    fs::write(folder.join("settings.json"), settings.to_string()).expect("settings");
    let mut child = Command::new("transmission-daemon")
        .arg("--foreground")
        .arg("--config-dir")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("transmission-daemon, which `cargo xtask test` installs");
    let mut ended = false;
    wait_until("transmission to listen", || {
        ended = child.try_wait().is_ok_and(|status| status.is_some());
        ended || TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (!ended).then_some((child, port))
}

impl Drop for Transmission {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
