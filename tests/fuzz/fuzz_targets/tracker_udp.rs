//! Packets of UDP trackers: any datagram is read or ignored, and gives no address that cannot be
//! dialed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use torrpeddo_swarm::announcer::udp_packets::{Packet, parse, transaction};
use torrpeddo_swarm::announcer::{Family, MAX_PEERS};
use torrpeddo_swarm::wire::address::is_dialable;

fuzz_target!(|data: &[u8]| {
    assert_eq!(transaction(data).is_some(), data.len() >= 8);
    for family in Family::ALL {
        let len = match family {
            Family::V4 => 6,
            Family::V6 => 18,
        };
        match parse(data, family) {
            Some(Packet::Announce(answer)) => {
                assert!(answer.peers.len() <= MAX_PEERS.min((data.len() - 20) / len));
                assert!(answer.peers.into_iter().all(is_dialable));
            }
            Some(Packet::Connect { .. }) => assert!(data.len() >= 16),
            Some(Packet::Scrape(_)) => assert!(data.len() >= 20),
            Some(Packet::Error(text)) => assert!(text.len() <= 3 * 1_024),
            None => {}
        }
    }
});
