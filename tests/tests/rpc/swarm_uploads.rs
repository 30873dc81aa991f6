//! Leechers that ask for odd things: right data or none, bounded memory, and no harm to others.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::wire::{BLOCK, Block, EXTENSIONS, Wire, kind, message, number};
use torrpeddo_tests::{Leecher, Relay, Sandbox, ScriptedSeeder, process, wait_until};

use crate::support::{add_with_peers, listens_at, wait_complete};

/// Twenty blocks and a short one, in pieces of four.
fn shared(name: &str) -> Single {
    Single::public(name, 20 * BLOCK + 1000).in_pieces_of(4 * BLOCK)
}

/// An engine that seeds the torrent, and where it listens.
fn seeding(sandbox: &Sandbox, torrent: &Single) -> (Relay, SocketAddr) {
    let relay = sandbox.relay();
    let seeder = ScriptedSeeder::honest(torrent);
    wait_complete(&relay, &add_with_peers(&relay, torrent, &[seeder.address]));
    let address = listens_at(&relay);
    (relay, address)
}

/// A leecher that was unchoked.
fn leech(engine: SocketAddr, torrent: &Single) -> io::Result<Wire> {
    let mut wire = Wire::connect(engine, torrent.id(), EXTENSIONS)?;
    wire.send(kind::INTERESTED, &[])?;
    wire.receive_where(|message| message.kind == kind::UNCHOKE)?;
    Ok(wire)
}

/// Asks for a block, and returns what is sent as that block.
fn ask(wire: &mut Wire, block: Block) -> io::Result<Vec<u8>> {
    wire.send(kind::REQUEST, &block.encode())?;
    let answer = wire.receive_where(|message| {
        message.kind == kind::PIECE
            && number(&message.body, 0) == Some(block.piece)
            && number(&message.body, 4) == Some(block.offset)
    })?;
    Ok(answer.body[8..].to_vec())
}

#[track_caller]
fn assert_right(torrent: &Single, block: Block, data: &[u8]) {
    let at = block.piece as usize * torrent.piece_bytes() + block.offset as usize;
    assert!(data == &torrent.content()[at..at + block.length as usize], "{block:?} differs");
}

fn block(piece: u32, offset: usize, length: usize) -> Block {
    let number = |number: usize| u32::try_from(number).expect("a small number");
    Block { piece, offset: number(offset), length: number(length) }
}

#[test]
fn requests_for_parts_of_blocks_are_answered() {
    let (sandbox, torrent) = (Sandbox::new(), shared("parts.bin"));
    let (_relay, engine) = seeding(&sandbox, &torrent);
    let mut wire = leech(engine, &torrent).expect("a seeder");
    let wanted = [
        block(0, 0, BLOCK),
        block(0, 100, 1000),
        block(1, 0, 1),
        block(1, 4 * BLOCK - 1, 1),
        block(2, BLOCK / 2, BLOCK),
        block(5, 0, 1000),
        block(5, 999, 1),
        block(3, BLOCK, BLOCK),
    ];
    for wanted in wanted {
        let data = ask(&mut wire, wanted).unwrap_or_else(|error| panic!("{wanted:?}: {error}"));
        assert_right(&torrent, wanted, &data);
    }
}

#[test]
fn requests_that_cannot_be_answered_harm_nobody() {
    let (sandbox, torrent) = (Sandbox::new(), shared("beyond.bin"));
    let (relay, engine) = seeding(&sandbox, &torrent);
    let mut other = leech(engine, &torrent).expect("a seeder");
    let good = block(3, BLOCK, BLOCK);
    let wrong = [
        block(5, 0, 1001),
        block(5, BLOCK, BLOCK),
        block(6, 0, BLOCK),
        Block { piece: u32::MAX, offset: 0, length: 16 << 10 },
        Block { piece: 0, offset: u32::MAX, length: 16 << 10 },
        Block { piece: 0, offset: 0, length: u32::MAX },
        block(0, 0, 0),
        block(0, 3 * BLOCK, 2 * BLOCK),
        block(0, 0, 8 << 20),
    ];
    for wrong in wrong {
        let mut wire = leech(engine, &torrent).expect("a seeder");
        let _ = wire.send(kind::REQUEST, &wrong.encode());
        let _ = wire.send(kind::REQUEST, &good.encode());
        // The connection may end; whatever is sent is right.
        while let Ok(message) = wire.receive() {
            if message.kind == kind::PIECE {
                assert_eq!(message.body[..8], good.encode()[..8], "{wrong:?} was answered");
                assert_right(&torrent, good, &message.body[8..]);
                break;
            }
        }
        assert_right(&torrent, good, &ask(&mut other, good).expect("an answer"));
    }
    drop(relay);
}

#[test]
fn requests_that_nobody_reads_the_answers_of_take_bounded_memory() {
    let (sandbox, torrent) = (Sandbox::new(), shared("unread.bin"));
    let (relay, engine) = seeding(&sandbox, &torrent);
    let pid = sandbox.engine_pid();
    let before = process::resident_kib(pid).expect("an engine");
    let requests = message(kind::REQUEST, &block(0, 0, BLOCK).encode()).repeat(10_000);
    let hoarders: Vec<Wire> = (0..8)
        .map_while(|_| {
            let mut wire = leech(engine, &torrent).ok()?;
            wire.stream.set_write_timeout(Some(Duration::from_secs(1))).ok()?;
            for _ in 0..5 {
                // It may be dropped, or not read from any more.
                if wire.stream.write_all(&requests).is_err() {
                    break;
                }
            }
            Some(wire)
        })
        .collect();
    assert!(!hoarders.is_empty());
    let path = sandbox.root().join("file.torrent");
    std::fs::write(&path, torrent.with_trackers(&[])).expect("a file");
    let leecher = Leecher::start(&path);
    leecher.connect(engine);
    wait_until("another leecher to be complete", || leecher.is_complete());
    let after = process::peak_kib(pid).expect("the same engine");
    assert!(after < before + (16 << 10), "from {before} to {after} KiB");
    drop(relay);
}
