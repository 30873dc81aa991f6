//! Torrents and links made to do harm: a clear error or a safe name, nothing outside the folder,
//! and an engine that lives on.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use torrpeddo_tests::bencode::{Value, dictionary};
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::relay::check_error;
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::torrents::{PIECE, path, pieces, with_paths};
use torrpeddo_tests::{Sandbox, Seeder, files};

use crate::support::{alive, id_of, wait_complete, wait_state};

/// Whether a name on disk is one that every file system takes.
fn is_safe(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            rest.chars().count() == 1 && rest.chars().all(|digit| "123456789¹²³".contains(digit))
        })
    };
    let reserved = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || numbered("COM")
        || numbered("LPT");
    let forbidden = |c: char| {
        c.is_control()
            || "<>:\"/\\|?*".contains(c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
            || "\u{200e}\u{200f}\u{61c}\u{feff}".contains(c)
    };
    !name.is_empty()
        && name.len() <= 255
        && !name.ends_with(['.', ' '])
        && !reserved
        && !name.chars().any(forbidden)
}

/// Everything below `folder`, files and folders, as (path, is a link).
fn walk(folder: &Path, found: &mut Vec<(std::path::PathBuf, bool)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        found.push((entry.path(), kind.is_symlink()));
        if kind.is_dir() {
            walk(&entry.path(), found);
        }
    }
}

/// Adds a torrent of hostile paths, lets a seeder serve it, and checks what came of it.
#[track_caller]
fn add_hostile(name: &[u8], paths: &[Vec<&[u8]>]) {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    let inside = sandbox.downloads().join("inside");
    fs::create_dir(&inside).unwrap();
    let (torrent, contents) = with_paths(name, paths);
    let what = format!("{} / {paths:?}", String::from_utf8_lossy(name));
    let params = json!({"data": STANDARD.encode(&torrent), "options": {"save_path": inside}});
    match relay.call_raw("add_torrent", &params) {
        Err(error) => check_error(&error, "invalid_torrent"),
        Ok(added) => {
            let seeder = Seeder::of_torrent(&torrent, contents.clone());
            assert_eq!(id_of(&added), seeder.id, "{what}");
            relay.ok("add_magnet", json!({"uri": seeder.magnet}));
            wait_complete(&relay, &seeder.id);
            let listed = relay.ok("get_files", json!({"id": seeder.id}));
            let mut hashes = Vec::new();
            for file in listed["files"].as_array().unwrap() {
                for part in file["path"].as_str().unwrap().split('/') {
                    assert!(is_safe(part), "{what}: {file}");
                }
            }
            let mut found = Vec::new();
            walk(&inside, &mut found);
            for (path, link) in found {
                assert!(!link, "{what}: a link at {}", path.display());
                let name = path.file_name().unwrap().to_str().expect("a name in UTF-8");
                assert!(is_safe(name), "{what}: {}", path.display());
                if path.is_file() {
                    hashes.push(files::sha256(&fs::read(&path).unwrap()));
                }
            }
            hashes.sort();
            let mut expected: Vec<String> =
                contents.iter().map(|(_, content)| files::sha256(content)).collect();
            expected.sort();
            assert_eq!(hashes, expected, "{what}: every file is there once");
            relay.ok("cancel", json!({"ids": [seeder.id]}));
            relay.ok("delete_files", json!({"ids": [seeder.id]}));
            assert!(files::list(&inside).is_empty(), "{what}: all of it can be deleted");
        }
    }
    let mut outside: Vec<String> = files::list(sandbox.root())
        .into_iter()
        .filter(|file| !file.starts_with("home/") && !file.starts_with("user/"))
        .collect();
    outside.retain(|file| !file.starts_with("downloads/inside/"));
    assert_eq!(outside, Vec::<String>::new(), "{what}: written outside the folder");
    alive(&relay, &engine);
}

const GOOD: &[u8] = b"good.bin";

#[test]
fn a_byte_order_mark_before_dots_does_not_climb() {
    add_hostile(b"t", &[vec![GOOD], vec![b"\xef\xbb\xbf..", b"evil1.bin"]]);
    add_hostile(b"\xef\xbb\xbf..", &[vec![GOOD], vec![b"evil2.bin"]]);
    add_hostile(b"t", &[vec![GOOD], vec![b"\xff\xfe.\0.\0", b"\xff\xfe.\0.\0", b"evil3.bin"]]);
    add_hostile(b"t", &[vec![GOOD], vec![b"\xfe\xff\0.\0.", b"evil4.bin"]]);
}

#[test]
fn dots_slashes_and_nothing_do_not_climb() {
    for part in [&b".."[..], b".", b"", b"/", b"../..", b"..\\..", b"/etc", b"a/../../b", b"a\0b"] {
        add_hostile(b"t", &[vec![GOOD], vec![part, b"evil.bin"]]);
    }
    add_hostile(b"..", &[vec![GOOD]]);
    add_hostile(b"/tmp/evil", &[vec![GOOD]]);
    add_hostile(b"t", &[vec![GOOD], vec![b"..", b"..", b"..", b"evil.bin"]]);
}

#[test]
fn names_that_some_systems_reserve_are_made_safe() {
    let names: [&[u8]; 13] = [
        b"CON",
        b"nul.txt",
        b"com1",
        b"LPT9.tar.gz",
        b"a:b",
        b"C:",
        b"trailing ",
        b"trailing.",
        b"tab\tand\nnewline",
        "invoice\u{202e}fdp.exe".as_bytes(),
        b"quo\"te*?<>|",
        b"\xff\xff\xff",
        b"aux ",
    ];
    let mut paths = vec![vec![GOOD]];
    paths.extend(names.iter().map(|name| vec![*name]));
    add_hostile(b"t", &paths);
    // Refused, and so not among those that are downloaded.
    add_hostile(b"t", &[vec![GOOD], vec![b"C:\\evil.bin"]]);
    add_hostile(b"NUL", &[vec![GOOD]]);
    add_hostile(b"C:", &[vec![GOOD]]);
}

#[test]
fn names_that_become_the_same_stay_two_files() {
    add_hostile(
        b"t",
        &[vec![b"Same.bin"], vec![b"same.bin"], vec![b"a:b"], vec![b"a_b"], vec![b"a?b"]],
    );
    add_hostile(b"t", &[vec![b"x"], vec![b"X", b"below"]]);
    add_hostile(b"t", &[vec![b"x"], vec![b"x", b"below"], vec![b"x", b"below", b"that"]]);
    add_hostile(b"t", &[vec!["e\u{301}".as_bytes()], vec!["\u{e9}".as_bytes()]]);
}

#[test]
fn long_names_are_shortened() {
    let long = "ü".repeat(400);
    add_hostile(b"t", &[vec![GOOD], vec![long.as_bytes()], vec![long.as_bytes(), long.as_bytes()]]);
    add_hostile(long.as_bytes(), &[vec![GOOD]]);
    // Names of 4 KiB that are the same for as long as a file system can tell.
    let [one, two] = ["1", "2"].map(|end| format!("{}{end}.bin", "n".repeat(4096)));
    add_hostile(b"t", &[vec![one.as_bytes()], vec![two.as_bytes()], vec![one.as_bytes(), GOOD]]);
}

#[test]
fn a_symlink_attribute_makes_no_link() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    let content = files::content("x", 20_000);
    let link = dictionary([
        ("attr", "l".into()),
        ("length", 0_u64.into()),
        ("path", path(&[b"link"])),
        ("symlink path", path(&[b"..", b"..", b"user"])),
    ]);
    let below = dictionary([("length", 20_000_u64.into()), ("path", path(&[b"link", b"evil"]))]);
    let info = dictionary([
        ("name", "linked".into()),
        ("piece length", (PIECE as u64).into()),
        ("pieces", pieces(&content).as_slice().into()),
        ("files", Value::List(vec![link, below])),
    ]);
    let data = STANDARD.encode(dictionary([("info", info)]).encode());
    match relay.call_raw("add_torrent", &json!({"data": data})) {
        Err(error) => check_error(&error, "invalid_torrent"),
        Ok(added) => {
            wait_state(&relay, &id_of(&added), &["downloading", "error"]);
        }
    }
    let mut found = Vec::new();
    walk(&sandbox.downloads(), &mut found);
    assert!(found.iter().all(|(_, link)| !link), "{found:?}");
    assert!(files::list(&sandbox.user()).is_empty());
    alive(&relay, &engine);
}

#[test]
fn a_link_that_is_there_already_is_not_followed() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let seeder = Seeder::folder("planted", [("sub/a.bin", 30_000)]);
    fs::create_dir(sandbox.downloads().join("planted")).unwrap();
    std::os::unix::fs::symlink(sandbox.user(), sandbox.downloads().join("planted/sub")).unwrap();
    let added = relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    let torrent = wait_state(&relay, &id_of(&added), &["error", "seeding", "finished"]);
    assert_eq!(torrent["state"], "error", "{torrent:#}");
    assert!(files::list(&sandbox.user()).is_empty(), "written through a link");
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    let max = i64::MAX.to_string();
    let file = |length: &str| {
        dictionary([("length", Value::Number(length.into())), ("path", path(&[length.as_bytes()]))])
    };
    let info = |piece_length: &str, pieces: &[u8], rest: (&'static str, Value)| {
        dictionary([
            ("name", "numbers".into()),
            ("piece length", Value::Number(piece_length.into())),
            ("pieces", pieces.into()),
            rest,
        ])
    };
    let number = |text: &str| Value::Number(text.into());
    let hash = [7_u8; 20];
    let torrents = [
        info("0", &hash, ("length", number("20000"))),
        info("-16384", &hash, ("length", number("20000"))),
        info("16384", &hash, ("length", number("-1"))),
        info("16384", &hash, ("length", number("0"))),
        info("16384", &[], ("length", number("0"))),
        info("16384", &hash, ("length", number(&max))),
        info(&max, &hash, ("length", number(&max))),
        info("16384", &hash, ("length", number("99999999999999999999999999"))),
        info("99999999999999999999999999", &hash, ("length", number("20000"))),
        info("16384", &hash[..19], ("length", number("10000"))),
        info("16384", &hash, ("length", number("20000"))),
        info("16384", &[7; 400], ("length", number("20000"))),
        info("16384", &hash, ("files", Value::List(vec![]))),
        info("16384", &hash, ("files", Value::List(vec![file(&max), file("9223372036854775806")]))),
        info("16384", &hash, ("files", Value::List(vec![file("-5"), file("16389")]))),
        info("16384", &hash, ("files", Value::List(vec!["no dictionary".into()]))),
        info("16384", &hash, ("length", "text".into())),
    ];
    for info in torrents {
        let data = dictionary([("info", info.clone())]).encode();
        let data = STANDARD.encode(data);
        match relay.call_raw("add_torrent", &json!({"data": data})) {
            Ok(added) => panic!("{info:?} was accepted: {added}"),
            Err(error) => {
                let kind = error["data"]["kind"].as_str().unwrap_or_default();
                assert!(["invalid_torrent", "too_large"].contains(&kind), "{info:?}: {error}");
                check_error(&error, kind);
            }
        }
        alive(&relay, &engine);
    }
    let deep = [vec![b'l'; 100_000], vec![b'e'; 100_000]].concat();
    let data = STANDARD.encode([b"d4:info".as_slice(), &deep, b"e"].concat());
    relay.refused("invalid_torrent", "add_torrent", json!({"data": data}));
    let data = STANDARD.encode(b"d4:infod4:name99999999999:x6:pieces");
    relay.refused("invalid_torrent", "add_torrent", json!({"data": data}));
    alive(&relay, &engine);
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], json!([]));
}

#[test]
fn a_magnet_that_selects_a_hundred_trillion_files() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("two", [("a", 20_000), ("b", 20_000)]);
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    for so in ["0-100000000000000", "18446744073709551615", "5-2", "a", "-1", "0-", ",,,"] {
        let uri = format!("{}&so={so}", dead(1));
        match relay.call_raw("add_magnet", &json!({"uri": uri})) {
            Ok(added) => assert_eq!(id_of(&added), dead_id(1)),
            Err(error) => check_error(&error, "invalid_magnet"),
        }
        alive(&relay, &engine);
    }
    // The same with metadata that is there: what exists of the selection is downloaded.
    match relay
        .call_raw("add_magnet", &json!({"uri": format!("{}&so=0-100000000000000", seeder.magnet)}))
    {
        Ok(_) => {
            wait_complete(&relay, &seeder.id);
            seeder.assert_downloaded(&sandbox.downloads());
        }
        Err(error) => check_error(&error, "invalid_magnet"),
    }
    alive(&relay, &engine);
}

#[test]
fn a_selection_of_files_that_are_not_there() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("two", [("a", 20_000), ("b", 20_000)]);
    let relay = sandbox.relay();
    let data = STANDARD.encode(seeder.torrent_bytes());
    for selected in [json!([2]), json!([0, 4_294_967_295_u32])] {
        let params = json!({"data": data, "options": {"selected": selected}});
        relay.refused("invalid_params", "add_torrent", params);
    }
}

#[test]
fn links_with_odd_parts() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    for (number, rest) in [
        "&dn=%ff%fe%00",
        "&dn=..%2f..%2fetc",
        "&tr=javascript:alert(1)",
        "&tr=%00",
        "&x.pe=:",
        "&x.pe=127.0.0.1:99999",
        "&x.pe=[::1",
        "&x.pe=&x.pe=a",
        "&xt=urn:btih:zz",
        "&&&=&=",
        "&dn=\u{202e}txt",
        "&ws=file:///etc/passwd",
    ]
    .iter()
    .enumerate()
    {
        let params = json!({"uri": format!("{}{rest}", dead(number))});
        match relay.call_raw("add_magnet", &params) {
            Ok(added) => {
                assert_eq!(id_of(&added), dead_id(number));
                let name = added["torrent"]["name"].as_str().unwrap();
                assert!(!name.is_empty() && !name.contains(['\0', '\u{202e}']), "{rest}: {name:?}");
            }
            Err(error) => check_error(&error, "invalid_magnet"),
        }
        alive(&relay, &engine);
    }
}
