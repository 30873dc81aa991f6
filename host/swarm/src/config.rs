//! What a swarm starts with.

use std::path::PathBuf;

use crate::bans::AddressRange;

/// Settings of a swarm that last as long as it does.
#[derive(Debug, Clone)]
pub struct SwarmConfig {
    /// The port for incoming connections, TCP and both address families. If it is taken, or with
    /// `None`, the system picks one.
    pub listen_port: Option<u16>,
    /// Accept connections from this machine only.
    pub loopback_only: bool,
    /// Our peer id.
    pub peer_id: [u8; 20],
    /// The name and version that peers are told (`v` of BEP 10).
    pub client: String,
    /// The User-Agent that HTTP trackers are told.
    pub user_agent: String,
    /// The file that keeps the DHT's routing table, if the DHT is used (BEP 5).
    pub dht: Option<PathBuf>,
    /// Find peers in the local network (BEP 14).
    pub lsd: bool,
    /// Ask the router to forward the port (UPnP IGD, NAT-PMP, PCP).
    pub port_mapping: bool,
    /// Most connections of all torrents together.
    pub max_connections: usize,
    /// Most connections of one torrent.
    pub max_connections_per_torrent: usize,
    /// Addresses that no connection is made with.
    pub banned: Vec<AddressRange>,
}
