//! A tracker (BEP 3, 23) that knows one peer.

use crate::bencode::dictionary;
use crate::http::Server;

/// How the peer ids of the program under test begin.
const OUR_PEER_ID: &str = "peer_id=-TP";

/// A tracker on 127.0.0.1. Its port stays open until the process ends.
pub struct Tracker(Server);

impl Tracker {
    /// Starts a tracker that sends everybody to the peer at this port.
    #[must_use]
    pub fn start(peer: u16) -> Self {
        let server = Server::start();
        let peers = [[127, 0, 0, 1].as_slice(), &peer.to_be_bytes()].concat();
        let answer = dictionary([("interval", 1800.into()), ("peers", peers.as_slice().into())]);
        server.put("/announce", "text/plain", answer.encode());
        Self(server)
    }

    /// Where to announce.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url("/announce")
    }

    /// How often the program under test has announced something here.
    #[must_use]
    pub fn announces(&self) -> usize {
        self.0.requests().iter().filter(|request| request.contains(OUR_PEER_ID)).count()
    }
}
