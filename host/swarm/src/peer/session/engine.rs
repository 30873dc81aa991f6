//! Messages of the piece engine, and its coming and going.

use tokio::time::Instant;

use super::{DEFAULT_REQQ, EndReason, Outputs, Result, Session};
use crate::peer::blame::Senders;
use crate::peer::frames::Receiver;
use crate::peer::outgoing::Frame;
use crate::peer::{PeerEvent, status};
use crate::wire::extended::ExtendedHandshake;
use crate::wire::message::{Limits, Message};

/// Largest window that the piece engine is told.
const MAX_WINDOW: u32 = 500;

/// Takes the messages of the piece engine.
pub(crate) struct EngineReceiver<'a> {
    pub session: &'a mut Session,
    pub out: &'a mut Outputs,
    pub now: Instant,
}

impl Receiver for EngineReceiver<'_> {
    type Error = EndReason;

    fn limits(&self) -> Limits {
        Limits { bitfield_len: None, max_block: 16 * 1024, max_extended: 64 * 1024 }
    }

    fn is_dropped(&mut self, _head: &[u8]) -> bool {
        false
    }

    fn receive(&mut self, message: Message<'_>, frame: &Frame) -> Result<()> {
        self.session.on_engine_message(message, frame, self.now, self.out);
        Ok(())
    }
}

impl Session {
    /// Notes that the piece engine has taken the connection, and tells it what is known of the peer.
    ///
    /// # Errors
    /// If the piece engine had closed the connection because of a piece that this peer alone had sent.
    pub fn on_engine_ready(&mut self, out: &mut Outputs) -> Result<()> {
        self.judge()?;
        self.engine_ready = true;
        self.engine_choked = true;
        self.status.set(status::ENGINE, true);
        out.engine.clear();
        self.send_window(out);
        if let Some(bits) = self.shown_bitfield() {
            out.engine.push(&Message::Bitfield(&bits));
        }
        self.pieces_changed = true;
        Ok(())
    }

    /// Gives the connection to the piece engine up: what it had requested is cancelled. The caller
    /// connects it again.
    pub fn drop_engine(&mut self, out: &mut Outputs) {
        self.restart_engine = true;
        self.on_engine_gone(out);
    }

    fn on_engine_gone(&mut self, out: &mut Outputs) {
        self.engine_ready = false;
        self.engine_choked = true;
        self.status.set(status::ENGINE, false);
        out.engine.clear();
        for block in self.book.clear() {
            out.remote.push(&Message::Cancel(block));
        }
        self.uploads.return_all();
    }

    /// Notes that the piece engine has closed the connection.
    ///
    /// # Errors
    /// If the connection to the peer ends too, since nothing is needed any more.
    pub fn on_engine_closed(&mut self, out: &mut Outputs) -> Result<()> {
        self.on_engine_gone(out);
        if self.is_over() {
            return Err(EndReason::NotNeeded);
        }
        // The piece engine closes the connection that delivered the last block of a wrong piece. It
        // also closes every connection of a torrent that stops, so the piece is judged only once the
        // piece engine has taken the connection again.
        for piece in self.recent.take() {
            if self.torrent.pieces.has(piece) {
                continue;
            }
            match self.torrent.blocks.senders(piece) {
                Senders::One(key) if key == self.key => self.suspects.push(piece),
                // The piece is fetched again, probably from one peer.
                Senders::Several(_) => self.torrent.blocks.forget(piece),
                Senders::One(_) | Senders::Unknown => {}
            }
        }
        Ok(())
    }

    /// Judges the pieces that were complete when the piece engine closed the connection.
    fn judge(&mut self) -> Result<()> {
        let mut lied = false;
        for piece in std::mem::take(&mut self.suspects) {
            lied |= !self.torrent.pieces.has(piece);
            self.torrent.blocks.forget(piece);
        }
        if lied {
            self.send(PeerEvent::Lied { key: self.key });
            return Err(EndReason::Lied);
        }
        Ok(())
    }

    /// The pieces that the piece engine sees; `None` for none.
    pub(super) fn shown_bitfield(&self) -> Option<Vec<u8>> {
        let mut bits = self.pieces.bitfield()?;
        for piece in &self.refused {
            if let Some(byte) = bits.get_mut((piece / 8) as usize) {
                *byte &= !(0x80 >> (piece % 8));
            }
        }
        Some(bits)
    }

    /// Tells the piece engine how many requests it may make at a time.
    pub(super) fn send_window(&mut self, out: &mut Outputs) {
        let reqq = self.extensions.reqq().unwrap_or(DEFAULT_REQQ).min(MAX_WINDOW);
        let handshake = ExtendedHandshake { reqq: Some(reqq), ..Default::default() };
        out.engine.push(&Message::Extended { id: 0, payload: &handshake.encode() });
    }

    fn on_engine_message(
        &mut self,
        message: Message<'_>,
        frame: &Frame,
        now: Instant,
        out: &mut Outputs,
    ) {
        if !self.engine_ready {
            // It was given up within the same read.
            return;
        }
        match message {
            Message::Request(block) => {
                if self.book.is_empty() {
                    self.progress_at = now;
                }
                if !self.book.insert(block) && !self.book.contains(block.piece, block.begin) {
                    // More requests than the piece engine makes: it is to begin again.
                    self.drop_engine(out);
                }
            }
            Message::Cancel(block) if self.book.cancel(block) => {
                out.remote.push(&Message::Cancel(block));
            }
            Message::Piece { piece, begin, data } => {
                self.on_engine_block(piece, begin, data, frame, out);
            }
            Message::Interested | Message::NotInterested => {
                self.engine_interested = message == Message::Interested;
                self.pieces_changed = true;
            }
            // What the peer is told of us is decided by the connection.
            _ => {}
        }
    }

    /// Lets the piece engine request or not. It is choked while the peer has nothing that we lack,
    /// since it would look for pieces in vain and then pause for seconds.
    pub(super) fn update_engine_choke(&mut self, out: &mut Outputs) {
        if !self.engine_ready {
            return;
        }
        let choked = self.remote_choking || self.held_until.is_some() || !self.interesting;
        if choked != self.engine_choked {
            self.engine_choked = choked;
            out.engine.push(if choked { &Message::Choke } else { &Message::Unchoke });
        }
    }
}
