//! The protocol of one connection, without I/O.
//!
//! Messages of both sides and the passing of time go in; bytes for both sides, events and the wish to
//! be connected to the piece engine again come out. The piece engine's side comes and goes while the
//! peer stays connected.

mod engine;
mod extensions;
mod pieces;
mod remote;
#[cfg(test)]
mod tests;
mod timing;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::time::Instant;

use self::extensions::Extensions;
use super::engine_side::RecentPieces;
use super::outgoing::Outgoing;
use super::remote_pieces::{OutOfRange, RemotePieces};
use super::request_book::RequestBook;
use super::status::{self, PeerStatus};
use super::upload_queue::UploadQueue;
use super::{EndReason, PeerCommand, PeerEvent, PeerKey, PeerOptions};
use crate::shared::TorrentShared;
use crate::types::TorrentInfo;
use crate::wire::handshake::Handshake;
use crate::wire::message::{Limits, Message};

pub(crate) use self::engine::EngineReceiver;
pub(crate) use self::remote::RemoteReceiver;
pub(crate) use self::timing::TICK;

/// Most bytes of an extension's message that is read. A longer one is skipped.
const MAX_EXTENDED: usize = 64 * 1024;

/// Most bytes of a block that is read.
const MAX_BLOCK: u32 = 128 * 1024;

/// Most bytes that wait for a peer which does not read. What peers can ask for is limited before.
const MAX_UNREAD: usize = 1024 * 1024;

/// While more bytes wait for a peer, it gets no blocks, metadata or haves.
const SLOW: usize = 64 * 1024;

/// How many more blocks a peer may send than it was asked for.
const UNASKED_BLOCKS: u64 = 256;

/// Most pieces that a peer claims to have and does not send.
const MAX_REFUSED: usize = 64;

/// Requests of a peer that are in flight if it does not tell how many it queues. It is what libtorrent
/// tells.
const DEFAULT_REQQ: u32 = 250;

type Result<T> = std::result::Result<T, EndReason>;

/// What is to be written to the two sides.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub engine: Outgoing,
    pub remote: Outgoing,
}

/// The state of one connection.
pub(crate) struct Session {
    key: PeerKey,
    torrent: Arc<TorrentShared>,
    options: Arc<PeerOptions>,
    status: Arc<PeerStatus>,
    events: mpsc::UnboundedSender<PeerEvent>,
    info: Option<Arc<TorrentInfo>>,
    fast: bool,
    extensions: Extensions,

    pieces: RemotePieces,
    /// Pieces that the peer did not send although it said that it has them.
    refused: Vec<u32>,
    bitfields: u8,
    /// The peer has pieces that we lack, as of the latest round.
    interesting: bool,
    /// Pieces have changed since `interesting` was found.
    pieces_changed: bool,
    remote_choking: bool,
    remote_interested: bool,

    am_choking: bool,
    am_interested: bool,
    /// What the choker decided.
    choke: Option<bool>,
    /// How much of the order of verified pieces the peer knows.
    told: usize,
    /// Pieces that the peer is told one after the other, since it is too late for a bitfield.
    untold: Option<(Vec<u8>, u32)>,

    engine_ready: bool,
    engine_interested: bool,
    engine_choked: bool,
    /// The piece engine is to be connected again.
    restart_engine: bool,
    /// The piece engine is not unchoked before.
    held_until: Option<Instant>,
    book: RequestBook,
    uploads: UploadQueue,
    recent: RecentPieces,
    /// Pieces of this peer alone that were complete when the piece engine closed the connection.
    suspects: Vec<u32>,

    /// Bytes that wait for the peer.
    backlog: usize,
    requests_sent: u64,
    blocks_received: u64,
    odd_requests: u32,
    useful: bool,
    forwarded: bool,

    received_at: Instant,
    sent_at: Instant,
    written_at: Instant,
    progress_at: Instant,
    resent_at: Instant,
    choked_at: Instant,
}

impl Session {
    /// The state after the handshakes.
    pub fn new(
        key: PeerKey,
        torrent: Arc<TorrentShared>,
        options: Arc<PeerOptions>,
        status: Arc<PeerStatus>,
        handshake: &Handshake,
        events: mpsc::UnboundedSender<PeerEvent>,
    ) -> Self {
        let now = Instant::now();
        let (fast, extended) = (handshake.supports_fast(), handshake.supports_extended());
        status.set(status::FAST, fast);
        status.set(status::EXTENDED, extended);
        Self {
            key,
            torrent,
            options,
            status,
            events,
            info: None,
            fast,
            extensions: Extensions::new(extended),
            pieces: RemotePieces::default(),
            refused: Vec::new(),
            bitfields: 0,
            interesting: false,
            pieces_changed: false,
            remote_choking: true,
            remote_interested: false,
            am_choking: true,
            am_interested: false,
            choke: None,
            told: 0,
            untold: None,
            engine_ready: false,
            engine_interested: false,
            engine_choked: true,
            restart_engine: false,
            held_until: None,
            book: RequestBook::default(),
            uploads: UploadQueue::default(),
            recent: RecentPieces::default(),
            suspects: Vec::new(),
            backlog: 0,
            requests_sent: 0,
            blocks_received: 0,
            odd_requests: 0,
            useful: false,
            forwarded: false,
            received_at: now,
            sent_at: now,
            written_at: now,
            progress_at: now,
            resent_at: now,
            choked_at: now,
        }
    }

    /// Opens the conversation with the peer: our extended handshake and the pieces that we have.
    pub fn open(&mut self, out: &mut Outputs) {
        self.send_extended_handshake(out);
        let (bits, told) = self.torrent.pieces.snapshot();
        let count = self.torrent.pieces.count();
        if self.info.is_none() || count == 0 {
            if self.fast {
                out.remote.push(&Message::HaveNone);
            }
            return;
        }
        self.told = told;
        if self.fast && self.torrent.pieces.is_complete() {
            out.remote.push(&Message::HaveAll);
        } else {
            out.remote.push(&Message::Bitfield(&bits));
        }
    }

    /// Notes the layout of the torrent, before or after [`open`](Self::open).
    ///
    /// # Errors
    /// If what the peer has does not fit to it.
    pub fn set_info(
        &mut self,
        info: Arc<TorrentInfo>,
        opened: bool,
        out: &mut Outputs,
    ) -> Result<()> {
        self.pieces.set_total(info.piece_count)?;
        self.info = Some(info);
        self.on_pieces_changed();
        self.torrent.metadata.lock().remove_peer(self.key);
        if opened {
            let (bits, told) = self.torrent.pieces.snapshot();
            self.told = told;
            self.untold = bits.iter().any(|byte| *byte != 0).then_some((bits, 0));
            // The peer learns the size of the metadata, and can ask for it.
            self.send_extended_handshake(out);
        }
        Ok(())
    }

    /// The layout of the torrent, once it is known.
    pub fn info(&self) -> Option<&Arc<TorrentInfo>> {
        self.info.as_ref()
    }

    /// Takes a command.
    ///
    /// # Errors
    /// If it closes the connection.
    pub fn on_command(&mut self, command: PeerCommand, out: &mut Outputs) -> Result<()> {
        match command {
            PeerCommand::Close(reason) => return Err(EndReason::Closed(reason)),
            PeerCommand::Pex(pex) => self.send_pex(&pex, out),
            PeerCommand::SetChoke(choke) => {
                self.choke = Some(choke);
                self.update_choking(out);
            }
            PeerCommand::SetOptimistic(on) => self.status.set(status::OPTIMISTIC, on),
        }
        Ok(())
    }

    /// Ends a round of messages: asks both sides for what they may be asked for, and tells both what
    /// has changed. `backlog` is the number of bytes that wait for the peer.
    ///
    /// # Errors
    /// If the peer leaves too much unread.
    pub fn end_round(&mut self, backlog: usize, now: Instant, out: &mut Outputs) -> Result<()> {
        self.backlog = backlog;
        if backlog == 0 {
            self.written_at = now;
        }
        self.send_haves(out);
        if self.pieces_changed {
            self.update_interest(out);
        }
        self.send_requests(now, out);
        self.ask_engine_for_uploads(out);
        if !out.remote.is_empty() {
            self.sent_at = now;
        }
        if backlog + out.remote.len() > MAX_UNREAD {
            return Err(EndReason::Flooded("unread messages"));
        }
        if self.blocks_received > self.requests_sent + UNASKED_BLOCKS {
            return Err(EndReason::Flooded("blocks that were not requested"));
        }
        Ok(())
    }

    /// Notes that bytes of the peer arrived.
    pub fn on_received(&mut self, now: Instant) {
        self.received_at = now;
    }

    /// Notes that the peer took bytes.
    pub fn on_written(&mut self, now: Instant) {
        self.written_at = now;
    }

    /// Whether a block was passed on to the piece engine since the last call.
    pub fn take_forwarded(&mut self) -> bool {
        std::mem::take(&mut self.forwarded)
    }

    /// Whether the piece engine is to be connected again. What was to be sent to it is void then.
    pub fn take_restart(&mut self) -> bool {
        std::mem::take(&mut self.restart_engine)
    }

    /// Whether blocks or metadata were exchanged.
    pub fn is_useful(&self) -> bool {
        self.useful
    }

    /// Whether verified pieces are to be told to the peer at once.
    pub fn waits_for_pieces(&self) -> bool {
        !self.pieces.is_seed()
    }

    /// Bounds of the peer's next message.
    fn remote_limits(&self) -> Limits {
        Limits {
            bitfield_len: self.info.as_ref().map(|info| info.bitfield_len()),
            max_block: MAX_BLOCK,
            max_extended: 1024 * 1024,
        }
    }

    /// Whether neither side needs anything from the other.
    pub fn is_over(&self) -> bool {
        self.info.is_some() && self.pieces.is_seed() && self.torrent.is_finished()
    }

    fn send(&self, event: PeerEvent) {
        _ = self.events.send(event);
    }

    /// Requests that the peer may have at a time.
    fn window(&self) -> usize {
        let reqq = self.extensions.reqq().unwrap_or(DEFAULT_REQQ);
        reqq.min(self.options.request_window).max(1) as usize
    }

    fn send_requests(&mut self, now: Instant, out: &mut Outputs) {
        if self.remote_choking {
            return;
        }
        let window = self.window();
        while let Some(block) = self.book.next_to_send(now, window) {
            self.requests_sent += 1;
            out.remote.push(&Message::Request(block));
        }
    }

    fn set_remote_choking(&mut self, choking: bool, now: Instant) {
        if choking == self.remote_choking {
            return;
        }
        self.remote_choking = choking;
        self.status.set(status::PEER_CHOKING, choking);
        if choking {
            self.choked_at = now;
            self.torrent.unchoked.remove();
        } else {
            self.progress_at = now;
            self.torrent.unchoked.add();
        }
    }

    fn count_wasted(&self, bytes: usize) {
        self.torrent.wasted.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.remote_choking {
            self.torrent.unchoked.remove();
        }
        self.torrent.metadata.lock().remove_peer(self.key);
    }
}

impl From<OutOfRange> for EndReason {
    fn from(_: OutOfRange) -> Self {
        Self::Protocol("pieces out of range")
    }
}
