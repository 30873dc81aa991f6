//! Torrent files that no program makes for us.

use sha1::{Digest as _, Sha1};

use crate::bencode::{Value, dictionary};
use crate::{Files, Seeder};

/// The size of a piece in all of them.
pub const PIECE: usize = 16 << 10;

/// A torrent of one file.
#[derive(Debug, Clone)]
pub struct Single {
    name: String,
    content: Vec<u8>,
    private: bool,
}

impl Single {
    /// A torrent that anybody may pass on.
    #[must_use]
    pub fn public(name: &str, bytes: usize) -> Self {
        Self { name: name.into(), content: crate::files::content(name, bytes), private: false }
    }

    /// A torrent whose peers come from its tracker alone (BEP 27).
    #[must_use]
    pub fn private(name: &str, bytes: usize) -> Self {
        Self { private: true, ..Self::public(name, bytes) }
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
            ("piece length", (PIECE as u64).into()),
            ("pieces", pieces(&self.content).as_slice().into()),
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
    content.chunks(PIECE).flat_map(|piece| Sha1::digest(piece).to_vec()).collect()
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
