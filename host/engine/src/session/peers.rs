//! The peers of a running torrent. librqbit counts bytes; what a count grows by between two looks is
//! a rate.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use librqbit::ManagedTorrent;

/// Between two looks that are closer than this, a rate would be noise.
const LEAST: Duration = Duration::from_millis(500);

/// A peer that we are connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Address and port.
    pub address: String,
    /// What it calls itself.
    pub client: Option<String>,
    /// Over uTP, else over TCP.
    pub utp: bool,
    /// It opened the connection.
    pub incoming: bool,
    /// Bytes from it.
    pub downloaded: u64,
    /// Bytes to it.
    pub uploaded: u64,
    /// Bytes per second from it.
    pub download_rate: u64,
    /// Bytes per second to it.
    pub upload_rate: u64,
}

/// What was seen at the last look, for the rates of the next one.
#[derive(Debug, Default)]
pub struct Looks(HashMap<String, Look>);

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    counts: [u64; 2],
    rates: [u64; 2],
}

impl Looks {
    /// The peers that are connected now.
    pub fn peers(&mut self, handle: &ManagedTorrent) -> Vec<Peer> {
        let Some(live) = handle.live() else { return Vec::new() };
        let now = Instant::now();
        let snapshot = live.per_peer_stats_snapshot(Default::default());
        self.0.retain(|address, _| snapshot.peers.contains_key(address));
        let mut peers: Vec<Peer> = snapshot
            .peers
            .into_iter()
            .map(|(address, stats)| {
                let counts = [stats.counters.fetched_bytes, stats.counters.uploaded_bytes];
                let [download_rate, upload_rate] = self.rates(&address, counts, now);
                Peer {
                    address,
                    client: stats.client_name.map(|name| crate::names::clean_text(&name, 100)),
                    utp: stats.conn_kind.is_some_and(|kind| kind.to_string() == "utp"),
                    incoming: stats.counters.connections == 0,
                    downloaded: counts[0],
                    uploaded: counts[1],
                    download_rate,
                    upload_rate,
                }
            })
            .collect();
        peers.sort_by(|one, other| one.address.cmp(&other.address));
        peers
    }

    /// The rates of a peer, from what was counted by now. At the first look there are none yet.
    fn rates(&mut self, address: &str, counts: [u64; 2], now: Instant) -> [u64; 2] {
        let Some(last) = self.0.get_mut(address) else {
            self.0.insert(address.to_owned(), Look { at: now, counts, rates: [0; 2] });
            return [0; 2];
        };
        let elapsed = now.saturating_duration_since(last.at);
        if elapsed >= LEAST {
            let rate = |now: u64, before: u64| {
                (now.saturating_sub(before) as f64 / elapsed.as_secs_f64()) as u64
            };
            let rates = [rate(counts[0], last.counts[0]), rate(counts[1], last.counts[1])];
            *last = Look { at: now, counts, rates };
        }
        last.rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_what_a_count_grows_by_in_a_second() {
        let mut looks = Looks::default();
        let began = Instant::now();
        let after = |millis| began + Duration::from_millis(millis);
        assert_eq!(looks.rates("a", [5000, 7], began), [0, 0]);
        assert_eq!(looks.rates("a", [6000, 7], after(100)), [0, 0], "too early to tell");
        assert_eq!(looks.rates("a", [9000, 107], after(2000)), [2000, 50]);
        assert_eq!(looks.rates("a", [9500, 107], after(2100)), [2000, 50], "still the last ones");
        assert_eq!(looks.rates("a", [0, 0], after(4000)), [0, 0], "it connected anew");
        assert_eq!(looks.rates("b", [1, 1], after(4000)), [0, 0]);
    }
}
