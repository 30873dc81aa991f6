//! Connections that end, stall or flood, over real sockets.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::rig::{Rig, Setup, block, data};
use crate::peer::{CloseReason, EndReason, PeerCommand, PeerOptions};
use crate::wire::message::{BlockRequest, Message};

#[tokio::test]
async fn metadata_first_and_then_the_piece_engine_on_the_same_connection() {
    let mut bitfield = Vec::new();
    Message::Bitfield(&[0xf0]).encode(&mut bitfield);
    let setup = Setup { attached: false, received: bitfield, ..Setup::default() };
    let mut rig = Rig::new(setup).await;
    rig.remote.expect(Message::HaveNone).await;
    rig.remote.send(Message::Unchoke).await;
    rig.remote.send(Message::Extended { id: 0, payload: b"d1:md11:ut_metadatai3eee" }).await;
    tokio::task::yield_now().await;
    rig.attach();
    let mut engine = rig.engine().await;
    engine.expect(Message::Bitfield(&[0xf0])).await;
    engine.expect(Message::Unchoke).await;
    engine.send(Message::Request(block(0, 0))).await;
    rig.remote.expect(Message::Request(block(0, 0))).await;
    rig.torrent.attachment.send_replace(None);
    assert_eq!(rig.end().await, EndReason::Detached);
    assert_eq!((engine.try_next().await, rig.remote.try_next().await), (None, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_moves_to_the_runtime_of_the_piece_engine() {
    let (mut rig, mut engine) = {
        let mut rig = Rig::new(Setup { attached: false, ..Setup::default() }).await;
        let other = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .thread_name("torrent")
            .build()
            .unwrap();
        rig.engine_on(other.handle().clone());
        rig.attach();
        let engine = rig.engine().await;
        // The runtime ends with everything on it: the end is reported all the same.
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            other.shutdown_background();
        });
        (rig, engine)
    };
    assert_eq!(rig.end().await, EndReason::Aborted);
    while engine.try_next().await.is_some() {}
    rig.remote.rest().await;
}

#[tokio::test]
async fn half_a_block_is_never_passed_on() {
    let (mut rig, mut engine) = Rig::with_seed(Setup::default()).await;
    engine.send(Message::Request(block(0, 0))).await;
    rig.remote.expect(Message::Request(block(0, 0))).await;
    let mut bytes = Vec::new();
    Message::Piece { piece: 0, begin: 0, data: &data(block(0, 0)) }.encode(&mut bytes);
    let (start, rest) = bytes.split_at(9000);
    rig.remote.stream.write_all(start).await.unwrap();
    // The other direction goes on meanwhile.
    engine.send(Message::Request(block(0, 1))).await;
    rig.remote.expect(Message::Request(block(0, 1))).await;
    rig.remote.stream.write_all(&rest[..10]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    rig.remote.stream.write_all(&rest[10..]).await.unwrap();
    let expected = data(block(0, 0));
    assert_eq!(engine.next().await, Message::Piece { piece: 0, begin: 0, data: &expected });
    rig.remote.stream.write_all(start).await.unwrap();
    drop(rig.remote);
    assert_eq!(engine.rest().await, []);
}

#[tokio::test]
async fn the_last_blocks_of_a_peer_that_leaves_are_read() {
    let (mut rig, mut engine) = Rig::with_seed(Setup::default()).await;
    for index in 0..4 {
        engine.send(Message::Request(block(0, index))).await;
    }
    for index in 0..4 {
        rig.remote.expect(Message::Request(block(0, index))).await;
        rig.remote.send_block(block(0, index)).await;
    }
    rig.remote.stream.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let rest = engine.rest().await;
    assert_eq!(rest.len(), 4, "{rest:?}");
    drop(engine);
    assert_eq!(rig.end().await, EndReason::RemoteClosed);
}

#[tokio::test]
async fn a_piece_engine_that_reads_nothing_stops_the_peer_and_loses_nothing() {
    let (rig, mut engine) = Rig::with_seed(Setup::default()).await;
    let rounds = 600;
    let mut sent = 0;
    let all: Vec<BlockRequest> =
        (0..rounds).flat_map(|_| (0..3).flat_map(|p| (0..4).map(move |i| block(p, i)))).collect();
    // The same blocks are requested again and again, as many at a time as fit into the window.
    let (mut reader, mut writer) = (rig.remote, 0);
    let remote = tokio::spawn(async move {
        while writer < all.len() {
            if let Message::Request(wanted) = reader.next().await {
                reader.send_block(wanted).await;
                writer += 1;
            }
        }
        reader
    });
    let mut received = 0_usize;
    let total = rounds * 12;
    let window = 12;
    let next = |number: usize| block((number % 12 / 4) as u32, (number % 4) as u32);
    while received < total {
        while sent < total && sent - received < window {
            engine.send(Message::Request(next(sent))).await;
            sent += 1;
        }
        if received.is_multiple_of(500) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if let Message::Piece { piece, begin, data: bytes } = engine.next().await {
            let wanted = next(received);
            assert_eq!((piece, begin), (wanted.piece, wanted.begin));
            assert_eq!(bytes, data(wanted));
            received += 1;
        }
    }
    assert_eq!(rig.handle.status.downloaded(), total as u64 * 16384);
    drop(remote.await.unwrap());
}

#[tokio::test]
async fn a_piece_engine_that_refuses_is_not_asked_without_end() {
    let mut rig = Rig::new(Setup { attached: false, ..Setup::default() }).await;
    rig.engine.refuses.store(true, Ordering::SeqCst);
    rig.attach();
    let started = tokio::time::Instant::now();
    while rig.engine.attempts.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(started.elapsed() >= Duration::from_millis(1100));
    rig.engine.refuses.store(false, Ordering::SeqCst);
    let mut engine = rig.engine().await;
    rig.remote.send(Message::HaveAll).await;
    engine.expect(Message::Bitfield(&[0xf0])).await;
}

#[tokio::test]
async fn a_wrong_piece_ends_the_connection_and_a_hang_up_does_not() {
    let (mut rig, engine) = Rig::with_seed(Setup::default()).await;
    drop(engine);
    let mut engine = rig.engine().await;
    engine.expect(Message::Unchoke).await;
    for index in 0..4 {
        engine.send(Message::Request(block(1, index))).await;
        rig.remote.expect(Message::Request(block(1, index))).await;
        rig.remote.send_block(block(1, index)).await;
    }
    let expected = data(block(1, 3));
    engine.expect(Message::Piece { piece: 1, begin: 3 * 16384, data: &expected }).await;
    drop(engine);
    assert_eq!(rig.end().await, EndReason::Lied);
}

#[tokio::test]
async fn ten_thousand_unread_requests_cost_little_and_end_with_the_peer() {
    let mut rig = Rig::new(Setup { pieces: 0xf0, ..Setup::default() }).await;
    let mut engine = rig.engine().await;
    rig.remote.send(Message::Interested).await;
    let mut bytes = Vec::new();
    for number in 0..10_000 {
        let begin = number % 3 * 16384;
        Message::Request(BlockRequest { piece: 0, begin, len: 16384 }).encode(&mut bytes);
    }
    rig.remote.stream.write_all(&bytes).await.unwrap();
    let mut asked = 0;
    while asked < 3 {
        if let Message::Request(wanted) = engine.next().await {
            engine.send_block(wanted).await;
            asked += 1;
        }
    }
    rig.remote.expect(Message::Piece { piece: 0, begin: 0, data: &data(block(0, 0)) }).await;
    drop(rig.remote);
    let mut events = rig.events;
    let ended = async {
        while !matches!(events.recv().await, Some(crate::peer::PeerEvent::Ended { .. })) {}
    };
    ended.await;
}

#[tokio::test]
async fn closing_writes_nothing_more() {
    let (mut rig, mut engine) = Rig::with_seed(Setup::default()).await;
    for command in [PeerCommand::SetOptimistic(true), PeerCommand::Close(CloseReason::Banned)] {
        rig.handle.commands.send(command).await.unwrap();
    }
    assert_eq!(rig.end().await, EndReason::Closed(CloseReason::Banned));
    assert!(rig.handle.commands.is_closed());
    assert_eq!(engine.rest().await, []);
    assert_eq!(rig.remote.rest().await, []);
    let (rig, _engine) = Rig::with_seed(Setup::default()).await;
    let Rig { handle, mut remote, .. } = rig;
    drop(handle);
    assert_eq!(remote.rest().await, []);
}

#[tokio::test]
async fn an_idle_peer_is_closed() {
    let options = PeerOptions { idle: Duration::from_millis(100), ..PeerOptions::default() };
    let mut rig = Rig::new(Setup { options, ..Setup::default() }).await;
    assert_eq!(rig.end().await, EndReason::Idle);
}

#[tokio::test]
async fn malformed_messages_end_the_connection() {
    for bytes in [&b"\xff\xff\xff\xff\x07"[..], b"\0\0\0\x03\x04\0\0", b"\x80\0\0\0\x14"] {
        let mut rig = Rig::new(Setup::default()).await;
        rig.remote.stream.write_all(bytes).await.unwrap();
        let reason = rig.end().await;
        assert!(matches!(reason, EndReason::Malformed(_)), "{reason:?}");
    }
}

#[tokio::test]
async fn every_unknown_message_is_skipped() {
    let (mut rig, mut engine) = Rig::with_seed(Setup::default()).await;
    engine.send(Message::Request(block(0, 0))).await;
    rig.remote.expect(Message::Request(block(0, 0))).await;
    let mut bytes = Vec::new();
    for id in (10..=12).chain(18..=19).chain(21..=255_u32) {
        bytes.extend_from_slice(&(id * 100).to_be_bytes());
        bytes.push(id as u8);
        bytes.resize(bytes.len() + id as usize * 100 - 1, 7);
    }
    // An extension's message that is larger than anything useful.
    Message::Extended { id: 2, payload: &vec![b'x'; 300_000] }.encode(&mut bytes);
    rig.remote.stream.write_all(&bytes).await.unwrap();
    rig.remote.send_block(block(0, 0)).await;
    let expected = data(block(0, 0));
    assert_eq!(engine.next().await, Message::Piece { piece: 0, begin: 0, data: &expected });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_does_not_keep_commands_from_being_handled() {
    let mut rig = Rig::new(Setup::default()).await;
    rig.engine().await;
    let mut stream = rig.remote.stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    let flood = std::thread::spawn(move || {
        use std::io::Write;
        let chunk = vec![0; 1024 * 1024];
        while stream.write_all(&chunk).is_ok() {}
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.handle.commands.send(PeerCommand::Close(CloseReason::Stopped)).await.unwrap();
    while !matches!(rig.events.recv().await, Some(crate::peer::PeerEvent::Ended { .. })) {}
    flood.join().unwrap();
}
