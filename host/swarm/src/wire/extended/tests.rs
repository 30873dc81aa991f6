use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn read(data: &[u8]) -> ExtendedHandshake {
    ExtendedHandshake::parse(data).expect("a handshake")
}

#[test]
fn a_handshake_is_read() {
    let handshake = read(
        b"d4:ipv44:\x01\x02\x03\x044:ipv616:0123456789abcdef1:md11:lt_donthavei7e11:upload_onlyi3e\
        12:ut_holepunchi4e11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi500e\
        11:upload_onlyi1e1:v17:qBittorrent/5.0.06:yourip4:\x05\x06\x07\x08e",
    );
    let m = ExtensionIds {
        ut_metadata: Some(2),
        ut_pex: Some(1),
        upload_only: Some(3),
        ut_holepunch: Some(4),
        lt_donthave: Some(7),
    };
    let expected = ExtendedHandshake {
        m,
        port: Some(6881),
        client: Some("qBittorrent/5.0.0".into()),
        reqq: Some(500),
        yourip: Some(IpAddr::from([5, 6, 7, 8])),
        metadata_size: Some(31235),
        upload_only: true,
        ipv4: Some(Ipv4Addr::new(1, 2, 3, 4)),
        ipv6: Some(Ipv6Addr::from(*b"0123456789abcdef")),
    };
    assert_eq!(handshake, expected);
}

#[test]
fn a_handshake_is_written_in_order() {
    let handshake = ExtendedHandshake {
        m: ExtensionIds { ut_pex: Some(1), ut_metadata: Some(2), ..ExtensionIds::default() },
        port: Some(6881),
        client: Some("T".into()),
        reqq: Some(250),
        yourip: Some(IpAddr::from([1, 1, 1, 1])),
        metadata_size: Some(9),
        upload_only: true,
        ..ExtendedHandshake::default()
    };
    let expected = b"d1:md11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei9e1:pi6881e4:reqqi250e\
        11:upload_onlyi1e1:v1:T6:yourip4:\x01\x01\x01\x01e";
    assert_eq!(handshake.encode(), expected);
    assert_eq!(ExtendedHandshake::default().encode(), b"d1:mdee");
}

#[test]
fn invalid_members_are_ignored() {
    for data in [
        &b"de"[..],
        b"detrailing bytes",
        b"d1:mi1ee",
        b"d1:mle1:vi1e1:p4:68814:reqqle6:youripi1e13:metadata_size1:9e",
        b"d1:md6:ut_pexi0e11:ut_metadatai256e12:ut_holepunchi-1e11:lt_donthave1:1ee",
        b"d1:pi0ee",
        b"d1:pi65536ee",
        b"d1:pi-1ee",
        b"d4:reqqi0ee",
        b"d4:reqqi4294967296ee",
        b"d13:metadata_sizei0ee",
        b"d13:metadata_sizei-5ee",
        b"d13:metadata_sizei99999999999999999999ee",
        b"d6:yourip0:e",
        b"d6:yourip5:12345e",
        b"d4:ipv43:123e",
        b"d4:ipv64:1234e",
        b"d11:upload_onlyi0ee",
        b"d11:upload_only1:1e",
        b"d1:v0:e",
        b"d1:v3:\n\r\te",
    ] {
        assert_eq!(read(data), ExtendedHandshake::default(), "{}", data.escape_ascii());
    }
}

#[test]
fn one_invalid_member_does_not_hide_the_others() {
    let handshake = read(b"d1:md6:ut_pexi300e11:ut_metadatai3ee1:pi-1e4:reqqi9ee");
    assert_eq!(handshake.m.ut_metadata, Some(3));
    assert_eq!(handshake.reqq, Some(9));
}

#[test]
fn only_dictionaries_are_accepted() {
    assert_eq!(ExtendedHandshake::parse(b"le"), Err(BencodeError::NotADictionary));
    assert_eq!(ExtendedHandshake::parse(b""), Err(BencodeError::Truncated));
    assert_eq!(ExtendedHandshake::parse(b"d1:md"), Err(BencodeError::Truncated));
    assert_eq!(ExtendedHandshake::parse(b"?"), Err(BencodeError::Syntax));
}

#[test]
fn the_clients_name_is_made_safe_to_show() {
    let client = |raw: &[u8]| {
        let mut writer = Writer::new();
        writer.bytes(b"v", raw);
        read(&writer.finish()).client
    };
    assert_eq!(client(b" a\x00b\n\tc\x1b[31m ").as_deref(), Some("a b c [31m"));
    assert_eq!(client("a\u{202e}b\u{200b}c".as_bytes()).as_deref(), Some("abc"));
    assert_eq!(client(b"\xff\xfe1").as_deref(), Some("\u{fffd}\u{fffd}1"));
    assert_eq!(client(&[b'x'; 100_000]).map(|name| name.len()), Some(MAX_CLIENT));
}

#[test]
fn a_mapped_yourip_becomes_ipv4() {
    let handshake = read(b"d6:yourip16:\0\0\0\0\0\0\0\0\0\0\xff\xff\x01\x02\x03\x04e");
    assert_eq!(handshake.yourip, Some(IpAddr::from([1, 2, 3, 4])));
}

#[test]
fn a_later_handshake_replaces_single_members() {
    let mut handshake = read(b"d1:md11:ut_metadatai2e6:ut_pexi1ee1:pi1e11:upload_onlyi1e1:v1:ae");
    handshake.update(b"d1:md6:ut_pexi0e11:lt_donthavei9ee4:reqqi5ee").expect("a handshake");
    let m = ExtensionIds { ut_metadata: Some(2), lt_donthave: Some(9), ..ExtensionIds::default() };
    assert_eq!(handshake.m, m);
    assert_eq!((handshake.port, handshake.reqq, handshake.upload_only), (Some(1), Some(5), true));
    let before = handshake.clone();
    assert_eq!(handshake.update(b"d1:pi2e"), Err(BencodeError::Truncated));
    assert_eq!(handshake, before);
    handshake.update(b"d1:pi2e11:upload_onlyi0e1:vi0ee").expect("a handshake");
    assert_eq!((handshake.port, handshake.upload_only), (Some(2), false));
    assert_eq!(handshake.client.as_deref(), Some("a"));
}

prop_compose! {
    fn ids()(ids in proptest::array::uniform5(option::of(1u8..))) -> ExtensionIds {
        let [ut_metadata, ut_pex, upload_only, ut_holepunch, lt_donthave] = ids;
        ExtensionIds { ut_metadata, ut_pex, upload_only, ut_holepunch, lt_donthave }
    }
}

prop_compose! {
    fn handshakes()(
        m in ids(),
        port in option::of(1u16..),
        client in option::of("[a-zA-Zé/.0-9]{1,50}"),
        reqq in option::of(1u32..),
        yourip in option::of(any::<IpAddr>()),
        metadata_size in option::of(1u32..),
        upload_only: bool,
        ipv4: Option<Ipv4Addr>,
        ipv6: Option<Ipv6Addr>,
    ) -> ExtendedHandshake {
        let yourip = yourip.map(|ip| ip.to_canonical());
        ExtendedHandshake {
            m, port, client, reqq, yourip, metadata_size, upload_only, ipv4, ipv6,
        }
    }
}

proptest! {
    #[test]
    fn handshakes_survive_the_wire(handshake in handshakes()) {
        prop_assert_eq!(ExtendedHandshake::parse(&handshake.encode()), Ok(handshake));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        mut handshake in handshakes(),
        noise in vec(any::<u8>(), 0..99),
    ) {
        let before = handshake.clone();
        if handshake.update(&noise).is_err() {
            prop_assert_eq!(handshake, before);
        }
    }

    #[test]
    fn any_members_are_read_within_the_limits(
        number: i64,
        text in vec(any::<u8>(), 0..300),
        key in "(p|v|reqq|yourip|metadata_size|upload_only|ipv4|ipv6|m)",
    ) {
        for bytes in [false, true] {
            let mut writer = Writer::new();
            if bytes {
                writer.bytes(key.as_bytes(), &text);
            } else {
                writer.integer(key.as_bytes(), number);
            }
            let handshake = read(&writer.finish());
            prop_assert!(handshake.client.as_ref().is_none_or(|v| v.len() <= MAX_CLIENT));
            prop_assert_eq!(ExtendedHandshake::parse(&handshake.encode()), Ok(handshake));
        }
    }
}
