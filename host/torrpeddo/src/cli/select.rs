//! Which torrents somebody means.

use torrpeddo_protocol::methods::{GetStatus, GetStatusParams};
use torrpeddo_protocol::{ErrorKind, Session, Torrent};

use super::args::Which;
use super::text;
use crate::failure::{Failure, Result};
use crate::reach::Connection;

/// How many of several matches are named.
const NAMED: usize = 5;

/// Every torrent, and the session's totals.
pub fn all(connection: &mut Connection) -> Result<(Vec<Torrent>, Session)> {
    let mut torrents = Vec::new();
    let mut cursor = None;
    loop {
        let params = GetStatusParams { ids: None, cursor };
        let page = connection.client.call::<GetStatus>(&params)?;
        torrents.extend(page.torrents);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok((torrents, page.session));
        }
    }
}

/// Those that are meant.
pub fn which(connection: &mut Connection, which: &Which) -> Result<Vec<Torrent>> {
    let (torrents, _) = all(connection)?;
    if which.all { Ok(torrents) } else { named(&torrents, &which.torrents) }
}

/// The one that is meant.
pub fn single(connection: &mut Connection, name: &str) -> Result<Torrent> {
    let (torrents, _) = all(connection)?;
    one(&torrents, name).cloned()
}

/// Those of these names, each once, in the order named.
pub fn named(torrents: &[Torrent], names: &[String]) -> Result<Vec<Torrent>> {
    let mut found: Vec<Torrent> = Vec::new();
    for name in names {
        let torrent = one(torrents, name)?;
        if !found.iter().any(|known| known.id == torrent.id) {
            found.push(torrent.clone());
        }
    }
    Ok(found)
}

/// The one that `name` means: an id, the beginning of exactly one, or a name.
fn one<'a>(torrents: &'a [Torrent], name: &str) -> Result<&'a Torrent> {
    let id = name.to_ascii_lowercase();
    let by_id = |torrent: &&Torrent| !id.is_empty() && torrent.id.starts_with(&id);
    let same = |torrent: &&Torrent| torrent.name == name;
    let similar = |torrent: &&Torrent| torrent.name.to_lowercase() == name.to_lowercase();
    // What the terminal showed can be typed, too.
    let as_shown = |torrent: &&Torrent| text::plain(&torrent.name) == name;
    let ways: [&dyn Fn(&&Torrent) -> bool; 4] = [&same, &by_id, &similar, &as_shown];
    for way in ways {
        let matches: Vec<&Torrent> = torrents.iter().filter(|torrent| way(torrent)).collect();
        match matches.as_slice() {
            [] => {}
            [one] => return Ok(one),
            several => return Err(ambiguous(name, several)),
        }
    }
    let mut failure = Failure::new(
        ErrorKind::NotFound,
        format!("There is no torrent with the id or name {}.", text::plain(name)),
    )
    .hint("`torrpeddo list` shows them all.");
    failure.error.data.id = Some(name.to_owned());
    Err(failure)
}

fn ambiguous(name: &str, several: &[&Torrent]) -> Failure {
    let mut list: Vec<String> = several
        .iter()
        .take(NAMED)
        .map(|torrent| format!("{} ({})", text::short_id(&torrent.id), text::plain(&torrent.name)))
        .collect();
    if several.len() > NAMED {
        list.push("…".into());
    }
    Failure::usage(format!(
        "{} could be any of {} torrents: {}.",
        text::plain(name),
        several.len(),
        list.join(", ")
    ))
    .hint("Type more of the id.")
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;
    use torrpeddo_protocol::TorrentState;

    use super::*;
    use crate::failure::EXIT_USAGE;

    /// A torrent for tests.
    pub fn torrent(id: &str, name: &str, state: TorrentState) -> Torrent {
        serde_json::from_value(json!({
            "id": id, "name": name, "state": state, "auto_managed": true, "forced": false,
            "queue_position": null, "progress": 0.5, "total_bytes": 2048, "selected_bytes": 2048,
            "done_bytes": 1024, "downloaded": 0, "uploaded": 0, "ratio": 0.0, "download_rate": 0,
            "upload_rate": 0, "eta_ms": null, "peers_connected": 0, "peers_known": 0,
            "save_path": "/d", "labels": [], "added_at": 0, "completed_at": null, "error": null,
            "file_count": 1, "private": false, "magnet": "magnet:",
        }))
        .unwrap()
    }

    #[test]
    fn a_torrent_is_meant_by_id_beginning_or_name() {
        let of = |id: &str, name: &str| torrent(id, name, TorrentState::Queued);
        let torrents = [
            of("abc1", "Debian"),
            of("abd2", "debian two"),
            of("0ff3", "abd"),
            of("e4", "x\u{202e}y"),
        ];
        for (name, expected) in [
            ("abc1", Ok("abc1")),
            ("ABC", Ok("abc1")),
            ("debian", Ok("abc1")),
            ("Debian Two", Ok("abd2")),
            ("abd", Ok("0ff3")),
            ("xy", Ok("e4")),
            ("ab", Err(EXIT_USAGE)),
            ("nothing", Err(1)),
            ("", Err(1)),
        ] {
            let found = one(&torrents, name);
            let found = found.as_ref().map(|torrent| torrent.id.as_str()).map_err(|f| f.exit);
            assert_eq!(found, expected, "{name}");
        }
        let twice = named(&torrents, &["abc".into(), "Debian".into()]).unwrap();
        assert_eq!(twice.len(), 1);
    }
}
