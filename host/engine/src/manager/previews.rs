//! Looking into a torrent before it is added. Nothing is written to disk.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;
use torrpeddo_protocol::RpcError;
use torrpeddo_protocol::methods::{PreviewParams, PreviewResult};
use torrpeddo_protocol::model::FileStatus;
use torrpeddo_protocol::notifications::{Event, EventKind};

use super::entry::shown_path;
use super::queries::{Page, cursor};
use super::{Manager, now_ms};
use crate::magnet::Magnet;
use crate::metainfo::{InfoHash, Metainfo};
use crate::session::ResolveError;
use crate::{Error, Result};

/// How many there may be; with one more the oldest goes.
const MOST: usize = 32;
/// How long one is kept after it was last asked for.
const KEPT: Duration = Duration::from_secs(600);
/// How long metadata is looked for before the preview fails.
const PATIENCE: Duration = Duration::from_secs(120);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Previews {
    all: HashMap<String, Preview>,
    next: u64,
}

struct Preview {
    info_hash: Option<InfoHash>,
    name: Option<String>,
    found: Option<Arc<Found>>,
    task: Option<AbortHandle>,
    touched: Instant,
}

/// The metainfo of a preview.
struct Found {
    torrent: Vec<u8>,
    meta: Metainfo,
}

impl Drop for Preview {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Previews {
    pub fn clear(&mut self) {
        self.all.clear();
    }

    pub fn expire(&mut self) {
        self.all.retain(|_, preview| preview.touched.elapsed() < KEPT);
    }

    fn insert(&mut self, preview: Preview) -> String {
        if self.all.len() >= MOST {
            let oldest = self.all.iter().min_by_key(|(_, preview)| preview.touched);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.all.remove(&oldest);
            }
        }
        self.next += 1;
        let id = format!("preview-{}", self.next);
        self.all.insert(id.clone(), preview);
        id
    }

    fn touch(&mut self, id: &str) -> Result<&mut Preview> {
        let preview = self.all.get_mut(id).ok_or_else(|| Error::InvalidParams {
            message: "This preview is gone. Begin a new one.".into(),
            member: Some("preview_id".into()),
        })?;
        preview.touched = Instant::now();
        Ok(preview)
    }
}

impl Manager {
    /// Begins a preview, or gives the next page of one.
    ///
    /// # Errors
    /// As adding would.
    pub async fn preview(&self, params: PreviewParams) -> Result<PreviewResult> {
        let PreviewParams { uri, data, url, preview_id, cursor: from } = params;
        match (uri, data, url, preview_id) {
            (Some(uri), None, None, None) => self.preview_magnet(&uri).await,
            (None, Some(data), None, None) => {
                let (torrent, meta) =
                    super::add::parse(super::queries::base64(&data, "data")?).await?;
                let preview_id = self.keep(Some(meta.info_hash), None, None);
                self.found(&preview_id, torrent, meta);
                self.preview_page(&preview_id, None)
            }
            (None, None, Some(url), None) => match self.fetch(&url).await? {
                super::fetch::Fetched::Magnet(uri) => self.preview_magnet(&uri).await,
                super::fetch::Fetched::Torrent(torrent) => {
                    let (torrent, meta) = super::add::parse(torrent).await?;
                    let preview_id = self.keep(Some(meta.info_hash), None, None);
                    self.found(&preview_id, torrent, meta);
                    self.preview_page(&preview_id, None)
                }
            },
            (None, None, None, Some(preview_id)) => self.preview_page(&preview_id, from.as_deref()),
            _ => Err(Error::InvalidParams {
                message: "Give exactly one of uri, data, url and preview_id.".into(),
                member: Some("uri".into()),
            }),
        }
    }

    /// Ends a preview, and whatever it looks for.
    pub fn drop_preview(&self, preview_id: &str) {
        self.0.state.lock().previews.all.remove(preview_id);
    }

    /// Whether it is there.
    pub fn has_preview(&self, preview_id: &str) -> bool {
        self.0.state.lock().previews.all.contains_key(preview_id)
    }

    /// Ends previews that nobody waits for any more, because the client left while their metadata
    /// was still being looked for.
    pub fn abandon_previews(&self, preview_ids: &[String]) {
        let mut state = self.0.state.lock();
        for id in preview_ids {
            if state.previews.all.get(id).is_some_and(|preview| preview.found.is_none()) {
                state.previews.all.remove(id);
            }
        }
    }

    async fn preview_magnet(&self, uri: &str) -> Result<PreviewResult> {
        let magnet = Magnet::parse(uri)?;
        let id = magnet.info_hash;
        let preview_id = self.keep(Some(id), magnet.name.clone(), None);
        if let Some(torrent) = self.0.store.metainfo(id).await? {
            let (torrent, meta) = super::add::parse(torrent).await?;
            self.found(&preview_id, torrent, meta);
        } else {
            let manager = self.clone();
            let name = preview_id.clone();
            let task = tokio::spawn(async move { manager.look_for(&name, &magnet).await });
            let mut state = self.0.state.lock();
            match state.previews.all.get_mut(&preview_id) {
                Some(preview) if preview.found.is_none() => {
                    preview.task = Some(task.abort_handle())
                }
                Some(_) => {}
                None => task.abort(),
            }
        }
        self.preview_page(&preview_id, None)
    }

    fn keep(
        &self,
        info_hash: Option<InfoHash>,
        name: Option<String>,
        task: Option<AbortHandle>,
    ) -> String {
        let preview = Preview { info_hash, name, found: None, task, touched: Instant::now() };
        self.0.state.lock().previews.insert(preview)
    }

    fn found(&self, preview_id: &str, torrent: Vec<u8>, meta: Metainfo) {
        let mut state = self.0.state.lock();
        if let Ok(preview) = state.previews.touch(preview_id) {
            preview.name = Some(meta.name.clone());
            preview.found = Some(Arc::new(Found { torrent, meta }));
            preview.task = None;
        }
    }

    async fn look_for(&self, preview_id: &str, magnet: &Magnet) {
        let deadline = Instant::now() + PATIENCE;
        let failure = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.resolve(magnet, &[], left).await {
                Ok(torrent) => match super::add::parse(torrent).await {
                    Ok((torrent, meta)) => {
                        self.found(preview_id, torrent, meta);
                        return self.tell_preview(preview_id, EventKind::PreviewReady, None);
                    }
                    Err(error) => break error,
                },
                Err(ResolveError::NoPeerSource) => {
                    break Error::Unavailable(
                        "Nobody can be asked for this torrent: the link names no tracker and no \
                         peer, and DHT and local discovery are off."
                            .into(),
                    );
                }
                Err(ResolveError::Refused(error)) => break error,
                Err(_) if left <= PAUSE => {
                    break Error::Unavailable(
                        "Nobody answered with the details of this torrent. It can be added all \
                         the same: the details come when somebody has them."
                            .into(),
                    );
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        self.tell_preview(preview_id, EventKind::PreviewFailed, Some(failure.into()));
    }

    fn tell_preview(&self, preview_id: &str, kind: EventKind, error: Option<RpcError>) {
        let Ok(page) = self.preview_page(preview_id, None) else { return };
        let whole = page.next_cursor.is_none();
        self.emit_event(Event {
            kind,
            at: now_ms(),
            id: page.id,
            name: page.name,
            preview_id: Some(preview_id.to_owned()),
            files: page.files.filter(|_| whole),
            total_bytes: page.total_bytes,
            error,
        });
    }

    fn preview_page(&self, preview_id: &str, from: Option<&str>) -> Result<PreviewResult> {
        let (info_hash, name, found, already_exists) = {
            let mut state = self.0.state.lock();
            let preview = state.previews.touch(preview_id)?;
            let (info_hash, name, found) =
                (preview.info_hash, preview.name.clone(), preview.found.clone());
            let exists = info_hash.is_some_and(|id| state.entries.contains_key(&id));
            (info_hash, name, found, exists)
        };
        let page = match &found {
            Some(found) => Some(files_page(&found.meta, from)?),
            None => None,
        };
        Ok(PreviewResult {
            preview_id: preview_id.to_owned(),
            id: info_hash.map(|id| id.to_string()),
            name,
            total_bytes: found.as_ref().map(|found| found.meta.total_bytes),
            file_count: found.as_ref().map(|found| {
                let files = found.meta.files.iter().filter(|file| !file.padding);
                u32::try_from(files.count()).unwrap_or(u32::MAX)
            }),
            next_cursor: page.as_ref().and_then(|page| page.next.clone()),
            files: page.map(|page| page.items),
            already_exists: Some(already_exists),
        })
    }

    /// The metainfo that a preview of the same torrent has found.
    pub(super) async fn previewed(
        &self,
        id: InfoHash,
        preview_id: Option<&str>,
    ) -> Result<Option<(Vec<u8>, Metainfo)>> {
        let found = match preview_id {
            Some(preview_id) => {
                let mut state = self.0.state.lock();
                state.previews.touch(preview_id)?.found.clone()
            }
            None => None,
        };
        match found {
            Some(found) if found.meta.info_hash == id => {
                super::add::parse(found.torrent.clone()).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The metainfo that the preview of a URL has found.
    pub(super) async fn previewed_url(
        &self,
        preview_id: Option<&str>,
    ) -> Result<Option<(Vec<u8>, Metainfo)>> {
        let Some(preview_id) = preview_id else { return Ok(None) };
        let id = self.0.state.lock().previews.touch(preview_id)?.info_hash;
        match id {
            Some(id) => self.previewed(id, Some(preview_id)).await,
            None => Ok(None),
        }
    }
}

fn files_page(meta: &Metainfo, from: Option<&str>) -> Result<Page<FileStatus>> {
    let mut page = Page::new();
    let start = cursor(from)?;
    for (index, file) in meta.files.iter().enumerate().skip(start) {
        if file.padding {
            continue;
        }
        let path = shown_path(&file.path);
        let weight = path.len();
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let file = FileStatus { index, path, bytes: file.bytes, done_bytes: 0, selected: true };
        if !page.push(file, weight, index) {
            break;
        }
    }
    Ok(page)
}
