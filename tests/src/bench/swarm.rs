//! How a client does in a tit-for-tat swarm, and how the other leechers do beside it.

mod clients;
mod tracker;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};

use self::clients::{CLIENTS, Client, Start};
use self::tracker::Tracker;
use super::Selection;
use super::table::{median, title};
use crate::bencode::dictionary;
use crate::http::Server;
use crate::script::Script;

const MIB: usize = 1 << 20;
const PIECE_BYTES: usize = 256 << 10;
/// A run ends after this time, complete or not. A peer that is not complete by then is stuck, and
/// counts with this time.
const LIMIT: Duration = Duration::from_secs(180);
/// How often progress is read, and so how exact the times are.
const POLL: Duration = Duration::from_millis(50);
/// The name of the torrent and of its only file.
const NAME: &str = "swarm.bin";

/// A swarm: one seed, the leechers of libtorrent, and the client in question.
struct Swarm {
    name: &'static str,
    bytes: usize,
    /// The seed's upload limit in bytes per second.
    seed_rate: usize,
    leechers: usize,
    /// Each leecher's upload limit in bytes per second; 0 for none.
    leecher_rate: usize,
    /// Each leecher's unchoke slots.
    unchoke_slots: usize,
}

const SWARMS: [Swarm; 2] = [
    Swarm {
        name: "thin",
        bytes: 24 * MIB,
        seed_rate: 2 * MIB,
        leechers: 3,
        leecher_rate: 0,
        unchoke_slots: 1,
    },
    Swarm {
        name: "wide",
        bytes: 48 * MIB,
        seed_rate: 3 * MIB,
        leechers: 12,
        leecher_rate: MIB,
        unchoke_slots: 4,
    },
];

/// What a client has to download.
pub struct Task<'a> {
    /// The torrent file on the disk…
    torrent: &'a Path,
    /// …and at an HTTP server.
    url: String,
    /// The folder to download into.
    folder: &'a Path,
}

/// How far a peer came, and when it completed.
struct Finish {
    progress: f64,
    seconds: Option<f64>,
}

/// One run of one client.
struct Run {
    client: Finish,
    others: Vec<Finish>,
}

/// Runs every selected swarm with every selected client, one after the other in each round.
///
/// # Panics
/// If a client does not start, or completes with wrong data.
pub fn swarm(rounds: usize, selection: &Selection) {
    for swarm in SWARMS.iter().filter(|swarm| selection.has_job(swarm.name)) {
        let heading = format!("{}; medians of {rounds}", swarm.describe());
        title(&heading);
        let files = Files::new(swarm);
        let clients: Vec<&(&str, Start)> =
            CLIENTS.iter().filter(|(name, _)| selection.has_client(name)).collect();
        let mut runs: Vec<Vec<Run>> = clients.iter().map(|_| Vec::new()).collect();
        for round in 1..=rounds.max(1) {
            for ((name, start), runs) in clients.iter().copied().zip(&mut runs) {
                let run = swarm.run(&files, *start);
                println!("round {round}, {name}: {}", run.describe());
                runs.push(run);
            }
        }
        show(&clients, &runs);
    }
}

impl Swarm {
    fn describe(&self) -> String {
        let rate = match self.leecher_rate {
            0 => "no upload limit".into(),
            rate => format!("{} MiB/s up", rate / MIB),
        };
        format!(
            "A {} swarm: {} MiB, a seed with {} MiB/s, {} leechers with {rate} and unchoke slots: {}",
            self.name,
            self.bytes / MIB,
            self.seed_rate / MIB,
            self.leechers,
            self.unchoke_slots
        )
    }

    /// The seed with the files in `data`, and the leechers with folders of their own below `folder`.
    fn peers(&self, data: &Path, folder: &Path) -> Vec<Json> {
        let seed = json!({
            "address": "127.0.1.1",
            "folder": data,
            "seed": true,
            "upload_limit": self.seed_rate,
        });
        let leechers = (1..=self.leechers).map(|number| {
            json!({
                "address": format!("127.0.2.{number}"),
                "folder": folder.join(number.to_string()),
                "upload_limit": self.leecher_rate,
                "unchoke_slots": self.unchoke_slots,
            })
        });
        std::iter::once(seed).chain(leechers).collect()
    }

    fn run(&self, files: &Files, start: Start) -> Run {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = folder.path().join("own");
        std::fs::create_dir(&own).expect("a folder");
        let peers = self.peers(files.folder.path(), folder.path());
        let options = json!({"torrent": files.torrent(), "peers": peers});
        let (others, _) = Script::start("peers.py", &options, None);
        let task = Task { torrent: &files.torrent(), url: files.url(), folder: &own };
        let mut client = start(&task);
        files.tracker.clear();
        rustix::fs::sync();
        let run = race(client.as_mut(), &others);
        if run.client.seconds.is_some() {
            let found = std::fs::read(own.join(NAME)).expect("the downloaded file");
            assert!(found == files.content, "the downloaded file is damaged");
        } else {
            client.explain();
        }
        run
    }
}

/// Starts everybody, and waits until everybody is complete or [`LIMIT`] is over.
fn race(client: &mut dyn Client, others: &Script) -> Run {
    let began = Instant::now();
    others.ask(&json!({"do": "begin"}));
    client.begin();
    let mut own = Finish { progress: 0.0, seconds: None };
    loop {
        if own.seconds.is_none() {
            own.progress = client.progress();
            own.seconds = (own.progress >= 1.0).then(|| began.elapsed().as_secs_f64());
        }
        let status = others.ask(&json!({"do": "status"}));
        let others: Vec<Finish> = status["leechers"]
            .as_array()
            .expect("leechers")
            .iter()
            .map(|one| Finish {
                progress: one["progress"].as_f64().unwrap_or_default(),
                seconds: one["seconds"].as_f64(),
            })
            .collect();
        let complete = others.iter().chain([&own]).all(|peer| peer.seconds.is_some());
        if complete || began.elapsed() > LIMIT {
            return Run { client: own, others };
        }
        std::thread::sleep(POLL);
    }
}

impl Finish {
    fn seconds(&self) -> f64 {
        self.seconds.unwrap_or(LIMIT.as_secs_f64())
    }

    fn describe(&self) -> String {
        self.seconds.map_or_else(
            || format!("stuck at {:.0} %", (self.progress * 100.0).floor()),
            |seconds| format!("{seconds:.1} s"),
        )
    }
}

impl Run {
    fn mean(&self) -> f64 {
        self.others.iter().map(Finish::seconds).sum::<f64>() / self.others.len() as f64
    }

    fn slowest(&self) -> f64 {
        self.others.iter().map(Finish::seconds).fold(0.0, f64::max)
    }

    fn describe(&self) -> String {
        let others: Vec<String> = self.others.iter().map(Finish::describe).collect();
        format!("{}; the others: {}", self.client.describe(), others.join(", "))
    }
}

fn show(clients: &[&(&str, Start)], runs: &[Vec<Run>]) {
    println!(
        "{:<18}{:>9}{:>9}{:>10}{:>10}{:>12}{:>14}{:>14}",
        "client", "own s", "ratio", "others s", "ratio", "slowest s", "stuck runs", "others stuck"
    );
    let own = |run: &Run| run.client.seconds();
    for ((name, _), all) in clients.iter().zip(runs) {
        let median_of = |figure: fn(&Run) -> f64| median(all.iter().map(figure).collect());
        // The rounds are interleaved: within one, the machine was equally busy for everybody.
        let ratio = |figure: fn(&Run) -> f64| {
            median(
                runs[0].iter().zip(all).map(|(one, other)| figure(one) / figure(other)).collect(),
            )
        };
        let others = || all.iter().flat_map(|run| &run.others);
        println!(
            "{:<18}{:>9.1}{:>9.2}{:>10.1}{:>10.2}{:>12.1}{:>14}{:>14}",
            name,
            median_of(own),
            ratio(own),
            median_of(Run::mean),
            ratio(Run::mean),
            median_of(Run::slowest),
            all.iter().filter(|run| run.client.seconds.is_none()).count(),
            format!(
                "{} of {}",
                others().filter(|peer| peer.seconds.is_none()).count(),
                others().count()
            ),
        );
    }
    println!(
        "Others: the mean over the other leechers. The ratios are the first client's time over the \
         client's: below 1 the first one is ahead. A peer that is stuck counts with {} s.",
        LIMIT.as_secs()
    );
}

/// The torrent and its content, which the seed shares, with the tracker.
struct Files {
    folder: tempfile::TempDir,
    content: Vec<u8>,
    server: Server,
    tracker: Tracker,
}

impl Files {
    fn new(swarm: &Swarm) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let content = crate::files::content(swarm.name, swarm.bytes);
        std::fs::write(folder.path().join(NAME), &content).expect("a file");
        let (server, tracker) = (Server::start(), Tracker::start());
        let pieces: Vec<u8> =
            content.chunks(PIECE_BYTES).flat_map(|piece| Sha1::digest(piece).to_vec()).collect();
        let info = dictionary([
            ("length", (content.len() as u64).into()),
            ("name", NAME.into()),
            ("piece length", (PIECE_BYTES as u64).into()),
            ("pieces", pieces.as_slice().into()),
        ]);
        let announce = tracker.url();
        let torrent = dictionary([("announce", announce.as_str().into()), ("info", info)]).encode();
        let files = Self { folder, content, server, tracker };
        std::fs::write(files.torrent(), &torrent).expect("a file");
        files.server.put("/swarm.torrent", "application/x-bittorrent", torrent);
        files
    }

    fn torrent(&self) -> PathBuf {
        self.folder.path().join("swarm.torrent")
    }

    fn url(&self) -> String {
        self.server.url("/swarm.torrent")
    }
}
