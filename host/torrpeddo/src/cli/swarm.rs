//! `torrpeddo peers` and `torrpeddo trackers`.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use torrpeddo_protocol::methods::{GetPeers, GetTrackers, IdParams};
use torrpeddo_protocol::model::{
    Direction, Peer, PeerFlags, PeerSource, Tracker, TrackerState, Transport,
};
use torrpeddo_protocol::size;

use super::args::One;
use super::out::Out;
use super::{select, text};
use crate::failure::Result;

/// Lists the connected peers of a torrent, the fastest first.
pub fn peers(arguments: &One, out: &Out) -> Result<ExitCode> {
    let mut connection = super::connect()?;
    let id = select::single(&mut connection, &arguments.torrent)?.id;
    let mut found = connection.client.call::<GetPeers>(&IdParams { id })?;
    out.document(&found);
    if found.peers.is_empty() {
        out.line("No peer is connected.");
        return Ok(ExitCode::SUCCESS);
    }
    found.peers.sort_by_key(|peer| std::cmp::Reverse(peer.download_rate + peer.upload_rate));
    let rows: Vec<Vec<String>> = found.peers.iter().map(peer_row).collect();
    let head =
        ["ADDRESS", "FLAGS", "SOURCE", "DONE", "DOWN", "UP", "DOWNLOADED", "UPLOADED", "CLIENT"];
    print(&head, &rows, out);
    Ok(ExitCode::SUCCESS)
}

/// Lists the trackers of a torrent, tier by tier.
pub fn trackers(arguments: &One, out: &Out) -> Result<ExitCode> {
    let mut connection = super::connect()?;
    let id = select::single(&mut connection, &arguments.torrent)?.id;
    let found = connection.client.call::<GetTrackers>(&IdParams { id })?;
    out.document(&found);
    if found.trackers.is_empty() {
        out.line("This torrent has no trackers.");
        return Ok(ExitCode::SUCCESS);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    let rows: Vec<_> = found.trackers.iter().map(|tracker| tracker_row(tracker, now)).collect();
    print(&["TIER", "STATE", "SEEDS", "LEECHERS", "PEERS", "NEXT", "URL"], &rows, out);
    for tracker in &found.trackers {
        if let Some(message) = &tracker.message {
            out.line(&format!("{}: {}", text::plain(&tracker.url), text::plain(message)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(head: &[&str], rows: &[Vec<String>], out: &Out) {
    for line in text::table(head, rows, out.columns()) {
        out.line(&line);
    }
}

fn peer_row(peer: &Peer) -> Vec<String> {
    vec![
        text::plain(&peer.address),
        flags(peer),
        peer.source.map_or("", source).to_owned(),
        peer.progress.map_or_else(String::new, text::percent),
        text::rate(peer.download_rate),
        text::rate(peer.upload_rate),
        size::bytes(peer.downloaded),
        size::bytes(peer.uploaded),
        text::plain(peer.client.as_deref().unwrap_or_default()),
    ]
}

/// The letters that other clients use too. Each is explained in the help of `peers`.
fn flags(peer: &Peer) -> String {
    let PeerFlags { am_choking, am_interested, peer_choking, peer_interested, .. } = peer.flags;
    let letter = |interested, choking, moves, waits, idle| match (interested, choking) {
        (true, false) => moves,
        (true, true) => waits,
        (false, false) => idle,
        (false, true) => "",
    };
    let mut letters = String::from(letter(am_interested, peer_choking, "D", "d", "K"));
    letters += letter(peer_interested, am_choking, "U", "u", "?");
    for (holds, letter) in [
        (peer.flags.optimistic, "O"),
        (peer.flags.snubbed, "S"),
        (peer.direction == Direction::In, "I"),
        (peer.encrypted, "E"),
        (peer.transport == Transport::Utp, "P"),
    ] {
        if holds {
            letters += letter;
        }
    }
    letters
}

const fn source(source: PeerSource) -> &'static str {
    match source {
        PeerSource::Tracker => "tracker",
        PeerSource::Dht => "DHT",
        PeerSource::Lsd => "local network",
        PeerSource::Pex => "peer exchange",
        PeerSource::User => "you",
        PeerSource::Incoming => "incoming",
    }
}

fn tracker_row(tracker: &Tracker, now: u64) -> Vec<String> {
    let state = match tracker.state {
        TrackerState::Disabled => "disabled",
        TrackerState::NotContacted => "not contacted",
        TrackerState::Updating => "updating",
        TrackerState::Working => "working",
        TrackerState::Failed => "failed",
    };
    let count = |count: Option<u32>| count.map_or_else(String::new, |count| count.to_string());
    let next = tracker.next_announce_at.map(|at| text::left(at.saturating_sub(now)));
    vec![
        tracker.tier.to_string(),
        state.to_owned(),
        count(tracker.seeds),
        count(tracker.leechers),
        count(tracker.peers),
        next.unwrap_or_default(),
        text::plain(&tracker.url),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn peer(flags: PeerFlags) -> Peer {
        let mut peer: Peer = serde_json::from_value(json!({
            "address": "192.0.2.1:6881", "client": "a\u{1b}b", "transport": "tcp",
            "direction": "out", "encrypted": false, "state": "connected", "progress": 0.5,
            "download_rate": 1500, "upload_rate": 0, "downloaded": 2000, "uploaded": 0,
            "source": "dht",
        }))
        .unwrap();
        peer.flags = flags;
        peer
    }

    #[test]
    fn a_peer_is_told_in_one_row() {
        let shown = peer_row(&peer(PeerFlags { am_interested: true, ..PeerFlags::default() }));
        let expected =
            ["192.0.2.1:6881", "D?", "DHT", "50 %", "1.5 kB/s", "", "2 kB", "0 B", "a\u{fffd}b"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn flags_are_the_letters_of_other_clients() {
        let choked = PeerFlags { am_choking: true, peer_choking: true, ..PeerFlags::default() };
        assert_eq!(flags(&peer(choked)), "");
        let both = PeerFlags { am_interested: true, peer_interested: true, ..choked };
        assert_eq!(flags(&peer(both)), "du");
        let open = PeerFlags { am_choking: false, peer_choking: false, ..both };
        assert_eq!(flags(&peer(PeerFlags { optimistic: true, snubbed: true, ..open })), "DUOS");
        let incoming = Peer {
            direction: Direction::In,
            encrypted: true,
            transport: Transport::Utp,
            ..peer(PeerFlags::default())
        };
        assert_eq!(flags(&incoming), "K?IEP");
    }

    #[test]
    fn a_tracker_is_told_in_one_row() {
        let tracker: Tracker = serde_json::from_value(json!({
            "url": "http://t.example/announce", "tier": 1, "state": "not_contacted", "seeds": 3,
            "next_announce_at": 61_500,
        }))
        .unwrap();
        let expected =
            ["1", "not contacted", "3", "", "", "1 min 1 s", "http://t.example/announce"];
        assert_eq!(tracker_row(&tracker, 500), expected);
    }
}
