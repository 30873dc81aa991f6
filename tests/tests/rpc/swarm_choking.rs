//! Peers that choke while requests are on their way (BEP 3, 6): every block is asked for again.

use std::time::Duration;

use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::wire::kind;
use torrpeddo_tests::{Files, Leecher, Sandbox, ScriptedSeeder, Seed, Seeder, wait_until};

use crate::support::{add_magnet, downloads_from, wait_complete};

/// How long a script chokes.
const MOMENT: Duration = Duration::from_millis(300);

/// 256 blocks in pieces of four.
fn four_mebibytes(name: &str) -> Single {
    Single::public(name, 4 << 20).in_pieces_of(64 << 10)
}

/// Chokes once after so many blocks.
#[track_caller]
fn survives_a_choke_after(blocks: usize) {
    let (sandbox, torrent) = (Sandbox::new(), four_mebibytes("choked once.bin"));
    let seeder = ScriptedSeeder::start(&torrent, move |upload| {
        upload.serve_blocks(blocks)?;
        upload.choke_for(MOMENT)
    });
    downloads_from(&sandbox, &torrent, &[seeder.address]);
    assert_eq!(seeder.connections(), 1);
}

#[test]
fn a_choke_after_the_first_block_loses_nothing() {
    survives_a_choke_after(1);
}

#[test]
fn a_choke_after_forty_blocks_loses_nothing() {
    survives_a_choke_after(40);
}

#[test]
fn a_choke_shortly_before_the_end_loses_nothing() {
    survives_a_choke_after(250);
}

#[test]
fn a_choke_every_two_seconds_loses_nothing() {
    let (sandbox, torrent) = (Sandbox::new(), four_mebibytes("choked often.bin"));
    let seeder = ScriptedSeeder::start(&torrent, |upload| {
        for _ in 0..3 {
            for _ in 0..40 {
                upload.serve_blocks(1)?;
                // Two seconds for all of them.
                std::thread::sleep(Duration::from_millis(50));
            }
            upload.choke_for(MOMENT)?;
        }
        Ok(())
    });
    downloads_from(&sandbox, &torrent, &[seeder.address]);
    assert_eq!(seeder.connections(), 1);
}

/// A block that was on its way when the choke was sent still arrives; the others do, too, but for one.
#[test]
fn a_choke_that_drops_one_request_loses_nothing() {
    let (sandbox, torrent) = (Sandbox::new(), four_mebibytes("one dropped.bin"));
    let seeder = ScriptedSeeder::start(&torrent, |upload| {
        upload.serve_blocks(20)?;
        let _dropped = upload.next_request()?;
        for block in upload.choke()? {
            upload.send(block)?;
        }
        upload.listen(MOMENT)?;
        upload.unchoke()
    });
    downloads_from(&sandbox, &torrent, &[seeder.address]);
}

#[test]
fn a_peer_with_the_fast_extension_rejects_what_it_does_not_send() {
    let (sandbox, torrent) = (Sandbox::new(), four_mebibytes("rejected.bin"));
    let seeder = ScriptedSeeder::fast(&torrent, |upload| {
        if !upload.wire.is_fast() {
            return Err(std::io::Error::other("the engine does not offer the Fast extension"));
        }
        upload.have_all()?;
        upload.serve_blocks(10)?;
        // Without a choke,
        let rejected = upload.next_request()?;
        upload.reject(rejected)?;
        upload.serve_blocks(10)?;
        // and with one.
        for block in upload.choke()? {
            upload.reject(block)?;
        }
        upload.listen(MOMENT)?;
        upload.unchoke()?;
        upload.wire.send(kind::ALLOWED_FAST, &[0; 4])
    });
    downloads_from(&sandbox, &torrent, &[seeder.address]);
    assert_eq!(seeder.connections(), 1);
}

#[test]
fn a_seeder_with_one_unchoke_slot_serves_two_leechers() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::start(Seed {
        name: "contended.bin",
        files: Files::new([("contended.bin", 20 << 20)]),
        piece_bytes: 64 << 10,
        upload_limit: 4 << 20,
    });
    seeder.unchoke_slots(1);
    let other = Leecher::start(&seeder.torrent);
    other.connect(([127, 0, 0, 1], seeder.port).into());
    wait_until("the other leecher to begin", || other.done() > 0);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    // libtorrent would leave the slot to one of them for a minute.
    for _ in 0..4 {
        let before = seeder.uploaded();
        wait_until("an upload", || seeder.uploaded() > before + (3 << 20));
        seeder.unchoke_slots(0);
        wait_until("both to be choked", || seeder.unchoked() == 0);
        seeder.unchoke_slots(1);
    }
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    wait_until("the other leecher to be complete", || other.is_complete());
}
