//! What people look at of one torrent.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use torrpeddo_protocol::limits;
use torrpeddo_protocol::methods::{GetPiecesResult, TorrentFileResult};
use torrpeddo_protocol::model::Peer;

use super::entry::Actual;
use super::queries::cursor;
use super::{Manager, blocking, swarm_view};
use crate::metainfo::InfoHash;
use crate::session::Bitfield;
use crate::{Error, Result, magnet, names};

/// How many bytes of a torrent file go into one answer: base64 makes four of three.
const PART: usize = limits::FRAME_TO_CLIENT / 2;

/// The most peers that one call of `add_peers` may name.
const ADDED_PEERS: usize = 256;

impl Manager {
    /// The verified pieces of a torrent; none while its metadata is unknown.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn pieces(&self, id: InfoHash) -> Result<GetPiecesResult> {
        let meta = match self.metainfo(id).await {
            Ok((_, meta)) => meta,
            Err(Error::WrongState { .. }) => {
                return Ok(GetPiecesResult { piece_count: 0, piece_bytes: 0, have: String::new() });
            }
            Err(error) => return Err(error),
        };
        let session = self.0.session.clone();
        blocking(move || {
            let bits = session.verified(id, meta.piece_count);
            let bits = bits.unwrap_or_else(|| Bitfield::empty(meta.piece_count));
            Ok(GetPiecesResult {
                piece_count: meta.piece_count,
                piece_bytes: meta.piece_bytes,
                have: STANDARD.encode(bits.as_bytes()),
            })
        })
        .await
    }

    /// The peers that a torrent is connected to; none while it does not run.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn peers(&self, id: InfoHash) -> Result<Vec<Peer>> {
        super::commands::present(&mut self.0.state.lock(), id)?;
        let peers = self.0.session.peers(id).unwrap_or_default();
        Ok(peers.into_iter().map(swarm_view::peer).collect())
    }

    /// Adds addresses of peers to a torrent that runs. Returns how many are tried.
    ///
    /// # Errors
    /// `NotFound`; `InvalidParams` names an address that is none; `TooLarge`; `WrongState` when it
    /// does not run.
    pub fn add_peers(&self, id: InfoHash, peers: &[String]) -> Result<u32> {
        if peers.len() > ADDED_PEERS {
            return Err(Error::TooLarge(format!(
                "At most {ADDED_PEERS} peers can be added at once."
            )));
        }
        let read = |text: &String| {
            peer_address(text).ok_or_else(|| Error::InvalidParams {
                message: format!(
                    "{} is no address of a peer. Give a host and a port, such as 192.0.2.1:6881 or \
                     [2001:db8::1]:6881.",
                    names::clean_text(text, 200)
                ),
                member: Some("peers".into()),
            })
        };
        let peers = peers.iter().map(read).collect::<Result<Vec<_>>>()?;
        let mut state = self.0.state.lock();
        let entry = super::commands::present(&mut state, id)?;
        if !matches!(entry.actual, Actual::Running | Actual::Resolving(_)) {
            return Err(entry.wrong_state(
                "Peers can be added only while the torrent runs. Resume it first.".into(),
            ));
        }
        Ok(u32::try_from(self.0.session.add_peers(id, peers)).unwrap_or(u32::MAX))
    }

    /// The torrent file, in parts where it does not fit a frame.
    ///
    /// # Errors
    /// `NotFound`; `WrongState` while its metadata is unknown; `InvalidParams` for a foreign cursor.
    pub async fn torrent_file(
        &self,
        id: InfoHash,
        from: Option<&str>,
    ) -> Result<TorrentFileResult> {
        let start = cursor(from)?;
        let (torrent, meta) = self.metainfo(id).await?;
        let rest = torrent.get(start..).unwrap_or_default();
        let part = rest.get(..PART).unwrap_or(rest);
        Ok(TorrentFileResult {
            name: format!("{}.torrent", meta.name),
            data: STANDARD.encode(part),
            next_cursor: (part.len() < rest.len()).then(|| (start + part.len()).to_string()),
        })
    }

    /// Opens a file of a torrent with the user's program for it.
    ///
    /// # Errors
    /// `NotFound`, `WrongState` while the files are unknown, `InvalidParams` for an index that no
    /// file has, `Io` when it is not there, `Unavailable` without a desktop.
    pub async fn open_file(&self, id: InfoHash, index: u32) -> Result<()> {
        let (_, meta) = self.metainfo(id).await?;
        let file = meta.files.get(index as usize).filter(|file| !file.padding);
        let file = file.ok_or_else(|| Error::InvalidParams {
            message: format!("The torrent has no file with the index {index}."),
            member: Some("index".into()),
        })?;
        let folder = {
            let mut state = self.0.state.lock();
            super::commands::present(&mut state, id)?.row.folder().clone()
        };
        let desktop = self.0.config.desktop.clone();
        let path = file.path.clone();
        blocking(move || {
            let whole = folder.join(&path);
            // Whoever put a link into the folder does not choose what is opened.
            let there = crate::files::Folder::open(&folder).and_then(|folder| folder.length(&path));
            match there {
                Ok(Some(_)) => desktop.open(&whole),
                Ok(None) => Err(Error::io(&whole, &std::io::ErrorKind::NotFound.into())),
                Err(error) => Err(Error::io(&whole, &error)),
            }
        })
        .await
    }
}

/// A host name or an address that can be dialed, with its port.
fn peer_address(text: &str) -> Option<String> {
    let peer = magnet::peer(text.trim())?;
    let refused = peer.parse::<SocketAddr>().is_ok_and(|address| {
        let ip = address.ip().to_canonical();
        let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        ip.is_unspecified() || ip.is_multicast() || broadcast
    });
    (!refused).then_some(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_hosts_with_a_port() {
        for (text, read) in [
            ("192.0.2.1:6881", "192.0.2.1:6881"),
            (" [2001:DB8::1]:1 ", "[2001:db8::1]:1"),
            ("Seed.example:65535", "seed.example:65535"),
            ("[::1]:6881", "[::1]:6881"),
        ] {
            assert_eq!(peer_address(text).as_deref(), Some(read));
        }
        for text in [
            "",
            "192.0.2.1",
            "192.0.2.1:0",
            "192.0.2.1:65536",
            "2001:db8::1:6881",
            "0.0.0.0:1",
            "[::]:1",
            "224.0.0.1:1",
            "255.255.255.255:1",
            "[ff02::1]:1",
            "[::ffff:0.0.0.0]:1",
            "a b:1",
            ":1",
            "http://a:1",
        ] {
            assert_eq!(peer_address(text), None, "{text}");
        }
    }
}
