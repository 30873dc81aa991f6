//! `torrpeddo list`.

use std::process::ExitCode;

use serde_json::json;
use torrpeddo_protocol::{Torrent, TorrentState, size};

use super::args::ListArguments;
use super::out::Out;
use super::{select, text};
use crate::failure::Result;

/// Lists the torrents.
pub fn run(arguments: &ListArguments, out: &Out) -> Result<ExitCode> {
    let (mut torrents, session) = select::all(&mut super::connect()?)?;
    let there = torrents.len();
    if !arguments.torrents.is_empty() {
        torrents = select::named(&torrents, &arguments.torrents)?;
    }
    if !arguments.states.is_empty() {
        torrents.retain(|torrent| arguments.states.iter().any(|state| state.is(torrent.state)));
    }
    out.document(&json!({ "torrents": torrents, "session": session }));
    if torrents.is_empty() {
        out.line(if there == 0 { "There are no torrents." } else { "None of them is so." });
        if there == 0 {
            out.hint("`torrpeddo add` adds a magnet link or a torrent file.");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = torrents.iter().map(row).collect();
    let head = ["ID", "STATE", "DONE", "SIZE", "DOWN", "UP", "LEFT", "NAME"];
    for line in text::table(&head, &rows, out.columns()) {
        out.line(&line);
    }
    for torrent in &torrents {
        if let Some(error) = &torrent.error {
            let id = text::short_id(&torrent.id);
            out.line(&format!("{id}: {}", text::plain(&error.message)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(torrent: &Torrent) -> Vec<String> {
    let size = match torrent.selected_bytes {
        0 => String::new(),
        known => size::bytes(known),
    };
    let left = torrent.eta_ms.filter(|_| torrent.state == TorrentState::Downloading);
    vec![
        text::short_id(&torrent.id).to_owned(),
        text::state(torrent).to_string(),
        text::percent(torrent.progress),
        size,
        text::rate(torrent.download_rate),
        text::rate(torrent.upload_rate),
        left.map(text::left).unwrap_or_default(),
        text::plain(&torrent.name),
    ]
}
