//! How quickly torrents are downloaded, next to other clients.

use std::fs::File;
use std::io::{BufRead as _, BufReader, copy};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::clients::{CLIENTS, Client, Sample};
use super::table::{median, title};
use crate::http::Server;
use crate::paths;

const MIB: u64 = 1 << 20;

/// What every client downloads: torrent files whose tracker knows the seeders.
pub struct Job {
    /// Where the torrent files are, on the disk.
    pub torrents: Vec<PathBuf>,
    /// And on the web.
    pub urls: Vec<String>,
    hashes: Vec<(String, Vec<u8>)>,
    seeders: Child,
    _folder: tempfile::TempDir,
}

/// Downloads everything with every client.
///
/// # Panics
/// When a client does not download, or downloads something else.
pub fn speed(rounds: usize, bytes: u64) {
    let jobs = [
        (format!("{} MiB from one seeder", bytes / MIB), 1, bytes, 1),
        ("50 torrents of 8 MiB at once from one seeder".into(), 50, 8 * MIB, 1),
        ("256 MiB from 20 seeders".into(), 1, 256 * MIB, 20),
    ];
    for (what, torrents, bytes, seeders) in jobs {
        title(&format!("{what}; medians of {rounds}"));
        let job = Job::new(torrents, bytes, seeders, 0);
        let mut samples: Vec<Vec<Sample>> = CLIENTS.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds.max(1) {
            for (client, samples) in CLIENTS.iter().zip(&mut samples) {
                samples.push(job.download(client));
            }
        }
        show(samples);
    }
}

fn show(samples: Vec<Vec<Sample>>) {
    println!(
        "{:<18}{:>9}{:>9}{:>9}{:>13}{:>13}",
        "client", "wall s", "CPU s", "peak MiB", "wall ratio", "best wall s"
    );
    let wall = |sample: &Sample| sample.wall.as_secs_f64();
    let own: Vec<f64> = samples[0].iter().map(wall).collect();
    for (client, samples) in CLIENTS.iter().zip(samples) {
        let walls: Vec<f64> = samples.iter().map(wall).collect();
        // The rounds are interleaved: within one, the machine was equally busy for everybody.
        let ratios = own.iter().zip(&walls).map(|(own, other)| own / other).collect();
        println!(
            "{:<18}{:>9.2}{:>9.2}{:>9.0}{:>13.2}{:>13.2}",
            client.name,
            median(walls.clone()),
            median(samples.iter().map(|s| s.cpu.as_secs_f64()).collect()),
            median(samples.iter().map(|s| s.peak_kib as f64 / 1024.0).collect()),
            median(ratios),
            walls.iter().copied().fold(f64::INFINITY, f64::min),
        );
    }
    println!("The wall ratio is Torrpeddo's time over the client's: below 1 Torrpeddo is ahead.");
}

impl Job {
    /// Makes torrents of `bytes` each and starts their seeders, each with an upload limit in bytes per
    /// second for each torrent; 0 for none.
    ///
    /// # Panics
    /// If the seeders do not start.
    pub fn new(torrents: usize, bytes: u64, sessions: usize, upload_limit: u64) -> Self {
        let server = Server::start();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = json!({
            "folder": folder.path(),
            "torrents": torrents,
            "bytes": bytes,
            "sessions": sessions,
            "upload_limit": upload_limit,
            "announce": server.url("/announce"),
        });
        let mut seeders = python("swarm.py")
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a Python with libtorrent");
        let mut ready = String::new();
        let output = seeders.stdout.take().expect("a piped output");
        BufReader::new(output).read_line(&mut ready).expect("seeders that start");
        let ready: Json = serde_json::from_str(&ready).expect("seeders that start");
        server.put("/announce", "text/plain", announce(&ready["ports"]));
        let torrents: Vec<PathBuf> =
            serde_json::from_value(ready["torrents"].clone()).expect("paths");
        let mut urls = Vec::new();
        let mut hashes = Vec::new();
        for torrent in &torrents {
            let name = torrent.file_stem().expect("a name").to_string_lossy().into_owned();
            let path = format!("/{name}.torrent");
            server.put(&path, "application/x-bittorrent", std::fs::read(torrent).expect("a file"));
            urls.push(server.url(&path));
            hashes.push((name, hash(&torrent.with_extension(""))));
        }
        Self { torrents, urls, hashes, seeders, _folder: folder }
    }

    fn download(&self, client: &Client) -> Sample {
        self.measure(client.name, |folder| (client.download)(self, folder))
    }

    /// Downloads into a new folder with `download`, and checks the files.
    ///
    /// # Panics
    /// If a file is damaged.
    pub fn measure(&self, name: &str, download: impl FnOnce(&Path) -> Sample) -> Sample {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // What is still to be written for others is no cost of this one's.
        rustix::fs::sync();
        let sample = download(folder.path());
        for (file, hash_of_original) in &self.hashes {
            let found = hash(&folder.path().join(file));
            assert!(found == *hash_of_original, "{name}: {file} is damaged");
        }
        sample
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.seeders.kill();
        let _ = self.seeders.wait();
    }
}

/// A program below `tests/seeder`.
pub fn python(program: &str) -> Command {
    let python = paths::tool("TORRPEDDO_TEST_PYTHON", "venv/bin/python", "python3");
    let mut command = Command::new(python);
    command.arg(paths::repository().join("tests/seeder").join(program));
    command
}

/// What a tracker answers (BEP 23): the same to everybody.
fn announce(ports: &Json) -> Vec<u8> {
    let ports = ports.as_array().expect("ports").iter().filter_map(Json::as_u64);
    let peers: Vec<u8> = ports
        .filter_map(|port| u16::try_from(port).ok())
        .flat_map(|port| [vec![127, 0, 0, 1], port.to_be_bytes().to_vec()].concat())
        .collect();
    let head = format!("d8:intervali1800e5:peers{}:", peers.len());
    [head.as_bytes(), &peers, b"e"].concat()
}

fn hash(path: &Path) -> Vec<u8> {
    let mut sha256 = Sha256::new();
    let mut file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    copy(&mut file, &mut sha256).expect("a file that can be read");
    sha256.finalize().to_vec()
}

/// For how long a download may take.
pub const PATIENCE: Duration = Duration::from_secs(600);
