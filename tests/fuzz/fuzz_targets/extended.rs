//! Messages of the extension protocol: handshakes, peer exchange and metadata. What was understood is
//! bounded, and means the same when it is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use torrpeddo_swarm::wire::bencode::Value;
use torrpeddo_swarm::wire::extended::{ExtendedHandshake, MAX_CLIENT};
use torrpeddo_swarm::wire::metadata_message::MetadataMessage;
use torrpeddo_swarm::wire::pex::{MAX_PEERS, Pex};

fuzz_target!(|data: &[u8]| {
    if let Ok((value, len)) = Value::parse_prefix(data) {
        assert!(len > 0 && len <= data.len());
        assert_eq!(Value::parse_prefix(&data[..len]), Ok((value, len)));
    }
    handshakes(data);
    if let Ok(pex) = Pex::parse(data) {
        assert!(pex.added.len() <= MAX_PEERS && pex.dropped.len() <= MAX_PEERS);
        // IPv4 addresses that were mapped into IPv6 move to the front; the second time nothing does.
        let again = Pex::parse(&pex.encode()).expect("our own message");
        assert_eq!((again.added.len(), again.dropped.len()), (pex.added.len(), pex.dropped.len()));
        assert_eq!(Pex::parse(&again.encode()), Ok(again));
    }
    if let Ok(message) = MetadataMessage::parse(data)
        && message != MetadataMessage::Unknown
    {
        assert_eq!(MetadataMessage::parse(&message.encode()), Ok(message));
    }
});

/// Reads a handshake, and a later one of the same peer.
fn handshakes(data: &[u8]) {
    let (first, second) = data.split_at(data.len() / 2);
    let handshake = ExtendedHandshake::parse(data);
    if let Ok(handshake) = &handshake {
        check(handshake);
        let mut twice = handshake.clone();
        assert_eq!(twice.update(data), Ok(()));
        assert_eq!(&twice, handshake);
    }
    if let Ok(mut handshake) = ExtendedHandshake::parse(first) {
        let before = handshake.clone();
        match handshake.update(second) {
            Ok(()) => check(&handshake),
            Err(_) => assert_eq!(handshake, before),
        }
    }
}

fn check(handshake: &ExtendedHandshake) {
    let client = handshake.client.as_deref();
    assert!(client.is_none_or(|client| (1..=MAX_CLIENT).contains(&client.len())));
    assert!(client.is_none_or(|client| !client.contains(char::is_control)));
    assert!(handshake.port != Some(0) && handshake.reqq != Some(0));
    assert!(handshake.metadata_size != Some(0));
    let ids = &handshake.m;
    let ids = [ids.ut_metadata, ids.ut_pex, ids.upload_only, ids.ut_holepunch, ids.lt_donthave];
    assert!(!ids.contains(&Some(0)));
    assert_eq!(ExtendedHandshake::parse(&handshake.encode()).as_ref(), Ok(handshake));
}
