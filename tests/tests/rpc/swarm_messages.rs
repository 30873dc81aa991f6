//! Messages and extended handshakes that the engine has no use for: none of them ends a connection.

use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::wire::{kind, message};
use torrpeddo_tests::{Sandbox, ScriptedSeeder};

use crate::support::{add_with_peers, assert_single, downloads_from, wait_complete};

/// Everything that a peer without the Fast extension may say and the engine need not know.
fn superfluous() -> Vec<u8> {
    let known = [
        message(kind::PORT, &6881_u16.to_be_bytes()),
        message(kind::SUGGEST, &[0; 4]),
        message(kind::ALLOWED_FAST, &[0; 4]),
        message(kind::EXTENDED, &[77, 1, 2, 3]),
        // A keep-alive.
        vec![0; 4],
    ];
    let unknown = (21..=255).map(|kind| message(kind, b"unknown"));
    known.into_iter().chain(unknown).flatten().collect()
}

#[test]
fn messages_without_a_meaning_here_do_not_end_a_connection() {
    use std::io::Write as _;
    let (sandbox, torrent) = (Sandbox::new(), Single::public("talkative.bin", 300_000));
    let seeder = ScriptedSeeder::start(&torrent, |upload| {
        upload.wire.stream.write_all(&superfluous())?;
        upload.bitfield()?;
        upload.wire.stream.write_all(&superfluous())?;
        upload.serve_blocks(5)?;
        upload.wire.stream.write_all(&superfluous())
    });
    downloads_from(&sandbox, &torrent, &[seeder.address]);
    assert_eq!(seeder.connections(), 1);
}

/// Both before the bitfield and after it, from a peer that sends no bitfield of its own accord.
#[test]
fn have_all_from_a_peer_without_the_fast_extension_does_not_end_a_connection() {
    let (sandbox, torrent) = (Sandbox::new(), Single::public("all of it.bin", 300_000));
    let seeder = ScriptedSeeder::start(&torrent, |upload| {
        upload.have_all()?;
        upload.bitfield()?;
        upload.have_all()
    });
    downloads_from(&sandbox, &torrent, &[seeder.address]);
    assert_eq!(seeder.connections(), 1);
}

#[test]
fn odd_extended_handshakes_do_not_end_a_connection() {
    let handshakes: [&[u8]; 22] = [
        b"",
        b"de",
        b"le",
        b"not bencoded",
        b"d1:mi5ee",
        b"d1:mlee",
        b"d1:md6:ut_pexi-1eee",
        b"d1:md6:ut_pexi256ee1:v4:teste",
        b"d1:md11:ut_metadatai99999999999999999999eee",
        b"d1:md6:ut_pex1:7ee",
        b"d1:md6:ut_pexi1e6:ut_pexi2eee",
        b"d4:reqqi-1ee",
        b"d4:reqqi0ee",
        b"d4:reqq2:onee",
        b"d4:reqqi999999999999ee",
        b"d13:metadata_sizei-1ee",
        b"d13:metadata_sizei9223372036854775807ee",
        b"d1:pi70000e1:vi3ee",
        b"d6:yourip3:abc4:ipv43:abc4:ipv65:abcdee",
        b"d1:v3:\xff\xfe\xfd1:md6:ut_pexi1eee",
        b"d1:md6:ut_pexi1eeetrailing bytes",
        b"d1:md6:ut_pexi1ee",
    ];
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let added: Vec<_> = handshakes
        .iter()
        .enumerate()
        .map(|(number, handshake)| {
            let torrent = Single::public(&format!("odd {number}.bin"), 100_000);
            let seeder = ScriptedSeeder::start(&torrent, |upload| {
                upload.wire.send_extended(0, handshake)?;
                upload.bitfield()?;
                upload.serve_blocks(2)?;
                // Again, as one does whose settings have changed.
                upload.wire.send_extended(0, handshake)
            });
            let id = add_with_peers(&relay, &torrent, &[seeder.address]);
            (torrent, seeder, id, handshake)
        })
        .collect();
    for (torrent, seeder, id, handshake) in added {
        wait_complete(&relay, &id);
        assert_single(&sandbox, &torrent);
        assert_eq!(seeder.connections(), 1, "{}", String::from_utf8_lossy(handshake));
    }
}
