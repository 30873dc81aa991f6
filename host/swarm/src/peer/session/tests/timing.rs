//! Silence, snubbing, chokes that last, and the end of connections that are not needed.

use std::sync::atomic::Ordering;

use super::rig::{Rig, piece};
use crate::peer::tests::rig::block;
use crate::peer::{EndReason, status};
use crate::wire::message::Message;

#[test]
fn a_silent_peer_is_closed_after_a_keep_alive() {
    let mut rig = Rig::new(true, 0);
    rig.clear();
    rig.wait(99).unwrap();
    assert_eq!(rig.take_remote(), []);
    rig.wait(1).unwrap();
    assert_eq!(rig.take_remote(), [Message::KeepAlive]);
    assert_eq!(rig.wait(60), Err(EndReason::Idle));
}

#[test]
fn keep_alives_of_the_peer_keep_the_connection() {
    let mut rig = Rig::new(true, 0);
    for _ in 0..10 {
        rig.wait(120).unwrap();
        rig.remote(Message::KeepAlive).unwrap();
    }
}

#[test]
fn a_peer_that_reads_nothing_is_closed() {
    let mut rig = Rig::new(true, 0);
    rig.backlog = 10;
    for _ in 0..2 {
        rig.wait(60).unwrap();
        rig.remote(Message::KeepAlive).unwrap();
    }
    assert_eq!(rig.wait(20), Err(EndReason::Idle));
}

#[test]
fn an_idle_connection_is_checked_rarely() {
    let mut rig = Rig::new(true, 0);
    let now = rig.now;
    let next = rig.session.on_tick(true, now, &mut Default::default()).unwrap();
    assert!(next >= now + std::time::Duration::from_secs(90));
}

#[test]
fn a_long_choke_gives_pieces_back_where_another_peer_can_serve() {
    let mut rig = Rig::with_seed(false);
    rig.engine(Message::Request(block(0, 0))).unwrap();
    rig.remote(Message::Choke).unwrap();
    rig.wait(60).unwrap();
    assert!(!rig.restarted());
    rig.torrent.unchoked.add();
    rig.wait(1).unwrap();
    assert!(rig.restarted());
    assert!(rig.session.book.is_empty());
}

#[test]
fn a_peer_that_sends_no_block_is_asked_again_and_then_snubbed() {
    let mut rig = Rig::with_seed(true);
    rig.torrent.unchoked.add();
    rig.engine(Message::Request(block(0, 0))).unwrap();
    rig.clear();
    rig.wait(19).unwrap();
    assert_eq!(rig.take_remote(), []);
    rig.wait(1).unwrap();
    let again = [Message::Cancel(block(0, 0)), Message::Request(block(0, 0))];
    assert_eq!(rig.take_remote(), again);
    rig.wait(40).unwrap();
    assert!(rig.session.status.has(status::SNUBBED));
    assert!(rig.restarted());
    assert!(!rig.take_engine().contains(&Message::Unchoke));
    rig.remote(Message::KeepAlive).unwrap();
    rig.wait(29).unwrap();
    assert_eq!(rig.take_engine(), []);
    rig.wait(1).unwrap();
    assert_eq!(rig.take_engine(), [Message::Unchoke]);
    rig.engine(Message::Request(block(0, 0))).unwrap();
    rig.remote(piece(block(0, 0))).unwrap();
    assert!(!rig.session.status.has(status::SNUBBED));
}

#[test]
fn the_only_peer_is_asked_again_for_as_long_as_it_takes() {
    let mut rig = Rig::with_seed(true);
    rig.engine(Message::Request(block(0, 0))).unwrap();
    for _ in 0..10 {
        rig.wait(60).unwrap();
        rig.remote(Message::KeepAlive).unwrap();
    }
    assert!(!rig.restarted());
    rig.remote(piece(block(0, 0))).unwrap();
    assert!(rig.take_engine().contains(&piece(block(0, 0))));
}

#[test]
fn a_request_that_the_peer_lost_is_made_again_while_others_are_answered() {
    let mut rig = Rig::with_seed(true);
    rig.engine(Message::Request(block(0, 0))).unwrap();
    for index in 1..4 {
        rig.wait(7).unwrap();
        rig.engine(Message::Request(block(0, index))).unwrap();
        rig.remote(piece(block(0, index))).unwrap();
    }
    let sent = rig.take_remote();
    let count = |wanted| sent.iter().filter(|message| **message == wanted).count();
    assert_eq!(count(Message::Cancel(block(0, 0))), 1);
    assert_eq!(count(Message::Request(block(0, 0))), 2);
    assert_eq!(count(Message::Request(block(0, 1))), 1);
}

#[test]
fn a_seed_is_not_needed_once_everything_is_there() {
    let mut rig = Rig::new(true, 0xe0);
    rig.remote(Message::HaveAll).unwrap();
    rig.wait(1).unwrap();
    rig.torrent.piece_verified(3);
    assert_eq!(rig.wait(1), Err(EndReason::NotNeeded));

    let mut rig = Rig::new(true, 0xf0);
    for index in 0..3 {
        rig.remote(Message::Have(index)).unwrap();
    }
    rig.wait(1).unwrap();
    rig.remote(Message::Have(3)).unwrap();
    let closed = rig.apply(|session, out, _| session.on_engine_closed(out));
    assert_eq!(closed, Err(EndReason::NotNeeded));
    assert_eq!(rig.wait(1), Err(EndReason::NotNeeded));

    let mut rig = Rig::new(true, 0x80);
    rig.remote(Message::HaveAll).unwrap();
    rig.torrent.set_finished(true);
    assert_eq!(rig.wait(1), Err(EndReason::NotNeeded));
}

#[test]
fn the_unchoked_connections_are_counted() {
    let mut rig = Rig::with_seed(true);
    let torrent = rig.torrent.clone();
    assert_eq!(torrent.unchoked.get(), 1);
    rig.remote(Message::Choke).unwrap();
    rig.remote(Message::Choke).unwrap();
    assert_eq!(torrent.unchoked.get(), 0);
    rig.remote(Message::Unchoke).unwrap();
    drop(rig);
    assert_eq!(torrent.unchoked.get(), 0);
    assert_eq!(torrent.downloaded.load(Ordering::Relaxed), 0);
}
