//! One torrent as the manager knows it: what lasts, and what it does right now.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use torrpeddo_protocol::model::TorrentError;
use torrpeddo_protocol::{RpcError, Torrent, TorrentState};

use crate::magnet;
use crate::metainfo::{InfoHash, Metainfo};
use crate::queue::Kind;
use crate::session::{Phase, RunStats};
use crate::store::{Intent, TorrentRow};
use crate::{Error, Result, files};

/// The longest pause between two attempts to resolve a magnet.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What a torrent does in the session.
pub(super) enum Actual {
    /// Nothing: it costs no connection, no descriptor and no task.
    Idle,
    /// Asks for its metadata.
    Resolving(JoinHandle<()>),
    /// It is in the session.
    Running,
    /// It is in the session to be hashed, and to stop then.
    Checking,
}

/// What a torrent should do, by what the user wants and what the queue grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Metadata,
    /// Hash what is on disk, and no more.
    Check,
    Run,
}

pub(super) struct Entry {
    /// What lasts. Every change is saved.
    pub row: TorrentRow,
    /// Whoever starts or stops it holds this, so that the two never interleave.
    pub gate: Arc<tokio::sync::Mutex<()>>,
    /// The queue lets it run.
    pub granted: bool,
    /// It is being removed: for everybody else it is gone.
    pub removing: bool,
    /// It should stop and start once more, with what has been learned.
    pub restart: bool,
    /// The user wants what is on disk to be hashed.
    pub recheck: bool,
    /// How many want it to stand still, because they work on its files or its selection.
    pub holds: u32,
    /// Whoever works on its files holds this.
    pub desk: Arc<tokio::sync::Mutex<()>>,
    /// Stops the work on its files.
    pub stop_work: CancellationToken,
    /// How far the move of its files is.
    pub moving: Option<Arc<files::relocate::Progress>>,
    pub actual: Actual,
    /// Its files, while it runs.
    pub meta: Option<Arc<Metainfo>>,
    /// What the session last said of it.
    pub stats: Option<RunStats>,
    /// The place in the queue, from 0.
    pub rank: Option<u32>,
    /// Counters up to the current run, to which the session's are added.
    pub base: (u64, u64),
    /// How often its metadata was asked for in vain.
    pub attempts: u32,
    /// When it may be asked for again.
    pub retry_at: Instant,
    /// A rate that does not jump, for the time that is left.
    pub smooth_rate: f64,
    /// Since when it has been slower than `ignore_slow.rate`.
    pub slow_since: Option<Instant>,
    /// When the row was last saved because of counters alone.
    pub counters_saved: Instant,
    /// The bytes that were counted then.
    pub bytes_saved: (u64, u64),
}

impl Entry {
    pub fn new(row: TorrentRow) -> Self {
        let base = (row.downloaded, row.uploaded);
        Self {
            row,
            gate: Arc::default(),
            granted: false,
            removing: false,
            restart: false,
            recheck: false,
            holds: 0,
            desk: Arc::default(),
            stop_work: CancellationToken::new(),
            moving: None,
            actual: Actual::Idle,
            meta: None,
            stats: None,
            rank: None,
            base,
            attempts: 0,
            retry_at: Instant::now(),
            smooth_rate: 0.0,
            slow_since: None,
            counters_saved: Instant::now(),
            bytes_saved: base,
        }
    }

    pub const fn has_metainfo(&self) -> bool {
        self.row.file_count > 0
    }

    pub const fn complete(&self) -> bool {
        self.row.completed_at.is_some()
    }

    /// Whether the queue should think of it.
    pub fn wants_to_run(&self) -> bool {
        self.row.intent == Intent::Managed
            && self.row.error.is_none()
            && !self.row.stopped
            && !self.removing
    }

    pub fn wanted(&self) -> Wanted {
        let granted = self.granted && self.wants_to_run();
        if self.holds > 0 || self.removing {
            Wanted::Nothing
        } else if !self.has_metainfo() {
            if granted { Wanted::Metadata } else { Wanted::Nothing }
        } else if self.recheck && (!granted || matches!(self.actual, Actual::Checking)) {
            // A check that has begun is not begun anew because a slot became free.
            Wanted::Check
        } else if granted {
            Wanted::Run
        } else {
            Wanted::Nothing
        }
    }

    /// Whether it is in the session.
    pub const fn in_session(&self) -> bool {
        matches!(self.actual, Actual::Running | Actual::Checking)
    }

    /// Whether what it does is what it should do.
    pub fn settled(&self) -> bool {
        !self.restart
            && matches!(
                (&self.actual, self.wanted()),
                (Actual::Idle, Wanted::Nothing)
                    | (Actual::Resolving(_), Wanted::Metadata)
                    | (Actual::Running, Wanted::Run)
                    | (Actual::Checking, Wanted::Check)
            )
    }

    pub const fn kind(&self) -> Kind {
        if self.complete() { Kind::Seed } else { Kind::Download }
    }

    pub fn state(&self) -> TorrentState {
        if matches!(self.actual, Actual::Checking) && self.recheck {
            return TorrentState::Checking;
        }
        match self.row.intent {
            Intent::Cancelled => return TorrentState::Cancelled,
            Intent::Paused => return TorrentState::Paused,
            Intent::Managed => {}
        }
        if self.row.error.is_some() {
            return TorrentState::Error;
        }
        if !self.has_metainfo() {
            return TorrentState::FetchingMetadata;
        }
        match (&self.actual, &self.stats) {
            (Actual::Running, Some(RunStats { phase: Phase::Live, .. })) => {
                if self.complete() {
                    TorrentState::Seeding
                } else {
                    TorrentState::Downloading
                }
            }
            (Actual::Running, stats) if self.is_hashing(stats.as_ref()) => TorrentState::Checking,
            _ if self.complete() => TorrentState::Finished,
            _ => TorrentState::Queued,
        }
    }

    /// Whether what is on disk is really hashed. A start that believes its record takes a moment
    /// too, and is no check.
    const fn is_hashing(&self, stats: Option<&RunStats>) -> bool {
        self.row.verify
            || matches!(stats, Some(RunStats { phase: Phase::Checking { checked_bytes }, .. })
                if *checked_bytes > 0)
    }

    /// Whether the engine has to stay for it.
    pub fn is_work(&self) -> bool {
        if self.holds > 0 {
            return true;
        }
        match self.state() {
            TorrentState::Downloading | TorrentState::Checking | TorrentState::FetchingMetadata => {
                true
            }
            // It has its slot and is about to start.
            TorrentState::Queued => self.granted,
            _ => false,
        }
    }

    /// It may not be done in this state.
    pub fn wrong_state(&self, message: String) -> Error {
        Error::WrongState { message, state: self.state() }
    }

    /// Notes an error that stops it. Whoever resumes it before it has stopped wants another run, not
    /// to hear of this one's failure again.
    pub fn fail(&mut self, error: &Error) {
        self.restart = true;
        // A check that could not even begin would be tried again at once, for ever. The next run
        // checks all the same (`row.verify`).
        self.recheck = false;
        let error = RpcError::from(error.clone());
        self.row.error = Some(TorrentError { kind: error.kind(), message: error.message });
        self.granted = false;
    }

    /// Its metadata may be asked for at once, as if nobody had asked in vain.
    pub fn ask_soon(&mut self) {
        self.attempts = 0;
        self.retry_at = Instant::now();
    }

    /// Notes a vain attempt to resolve it, and when the next one may be.
    pub fn missed(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
        let pause = Duration::from_secs(1 << self.attempts.min(9)).min(LONGEST_PAUSE);
        self.retry_at = Instant::now() + pause;
        self.granted = false;
    }

    /// Takes in a new selection; none is everything. Its progress is to be counted anew.
    pub fn select(&mut self, meta: &Metainfo, selected: Option<Vec<u32>>) {
        self.row.selected = selected;
        self.row.selected_bytes = selected_bytes(meta, self.row.selected.as_deref());
    }

    /// Takes in how much of the selection is verified, and what that makes of it. True if it has
    /// just become complete.
    pub fn count(&mut self, done_bytes: u64, complete: bool, now: u64) -> bool {
        self.row.done_bytes = done_bytes;
        if complete == self.complete() {
            return false;
        }
        self.row.completed_at = complete.then_some(now);
        if !complete {
            self.row.stopped = false;
        }
        complete
    }

    /// Takes in what its metainfo says.
    pub fn learn(&mut self, meta: &Metainfo) {
        self.row.name.clone_from(&meta.name);
        self.row.root = meta.files.first().and_then(|file| {
            let first = file.path.components().next()?;
            Some(first.as_os_str().to_string_lossy().into_owned())
        });
        let shown = meta.files.iter().filter(|file| !file.padding).count();
        self.row.file_count = u32::try_from(shown).unwrap_or(u32::MAX);
        self.row.total_bytes = meta.total_bytes;
        self.row.private = meta.private;
        if let Some(selected) = &mut self.row.selected {
            selected.retain(|index| (*index as usize) < meta.files.len());
            if selected.is_empty() {
                self.row.selected = None;
            }
        }
        self.row.selected_bytes = selected_bytes(meta, self.row.selected.as_deref());
    }

    /// What clients see.
    pub fn view(&self) -> Torrent {
        let row = &self.row;
        let live = self.in_session().then_some(self.stats.as_ref()).flatten();
        let state = self.state();
        let progress = match live.map(|stats| &stats.phase) {
            Some(Phase::Checking { checked_bytes }) if state == TorrentState::Checking => {
                share(*checked_bytes, row.total_bytes)
            }
            _ if self.complete() => 1.0,
            _ => share(row.done_bytes, row.selected_bytes),
        };
        let download_rate = live.map_or(0, |stats| stats.download_rate);
        let left = row.selected_bytes.saturating_sub(row.done_bytes);
        Torrent {
            id: row.id.to_string(),
            name: row.name.clone(),
            state,
            auto_managed: row.intent == Intent::Managed,
            forced: row.forced,
            queue_position: self.rank,
            progress,
            total_bytes: row.total_bytes,
            selected_bytes: row.selected_bytes,
            done_bytes: row.done_bytes,
            downloaded: row.downloaded,
            uploaded: row.uploaded,
            ratio: ratio(row),
            download_rate,
            upload_rate: live.map_or(0, |stats| stats.upload_rate),
            eta_ms: (state == TorrentState::Downloading && self.smooth_rate >= 1.0)
                .then(|| (left as f64 / self.smooth_rate * 1000.0) as u64),
            peers_connected: live.map_or(0, |stats| stats.peers_connected),
            peers_known: live.map_or(0, |stats| stats.peers_known),
            save_path: row.save_path.to_string_lossy().into_owned(),
            labels: row.labels.clone(),
            added_at: row.added_at,
            completed_at: row.completed_at,
            error: row.error.clone(),
            file_count: row.file_count,
            private: row.private,
            magnet: shown_magnet(row),
            ratio_limit: row.ratio_limit,
            moving: self.moving.as_ref().map(|moving| {
                let part = moving.done.load(Ordering::Relaxed);
                share(part, moving.total.load(Ordering::Relaxed))
            }),
            tracker: magnet::tracker_host(&row.magnet),
        }
    }
}

/// Uploaded over downloaded, or over the size where nothing was downloaded (BEP 3 knows no ratio;
/// this is what people expect of a torrent that was there before).
pub(super) fn ratio(row: &TorrentRow) -> f64 {
    let whole = if row.downloaded > 0 { row.downloaded } else { row.total_bytes };
    if whole == 0 { 0.0 } else { row.uploaded as f64 / whole as f64 }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

/// The size of the selected files.
pub(super) fn selected_bytes(meta: &Metainfo, selected: Option<&[u32]>) -> u64 {
    let files = meta.files.iter().filter(|file| !file.padding);
    match selected {
        None => files.map(|file| file.bytes).sum(),
        Some(selected) => selected
            .iter()
            .filter_map(|index| meta.files.get(*index as usize))
            .filter(|file| !file.padding)
            .map(|file| file.bytes)
            .sum(),
    }
}

/// The longest magnet link that is told of in the list; the rest of a longer one is trackers.
const SHOWN_MAGNET: usize = 4096;

/// The magnet link in the list. That of a private torrent has no URLs: they may contain a passkey.
fn shown_magnet(row: &TorrentRow) -> String {
    let mut link = String::new();
    // A link that we wrote is ASCII, and cut between two parameters it is still a link.
    for part in row.magnet.split_inclusive('&') {
        if row.private && (part.starts_with("tr=") || part.starts_with("ws=")) {
            continue;
        }
        if link.len() + part.len() > SHOWN_MAGNET {
            break;
        }
        link += part;
    }
    link.truncate(link.trim_end_matches('&').len());
    link
}

/// The indices that librqbit is given.
pub(super) fn selected_files(selected: Option<&[u32]>) -> Option<Vec<usize>> {
    selected.map(|selected| selected.iter().map(|index| *index as usize).collect())
}

/// A path below the torrent's folder as clients see it, with `/` between its parts.
pub(super) fn shown_path(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Reads a torrent's id.
///
/// # Errors
/// `NotFound` when it is no info-hash: no torrent can have it.
pub(crate) fn parse_id(id: &str) -> Result<InfoHash> {
    id.parse().map_err(|_| Error::NotFound { id: id.chars().take(100).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_of_a_private_torrent_shows_no_passkey() {
        let secret =
            "&tr=http%3A%2F%2Ft.example%2Fpasskey%2Fannounce&ws=http%3A%2F%2Ft.example%2Fpasskey";
        let magnet = format!("magnet:?xt=urn:btih:x&dn=a{secret}&x.pe=b.example%3A1");
        let mut row = TorrentRow { magnet: magnet.clone(), ..crate::store::tests::row(1) };
        assert_eq!(shown_magnet(&row), "magnet:?xt=urn:btih:x&dn=a&x.pe=b.example%3A1");
        row.private = false;
        assert_eq!(shown_magnet(&row), magnet);
        row.magnet = format!("magnet:?xt=urn:btih:x{secret}");
        row.private = true;
        assert_eq!(shown_magnet(&row), "magnet:?xt=urn:btih:x");
    }

    #[test]
    fn a_long_link_is_cut_between_two_parameters() {
        let tracker = format!("&tr=http%3A%2F%2F{}", "a".repeat(80));
        let magnet = format!("magnet:?xt=urn:btih:x{}", tracker.repeat(100));
        let row = TorrentRow { magnet, private: false, ..crate::store::tests::row(1) };
        let shown = shown_magnet(&row);
        assert!(shown.len() <= SHOWN_MAGNET && shown.len() > SHOWN_MAGNET - 100);
        assert!(shown.ends_with(&tracker));
    }
}
