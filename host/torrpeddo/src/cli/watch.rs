//! `torrpeddo watch`, and the waiting of `torrpeddo add --wait`.

use std::collections::{BTreeMap, HashSet};
use std::process::ExitCode;

use torrpeddo_protocol::client::{ClientError, Notified};
use torrpeddo_protocol::methods::{Subscribe, SubscribeParams, Topic};
use torrpeddo_protocol::{Torrent, TorrentState};

use super::args::WatchArguments;
use super::out::Out;
use super::progress::Progress;
use super::{select, text};
use crate::failure::Result;
use crate::reach::Connection;

/// How often a terminal is worth an update.
const INTERVAL_MS: u64 = 500;

/// Shows the progress until the engine ends or somebody interrupts.
pub fn run(arguments: &WatchArguments, out: &Out) -> Result<ExitCode> {
    let mut connection = super::connect()?;
    let chosen: Option<HashSet<String>> = if arguments.torrents.is_empty() {
        None
    } else {
        let (torrents, _) = select::all(&mut connection)?;
        let torrents = select::named(&torrents, &arguments.torrents)?;
        Some(torrents.into_iter().map(|torrent| torrent.id).collect())
    };
    let is_chosen = |id: &str| chosen.as_ref().is_none_or(|chosen| chosen.contains(id));
    subscribe(&mut connection)?;
    let mut progress = Progress::new(out);
    loop {
        match connection.client.next_notification() {
            Ok(Notified::Torrents(mut changed)) => {
                changed.upsert.retain(|torrent| is_chosen(&torrent.id));
                changed.removed.retain(|id| is_chosen(id));
                out.document(&changed);
                for torrent in &changed.upsert {
                    progress.update(torrent);
                }
                for id in &changed.removed {
                    progress.remove(id);
                }
            }
            Ok(_) => {}
            Err(ClientError::Closed) => {
                progress.finish();
                out.line("The engine has ended.");
                return Ok(ExitCode::SUCCESS);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// How waiting ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether everything is there.
    pub all_well: bool,
    /// The torrents as they were last.
    pub torrents: BTreeMap<String, Torrent>,
}

/// Waits until each of these is complete, or will not be.
pub fn wait_for(connection: &mut Connection, torrents: Vec<Torrent>, out: &Out) -> Result<Ended> {
    let mut torrents: BTreeMap<String, Torrent> =
        torrents.into_iter().map(|torrent| (torrent.id.clone(), torrent)).collect();
    let mut open: HashSet<String> = torrents.keys().cloned().collect();
    let mut all_well = true;
    let mut progress = Progress::new(out);
    let mut last_words = Vec::new();
    if !open.is_empty() {
        subscribe(connection)?;
    }
    while !open.is_empty() {
        let Notified::Torrents(changed) = connection.client.next_notification()? else { continue };
        for torrent in changed.upsert {
            if !open.contains(&torrent.id) {
                continue;
            }
            progress.update(&torrent);
            if let Some(ending) = ending(&torrent) {
                open.remove(&torrent.id);
                all_well &= ending == Ending::Complete;
                last_words.push(words(&torrent, ending));
            }
            torrents.insert(torrent.id.clone(), torrent);
        }
        for id in changed.removed {
            if open.remove(&id) {
                progress.remove(&id);
                all_well = false;
                let name = torrents.get(&id).map_or(id.as_str(), |torrent| torrent.name.as_str());
                last_words.push(format!("not complete: {}: it was removed", text::plain(name)));
            }
        }
    }
    progress.finish();
    for line in last_words {
        out.line(&line);
    }
    Ok(Ended { all_well, torrents })
}

fn subscribe(connection: &mut Connection) -> Result<()> {
    let params = SubscribeParams { topics: vec![Topic::Torrents], interval_ms: Some(INTERVAL_MS) };
    connection.client.call::<Subscribe>(&params)?;
    Ok(())
}

/// Why there is nothing more to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Complete,
    /// Only the user sets it going again.
    Stopped,
    Failed,
}

fn ending(torrent: &Torrent) -> Option<Ending> {
    match torrent.state {
        TorrentState::Seeding | TorrentState::Finished => Some(Ending::Complete),
        TorrentState::Paused | TorrentState::Cancelled if torrent.completed_at.is_some() => {
            Some(Ending::Complete)
        }
        TorrentState::Paused | TorrentState::Cancelled => Some(Ending::Stopped),
        TorrentState::Error => Some(Ending::Failed),
        TorrentState::Queued
        | TorrentState::FetchingMetadata
        | TorrentState::Checking
        | TorrentState::Downloading => None,
    }
}

fn words(torrent: &Torrent, ending: Ending) -> String {
    let name = text::plain(&torrent.name);
    match (ending, &torrent.error) {
        (Ending::Complete, _) => {
            format!("complete: {name}, in {}", text::plain(&torrent.save_path))
        }
        (Ending::Failed, Some(error)) => {
            format!("not complete: {name}: {}", text::plain(&error.message))
        }
        (_, _) => format!("not complete: {name}: it is {}", torrent.state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::select::tests::torrent;

    #[test]
    fn waiting_ends_when_nothing_more_will_come() {
        use TorrentState::{Cancelled, Checking, Downloading, Error, Finished, Paused, Seeding};
        for (state, expected) in [
            (Downloading, None),
            (Checking, None),
            (Seeding, Some(Ending::Complete)),
            (Finished, Some(Ending::Complete)),
            (Paused, Some(Ending::Stopped)),
            (Cancelled, Some(Ending::Stopped)),
            (Error, Some(Ending::Failed)),
        ] {
            assert_eq!(ending(&torrent("a", "b", state)), expected, "{state}");
        }
        let mut complete = torrent("a", "b", Paused);
        complete.completed_at = Some(1);
        assert_eq!(ending(&complete), Some(Ending::Complete));
    }
}
