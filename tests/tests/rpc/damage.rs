//! Files that somebody deletes, moves or cuts off under a running torrent.

use std::fs::{self, File};
use std::path::Path;

use torrpeddo_tests::{Leecher, Relay, Sandbox, Seeder, wait_until};

use crate::support::{
    MARGIN, add_magnet, granted, listens_at, slow_seeder, wait_complete, wait_half_way,
    wait_io_error, wait_state, wait_torrent,
};

/// What somebody does to a file.
type Harm = fn(&Path);

const HARMS: [(&str, Harm); 3] = [
    ("deleted", |path| fs::remove_file(path).expect("a file")),
    ("moved", |path| fs::rename(path, path.with_extension("moved")).expect("a file")),
    ("cut off", |path| {
        let file = File::options().write(true).open(path).expect("a file");
        file.set_len(100_000).expect("a shorter file");
    }),
];

/// The harm is told with the file's name, and nothing is put in the file's place.
fn is_told(relay: &Relay, id: &str, path: &Path, harm: &str) {
    let sentence = wait_io_error(relay, id);
    let told = sentence.contains(path.to_str().expect("a path in UTF-8"));
    assert!(told && sentence.contains("resume"), "{harm}: {sentence}");
    let length = fs::metadata(path).map(|found| found.len()).ok();
    assert_eq!(length, (harm == "cut off").then_some(100_000), "{harm}");
}

#[test]
fn it_is_noticed_while_downloading() {
    for (harm, inflict) in HARMS {
        let (sandbox, seeder) = (Sandbox::new(), slow_seeder("harmed"));
        let relay = sandbox.relay();
        let id = add_magnet(&relay, &seeder.magnet);
        wait_half_way(&relay, &id);
        let path = sandbox.downloads().join("harmed/first.bin");
        inflict(&path);
        is_told(&relay, &id, &path, harm);
        // What is still on its way to the run before does not count.
        wait_until("the seeder to lose its peer", || seeder.peers() == 0);
        let before = seeder.uploaded();
        granted(&relay, "resume", &id);
        seeder.limit(0);
        wait_complete(&relay, &id);
        seeder.assert_downloaded(&sandbox.downloads());
        let sent = seeder.uploaded() - before;
        assert!(sent <= seeder.files().total(), "{harm}: {sent} bytes were fetched");
    }
}

#[test]
fn it_is_noticed_when_a_peer_asks_while_seeding() {
    let seeder = Seeder::folder("shared", [("a.bin", 3 << 20), ("b.bin", 2 << 20)]);
    for (harm, inflict) in HARMS {
        let sandbox = Sandbox::new();
        let other = Seeder::file("unharmed.bin", 100_000);
        let relay = sandbox.relay();
        let id = add_magnet(&relay, &seeder.magnet);
        wait_complete(&relay, &id);
        add_magnet(&relay, &other.magnet);
        wait_complete(&relay, &other.id);
        let path = sandbox.downloads().join("shared/a.bin");
        inflict(&path);
        let leecher = Leecher::start(&seeder.torrent);
        leecher.connect(listens_at(&relay));
        is_told(&relay, &id, &path, harm);
        drop(leecher);
        // It is told at once, and counted when the run has ended.
        wait_torrent(&relay, &id, "what is gone not to count", |torrent| {
            torrent["progress"].as_f64() < Some(1.0)
        });
        wait_state(&relay, &other.id, &["seeding"]);
        // What is still on its way to the run before does not count.
        wait_until("the seeder to lose its peer", || seeder.peers() == 0);
        let before = seeder.uploaded();
        granted(&relay, "resume", &id);
        wait_complete(&relay, &id);
        seeder.assert_downloaded(&sandbox.downloads());
        let sent = seeder.uploaded() - before;
        assert!(sent <= (3 << 20) + MARGIN, "{harm}: {sent} bytes were fetched");
    }
}
