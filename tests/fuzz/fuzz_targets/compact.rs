//! Compact addresses: any bytes become addresses, which have the same bytes when they are written.

#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use torrpeddo_swarm::wire::address::{is_dialable, is_local, to_canonical};
use torrpeddo_swarm::wire::compact::{V4_LEN, V6_LEN, parse_v4, parse_v6, write};

fuzz_target!(|data: &[u8]| {
    let v4: Vec<SocketAddr> = parse_v4(data).collect();
    assert_eq!(v4.len(), data.len() / V4_LEN);
    let mut again = Vec::new();
    v4.iter().for_each(|address| write(*address, &mut again));
    assert_eq!(again, data[..v4.len() * V4_LEN]);

    let v6: Vec<SocketAddr> = parse_v6(data).collect();
    assert_eq!(v6.len(), data.len() / V6_LEN);
    for (address, bytes) in v6.iter().zip(data.chunks(V6_LEN)) {
        let mut again = Vec::new();
        write(*address, &mut again);
        // Mapped IPv4 addresses have become shorter.
        assert!(if address.is_ipv6() { again == bytes } else { again == bytes[12..] });
    }

    for address in v4.into_iter().chain(v6) {
        assert_eq!(to_canonical(address), address);
        if is_dialable(address) {
            assert!(address.port() != 0);
            assert!(!address.ip().is_unspecified() && !address.ip().is_multicast());
        }
        if address.ip().is_loopback() {
            assert!(is_local(address.ip()));
        }
    }
});
