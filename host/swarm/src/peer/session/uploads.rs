//! Requests of the peer.

use std::sync::atomic::Ordering;

use super::{EndReason, Outputs, Result, SLOW, Session};
use crate::peer::outgoing::Frame;
use crate::peer::status;
use crate::peer::upload_queue::{Admission, Delivery, is_valid};
use crate::wire::message::{BlockRequest, Message, encode_piece_header};

/// Most requests for what we do not have or cannot exist.
const MAX_ODD_REQUESTS: u32 = 1000;

impl Session {
    pub(super) fn on_interest(&mut self, interested: bool, out: &mut Outputs) {
        if interested == self.remote_interested {
            return;
        }
        self.remote_interested = interested;
        self.status.set(status::PEER_INTERESTED, interested);
        self.update_choking(out);
    }

    /// Chokes or unchokes the peer.
    pub(super) fn update_choking(&mut self, out: &mut Outputs) {
        let choking = self.choke.unwrap_or(!self.remote_interested);
        if choking == self.am_choking {
            return;
        }
        self.am_choking = choking;
        self.status.set(status::AM_CHOKING, choking);
        if !choking {
            out.remote.push(&Message::Unchoke);
            return;
        }
        out.remote.push(&Message::Choke);
        for request in self.uploads.clear() {
            self.decline(request, out);
        }
    }

    pub(super) fn on_request(&mut self, request: BlockRequest, out: &mut Outputs) -> Result<()> {
        let valid = self.info.as_ref().is_some_and(|info| is_valid(info, request))
            && self.torrent.pieces.has(request.piece);
        if !valid {
            self.odd_requests += 1;
            if self.odd_requests > MAX_ODD_REQUESTS {
                return Err(EndReason::Flooded("requests that cannot be answered"));
            }
        }
        if !valid || self.am_choking || self.uploads.push(request) == Admission::Full {
            self.decline(request, out);
        }
        Ok(())
    }

    pub(super) fn on_cancel(&mut self, request: BlockRequest, out: &mut Outputs) {
        if self.uploads.cancel(request) {
            self.decline(request, out);
        }
    }

    /// Tells a peer that a request is not answered, if it understands that.
    fn decline(&self, request: BlockRequest, out: &mut Outputs) {
        if self.fast {
            out.remote.push(&Message::RejectRequest(request));
        }
    }

    /// Asks the piece engine for blocks, unless the peer does not read what it asked for.
    pub(super) fn ask_engine_for_uploads(&mut self, out: &mut Outputs) {
        let Some(info) = self.info.as_ref().filter(|_| self.engine_ready) else { return };
        if self.backlog > SLOW {
            return;
        }
        while let Some(block) = self.uploads.next_block(info) {
            out.engine.push(&Message::Request(block));
        }
    }

    pub(super) fn on_engine_block(
        &mut self,
        piece: u32,
        begin: u32,
        data: &[u8],
        frame: &Frame,
        out: &mut Outputs,
    ) {
        let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let sent = match self.uploads.deliver(BlockRequest { piece, begin, len }, data) {
            Delivery::Forward => {
                out.remote.forward(frame);
                len
            }
            Delivery::Assembled(BlockRequest { piece, begin, len }, data) => {
                out.remote.push_bytes(&encode_piece_header(piece, begin, len));
                out.remote.push_bytes(&data);
                len
            }
            Delivery::Kept | Delivery::Dropped => return,
        };
        self.useful = true;
        self.status.add_uploaded(u64::from(sent));
        self.torrent.uploaded.fetch_add(u64::from(sent), Ordering::Relaxed);
    }
}
