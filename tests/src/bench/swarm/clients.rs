//! The clients that take part in a swarm. Each stays there after it completed, as a seed.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::super::clients::{end, until};
use super::super::qbittorrent::{Qbittorrent, free_port, http, is_complete};
use super::Task;
use crate::script::Script;
use crate::{Relay, Sandbox, sandbox};

/// A client that runs and knows no torrent yet.
pub trait Client {
    /// Adds the torrent.
    fn begin(&mut self);

    /// The share of the torrent that the client has, from 0 to 1, which means complete.
    fn progress(&mut self) -> f64;

    /// Prints what may help to find out why the client is stuck.
    fn explain(&self) {}
}

/// Starts a client for a task.
pub type Start = fn(&Task) -> Box<dyn Client>;

/// All clients; the first is the one that the others are compared with.
pub const CLIENTS: [(&str, Start); 4] = [
    ("Torrpeddo", |task| Box::new(Torrpeddo::start(task))),
    ("libtorrent", |task| Box::new(Libtorrent::start(task))),
    ("qBittorrent-nox", |task| Box::new(QbittorrentClient::start(task))),
    ("aria2", |task| Box::new(Aria2::start(task))),
];

struct Torrpeddo {
    relay: Relay,
    torrent: String,
    sandbox: Sandbox,
}

impl Torrpeddo {
    fn start(task: &Task) -> Self {
        let sandbox = Sandbox::with_defaults(json!({"download_folder": task.folder}));
        let relay = sandbox.relay();
        relay.ok("get_status", json!({}));
        Self { relay, torrent: base64(task.torrent), sandbox }
    }
}

impl Client for Torrpeddo {
    fn begin(&mut self) {
        self.relay.ok("add_torrent", json!({"data": self.torrent}));
    }

    fn progress(&mut self) -> f64 {
        let status = self.relay.ok("get_status", json!({}));
        let torrent = &status["torrents"][0];
        progress(&torrent["progress"], torrent["state"] == "seeding")
    }

    fn explain(&self) {
        let status = self.relay.ok("get_status", json!({}));
        let id = &status["torrents"][0]["id"];
        eprintln!("{}", self.relay.ok("get_peers", json!({"id": id})));
        sandbox::print_logs(&self.sandbox.home());
    }
}

/// libtorrent as it is without settings, but for the peer sources.
struct Libtorrent(Script);

impl Libtorrent {
    fn start(task: &Task) -> Self {
        let options = json!({
            "torrent": task.torrent,
            "peers": [{"address": "127.0.0.1", "folder": task.folder}],
        });
        Self(Script::start("peers.py", &options, None).0)
    }
}

impl Client for Libtorrent {
    fn begin(&mut self) {
        self.0.ask(&json!({"do": "begin"}));
    }

    fn progress(&mut self) -> f64 {
        let own = &self.0.ask(&json!({"do": "status"}))["leechers"][0];
        progress(&own["progress"], own["seconds"].is_number())
    }
}

struct QbittorrentClient {
    client: Qbittorrent,
    url: String,
    folder: std::path::PathBuf,
}

impl QbittorrentClient {
    fn start(task: &Task) -> Self {
        let client = Qbittorrent::start();
        Self { client, url: task.url.clone(), folder: task.folder.to_owned() }
    }
}

impl Client for QbittorrentClient {
    fn begin(&mut self) {
        self.client.add(std::slice::from_ref(&self.url), &self.folder);
    }

    fn progress(&mut self) -> f64 {
        let torrents = self.client.torrents();
        torrents.first().map_or(0.0, |own| progress(&own["progress"], is_complete(own)))
    }
}

/// aria2 with its JSON-RPC interface.
struct Aria2 {
    child: Child,
    port: u16,
    torrent: String,
}

impl Aria2 {
    fn start(task: &Task) -> Self {
        let port = free_port();
        let child = Command::new("aria2c")
            .args(["--no-conf", "--quiet", "--enable-dht=false", "--enable-dht6=false"])
            .args(["--bt-enable-lpd=false", "--enable-peer-exchange=false", "--seed-ratio=0"])
            .args(["--file-allocation=none", "--interface=127.0.0.1", "--enable-rpc"])
            .arg(format!("--rpc-listen-port={port}"))
            .arg(format!("--dir={}", task.folder.display()))
            .stdout(Stdio::null())
            .spawn()
            .expect("aria2c");
        let aria2 = Self { child, port, torrent: base64(task.torrent) };
        until("aria2", || aria2.ask("aria2.getVersion", &json!([])).is_some());
        aria2
    }

    fn ask(&self, method: &str, parameters: &Json) -> Option<Json> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters});
        let body = request.to_string();
        let answer = http(self.port, "POST", "/jsonrpc", "application/json", &body)?;
        serde_json::from_str::<Json>(&answer).ok().map(|mut answer| answer["result"].take())
    }
}

impl Client for Aria2 {
    fn begin(&mut self) {
        self.ask("aria2.addTorrent", &json!([self.torrent])).expect("a torrent that is taken");
    }

    fn progress(&mut self) -> f64 {
        let members = json!([["completedLength", "totalLength", "seeder"]]);
        let all = self.ask("aria2.tellActive", &members).unwrap_or_default();
        let number = |member: &str| all[0][member].as_str()?.parse::<f64>().ok();
        let share = number("completedLength").unwrap_or_default()
            / number("totalLength").unwrap_or_default().max(1.0);
        progress(&json!(share), all[0]["seeder"] == "true")
    }
}

impl Drop for Aria2 {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The share that a client reports; 1 only if it is complete.
fn progress(share: &Json, complete: bool) -> f64 {
    if complete { 1.0 } else { share.as_f64().unwrap_or_default().clamp(0.0, 0.9999) }
}

fn base64(path: &Path) -> String {
    STANDARD.encode(std::fs::read(path).expect("a torrent file"))
}
