//! Changes to the swarm of a torrent that runs, and questions about it.

use torrpeddo_swarm::{AddressRange, PortMapping, TrackerStatus};

use super::Session;
use crate::metainfo::InfoHash;

impl Session {
    /// Asks the trackers of a torrent, the DHT and the local network at once. False if it neither runs
    /// nor resolves.
    pub fn announce_now(&self, id: InfoHash) -> bool {
        self.0.swarm.get().is_some_and(|swarm| swarm.announce_now(id))
    }

    /// Dials peers, given as `host:port`. Returns how many are dialed: all of them, or none if the
    /// torrent neither runs nor resolves.
    pub fn add_peers(&self, id: InfoHash, peers: Vec<String>) -> usize {
        let count = peers.len();
        let swarm = self.0.swarm.get();
        if swarm.is_some_and(|swarm| swarm.add_peers(id, peers)) { count } else { 0 }
    }

    /// Replaces the trackers of a torrent that runs or resolves. False if the torrent has to be
    /// started again to ask them.
    pub fn set_trackers(&self, id: InfoHash, tiers: Vec<Vec<String>>) -> bool {
        let run = self.get(id);
        if let Some(run) = &run {
            run.set_tiers(tiers.clone());
        }
        let asked = self.0.swarm.get().is_some_and(|swarm| swarm.set_trackers(id, tiers));
        asked || run.is_some()
    }

    /// The trackers of a torrent; `None` if it neither runs nor resolves.
    pub fn trackers(&self, id: InfoHash) -> Option<Vec<TrackerStatus>> {
        self.0.swarm.get()?.trackers(id)
    }

    /// Replaces the addresses and CIDR ranges that no connection is made with, and closes the
    /// connections that there are. Entries that cannot be read are left out.
    pub fn set_banned(&self, banned: &[String]) {
        let ranges: Vec<AddressRange> =
            banned.iter().filter_map(|text| text.parse().ok()).collect();
        self.0.banned.lock().clone_from(&ranges);
        if let Some(swarm) = self.0.swarm.get() {
            swarm.set_banned(ranges);
        }
    }

    /// Closes the connections of a torrent that does not run and that nobody resolves. They are kept for
    /// a while after the metadata came. When this returns, none is left.
    pub async fn leave(&self, id: InfoHash) {
        if let Some(swarm) = self.0.swarm.get()
            && self.get(id).is_none()
        {
            swarm.leave(id).await;
        }
    }

    /// Whether the router forwards the listen port; `None` if it is not asked to.
    pub fn port_mapping(&self) -> Option<PortMapping> {
        match self.0.swarm.get() {
            Some(swarm) => swarm.port_mapping(),
            None => self.0.config.upnp.then_some(PortMapping::Unknown),
        }
    }
}
