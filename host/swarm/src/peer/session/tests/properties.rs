//! Whatever the order of messages: every request of the piece engine is answered or still in the book,
//! and nothing reaches the piece engine that it did not ask for.

use std::collections::HashSet;

use proptest::prelude::*;

use super::rig::{Rig, piece};
use crate::peer::tests::rig::block;
use crate::wire::message::{BlockRequest, Message};

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask(u8),
    Withdraw(u8),
    Choke,
    Unchoke,
    Block(u8),
    Wrong(u8),
    Reject(u8),
    Wait(u8),
    Others,
    EngineCloses,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..16_u8).prop_map(Step::Ask),
        1 => (0..16_u8).prop_map(Step::Withdraw),
        2 => Just(Step::Choke),
        3 => Just(Step::Unchoke),
        6 => (0..16_u8).prop_map(Step::Block),
        1 => (0..16_u8).prop_map(Step::Wrong),
        2 => (0..16_u8).prop_map(Step::Reject),
        2 => (1..25_u8).prop_map(Step::Wait),
        1 => Just(Step::Others),
        1 => Just(Step::EngineCloses),
    ]
}

fn block_of(number: u8) -> BlockRequest {
    let block = block(u32::from(number) / 4, u32::from(number) % 4);
    match (block.piece, block.begin) {
        (3, 16384) => BlockRequest { len: 100, ..block },
        (3, 32768..) => block_of(number - 4),
        _ => block,
    }
}

/// Checks what reached the piece engine, and removes what was answered.
fn check(rig: &mut Rig, asked: &mut HashSet<BlockRequest>) {
    for message in rig.take_engine() {
        if let Message::Piece { piece, begin, data } = message {
            let block = BlockRequest { piece, begin, len: data.len() as u32 };
            assert!(asked.remove(&block), "{block:?} was not asked for");
        }
    }
    if rig.restarted() {
        asked.clear();
    }
    for block in &*asked {
        assert!(rig.session.book.contains(block.piece, block.begin), "{block:?} was lost");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_request_is_lost_and_no_block_is_invented(
        fast: bool,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut rig = Rig::with_seed(fast);
        let mut asked = HashSet::new();
        for step in steps {
            let result = match step {
                Step::Ask(number) => {
                    asked.insert(block_of(number));
                    rig.engine(Message::Request(block_of(number)))
                }
                Step::Withdraw(number) => {
                    asked.remove(&block_of(number));
                    rig.engine(Message::Cancel(block_of(number)))
                }
                Step::Choke => rig.remote(Message::Choke),
                Step::Unchoke => rig.remote(Message::Unchoke),
                Step::Block(number) => rig.remote(piece(block_of(number))),
                Step::Wrong(number) => {
                    rig.remote(piece(BlockRequest { len: 99, ..block_of(number) }))
                }
                Step::Reject(number) => rig.remote(Message::RejectRequest(block_of(number))),
                Step::Wait(seconds) => rig
                    .remote(Message::KeepAlive)
                    .and_then(|()| rig.wait(u64::from(seconds))),
                Step::Others => {
                    rig.torrent.unchoked.add();
                    Ok(())
                }
                Step::EngineCloses => {
                    check(&mut rig, &mut asked);
                    asked.clear();
                    rig.apply(|session, out, _| session.on_engine_closed(out)).and_then(|()| {
                        rig.apply(|session, out, _| session.on_engine_ready(out))
                    })
                }
            };
            if result.is_err() {
                // A piece in which every block is there and that is never verified counts as wrong.
                return Ok(());
            }
            check(&mut rig, &mut asked);
        }
        // In the end the peer answers everything, and nothing is left.
        rig.remote(Message::Unchoke).unwrap();
        rig.wait(31).unwrap();
        check(&mut rig, &mut asked);
        for block in asked.clone() {
            rig.remote(piece(block)).unwrap();
        }
        check(&mut rig, &mut asked);
        prop_assert!(asked.is_empty() && rig.session.book.is_empty());
    }
}
