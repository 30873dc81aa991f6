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

    /// The same, with a limit in bytes per second.
    #[must_use]
    pub fn limited(torrent: &Path, rate: u32) -> Self {
        Self::with_options(torrent, json!({"listen": "127.0.0.1", "download_limit": rate}), None)
    }

    /// The same, but it will not be complete for a long time.
    #[must_use]
    pub fn slow(torrent: &Path) -> Self {
        Self::limited(torrent, 1000)
    }

    /// Starts a leecher in a namespace, at its address.
    #[must_use]
    pub fn within(namespace: &Namespace, torrent: &Path) -> Self {
        Self::with_options(torrent, json!({"listen": Namespace::ADDRESS}), Some(namespace))
    }

    /// The same as a node of the DHT at this port; 0 for any.
    #[must_use]
    pub fn dht_node(namespace: &Namespace, torrent: &Path, port: u16) -> Self {
        let options = json!({"listen": Namespace::ADDRESS, "port": port, "dht": true});
        Self::with_options(torrent, options, Some(namespace))
    }

    /// Makes itself known to another node of the DHT, and returns when that has answered.
    pub fn know(&self, node: SocketAddr) {
        let node = json!({"do": "know", "host": node.ip().to_string(), "port": node.port()});
        self.script.ask(&node);
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

    /// How many bytes of files it has, verified.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.status()["done"].as_u64().expect("a count of bytes")
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
