//! The pieces of both sides: who is told what, and who is interested.

use super::{Outputs, SLOW, Session};
use crate::peer::status;
use crate::wire::message::Message;

/// Most `have`s that are sent in one round.
const MAX_HAVES: usize = 1000;

impl Session {
    pub(super) fn send_haves(&mut self, out: &mut Outputs) {
        if self.info.is_none() || self.backlog > SLOW {
            return;
        }
        if let Some((bits, from)) = &mut self.untold {
            let end =
                (bits.len() as u32).saturating_mul(8).min(from.saturating_add(MAX_HAVES as u32));
            for piece in *from..end {
                let byte = bits.get((piece / 8) as usize).copied().unwrap_or_default();
                if byte & (0x80 >> (piece % 8)) != 0 {
                    out.remote.push(&Message::Have(piece));
                }
            }
            *from = end;
            if end as usize >= bits.len() * 8 {
                self.untold = None;
            }
            return;
        }
        let verified = self.torrent.pieces.verified_since(self.told, MAX_HAVES);
        if verified.is_empty() {
            return;
        }
        self.told += verified.len();
        self.pieces_changed = true;
        for piece in verified {
            // A peer that has the piece does not ask for it.
            if !self.pieces.has(piece) {
                out.remote.push(&Message::Have(piece));
            }
        }
    }

    /// Whether more `have`s wait than one round sends.
    pub fn has_untold_pieces(&self) -> bool {
        self.untold.is_some() && self.backlog <= SLOW
    }

    pub(super) fn on_pieces_changed(&mut self) {
        self.pieces_changed = true;
        self.status.set_pieces(self.pieces.count());
        self.status.set(status::SEED, self.pieces.is_seed());
    }

    /// Finds out whether the peer has something that we lack, and tells both sides.
    pub(super) fn update_interest(&mut self, out: &mut Outputs) {
        self.pieces_changed = false;
        self.interesting = if self.pieces.is_seed() {
            !self.torrent.pieces.is_complete()
        } else {
            self.torrent.pieces.lacks_any_of(self.pieces.bits())
        };
        let interested = self.engine_interested && self.interesting;
        if interested != self.am_interested {
            self.am_interested = interested;
            self.status.set(status::AM_INTERESTED, interested);
            let message = if interested { Message::Interested } else { Message::NotInterested };
            out.remote.push(&message);
        }
        self.update_engine_choke(out);
    }
}
