use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

#[test]
fn ipv4_addresses_are_read() {
    let bytes = [1, 2, 3, 4, 0x1a, 0xe1, 127, 0, 0, 1, 0, 0];
    let read: Vec<_> = parse_v4(&bytes).collect();
    assert_eq!(read, [address("1.2.3.4:6881"), address("127.0.0.1:0")]);
}

#[test]
fn ipv6_addresses_are_read() {
    let mut bytes = Vec::new();
    write(address("[2001:db8::7]:6881"), &mut bytes);
    write(address("[::ffff:1.2.3.4]:80"), &mut bytes);
    assert_eq!(bytes.len(), 2 * V6_LEN);
    assert_eq!(bytes[..2], [0x20, 0x01]);
    assert_eq!(bytes[16..18], [0x1a, 0xe1]);
    let read: Vec<_> = parse_v6(&bytes).collect();
    assert_eq!(read, [address("[2001:db8::7]:6881"), address("1.2.3.4:80")]);
}

#[test]
fn bytes_at_the_end_are_ignored() {
    assert_eq!(parse_v4(&[1, 2, 3, 4, 0, 5, 6, 7]).collect::<Vec<_>>(), [address("1.2.3.4:5")]);
    assert_eq!(parse_v4(&[1; 5]).count(), 0);
    assert_eq!(parse_v6(&[1; 17]).count(), 0);
    assert_eq!(parse_v6(&[1; 35]).count(), 1);
    assert_eq!(parse_v4(&[]).count() + parse_v6(&[]).count(), 0);
}

proptest! {
    #[test]
    fn addresses_survive_the_wire(v4: Vec<([u8; 4], u16)>, v6: Vec<([u8; 16], u16)>) {
        let v4: Vec<_> = v4.into_iter().map(SocketAddr::from).collect();
        let v6: Vec<_> = v6.into_iter().map(SocketAddr::from).map(to_canonical).collect();
        let (mut bytes4, mut bytes6) = (vec![], vec![]);
        v4.iter().for_each(|address| write(*address, &mut bytes4));
        v6.iter().filter(|a| a.is_ipv6()).for_each(|address| write(*address, &mut bytes6));
        prop_assert!(parse_v4(&bytes4).eq(v4));
        prop_assert!(parse_v6(&bytes6).eq(v6.into_iter().filter(SocketAddr::is_ipv6)));
    }

    #[test]
    fn any_bytes_are_read(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(parse_v4(&bytes).count(), bytes.len() / 6);
        prop_assert_eq!(parse_v6(&bytes).count(), bytes.len() / 18);
    }
}
