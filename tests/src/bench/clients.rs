//! The clients that are compared. Each has been started when the clock starts, but for aria2, which
//! starts in a hundredth of a second and knows no other way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::qbittorrent;
use super::speed::{Job, PATIENCE, python};
use crate::{Sandbox, paths, process};

/// What one download cost.
pub struct Sample {
    /// From the order to the last piece.
    pub wall: Duration,
    /// Processor time until then, in all of the client's processes.
    pub cpu: Duration,
    /// The most resident memory.
    pub peak_kib: u64,
}

/// A client.
pub struct Client {
    /// Its name.
    pub name: &'static str,
    /// Downloads all torrents of a job into a folder.
    pub download: fn(&Job, &Path) -> Sample,
}

/// All of them; the first is the one that the others are compared with.
pub const CLIENTS: [Client; 5] = [
    Client { name: "Torrpeddo", download: torrpeddo },
    Client { name: "librqbit alone", download: librqbit },
    Client { name: "libtorrent", download: libtorrent },
    Client { name: "qBittorrent-nox", download: qbittorrent::download },
    Client { name: "aria2", download: aria2 },
];

/// Looks at processes now.
pub fn sample(began: Instant, pids: &[u32]) -> Sample {
    Sample {
        wall: began.elapsed(),
        cpu: pids.iter().map(|pid| process::cpu(*pid)).sum(),
        peak_kib: pids.iter().filter_map(|pid| process::peak_kib(*pid)).sum(),
    }
}

fn torrpeddo(job: &Job, folder: &Path) -> Sample {
    let sandbox = sandbox(folder);
    complete(job, &sandbox, |began| sample(began, &sandbox.processes()))
}

/// A sandbox for [`complete`].
pub fn sandbox(folder: &Path) -> Sandbox {
    Sandbox::with_defaults(json!({
        "download_folder": folder,
        "max_active": 100,
        "max_active_downloads": 100,
        "max_active_seeds": 100,
    }))
}

/// Downloads a job with Torrpeddo. `look` is called with the time of the order as soon as all is complete.
pub fn complete(job: &Job, sandbox: &Sandbox, look: impl FnOnce(Instant) -> Sample) -> Sample {
    let relay = sandbox.relay();
    relay.ok("subscribe", json!({"topics": ["events"], "interval_ms": 100}));
    let torrents: Vec<String> = job
        .torrents
        .iter()
        .map(|path| STANDARD.encode(std::fs::read(path).expect("a torrent file")))
        .collect();
    let began = Instant::now();
    for data in &torrents {
        relay.begin("add_torrent", &json!({"data": data}));
    }
    for _ in &torrents {
        relay.event("torrent_completed");
    }
    let sample = look(began);
    relay.ok("shutdown", json!({"when": "now"}));
    sample
}

fn librqbit(job: &Job, folder: &Path) -> Sample {
    let program = paths::binary().with_file_name("bare");
    on_the_mark(&mut Command::new(program), job, folder)
}

fn libtorrent(job: &Job, folder: &Path) -> Sample {
    on_the_mark(&mut python("racer.py"), job, folder)
}

/// A program that says `ready`, begins at a line and says `done`.
fn on_the_mark(program: &mut Command, job: &Job, folder: &Path) -> Sample {
    program.arg(folder).args(&job.torrents);
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let mut input = child.stdin.take().expect("a piped input");
    let mut output = BufReader::new(child.stdout.take().expect("a piped output")).lines();
    let mut hear = |word: &str| {
        let line = output.next().and_then(Result::ok);
        assert_eq!(line.as_deref(), Some(word), "{program:?}");
    };
    hear("ready");
    let began = Instant::now();
    writeln!(input).expect("a program that reads");
    hear("done");
    let sample = sample(began, &[child.id()]);
    drop(input);
    let _ = child.wait();
    sample
}

fn aria2(job: &Job, folder: &Path) -> Sample {
    // It calls a program at each completion: `touch` makes a file of the download's number.
    let marks = tempfile::tempdir().expect("a temporary folder");
    let began = Instant::now();
    let mut child = Command::new("aria2c")
        .args(["--no-conf", "--quiet", "--enable-dht=false", "--enable-dht6=false"])
        .args(["--bt-enable-lpd=false", "--enable-peer-exchange=false", "--seed-ratio=0"])
        .args(["--file-allocation=none", "--max-concurrent-downloads=100"])
        .arg("--on-bt-download-complete=/usr/bin/touch")
        .arg(format!("--dir={}", folder.display()))
        .args(&job.torrents)
        .current_dir(marks.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("aria2c");
    let is_number = |name: &std::ffi::OsStr| name.len() == 16;
    until("aria2", || {
        let marks = std::fs::read_dir(marks.path()).expect("a folder").flatten();
        marks.filter(|mark| is_number(&mark.file_name())).count() == job.torrents.len()
    });
    let sample = sample(began, &[child.id()]);
    end(&mut child);
    sample
}

/// Ends a client that has been measured, in peace: it may not have written everything yet.
pub fn end(child: &mut std::process::Child) {
    process::send(child.id(), rustix::process::Signal::TERM);
    let _ = child.wait();
}

/// Asks often: the answer is measured.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "{what} does not get there");
        std::thread::sleep(Duration::from_millis(10));
    }
}
