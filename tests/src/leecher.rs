//! The other side of an upload: libtorrent, driven by `seeder/leecher.py`.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::script::Script;
use crate::{Files, Namespace};

/// A peer without anything that downloads from those it is told of.
pub struct Leecher {
    script: Script,
    folder: tempfile::TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Leecher {
    /// Starts a leecher on loopback. It knows nobody yet.
    #[must_use]
    pub fn start(torrent: &Path) -> Self {
        Self::with_options(torrent, json!({"listen": "127.0.0.1"}), None)
    }

    /// Starts a leecher in a namespace, at its address. With `dht` it is a node of the DHT at the
    /// port that new nodes ask first.
    #[must_use]
    pub fn within(namespace: &Namespace, torrent: &Path, dht: bool) -> Self {
        let port = if dht { crate::namespace::BOOTSTRAP_PORT } else { 0 };
        let options = json!({"listen": Namespace::ADDRESS, "port": port, "dht": dht});
        Self::with_options(torrent, options, Some(namespace))
    }

    fn with_options(torrent: &Path, mut options: Value, within: Option<&Namespace>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        options["torrent"] = json!(torrent);
        options["path"] = json!(folder.path());
        let (script, ready) = Script::start("leecher.py", &options, within);
        let host = options["listen"].as_str().expect("an address").parse().expect("an address");
        let port = ready["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        Self { script, folder, address: SocketAddr::new(host, port.expect("a port")) }
    }

    /// Connects to a peer, now and whenever it is asked again.
    pub fn connect(&self, peer: SocketAddr) {
        let peer = json!({"do": "connect", "host": peer.ip().to_string(), "port": peer.port()});
        self.script.ask(&peer);
    }

    /// Throws everything away and begins anew, still connected to nobody.
    pub fn start_over(&self) {
        self.script.ask(&json!({"do": "start_over"}));
    }

    /// How many peers are connected.
    #[must_use]
    pub fn peers(&self) -> u64 {
        self.status()["peers"].as_u64().expect("a count of peers")
    }

    /// Whether it has everything.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.status()["complete"] == true
    }

    /// Asserts that it has these files.
    #[track_caller]
    pub fn assert_has(&self, files: &Files) {
        files.assert_in(self.folder.path());
    }

    fn status(&self) -> Value {
        self.script.ask(&json!({"do": "status"}))
    }
}
