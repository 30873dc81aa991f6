use super::*;
use crate::peer::tests::rig::{block, info};

const ONE: PeerKey = PeerKey(1);
const TWO: PeerKey = PeerKey(2);

#[test]
fn the_latest_sender_of_each_block_counts() {
    let (sources, info) = (BlockSources::default(), info());
    for index in 0..3 {
        sources.record(ONE, block(1, index), &info);
        assert_eq!(sources.senders(1), Senders::Unknown);
    }
    sources.record(TWO, block(1, 3), &info);
    assert_eq!(sources.senders(1), Senders::Several(vec![ONE, TWO]));
    for index in 0..3 {
        sources.record(TWO, block(1, index), &info);
    }
    assert_eq!(sources.senders(1), Senders::One(TWO));
    sources.forget(1);
    assert_eq!((sources.senders(1), sources.is_empty()), (Senders::Unknown, true));
}

#[test]
fn what_is_recorded_is_bounded() {
    let sources = BlockSources::default();
    let info =
        TorrentInfo { piece_count: 100_000, total_bytes: 100_000 * 65536, ..(*info()).clone() };
    for piece in 0..100_000 {
        sources.record(ONE, block(piece, 0), &info);
    }
    assert_eq!(sources.len(), MAX_RECORDED_PIECES);
    for key in 0..1000 {
        sources.record(PeerKey(key), block(0, (key % 4) as u32), &info);
    }
    assert!(matches!(sources.senders(0), Senders::Several(_) | Senders::Unknown));
    sources.clear();
    assert!(sources.is_empty());
}
