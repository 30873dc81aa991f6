use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn messages_have_the_bytes_of_bep_9() {
    let request = MetadataMessage::Request { piece: 0 };
    assert_eq!(request.encode(), b"d8:msg_typei0e5:piecei0ee");
    let data = MetadataMessage::Data { piece: 0, total_size: 34256, data: b"xxxx" };
    assert_eq!(data.encode(), b"d8:msg_typei1e5:piecei0e10:total_sizei34256eexxxx");
    let reject = MetadataMessage::Reject { piece: 0 };
    assert_eq!(reject.encode(), b"d8:msg_typei2e5:piecei0ee");
    assert_eq!(MetadataMessage::Unknown.encode(), b"");
}

#[test]
fn unknown_types_and_numbers_are_no_errors() {
    for data in [
        "de",
        "d8:msg_typei3e5:piecei0ee",
        "d8:msg_typei-1e5:piecei0ee",
        "d8:msg_typei0ee",
        "d8:msg_typei0e5:piece1:0e",
        "d8:msg_typei0e5:piecei-1ee",
        "d8:msg_typei0e5:piecei4294967296ee",
        "d8:msg_typei1e5:piecei0eexxxx",
        "d8:msg_typei1e5:piecei0e10:total_sizei-1eexxxx",
    ] {
        assert_eq!(MetadataMessage::parse(data.as_bytes()), Ok(MetadataMessage::Unknown), "{data}");
    }
}

#[test]
fn the_data_follows_the_dictionary() {
    let message = MetadataMessage::parse(b"d10:total_sizei9e5:piecei1e8:msg_typei1eede");
    assert_eq!(message, Ok(MetadataMessage::Data { piece: 1, total_size: 9, data: b"de" }));
    let message = MetadataMessage::parse(b"d8:msg_typei0e5:piecei7eetrailing");
    assert_eq!(message, Ok(MetadataMessage::Request { piece: 7 }));
}

#[test]
fn only_dictionaries_are_accepted() {
    assert_eq!(MetadataMessage::parse(b""), Err(BencodeError::Truncated));
    assert_eq!(MetadataMessage::parse(b"i1e"), Err(BencodeError::NotADictionary));
    assert_eq!(MetadataMessage::parse(b"xyz"), Err(BencodeError::Syntax));
}

proptest! {
    #[test]
    fn messages_survive_the_wire(
        kind in 0..3,
        piece: u32,
        total_size: u32,
        data in vec(any::<u8>(), 0..100),
    ) {
        let message = match kind {
            0 => MetadataMessage::Request { piece },
            1 => MetadataMessage::Data { piece, total_size, data: &data },
            _ => MetadataMessage::Reject { piece },
        };
        let bytes = message.encode();
        prop_assert_eq!(MetadataMessage::parse(&bytes), Ok(message));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        noise in vec(any::<u8>(), 0..100),
        text in "d8:msg_typei[0-9]e[dile0-9:a-z_-]{0,40}",
    ) {
        _ = MetadataMessage::parse(&noise);
        _ = MetadataMessage::parse(text.as_bytes());
    }
}
