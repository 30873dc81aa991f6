//! What a torrent's peers are told of each other (BEP 11). Pure.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::wire::pex::{Pex, PexPeer};

/// Most addresses that one message adds, and most that it drops (BEP 11 suggests 50).
const MAX_ADDRESSES: usize = 50;

/// The message that brings a peer from `told` to the addresses of `connected`, if there is anything
/// to tell. `told` is updated. The peer is not told of its own address.
pub fn update(
    told: &mut HashSet<SocketAddr>,
    connected: &[PexPeer],
    own: Option<SocketAddr>,
) -> Option<Pex> {
    let now: HashSet<SocketAddr> = connected.iter().map(|peer| peer.address).collect();
    let dropped: Vec<_> =
        told.iter().filter(|peer| !now.contains(peer)).take(MAX_ADDRESSES).copied().collect();
    let added: Vec<_> = connected
        .iter()
        .filter(|peer| Some(peer.address) != own && !told.contains(&peer.address))
        .take(MAX_ADDRESSES)
        .copied()
        .collect();
    dropped.iter().for_each(|address| _ = told.remove(address));
    told.extend(added.iter().map(|peer| peer.address));
    (!added.is_empty() || !dropped.is_empty()).then_some(Pex { added, dropped })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> PexPeer {
        PexPeer { address: ([192, 0, 2, number], 6881).into(), flags: 0 }
    }

    #[test]
    fn only_changes_are_told() {
        let mut told = HashSet::new();
        let own = peer(3).address;
        let first = update(&mut told, &[peer(1), peer(2), peer(3)], Some(own)).unwrap();
        assert_eq!((first.added.len(), first.dropped.len()), (2, 0));
        assert_eq!(update(&mut told, &[peer(1), peer(2)], Some(own)), None);
        let next = update(&mut told, &[peer(2), peer(4)], Some(own)).unwrap();
        assert_eq!(next.added, [peer(4)]);
        assert_eq!(next.dropped, [peer(1).address]);
    }

    #[test]
    fn a_message_is_bounded_and_the_rest_follows() {
        let mut told = HashSet::new();
        let all: Vec<_> = (0..120).map(peer).collect();
        let mut messages = Vec::new();
        while let Some(message) = update(&mut told, &all, None) {
            messages.push(message.added.len());
        }
        assert_eq!(messages, [50, 50, 20]);
    }
}
