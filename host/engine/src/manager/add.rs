//! Adding torrents.

use torrpeddo_protocol::limits;
use torrpeddo_protocol::methods::{AddOptions, AddResult};
use torrpeddo_protocol::notifications::EventKind;

use super::entry::Entry;
use super::{Manager, State, blocking, now_ms};
use crate::magnet::Magnet;
use crate::metainfo::{InfoHash, Metainfo};
use crate::store::{Ack, Intent, TorrentRow};
use crate::{Error, Result, names};

/// How many labels a torrent may have.
const LABELS: usize = 32;
/// How long a label may be, in bytes.
const LABEL_BYTES: usize = 64;

/// Where a torrent comes from.
pub(super) struct Source {
    magnet: Magnet,
    torrent: Option<(Vec<u8>, Metainfo)>,
}

impl Source {
    fn from_torrent(torrent: Vec<u8>, meta: Metainfo) -> Self {
        let magnet = Magnet {
            info_hash: meta.info_hash,
            name: Some(meta.name.clone()),
            trackers: meta.trackers(),
            peers: Vec::new(),
            selected: None,
            web_seeds: Vec::new(),
        };
        Self { magnet, torrent: Some((torrent, meta)) }
    }
}

/// Checked options.
struct Options {
    save_path: Option<std::path::PathBuf>,
    paused: Option<bool>,
    selected: Option<Vec<u32>>,
    queue_top: bool,
    labels: Vec<String>,
}

impl Manager {
    /// Adds a magnet link. The entry is there at once; its metadata is fetched afterwards.
    ///
    /// # Errors
    /// `InvalidMagnet`, `InvalidPath`, `InvalidParams`.
    pub async fn add_magnet(&self, uri: &str, options: AddOptions) -> Result<AddResult> {
        let magnet = Magnet::parse(uri)?;
        let torrent = self.previewed(magnet.info_hash, options.preview_id.as_deref()).await?;
        self.add(Source { magnet, torrent }, options).await
    }

    /// Adds the bytes of a torrent file.
    ///
    /// # Errors
    /// `InvalidTorrent`, `TooLarge`, `InvalidPath`, `InvalidParams`.
    pub async fn add_torrent(&self, torrent: Vec<u8>, options: AddOptions) -> Result<AddResult> {
        let (torrent, meta) = parse(torrent).await?;
        self.add(Source::from_torrent(torrent, meta), options).await
    }

    /// Adds a torrent file from the web, or a magnet link.
    ///
    /// # Errors
    /// As the other two, and `Io` when it cannot be fetched.
    pub async fn add_url(&self, url: &str, options: AddOptions) -> Result<AddResult> {
        if let Some(torrent) = self.previewed_url(options.preview_id.as_deref()).await? {
            return self.add(Source::from_torrent(torrent.0, torrent.1), options).await;
        }
        match self.fetch(url).await? {
            super::fetch::Fetched::Magnet(uri) => self.add_magnet(&uri, options).await,
            super::fetch::Fetched::Torrent(torrent) => self.add_torrent(torrent, options).await,
        }
    }

    async fn add(&self, source: Source, options: AddOptions) -> Result<AddResult> {
        let preview_id = options.preview_id.clone();
        let options = self.check(options, source.torrent.as_ref().map(|(_, meta)| meta)).await?;
        let id = source.magnet.info_hash;
        let (result, acks) = loop {
            let leaving = {
                let mut state = self.0.state.lock();
                match state.entries.get(&id) {
                    Some(entry) if entry.removing => entry.gate.clone(),
                    Some(_) => break self.merge(&mut state, id, source)?,
                    None => break self.insert(&mut state, source, options)?,
                }
            };
            // It is just being removed. Its files may still be in use: wait for the end of it.
            drop(leaving.lock().await);
            tokio::task::yield_now().await;
        };
        if let Some(preview_id) = preview_id {
            self.drop_preview(&preview_id);
        }
        // Not planned here: a thousand adds in a row are planned a few times, not a thousand.
        self.0.wake.notify_one();
        for ack in acks {
            ack.durable().await?;
        }
        let torrent = self.0.state.lock().board.get(id);
        Ok(AddResult {
            torrent: torrent.map_or(result.torrent, |shown| (*shown).clone()),
            ..result
        })
    }

    fn insert(
        &self,
        state: &mut State,
        source: Source,
        options: Options,
    ) -> Result<(AddResult, Vec<Ack>)> {
        let id = source.magnet.info_hash;
        let positions = state.entries.values().map(|entry| entry.row.queue_position);
        let queue_position = if options.queue_top {
            positions.min().map_or(0, |first| first - 1)
        } else {
            positions.max().map_or(0, |last| last + 1)
        };
        let paused = options.paused.unwrap_or(state.settings.start_paused);
        let row = TorrentRow {
            id,
            name: source.magnet.name.clone().unwrap_or_else(|| id.to_string()),
            magnet: source.magnet.to_uri(),
            save_path: options
                .save_path
                .unwrap_or_else(|| state.settings.download_folder.clone().into()),
            working_path: state.settings.incomplete_folder.clone().map(Into::into),
            move_to: None,
            move_from: None,
            ratio_limit: None,
            root: None,
            selected: options.selected,
            intent: if paused { Intent::Paused } else { Intent::Managed },
            forced: false,
            stopped: false,
            queue_position,
            labels: options.labels,
            total_bytes: 0,
            selected_bytes: 0,
            done_bytes: 0,
            file_count: 0,
            private: false,
            downloaded: 0,
            uploaded: 0,
            seeding_ms: 0,
            added_at: now_ms(),
            completed_at: None,
            error: None,
            running: false,
            verify: false,
            trackers_added: Vec::new(),
            trackers_removed: Vec::new(),
        };
        let waiting = state.entries.values().filter(|entry| entry.rank.is_some()).count();
        let mut entry = Entry::new(row);
        entry.rank =
            Some(if options.queue_top { 0 } else { u32::try_from(waiting).unwrap_or(u32::MAX) });
        state.entries.insert(id, entry);
        let mut acks = Vec::new();
        if let Some((torrent, meta)) = source.torrent {
            acks.extend(self.learned(state, id, torrent, &meta));
        } else {
            acks.extend(self.changed(state, id));
        }
        let torrent = shown(state, id)?;
        self.emit(EventKind::TorrentAdded, Some(id), Some(torrent.name.clone()));
        Ok((AddResult { torrent, already_exists: false }, acks))
    }

    /// It is there already: nothing changes but that new trackers and peers are learned, and the
    /// metainfo where it was missing. A private torrent takes trackers and peers only from the user
    /// (BEP 27), and a tracker that the user removed does not come back.
    fn merge(
        &self,
        state: &mut State,
        id: InfoHash,
        source: Source,
    ) -> Result<(AddResult, Vec<Ack>)> {
        let mut acks = Vec::new();
        if let Some(entry) = state.entries.get_mut(&id)
            && !entry.row.private
        {
            let mut known = Magnet::parse(&entry.row.magnet)?;
            let mut trackers = source.magnet.trackers;
            trackers.retain(|url| !entry.row.trackers_removed.contains(url));
            let learned =
                union(&mut known.trackers, trackers) | union(&mut known.peers, source.magnet.peers);
            if learned {
                entry.row.magnet = known.to_uri();
                self.0.session.add_peers(id, known.peers);
                self.apply_trackers(state, id);
                acks.extend(self.changed(state, id));
            }
        }
        if let Some((torrent, meta)) = source.torrent
            && state.entries.get(&id).is_some_and(|entry| !entry.has_metainfo())
        {
            acks.extend(self.learned(state, id, torrent, &meta));
        }
        let torrent = shown(state, id)?;
        Ok((AddResult { torrent, already_exists: true }, acks))
    }

    async fn check(&self, options: AddOptions, meta: Option<&Metainfo>) -> Result<Options> {
        let save_path = match options.save_path {
            Some(path) => Some(self.usable_folder(&path, "options.save_path").await?),
            None => None,
        };
        let selected =
            options.selected.map(|selected| selection(selected, meta, "options.selected"));
        Ok(Options {
            save_path,
            paused: options.paused,
            selected: selected.transpose()?,
            queue_top: options.queue_top.unwrap_or(false),
            labels: labels(options.labels.unwrap_or_default())?,
        })
    }
}

/// Reads a torrent file, away from the tasks that must not wait.
pub(super) async fn parse(torrent: Vec<u8>) -> Result<(Vec<u8>, Metainfo)> {
    if torrent.len() > limits::TORRENT_FILE {
        return Err(Error::TooLarge(format!(
            "This torrent file has {} bytes; at most {} are accepted.",
            torrent.len(),
            limits::TORRENT_FILE
        )));
    }
    blocking(move || {
        let meta = Metainfo::parse(&torrent)?;
        Ok((torrent, meta))
    })
    .await
}

/// A selection, sorted and each index once. With the metainfo known, every index must be a file's.
pub(super) fn selection(
    mut selected: Vec<u32>,
    meta: Option<&Metainfo>,
    member: &str,
) -> Result<Vec<u32>> {
    let invalid = |message: String| Error::InvalidParams { message, member: Some(member.into()) };
    if selected.is_empty() {
        return Err(invalid("Select at least one file.".into()));
    }
    if selected.len() > crate::metainfo::MAX_FILES {
        return Err(invalid("More files are selected than a torrent can have.".into()));
    }
    let is_file = |meta: &Metainfo, index: u32| {
        meta.files.get(index as usize).is_some_and(|file| !file.padding)
    };
    let outside =
        meta.and_then(|meta| selected.iter().copied().find(|index| !is_file(meta, *index)));
    if let Some(index) = outside {
        return Err(invalid(format!("The torrent has no file with the index {index}.")));
    }
    selected.sort_unstable();
    selected.dedup();
    Ok(selected)
}

/// Labels, clean and each once.
pub(super) fn labels(raw: Vec<String>) -> Result<Vec<String>> {
    let mut labels: Vec<String> = Vec::new();
    for label in raw {
        let label = names::clean_text(&label, LABEL_BYTES);
        if !label.is_empty() && !labels.contains(&label) {
            labels.push(label);
        }
    }
    if labels.len() > LABELS {
        return Err(Error::TooLarge(format!("A torrent has at most {LABELS} labels.")));
    }
    Ok(labels)
}

/// Adds what is new; tells whether something was.
pub(super) fn union(known: &mut Vec<String>, more: Vec<String>) -> bool {
    let before = known.len();
    for one in more {
        if known.len() < crate::magnet::MAX_SOURCES && !known.contains(&one) {
            known.push(one);
        }
    }
    known.len() > before
}

fn shown(state: &State, id: InfoHash) -> Result<torrpeddo_protocol::Torrent> {
    let shown = state.board.get(id).ok_or_else(|| Error::NotFound { id: id.to_string() })?;
    Ok((*shown).clone())
}
