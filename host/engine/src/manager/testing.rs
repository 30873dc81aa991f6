//! Torrents for tests.

use torrpeddo_protocol::{Torrent, TorrentState};

pub(crate) fn torrent(id: u8, name: &str) -> Torrent {
    Torrent {
        id: crate::metainfo::InfoHash([id; 20]).to_string(),
        name: name.into(),
        state: TorrentState::Queued,
        auto_managed: true,
        forced: false,
        queue_position: None,
        progress: 0.0,
        total_bytes: 0,
        selected_bytes: 0,
        done_bytes: 0,
        downloaded: 0,
        uploaded: 0,
        ratio: 0.0,
        download_rate: 0,
        upload_rate: 0,
        eta_ms: None,
        peers_connected: 0,
        peers_known: 0,
        save_path: "/d".into(),
        labels: Vec::new(),
        added_at: 0,
        completed_at: None,
        error: None,
        file_count: 0,
        private: false,
        magnet: String::new(),
        ratio_limit: None,
        moving: None,
        tracker: None,
    }
}
