//! librqbit without anything around it, for `cargo xtask bench` to compare with: its own storage,
//! nothing kept for another start.
//!
//! `bare FOLDER TORRENT…` says `ready`, begins when it is told to by a line, says `done` when all
//! of it is there, and ends with its standard input.

use std::collections::HashSet;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use librqbit::{AddTorrent, AddTorrentOptions, ManagedTorrent, Session, SessionOptions};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().expect("a folder to download to");
    let torrents: Vec<Vec<u8>> =
        arguments.map(|path| std::fs::read(path).expect("a torrent file")).collect();
    let options = SessionOptions {
        dht: None,
        disable_local_service_discovery: true,
        trackers: HashSet::new(),
        ..SessionOptions::default()
    };
    let session = Session::new_with_opts(folder, options).await.expect("a session");
    let mut lines = std::io::stdin().lock().lines();
    println!("ready");
    lines.next();
    let mut handles = Vec::new();
    for torrent in torrents {
        let options = AddTorrentOptions { overwrite: true, ..AddTorrentOptions::default() };
        let added = session.add_torrent(AddTorrent::from_bytes(torrent), Some(options)).await;
        handles.push(added.expect("a good torrent").into_handle().expect("a handle"));
    }
    while !handles.iter().all(is_complete) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("done");
    lines.next();
}

fn is_complete(handle: &Arc<ManagedTorrent>) -> bool {
    let stats = handle.stats();
    assert!(stats.error.is_none(), "{:?}", stats.error);
    stats.finished
}
