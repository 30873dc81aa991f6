//! Which trackers a torrent asks.

use crate::metainfo::Metainfo;

/// The torrent's own trackers and the others; of a private torrent (BEP 27) the one whose turn it is,
/// counted round. librqbit asks one tracker of a private torrent, whichever comes out of a hash table
/// first, and they are meant to be asked in their order.
pub fn asked(meta: &Metainfo, others: &[String], turn: usize) -> Vec<String> {
    let mut trackers = meta.trackers.clone();
    for tracker in others {
        if !trackers.contains(tracker) {
            trackers.push(tracker.clone());
        }
    }
    if meta.private {
        let turn = turn.checked_rem(trackers.len()).unwrap_or(0);
        trackers = trackers.into_iter().skip(turn).take(1).collect();
    }
    trackers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::testing::Sample;

    fn meta(private: bool, trackers: &[&str]) -> Metainfo {
        let mut meta = (*Sample::new("T", 16, &[("a", 1)]).meta).clone();
        meta.private = private;
        meta.trackers = trackers.iter().map(|url| (*url).to_owned()).collect();
        meta
    }

    #[test]
    fn a_public_torrent_asks_all_of_them_once() {
        let others = ["b".to_owned(), "c".to_owned()];
        assert_eq!(asked(&meta(false, &["a", "b"]), &others, 1), ["a", "b", "c"]);
    }

    #[test]
    fn a_private_torrent_asks_one_after_the_other() {
        let meta = meta(true, &["a", "b"]);
        let asked = |turn| asked(&meta, &[], turn).concat();
        assert_eq!([asked(0), asked(1), asked(2)], ["a", "b", "a"]);
        assert_eq!(asked(usize::MAX), "b");
    }

    #[test]
    fn without_trackers_there_is_none_to_ask() {
        assert!(asked(&meta(true, &[]), &[], 3).is_empty());
        assert_eq!(asked(&meta(true, &[]), &["b".to_owned()], 3), ["b"]);
    }
}
