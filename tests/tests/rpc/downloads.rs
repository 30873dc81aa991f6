//! From a link or a file to verified files on disk.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use torrpeddo_tests::http::Server;
use torrpeddo_tests::magnets::base32;
use torrpeddo_tests::{Sandbox, Seeder, files};

use crate::support::{add_magnet, id_of, torrent, wait_complete};

#[test]
fn a_magnet_of_one_file() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("one file.bin", 3_000_001));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    assert_eq!(id, seeder.id);
    let torrent = wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    assert_eq!(torrent["name"], "one file.bin");
    assert_eq!(torrent["total_bytes"], seeder.files().total());
    assert_eq!(torrent["done_bytes"], seeder.files().total());
    assert_eq!(torrent["file_count"], 1);
    assert!(torrent["downloaded"].as_u64() >= Some(seeder.files().total()), "{torrent:#}");
    assert!(torrent["completed_at"].as_u64() >= torrent["added_at"].as_u64(), "{torrent:#}");
    assert!(torrent["magnet"].as_str().unwrap().contains(&id), "{torrent:#}");
    assert!(torrent["error"].is_null(), "{torrent:#}");
    assert_eq!(files::list(&sandbox.downloads()), ["one file.bin"]);
}

#[test]
fn a_magnet_of_many_files_in_folders() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder(
        "album",
        [("a.bin", 700_000), ("disc 1/b.bin", 1), ("disc 1/c.bin", 0), ("disc 2/x/d.bin", 90_000)],
    );
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    let listed = relay.ok("get_files", json!({"id": id}));
    let mut paths: Vec<&str> = listed["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            assert_eq!(file["bytes"], file["done_bytes"], "{file}");
            assert_eq!(file["selected"], true, "{file}");
            file["path"].as_str().unwrap()
        })
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["album/a.bin", "album/disc 1/b.bin", "album/disc 1/c.bin", "album/disc 2/x/d.bin"]
    );
}

#[test]
fn names_in_every_script() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder(
        "Ærø – 日本語 🎵",
        [("Größe/Žluťoučký kůň.bin", 50_000), ("한국어/ملف.bin", 70_000), ("naïve.bin", 10)],
    );
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    let torrent = wait_complete(&relay, &id);
    assert_eq!(torrent["name"], "Ærø – 日本語 🎵");
    seeder.assert_downloaded(&sandbox.downloads());
}

#[test]
fn a_torrent_file_with_a_peer_from_a_magnet() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::folder("files", [("a", 400_000), ("b", 9)]));
    let relay = sandbox.relay();
    let data = STANDARD.encode(seeder.torrent_bytes());
    let added = relay.ok("add_torrent", json!({"data": data}));
    assert_eq!(added["already_exists"], false);
    assert_eq!(added["torrent"]["name"], "files");
    assert_eq!(added["torrent"]["file_count"], 2);
    assert_eq!(added["torrent"]["total_bytes"], seeder.files().total());
    // The file names no tracker: the peer comes from a magnet of the same torrent, whose add
    // changes nothing but that.
    let again = relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    assert_eq!(again["already_exists"], true);
    assert_eq!(id_of(&again), id_of(&added));
    wait_complete(&relay, &id_of(&added));
    seeder.assert_downloaded(&sandbox.downloads());
}

#[test]
fn a_magnet_in_base32_and_upper_case() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("old.bin", 80_000));
    let relay = sandbox.relay();
    let uri = format!("magnet:?xt=urn:btih:{}&x.pe=127.0.0.1:{}", base32(&seeder.id), seeder.port);
    let id = add_magnet(&relay, &uri);
    assert_eq!(id, seeder.id, "an id is lower-case hex");
    let upper = seeder.bare_magnet().replace(&seeder.id, &seeder.id.to_uppercase());
    assert_eq!(relay.ok("add_magnet", json!({"uri": upper}))["already_exists"], true);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
}

#[test]
fn a_torrent_file_and_a_magnet_from_the_web() {
    let sandbox = Sandbox::new();
    let (first, second) = (Seeder::file("first.bin", 40_000), Seeder::file("second.bin", 50_000));
    let server = Server::start();
    server.put("/t", "application/x-bittorrent", first.torrent_bytes());
    let relay = sandbox.relay();
    let added = relay.ok("add_url", json!({"url": server.url("/t")}));
    assert_eq!(id_of(&added), first.id);
    relay.ok("add_magnet", json!({"uri": first.magnet}));
    let added = relay.ok("add_url", json!({"url": second.magnet}));
    assert_eq!(id_of(&added), second.id);
    wait_complete(&relay, &first.id);
    wait_complete(&relay, &second.id);
    first.assert_downloaded(&sandbox.downloads());
    second.assert_downloaded(&sandbox.downloads());
}

#[test]
fn options_choose_folder_files_and_labels() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("some", [("no.bin", 300_000), ("yes.bin", 200_000)]);
    let folder = sandbox.root().join("elsewhere");
    fs::create_dir(&folder).unwrap();
    let relay = sandbox.relay();
    let options = json!({"save_path": folder, "selected": [1], "labels": ["x", "y"]});
    let added = relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options}));
    let torrent = wait_complete(&relay, &id_of(&added));
    assert_eq!(torrent["labels"], json!(["x", "y"]));
    assert_eq!(torrent["selected_bytes"], 200_000);
    assert_eq!(torrent["save_path"], json!(folder));
    let path = folder.join("some/yes.bin");
    assert_eq!(fs::read(&path).unwrap(), fs::read(seeder.data().join("some/yes.bin")).unwrap());
    assert!(!folder.join("some/no.bin").exists(), "an unselected file was made");
    assert!(files::list(&sandbox.downloads()).is_empty());
}

#[test]
fn a_magnet_that_selects_files() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("bep53", [("0", 90_000), ("1", 90_000), ("2", 90_000)]);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &format!("{}&so=0,2", seeder.magnet));
    let torrent = wait_complete(&relay, &id);
    assert_eq!(torrent["selected_bytes"], 180_000);
    assert_eq!(files::list(&sandbox.downloads()), ["bep53/0", "bep53/2"]);
}

#[test]
fn paused_from_the_start_and_first_in_the_queue() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("later.bin", 100_000));
    let relay = sandbox.relay();
    let options = json!({"paused": true});
    let added = relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options}));
    let id = id_of(&added);
    assert_eq!(added["torrent"]["state"], "paused");
    assert_eq!(added["torrent"]["auto_managed"], false);
    relay.ok("resume", json!({"ids": [id]}));
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    assert_eq!(torrent(&relay, &id)["auto_managed"], true);
}

#[test]
fn from_transmission() {
    let sandbox = Sandbox::new();
    // libtorrent writes the torrent, transmission seeds it.
    let seeder = Seeder::folder("by transmission", [("a.bin", 900_000), ("b/c.bin", 123_456)]);
    let transmission = torrpeddo_tests::transmission::Transmission::seed(&seeder);
    let relay = sandbox.relay();
    let uri = format!("{}&x.pe=127.0.0.1:{}", seeder.bare_magnet(), transmission.port);
    let id = add_magnet(&relay, &uri);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    assert_eq!(seeder.uploaded(), 0, "all of it came from transmission");
}
