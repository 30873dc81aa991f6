//! The command line, for scripts and for people.

// They watch processes in the way of Unix.
#![cfg(unix)]
// Clippy knows tests by their attribute, and takes the helpers beside them for the program.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::process::{Output, Stdio};

use common::{Home, eventually, until};
use serde_json::{Value, json};

/// The SHA-1 of `Hello, Torrpeddo!` and a newline.
const HASH: &str = "3c2b8f980cf4764d391546d6595aee581980beac";

const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn magnet(id: &str, name: &str) -> String {
    format!("magnet:?xt=urn:btih:{id}&dn={name}")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_magnet_is_added_listed_paused_and_forgotten() {
    let home = Home::new();
    let (code, added) = home.json(&["add", &magnet(ID, "One"), "--label", "x", "--label", "y"]);
    assert_eq!(code, 0, "{added}");
    assert_eq!(added["results"][0]["torrent"]["id"], ID);
    assert_eq!(added["results"][0]["torrent"]["labels"], json!(["x", "y"]));
    assert_eq!(added["results"][0]["already_exists"], false);
    let (_, again) = home.json(&["add", &magnet(ID, "One")]);
    assert_eq!(again["results"][0]["already_exists"], true);

    let (code, paused) = home.json(&["pause", "aaa"]);
    assert_eq!((code, &paused["results"][0]["ok"]), (0, &json!(true)));
    let (_, list) = home.json(&["list", "--state", "paused"]);
    assert_eq!(list["torrents"][0]["id"], ID);
    assert_eq!(list["session"]["counts"]["paused"], 1);
    assert_eq!(home.json(&["list", "--state", "seeding"]).1["torrents"], json!([]));
    assert_eq!(home.json(&["resume", "One", "--force"]).0, 0);
    assert_eq!(home.json(&["list", "one"]).1["torrents"][0]["forced"], true);

    // Only what is cancelled loses its files this way.
    let (code, refused) = home.json(&["delete-files", "--yes", ID]);
    assert_eq!(code, 1);
    assert_eq!(refused["results"][0]["error"]["data"]["kind"], "wrong_state");
    assert_eq!(home.json(&["cancel", "--all"]).0, 0);
    assert_eq!(home.json(&["delete-files", "--yes", ID]).0, 0);
    assert_eq!(home.json(&["list"]).1["torrents"], json!([]));
}

#[test]
fn words_are_for_people() {
    let home = Home::new();
    let empty = home.run(["list"]);
    assert!(said(&empty).contains("There are no torrents.\nhint: "), "{}", said(&empty));
    let added = home.run(["add", &magnet(ID, "Some%20thing"), "--paused"]);
    assert_eq!(said(&added), "added: Some thing (aaaaaaaa)\n");
    let list = said(&home.run(["list"]));
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("ID ") && lines[0].ends_with("NAME"), "{list}");
    assert!(lines[1].contains("paused") && lines[1].ends_with("Some thing"), "{list}");
    assert_eq!(said(&home.run(["cancel", "Some thing"])), "cancelled: Some thing\n");
    assert_eq!(said(&home.run(["remove", "aa"])), "removed: Some thing\n");
}

#[test]
fn a_strangers_name_cannot_play_with_the_terminal() {
    let home = Home::new();
    let name = "%1B%5B31mred%E2%80%AEgpj.exe%07";
    home.run(["add", &magnet(ID, name), "--paused"]);
    for arguments in [&["list"][..], &["pause", ID], &["remove", ID]] {
        let output = home.run(arguments);
        let text = said(&output);
        assert!(text.contains("red"), "{arguments:?}: {text:?}");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{arguments:?}: {text:?}");
    }
}

#[test]
fn what_cannot_be_done_is_said_with_its_exit_code() {
    let home = Home::new();
    for (arguments, code, kind) in [
        (&["add", "/no/such.torrent"][..], 1, ""),
        (&["pause", "nothing"], 1, "not_found"),
        (&["settings", "no_such"], 2, "invalid_params"),
        (&["settings", "dht", "7"], 1, "invalid_params"),
        (&["remove", "--all", "--delete-files"], 0, ""),
        (&["install", "--browser", "netscape"], 2, "invalid_params"),
    ] {
        let (found, document) = home.json(arguments);
        assert_eq!(found, code, "{arguments:?}: {document}");
        if !kind.is_empty() {
            assert_eq!(document["error"]["data"]["kind"], kind, "{arguments:?}");
        }
    }
    home.run(["add", &magnet(ID, "One"), "--paused"]);
    home.run(["add", &magnet(&ID.replace("aaaaaaa", "aaaaaab"), "Two"), "--paused"]);
    let ambiguous = home.run(["pause", "aa"]);
    assert_eq!(ambiguous.status.code(), Some(2));
    assert!(complained(&ambiguous).contains("One") && complained(&ambiguous).contains("hint:"));
    for arguments in [&["remove", "--all"][..], &["delete-files", "One"]] {
        let unasked = home.run(arguments);
        assert_eq!(unasked.status.code(), Some(2), "nobody is there to be asked");
        assert!(complained(&unasked).contains("--yes"));
    }
    assert_eq!(home.run(["no-such-command"]).status.code(), Some(2));
    assert_eq!(home.json(&["list"]).1["torrents"].as_array().unwrap().len(), 2);
}

#[test]
fn peers_and_trackers_are_listed_and_asked() {
    let home = Home::new();
    let tracker = "http%3A%2F%2F127.0.0.1%3A9%2Fannounce";
    let uri = format!("{}&tr={tracker}", magnet(ID, "One"));
    home.run(["add", &uri, "--paused"]);
    let (code, listed) = home.json(&["trackers", "aaa"]);
    let first = &listed["trackers"][0];
    assert_eq!((code, &first["tier"]), (0, &json!(0)), "{listed}");
    let (url, state) = ("http://127.0.0.1:9/announce", "not_contacted");
    assert_eq!((&first["url"], &first["state"]), (&json!(url), &json!(state)));
    let table = said(&home.run(["trackers", "One"]));
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("TIER  STATE") && lines[0].ends_with("URL"), "{table}");
    assert!(lines[1].starts_with("0     not contacted") && lines[1].ends_with(url), "{table}");

    assert_eq!(home.json(&["peers", ID]), (0, json!({"peers": []})));
    assert_eq!(said(&home.run(["peers", "One"])), "No peer is connected.\n");
    // A torrent that does not run asks nobody.
    let (code, refused) = home.json(&["announce", "One"]);
    assert_eq!(code, 1);
    assert_eq!(refused["results"][0]["error"]["data"]["kind"], "wrong_state");
    assert!(said(&home.run(["announce", "One"])).starts_with("not announced: One: "));
    home.run(["resume", "One"]);
    eventually("the tracker to be asked", || {
        (home.json(&["announce", "One"]).0 == 0).then_some(())
    });
    home.run(["add", &magnet(&ID.replace("aaaaaaa", "aaaaaab"), "Two"), "--paused"]);
    assert_eq!(said(&home.run(["trackers", "Two"])), "This torrent has no trackers.\n");
    for command in ["peers", "trackers"] {
        assert_eq!(home.run([command]).status.code(), Some(2), "{command}");
        assert_eq!(home.json(&[command, "nothing"]).1["error"]["data"]["kind"], "not_found");
    }
    assert!(said(&home.run(["peers", "--help"])).contains("optimistic unchoke slot"));
}

#[test]
fn one_bad_source_does_not_keep_out_the_good_ones() {
    let home = Home::new();
    let (code, added) =
        home.json(&["add", "magnet:?xt=urn:btih:zz", &magnet(ID, "One"), "/no/such.torrent"]);
    assert_eq!(code, 1);
    let results = added["results"].as_array().unwrap();
    assert_eq!(results[0]["error"]["data"]["kind"], "invalid_magnet");
    assert_eq!(results[1]["torrent"]["id"], ID);
    assert_eq!(results[2]["error"]["data"]["kind"], "io");
}

#[test]
fn settings_are_shown_and_changed() {
    let home = Home::new();
    let (_, all) = home.json(&["settings"]);
    assert_eq!((&all["dht"], &all["max_active_downloads"]), (&json!(false), &json!(5)));
    let (code, changed) = home.json(&["settings", "max_active", "7"]);
    assert_eq!((code, &changed["max_active"]), (0, &json!(7)));
    assert_eq!(home.json(&["settings", "max_active"]).1, json!(7));
    assert_eq!(said(&home.run(["settings", "start_paused", "yes"])), "start_paused is true now.\n");
    let (code, _) = home.json(&["settings", "ignore_slow.rate", "10K"]);
    assert_eq!(code, 0);
    let (_, slow) = home.json(&["settings", "ignore_slow"]);
    assert_eq!((&slow["rate"], &slow["seconds"]), (&json!(10_000), &json!(60)));
    // They last.
    home.run(["stop"]);
    assert_eq!(home.json(&["settings", "ignore_slow.rate"]).1, json!(10_000));
}

/// A torrent of one file.
fn torrent_file() -> (Vec<u8>, &'static [u8]) {
    let content = b"Hello, Torrpeddo!\n";
    // The SHA-1 of the content.
    let hash = HASH
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    let mut file =
        b"d4:infod6:lengthi18e4:name9:hello.txt12:piece lengthi16384e6:pieces20:".to_vec();
    file.extend(hash);
    file.extend(b"ee");
    (file, content)
}

#[test]
fn add_waits_until_everything_is_there() {
    let home = Home::new();
    let downloads = home.user().join("downloads");
    std::fs::create_dir_all(&downloads).unwrap();
    let (torrent, content) = torrent_file();
    let path = home.user().join("hello.torrent");
    std::fs::write(&path, torrent).unwrap();
    std::fs::write(downloads.join("hello.txt"), content).unwrap();
    let arguments =
        ["add", path.to_str().unwrap(), "--folder", downloads.to_str().unwrap(), "--wait"];
    let (code, added) = home.json(&arguments);
    assert_eq!(code, 0, "{added}");
    assert_eq!(added["results"][0]["torrent"]["progress"], 1.0);
    // A second time in words.
    let again = home.run(arguments);
    assert!(said(&again).contains("already there: hello.txt"), "{}", said(&again));
    assert!(said(&again).contains("complete: hello.txt, in "), "{}", said(&again));
}

#[test]
fn waiting_ends_when_somebody_pauses_it() {
    let home = Home::new();
    home.run(["list"]);
    let mut command = home.command(["--json", "add", &magnet(ID, "One"), "--wait"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("it is there", || !home.json(&["list"]).1["torrents"].as_array().unwrap().is_empty());
    home.run(["pause", "One"]);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["results"][0]["torrent"]["state"], "paused");
}

#[test]
fn watch_tells_what_changes_until_the_engine_ends() {
    let home = Home::new();
    home.run(["add", &magnet(ID, "One"), "--paused"]);
    let mut command = home.command(["watch"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert_eq!(lines.next().unwrap().unwrap(), "One: paused");
    home.run(["resume", "One"]);
    assert_eq!(lines.next().unwrap().unwrap(), "One: fetching metadata");
    home.run(["stop"]);
    assert_eq!(lines.last().unwrap().unwrap(), "The engine has ended.");
    assert!(eventually("watch ends", || child.try_wait().unwrap()).success());
}

#[test]
fn stopping_twice_is_no_error_and_starts_nothing() {
    let home = Home::new();
    assert_eq!(home.json(&["stop"]), (0, json!({"was_running": false})));
    let pid = home.relay().engine_pid();
    assert_eq!(home.json(&["stop"]), (0, json!({"was_running": true, "pid": pid})));
    // It lets go of its lock a moment before the system has taken it away.
    eventually("the end of the process", || (!common::is_running(pid)).then_some(()));
    assert_eq!(said(&home.run(["stop"])), "The engine is not running.\n");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let home = Home::new();
    let mut command = home.command(["completions", "bash"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn help_and_completions_need_no_engine() {
    let home = Home::new();
    let help = home.run(["--help"]);
    assert!(help.status.success());
    for expected in ["Examples:", "Exit codes:", "add", "doctor", "TORRPEDDO_HOME"] {
        assert!(said(&help).contains(expected), "{expected}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = home.run(["completions", shell]);
        assert!(output.status.success() && said(&output).contains("torrpeddo"), "{shell}");
    }
    assert!(said(&home.run(["--version"])).starts_with("torrpeddo "));
    assert!(!home.path.exists());
}
