//! The other side of a download: libtorrent, driven by `seeder/seeder.py`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Files;
use crate::script::Script;

/// A seeder in a process of its own, on loopback alone. It ends with this value.
pub struct Seeder {
    script: Script,
    folder: tempfile::TempDir,
    name: String,
    files: Files,
    /// The info-hash in hex.
    pub id: String,
    /// The port it listens on.
    pub port: u16,
    /// A magnet link with its address in it (`x.pe`).
    pub magnet: String,
    /// The torrent file.
    pub torrent: PathBuf,
}

/// What to seed, and how.
#[derive(Debug, Clone)]
pub struct Seed<'a> {
    /// The name of the torrent: of the file, or of the folder.
    pub name: &'a str,
    /// A torrent of one file has one file with the torrent's name.
    pub files: Files,
    /// The size of a piece; 0 lets libtorrent choose.
    pub piece_bytes: u32,
    /// Bytes per second; 0 for no limit.
    pub upload_limit: u32,
}

impl Seeder {
    /// Seeds a torrent of several files, as fast as it can.
    #[must_use]
    pub fn folder<'a>(name: &str, files: impl IntoIterator<Item = (&'a str, usize)>) -> Self {
        Self::start(Seed { name, files: Files::new(files), piece_bytes: 0, upload_limit: 0 })
    }

    /// Seeds a torrent of one file, as fast as it can.
    #[must_use]
    pub fn file(name: &str, bytes: usize) -> Self {
        let files = Files::new([(name, bytes)]);
        Self::start(Seed { name, files, piece_bytes: 0, upload_limit: 0 })
    }

    /// Starts a seeder.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(seed: Seed<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let single =
            seed.files.iter().count() == 1 && seed.files.iter().all(|(file, _)| file == seed.name);
        seed.files.write(&if single { data.clone() } else { data.join(seed.name) });
        let options = json!({
            "path": data.join(seed.name),
            "piece_bytes": seed.piece_bytes,
            "upload_limit": seed.upload_limit,
        });
        Self::spawn(folder, options, seed.name, seed.files)
    }

    /// Seeds a torrent file as it is, whatever names it has in it. `files` are named `0`, `1`, …
    ///
    /// # Panics
    /// When libtorrent refuses the torrent.
    #[must_use]
    pub fn of_torrent(torrent: &[u8], files: Files) -> Self {
        let written = files.clone();
        Self::of_data(torrent, files, |data| written.write(data))
    }

    /// The same, where `write` puts the files into the folder that it is given: for contents that
    /// are too large to be held in memory.
    ///
    /// # Panics
    /// When libtorrent refuses the torrent.
    #[must_use]
    pub fn of_large_torrent(torrent: &[u8], write: impl FnOnce(&Path)) -> Self {
        Self::of_data(torrent, Files::default(), write)
    }

    fn of_data(torrent: &[u8], files: Files, write: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder");
        write(&folder.path().join("data"));
        std::fs::write(folder.path().join("file.torrent"), torrent).expect("a torrent file");
        let options = json!({"path": folder.path().join("data"), "given": true});
        Self::spawn(folder, options, "", files)
    }

    fn spawn(folder: tempfile::TempDir, mut options: Value, name: &str, files: Files) -> Self {
        let torrent = folder.path().join("file.torrent");
        options["torrent"] = json!(torrent);
        let (script, ready) = Script::start("seeder.py", &options, None);
        let text = |member: &str| ready[member].as_str().expect("a text").to_owned();
        Self {
            script,
            folder,
            name: name.into(),
            files,
            id: text("hash"),
            port: ready["port"].as_u64().and_then(|p| u16::try_from(p).ok()).expect("a port"),
            magnet: text("magnet"),
            torrent,
        }
    }

    /// The name of the torrent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it seeds. Names are below the torrent's folder, or the file itself.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Where the seeder keeps its own copies.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The bytes of the torrent file.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn torrent_bytes(&self) -> Vec<u8> {
        std::fs::read(&self.torrent).expect("a torrent file")
    }

    /// A link that only names the torrent: nobody can be found with it.
    #[must_use]
    pub fn bare_magnet(&self) -> String {
        format!("magnet:?xt=urn:btih:{}", self.id)
    }

    /// The folder (or the file's folder) of a finished download into `save_path`.
    #[must_use]
    pub fn downloaded_to(&self, save_path: &Path) -> PathBuf {
        if self.is_single() { save_path.into() } else { save_path.join(&self.name) }
    }

    /// Asserts that the torrent is complete below `save_path`, byte for byte.
    #[track_caller]
    pub fn assert_downloaded(&self, save_path: &Path) {
        self.files.assert_in(&self.downloaded_to(save_path));
    }

    /// How many peers are connected.
    #[must_use]
    pub fn peers(&self) -> u64 {
        self.script.ask(&json!({"do": "status"}))["peers"].as_u64().expect("a count of peers")
    }

    /// How many peers it has unchoked.
    #[must_use]
    pub fn unchoked(&self) -> u64 {
        self.script.ask(&json!({"do": "status"}))["unchoked"].as_u64().expect("a count of peers")
    }

    /// How many bytes of files it has sent to anybody.
    #[must_use]
    pub fn uploaded(&self) -> u64 {
        self.script.ask(&json!({"do": "status"}))["uploaded"].as_u64().expect("a count of bytes")
    }

    /// Limits what it sends, in bytes per second; 0 for no limit.
    pub fn limit(&self, rate: u32) {
        self.script.ask(&json!({"do": "limit", "rate": rate}));
    }

    /// Unchokes so many peers at a time from now on, and others every second.
    pub fn unchoke_slots(&self, count: u32) {
        self.script.ask(&json!({"do": "slots", "count": count}));
    }

    fn is_single(&self) -> bool {
        self.files.iter().count() == 1 && self.files.iter().all(|(file, _)| file == self.name)
    }
}
