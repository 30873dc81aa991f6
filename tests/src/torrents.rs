//! Torrent files that no program makes for us.

use sha1::{Digest as _, Sha1};

use crate::bencode::{Value, dictionary};
use crate::{Files, Seeder};

const PIECE: usize = 16 << 10;

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
        let hashes: Vec<u8> =
            self.content.chunks(PIECE).flat_map(|piece| Sha1::digest(piece).to_vec()).collect();
        let mut members = vec![
            ("length", (self.content.len() as u64).into()),
            ("name", self.name.as_str().into()),
            ("piece length", (PIECE as u64).into()),
            ("pieces", hashes.as_slice().into()),
        ];
        if self.private {
            members.push(("private", 1.into()));
        }
        dictionary(members)
    }
}
