//! The peer's requests.

use super::rig::{Rig, piece};
use crate::peer::PeerCommand;
use crate::peer::tests::rig::{block, data};
use crate::wire::message::{BlockRequest, Message};

/// A peer that is interested in our four pieces and unchoked.
fn rig(fast: bool) -> Rig {
    let mut rig = Rig::new(fast, 0xf0);
    rig.remote(Message::Interested).unwrap();
    rig.clear();
    rig
}

fn request(piece: u32, begin: u32, len: u32) -> BlockRequest {
    BlockRequest { piece, begin, len }
}

#[test]
fn the_pieces_are_told_first() {
    let opening = |fast, pieces| {
        let mut rig = Rig::new(fast, pieces);
        let mut sent = rig.take_remote();
        assert!(matches!(sent.remove(0), Message::Extended { id: 0, .. }));
        sent
    };
    assert_eq!(opening(true, 0xf0), [Message::HaveAll]);
    assert_eq!(opening(false, 0xf0), [Message::Bitfield(&[0xf0])]);
    assert_eq!(opening(true, 0x60), [Message::Bitfield(&[0x60])]);
    assert_eq!(opening(true, 0), [Message::HaveNone]);
    assert_eq!(opening(false, 0), []);
}

#[test]
fn an_interested_peer_is_unchoked_unless_the_choker_decides() {
    let mut rig = Rig::new(true, 0xf0);
    rig.clear();
    rig.remote(Message::Interested).unwrap();
    rig.remote(Message::Interested).unwrap();
    assert_eq!(rig.take_remote(), [Message::Unchoke]);
    rig.remote(Message::Request(block(0, 0))).unwrap();
    rig.remote(Message::Request(request(0, 1, 1))).unwrap();
    rig.apply(|session, out, _| session.on_command(PeerCommand::SetChoke(true), out)).unwrap();
    let expected = [
        Message::Choke,
        Message::RejectRequest(block(0, 0)),
        Message::RejectRequest(request(0, 1, 1)),
    ];
    assert_eq!(rig.take_remote(), expected);
    rig.engine(piece(block(0, 0))).unwrap();
    rig.engine(piece(block(0, 0))).unwrap();
    assert_eq!(rig.take_remote(), []);
    rig.remote(Message::Request(block(0, 1))).unwrap();
    assert_eq!(rig.take_remote(), [Message::RejectRequest(block(0, 1))]);
}

#[test]
fn impossible_requests_are_declined_and_not_passed_on() {
    let odd = [
        request(0, 0, 0),
        request(4, 0, 16384),
        request(u32::MAX, u32::MAX, u32::MAX),
        request(0, 65536, 1),
        request(0, 65535, 2),
        request(0, 0, 128 * 1024 + 1),
        request(3, 16384, 101),
    ];
    for fast in [false, true] {
        let mut rig = rig(fast);
        for request in odd {
            rig.remote(Message::Request(request)).unwrap();
        }
        let declined = odd.map(Message::RejectRequest);
        assert_eq!(rig.take_remote(), if fast { &declined[..] } else { &[] });
        assert_eq!(rig.take_engine(), []);
    }
    let mut rig = rig(true);
    let mut result = Ok(());
    for _ in 0..=1000 {
        result = rig.remote(Message::Request(odd[0]));
    }
    assert!(result.is_err());
}

#[test]
fn requests_that_are_not_one_block_are_assembled() {
    for wanted in [
        request(0, 0, 1),
        request(0, 16383, 2),
        request(0, 100, 16384),
        request(1, 0, 65536),
        request(2, 30_000, 1),
        request(3, 16000, 384 + 100),
    ] {
        let mut rig = rig(true);
        rig.remote(Message::Request(wanted)).unwrap();
        for asked in rig.take_engine() {
            let Message::Request(asked) = asked else { panic!("{asked:?}") };
            assert_eq!(asked.begin % 16384, 0);
            rig.engine(piece(asked)).unwrap();
        }
        let bytes: Vec<u8> = (wanted.begin..wanted.begin + wanted.len)
            .map(|at| data(block(wanted.piece, at / 16384))[0])
            .collect();
        let expected =
            Message::Piece { piece: wanted.piece, begin: wanted.begin, data: bytes.leak() };
        assert_eq!(rig.take_remote(), [expected]);
        assert!(rig.session.uploads.is_empty());
    }
}

#[test]
fn at_most_sixteen_blocks_are_asked_for_and_the_queue_is_bounded() {
    for fast in [false, true] {
        let mut rig = rig(fast);
        for number in 0..10_000 {
            // Requests that differ, so that none of them is taken for a repetition.
            rig.remote(Message::Request(request(1, number, 16384))).unwrap();
        }
        let asked = rig.take_engine();
        assert!(asked.len() <= 16, "{}", asked.len());
        assert!(rig.session.uploads.len() <= 250 + 16 + 1);
        let declined = rig.take_remote().len();
        assert!(if fast { declined >= 10_000 - 270 } else { declined == 0 }, "{declined}");
    }
}

#[test]
fn a_repeated_request_is_answered_once() {
    let mut rig = rig(true);
    for _ in 0..3 {
        rig.remote(Message::Request(block(0, 0))).unwrap();
    }
    assert_eq!(rig.take_engine(), [Message::Request(block(0, 0))]);
    rig.engine(piece(block(0, 0))).unwrap();
    assert_eq!(rig.take_remote(), [piece(block(0, 0))]);
    rig.remote(Message::Request(block(0, 0))).unwrap();
    assert_eq!(rig.take_engine(), [Message::Request(block(0, 0))]);
}

#[test]
fn a_cancelled_request_is_not_answered() {
    for fast in [false, true] {
        let mut rig = rig(fast);
        for index in 0..2 {
            rig.remote(Message::Request(block(0, index))).unwrap();
        }
        rig.remote(Message::Cancel(block(0, 0))).unwrap();
        rig.remote(Message::Cancel(block(3, 0))).unwrap();
        let declined = [Message::RejectRequest(block(0, 0))];
        assert_eq!(rig.take_remote(), if fast { &declined[..] } else { &[] });
        rig.engine(piece(block(0, 0))).unwrap();
        rig.engine(piece(block(0, 1))).unwrap();
        assert_eq!(rig.take_remote(), [piece(block(0, 1))]);
    }
}

#[test]
fn the_piece_engine_is_asked_for_nothing_while_the_peer_does_not_read() {
    let mut rig = rig(true);
    rig.backlog = 100_000;
    for index in 0..4 {
        rig.remote(Message::Request(block(0, index))).unwrap();
    }
    assert_eq!(rig.take_engine(), []);
    rig.backlog = 0;
    rig.apply(|_, _, _| Ok(())).unwrap();
    assert_eq!(rig.take_engine().len(), 4);
}

#[test]
fn requests_survive_the_piece_engine() {
    let mut rig = rig(true);
    for number in [request(0, 1, 16384), block(1, 0), block(1, 1)] {
        rig.remote(Message::Request(number)).unwrap();
    }
    let asked = rig.take_engine();
    rig.apply(|session, out, _| session.on_engine_closed(out)).unwrap();
    rig.apply(|session, out, _| session.on_engine_ready(out)).unwrap();
    let again: Vec<_> = rig.take_engine();
    let again = again.into_iter().filter(|message| matches!(message, Message::Request(_)));
    assert_eq!(again.collect::<Vec<_>>(), asked);
    assert_eq!(rig.take_remote(), []);
}
