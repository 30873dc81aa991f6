//! Peers that do not do what they should, beside one that does: the download completes.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::wire::{Block, kind, message};
use torrpeddo_tests::{Sandbox, ScriptedSeeder, Seeder, wait_until};

use crate::support::{add_with_peers, assert_single, downloads_from, wait_complete};

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3600);

fn two_mebibytes(name: &str) -> Single {
    Single::public(name, 2 << 20).in_pieces_of(64 << 10)
}

/// Seeded by libtorrent, slowly enough for another peer to take part.
fn good(torrent: &Single) -> (Seeder, SocketAddr) {
    let seeder = torrent.seed();
    seeder.limit(1 << 20);
    let address = ([127, 0, 0, 1], seeder.port).into();
    (seeder, address)
}

#[track_caller]
fn completes_beside(torrent: &Single, bad: &ScriptedSeeder) {
    let sandbox = Sandbox::new();
    let (_good, address) = good(torrent);
    downloads_from(&sandbox, torrent, &[bad.address, address]);
}

#[test]
fn a_silent_peer_stops_nothing() {
    let torrent = two_mebibytes("silent.bin");
    completes_beside(&torrent, &ScriptedSeeder::start(&torrent, |upload| upload.listen(FOR_EVER)));
}

#[test]
fn a_peer_that_stops_in_the_middle_of_a_block_stops_nothing() {
    let torrent = two_mebibytes("half.bin");
    let seeder = ScriptedSeeder::start(&torrent, |upload| {
        upload.serve_blocks(1)?;
        let block = upload.next_request()?;
        let head = [block.piece, block.offset].map(u32::to_be_bytes).concat();
        let whole = message(kind::PIECE, &[head, upload.data(block)].concat());
        upload.wire.stream.write_all(&whole[..whole.len() / 2])?;
        upload.listen(FOR_EVER)
    });
    completes_beside(&torrent, &seeder);
}

#[test]
fn blocks_that_come_twice_or_unasked_do_not_end_a_connection() {
    let (sandbox, torrent) = (Sandbox::new(), two_mebibytes("twice.bin"));
    let last = u32::try_from(torrent.piece_count() - 1).unwrap();
    let seeder = ScriptedSeeder::start(&torrent, move |upload| {
        let first = upload.next_request()?;
        upload.send(Block { piece: last, offset: 0, length: 16 << 10 })?;
        upload.send(first)?;
        for _ in 0..20 {
            let block = upload.next_request()?;
            upload.send(block)?;
            upload.send(block)?;
        }
        Ok(())
    });
    downloads_from(&sandbox, &torrent, &[seeder.address]);
    assert_eq!(seeder.connections(), 1);
}

#[test]
fn a_peer_that_sends_wrong_data_is_banned_and_the_download_completes() {
    let (sandbox, torrent) = (Sandbox::new(), two_mebibytes("false.bin"));
    let liar = ScriptedSeeder::start(&torrent, |upload| {
        loop {
            let block = upload.next_request()?;
            upload.send_as(block, &vec![0; block.length as usize])?;
        }
    });
    let (_good, address) = good(&torrent);
    let relay = sandbox.relay();
    let id = add_with_peers(&relay, &torrent, &[liar.address, address]);
    wait_complete(&relay, &id);
    assert_single(&sandbox, &torrent);
    wait_until("the end of the connection to the peer that lies", || liar.open() == 0);
    assert!(liar.blocks() > 0, "it was not asked for anything");
    assert!(liar.connections() <= 2, "{} connections", liar.connections());
    // Neither is everything asked for again and again.
    assert!(liar.blocks() <= 512, "{} blocks", liar.blocks());
}

#[test]
fn a_peer_with_a_bitfield_of_another_length_goes() {
    let torrent = two_mebibytes("bitfield.bin");
    for length in [0, 3, 5, 4000] {
        let sandbox = Sandbox::new();
        let bad = ScriptedSeeder::start(&torrent, move |upload| {
            upload.wire.send(kind::BITFIELD, &vec![0xff; length])?;
            upload.listen(FOR_EVER)
        });
        let (_good, address) = good(&torrent);
        let relay = sandbox.relay();
        let id = add_with_peers(&relay, &torrent, &[bad.address, address]);
        wait_until("a connection to the bad peer", || bad.connections() > 0);
        wait_until("its end", || bad.open() == 0);
        wait_complete(&relay, &id);
        assert_single(&sandbox, &torrent);
    }
}
