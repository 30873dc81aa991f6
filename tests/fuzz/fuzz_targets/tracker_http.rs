//! Answers of HTTP trackers, compressed or not: any bytes are an answer within the limits or a failure
//! with a text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use torrpeddo_readers::metainfo::InfoHash;
use torrpeddo_swarm::announcer::http_answer::{MAX_ANSWER, decompress, parse, parse_scrape};
use torrpeddo_swarm::announcer::{Failure, MAX_PEER_NAMES, MAX_PEERS, Retry};
use torrpeddo_swarm::wire::address::{is_dialable, to_canonical};

fuzz_target!(|data: &[u8]| {
    for deflated in [false, true] {
        match decompress(data, deflated) {
            Ok(body) => {
                assert!(body.len() <= MAX_ANSWER.max(data.len()));
                check(&body);
            }
            Err(failure) => told(&failure),
        }
    }
});

fn check(body: &[u8]) {
    match parse(body) {
        Ok(answer) => {
            assert!(answer.peers.len() <= MAX_PEERS && answer.peer_names.len() <= MAX_PEER_NAMES);
            for peer in answer.peers {
                assert!(is_dialable(peer) && to_canonical(peer) == peer);
            }
            for (name, port) in answer.peer_names {
                assert!(port != 0 && name.is_ascii() && name.len() <= 253);
            }
        }
        Err(failure) => told(&failure),
    }
    if let Err(failure) = parse_scrape(body, &InfoHash([b'a'; 20])) {
        told(&failure);
    }
}

fn told(failure: &Failure) {
    assert!(!failure.message.is_empty() && !failure.unreachable);
    if let Retry::After(pause) = failure.retry {
        assert!(pause.as_secs() >= 60 && pause.as_secs() <= 86_400);
    }
}
