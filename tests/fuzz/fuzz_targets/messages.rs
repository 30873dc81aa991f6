//! Peer messages: a stream of any bytes, under any limits. A message is understood in the same way
//! however its bytes arrive, nothing longer than the limits is waited for, and a message that was
//! read has the same bytes when it is written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use torrpeddo_swarm::wire::message::{
    Decoded, Limits, MAX_BITFIELD, MAX_UNKNOWN, Message, decode, masked_bitfield,
};

fuzz_target!(|data: &[u8]| {
    let [bitfield, block, extended, stream @ ..] = data else { return };
    let mut stream = stream;
    let (bitfield_len, max_block) = (usize::from(*bitfield), u32::from(*block));
    let limits = Limits {
        bitfield_len: (*bitfield < 128).then_some(bitfield_len),
        max_block,
        max_extended: usize::from(*extended) * 16,
    };
    let longest = MAX_UNKNOWN.max(MAX_BITFIELD) + 5;
    loop {
        let decoded = decode(stream, &limits);
        // The same start of the stream, with fewer bytes, is incomplete or leads to the same.
        for cut in 0..stream.len().min(24) {
            match decode(&stream[..cut], &limits) {
                Ok(Decoded::Incomplete { needed }) => assert!(needed > cut && needed <= longest),
                other => assert_eq!(other, decoded),
            }
        }
        match decoded {
            Ok(Decoded::Message { message, frame_len }) => {
                check(&message, &limits);
                let mut again = Vec::new();
                message.encode(&mut again);
                assert_eq!(again, stream[..frame_len]);
                stream = &stream[frame_len..];
            }
            Ok(Decoded::Skip { frame_len, .. }) => {
                assert!((5..=MAX_UNKNOWN + 4).contains(&frame_len));
                let Some(rest) = stream.get(frame_len..) else { return };
                stream = rest;
            }
            Ok(Decoded::Incomplete { needed }) => {
                return assert!(needed > stream.len() && needed <= longest);
            }
            Err(error) => return assert!(stream.len() >= 4 && !error.to_string().is_empty()),
        }
    }
});

fn check(message: &Message<'_>, limits: &Limits) {
    match message {
        Message::Bitfield(bits) => {
            assert!(limits.bitfield_len.is_none_or(|len| len == bits.len()));
            let count = u32::try_from(bits.len() * 8).expect("a short bitfield");
            assert_eq!(masked_bitfield(bits, count).as_deref(), Some(*bits));
            let masked = masked_bitfield(bits, count.saturating_sub(3)).expect("the same length");
            assert!(masked.last().is_none_or(|last| last & 7 == 0));
        }
        Message::Piece { data, .. } => assert!(data.len() <= limits.max_block as usize),
        Message::Extended { payload, .. } => assert!(payload.len() <= limits.max_extended),
        _ => {}
    }
}
