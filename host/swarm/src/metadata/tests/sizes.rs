//! Claimed sizes, and what is kept for them.

use super::*;

#[test]
fn sizes_around_a_part_work() {
    for size in [1, 2, PART_LEN - 1, PART_LEN, PART_LEN + 1, 2 * PART_LEN, 200 * PART_LEN + 7] {
        let mut test = Test::new(size);
        assert_eq!(test.serve(A), Complete, "{size}");
    }
}

#[test]
fn impossible_sizes_are_not_asked_for() {
    let mut test = Test::new(SIZE);
    for size in [0, MAX_METADATA_BYTES + 1, u32::MAX] {
        assert_eq!(test.requests_of(A, size), [0; 0]);
    }
    assert!(test.assembly.peers.is_empty() && test.assembly.candidates.is_empty());
    assert_eq!(test.requests_of(A, MAX_METADATA_BYTES).len(), MAX_IN_FLIGHT);
}

#[test]
fn the_size_of_most_peers_gets_more_requests() {
    let mut test = Test::new(SIZE);
    test.requests(A);
    test.requests(B);
    assert_eq!(test.requests_of(C, 32 * 1024 * 1024).len(), 1);
    assert_eq!(test.requests_of(PeerKey(4), 32 * 1024 * 1024).len(), MAX_IN_FLIGHT);
    assert_eq!(test.requests_of(C, 32 * 1024 * 1024).len(), MAX_IN_FLIGHT - 1);
}

#[test]
fn silent_liars_about_the_size_make_room() {
    let mut test = Test::new(SIZE);
    // Eight liars with four sizes, so that more peers claim each of them than the right one.
    for key in 10..18 {
        assert!(!test.requests_of(PeerKey(key), 1000 + key as u32 % 4).is_empty());
    }
    assert_eq!(test.requests(A), [0; 0]);
    test.wait(10);
    for key in 10..18 {
        test.requests_of(PeerKey(key), 1000 + key as u32 % 4);
    }
    assert_eq!(test.serve(A), Complete);
}

#[test]
fn more_claims_displace_fewer() {
    let mut test = Test::new(SIZE);
    for key in 10..14 {
        assert!(!test.requests_of(PeerKey(key), 1_000_000 + key as u32).is_empty());
    }
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.requests(B).len(), 4);
    assert_eq!(test.assembly.candidates.len(), MAX_SIZES);
    assert_eq!(test.serve(B), Complete);
}

#[test]
fn memory_grows_with_the_parts_and_is_bounded() {
    let mut test = Test::new(SIZE);
    let zeros = [0; PART_LEN as usize];
    let mut sent = 0;
    // Two liars, who never send the last part of their metadata.
    for turn in 0..600 {
        for (key, size) in [(A, MAX_METADATA_BYTES), (B, MAX_METADATA_BYTES - PART_LEN)] {
            let before = test.assembly.buffered();
            let last = size / PART_LEN - 1;
            for index in test.requests_of(key, size) {
                if index != last {
                    let progress = test.send_data(key, index, size, &zeros);
                    assert_eq!(progress, Accepted);
                    sent += zeros.len();
                }
            }
            let buffered = test.assembly.buffered();
            assert!(buffered <= MAX_BUFFERED_BYTES && buffered <= sent);
            assert!(turn > 0 || buffered - before <= 4 * zeros.len());
        }
    }
    assert!(sent > MAX_BUFFERED_BYTES);
    assert_eq!(test.serve(C), Complete);
}

#[test]
fn thousands_of_peers_come_and_go() {
    let mut test = Test::new(SIZE);
    for key in 100..5000 {
        let size = if key % 3 == 0 { SIZE } else { key as u32 };
        test.requests_of(PeerKey(key), size);
        if key % 7 == 0 {
            test.wait(1);
        }
        if key >= 150 {
            test.assembly.remove_peer(PeerKey(key - 50));
        }
        assert!(test.assembly.peers.len() <= 52 && test.assembly.candidates.len() <= MAX_SIZES);
    }
    test.wait(5);
    assert_eq!(test.serve(A), Complete);
}

#[test]
fn a_peer_may_change_its_claim() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.requests_of(A, 100), [0]);
    assert_eq!(test.requests(A).len(), 4);
    // The request for the other size is no longer known.
    assert_eq!(test.send_data(A, 0, 100, &[0; 100]), Ignored);
    assert_eq!(test.serve(B), Complete);
}
