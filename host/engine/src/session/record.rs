//! What is remembered of each torrent between runs, in one folder of ours:
//!
//! - `<hash>.bits`: the verified pieces whose data is known to be on the disk;
//! - `<hash>.new`: the notes of the current run: its totals as they were last told to anybody, and
//!   verified pieces as soon as they are verified. Nothing here is synced, so it counts only within
//!   the same boot of the machine: what a killed process wrote, the system still has, and it has the
//!   data of a piece if it has the note about it;
//! - `<hash>.before`: which files were there before the torrent was, and so are not ours to delete;
//! - `<hash>.parts/`: pieces that reach into files nobody wants, see [`super::content`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::metainfo::{InfoHash, sha1};
use crate::session::bits::Bitfield;
use crate::session::content::write_at;
use crate::session::types::Totals;

/// Begins a sealed file; the digit is the version of its form.
const SEALED: &[u8; 4] = b"TPB1";
/// Begins the notes of a run; then come the hashed id of the boot, two totals, and the pieces.
const NOTES: &[u8; 4] = b"TPN2";
/// Where the totals are in the notes.
const TOTALS_AT: u64 = 24;
/// Where the pieces begin.
const PIECES_AT: u64 = 40;
/// No record is longer: a bit for each file or piece.
const MAX_BYTES: u64 = 1024 * 1024;

/// What was remembered of the pieces of a torrent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The verified pieces.
    pub bits: Bitfield,
    /// Those of them whose data may still be on its way to the disk.
    pub noted: Vec<u32>,
}

/// The folder of records.
#[derive(Debug, Clone)]
pub struct Records {
    folder: PathBuf,
    boot_id: String,
}

impl Records {
    /// Opens the folder, and makes it if it is missing.
    pub fn open(folder: &Path, boot_id: &str) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
        Ok(Self { folder: folder.to_owned(), boot_id: boot_id.to_owned() })
    }

    /// The recorded pieces. `None` without a record, or if it is damaged or of another torrent:
    /// then only checking the files can tell.
    pub fn load(&self, id: InfoHash, piece_count: u32) -> Option<Saved> {
        let (count, bytes) = self.load_sealed(&self.path(id, "bits"))?;
        let mut bits = Bitfield::from_bytes(&bytes, count).filter(|b| b.count() == piece_count)?;
        let mut noted = self.load_notes(id).map_or_else(Vec::new, |(_, pieces)| pieces);
        noted.retain(|piece| bits.set(*piece, true));
        Some(Saved { bits, noted })
    }

    /// Records pieces. Their data must be on the disk already.
    pub fn save(&self, id: InfoHash, bits: &Bitfield) -> Result<()> {
        self.save_sealed(&self.path(id, "bits"), bits)
    }

    /// Begins to note totals and verified pieces. Earlier notes are gone, so save what they said
    /// before.
    pub fn take_notes(&self, id: InfoHash, totals: Totals) -> Result<Notes> {
        if self.boot_id.is_empty() {
            return Ok(Notes::none());
        }
        let path = self.path(id, "new");
        let open = || {
            let mut file = File::create(&path)?;
            let boot = sha1(self.boot_id.as_bytes());
            file.write_all(&[&NOTES[..], &boot, &totals_bytes(totals)].concat())?;
            Ok(Notes { file: Some(file), end: PIECES_AT, totals })
        };
        open().map_err(|error| Error::io(&path, &error))
    }

    /// The totals that a run noted which was cut short in this boot.
    pub fn totals(&self, id: InfoHash) -> Option<Totals> {
        self.load_notes(id).map(|(totals, _)| totals)
    }

    /// Forgets the notes of an earlier run, after they have been taken over.
    pub fn drop_notes(&self, id: InfoHash) {
        _ = fs::remove_file(self.path(id, "new"));
    }

    /// The files that were there before the torrent, as one bit for each.
    pub fn before(&self, id: InfoHash) -> Option<Bitfield> {
        let (count, bytes) = self.load_sealed(&self.path(id, "before"))?;
        Bitfield::from_bytes(&bytes, count)
    }

    /// Records the files that were there before the torrent.
    pub fn save_before(&self, id: InfoHash, files: &Bitfield) -> Result<()> {
        self.save_sealed(&self.path(id, "before"), files)
    }

    /// Where pieces are kept that reach into unwanted files.
    pub fn parts(&self, id: InfoHash) -> PathBuf {
        self.path(id, "parts")
    }

    /// Removes every trace of a torrent.
    pub fn forget(&self, id: InfoHash) {
        for kind in ["bits", "new", "before"] {
            _ = fs::remove_file(self.path(id, kind));
        }
        _ = fs::remove_dir_all(self.parts(id));
    }

    fn path(&self, id: InfoHash, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    fn load_notes(&self, id: InfoHash) -> Option<(Totals, Vec<u32>)> {
        if self.boot_id.is_empty() {
            return None;
        }
        let bytes = read_bounded(&self.path(id, "new")).ok()?;
        let notes = bytes.strip_prefix(NOTES)?.strip_prefix(&sha1(self.boot_id.as_bytes()))?;
        let (downloaded, notes) = notes.split_first_chunk()?;
        let (uploaded, notes) = notes.split_first_chunk()?;
        let totals = Totals {
            downloaded: u64::from_le_bytes(*downloaded),
            uploaded: u64::from_le_bytes(*uploaded),
        };
        let (pieces, _cut_off) = notes.as_chunks();
        Some((totals, pieces.iter().map(|piece| u32::from_le_bytes(*piece)).collect()))
    }

    fn load_sealed(&self, path: &Path) -> Option<(u32, Vec<u8>)> {
        let bytes = match read_bounded(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a record cannot be read");
                return None;
            }
        };
        let unsealed = || {
            let (seal, body) = bytes.strip_prefix(SEALED)?.split_at_checked(20)?;
            let (count, bits) = body.split_first_chunk()?;
            (sha1(body) == seal).then(|| (u32::from_le_bytes(*count), bits.to_vec()))
        };
        let record = unsealed();
        if record.is_none() {
            tracing::warn!(path = %path.display(), "a record is damaged and not used");
        }
        record
    }

    /// Replaces a record as a whole: it is never there in part, not even after a power cut.
    fn save_sealed(&self, path: &Path, bits: &Bitfield) -> Result<()> {
        let body = [&bits.count().to_le_bytes()[..], bits.as_bytes()].concat();
        let sealed = [&SEALED[..], &sha1(&body), &body].concat();
        replace(path, &sealed, true).map_err(|error| Error::io(path, &error))
    }
}

/// Writes a file so that it has either its old content or the new one. `durable`: and that the new
/// one stays when the power fails after this returned.
pub fn replace(path: &Path, content: &[u8], durable: bool) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
    file.write_all(content)?;
    if durable {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&temporary, path)?;
    if durable {
        sync_name(path)?;
    }
    Ok(())
}

/// Brings the name of a file to the disk.
#[cfg(unix)]
fn sync_name(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Brings the name of a file to the disk. NTFS has its names in a journal, which is written up to
/// here when a file is synced.
#[cfg(windows)]
fn sync_name(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn totals_bytes(totals: Totals) -> Vec<u8> {
    [totals.downloaded.to_le_bytes(), totals.uploaded.to_le_bytes()].concat()
}

/// What this run has come to, noted without waiting for the disk.
#[derive(Debug)]
pub struct Notes {
    file: Option<File>,
    /// Where the next piece goes.
    end: u64,
    totals: Totals,
}

impl Notes {
    /// Notes nothing.
    pub fn none() -> Self {
        Self { file: None, end: PIECES_AT, totals: Totals::default() }
    }

    /// Notes a piece whose data has been written.
    pub fn add(&mut self, piece: u32) {
        self.write(self.end, &piece.to_le_bytes());
        self.end += 4;
    }

    /// Notes the totals, before anybody is told of them. They only grow.
    pub fn set_totals(&mut self, totals: Totals) {
        let totals = Totals {
            downloaded: totals.downloaded.max(self.totals.downloaded),
            uploaded: totals.uploaded.max(self.totals.uploaded),
        };
        if totals != self.totals {
            self.totals = totals;
            self.write(TOTALS_AT, &totals_bytes(totals));
        }
    }

    /// Takes back the pieces: they have become doubtful.
    pub fn forget_pieces(&mut self) {
        self.end = PIECES_AT;
        if let Some(file) = &self.file
            && let Err(error) = file.set_len(PIECES_AT)
        {
            self.give_up(&error);
        }
    }

    fn write(&mut self, at: u64, bytes: &[u8]) {
        if let Some(file) = &self.file
            && let Err(error) = write_at(file, bytes, at)
        {
            self.give_up(&error);
        }
    }

    /// Only a killed engine would need the notes, and half of one would shift the next ones.
    fn give_up(&mut self, error: &io::Error) {
        tracing::warn!(%error, "verified pieces are not noted any more");
        self.file = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: InfoHash = InfoHash([7; 20]);

    fn bits(pieces: &[u32]) -> Bitfield {
        let mut bits = Bitfield::empty(20);
        pieces.iter().for_each(|piece| _ = bits.set(*piece, true));
        bits
    }

    fn totals(downloaded: u64, uploaded: u64) -> Totals {
        Totals { downloaded, uploaded }
    }

    fn saved(pieces: &[u32], noted: &[u32]) -> Option<Saved> {
        Some(Saved { bits: bits(pieces), noted: noted.to_vec() })
    }

    #[test]
    fn records_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(&dir.path().join("new"), "boot").unwrap();
        assert_eq!(records.load(ID, 20), None);
        records.save(ID, &bits(&[1, 19])).unwrap();
        records.save_before(ID, &bits(&[3])).unwrap();
        assert_eq!(records.load(ID, 20), saved(&[1, 19], &[]));
        assert_eq!(records.before(ID), Some(bits(&[3])));
        assert_eq!(records.load(ID, 21), None, "another torrent's size");
        fs::create_dir_all(records.parts(ID)).unwrap();
        records.forget(ID);
        assert_eq!(fs::read_dir(dir.path().join("new")).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_record_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(dir.path(), "boot").unwrap();
        records.save(ID, &bits(&[1])).unwrap();
        let path = records.path(ID, "bits");
        let whole = fs::read(&path).unwrap();
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(records.load(ID, 20), None);
            fs::write(&path, &whole[..position]).unwrap();
            assert_eq!(records.load(ID, 20), None);
        }
    }

    #[test]
    fn notes_count_within_one_boot() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(dir.path(), "boot").unwrap();
        records.save(ID, &bits(&[1])).unwrap();
        let mut notes = records.take_notes(ID, totals(1, 2)).unwrap();
        assert_eq!(records.totals(ID), Some(totals(1, 2)));
        notes.add(5);
        notes.set_totals(totals(3, 2));
        notes.add(1_000_000);
        assert_eq!(records.load(ID, 20), saved(&[1, 5], &[5]));
        assert_eq!(records.totals(ID), Some(totals(3, 2)));
        // A note that was cut off in the middle.
        let path = records.path(ID, "new");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&[6, 0]).unwrap();
        assert_eq!(records.load(ID, 20), saved(&[1, 5], &[5]));
        for other in ["another boot", ""] {
            let later = Records::open(dir.path(), other).unwrap();
            assert_eq!(later.load(ID, 20), saved(&[1], &[]));
            assert_eq!(later.totals(ID), None);
        }
        notes.forget_pieces();
        assert_eq!(records.load(ID, 20), saved(&[1], &[]));
        assert_eq!(records.totals(ID), Some(totals(3, 2)));
        notes.add(7);
        assert_eq!(records.load(ID, 20), saved(&[1, 7], &[7]));
        drop((notes, file));
        records.drop_notes(ID);
        assert_eq!(records.load(ID, 20), saved(&[1], &[]));
        assert_eq!(records.totals(ID), None);
    }
}
