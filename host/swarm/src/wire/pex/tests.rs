use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::address::to_canonical;

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn peer(text: &str, flags: u8) -> PexPeer {
    PexPeer { address: address(text), flags }
}

#[test]
fn messages_have_the_bytes_of_bep_11() {
    let pex = Pex {
        added: vec![peer("[2001:db8::1]:2", FLAG_SEED), peer("1.2.3.4:5", FLAG_REACHABLE)],
        dropped: vec![address("6.7.8.9:10")],
    };
    let bytes = pex.encode();
    let expected = b"d5:added6:\x01\x02\x03\x04\x00\x057:added.f1:\x106:added618:\x20\x01\x0d\xb8\
        \0\0\0\0\0\0\0\0\0\0\0\x01\0\x028:added6.f1:\x027:dropped6:\x06\x07\x08\x09\0\x0a\
        8:dropped60:e";
    assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());
    let read = Pex::parse(&bytes).expect("a message");
    assert_eq!(read.added, [pex.added[1], pex.added[0]]);
    assert_eq!(read.dropped, pex.dropped);
}

#[test]
fn missing_and_mistyped_lists_are_ignored() {
    assert_eq!(Pex::parse(b"de"), Ok(Pex::default()));
    assert_eq!(Pex::parse(b"d5:addedi1e7:droppedle6:added6dee"), Ok(Pex::default()));
    let pex =
        Pex::parse(b"d5:added13:\x01\x02\x03\x04\0\x05\x06\x07\x08\x09\0\x0axe").map(|p| p.added);
    assert_eq!(pex, Ok(vec![peer("1.2.3.4:5", 0), peer("6.7.8.9:10", 0)]));
    let pex = Pex::parse(b"d5:added6:\x01\x02\x03\x04\0\x057:added.f3:\x01\x02\x03e");
    assert_eq!(pex.map(|p| p.added), Ok(vec![peer("1.2.3.4:5", 1)]));
}

#[test]
fn only_dictionaries_are_accepted() {
    assert_eq!(Pex::parse(b"le"), Err(BencodeError::NotADictionary));
    assert_eq!(Pex::parse(b"d5:added6:"), Err(BencodeError::Truncated));
    assert_eq!(Pex::parse(b"hello"), Err(BencodeError::Syntax));
}

#[test]
fn each_list_is_cut() {
    let many: Vec<_> = (0..5000u16).map(|port| SocketAddr::from(([1, 2, 3, 4], port))).collect();
    let added = many.iter().map(|address| PexPeer { address: *address, flags: 1 }).collect();
    let pex = Pex::parse(&Pex { added, dropped: many }.encode()).expect("a message");
    assert_eq!((pex.added.len(), pex.dropped.len()), (MAX_PEERS, MAX_PEERS));
    assert_eq!(pex.added[99].address.port(), 99);
}

fn addresses() -> impl Strategy<Value = SocketAddr> {
    let v4 = any::<([u8; 4], u16)>().prop_map(SocketAddr::from);
    let v6 = any::<([u8; 16], u16)>().prop_map(SocketAddr::from).prop_map(to_canonical);
    prop_oneof![v4, v6]
}

proptest! {
    #[test]
    fn peers_survive_the_wire(
        added in vec((addresses(), any::<u8>()), 0..50),
        mut dropped in vec(addresses(), 0..50),
    ) {
        let peers = added.into_iter().map(|(address, flags)| PexPeer { address, flags });
        let mut added: Vec<_> = peers.collect();
        let read = Pex::parse(&Pex { added: added.clone(), dropped: dropped.clone() }.encode());
        added.sort_by_key(|peer| peer.address.is_ipv6());
        dropped.sort_by_key(SocketAddr::is_ipv6);
        prop_assert_eq!(read, Ok(Pex { added, dropped }));
    }

    #[test]
    fn any_bytes_are_read_within_the_limits(
        lists in proptest::array::uniform6(vec(any::<u8>(), 0..2000)),
        noise in vec(any::<u8>(), 0..100),
    ) {
        _ = Pex::parse(&noise);
        let mut message = Writer::new();
        let keys = [&b"added"[..], b"added.f", b"added6", b"added6.f", b"dropped", b"dropped6"];
        for (key, list) in keys.into_iter().zip(&lists) {
            message.bytes(key, list);
        }
        let pex = Pex::parse(&message.finish()).expect("a dictionary");
        let expected = |v4: usize, v6: usize| (lists[v4].len() / 6 + lists[v6].len() / 18).min(100);
        prop_assert_eq!(pex.added.len(), expected(0, 2));
        prop_assert_eq!(pex.dropped.len(), expected(4, 5));
    }
}
