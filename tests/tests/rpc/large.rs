//! Torrents at the edge of what is accepted, in numbers and in sizes: they work, and the engine has
//! time for others.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};
use torrpeddo_tests::bencode::{Value, dictionary};
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::{Files, Relay, Sandbox, Seeder, files};

use crate::support::{add_magnet, alive, granted, id_of, wait_complete};

const MANY: usize = 100_000;
const PIECE: usize = 16 << 10;
const ANSWER_BYTES: usize = 512 << 10;

fn torrent(name: &str, piece_bytes: usize, hashes: &[u8], what: (&'static str, Value)) -> Vec<u8> {
    let info = dictionary([
        ("name", name.into()),
        ("piece length", (piece_bytes as u64).into()),
        ("pieces", hashes.into()),
        what,
    ]);
    dictionary([("info", info)]).encode()
}

fn hashes(content: &[u8], piece_bytes: usize) -> Vec<u8> {
    content.chunks(piece_bytes).flat_map(Sha1::digest).collect()
}

fn add(relay: &Relay, torrent: &[u8]) -> String {
    id_of(&relay.ok("add_torrent", json!({"data": STANDARD.encode(torrent)})))
}

/// Downloads a small torrent: that there is a large one is nothing to it.
fn others_go_on(sandbox: &Sandbox, relay: &Relay) {
    let small = Seeder::file("small.bin", 300_000);
    add_magnet(relay, &small.magnet);
    wait_complete(relay, &small.id);
    small.assert_downloaded(&sandbox.downloads());
    relay.ok("remove", json!({"ids": [small.id], "delete_files": true}));
}

fn all_files(relay: &Relay, id: &str) -> Vec<Json> {
    let (mut all, mut cursor) = (Vec::new(), Json::Null);
    loop {
        let mut page = relay.ok("get_files", json!({"id": id, "cursor": cursor}));
        all.append(page["files"].as_array_mut().unwrap());
        cursor = page["next_cursor"].take();
        if cursor.is_null() {
            return all;
        }
    }
}

/// A thousand of them are wanted, a piece each. The others share the pieces between, which nobody
/// has, so that the disk of whoever runs this test is not what it measures.
#[test]
fn a_hundred_thousand_files() {
    const OTHERS: u64 = 99;
    const SMALL: u64 = PIECE as u64 / OTHERS;
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    let wanted: Vec<usize> = (0..MANY).step_by(100).collect();
    let content = files::content("many", wanted.len() * PIECE);
    let list = (0..MANY).map(|number| {
        let length = match number % 100 {
            0 => PIECE as u64,
            1 => PIECE as u64 - (OTHERS - 1) * SMALL,
            _ => SMALL,
        };
        let path = [format!("{}", number / 1000), format!("{number}.bin")];
        let path = path.iter().map(|part| part.as_str().into()).collect();
        dictionary([("length", length.into()), ("path", Value::List(path))])
    });
    let list = ("files", Value::List(list.collect()));
    let hashes: Vec<u8> = content
        .chunks(PIECE)
        .flat_map(|piece| [Sha1::digest(piece).as_slice(), &[0; 20]].concat())
        .collect();
    let torrent = torrent("many", PIECE, &hashes, list);
    let seeder = Seeder::of_large_torrent(&torrent, |folder| {
        for (number, own) in wanted.iter().zip(content.chunks(PIECE)) {
            std::fs::write(folder.join(number.to_string()), own).unwrap();
        }
    });
    let params = json!({"data": STANDARD.encode(&torrent), "options": {"selected": wanted}});
    let id = id_of(&relay.ok("add_torrent", params));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    others_go_on(&sandbox, &sandbox.relay());
    wait_complete(&relay, &id);
    let listed = all_files(&relay, &id);
    assert_eq!(listed.len(), MANY);
    assert!(relay.largest_frame() < ANSWER_BYTES);
    for (number, own) in wanted.iter().zip(content.chunks(PIECE)) {
        let file = &listed[*number];
        assert_eq!(file["done_bytes"], PIECE);
        let path = sandbox.downloads().join(file["path"].as_str().unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), own, "{}", path.display());
    }
    assert_eq!(files::list(&sandbox.downloads()).len(), wanted.len());
    granted(&relay, "cancel", &id);
    assert_eq!(all_files(&relay, &id), listed, "the same when it does not run");
    granted(&relay, "delete_files", &id);
    assert!(files::list(&sandbox.downloads()).is_empty());
    alive(&relay, &engine);
}

/// Most of them are on disk already: how quickly two debug builds exchange tiny pieces is nothing
/// to be tested.
#[test]
fn a_hundred_thousand_pieces() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    let piece_bytes = 64;
    let missing = 500 * piece_bytes;
    let contents = Files::new([("0", MANY * piece_bytes)]);
    let (_, content) = contents.iter().next().unwrap();
    let length = ("length", (content.len() as u64).into());
    let torrent = torrent("pieces.bin", piece_bytes, &hashes(content, piece_bytes), length);
    let seeder = Seeder::of_torrent(&torrent, contents.clone());
    let path = sandbox.downloads().join("pieces.bin");
    std::fs::write(&path, &content[..content.len() - missing]).unwrap();
    let id = add(&relay, &torrent);
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    others_go_on(&sandbox, &sandbox.relay());
    wait_complete(&relay, &id);
    assert!(std::fs::read(&path).unwrap() == content);
    assert_eq!(seeder.uploaded(), missing as u64);
    alive(&relay, &engine);
}

/// A file of 5 GiB of which all is on disk but the end. Sparse: it takes no room.
#[test]
fn a_file_of_more_than_four_gibibytes() {
    const BYTES: u64 = 5 << 30;
    const LARGE_PIECE: usize = 4 << 20;
    let middle = (4 << 30, files::content("middle", LARGE_PIECE));
    let end = (BYTES - LARGE_PIECE as u64, files::content("end", LARGE_PIECE));
    let zeros = Sha1::digest(vec![0; LARGE_PIECE]);
    let mut hashes = zeros.repeat((BYTES / LARGE_PIECE as u64) as usize);
    for (offset, content) in [&middle, &end] {
        let place = (*offset / LARGE_PIECE as u64) as usize * 20;
        hashes[place..place + 20].copy_from_slice(&Sha1::digest(content));
    }
    let torrent = torrent("huge.bin", LARGE_PIECE, &hashes, ("length", BYTES.into()));
    let write = |path: &Path, parts: &[&(u64, Vec<u8>)]| {
        let file = File::create(path).unwrap();
        file.set_len(BYTES).unwrap();
        parts.iter().for_each(|(offset, content)| file.write_all_at(content, *offset).unwrap());
    };
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    let path = sandbox.downloads().join("huge.bin");
    write(&path, &[&middle]);
    let seeder =
        Seeder::of_large_torrent(&torrent, |folder| write(&folder.join("0"), &[&middle, &end]));
    let id = add(&relay, &torrent);
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    others_go_on(&sandbox, &sandbox.relay());
    let complete = wait_complete(&relay, &id);
    assert_eq!(complete["total_bytes"], BYTES);
    let file = File::open(&path).unwrap();
    assert_eq!(file.metadata().unwrap().len(), BYTES);
    for (offset, content) in [middle, end] {
        let mut found = vec![0; LARGE_PIECE];
        file.read_exact_at(&mut found, offset).unwrap();
        assert!(found == content, "wrong bytes at {offset}");
    }
    assert_eq!(seeder.uploaded(), LARGE_PIECE as u64, "what was on disk was not downloaded");
    alive(&relay, &engine);
}
