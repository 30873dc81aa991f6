//! qBittorrent-nox, through its web interface.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value as Json;

use super::clients::{Sample, end, sample, until};
use super::speed::Job;

/// No peer sources but trackers, no queue and no limits, loopback only, and no password there.
const SETTINGS: &str = r"[LegalNotice]
Accepted=true

[BitTorrent]
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\QueueingSystemEnabled=false
Session\MultiConnectionsPerIp=true
Session\SSRFMitigation=false
Session\InterfaceAddress=127.0.0.1
Session\BTProtocol=TCP

[Preferences]
WebUI\LocalHostAuth=false
WebUI\Address=127.0.0.1
";

/// A running qBittorrent-nox, which ends when this is dropped.
pub struct Qbittorrent {
    child: Child,
    port: u16,
    _profile: tempfile::TempDir,
}

impl Qbittorrent {
    /// Starts it, and returns when its web interface answers.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let settings = profile.path().join("qBittorrent/config");
        std::fs::create_dir_all(&settings).expect("a folder");
        std::fs::write(settings.join("qBittorrent.conf"), SETTINGS).expect("a file");
        let port = free_port();
        let child = Command::new("qbittorrent-nox")
            .arg(format!("--profile={}", profile.path().display()))
            .arg(format!("--webui-port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // It reports the signal that ends it.
            .stderr(Stdio::null())
            .spawn()
            .expect("qbittorrent-nox");
        until("qBittorrent", || http(port, "GET", "/api/v2/app/version", FORM, "").is_some());
        Self { child, port, _profile: profile }
    }

    /// Adds the torrent files at `urls`.
    ///
    /// # Panics
    /// If it refuses them.
    pub fn add(&self, urls: &[String], folder: &Path) {
        let form = form(&[("urls", &urls.join("\n")), ("savepath", &folder.to_string_lossy())]);
        http(self.port, "POST", "/api/v2/torrents/add", FORM, &form)
            .expect("a torrent that is taken");
    }

    /// Its torrents, as its web interface describes them.
    pub fn torrents(&self) -> Vec<Json> {
        let torrents = http(self.port, "GET", "/api/v2/torrents/info", FORM, "");
        serde_json::from_str(&torrents.unwrap_or_default()).unwrap_or_default()
    }
}

impl Drop for Qbittorrent {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Downloads a job.
pub fn download(job: &Job, folder: &Path) -> Sample {
    let client = Qbittorrent::start();
    let began = Instant::now();
    client.add(&job.urls, folder);
    until("qBittorrent", || {
        let torrents = client.torrents();
        torrents.len() == job.torrents.len() && torrents.iter().all(is_complete)
    });
    sample(began, &[client.child.id()])
}

/// Whether a torrent of [`Qbittorrent::torrents`] is complete.
pub fn is_complete(torrent: &Json) -> bool {
    matches!(torrent["state"].as_str(), Some("uploading" | "stalledUP"))
}

/// A TCP port on 127.0.0.1 that nothing listens on.
///
/// # Panics
/// If there is none.
pub fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    free.expect("a free port").port()
}

const FORM: &str = "application/x-www-form-urlencoded";

fn form(members: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let members = members.iter().map(|(name, value)| format!("{name}={}", escape(value)));
    members.collect::<Vec<_>>().join("&")
}

/// Sends a request to a port on 127.0.0.1. Returns the body of an answer with status 200, else `None`.
pub fn http(port: u16, method: &str, path: &str, kind: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status).ok()?;
    let mut length = 0;
    let mut header = String::new();
    while reader.read_line(&mut header).ok()? > 2 {
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        header.clear();
    }
    // qBittorrent closes the connection seconds later, so its end is not waited for.
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    status.contains(" 200 ").then_some(body)
}
