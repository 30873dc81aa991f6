//! Messages of the extension protocol (BEP 10): handshakes, peer exchange (BEP 11) and metadata (BEP 9).

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::{DEFAULT_REQQ, EndReason, Outputs, Result, SLOW, Session};
use crate::metadata::MetadataProgress;
use crate::peer::{PeerEvent, status};
use crate::wire::extended::{ExtendedHandshake, ExtensionIds};
use crate::wire::message::Message;
use crate::wire::metadata_message::{MetadataMessage, PART_LEN};
use crate::wire::pex::Pex;

/// The id of peer exchange in messages to us.
pub(crate) const UT_PEX: u8 = 1;

/// The id of the metadata exchange in messages to us.
pub(crate) const UT_METADATA: u8 = 2;

/// Most extended handshakes of a peer that are read. Further ones are ignored.
const MAX_HANDSHAKES: u32 = 10;

/// Most messages of extensions in a second on average, handshakes included.
const MAX_MESSAGES: f64 = 100.0;

/// Most messages of extensions at once.
const MAX_BURST: f64 = 2000.0;

/// Shortest time between two messages of peer exchange. BEP 11 has a minute.
const PEX_INTERVAL: Duration = Duration::from_secs(55);

/// Most parts of the metadata that a peer is sent in a second on average.
const PARTS_PER_SECOND: f64 = 16.0;

/// Most parts of the metadata that a peer is sent at once, which is all of nearly every torrent.
const MAX_PARTS: f64 = 256.0;

/// Most parts of the metadata that a peer has to answer at a time.
const MAX_METADATA_REQUESTS: u32 = 4;

/// How long a peer may take for a part of the metadata until it is asked for others.
const METADATA_PATIENCE: Duration = Duration::from_secs(5);

/// Most parts of the metadata that a peer sends without being of use.
const MAX_USELESS_PARTS: u32 = 256;

/// What the peer told about extensions, and how often.
pub(super) struct Extensions {
    enabled: bool,
    theirs: ExtendedHandshake,
    handshakes: u32,
    allowance: f64,
    counted_at: Instant,
    pex_at: Option<Instant>,
    parts: f64,
    parts_at: Instant,
    asked: u32,
    asked_at: Instant,
    useless: u32,
}

impl Extensions {
    pub fn new(enabled: bool) -> Self {
        let now = Instant::now();
        Self {
            enabled,
            theirs: ExtendedHandshake::default(),
            handshakes: 0,
            allowance: MAX_BURST,
            counted_at: now,
            pex_at: None,
            parts: MAX_PARTS,
            parts_at: now,
            asked: 0,
            asked_at: now,
            useless: 0,
        }
    }

    /// How many requests the peer queues.
    pub fn reqq(&self) -> Option<u32> {
        self.theirs.reqq
    }

    /// Whether metadata is fetched from the peer.
    pub fn fetches_metadata(&self, known: bool) -> bool {
        !known && self.theirs.m.ut_metadata.is_some() && self.theirs.metadata_size.is_some()
    }

    /// Counts a message. Returns false if there are too many.
    fn count(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted_at).as_secs_f64();
        self.counted_at = now;
        self.allowance = (self.allowance + passed * MAX_MESSAGES).min(MAX_BURST) - 1.0;
        self.allowance >= 0.0
    }
}

impl Session {
    /// Whether the torrent is known to be private. It is not known before the metadata is.
    fn is_private(&self) -> bool {
        self.info.as_ref().is_some_and(|info| info.private)
    }

    pub(super) fn send_extended_handshake(&mut self, out: &mut Outputs) {
        if !self.extensions.enabled {
            return;
        }
        let public = !self.is_private();
        let handshake = ExtendedHandshake {
            m: ExtensionIds {
                ut_metadata: public.then_some(UT_METADATA),
                ut_pex: public.then_some(UT_PEX),
                ..ExtensionIds::default()
            },
            port: self.options.listen_port,
            client: Some(self.options.client.clone()).filter(|client| !client.is_empty()),
            reqq: Some(DEFAULT_REQQ),
            yourip: Some(self.status.address.ip().to_canonical()),
            metadata_size: self
                .info
                .as_ref()
                .filter(|_| public)
                .and_then(|info| u32::try_from(info.info.len()).ok()),
            upload_only: self.info.is_some() && self.torrent.is_finished(),
            ..ExtendedHandshake::default()
        };
        out.remote.push(&Message::Extended { id: 0, payload: &handshake.encode() });
    }

    pub(super) fn send_pex(&mut self, pex: &Pex, out: &mut Outputs) {
        if let Some(id) = self.extensions.theirs.m.ut_pex
            && !self.is_private()
            && self.backlog <= SLOW
        {
            out.remote.push(&Message::Extended { id, payload: &pex.encode() });
        }
    }

    pub(super) fn on_extended(
        &mut self,
        id: u8,
        payload: &[u8],
        now: Instant,
        out: &mut Outputs,
    ) -> Result<()> {
        let asked = id == UT_METADATA && self.extensions.asked > 0 && self.info.is_none();
        if !asked && !self.extensions.count(now) {
            return Err(EndReason::Flooded("messages of extensions"));
        }
        if !self.extensions.enabled {
            return Ok(());
        }
        match id {
            0 => self.on_extended_handshake(payload, now, out),
            UT_PEX => self.on_pex(payload, now),
            UT_METADATA => self.on_metadata(payload, now, out)?,
            _ => {}
        }
        Ok(())
    }

    fn on_extended_handshake(&mut self, payload: &[u8], now: Instant, out: &mut Outputs) {
        self.extensions.handshakes += 1;
        if self.extensions.handshakes > MAX_HANDSHAKES {
            return;
        }
        let (port, reqq) = (self.extensions.theirs.port, self.extensions.reqq());
        if self.extensions.theirs.update(payload).is_err() {
            return;
        }
        let theirs = &self.extensions.theirs;
        self.status.set(status::UPLOAD_ONLY, theirs.upload_only);
        self.status.set_client(theirs.client.clone());
        if let Some(new) = theirs.port.filter(|new| port != Some(*new)) {
            let address = SocketAddr::new(self.status.address.ip(), new);
            self.send(PeerEvent::ListenPort { key: self.key, address });
        }
        if self.engine_ready && self.extensions.reqq() != reqq {
            self.send_window(out);
        }
        self.drive_metadata(now, out);
    }

    fn on_pex(&mut self, payload: &[u8], now: Instant) {
        let early = self.extensions.pex_at.is_some_and(|at| now < at + PEX_INTERVAL);
        if early || self.is_private() {
            return;
        }
        self.extensions.pex_at = Some(now);
        if let Ok(pex) = Pex::parse(payload)
            && !pex.added.is_empty()
        {
            self.send(PeerEvent::Pex { key: self.key, added: pex.added });
        }
    }

    fn on_metadata(&mut self, payload: &[u8], now: Instant, out: &mut Outputs) -> Result<()> {
        let Ok(message) = MetadataMessage::parse(payload) else { return Ok(()) };
        match message {
            MetadataMessage::Request { piece } => self.serve_metadata(piece, now, out),
            MetadataMessage::Data { piece, total_size, data } => {
                self.on_metadata_part(piece, total_size, data)?;
                self.drive_metadata(now, out);
            }
            MetadataMessage::Reject { piece } => {
                self.extensions.asked = self.extensions.asked.saturating_sub(1);
                self.torrent.metadata.lock().on_reject(self.key, piece, now.into_std());
                self.drive_metadata(now, out);
            }
            MetadataMessage::Unknown => {}
        }
        Ok(())
    }

    fn on_metadata_part(&mut self, piece: u32, total_size: u32, data: &[u8]) -> Result<()> {
        if self.info.is_some() {
            return Ok(());
        }
        self.extensions.asked = self.extensions.asked.saturating_sub(1);
        let progress = self.torrent.metadata.lock().on_data(self.key, piece, total_size, data);
        match progress {
            MetadataProgress::Ignored => {
                self.extensions.useless += 1;
                if self.extensions.useless > MAX_USELESS_PARTS {
                    return Err(EndReason::Flooded("parts of the metadata"));
                }
            }
            MetadataProgress::Accepted => self.useful = true,
            MetadataProgress::Complete(info) => {
                self.useful = true;
                self.send(PeerEvent::MetadataComplete(info));
            }
            MetadataProgress::Failed { liars } => {
                for key in liars {
                    self.send(PeerEvent::Lied { key });
                }
            }
        }
        Ok(())
    }

    /// Asks the peer for parts of the metadata while it is unknown.
    pub(super) fn drive_metadata(&mut self, now: Instant, out: &mut Outputs) {
        if self.info.is_some() {
            return;
        }
        let theirs = &self.extensions.theirs;
        let (Some(id), Some(size)) = (theirs.m.ut_metadata, theirs.metadata_size) else { return };
        if now >= self.extensions.asked_at + METADATA_PATIENCE {
            self.extensions.asked = 0;
        }
        while self.extensions.asked < MAX_METADATA_REQUESTS {
            let next = self.torrent.metadata.lock().next_request(self.key, size, now.into_std());
            let Some(piece) = next else { return };
            self.extensions.asked += 1;
            self.extensions.asked_at = now;
            let payload = MetadataMessage::Request { piece }.encode();
            out.remote.push(&Message::Extended { id, payload: &payload });
        }
    }

    fn serve_metadata(&mut self, piece: u32, now: Instant, out: &mut Outputs) {
        let Some(id) = self.extensions.theirs.m.ut_metadata else { return };
        let passed = now.saturating_duration_since(self.extensions.parts_at).as_secs_f64();
        self.extensions.parts_at = now;
        self.extensions.parts = (self.extensions.parts + passed * PARTS_PER_SECOND).min(MAX_PARTS);
        let start = (piece as usize).checked_mul(PART_LEN as usize);
        let info = self.info.as_ref().filter(|info| !info.private).map(|info| &info.info);
        let rest = info.zip(start).and_then(|(info, start)| info.get(start..));
        let part = rest.map(|rest| rest.get(..PART_LEN as usize).unwrap_or(rest));
        let part = part.filter(|part| {
            !part.is_empty()
                && self.extensions.parts >= 1.0
                && self.backlog + out.remote.len() <= 4 * SLOW
        });
        let total_size = info.and_then(|info| u32::try_from(info.len()).ok());
        let message = match part.zip(total_size) {
            Some((data, total_size)) => {
                self.extensions.parts -= 1.0;
                MetadataMessage::Data { piece, total_size, data }
            }
            None => MetadataMessage::Reject { piece },
        };
        out.remote.push(&Message::Extended { id, payload: &message.encode() });
    }
}
