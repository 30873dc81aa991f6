//! A seeder that does what a script says: chokes, lies, stops, says what no client says.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::bencode::{Value, dictionary};
use crate::torrents::Single;
use crate::wire::{self, Block, Message, Wire, kind};

/// What we want messages with metadata (BEP 9) to be called.
const OUR_METADATA: u8 = 3;

/// The size of a part of the metadata (BEP 9).
const METADATA_PART: usize = 16 << 10;

/// What a seeder answers when it is asked for metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// The metadata.
    True,
    /// That it does not give it.
    Rejected,
    /// Other bytes of the same size.
    False,
    /// Nothing.
    Withheld,
}

/// What a seeder has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    open: AtomicUsize,
    blocks: AtomicUsize,
    metadata: AtomicUsize,
}

/// A seeder on loopback. Its port stays open until the process ends.
pub struct ScriptedSeeder {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

impl ScriptedSeeder {
    /// Starts a seeder on 127.0.0.1. Each connection runs `script` after the handshake; when that returns
    /// without an error, the connection goes on as that of an honest seeder ([`Upload::serve`]).
    #[must_use]
    pub fn start(
        torrent: &Single,
        script: impl Fn(&mut Upload) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::at("127.0.0.1:0", torrent, wire::EXTENSIONS, script)
    }

    /// Starts a seeder that offers the Fast extension (BEP 6).
    #[must_use]
    pub fn fast(
        torrent: &Single,
        script: impl Fn(&mut Upload) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::at("127.0.0.1:0", torrent, wire::EXTENSIONS_AND_FAST, script)
    }

    /// Starts a seeder that does nothing unusual.
    #[must_use]
    pub fn honest(torrent: &Single) -> Self {
        Self::start(torrent, |_| Ok(()))
    }

    /// Starts a seeder at an address of its own, with these reserved bits in its handshake.
    ///
    /// # Panics
    /// If the address cannot be bound.
    #[must_use]
    pub fn at(
        address: &str,
        torrent: &Single,
        reserved: [u8; 8],
        script: impl Fn(&mut Upload) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::<Seen>::default();
        let (torrent, script) = (Arc::new(torrent.clone()), Arc::new(script));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (torrent, script) = (Arc::clone(&torrent), Arc::clone(&script));
                let seen = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let wire = Wire::greet(stream, torrent.id(), reserved)?;
                    seen.connections.fetch_add(1, Ordering::SeqCst);
                    seen.open.fetch_add(1, Ordering::SeqCst);
                    let mut upload = Upload::new(wire, torrent, Arc::clone(&seen));
                    upload.fast = upload.wire.is_fast() && reserved == wire::EXTENSIONS_AND_FAST;
                    let done = script(&mut upload).and_then(|()| upload.serve());
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                    done
                });
            }
        });
        Self { address, seen }
    }

    /// How many connections have got as far as the handshake.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many of them are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.seen.open.load(Ordering::SeqCst)
    }

    /// How many blocks it has sent, right or wrong.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.seen.blocks.load(Ordering::SeqCst)
    }

    /// How often it was asked for metadata.
    #[must_use]
    pub fn asked_for_metadata(&self) -> usize {
        self.seen.metadata.load(Ordering::SeqCst)
    }
}

/// A seeder's side of one connection.
pub struct Upload {
    /// The connection.
    pub wire: Wire,
    /// What it answers when it is asked for metadata.
    pub metadata: Metadata,
    /// What was asked for and not sent.
    pub pending: VecDeque<Block>,
    /// Whether both sides have the Fast extension (BEP 6).
    fast: bool,
    torrent: Arc<Single>,
    seen: Arc<Seen>,
    choking: bool,
    interested: bool,
    announced: bool,
    /// What the peer wants messages with metadata to be called.
    their_metadata: Option<u8>,
}

impl Upload {
    fn new(wire: Wire, torrent: Arc<Single>, seen: Arc<Seen>) -> Self {
        Self {
            wire,
            metadata: Metadata::True,
            pending: VecDeque::new(),
            fast: false,
            torrent,
            seen,
            choking: true,
            interested: false,
            announced: false,
            their_metadata: None,
        }
    }

    /// Says in an extended handshake that it has the metadata.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn offer_metadata(&mut self) -> io::Result<()> {
        let size = self.torrent.metadata().len() as u64;
        let offer = dictionary([
            ("m", dictionary([("ut_metadata", u64::from(OUR_METADATA).into())])),
            ("metadata_size", size.into()),
        ]);
        self.wire.send_extended(0, &offer.encode())
    }

    /// Says in a bitfield that it has everything.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn bitfield(&mut self) -> io::Result<()> {
        let count = self.torrent.piece_count();
        let mut bits = vec![0xff_u8; count.div_ceil(8)];
        if let (Some(last), rest @ 1..) = (bits.last_mut(), count % 8) {
            *last <<= 8 - rest;
        }
        self.announced = true;
        self.wire.send(kind::BITFIELD, &bits)
    }

    /// Says in one message that it has everything (BEP 6).
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn have_all(&mut self) -> io::Result<()> {
        self.announced = true;
        self.wire.send(kind::HAVE_ALL, &[])
    }

    /// Chokes. What was asked for is forgotten, as BEP 3 has it, and returned.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn choke(&mut self) -> io::Result<Vec<Block>> {
        self.choking = true;
        self.wire.send(kind::CHOKE, &[])?;
        Ok(self.pending.drain(..).collect())
    }

    /// Unchokes.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn unchoke(&mut self) -> io::Result<()> {
        self.choking = false;
        self.wire.send(kind::UNCHOKE, &[])
    }

    /// Chokes, forgets what arrives for a moment, and unchokes.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn choke_for(&mut self, moment: Duration) -> io::Result<()> {
        self.choke()?;
        self.listen(moment)?;
        self.unchoke()
    }

    /// Reads for this long, and answers nothing but questions for metadata.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn listen(&mut self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.wire.receive_within(left)? {
                Some(message) => self.note(&message)?,
                None => return Ok(()),
            }
        }
    }

    /// Waits until the peer asks for a block, after it was told what there is and unchoked.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn next_request(&mut self) -> io::Result<Block> {
        if !self.announced {
            self.bitfield()?;
        }
        loop {
            if let Some(block) = self.pending.pop_front() {
                return Ok(block);
            }
            if self.choking && self.interested {
                self.unchoke()?;
            }
            let message = self.wire.receive()?;
            self.note(&message)?;
        }
    }

    /// The right bytes of a block.
    #[must_use]
    pub fn data(&self, block: Block) -> Vec<u8> {
        let at = block.piece as usize * self.torrent.piece_bytes() + block.offset as usize;
        self.torrent.content()[at..at + block.length as usize].to_vec()
    }

    /// Sends these bytes as a block.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn send_as(&mut self, block: Block, data: &[u8]) -> io::Result<()> {
        self.seen.blocks.fetch_add(1, Ordering::SeqCst);
        let head = [block.piece, block.offset].map(u32::to_be_bytes).concat();
        self.wire.send(kind::PIECE, &[head.as_slice(), data].concat())
    }

    /// Sends a block.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn send(&mut self, block: Block) -> io::Result<()> {
        self.send_as(block, &self.data(block))
    }

    /// Says that a block will not be sent (BEP 6).
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn reject(&mut self, block: Block) -> io::Result<()> {
        self.wire.send(kind::REJECT, &block.encode())
    }

    /// Sends the next blocks that are asked for.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn serve_blocks(&mut self, count: usize) -> io::Result<()> {
        for _ in 0..count {
            let block = self.next_request()?;
            self.send(block)?;
        }
        Ok(())
    }

    /// Sends whatever is asked for, until the connection ends.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn serve(&mut self) -> io::Result<()> {
        loop {
            self.serve_blocks(1)?;
        }
    }

    fn note(&mut self, message: &Message) -> io::Result<()> {
        match message.kind {
            kind::INTERESTED => self.interested = true,
            kind::NOT_INTERESTED => self.interested = false,
            kind::REQUEST if !self.choking => self.pending.extend(Block::decode(&message.body)),
            // Without the Fast extension it is forgotten.
            kind::REQUEST if self.fast => return self.wire.send(kind::REJECT, &message.body),
            kind::CANCEL => {
                let cancelled = Block::decode(&message.body);
                self.pending.retain(|block| Some(*block) != cancelled);
            }
            kind::EXTENDED => return self.note_extended(&message.body),
            _ => {}
        }
        Ok(())
    }

    fn note_extended(&mut self, body: &[u8]) -> io::Result<()> {
        match body {
            [0, handshake @ ..] => self.their_metadata = wire::extension(handshake, "ut_metadata"),
            [OUR_METADATA, question @ ..] => {
                self.seen.metadata.fetch_add(1, Ordering::SeqCst);
                return self.answer_metadata(question);
            }
            _ => {}
        }
        Ok(())
    }

    fn answer_metadata(&mut self, question: &[u8]) -> io::Result<()> {
        let Some(extension) = self.their_metadata else { return Ok(()) };
        let part = wire::bencoded(question, "piece").unwrap_or_default();
        let mut all = self.torrent.metadata();
        let size = all.len() as u64;
        if self.metadata == Metadata::False {
            all.fill(b'x');
        }
        let number = |number: u64| Value::from(number);
        let answer = match self.metadata {
            Metadata::Withheld => return Ok(()),
            Metadata::Rejected => {
                dictionary([("msg_type", number(2)), ("piece", number(part))]).encode()
            }
            Metadata::True | Metadata::False => {
                let head = dictionary([
                    ("msg_type", number(1)),
                    ("piece", number(part)),
                    ("total_size", number(size)),
                ]);
                let at = usize::try_from(part).unwrap_or_default() * METADATA_PART;
                let bytes = all.get(at..all.len().min(at + METADATA_PART)).unwrap_or_default();
                [head.encode().as_slice(), bytes].concat()
            }
        };
        self.wire.send_extended(extension, &answer)
    }
}
