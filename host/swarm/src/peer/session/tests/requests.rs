//! The piece engine's requests and the blocks that answer them.

use super::rig::{Rig, piece};
use crate::peer::blame::Senders;
use crate::peer::tests::rig::block;
use crate::peer::{EndReason, PeerEvent, PeerKey};
use crate::wire::message::{BlockRequest, Message};

fn requests(count: u32) -> Vec<Message<'static>> {
    (0..count).map(|index| Message::Request(block(index / 4, index % 4))).collect()
}

fn ask(rig: &mut Rig, count: u32) {
    for request in requests(count) {
        rig.engine(request).unwrap();
    }
    assert_eq!(rig.take_remote(), requests(count));
}

#[test]
fn no_more_requests_are_in_flight_than_the_peer_queues() {
    let mut rig = Rig::with_seed(false);
    rig.remote(Message::Extended { id: 0, payload: b"d4:reqqi2ee" }).unwrap();
    rig.clear();
    for request in requests(4) {
        rig.engine(request).unwrap();
    }
    assert_eq!(rig.take_remote(), requests(2));
    rig.remote(piece(block(0, 0))).unwrap();
    assert_eq!(rig.take_remote(), [Message::Request(block(0, 2))]);
    assert_eq!(rig.take_engine(), [piece(block(0, 0))]);
}

#[test]
fn the_piece_engine_is_told_the_window_of_the_peer() {
    let mut rig = Rig::with_seed(true);
    rig.remote(Message::Extended { id: 0, payload: b"d1:pi9e4:reqqi2000ee" }).unwrap();
    assert_eq!(rig.take_engine(), [Message::Extended { id: 0, payload: b"d1:mde4:reqqi500ee" }]);
    match rig.events.try_recv() {
        Ok(PeerEvent::ListenPort { key: PeerKey(7), address }) => assert_eq!(address.port(), 9),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_choke_returns_requests_once_after_a_block_and_repeatedly() {
    let mut rig = Rig::with_seed(false);
    ask(&mut rig, 4);
    for answered in 0..4 {
        rig.remote(Message::Choke).unwrap();
        rig.remote(Message::Choke).unwrap();
        assert_eq!(rig.take_engine(), [Message::Choke]);
        rig.remote(Message::Unchoke).unwrap();
        assert_eq!(rig.take_engine(), [Message::Unchoke]);
        let waiting: Vec<_> =
            (answered..4).map(|index| Message::Request(block(0, index))).collect();
        assert_eq!(rig.take_remote(), waiting);
        rig.remote(piece(block(0, answered))).unwrap();
        assert_eq!(rig.take_engine(), [piece(block(0, answered))]);
    }
    assert!(rig.session.book.is_empty());
}

#[test]
fn requests_made_while_choked_wait() {
    let mut rig = Rig::with_seed(true);
    rig.remote(Message::Choke).unwrap();
    for request in requests(3) {
        rig.engine(request).unwrap();
    }
    rig.engine(Message::Cancel(block(0, 1))).unwrap();
    assert_eq!(rig.take_remote(), []);
    rig.remote(Message::Unchoke).unwrap();
    let expected = [Message::Request(block(0, 0)), Message::Request(block(0, 2))];
    assert_eq!(rig.take_remote(), expected);
}

#[test]
fn a_fast_peer_rejects_while_it_chokes() {
    let mut rig = Rig::with_seed(true);
    ask(&mut rig, 3);
    rig.remote(Message::Choke).unwrap();
    rig.remote(Message::RejectRequest(block(0, 0))).unwrap();
    rig.remote(Message::RejectRequest(block(0, 2))).unwrap();
    rig.remote(piece(block(0, 1))).unwrap();
    assert_eq!(rig.take_engine(), [Message::Choke, piece(block(0, 1))]);
    rig.remote(Message::Unchoke).unwrap();
    let expected = [Message::Request(block(0, 0)), Message::Request(block(0, 2))];
    assert_eq!(rig.take_remote(), expected);
    assert!(!rig.restarted());
}

#[test]
fn a_piece_that_is_rejected_three_times_is_hidden() {
    let mut rig = Rig::with_seed(true);
    ask(&mut rig, 2);
    for _ in 0..2 {
        rig.remote(Message::RejectRequest(block(0, 1))).unwrap();
        rig.remote(Message::RejectRequest(block(0, 1))).unwrap();
        assert_eq!(rig.take_remote(), []);
        rig.wait(1).unwrap();
        assert_eq!(rig.take_remote(), [Message::Request(block(0, 1))]);
    }
    rig.remote(Message::RejectRequest(block(0, 1))).unwrap();
    assert_eq!(rig.take_remote(), [Message::Cancel(block(0, 0))]);
    assert!(rig.restarted());
    let shown = rig.take_engine();
    assert!(shown.contains(&Message::Bitfield(&[0x70])), "{shown:?}");
    assert!(shown.contains(&Message::Unchoke), "{shown:?}");
}

#[test]
fn only_outstanding_blocks_are_passed_on() {
    let mut rig = Rig::with_seed(true);
    ask(&mut rig, 3);
    rig.remote(piece(block(0, 0))).unwrap();
    rig.remote(piece(block(0, 0))).unwrap();
    rig.remote(piece(block(2, 0))).unwrap();
    rig.remote(piece(BlockRequest { piece: 999, begin: 7, len: 1 })).unwrap();
    rig.engine(Message::Cancel(block(0, 1))).unwrap();
    rig.remote(piece(block(0, 1))).unwrap();
    assert_eq!(rig.take_remote(), [Message::Cancel(block(0, 1))]);
    // A block of a wrong length is as good as a rejected request.
    rig.remote(piece(BlockRequest { len: 100, ..block(0, 2) })).unwrap();
    assert_eq!(rig.take_engine(), [piece(block(0, 0))]);
    rig.wait(1).unwrap();
    assert_eq!(rig.take_remote(), [Message::Request(block(0, 2))]);
    rig.remote(piece(block(0, 2))).unwrap();
    assert_eq!(rig.take_engine(), [piece(block(0, 2))]);
    let wasted = rig.torrent.wasted.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(wasted, 3 * 16384 + 1 + 100);
}

#[test]
fn a_flood_of_unasked_blocks_ends_the_connection() {
    let mut rig = Rig::with_seed(true);
    let unasked = BlockRequest { len: 1, ..block(0, 0) };
    for _ in 0..256 {
        rig.remote(piece(unasked)).unwrap();
    }
    assert!(matches!(rig.remote(piece(unasked)), Err(EndReason::Flooded(_))));
}

#[test]
fn a_request_that_is_cancelled_and_made_again_is_answered_once() {
    let mut rig = Rig::with_seed(false);
    ask(&mut rig, 1);
    rig.engine(Message::Cancel(block(0, 0))).unwrap();
    rig.engine(Message::Request(block(0, 0))).unwrap();
    rig.remote(piece(block(0, 0))).unwrap();
    rig.remote(piece(block(0, 0))).unwrap();
    assert_eq!(rig.take_engine(), [piece(block(0, 0))]);
}

#[test]
fn the_peer_alone_is_to_blame_for_a_wrong_piece() {
    let mut rig = Rig::with_seed(true);
    ask(&mut rig, 4);
    for index in 0..4 {
        rig.remote(piece(block(0, index))).unwrap();
    }
    rig.apply(|session, out, _| session.on_engine_closed(out)).unwrap();
    assert!(rig.events.try_recv().is_err(), "the torrent may have stopped");
    let result = rig.apply(|session, out, _| session.on_engine_ready(out));
    assert_eq!(result, Err(EndReason::Lied));
    assert!(matches!(rig.events.try_recv(), Ok(PeerEvent::Lied { key: PeerKey(7) })));
    assert!(rig.torrent.blocks.is_empty());
}

#[test]
fn nobody_is_to_blame_for_a_piece_of_several_peers_or_a_right_one() {
    let mut rig = Rig::with_seed(true);
    ask(&mut rig, 8);
    for index in 0..8 {
        rig.remote(piece(block(index / 4, index % 4))).unwrap();
    }
    let info = crate::peer::tests::rig::info();
    rig.torrent.blocks.record(PeerKey(8), block(0, 0), &info);
    let senders = vec![PeerKey(7), PeerKey(8)];
    assert_eq!(rig.torrent.blocks.senders(0), Senders::Several(senders));
    rig.torrent.piece_verified(1);
    rig.apply(|session, out, _| session.on_engine_closed(out)).unwrap();
    rig.apply(|session, out, _| session.on_engine_ready(out)).unwrap();
    assert!(rig.events.try_recv().is_err());
    assert_eq!(rig.torrent.blocks.senders(0), Senders::Unknown);
}

#[test]
fn a_closed_piece_engine_takes_its_requests_along() {
    let mut rig = Rig::with_seed(true);
    ask(&mut rig, 2);
    rig.apply(|session, out, _| session.on_engine_closed(out)).unwrap();
    let cancels = [Message::Cancel(block(0, 0)), Message::Cancel(block(0, 1))];
    assert_eq!(rig.take_remote(), cancels);
    rig.remote(piece(block(0, 0))).unwrap();
    rig.engine(Message::Request(block(0, 0))).unwrap();
    assert_eq!((rig.take_engine(), rig.take_remote()), (vec![], vec![]));
}

#[test]
fn interest_follows_what_the_peer_has_and_we_lack() {
    let mut rig = Rig::new(true, 0x80);
    rig.remote(Message::Unchoke).unwrap();
    rig.remote(Message::Have(0)).unwrap();
    rig.engine(Message::Interested).unwrap();
    rig.take_remote();
    // The peer has nothing that we lack: the piece engine stays choked.
    let told = rig.take_engine();
    assert!(told.contains(&Message::Have(0)) && !told.contains(&Message::Unchoke), "{told:?}");
    rig.remote(Message::Have(1)).unwrap();
    assert_eq!(rig.take_remote(), [Message::Interested]);
    assert_eq!(rig.take_engine(), [Message::Have(1), Message::Unchoke]);
    rig.torrent.piece_verified(1);
    rig.apply(|_, _, _| Ok(())).unwrap();
    assert_eq!(rig.take_remote(), [Message::NotInterested]);
    assert_eq!(rig.take_engine(), [Message::Choke]);
    rig.torrent.piece_verified(2);
    rig.apply(|_, _, _| Ok(())).unwrap();
    assert_eq!(rig.take_remote(), [Message::Have(2)]);
}
