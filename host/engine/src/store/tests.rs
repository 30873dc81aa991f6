use serde_json::json;
use torrpeddo_protocol::ErrorKind;
use torrpeddo_protocol::model::TorrentError;

use super::*;

/// A row with a value in every place.
pub(crate) fn row(byte: u8) -> TorrentRow {
    TorrentRow {
        id: InfoHash([byte; 20]),
        name: "名前 \u{202e}x".into(),
        magnet: "magnet:?xt=urn:btih:x".into(),
        save_path: "/tmp/x".into(),
        working_path: Some("/tmp/w".into()),
        move_to: Some("/tmp/to".into()),
        move_from: Some("/tmp/from".into()),
        ratio_limit: Some(1.5),
        root: Some("root".into()),
        selected: Some(vec![0, 2]),
        intent: Intent::Paused,
        forced: true,
        stopped: false,
        queue_position: -3,
        labels: vec!["a".into()],
        total_bytes: 1 << 50,
        selected_bytes: 2,
        done_bytes: 1,
        file_count: 3,
        private: true,
        downloaded: 4,
        uploaded: 5,
        seeding_ms: 6,
        added_at: 7 + u64::from(byte),
        completed_at: Some(8),
        error: Some(TorrentError { kind: ErrorKind::Io, message: "Full.".into() }),
        running: true,
        verify: true,
        trackers_added: vec!["udp://a.b/".into()],
        trackers_removed: vec!["udp://c.d/".into(), "udp://e.f/".into()],
    }
}

fn database() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torrpeddo.db");
    (folder, path)
}

#[tokio::test]
async fn what_was_saved_comes_back() {
    let (_folder, path) = database();
    {
        let (store, loaded) = Store::open(&path, "boot").unwrap();
        assert!(loaded.torrents.is_empty());
        store.save(row(2)).durable().await.unwrap();
        store.save_with_metainfo(row(1), b"bytes".to_vec()).durable().await.unwrap();
        store.save_settings([("dht".to_owned(), json!(false))].into()).durable().await.unwrap();
        let mut changed = row(2);
        changed.intent = Intent::Cancelled;
        changed.error = None;
        changed.selected = None;
        store.save(changed).durable().await.unwrap();
    }
    let (store, loaded) = Store::open(&path, "boot").unwrap();
    assert_eq!(loaded.torrents[0], row(1));
    assert_eq!(loaded.torrents[1].intent, Intent::Cancelled);
    assert_eq!(loaded.torrents[1].selected, None);
    assert_eq!(loaded.torrents[1].error, None);
    assert_eq!(loaded.settings["dht"], json!(false));
    assert_eq!(store.metainfo(InfoHash([1; 20])).await.unwrap().unwrap(), b"bytes");
    assert_eq!(store.metainfo(InfoHash([2; 20])).await.unwrap(), None);
}

#[tokio::test]
async fn removing_a_torrent_removes_its_metainfo() {
    let (_folder, path) = database();
    let (store, _) = Store::open(&path, "boot").unwrap();
    store.save_with_metainfo(row(1), b"bytes".to_vec()).durable().await.unwrap();
    store.remove(InfoHash([1; 20])).durable().await.unwrap();
    assert_eq!(store.metainfo(InfoHash([1; 20])).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_was_taken_is_known_until_it_is_another_one() {
    let (_folder, path) = database();
    let (file, first) = (PathBuf::from("/w/a.torrent"), Stamp { bytes: 7, modified: 1 << 60 });
    {
        let (store, _) = Store::open(&path, "boot").unwrap();
        assert!(!store.is_taken(file.clone(), first).await.unwrap());
        store.save_taken(file.clone(), first).durable().await.unwrap();
    }
    let (store, _) = Store::open(&path, "boot").unwrap();
    assert!(store.is_taken(file.clone(), first).await.unwrap());
    let second = Stamp { modified: first.modified + 1, ..first };
    assert!(!store.is_taken(file.clone(), second).await.unwrap());
    assert!(!store.is_taken("/w/b.torrent".into(), first).await.unwrap());
    store.save_taken(file.clone(), second).durable().await.unwrap();
    assert!(store.is_taken(file, second).await.unwrap());
}

#[tokio::test]
async fn what_was_being_written_when_the_machine_went_down_is_to_be_verified() {
    let (_folder, path) = database();
    let was = |running, verify| TorrentRow { running, verify, ..row(u8::from(running)) };
    let verify = |boot: &str| -> Vec<bool> {
        let (_, loaded) = Store::open(&path, boot).unwrap();
        loaded.torrents.iter().map(|row| row.verify).collect()
    };
    {
        let (store, _) = Store::open(&path, "one").unwrap();
        drop(store.save(was(false, false)));
        store.save(was(true, false)).durable().await.unwrap();
    }
    assert_eq!(verify("one"), [false, false], "a kill is no power cut");
    assert_eq!(verify("two"), [false, true]);
    assert_eq!(verify("two"), [false, true], "also when the next engine is killed at once");
    let (store, _) = Store::open(&path, "two").unwrap();
    store.save(was(true, false)).durable().await.unwrap();
    store.mark_clean().durable().await.unwrap();
    drop(store);
    assert_eq!(verify("three"), [false, false], "the engine had ended");
}

#[test]
fn a_damaged_database_is_left_as_it_is() {
    let (_folder, path) = database();
    for damaged in [vec![7; 5000], vec![]] {
        std::fs::write(&path, &damaged).unwrap();
        let error = Store::open(&path, "boot").err().unwrap();
        assert!(error.to_string().contains("damaged"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
    }
}

#[tokio::test]
async fn a_database_of_the_future_is_refused_and_left_as_it_is() {
    let (folder, path) = database();
    drop(Store::open(&path, "boot").unwrap());
    let future = Connection::open(&path).unwrap();
    future.pragma_update(None, "user_version", 4000).unwrap();
    // As a killed engine leaves it: the last changes are in the log.
    let killed = folder.path().join("killed.db");
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    std::fs::copy(&path, &killed).unwrap();
    std::fs::copy(log(&path), log(&killed)).unwrap();
    let before = [&killed, &log(&killed)].map(|path| std::fs::read(path).unwrap());
    let error = Store::open(&killed, "boot").err().unwrap();
    assert!(error.to_string().contains("newer Torrpeddo"), "{error}");
    let after = [&killed, &log(&killed)].map(|path| std::fs::read(path).unwrap());
    assert!(before == after, "it was changed");
}

/// Windows lets nobody move a database that is open.
#[cfg(unix)]
#[tokio::test]
async fn the_log_of_a_database_that_was_moved_away_is_not_taken_for_the_new_ones() {
    let (_folder, path) = database();
    let (store, _) = Store::open(&path, "boot").unwrap();
    store.save(row(1)).durable().await.unwrap();
    // The store is there still, and so is its log.
    std::fs::rename(&path, path.with_extension("old")).unwrap();
    let (_, loaded) = Store::open(&path, "boot").unwrap();
    assert!(loaded.torrents.is_empty());
}

#[test]
fn a_database_of_an_earlier_version_is_brought_up_to_date() {
    let (_folder, path) = database();
    schema::open_version(&path, 1).execute_batch(
        "INSERT INTO torrents VALUES ('0101010101010101010101010101010101010101', 'name', 'magnet:',
             '/d', NULL, NULL, 'paused', 0, 0, 5, '[]', 9, 9, 4, 1, 0, 4, 2, 1, 7, NULL, NULL, NULL,
             0, 0)",
    )
    .unwrap();
    let (_store, loaded) = Store::open(&path, "boot").unwrap();
    let row = &loaded.torrents[0];
    assert_eq!((row.queue_position, row.done_bytes, row.ratio_limit), (5, 4, None));
    assert_eq!(row.folder(), Path::new("/d"));
}

/// Writes that are handed over while the store is busy, and so share a transaction.
async fn together(store: &Store, writes: impl FnOnce() -> Vec<Ack>) -> Vec<Result<()>> {
    let (go, wait) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let busy = store.write(move |_| {
        let _ = (begin.send(()), wait.recv());
        Ok(())
    });
    begun.recv().unwrap();
    let acks = writes();
    drop(go);
    busy.durable().await.unwrap();
    let mut outcomes = Vec::new();
    for ack in acks {
        outcomes.push(ack.durable().await);
    }
    outcomes
}

#[tokio::test]
async fn a_write_that_fails_takes_no_other_one_with_it() {
    let (_folder, path) = database();
    let (store, _) = Store::open(&path, "boot").unwrap();
    let half = |connection: &Connection| {
        rows::save(connection, &row(2))?;
        connection.execute_batch("no such statement")
    };
    let writes = || vec![store.save(row(1)), store.write(half), store.save(row(3))];
    let outcomes = together(&store, writes).await;
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert!(outcomes[1].is_err());
    drop(store);
    let (_, loaded) = Store::open(&path, "boot").unwrap();
    let ids: Vec<_> = loaded.torrents.iter().map(|row| row.id.0[0]).collect();
    assert_eq!(ids, [1, 3], "and nothing of it is left");
}

#[tokio::test]
async fn where_the_transaction_is_gone_every_write_of_it_failed() {
    let (_folder, path) = database();
    let (store, _) = Store::open(&path, "boot").unwrap();
    let end = |connection: &Connection| {
        // What a full disk does.
        connection.execute_batch("ROLLBACK")?;
        connection.execute_batch("no such statement")
    };
    let writes = || vec![store.save(row(1)), store.write(end), store.save(row(3))];
    let outcomes = together(&store, writes).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    store.save(row(4)).durable().await.unwrap();
    drop(store);
    let (_, loaded) = Store::open(&path, "boot").unwrap();
    let ids: Vec<_> = loaded.torrents.iter().map(|row| row.id.0[0]).collect();
    assert_eq!(ids, [4]);
}
