//! Drives a session without sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::{Outputs, Session};
use crate::peer::frames::Receiver;
use crate::peer::outgoing::{Frame, Memory, Origin, Outgoing};
use crate::peer::session::{EngineReceiver, RemoteReceiver};
use crate::peer::status::PeerStatus;
use crate::peer::tests::rig::info;
use crate::peer::{EndReason, PeerEvent, PeerKey, PeerOptions};
use crate::shared::TorrentShared;
use crate::types::PeerSource;
use crate::wire::handshake::Handshake;
use crate::wire::message::{Decoded, Limits, Message, decode};

pub type Result = std::result::Result<(), EndReason>;

pub struct Rig {
    pub session: Session,
    pub torrent: Arc<TorrentShared>,
    pub now: Instant,
    pub events: mpsc::UnboundedReceiver<PeerEvent>,
    pub backlog: usize,
    /// What the piece engine was sent.
    pub engine: Vec<Message<'static>>,
    /// What the peer was sent.
    pub remote: Vec<Message<'static>>,
}

impl Rig {
    /// A connection of an attached torrent whose pieces are `pieces`.
    pub fn new(fast: bool, pieces: u8) -> Self {
        let mut rig = Self::unattached(fast);
        rig.torrent.pieces.reset(&[pieces], 4);
        rig.apply(|session, out, _| {
            session.set_info(info(), false, out)?;
            session.open(out);
            session.on_engine_ready(out)
        })
        .unwrap();
        rig
    }

    /// A connection of a torrent without metadata, before the session is opened.
    pub fn unattached(fast: bool) -> Self {
        let torrent = Arc::new(TorrentShared::new(info().info_hash, [1; 20]));
        let (sender, events) = mpsc::unbounded_channel();
        let mut handshake = Handshake::new(torrent.info_hash, [2; 20]);
        if !fast {
            handshake.reserved[7] = 0;
        }
        let address = "192.0.2.7:6881".parse().unwrap();
        let status = PeerStatus::new(address, [2; 20], false, PeerSource::Tracker);
        let session = Session::new(
            PeerKey(7),
            Arc::clone(&torrent),
            Arc::new(PeerOptions { client: "us".into(), ..PeerOptions::default() }),
            Arc::new(status),
            &handshake,
            sender,
        );
        let now = Instant::now();
        let (engine, remote) = (Vec::new(), Vec::new());
        Self { session, torrent, now, events, backlog: 0, engine, remote }
    }

    /// A seed that has unchoked us, while the piece engine wants pieces.
    pub fn with_seed(fast: bool) -> Self {
        let mut rig = Self::new(fast, 0);
        rig.remote(Message::Bitfield(&[0xf0])).unwrap();
        rig.remote(Message::Unchoke).unwrap();
        rig.engine(Message::Interested).unwrap();
        rig.clear();
        rig
    }

    pub fn apply(
        &mut self,
        action: impl FnOnce(&mut Session, &mut Outputs, Instant) -> Result,
    ) -> Result {
        self.round(&[], action)
    }

    fn round(
        &mut self,
        buffer: &[u8],
        action: impl FnOnce(&mut Session, &mut Outputs, Instant) -> Result,
    ) -> Result {
        let mut out = Outputs::default();
        let mut result = action(&mut self.session, &mut out, self.now);
        if result.is_ok() {
            result = self.session.end_round(self.backlog, self.now, &mut out);
        }
        self.engine.extend(messages(&out.engine, buffer));
        self.remote.extend(messages(&out.remote, buffer));
        result
    }

    /// The peer sends a message.
    pub fn remote(&mut self, message: Message<'_>) -> Result {
        self.session.on_received(self.now);
        let mut buffer = Vec::new();
        message.encode(&mut buffer);
        let frame = Frame { origin: Origin::Buffer, range: 0..buffer.len() };
        self.round(&buffer, |session, out, now| {
            let mut receiver = RemoteReceiver { session, out, now };
            if let Err(error) = decode(&buffer, &receiver.limits()) {
                return Err(error.into());
            }
            receiver.receive(message, &frame)
        })
    }

    /// The piece engine sends a message.
    pub fn engine(&mut self, message: Message<'_>) -> Result {
        let mut buffer = Vec::new();
        message.encode(&mut buffer);
        let frame = Frame { origin: Origin::Buffer, range: 0..buffer.len() };
        self.round(&buffer, |session, out, now| {
            EngineReceiver { session, out, now }.receive(message, &frame)
        })
    }

    /// Connects the piece engine again if the session wants it.
    pub fn restarted(&mut self) -> bool {
        let restarted = self.session.take_restart();
        if restarted {
            self.engine.clear();
            self.apply(|session, out, _| session.on_engine_ready(out)).unwrap();
        }
        restarted
    }

    /// Lets time pass, with a tick every second.
    pub fn wait(&mut self, seconds: u64) -> Result {
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.apply(|session, out, now| session.on_tick(true, now, out).map(drop))?;
        }
        Ok(())
    }

    pub fn clear(&mut self) {
        self.engine.clear();
        self.remote.clear();
    }

    pub fn take_engine(&mut self) -> Vec<Message<'static>> {
        std::mem::take(&mut self.engine)
    }

    pub fn take_remote(&mut self) -> Vec<Message<'static>> {
        std::mem::take(&mut self.remote)
    }
}

/// The messages in what is to be written. Their memory is leaked.
fn messages(out: &Outgoing, buffer: &[u8]) -> Vec<Message<'static>> {
    let memory = Memory { buffer, partial: &[] };
    let bytes: Vec<u8> = out.slices(memory).flatten().copied().collect();
    assert_eq!(bytes.len(), out.len());
    let mut rest: &'static [u8] = bytes.leak();
    let limits = Limits { bitfield_len: None, max_block: 256 * 1024, max_extended: 64 * 1024 };
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let Decoded::Message { message, frame_len } = decode(rest, &limits).unwrap() else {
            panic!("half a message");
        };
        messages.push(message);
        rest = &rest[frame_len..];
    }
    messages
}

pub fn piece(block: crate::wire::message::BlockRequest) -> Message<'static> {
    let data = crate::peer::tests::rig::data(block).leak();
    Message::Piece { piece: block.piece, begin: block.begin, data }
}
