//! What all connections of a torrent share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::watch;
use torrpeddo_readers::metainfo::InfoHash;

use crate::metadata::MetadataAssembly;
use crate::peer::BlockSources;
use crate::types::{Attachment, PieceSet, TorrentInfo, UnchokedCount};

/// What all connections of a torrent share.
pub struct TorrentShared {
    /// The torrent.
    pub info_hash: InfoHash,
    /// Our peer id.
    pub peer_id: [u8; 20],
    /// The piece engine, once the metadata is known and the torrent runs. Connections end when it is
    /// taken away.
    pub attachment: watch::Sender<Option<Attachment>>,
    /// The verified pieces.
    pub pieces: PieceSet,
    /// The metadata while it is unknown.
    pub metadata: Mutex<MetadataAssembly>,
    /// Connections whose peer lets us request.
    pub unchoked: UnchokedCount,
    /// Which connections delivered the blocks of unfinished pieces.
    pub blocks: BlockSources,
    /// Payload bytes that were received and asked for.
    pub downloaded: AtomicU64,
    /// Payload bytes that were sent.
    pub uploaded: AtomicU64,
    /// Payload bytes that were received and dropped: nobody had asked, or the piece engine no longer
    /// wanted them.
    pub wasted: AtomicU64,
    info: OnceLock<Arc<TorrentInfo>>,
    finished: AtomicBool,
}

impl TorrentShared {
    /// A torrent without pieces that is not attached.
    #[must_use]
    pub fn new(info_hash: InfoHash, peer_id: [u8; 20]) -> Self {
        Self {
            info_hash,
            peer_id,
            attachment: watch::Sender::new(None),
            pieces: PieceSet::default(),
            metadata: Mutex::new(MetadataAssembly::new(info_hash)),
            unchoked: UnchokedCount::default(),
            blocks: BlockSources::default(),
            downloaded: AtomicU64::new(0),
            uploaded: AtomicU64::new(0),
            wasted: AtomicU64::new(0),
            info: OnceLock::new(),
            finished: AtomicBool::new(false),
        }
    }

    /// Sets the layout, once it is known. A torrent has one layout for ever, so a second call changes
    /// nothing.
    pub fn set_info(&self, info: Arc<TorrentInfo>) {
        _ = self.info.set(info);
    }

    /// The layout, if it is known.
    #[must_use]
    pub fn info(&self) -> Option<&Arc<TorrentInfo>> {
        self.info.get()
    }

    /// Whether the torrent is known to be private (BEP 27).
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.info.get().is_some_and(|info| info.private)
    }

    /// Notes that a piece is verified. To be called after the piece engine knows it, since peers
    /// request the piece as soon as they are told.
    pub fn piece_verified(&self, piece: u32) {
        self.blocks.forget(piece);
        self.pieces.add(piece);
    }

    /// Notes whether every wanted piece is verified, which is less than all pieces where files are
    /// deselected.
    pub fn set_finished(&self, finished: bool) {
        self.finished.store(finished, Ordering::Release);
    }

    /// Whether no further piece is wanted.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire) || self.pieces.is_complete()
    }
}
