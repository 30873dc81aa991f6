//! Rows, and the SQL that reads and writes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use torrpeddo_protocol::model::TorrentError;

use super::{Loaded, failed};
use crate::Result;
use crate::files::Stamp;
use crate::metainfo::InfoHash;

/// What the user wants of a torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// The queue decides (`auto_managed`).
    Managed,
    /// Nothing but the user starts it again.
    Paused,
    /// Out of the engine.
    Cancelled,
}

impl Intent {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Managed, Self::Paused, Self::Cancelled]
            .into_iter()
            .find(|intent| intent.as_str() == text)
    }
}

/// Everything that lasts of a torrent, except its metainfo.
#[derive(Debug, Clone, PartialEq)]
pub struct TorrentRow {
    /// The info-hash.
    pub id: InfoHash,
    /// The name to show.
    pub name: String,
    /// The magnet link it came from, or one made from its torrent file.
    pub magnet: String,
    /// The folder that holds its files.
    pub save_path: PathBuf,
    /// The folder that holds its files until it is complete, where that is another one.
    pub working_path: Option<PathBuf>,
    /// Its files are being moved here. After a crash they are taken back.
    pub move_to: Option<PathBuf>,
    /// Its files have been copied from here, and what is left there is to be deleted.
    pub move_from: Option<PathBuf>,
    /// Uploaded over downloaded at which it stops seeding; the setting's when none.
    pub ratio_limit: Option<f64>,
    /// The first component of its files' paths; none while the metadata is unknown.
    pub root: Option<String>,
    /// The files to download; all when none.
    pub selected: Option<Vec<u32>>,
    /// What the user wants.
    pub intent: Intent,
    /// Runs outside the limits.
    pub forced: bool,
    /// Complete, and stopped by a limit.
    pub stopped: bool,
    /// The place in the queue; smaller is earlier.
    pub queue_position: i64,
    /// Labels.
    pub labels: Vec<String>,
    /// The size of everything; 0 while unknown.
    pub total_bytes: u64,
    /// The size of the selected files.
    pub selected_bytes: u64,
    /// Verified bytes of the selected files, as last seen.
    pub done_bytes: u64,
    /// How many files; 0 while unknown.
    pub file_count: u32,
    /// BEP 27.
    pub private: bool,
    /// Downloaded over its whole life.
    pub downloaded: u64,
    /// Uploaded over its whole life.
    pub uploaded: u64,
    /// How long it has been seeding.
    pub seeding_ms: u64,
    /// When it was added.
    pub added_at: u64,
    /// When it was complete.
    pub completed_at: Option<u64>,
    /// Why it is in state `error`.
    pub error: Option<TorrentError>,
    /// It was in librqbit's session when this was written.
    pub running: bool,
    /// Everything on disk must be hashed before it is believed.
    pub verify: bool,
    /// Trackers that the user added.
    pub trackers_added: Vec<String>,
    /// Trackers that the user removed, also those of the torrent file.
    pub trackers_removed: Vec<String>,
}

impl TorrentRow {
    /// Where its files are now.
    pub fn folder(&self) -> &PathBuf {
        self.working_path.as_ref().unwrap_or(&self.save_path)
    }
}

pub(super) fn load(connection: &Connection, path: &Path) -> Result<Loaded> {
    (|| {
        // Damage would otherwise be found by the command that happens to need the damaged page. Not
        // of the torrent files: those are large, and each is needed by one torrent only.
        for table in ["torrents", "settings"] {
            let check = format!("PRAGMA quick_check({table})");
            let found: String = connection.query_row(&check, [], |row| row.get(0))?;
            if found != "ok" {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
                    Some(found),
                ));
            }
        }
        let torrents = connection
            .prepare("SELECT * FROM torrents ORDER BY added_at, rowid")?
            .query_map([], torrent)?
            .collect::<rusqlite::Result<_>>()?;
        let settings = connection
            .prepare("SELECT name, value FROM settings")?
            .query_map([], |row| Ok((row.get(0)?, json(row, "value")?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Loaded { torrents, settings })
    })()
    .map_err(|error| failed(path, &error))
}

/// Notes in which boot the engine runs. `true` if it ran in another one and did not end, so that the
/// machine went down: what was being written is to be verified, and that must not be forgotten until
/// it has been.
pub(super) fn mark_running(connection: &mut Connection, boot_id: &str) -> rusqlite::Result<bool> {
    let transaction = connection.transaction()?;
    let other = "SELECT EXISTS (SELECT * FROM run WHERE boot_id <> ?1)";
    let crashed = transaction.query_row(other, [boot_id], |row| row.get(0))?;
    if crashed {
        transaction.execute("UPDATE torrents SET verify = TRUE WHERE running", [])?;
    }
    transaction.execute("DELETE FROM run", [])?;
    transaction.execute("INSERT INTO run (boot_id) VALUES (?1)", [boot_id])?;
    transaction.commit()?;
    Ok(crashed)
}

pub(super) fn mark_clean(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM run", []).map(drop)
}

fn torrent(row: &Row<'_>) -> rusqlite::Result<TorrentRow> {
    let error_kind: Option<String> = row.get("error_kind")?;
    let error_message: Option<String> = row.get("error_message")?;
    let error = error_kind.zip(error_message).map(|(kind, message)| TorrentError {
        kind: serde_json::from_value(Value::String(kind))
            .unwrap_or(torrpeddo_protocol::ErrorKind::Internal),
        message,
    });
    Ok(TorrentRow {
        id: parsed(row, "id", |text| text.parse().ok())?,
        name: row.get("name")?,
        magnet: row.get("magnet")?,
        save_path: PathBuf::from(row.get::<_, String>("save_path")?),
        working_path: path(row, "working_path")?,
        move_to: path(row, "move_to")?,
        move_from: path(row, "move_from")?,
        ratio_limit: row.get("ratio_limit")?,
        root: row.get("root")?,
        selected: json(row, "selected")?,
        intent: parsed(row, "intent", Intent::parse)?,
        forced: row.get("forced")?,
        stopped: row.get("stopped")?,
        queue_position: row.get("queue_position")?,
        labels: json(row, "labels")?,
        total_bytes: count(row, "total_bytes")?,
        selected_bytes: count(row, "selected_bytes")?,
        done_bytes: count(row, "done_bytes")?,
        file_count: row.get("file_count")?,
        private: row.get("private")?,
        downloaded: count(row, "downloaded")?,
        uploaded: count(row, "uploaded")?,
        seeding_ms: count(row, "seeding_ms")?,
        added_at: count(row, "added_at")?,
        completed_at: row.get::<_, Option<i64>>("completed_at")?.map(i64::cast_unsigned),
        error,
        running: row.get("running")?,
        verify: row.get("verify")?,
        trackers_added: json(row, "trackers_added")?,
        trackers_removed: json(row, "trackers_removed")?,
    })
}

fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| u64::try_from(value).unwrap_or(0))
}

fn path(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<PathBuf>> {
    Ok(row.get::<_, Option<String>>(column)?.map(PathBuf::from))
}

fn parsed<T>(
    row: &Row<'_>,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| unreadable(column, format!("{text:?} in column {column}")))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: Option<String> = row.get(column)?;
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|error| unreadable(column, format!("column {column}: {error}")))
}

fn unreadable(_column: &str, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, what.into())
}

fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// SQLite's integers are signed; counts of ours stay below 2^53.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn save(connection: &Connection, row: &TorrentRow) -> rusqlite::Result<()> {
    let error_kind = match &row.error {
        Some(error) => serde_json::to_value(error.kind)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?
            .as_str()
            .map(str::to_owned),
        None => None,
    };
    let selected = row.selected.as_ref().map(to_json).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO torrents VALUES (:id, :name, :magnet, :save_path, :root, :selected,
                 :intent, :forced, :stopped, :queue_position, :labels, :total_bytes,
                 :selected_bytes, :done_bytes, :file_count, :private, :downloaded, :uploaded,
                 :seeding_ms, :added_at, :completed_at, :error_kind, :error_message, :running,
                 :verify, :working_path, :move_to, :move_from, :ratio_limit,
                 :trackers_added, :trackers_removed)
             ON CONFLICT (id) DO UPDATE SET name = :name, magnet = :magnet,
                 save_path = :save_path, root = :root, selected = :selected, intent = :intent,
                 forced = :forced, stopped = :stopped, queue_position = :queue_position,
                 labels = :labels, total_bytes = :total_bytes, selected_bytes = :selected_bytes,
                 done_bytes = :done_bytes, file_count = :file_count, private = :private,
                 downloaded = :downloaded, uploaded = :uploaded, seeding_ms = :seeding_ms,
                 added_at = :added_at, completed_at = :completed_at, error_kind = :error_kind,
                 error_message = :error_message, running = :running, verify = :verify,
                 working_path = :working_path, move_to = :move_to, move_from = :move_from,
                 ratio_limit = :ratio_limit, trackers_added = :trackers_added,
                 trackers_removed = :trackers_removed",
        )?
        .execute(named_params! {
            ":id": row.id.to_string(),
            ":name": row.name,
            ":magnet": row.magnet,
            ":save_path": row.save_path.to_string_lossy(),
            ":root": row.root,
            ":selected": selected,
            ":intent": row.intent.as_str(),
            ":forced": row.forced,
            ":stopped": row.stopped,
            ":queue_position": row.queue_position,
            ":labels": to_json(&row.labels)?,
            ":total_bytes": signed(row.total_bytes),
            ":selected_bytes": signed(row.selected_bytes),
            ":done_bytes": signed(row.done_bytes),
            ":file_count": row.file_count,
            ":private": row.private,
            ":downloaded": signed(row.downloaded),
            ":uploaded": signed(row.uploaded),
            ":seeding_ms": signed(row.seeding_ms),
            ":added_at": signed(row.added_at),
            ":completed_at": row.completed_at.map(signed),
            ":error_kind": error_kind,
            ":error_message": row.error.as_ref().map(|error| &error.message),
            ":running": row.running,
            ":verify": row.verify,
            ":working_path": text(row.working_path.as_ref()),
            ":move_to": text(row.move_to.as_ref()),
            ":move_from": text(row.move_from.as_ref()),
            ":ratio_limit": row.ratio_limit,
            ":trackers_added": to_json(&row.trackers_added)?,
            ":trackers_removed": to_json(&row.trackers_removed)?,
        })
        .map(drop)
}

fn text(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.to_string_lossy().into_owned())
}

pub(super) fn save_metainfo(
    connection: &Connection,
    id: InfoHash,
    torrent: &[u8],
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO metainfo VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET torrent = ?2",
        )?
        .execute((id.to_string(), torrent))
        .map(drop)
}

pub(super) fn metainfo(connection: &Connection, id: InfoHash) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT torrent FROM metainfo WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()
}

pub(super) fn remove(connection: &Connection, id: InfoHash) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM torrents WHERE id = ?1")?.execute([id.to_string()])?;
    Ok(())
}

pub(super) fn save_settings(
    connection: &Connection,
    changed: &BTreeMap<String, Value>,
) -> rusqlite::Result<()> {
    for (name, value) in changed {
        connection
            .prepare_cached(
                "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            )?
            .execute((name, value.to_string()))?;
    }
    Ok(())
}

/// How many files that were taken are remembered: those of the last times.
const TAKEN_FILES: i64 = 20_000;

pub(super) fn save_taken(
    connection: &Connection,
    path: &str,
    stamp: Stamp,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO taken_files VALUES (?1, ?2, ?3)",
        (path, signed(stamp.bytes), stamp.modified),
    )?;
    connection
        .execute(
            "DELETE FROM taken_files WHERE rowid <= (SELECT max(rowid) FROM taken_files) - ?1",
            [TAKEN_FILES],
        )
        .map(drop)
}

pub(super) fn is_taken(
    connection: &Connection,
    path: &str,
    stamp: Stamp,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM taken_files WHERE path = ?1 AND bytes = ?2 AND modified = ?3",
        )?
        .exists((path, signed(stamp.bytes), stamp.modified))
}
