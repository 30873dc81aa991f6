//! What happens because time passes.

use std::time::Duration;

use tokio::time::Instant;

use super::{EndReason, Outputs, Result, Session};
use crate::peer::status;
use crate::wire::message::{BlockRequest, Message};

/// Interval of the checks while requests are under way.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// A keep-alive is sent after this time without a message. BEP 3 has two minutes as the limit.
const KEEP_ALIVE: Duration = Duration::from_secs(100);

/// How long a peer may choke until its pieces are given back, where another peer can serve them.
const CHOKE_PATIENCE: Duration = Duration::from_secs(15);

/// How long a peer may send no block until it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// How long a peer may send no block until it counts as snubbing.
const SNUB: Duration = Duration::from_secs(60);

/// How long the piece engine requests nothing from a peer that snubbed.
const HOLD: Duration = Duration::from_secs(30);

impl Session {
    /// Checks what depends on time. `reading` tells whether the peer's messages are read at all: they
    /// are not while the piece engine takes nothing. Returns when the next check is due.
    ///
    /// # Errors
    /// If the connection has been silent for too long, or is not needed any more.
    pub fn on_tick(&mut self, reading: bool, now: Instant, out: &mut Outputs) -> Result<Instant> {
        if !reading {
            self.received_at = now;
            self.progress_at = now;
        }
        if now >= self.received_at + self.options.idle
            || (self.backlog > 0 && now >= self.written_at + self.options.idle)
        {
            return Err(EndReason::Idle);
        }
        if self.is_over() {
            return Err(EndReason::NotNeeded);
        }
        if self.held_until.is_some_and(|until| until <= now) {
            self.held_until = None;
            self.pieces_changed = true;
        }
        self.book.resume_delayed(now);
        self.check_progress(now, out)?;
        self.drive_metadata(now, out);
        if now >= self.sent_at + KEEP_ALIVE && out.remote.is_empty() {
            out.remote.push(&Message::KeepAlive);
        }
        self.book.shrink();
        self.uploads.shrink();
        Ok(self.next_tick(now))
    }

    fn check_progress(&mut self, now: Instant, out: &mut Outputs) -> Result<()> {
        if self.book.is_empty() {
            return Ok(());
        }
        if self.remote_choking {
            // This connection does not count as unchoked.
            if now >= self.choked_at + CHOKE_PATIENCE && self.torrent.unchoked.get() > 0 {
                self.drop_engine(out);
            }
            return Ok(());
        }
        let blocks = self.book.return_overtaken(now);
        if !blocks.is_empty() {
            self.cancel(blocks, out);
            if let Some(piece) = self.book.hopeless() {
                return self.refuse(piece, out);
            }
        }
        if self.book.in_flight() == 0 {
            return Ok(());
        }
        if now >= self.progress_at + SNUB {
            self.status.set(status::SNUBBED, true);
            if self.torrent.unchoked.get() > 1 {
                self.held_until = Some(now + HOLD);
                self.drop_engine(out);
                return Ok(());
            }
        }
        if now >= self.progress_at.max(self.resent_at) + ASK_AGAIN {
            self.resent_at = now;
            let blocks = self.book.return_all();
            self.cancel(blocks, out);
        }
        Ok(())
    }

    /// Cancels requests that are sent again in this round, so that a slow peer does not answer twice.
    fn cancel(&mut self, blocks: Vec<BlockRequest>, out: &mut Outputs) {
        for block in blocks {
            out.remote.push(&Message::Cancel(block));
        }
    }

    /// When the next check is due, if nothing happens before.
    fn next_tick(&self, now: Instant) -> Instant {
        if self.is_active() {
            return now + TICK;
        }
        let idle = (self.received_at + self.options.idle).min(self.sent_at + KEEP_ALIVE);
        self.held_until.map_or(idle, |until| idle.min(until)).max(now + TICK)
    }

    /// Whether there is something to check every second.
    pub fn is_active(&self) -> bool {
        !self.book.is_empty()
            || !self.uploads.is_empty()
            || self.backlog > 0
            || self.extensions.fetches_metadata(self.info.is_some())
    }
}
