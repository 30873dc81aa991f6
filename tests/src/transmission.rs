//! A second client that nobody here wrote: transmission, as a seeder. The program of its own and not
//! the daemon, whose package would start a service on the machine of whoever runs the tests.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use crate::{DEADLINE, Seeder};

/// A transmission on loopback that seeds one torrent.
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
    /// When `transmission-cli` is not installed (`cargo xtask test` does it) or does not start.
    #[must_use]
    pub fn seed(seeder: &Seeder) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = serde_json::json!({
            "bind-address-ipv4": "127.0.0.1",
            "bind-address-ipv6": "::1",
            "dht-enabled": false,
            "lpd-enabled": false,
            "pex-enabled": false,
            "port-forwarding-enabled": false,
            "utp-enabled": false,
            "rpc-enabled": false,
            "incomplete-dir-enabled": false,
            "ratio-limit-enabled": false,
        });
        let (child, port) = (0..3)
            .find_map(|_| try_port(folder.path(), settings.clone(), seeder))
            .expect("transmission-cli listens on one of three ports");
        Self { child, _folder: folder, port }
    }
}

/// Ports cannot be handed over, so another process may take a free one first: then `None`.
fn try_port(
    folder: &Path,
    mut settings: serde_json::Value,
    seeder: &Seeder,
) -> Option<(Child, u16)> {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    settings["peer-port"] = port.into();
    fs::write(folder.join("settings.json"), settings.to_string()).expect("settings");
    let mut child = Command::new("transmission-cli")
        .arg("--config-dir")
        .arg(folder)
        .arg("--download-dir")
        .arg(seeder.data())
        .arg("--port")
        .arg(port.to_string())
        .arg("--no-portmap")
        .arg(&seeder.torrent)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("transmission-cli, which `cargo xtask test` installs");
    // It looks through the files first, and turns away who comes before it has done so. It says
    // how it is doing for ever after, so the pipe must be read on.
    let mut output = child.stdout.take().expect("a piped output");
    let (seeds, seeding) = mpsc::channel();
    std::thread::spawn(move || {
        let mut said = Vec::<u8>::new();
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = output.read(&mut buffer) {
            said.extend(&buffer[..read]);
            if said.windows(7).any(|word| word == b"Seeding") {
                let _ = seeds.send(());
                said.clear();
            }
        }
    });
    if seeding.recv_timeout(DEADLINE).is_err() {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    }
    Some((child, port))
}

impl Drop for Transmission {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
