//! What clients ask.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use torrpeddo_protocol::methods::{GetFilesResult, GetStatusResult};
use torrpeddo_protocol::model::FileStatus;
use torrpeddo_protocol::{Session, Torrent, limits, size};

use super::entry::{selected_files, shown_path};
use super::{Manager, blocking};
use crate::metainfo::{InfoHash, Metainfo};
use crate::{Error, Result, files};

/// How many bytes of items go into one answer. What JSON adds must still fit the frame.
const PAGE_BYTES: usize = limits::FRAME_TO_CLIENT / 2;

/// How long the files of a torrent that does not run are kept for further pages.
const LISTED: Duration = Duration::from_secs(20);

/// What JSON adds to each item, at most.
const ITEM_BYTES: usize = 160;

/// A page of an answer, as much as fits a frame.
pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
    bytes: usize,
}

impl<T> Page<T> {
    pub const fn new() -> Self {
        Self { items: Vec::new(), next: None, bytes: 0 }
    }

    /// Takes an item of `weight` bytes of text at `position`; false when the page is full, and
    /// the next one begins with it. Every page has at least one item.
    pub fn push(&mut self, item: T, weight: usize, position: u32) -> bool {
        // In JSON a character may take six bytes where it took one (`\u001f`).
        let weight = ITEM_BYTES + 2 * weight;
        if !self.items.is_empty() && self.bytes + weight > PAGE_BYTES {
            self.next = Some(position.to_string());
            return false;
        }
        self.bytes += weight;
        self.items.push(item);
        true
    }
}

/// The files of one torrent, for the pages of them that are asked for one after the other: reading
/// the torrent anew for each would take as long as the pages times the files.
pub(super) struct Listed {
    id: InfoHash,
    meta: Arc<Metainfo>,
    at: Instant,
}

impl Listed {
    /// Whether another page may be asked for.
    pub fn is_needed(&self) -> bool {
        self.at.elapsed() < LISTED
    }

    fn of(&self, id: InfoHash) -> Option<Arc<Metainfo>> {
        (self.id == id).then(|| Arc::clone(&self.meta))
    }
}

/// Where a page begins.
pub(super) fn cursor(text: Option<&str>) -> Result<usize> {
    text.map_or(Ok(0), |text| {
        text.parse().map_err(|_| Error::InvalidParams {
            message: "This cursor is none of ours. Begin without one.".into(),
            member: Some("cursor".into()),
        })
    })
}

/// Bytes from base64.
pub(crate) fn base64(text: &str, member: &str) -> Result<Vec<u8>> {
    if text.len() / 4 * 3 > limits::TORRENT_FILE + 3 {
        return Err(Error::TooLarge(format!(
            "This torrent file is too large; at most {} are accepted.",
            size::bytes(limits::TORRENT_FILE as u64)
        )));
    }
    base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| Error::InvalidParams {
        message: format!("The member {member} is not base64: {error}."),
        member: Some(member.into()),
    })
}

/// How much a torrent weighs in JSON, nearly.
pub fn weight(torrent: &Torrent) -> usize {
    let labels: usize = torrent.labels.iter().map(String::len).sum();
    let error = torrent.error.as_ref().map_or(0, |error| error.message.len());
    let tracker = torrent.tracker.as_ref().map_or(0, String::len);
    let texts = torrent.name.len() + torrent.save_path.len() + torrent.magnet.len();
    600 + texts + tracker + labels + error
}

impl Manager {
    /// Torrents and the session's totals, in pages.
    ///
    /// # Errors
    /// `NotFound` for an id that is not there, `InvalidParams` for a foreign cursor.
    pub fn status(&self, ids: Option<&[String]>, from: Option<&str>) -> Result<GetStatusResult> {
        let start = cursor(from)?;
        self.refresh();
        let session = self.totals();
        let state = self.0.state.lock();
        let torrents = match ids {
            Some(ids) => ids
                .iter()
                .map(|id| {
                    let shown = super::entry::parse_id(id).ok().and_then(|id| state.board.get(id));
                    shown.ok_or_else(|| Error::NotFound { id: id.chars().take(100).collect() })
                })
                .collect::<Result<Vec<_>>>()?,
            None => state.board.since(None).upsert,
        };
        drop(state);
        let mut page = Page::new();
        for (position, torrent) in torrents.iter().enumerate().skip(start) {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            if !page.push((**torrent).clone(), weight(torrent), position) {
                break;
            }
        }
        Ok(GetStatusResult { torrents: page.items, session, next_cursor: page.next })
    }

    /// The session's totals.
    #[must_use]
    pub fn totals(&self) -> Session {
        let listen_port = self.0.session.listen_port();
        let dht_nodes = u32::try_from(self.0.session.dht_nodes()).unwrap_or(u32::MAX);
        let state = self.0.state.lock();
        let mut session = Session {
            download_rate: 0,
            upload_rate: 0,
            downloaded: 0,
            uploaded: 0,
            counts: BTreeMap::new(),
            free_bytes: state.free_bytes,
            listen_port,
            dht_nodes,
            peers_connected: 0,
            port_mapping: Some(super::swarm_view::port_mapping(self.0.session.port_mapping())),
            alternative_limits: state.settings.alternative.enabled,
            engine_version: self.0.config.version.clone(),
        };
        for torrent in state.board.all() {
            session.download_rate += torrent.download_rate;
            session.upload_rate += torrent.upload_rate;
            session.downloaded += torrent.downloaded;
            session.uploaded += torrent.uploaded;
            session.peers_connected += torrent.peers_connected;
            *session.counts.entry(torrent.state).or_default() += 1;
        }
        session
    }

    /// The free space where a folder is or would be made.
    ///
    /// # Errors
    /// `InvalidPath` unless it is absolute, `Io`.
    pub async fn free_bytes(&self, folder: PathBuf) -> Result<u64> {
        files::check_absolute(&folder)?;
        blocking(move || files::free_bytes(&folder)).await
    }

    /// The files of a torrent, in pages. None while the metadata is unknown.
    ///
    /// # Errors
    /// `NotFound`, `InvalidParams` for a foreign cursor.
    pub async fn files(&self, id: InfoHash, from: Option<&str>) -> Result<GetFilesResult> {
        let start = cursor(from)?;
        let (selected, known) = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id).filter(|entry| !entry.removing);
            let entry = entry.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
            (entry.row.selected.clone(), entry.meta.clone())
        };
        // While it runs its files are known.
        let meta = match known {
            Some(meta) => Some(meta),
            None => self.list(id).await?,
        };
        let Some(meta) = meta else {
            return Ok(GetFilesResult { files: Vec::new(), next_cursor: None });
        };
        let session = self.0.session.clone();
        blocking(move || {
            let done = session.file_progress(id).filter(|done| done.len() == meta.files.len());
            let done = done.unwrap_or_else(|| {
                let selected = selected_files(selected.as_deref());
                session.saved_progress(&meta, id, selected.as_deref()).per_file
            });
            let chosen: Option<std::collections::HashSet<u32>> =
                selected.map(|selected| selected.into_iter().collect());
            let mut page = Page::new();
            for (position, file) in meta.files.iter().enumerate().skip(start) {
                if file.padding {
                    continue;
                }
                let index = u32::try_from(position).unwrap_or(u32::MAX);
                let path = shown_path(&file.path);
                let weight = path.len();
                let status = FileStatus {
                    index,
                    path,
                    bytes: file.bytes,
                    done_bytes: done.get(position).copied().unwrap_or(0).min(file.bytes),
                    selected: chosen.as_ref().is_none_or(|chosen| chosen.contains(&index)),
                };
                if !page.push(status, weight, index) {
                    break;
                }
            }
            Ok(GetFilesResult { files: page.items, next_cursor: page.next })
        })
        .await
    }

    /// The layout of a torrent. None while its metadata is unknown.
    pub(super) async fn layout(&self, id: InfoHash) -> Result<Option<Arc<Metainfo>>> {
        let running = super::commands::present(&mut self.0.state.lock(), id)?.meta.clone();
        match running {
            Some(meta) => Ok(Some(meta)),
            None => self.list(id).await,
        }
    }

    /// The files of a torrent that does not run. None while the metadata is unknown.
    async fn list(&self, id: InfoHash) -> Result<Option<Arc<Metainfo>>> {
        let listed = self.0.state.lock().listed.as_ref().and_then(|listed| listed.of(id));
        if listed.is_some() {
            return Ok(listed);
        }
        let Some(torrent) = self.0.store.metainfo(id).await? else { return Ok(None) };
        let meta = Arc::new(blocking(move || Ok(Metainfo::parse(&torrent)?)).await?);
        self.0.state.lock().listed =
            Some(Listed { id, meta: Arc::clone(&meta), at: Instant::now() });
        Ok(Some(meta))
    }

    /// Shows a torrent in the file manager: its own file or folder where that is there, else the
    /// folder it goes to.
    ///
    /// # Errors
    /// `NotFound`, `Io` when nothing of it is there, `Unavailable` without a desktop.
    pub async fn open_folder(&self, id: InfoHash) -> Result<()> {
        let (folder, root) = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id).filter(|entry| !entry.removing);
            let entry = entry.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
            (entry.row.folder().clone(), entry.row.root.clone())
        };
        let desktop = self.0.config.desktop.clone();
        blocking(move || {
            let own = root.map(|root| folder.join(root)).filter(|own| own.exists());
            desktop.show(&own.unwrap_or(folder))
        })
        .await
    }

    /// Asks the user for a folder. Takes as long as the user does.
    ///
    /// # Errors
    /// `Unavailable` without a desktop.
    pub async fn choose_folder(
        &self,
        title: Option<String>,
        start: Option<String>,
    ) -> Result<Option<String>> {
        let start = start.unwrap_or_else(|| self.0.state.lock().settings.download_folder.clone());
        let desktop = self.0.config.desktop.clone();
        let title = crate::names::clean_text(title.as_deref().unwrap_or("Torrpeddo"), 200);
        blocking(move || {
            let chosen = desktop.choose_folder(&title, Some(start.as_ref()))?;
            Ok(chosen.map(|folder| folder.to_string_lossy().into_owned()))
        })
        .await
    }

    /// The newest lines of the log.
    ///
    /// # Errors
    /// `Io` when it cannot be read.
    pub async fn log(&self, lines: usize) -> Result<Vec<String>> {
        let log = self.0.config.log.clone();
        let mut lines = blocking(move || log.tail(lines)).await?;
        // Newest last: where not all fit a frame, the oldest go.
        let mut bytes = 0;
        let fitting = lines.iter().rev().take_while(|line| {
            bytes += 2 * line.len() + 4;
            bytes <= PAGE_BYTES
        });
        let fitting = fitting.count();
        lines.drain(..lines.len() - fitting);
        Ok(lines)
    }
}
