//! Messages of the peer.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::{EndReason, MAX_EXTENDED, MAX_REFUSED, Outputs, Result, Session};
use crate::peer::frames::Receiver;
use crate::peer::outgoing::Frame;
use crate::peer::request_book::{Answer, Rejection};
use crate::peer::status;
use crate::wire::message::{BlockRequest, Limits, Message};

/// Most bitfields of a peer. BEP 3 allows one; each further one replaces what the peer has.
const MAX_BITFIELDS: u8 = 10;

/// Most bytes of a bitfield message for as many pieces as a torrent may have, its id included.
const MAX_BITFIELD_MESSAGE: usize = torrpeddo_readers::metainfo::MAX_PIECES.div_ceil(8) + 1;

/// Takes the messages of the peer.
pub(crate) struct RemoteReceiver<'a> {
    pub session: &'a mut Session,
    pub out: &'a mut Outputs,
    pub now: Instant,
}

impl Receiver for RemoteReceiver<'_> {
    type Error = EndReason;

    fn limits(&self) -> Limits {
        self.session.remote_limits()
    }

    fn is_dropped(&mut self, head: &[u8]) -> bool {
        self.session.is_dropped(head)
    }

    fn receive(&mut self, message: Message<'_>, frame: &Frame) -> Result<()> {
        self.session.on_remote_message(message, frame, self.now, self.out)
    }
}

impl Session {
    /// Whether an unfinished message is not worth to be kept.
    fn is_dropped(&mut self, head: &[u8]) -> bool {
        let Some((prefix, rest)) = head.split_first_chunk() else { return false };
        let len = u32::from_be_bytes(*prefix) as usize;
        match rest.split_first() {
            Some((5, _)) => self.info.is_none() && len > MAX_BITFIELD_MESSAGE,
            Some((20, _)) => len > MAX_EXTENDED,
            Some((7, rest)) => {
                let Some((header, _)) = rest.split_first_chunk::<8>() else { return false };
                let [a, b, c, d, e, f, g, h] = *header;
                let block = BlockRequest {
                    piece: u32::from_be_bytes([a, b, c, d]),
                    begin: u32::from_be_bytes([e, f, g, h]),
                    len: u32::try_from(len.saturating_sub(9)).unwrap_or(u32::MAX),
                };
                let unasked = !self.book.contains(block.piece, block.begin);
                if unasked {
                    self.blocks_received += 1;
                    self.count_wasted(len);
                }
                unasked
            }
            _ => false,
        }
    }

    pub(super) fn on_remote_message(
        &mut self,
        message: Message<'_>,
        frame: &Frame,
        now: Instant,
        out: &mut Outputs,
    ) -> Result<()> {
        match message {
            Message::Piece { piece, begin, data } => {
                let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
                self.on_block(BlockRequest { piece, begin, len }, frame, now, out)?;
            }
            Message::Request(request) => self.on_request(request, out)?,
            Message::Cancel(request) => self.on_cancel(request, out),
            Message::Have(piece) => {
                if self.pieces.add(piece)? {
                    self.on_pieces_changed();
                    if self.engine_ready {
                        out.engine.push(&Message::Have(piece));
                    }
                }
            }
            Message::Choke => self.on_choke(now, out),
            Message::Unchoke => {
                self.set_remote_choking(false, now);
                self.update_engine_choke(out);
            }
            Message::Interested => self.on_interest(true, out),
            Message::NotInterested => self.on_interest(false, out),
            Message::Bitfield(bits) => {
                self.count_bitfield()?;
                self.pieces.replace(bits)?;
                self.show_pieces(out);
            }
            Message::HaveAll | Message::HaveNone => {
                self.count_bitfield()?;
                self.pieces.set_all(message == Message::HaveAll);
                self.show_pieces(out);
            }
            Message::RejectRequest(request) => self.on_reject(request, now, out)?,
            Message::Extended { id, payload } => self.on_extended(id, payload, now, out)?,
            // Nothing is requested while the peer chokes, and the piece engine decides what is
            // requested.
            Message::KeepAlive
            | Message::Port(_)
            | Message::SuggestPiece(_)
            | Message::AllowedFast(_) => {}
        }
        Ok(())
    }

    fn on_block(
        &mut self,
        block: BlockRequest,
        frame: &Frame,
        now: Instant,
        out: &mut Outputs,
    ) -> Result<()> {
        self.blocks_received += 1;
        match self.book.answer(block) {
            Answer::Expected => {
                let bytes = u64::from(block.len);
                out.engine.forward(frame);
                self.status.add_downloaded(bytes);
                self.torrent.downloaded.fetch_add(bytes, Ordering::Relaxed);
                if let Some(info) = &self.info {
                    self.torrent.blocks.record(self.key, block, info);
                }
                self.recent.add(block.piece);
                self.status.set(status::SNUBBED, false);
                self.progress_at = now;
                self.useful = true;
                self.forwarded = true;
            }
            Answer::WrongLength(asked) => {
                self.count_wasted(block.len as usize);
                self.on_reject(asked, now, out)?;
            }
            Answer::Unasked => self.count_wasted(block.len as usize),
        }
        Ok(())
    }

    fn on_choke(&mut self, now: Instant, out: &mut Outputs) {
        if !self.remote_choking && !self.fast {
            self.book.return_all();
        }
        self.set_remote_choking(true, now);
        self.update_engine_choke(out);
    }

    fn on_reject(&mut self, request: BlockRequest, now: Instant, out: &mut Outputs) -> Result<()> {
        if self.remote_choking {
            self.book.reject_by_choke(request);
            return Ok(());
        }
        if self.book.reject(request, now) == Rejection::TooOften {
            return self.refuse(request.piece, out);
        }
        Ok(())
    }

    /// Hides a piece from the piece engine that the peer does not send.
    pub(super) fn refuse(&mut self, piece: u32, out: &mut Outputs) -> Result<()> {
        if self.refused.len() >= MAX_REFUSED {
            return Err(EndReason::Protocol("too many pieces that are not sent"));
        }
        self.refused.push(piece);
        self.drop_engine(out);
        Ok(())
    }

    fn count_bitfield(&mut self) -> Result<()> {
        self.bitfields += 1;
        if self.bitfields > MAX_BITFIELDS {
            return Err(EndReason::Flooded("bitfields"));
        }
        Ok(())
    }

    /// Tells the piece engine the pieces of the peer after they have been replaced.
    fn show_pieces(&mut self, out: &mut Outputs) {
        self.on_pieces_changed();
        if !self.engine_ready {
            return;
        }
        let none = || self.info.as_ref().map(|info| vec![0; info.bitfield_len()]);
        if let Some(bits) = self.shown_bitfield().or_else(none) {
            out.engine.push(&Message::Bitfield(&bits));
        }
    }
}
