//! A tracker (BEP 3, 23) that knows one peer.

use crate::bencode::dictionary;
use crate::http::Server;

/// How the peer ids of the program under test begin.
const OUR_PEER_ID: &str = "peer_id=-TP";

/// A tracker on 127.0.0.1. Its port stays open until the process ends.
pub struct Tracker(Server);

impl Tracker {
    /// Starts a tracker that sends everybody to the peer at this port, and counts 3 seeds and 2
    /// leechers.
    #[must_use]
    pub fn start(peer: u16) -> Self {
        let server = Server::start();
        let peers = [[127, 0, 0, 1].as_slice(), &peer.to_be_bytes()].concat();
        let answer = dictionary([
            ("complete", 3.into()),
            ("incomplete", 2.into()),
            ("interval", 1800.into()),
            ("peers", peers.as_slice().into()),
        ]);
        server.put("/announce", "text/plain", answer.encode());
        Self(server)
    }

    /// Where to announce.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url("/announce")
    }

    /// How often the program under test has asked for peers here. `completed` and `stopped` only tell.
    #[must_use]
    pub fn announces(&self) -> usize {
        let asks = |request: &&String| {
            request.contains(OUR_PEER_ID)
                && !request.contains("event=stopped")
                && !request.contains("event=completed")
        };
        self.0.requests().iter().filter(asks).count()
    }
}
