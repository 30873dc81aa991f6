//! Peers, trackers and the port mapping as the protocol has them.

use std::time::Instant;

use torrpeddo_protocol::model;
use torrpeddo_swarm::{MappingMethod, PeerSource, PortMapping, TrackerState, TrackerStatus};

use super::now_ms;
use crate::session::Peer;

/// A peer.
pub(super) fn peer(peer: Peer) -> model::Peer {
    let flags = peer.flags;
    model::Peer {
        address: peer.address,
        client: peer.client,
        transport: model::Transport::Tcp,
        direction: if peer.incoming { model::Direction::In } else { model::Direction::Out },
        // Connections are plaintext only.
        encrypted: false,
        state: "connected".into(),
        progress: Some(peer.progress),
        download_rate: peer.download_rate,
        upload_rate: peer.upload_rate,
        downloaded: peer.downloaded,
        uploaded: peer.uploaded,
        source: Some(match peer.source {
            PeerSource::Tracker => model::PeerSource::Tracker,
            PeerSource::Dht => model::PeerSource::Dht,
            PeerSource::Lsd => model::PeerSource::Lsd,
            PeerSource::Pex => model::PeerSource::Pex,
            PeerSource::User => model::PeerSource::User,
            PeerSource::Incoming => model::PeerSource::Incoming,
        }),
        flags: model::PeerFlags {
            am_choking: flags.am_choking,
            am_interested: flags.am_interested,
            peer_choking: flags.peer_choking,
            peer_interested: flags.peer_interested,
            optimistic: flags.optimistic,
            snubbed: flags.snubbed,
            seed: flags.seed,
        },
    }
}

/// A tracker.
pub(super) fn tracker(status: TrackerStatus) -> model::Tracker {
    let (now, now_ms) = (Instant::now(), now_ms());
    let millis = |from: Instant, to: Instant| {
        u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
    };
    model::Tracker {
        url: status.url,
        tier: status.tier,
        state: match status.state {
            TrackerState::Disabled => model::TrackerState::Disabled,
            TrackerState::NotContacted => model::TrackerState::NotContacted,
            TrackerState::Updating => model::TrackerState::Updating,
            TrackerState::Working => model::TrackerState::Working,
            TrackerState::Failed => model::TrackerState::Failed,
        },
        message: status.message,
        peers: status.peers,
        seeds: status.seeds,
        leechers: status.leechers,
        downloads: status.downloads,
        last_announce_at: status.last_announce.map(|at| now_ms.saturating_sub(millis(at, now))),
        next_announce_at: status.next_announce.map(|at| now_ms.saturating_add(millis(now, at))),
    }
}

/// The port mapping; `None` is switched off.
pub(super) fn port_mapping(mapping: Option<PortMapping>) -> model::PortMapping {
    let off = model::PortMapping {
        state: model::PortMappingState::Off,
        method: None,
        external_ip: None,
        message: None,
    };
    match mapping {
        None => off,
        Some(PortMapping::Unknown) => {
            model::PortMapping { state: model::PortMappingState::Unknown, ..off }
        }
        Some(PortMapping::Mapped { external, method, .. }) => {
            let method = match method {
                MappingMethod::Upnp => "upnp",
                MappingMethod::NatPmp => "nat_pmp",
                MappingMethod::Pcp => "pcp",
            };
            model::PortMapping {
                state: model::PortMappingState::Mapped,
                method: Some(method.into()),
                external_ip: external.map(|address| address.to_string()),
                ..off
            }
        }
        Some(PortMapping::Failed { reason }) => model::PortMapping {
            state: model::PortMappingState::Failed,
            message: Some(reason),
            ..off
        },
    }
}
