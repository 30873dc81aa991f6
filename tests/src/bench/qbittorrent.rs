//! qBittorrent-nox, through its web interface.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value as Json;

use super::clients::{Sample, end, sample, until};
use super::speed::Job;

/// Nothing but what the torrents say, no limits, and no password on loopback.
const SETTINGS: &str = r"[LegalNotice]
Accepted=true

[BitTorrent]
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\QueueingSystemEnabled=false
Session\MultiConnectionsPerIp=true
Session\SSRFMitigation=false

[Preferences]
WebUI\LocalHostAuth=false
WebUI\Address=127.0.0.1
";

/// Downloads a job.
pub fn download(job: &Job, folder: &Path) -> Sample {
    let profile = tempfile::tempdir().expect("a temporary folder");
    let settings = profile.path().join("qBittorrent/config");
    std::fs::create_dir_all(&settings).expect("a folder");
    std::fs::write(settings.join("qBittorrent.conf"), SETTINGS).expect("a file");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let port = port.expect("a free port").port();
    let mut child = Command::new("qbittorrent-nox")
        .arg(format!("--profile={}", profile.path().display()))
        .arg(format!("--webui-port={port}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // It tells of the signal that ends it.
        .stderr(Stdio::null())
        .spawn()
        .expect("qbittorrent-nox");
    until("qBittorrent", || ask(port, "GET", "/api/v2/app/version", "").is_some());
    let began = Instant::now();
    let form = form(&[("urls", &job.urls.join("\n")), ("savepath", &folder.to_string_lossy())]);
    ask(port, "POST", "/api/v2/torrents/add", &form).expect("a torrent that is taken");
    until("qBittorrent", || {
        let torrents = ask(port, "GET", "/api/v2/torrents/info", "").unwrap_or_default();
        let torrents: Vec<Json> = serde_json::from_str(&torrents).unwrap_or_default();
        torrents.len() == job.torrents.len() && torrents.iter().all(is_complete)
    });
    let sample = sample(began, &[child.id()]);
    end(&mut child);
    sample
}

fn is_complete(torrent: &Json) -> bool {
    matches!(torrent["state"].as_str(), Some("uploading" | "stalledUP"))
}

fn form(members: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let members = members.iter().map(|(name, value)| format!("{name}={}", escape(value)));
    members.collect::<Vec<_>>().join("&")
}

/// The body of the answer, if it is one that says yes.
fn ask(port: u16, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.lines().next()?.contains(" 200 ").then(|| body.to_owned())
}
