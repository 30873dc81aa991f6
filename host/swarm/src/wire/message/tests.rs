use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { bitfield_len: Some(3), max_block: 16384, max_extended: 1000 };

const BLOCK: BlockRequest = BlockRequest { piece: 1, begin: 16384, len: 16384 };

fn encoded(message: Message<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

/// The start of a message of `len` bytes with this id, and `payload` of it.
fn start(len: u32, id: u8, payload: usize) -> Vec<u8> {
    let mut bytes = len.to_be_bytes().to_vec();
    bytes.push(id);
    bytes.resize(bytes.len() + payload, 0);
    bytes
}

fn bad(id: u8, len: u32) -> Result<Decoded<'static>, WireError> {
    Err(WireError::BadLength { id, len })
}

#[test]
fn messages_have_the_bytes_of_the_specification() {
    assert_eq!(encoded(Message::KeepAlive), [0, 0, 0, 0]);
    assert_eq!(encoded(Message::Choke), [0, 0, 0, 1, 0]);
    assert_eq!(encoded(Message::Unchoke), [0, 0, 0, 1, 1]);
    assert_eq!(encoded(Message::Interested), [0, 0, 0, 1, 2]);
    assert_eq!(encoded(Message::NotInterested), [0, 0, 0, 1, 3]);
    assert_eq!(encoded(Message::Have(258)), [0, 0, 0, 5, 4, 0, 0, 1, 2]);
    assert_eq!(encoded(Message::Bitfield(&[7, 8])), [0, 0, 0, 3, 5, 7, 8]);
    let request = [0, 0, 0, 13, 6, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0x40, 0];
    assert_eq!(encoded(Message::Request(BLOCK)), request);
    let piece = Message::Piece { piece: 1, begin: 2, data: &[9] };
    assert_eq!(encoded(piece), [0, 0, 0, 10, 7, 0, 0, 0, 1, 0, 0, 0, 2, 9]);
    assert_eq!(encoded(Message::Cancel(BLOCK))[4..], [&[8][..], &request[5..]].concat());
    assert_eq!(encoded(Message::Port(6881)), [0, 0, 0, 3, 9, 0x1a, 0xe1]);
    assert_eq!(encoded(Message::SuggestPiece(5)), [0, 0, 0, 5, 13, 0, 0, 0, 5]);
    assert_eq!(encoded(Message::HaveAll), [0, 0, 0, 1, 14]);
    assert_eq!(encoded(Message::HaveNone), [0, 0, 0, 1, 15]);
    assert_eq!(encoded(Message::RejectRequest(BLOCK))[4..], [&[16][..], &request[5..]].concat());
    assert_eq!(encoded(Message::AllowedFast(5)), [0, 0, 0, 5, 17, 0, 0, 0, 5]);
    let extended = Message::Extended { id: 3, payload: b"de" };
    assert_eq!(encoded(extended), [0, 0, 0, 4, 20, 3, b'd', b'e']);
}

#[test]
fn the_header_of_a_piece_is_the_start_of_the_message() {
    let data = [1, 2, 3];
    let whole = encoded(Message::Piece { piece: 70_000, begin: 300, data: &data });
    assert_eq!([&encode_piece_header(70_000, 300, 3)[..], &data].concat(), whole);
}

#[test]
fn a_message_is_incomplete_until_its_last_byte() {
    let bytes = encoded(Message::Request(BLOCK));
    for cut in 0..bytes.len() {
        let needed = match cut {
            0..4 => 4,
            4 => 5,
            _ => 17,
        };
        assert_eq!(decode(&bytes[..cut], &LIMITS), Ok(Decoded::Incomplete { needed }));
    }
    let message = Message::Request(BLOCK);
    assert_eq!(decode(&bytes, &LIMITS), Ok(Decoded::Message { message, frame_len: 17 }));
}

#[test]
fn known_messages_have_exact_lengths() {
    for (id, right) in [(0, 1), (1, 1), (2, 1), (3, 1), (14, 1), (15, 1), (4, 5), (13, 5), (17, 5)]
        .into_iter()
        .chain([(6, 13), (8, 13), (16, 13), (9, 3), (5, 4)])
    {
        for wrong in [1, right - 1, right + 1, 1000, 1_000_000] {
            if wrong != right && wrong != 0 {
                assert_eq!(decode(&start(wrong, id, 0), &LIMITS), bad(id, wrong));
            }
        }
        let whole = start(right, id, right as usize - 1);
        let decoded = decode(&whole, &LIMITS);
        assert!(matches!(decoded, Ok(Decoded::Message { .. })), "{id}: {decoded:?}");
    }
}

#[test]
fn a_piece_is_checked_before_its_block_arrives() {
    assert_eq!(decode(&start(8, 7, 0), &LIMITS), bad(7, 8));
    assert_eq!(decode(&start(9 + 16385, 7, 0), &LIMITS), bad(7, 9 + 16385));
    let largest = start(9 + 16384, 7, 0);
    assert_eq!(decode(&largest, &LIMITS), Ok(Decoded::Incomplete { needed: 4 + 9 + 16384 }));
    let empty = start(9, 7, 8);
    let message = Message::Piece { piece: 0, begin: 0, data: &[] };
    assert_eq!(decode(&empty, &LIMITS), Ok(Decoded::Message { message, frame_len: 13 }));
}

#[test]
fn an_extended_message_is_bounded() {
    assert_eq!(decode(&start(1, 20, 0), &LIMITS), bad(20, 1));
    assert_eq!(decode(&start(1003, 20, 0), &LIMITS), bad(20, 1003));
    assert_eq!(decode(&start(1002, 20, 0), &LIMITS), Ok(Decoded::Incomplete { needed: 1006 }));
    let message = Message::Extended { id: 9, payload: &[] };
    let bytes = [0, 0, 0, 2, 20, 9];
    assert_eq!(decode(&bytes, &LIMITS), Ok(Decoded::Message { message, frame_len: 6 }));
}

#[test]
fn a_bitfield_without_metadata_is_bounded() {
    let limits = Limits::WITHOUT_METADATA;
    let most = u32::try_from(MAX_BITFIELD).expect("a length");
    let incomplete = Decoded::Incomplete { needed: MAX_BITFIELD + 5 };
    assert_eq!(decode(&start(most + 1, 5, 0), &limits), Ok(incomplete));
    assert_eq!(decode(&start(most + 2, 5, 0), &limits), bad(5, most + 2));
    let message = Message::Bitfield(&[]);
    let empty = start(1, 5, 0);
    assert_eq!(decode(&empty, &limits), Ok(Decoded::Message { message, frame_len: 5 }));
}

#[test]
fn unknown_messages_are_skipped_before_they_arrive() {
    for id in [10, 11, 12, 18, 19, 21, 22, 23, 255] {
        for len in [1, 100, 1 << 20] {
            let skip = Decoded::Skip { id, frame_len: len as usize + 4 };
            assert_eq!(decode(&start(len, id, 0), &LIMITS), Ok(skip));
        }
        let len = (1 << 20) + 1;
        assert_eq!(decode(&start(len, id, 0), &LIMITS), Err(WireError::TooLong { len }));
    }
}

#[test]
fn absurd_lengths_are_refused_without_an_id() {
    for len in [(1 << 20) + 1003, 1 << 31, u32::MAX] {
        let start = len.to_be_bytes();
        assert_eq!(decode(&start, &LIMITS), Err(WireError::TooLong { len }));
    }
    // A large torrent may have a bitfield that is longer than everything else.
    let limits = Limits { bitfield_len: Some(2 << 20), ..LIMITS };
    let len = (2 << 20) + 1;
    let incomplete = Decoded::Incomplete { needed: len as usize + 4 };
    assert_eq!(decode(&start(len, 5, 0), &limits), Ok(incomplete));
    assert_eq!(decode(&start(len, 10, 0), &limits), Err(WireError::TooLong { len }));
}

#[test]
fn spare_bits_of_a_bitfield_are_cleared() {
    assert_eq!(masked_bitfield(&[0xff, 0xff], 10), Some(vec![0xff, 0b1100_0000]));
    assert_eq!(masked_bitfield(&[0xff, 0xff], 16), Some(vec![0xff, 0xff]));
    assert_eq!(masked_bitfield(&[0xff], 1), Some(vec![0x80]));
    assert_eq!(masked_bitfield(&[], 0), Some(vec![]));
    assert_eq!(masked_bitfield(&[0xff], 9), None);
    assert_eq!(masked_bitfield(&[0xff, 0xff], 8), None);
    assert_eq!(masked_bitfield(&[], 1), None);
    assert_eq!(masked_bitfield(&[0], u32::MAX), None);
}

#[test]
fn errors_say_what_is_wrong() {
    let long = WireError::TooLong { len: 9 }.to_string();
    assert_eq!(long, "a message of 9 bytes is too long");
    let bad = WireError::BadLength { id: 4, len: 3 }.to_string();
    assert_eq!(bad, "message 4 cannot have 3 bytes");
}

fn blocks() -> impl Strategy<Value = BlockRequest> {
    any::<(u32, u32, u32)>().prop_map(|(piece, begin, len)| BlockRequest { piece, begin, len })
}

/// Any message that is within [`LIMITS`], with `data` as its payload where it has one.
fn messages(data: &'static [u8]) -> impl Strategy<Value = Message<'static>> {
    let bits = data.get(..3).unwrap_or(&[1, 2, 3]);
    prop_oneof![
        Just(Message::KeepAlive),
        Just(Message::Choke),
        Just(Message::Unchoke),
        Just(Message::Interested),
        Just(Message::NotInterested),
        any::<u32>().prop_map(Message::Have),
        Just(Message::Bitfield(bits)),
        blocks().prop_map(Message::Request),
        any::<(u32, u32)>().prop_map(move |(piece, begin)| Message::Piece { piece, begin, data }),
        blocks().prop_map(Message::Cancel),
        any::<u16>().prop_map(Message::Port),
        any::<u32>().prop_map(Message::SuggestPiece),
        Just(Message::HaveAll),
        Just(Message::HaveNone),
        blocks().prop_map(Message::RejectRequest),
        any::<u32>().prop_map(Message::AllowedFast),
        any::<u8>().prop_map(move |id| Message::Extended { id, payload: data }),
    ]
}

static DATA: [u8; 40] = [0xa5; 40];

proptest! {
    #[test]
    fn messages_survive_the_wire(
        len in 0usize..40,
        list in vec(messages(&DATA), 0..20),
        shorter in messages(&DATA[..5]),
    ) {
        let mut stream = vec![0xee; len];
        let list: Vec<_> = list.into_iter().chain([shorter]).collect();
        list.iter().for_each(|message| message.encode(&mut stream));
        let mut rest = &stream[len..];
        for message in list {
            let Ok(Decoded::Message { message: read, frame_len }) = decode(rest, &LIMITS) else {
                panic!("{message:?} is not read");
            };
            prop_assert_eq!(read, message);
            for cut in 0..frame_len {
                let Ok(Decoded::Incomplete { needed }) = decode(&rest[..cut], &LIMITS) else {
                    panic!("{message:?} is read from {cut} bytes");
                };
                prop_assert!(needed > cut && needed <= frame_len);
            }
            rest = &rest[frame_len..];
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn any_bytes_are_read_within_the_limits(
        len in prop_oneof![0u32..40, any::<u32>()],
        bytes in vec(any::<u8>(), 0..60),
        bitfield_len in any::<Option<u16>>(),
        max_block in 0u32..100_000,
        max_extended in 0usize..100_000,
    ) {
        let bitfield_len = bitfield_len.map(usize::from);
        let limits = Limits { bitfield_len, max_block, max_extended };
        let bytes = [&len.to_be_bytes()[..], &bytes].concat();
        match decode(&bytes, &limits) {
            Ok(Decoded::Message { message, frame_len }) => {
                let mut again = Vec::new();
                message.encode(&mut again);
                prop_assert_eq!(&again[..], &bytes[..frame_len]);
            }
            Ok(Decoded::Incomplete { needed }) => {
                prop_assert!(needed > bytes.len() && needed <= limits.longest() + 4);
            }
            Ok(Decoded::Skip { frame_len, .. }) => prop_assert!(frame_len <= MAX_UNKNOWN + 4),
            Err(_) => {}
        }
    }

    #[test]
    fn a_masked_bitfield_has_no_more_bits_than_pieces(
        bits in vec(any::<u8>(), 0..9),
        count in 0u32..80,
    ) {
        let Some(masked) = masked_bitfield(&bits, count) else {
            prop_assert_ne!(bits.len(), count.div_ceil(8) as usize);
            return Ok(());
        };
        for bit in 0..bits.len() as u32 * 8 {
            let (byte, mask) = ((bit / 8) as usize, 0x80 >> (bit % 8));
            prop_assert_eq!(masked[byte] & mask, if bit < count { bits[byte] & mask } else { 0 });
        }
    }
}
