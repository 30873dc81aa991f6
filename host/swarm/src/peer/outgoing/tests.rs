use proptest::prelude::*;

use super::*;

fn outgoing() -> (Outgoing, Vec<u8>, Vec<u8>, Vec<u8>) {
    let buffer: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let partial = vec![77; 100];
    let mut out = Outgoing::default();
    out.push(&Message::Choke);
    out.push(&Message::Unchoke);
    for start in (0..4000).step_by(1000) {
        out.forward(&Frame { origin: Origin::Buffer, range: start..start + 1000 });
    }
    assert_eq!(out.segments.len(), 2, "adjacent messages are one slice");
    for number in 0..200 {
        out.push_bytes(&[number]);
        out.forward(&Frame { origin: Origin::Partial, range: 3..7 });
    }
    let memory = Memory { buffer: &buffer, partial: &partial };
    let expected: Vec<u8> = out.slices(memory).flatten().copied().collect();
    assert_eq!(expected.len(), out.len());
    (out, buffer, partial, expected)
}

proptest! {
    #[test]
    fn everything_is_written_in_order(takes in prop::collection::vec(0..700_usize, 1..200)) {
        let (mut out, buffer, partial, expected) = outgoing();
        let mut written = Vec::new();
        let mut backlog = Backlog::default();
        let mut memory = Memory { buffer: &buffer, partial: &partial };
        for take in takes.into_iter().chain([usize::MAX]) {
            let mut left = take;
            let before = written.len();
            let count = backlog.write(&out, memory, |slices| {
                if left == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                let taken: Vec<u8> =
                    slices.iter().flat_map(|slice| slice.iter().copied()).take(left.min(300)).collect();
                left -= taken.len();
                written.extend_from_slice(&taken);
                Ok(taken.len())
            });
            prop_assert_eq!(count.unwrap(), written.len() - before);
            // What was not written has been copied.
            out.clear();
            memory = Memory::default();
        }
        prop_assert!(backlog.is_empty());
        prop_assert_eq!(written, expected);
    }
}

#[test]
fn a_socket_that_takes_nothing_fails() {
    let (out, buffer, partial, _) = outgoing();
    let memory = Memory { buffer: &buffer, partial: &partial };
    assert!(Backlog::default().write(&out, memory, |_| Ok(0)).is_err());
    let broken = |_: &[IoSlice<'_>]| Err(io::ErrorKind::BrokenPipe.into());
    assert!(Backlog::default().write(&out, memory, broken).is_err());
}
