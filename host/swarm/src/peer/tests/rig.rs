//! A scripted peer and a scripted piece engine around one connection, over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use torrpeddo_readers::metainfo::{InfoHash, sha1};

use crate::peer::{PeerEvent, PeerHandle, PeerKey, PeerOptions, PeerParams, spawn};
use crate::shared::TorrentShared;
use crate::types::{Attachment, ConnectFuture, PeerSource, PieceEngine, TorrentInfo};
use crate::wire::handshake::Handshake;
use crate::wire::message::{BlockRequest, Decoded, Limits, Message, decode};

pub const BLOCK: u32 = 16 * 1024;
const LIMITS: Limits =
    Limits { bitfield_len: None, max_block: 256 * 1024, max_extended: 1024 * 1024 };

/// Four pieces of four blocks each, the last of which has one block and 100 bytes.
pub fn info() -> Arc<TorrentInfo> {
    let info = Bytes::from(vec![b'i'; 40_000]);
    Arc::new(TorrentInfo {
        info_hash: InfoHash(sha1(&info)),
        info,
        piece_count: 4,
        piece_bytes: 4 * BLOCK,
        total_bytes: u64::from(13 * BLOCK + 100),
        private: false,
    })
}

pub fn block(piece: u32, index: u32) -> BlockRequest {
    BlockRequest { piece, begin: index * BLOCK, len: BLOCK }
}

pub fn data(block: BlockRequest) -> Vec<u8> {
    vec![(block.piece * 16 + block.begin / BLOCK) as u8; block.len as usize]
}

/// One end of a connection that a test writes by hand.
pub struct Wire {
    pub stream: TcpStream,
    received: Vec<u8>,
}

impl Wire {
    fn new(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new() }
    }

    pub async fn send(&mut self, message: Message<'_>) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.stream.write_all(&bytes).await.unwrap();
    }

    pub async fn send_block(&mut self, block: BlockRequest) {
        let BlockRequest { piece, begin, .. } = block;
        self.send(Message::Piece { piece, begin, data: &data(block) }).await;
    }

    /// The next message; `None` at the end. Its memory is leaked.
    pub async fn try_next(&mut self) -> Option<Message<'static>> {
        loop {
            if let Decoded::Message { frame_len, .. } = decode(&self.received, &LIMITS).unwrap() {
                let frame: Vec<u8> = self.received.drain(..frame_len).collect();
                let frame: &'static [u8] = frame.leak();
                match decode(frame, &LIMITS).unwrap() {
                    Decoded::Message { message, .. } => return Some(message),
                    other => panic!("{other:?}"),
                }
            }
            let mut bytes = vec![0; 64 * 1024];
            match self.stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(len) => self.received.extend_from_slice(&bytes[..len]),
            }
        }
    }

    pub async fn next(&mut self) -> Message<'static> {
        self.try_next().await.expect("the connection ended")
    }

    /// The next message that is none of an extension.
    pub async fn next_plain(&mut self) -> Message<'static> {
        loop {
            match self.next().await {
                Message::Extended { .. } => {}
                message => return message,
            }
        }
    }

    /// Waits for a message.
    pub async fn expect(&mut self, wanted: Message<'_>) {
        while self.next().await != wanted {}
    }

    /// Everything until the end.
    pub async fn rest(&mut self) -> Vec<Message<'static>> {
        let mut messages = Vec::new();
        while let Some(message) = self.try_next().await {
            messages.push(message);
        }
        messages
    }
}

/// A piece engine whose connections are written by the test.
pub struct Engine {
    connections: mpsc::UnboundedSender<Wire>,
    runtime: Mutex<Handle>,
    pub refuses: AtomicBool,
    pub attempts: Arc<AtomicUsize>,
}

impl PieceEngine for Engine {
    fn connect(&self, handshake: [u8; Handshake::LEN]) -> ConnectFuture {
        let connections = self.connections.clone();
        let refuses = self.refuses.load(Ordering::SeqCst);
        self.attempts.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if refuses {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            assert_eq!(Handshake::parse(&handshake).unwrap().peer_id, *b"-XX0001-the-remote--");
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let ours = TcpStream::connect(listener.local_addr()?).await?;
            connections.send(Wire::new(listener.accept().await?.0)).unwrap();
            ours.into_std()
        })
    }

    fn runtime(&self) -> Handle {
        self.runtime.lock().clone()
    }

    fn served(&self) {}
}

/// How a connection starts.
pub struct Setup {
    pub fast: bool,
    pub attached: bool,
    /// Our bitfield.
    pub pieces: u8,
    pub received: Vec<u8>,
    pub options: PeerOptions,
}

impl Default for Setup {
    fn default() -> Self {
        let options = PeerOptions {
            client: "Torrpeddo".into(),
            listen_port: Some(6881),
            ..PeerOptions::default()
        };
        Self { fast: true, attached: true, pieces: 0, received: Vec::new(), options }
    }
}

pub struct Rig {
    pub torrent: Arc<TorrentShared>,
    pub engine: Arc<Engine>,
    pub engines: mpsc::UnboundedReceiver<Wire>,
    pub remote: Wire,
    pub handle: PeerHandle,
    pub events: mpsc::UnboundedReceiver<PeerEvent>,
}

impl Rig {
    pub async fn new(setup: Setup) -> Self {
        let info = info();
        let torrent = Arc::new(TorrentShared::new(info.info_hash, *b"-TP0100-abcdefghijkl"));
        let (connections, engines) = mpsc::unbounded_channel();
        let engine = Arc::new(Engine {
            connections,
            runtime: Mutex::new(Handle::current()),
            refuses: AtomicBool::new(false),
            attempts: Arc::default(),
        });
        torrent.pieces.reset(&[setup.pieces], 4);
        let mut rig_torrent = None;
        if setup.attached {
            rig_torrent = Some(Attachment { info, engine: engine.clone() });
        }
        torrent.attachment.send_replace(rig_torrent);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let remote = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = listener.accept().await.unwrap();
        let mut handshake = Handshake::new(torrent.info_hash, *b"-XX0001-the-remote--");
        if !setup.fast {
            handshake.reserved[7] = 0;
        }
        let (sender, events) = mpsc::unbounded_channel();
        let params = PeerParams {
            stream: stream.into_std().unwrap(),
            address,
            incoming: true,
            source: PeerSource::Incoming,
            handshake,
            received: setup.received,
            torrent: Arc::clone(&torrent),
            options: Arc::new(setup.options),
        };
        let handle = spawn(params, PeerKey(7), sender);
        Self { torrent, engine, engines, remote: Wire::new(remote), handle, events }
    }

    pub fn engine_on(&self, runtime: Handle) {
        *self.engine.runtime.lock() = runtime;
    }

    pub fn attach(&self) {
        let engine: Arc<dyn PieceEngine> = self.engine.clone();
        self.torrent.attachment.send_replace(Some(Attachment { info: info(), engine }));
    }

    /// The piece engine's end, after what librqbit sends first.
    pub async fn engine(&mut self) -> Wire {
        let mut engine = self.engines.recv().await.unwrap();
        engine.send(Message::Extended { id: 0, payload: b"d1:md6:ut_pexi1eee" }).await;
        if self.torrent.pieces.count() > 0 {
            engine.send(Message::Bitfield(&self.torrent.pieces.snapshot().0)).await;
        }
        engine.send(Message::Unchoke).await;
        engine
    }

    /// A seed that has unchoked us, and the piece engine that requests from it.
    pub async fn with_seed(setup: Setup) -> (Self, Wire) {
        let mut rig = Self::new(setup).await;
        let mut engine = rig.engine().await;
        rig.remote.send(Message::Bitfield(&[0xf0])).await;
        rig.remote.send(Message::Unchoke).await;
        assert_eq!(engine.next_plain().await, Message::Bitfield(&[0xf0]));
        engine.send(Message::Interested).await;
        rig.remote.expect(Message::Interested).await;
        engine.expect(Message::Unchoke).await;
        (rig, engine)
    }

    pub async fn end(&mut self) -> crate::peer::EndReason {
        loop {
            if let PeerEvent::Ended { reason, .. } = self.events.recv().await.unwrap() {
                assert!(self.events.recv().await.is_none());
                return reason;
            }
        }
    }
}
