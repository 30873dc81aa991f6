use proptest::prelude::*;

use super::*;

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an IP address")
}

#[test]
fn mapped_addresses_become_ipv4() {
    assert_eq!(to_canonical(address("[::ffff:1.2.3.4]:5")), address("1.2.3.4:5"));
    assert_eq!(to_canonical(address("1.2.3.4:5")), address("1.2.3.4:5"));
    assert_eq!(to_canonical(address("[2001:db8::1]:5")), address("[2001:db8::1]:5"));
    assert_eq!(to_canonical(address("[fe80::1%3]:5")), address("[fe80::1%3]:5"));
}

#[test]
fn unusable_addresses_are_not_dialable() {
    for text in ["1.2.3.4:1", "127.0.0.1:80", "10.0.0.1:65535", "[2001:db8::1]:1", "[::1]:1"] {
        assert!(is_dialable(address(text)), "{text}");
    }
    for text in [
        "1.2.3.4:0",
        "0.0.0.0:1",
        "0.1.2.3:1",
        "224.0.0.1:1",
        "239.192.152.143:6771",
        "240.0.0.1:1",
        "255.255.255.255:1",
        "[2001:db8::1]:0",
        "[::]:1",
        "[ff02::1]:1",
        "[::ffff:0.0.0.0]:1",
        "[::ffff:224.0.0.1]:1",
        "[::ffff:255.255.255.255]:1",
    ] {
        assert!(!is_dialable(address(text)), "{text}");
    }
}

#[test]
fn local_networks_are_known() {
    for text in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:192.168.1.1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
    ] {
        assert!(is_local(ip(text)), "{text}");
    }
    for text in [
        "1.2.3.4",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.1.1.1",
        "128.0.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.169.0.1",
        "::2",
        "::ffff:8.8.8.8",
        "2001:db8::1",
        "fb00::1",
        "fe00::1",
        "ff02::1",
    ] {
        assert!(!is_local(ip(text)), "{text}");
    }
}

proptest! {
    #[test]
    fn mapping_changes_no_answer(v4: [u8; 4], port: u16) {
        let plain = SocketAddr::from((v4, port));
        let mapped = SocketAddr::from((Ipv4Addr::from(v4).to_ipv6_mapped(), port));
        prop_assert_eq!(to_canonical(mapped), plain);
        prop_assert_eq!(is_dialable(mapped), is_dialable(plain));
        prop_assert_eq!(is_local(mapped.ip()), is_local(plain.ip()));
    }
}
