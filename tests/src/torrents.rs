//! Torrent files that no program makes for us.

use std::net::SocketAddr;

use sha1::{Digest as _, Sha1};

use crate::bencode::{Value, dictionary};
use crate::{Files, Seeder};

/// The size of a piece where nothing else is said.
pub const PIECE: usize = 16 << 10;

/// A torrent of one file.
#[derive(Debug, Clone)]
pub struct Single {
    name: String,
    content: Vec<u8>,
    private: bool,
    piece_bytes: usize,
}

impl Single {
    /// A torrent that anybody may pass on.
    #[must_use]
    pub fn public(name: &str, bytes: usize) -> Self {
        let content = crate::files::content(name, bytes);
        Self { name: name.into(), content, private: false, piece_bytes: PIECE }
    }

    /// A torrent whose peers come from its tracker alone (BEP 27).
    #[must_use]
    pub fn private(name: &str, bytes: usize) -> Self {
        Self { private: true, ..Self::public(name, bytes) }
    }

    /// The same in pieces of another size, in bytes.
    #[must_use]
    pub fn in_pieces_of(self, piece_bytes: usize) -> Self {
        Self { piece_bytes, ..self }
    }

    /// Its name, and that of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes of its file.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The size of its pieces, in bytes.
    #[must_use]
    pub fn piece_bytes(&self) -> usize {
        self.piece_bytes
    }

    /// How many pieces it has.
    #[must_use]
    pub fn piece_count(&self) -> usize {
        self.content.len().div_ceil(self.piece_bytes)
    }

    /// The info dictionary, which is the metadata that peers exchange (BEP 9).
    #[must_use]
    pub fn metadata(&self) -> Vec<u8> {
        self.info().encode()
    }

    /// The info-hash in hex: the id of the torrent in the engine.
    #[must_use]
    pub fn hex(&self) -> String {
        self.id().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A magnet link with these peers in it (`x.pe`).
    #[must_use]
    pub fn magnet(&self, peers: &[SocketAddr]) -> String {
        let peers: String = peers.iter().map(|peer| format!("&x.pe={peer}")).collect();
        format!("magnet:?xt=urn:btih:{}{peers}", self.hex())
    }

    /// The torrent file, with these trackers in tiers of their own (BEP 12).
    #[must_use]
    pub fn with_trackers(&self, trackers: &[&str]) -> Vec<u8> {
        let tiers = trackers.iter().map(|url| Value::List(vec![(*url).into()])).collect();
        dictionary([("announce-list", Value::List(tiers)), ("info", self.info())]).encode()
    }

    /// The info-hash.
    #[must_use]
    pub fn id(&self) -> [u8; 20] {
        Sha1::digest(self.info().encode()).into()
    }

    /// Seeds it, without announcing it anywhere.
    #[must_use]
    pub fn seed(&self) -> Seeder {
        Seeder::of_torrent(&self.with_trackers(&[]), Files::one("0", self.content.clone()))
    }

    fn info(&self) -> Value {
        let mut members = vec![
            ("length", (self.content.len() as u64).into()),
            ("name", self.name.as_str().into()),
            ("piece length", (self.piece_bytes as u64).into()),
            ("pieces", pieces_of(&self.content, self.piece_bytes).as_slice().into()),
        ];
        if self.private {
            members.push(("private", 1.into()));
        }
        dictionary(members)
    }
}

/// The hashes of the pieces of `content`.
#[must_use]
pub fn pieces(content: &[u8]) -> Vec<u8> {
    pieces_of(content, PIECE)
}

fn pieces_of(content: &[u8], piece_bytes: usize) -> Vec<u8> {
    content.chunks(piece_bytes).flat_map(|piece| Sha1::digest(piece).to_vec()).collect()
}

/// A path in a torrent.
#[must_use]
pub fn path(parts: &[&[u8]]) -> Value {
    Value::List(parts.iter().map(|part| (*part).into()).collect())
}

/// A torrent of files with the given path components. The contents are those of files named
/// `0`, `1`, … so that they can be seeded.
#[must_use]
pub fn with_paths(name: &[u8], paths: &[Vec<&[u8]>]) -> (Vec<u8>, Files) {
    let names: Vec<String> = (0..paths.len()).map(|number| number.to_string()).collect();
    let contents = Files::new(names.iter().map(|name| (name.as_str(), 20_000)));
    // In the order of the numbers, which is not that of the names.
    let all: Vec<u8> = names.iter().flat_map(|name| crate::files::content(name, 20_000)).collect();
    let list = paths
        .iter()
        .map(|parts| dictionary([("length", 20_000_u64.into()), ("path", path(parts))]))
        .collect();
    let info = dictionary([
        ("name", name.into()),
        ("piece length", (PIECE as u64).into()),
        ("pieces", pieces(&all).as_slice().into()),
        ("files", Value::List(list)),
    ]);
    (dictionary([("info", info)]).encode(), contents)
}
