//! Blocks in both directions, and everything that may go wrong with them.

use super::rig::{Rig, Setup, block, data};
use crate::peer::status;
use crate::peer::{CloseReason, EndReason, PeerCommand};
use crate::wire::message::{BlockRequest, Message};

#[tokio::test]
async fn blocks_pass_to_the_piece_engine() {
    let (mut rig, mut engine) = Rig::with_seed(Setup::default()).await;
    for index in 0..4 {
        engine.send(Message::Request(block(0, index))).await;
    }
    for index in 0..4 {
        rig.remote.expect(Message::Request(block(0, index))).await;
    }
    for index in 0..4 {
        rig.remote.send_block(block(0, index)).await;
        let expected = data(block(0, index));
        engine.expect(Message::Piece { piece: 0, begin: index * 16384, data: &expected }).await;
    }
    assert_eq!(rig.handle.status.downloaded(), 65536);
    assert!(rig.handle.status.has(status::SEED | status::ENGINE | status::AM_INTERESTED));
    rig.handle.commands.send(PeerCommand::Close(CloseReason::Stopped)).await.unwrap();
    assert_eq!(rig.end().await, EndReason::Closed(CloseReason::Stopped));
    assert_eq!((engine.try_next().await, rig.remote.try_next().await), (None, None));
    assert_eq!(rig.torrent.unchoked.get(), 0);
}

#[tokio::test]
async fn blocks_pass_to_the_peer() {
    let mut rig = Rig::new(Setup { pieces: 0xf0, ..Setup::default() }).await;
    let mut engine = rig.engine().await;
    rig.remote.expect(Message::HaveAll).await;
    rig.remote.send(Message::HaveNone).await;
    rig.remote.send(Message::Request(block(0, 0))).await;
    rig.remote.expect(Message::RejectRequest(block(0, 0))).await;
    rig.remote.send(Message::Interested).await;
    rig.remote.expect(Message::Unchoke).await;
    let last = BlockRequest { piece: 3, begin: 16384, len: 100 };
    for request in [block(0, 0), last] {
        rig.remote.send(Message::Request(request)).await;
        engine.expect(Message::Request(request)).await;
        engine.send_block(request).await;
        let BlockRequest { piece, begin, .. } = request;
        rig.remote.expect(Message::Piece { piece, begin, data: &data(request) }).await;
    }
    assert_eq!(rig.handle.status.uploaded(), 16484);
}

#[tokio::test]
async fn requests_survive_a_choke() {
    for fast in [false, true] {
        let (mut rig, mut engine) = Rig::with_seed(Setup { fast, ..Setup::default() }).await;
        for index in 0..4 {
            engine.send(Message::Request(block(0, index))).await;
        }
        for index in 0..4 {
            rig.remote.expect(Message::Request(block(0, index))).await;
        }
        rig.remote.send_block(block(0, 0)).await;
        rig.remote.send(Message::Choke).await;
        if fast {
            for index in 1..4 {
                rig.remote.send(Message::RejectRequest(block(0, index))).await;
            }
        }
        engine.expect(Message::Choke).await;
        rig.remote.send(Message::Unchoke).await;
        engine.expect(Message::Unchoke).await;
        for index in 1..4 {
            rig.remote.expect(Message::Request(block(0, index))).await;
            rig.remote.send_block(block(0, index)).await;
        }
        let expected = data(block(0, 3));
        engine.expect(Message::Piece { piece: 0, begin: 3 * 16384, data: &expected }).await;
    }
}
