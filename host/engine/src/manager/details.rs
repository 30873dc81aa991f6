//! What people look at of one torrent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use torrpeddo_protocol::limits;
use torrpeddo_protocol::methods::{GetPiecesResult, TorrentFileResult};
use torrpeddo_protocol::model::{Direction, Peer, Tracker, Transport};

use super::entry::other_trackers;
use super::queries::cursor;
use super::{Manager, blocking};
use crate::magnet::Magnet;
use crate::metainfo::{InfoHash, Metainfo};
use crate::session::{Bitfield, asked_trackers};
use crate::{Error, Result};

/// How many bytes of a torrent file go into one answer: base64 makes four of three.
const PART: usize = limits::FRAME_TO_CLIENT / 2;

impl Manager {
    /// The verified pieces of a torrent; none while its metadata is unknown.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn pieces(&self, id: InfoHash) -> Result<GetPiecesResult> {
        let meta = match self.metainfo(id).await {
            Ok((_, meta)) => meta,
            Err(Error::WrongState { .. }) => {
                return Ok(GetPiecesResult { piece_count: 0, piece_bytes: 0, have: String::new() });
            }
            Err(error) => return Err(error),
        };
        let session = self.0.session.clone();
        blocking(move || {
            let bits = session.verified(id, meta.piece_count);
            let bits = bits.unwrap_or_else(|| Bitfield::empty(meta.piece_count));
            Ok(GetPiecesResult {
                piece_count: meta.piece_count,
                piece_bytes: meta.piece_bytes,
                have: STANDARD.encode(bits.as_bytes()),
            })
        })
        .await
    }

    /// The peers that a torrent is connected to; none while it does not run.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn peers(&self, id: InfoHash) -> Result<Vec<Peer>> {
        super::commands::present(&mut self.0.state.lock(), id)?;
        let peers = self.0.session.peers(id).unwrap_or_default();
        let shown = peers.into_iter().map(|peer| Peer {
            address: peer.address,
            client: peer.client,
            transport: if peer.utp { Transport::Utp } else { Transport::Tcp },
            direction: if peer.incoming { Direction::In } else { Direction::Out },
            // librqbit speaks plain streams only.
            encrypted: false,
            state: "connected".into(),
            progress: None,
            download_rate: peer.download_rate,
            upload_rate: peer.upload_rate,
            downloaded: peer.downloaded,
            uploaded: peer.uploaded,
        });
        Ok(shown.collect())
    }

    /// The trackers of a torrent, and whether they are asked. librqbit tells nothing of what they
    /// answer, so nothing is said of it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn trackers(&self, id: InfoHash) -> Result<Vec<Tracker>> {
        let (magnet, private, turn, asking, extra) = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id).filter(|entry| !entry.removing);
            let entry = entry.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
            let asking = matches!(
                entry.actual,
                super::entry::Actual::Running | super::entry::Actual::Resolving(_)
            );
            let magnet = Magnet::parse(&entry.row.magnet)?;
            (magnet, entry.row.private, entry.turn, asking, state.settings.extra_trackers.clone())
        };
        let meta = match self.0.store.metainfo(id).await? {
            Some(torrent) => Some(blocking(move || Ok(Metainfo::parse(&torrent)?)).await?),
            None => None,
        };
        let extra = if private { Vec::new() } else { extra };
        let mut urls = meta.as_ref().map_or_else(Vec::new, |meta| meta.trackers.clone());
        super::add::union(&mut urls, [magnet.trackers.as_slice(), &extra].concat());
        let asked = match &meta {
            _ if !asking => Vec::new(),
            Some(meta) => {
                let others = other_trackers(meta, magnet.trackers, extra);
                asked_trackers(meta, &others, turn)
            }
            None => urls.clone(),
        };
        let trackers = urls.into_iter().map(|url| Tracker {
            state: if asked.contains(&url) { "announcing" } else { "idle" }.into(),
            url,
            message: None,
            peers: None,
            next_announce_at: None,
        });
        Ok(trackers.collect())
    }

    /// The torrent file, in parts where it does not fit a frame.
    ///
    /// # Errors
    /// `NotFound`; `WrongState` while its metadata is unknown; `InvalidParams` for a foreign cursor.
    pub async fn torrent_file(
        &self,
        id: InfoHash,
        from: Option<&str>,
    ) -> Result<TorrentFileResult> {
        let start = cursor(from)?;
        let (torrent, meta) = self.metainfo(id).await?;
        let rest = torrent.get(start..).unwrap_or_default();
        let part = rest.get(..PART).unwrap_or(rest);
        Ok(TorrentFileResult {
            name: format!("{}.torrent", meta.name),
            data: STANDARD.encode(part),
            next_cursor: (part.len() < rest.len()).then(|| (start + part.len()).to_string()),
        })
    }

    /// Opens a file of a torrent with the user's program for it.
    ///
    /// # Errors
    /// `NotFound`, `WrongState` while the files are unknown, `InvalidParams` for an index that no
    /// file has, `Io` when it is not there, `Unavailable` without a desktop.
    pub async fn open_file(&self, id: InfoHash, index: u32) -> Result<()> {
        let (_, meta) = self.metainfo(id).await?;
        let file = meta.files.get(index as usize).filter(|file| !file.padding);
        let file = file.ok_or_else(|| Error::InvalidParams {
            message: format!("The torrent has no file with the index {index}."),
            member: Some("index".into()),
        })?;
        let folder = {
            let mut state = self.0.state.lock();
            super::commands::present(&mut state, id)?.row.folder().clone()
        };
        let desktop = self.0.config.desktop.clone();
        let path = file.path.clone();
        blocking(move || {
            let whole = folder.join(&path);
            // Whoever put a link into the folder does not choose what is opened.
            let there = crate::files::Folder::open(&folder).and_then(|folder| folder.length(&path));
            match there {
                Ok(Some(_)) => desktop.open(&whole),
                Ok(None) => Err(Error::io(&whole, &std::io::ErrorKind::NotFound.into())),
                Err(error) => Err(Error::io(&whole, &error)),
            }
        })
        .await
    }
}
