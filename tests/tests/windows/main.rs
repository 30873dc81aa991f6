//! The program for Windows under Wine, from its installation to its end: `cargo xtask test --windows`.

#[allow(dead_code)]
#[path = "../rpc/support.rs"]
mod support;

mod setup;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use torrpeddo_protocol::{FIREFOX_ID, HOST_NAME};
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::torrents::with_paths;
use torrpeddo_tests::{Relay, Seeder, Wine, files, wait_for, wait_until};

use support::{
    MARGIN, add_magnet, goes_on_to_the_end, granted, slow_seeder, torrent, wait_complete,
    wait_half_way, wait_state,
};

const FIREFOX: &str = r"HKCU\Software\Mozilla\NativeMessagingHosts\org.torrpeddo.host";
const CHROME: &str = r"HKCU\Software\Google\Chrome\NativeMessagingHosts\org.torrpeddo.host";
/// What Windows runs for magnet links, and for torrent files.
const MAGNET: &str = r"HKCU\Software\Classes\magnet\shell\open\command";
const TORRENT: &str = r"HKCU\Software\Classes\Torrpeddo.Torrent\shell\open\command";
/// What starts with the session.
const RUN: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
/// Where the engine keeps the id of the boot.
const BOOT: &str = r"HKCU\Software\Torrpeddo\Boot";

fn engine_pid(relay: &Relay) -> u32 {
    let pid = hello(relay)["engine"]["pid"].as_u64().expect("a pid");
    u32::try_from(pid).expect("a pid of Windows")
}

/// Registers with both kinds of browsers, and returns Firefox's manifest.
fn install(wine: &Wine) -> String {
    let installed = wine.run(&["install", "--browser", "firefox", "--browser", "chrome"]);
    assert!(installed.status.success(), "{installed:?}");
    for (key, allows) in [(FIREFOX, "allowed_extensions"), (CHROME, "allowed_origins")] {
        let path = wine.registry(key, None).expect("a manifest for the browser");
        assert!(!path.contains('/'), "Firefox does not take {path}");
        let manifest = std::fs::read(wine.unix_path(&path)).expect("a manifest where the key says");
        let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
        assert_eq!(manifest["name"], HOST_NAME);
        assert_eq!(manifest["path"], r"C:\Torrpeddo\torrpeddo.exe");
        assert!(manifest[allows].is_array(), "{manifest}");
    }
    wine.registry(FIREFOX, None).expect("it was there just now")
}

/// Names that Windows reserves, drops a part of, or takes for one: each file is there once, under a
/// name of its own, and all of them can be deleted.
fn names_of_strangers(wine: &Wine, relay: &Relay) {
    let names: [&[u8]; 9] = [
        b"CON",
        b"nul.txt",
        b"a:b",
        b"trailing. ",
        b"quo\"te*?<>|",
        b"Same.bin",
        b"same.bin",
        "e\u{301}".as_bytes(),
        "\u{e9}".as_bytes(),
    ];
    let (long, mut paths) = ("ü".repeat(120), vec![vec![&b"good.bin"[..]]]);
    paths.extend(names.iter().map(|name| vec![*name]));
    // Beyond the 260 characters that Windows' programs have room for. Its folder is not: Wine cannot
    // say where such a one is.
    paths.push(vec![long.as_bytes(); 2]);
    let (torrent, contents) = with_paths(b"AUX", &paths);
    let seeder = Seeder::of_torrent(&torrent, contents.clone());
    let folder = wine.downloads().join("names");
    let options = json!({"save_path": r"C:\downloads\names"});
    relay.ok("add_torrent", json!({"data": STANDARD.encode(&torrent), "options": options}));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    wait_complete(relay, &seeder.id);
    let sha256 = |name: &String| files::sha256(&std::fs::read(folder.join(name)).expect("a file"));
    let mut found: Vec<_> = files::list(&folder).iter().map(sha256).collect();
    let mut expected: Vec<_> = contents.iter().map(|(_, content)| files::sha256(content)).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "{:?}", files::list(&folder));
    granted(relay, "cancel", &seeder.id);
    granted(relay, "delete_files", &seeder.id);
    assert!(files::list(&folder).is_empty(), "{:?}", files::list(&folder));
}

#[test]
fn from_installation_to_removal() {
    let (wine, seeder) = (Wine::new(), slow_seeder("for Windows"));
    let manifest = install(&wine);
    // As Firefox starts it.
    let as_firefox = [manifest.as_str(), FIREFOX_ID];
    let relay = wine.relay(&as_firefox);
    let engine = engine_pid(&relay);
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    granted(&relay, "pause", &id);
    wait_state(&relay, &id, &["paused"]);
    let done = torrent(&relay, &id)["done_bytes"].as_u64().unwrap();

    // The browser closes: the relay goes, and the engine stays.
    relay.close();
    relay.ended();
    let relay = wine.relay(&as_firefox);
    assert_eq!(engine_pid(&relay), engine);

    wine.kill(engine);
    relay.ended();
    let relay = wine.relay(&as_firefox);
    assert_ne!(engine_pid(&relay), engine);
    let again = torrent(&relay, &id);
    assert_eq!(again["state"], "paused", "{again:#}");
    let kept = again["done_bytes"].as_u64().unwrap();
    assert!(kept + MARGIN >= done, "{done} bytes were verified before, and now: {again:#}");
    goes_on_to_the_end(&relay, &seeder, kept, &wine.downloads());

    names_of_strangers(&wine, &relay);

    // Somebody who kills it and takes the power away finds it as it was.
    let boot = wine.registry(BOOT, Some("Id")).expect("an id of this boot");
    wine.kill(engine_pid(&relay));
    let sent = seeder.uploaded();
    wine.cut_power();
    let relay = wine.relay(&as_firefox);
    wait_complete(&relay, &id);
    assert_eq!(seeder.uploaded(), sent, "a complete torrent was fetched again");
    assert_ne!(wine.registry(BOOT, Some("Id")), Some(boot), "another boot");

    let stopped = wine.run(&["stop"]);
    assert!(stopped.status.success(), "{stopped:?}");
    relay.ended();
    let removed = wine.run(&["uninstall"]);
    assert!(removed.status.success(), "{removed:?}");
    for key in [FIREFOX, CHROME] {
        assert_eq!(wine.registry(key, None), None, "{key}");
    }
    assert!(!wine.unix_path(&manifest).exists());
}

/// The engine's process, when there is one.
fn running(wine: &Wine) -> Option<String> {
    let output = wine.run(&["--json", "doctor"]);
    let doctor: Value = serde_json::from_slice(&output.stdout).expect("the doctor's findings");
    let findings = doctor["findings"].as_array().expect("findings");
    let engine = findings.iter().find(|finding| finding["check"] == "engine").expect("an engine");
    engine["message"].as_str().filter(|message| message.contains("runs as")).map(str::to_owned)
}

#[test]
fn windows_opens_links_and_files_with_it_and_starts_it_with_the_session() {
    let wine = Wine::new();
    let parts = ["--handler", "--autostart"];
    let all = [&["install", "--browser", "firefox"], parts.as_slice()].concat();
    for _ in 0..2 {
        let installed = wine.run(&all);
        assert!(installed.status.success(), "{installed:?}");
    }
    let opens = Some(r#""C:\Torrpeddo\torrpeddo.exe" open "%1""#.to_owned());
    assert_eq!([MAGNET, TORRENT].map(|key| wine.registry(key, None)), [opens.clone(), opens]);
    let starts = r#""C:\Torrpeddo\torrpeddo.exe" engine"#;
    assert_eq!(wine.registry(RUN, Some("Torrpeddo")).as_deref(), Some(starts));

    let (torrent_file, _) = with_paths(b"file", &[vec![b"one.bin"]]);
    std::fs::write(wine.downloads().join("file.torrent"), &torrent_file).expect("a file");
    wine.open(MAGNET, &dead(1));
    wine.open(TORRENT, r"C:\downloads\file.torrent");
    let relay = wine.relay(&["relay"]);
    let names = || -> Vec<Value> {
        let status = relay.ok("get_status", json!({}));
        let torrents = status["torrents"].as_array().expect("torrents").iter();
        torrents.flat_map(|torrent| [torrent["id"].clone(), torrent["name"].clone()]).collect()
    };
    for wanted in [json!(dead_id(1)), json!("file")] {
        wait_until("what was opened to be added", || names().contains(&wanted));
    }
    assert!(wine.run(&["stop"]).status.success());
    relay.ended();
    wait_until("the end of the engine", || running(&wine).is_none());
    wine.cut_power();
    wine.log_in();
    wait_for("the engine to start with the session", || running(&wine));

    let removed = wine.run(&[&["uninstall"], parts.as_slice()].concat());
    assert!(removed.status.success(), "{removed:?}");
    assert_eq!([MAGNET, TORRENT].map(|key| wine.registry(key, None)), [None, None]);
    assert_eq!(wine.registry(RUN, Some("Torrpeddo")), None);
    assert!(wine.registry(FIREFOX, None).is_some(), "that was not asked for");
}
