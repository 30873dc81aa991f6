//! Everything the engine is told from outside. It never looks for itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use torrpeddo_protocol::Settings;
use torrpeddo_protocol::model::Finding;

use crate::Result;

/// What an engine starts with.
#[derive(Clone)]
pub struct EngineConfig {
    /// Where the engine keeps what must last: database, verified pieces, DHT table. Created when
    /// it is not there.
    pub data_dir: PathBuf,
    /// The settings where nobody has set anything: the built-in ones, as changed by the
    /// administrator or the package.
    pub defaults: Settings,
    /// Folders below which torrents may be saved; anywhere when there are none.
    pub allowed_roots: Vec<PathBuf>,
    /// The version that `hello` answers.
    pub version: String,
    /// Names this boot of the machine. After an unclean end in another boot, what was being
    /// written is verified again.
    pub boot_id: String,
    /// The desktop of the user.
    pub desktop: Arc<dyn Desktop>,
    /// The newest lines of the log.
    pub log: Arc<dyn LogTail>,
    /// What `diagnose` answers.
    pub doctor: Arc<dyn Doctor>,
}

/// What needs a desktop. Its calls may block for as long as a dialog is open; the engine gives
/// each a thread of its own.
pub trait Desktop: Send + Sync {
    /// Shows `path` in the file manager: selects it when it is a file, opens it when it is a
    /// folder.
    ///
    /// # Errors
    /// `Unavailable` without a desktop, `Io` when the path is not there.
    fn show(&self, path: &Path) -> Result<()>;

    /// Asks the user for a folder; `None` when the user chose none.
    ///
    /// # Errors
    /// `Unavailable` without a desktop.
    fn choose_folder(&self, title: &str, start: Option<&Path>) -> Result<Option<PathBuf>>;

    /// Opens a file with the program that the user has for it.
    ///
    /// # Errors
    /// `Unavailable` without a desktop, `Io` when the file is not there.
    fn open(&self, file: &Path) -> Result<()>;

    /// Moves a file or a folder to the system's bin.
    ///
    /// # Errors
    /// `Io` when there is no bin for it.
    fn trash(&self, path: &Path) -> Result<()>;

    /// Shows a notification.
    ///
    /// # Errors
    /// `Unavailable` where nobody shows any.
    fn notify(&self, title: &str, text: &str) -> Result<()>;
}

/// Reads the log.
pub trait LogTail: Send + Sync {
    /// The newest `lines` lines, newest last.
    ///
    /// # Errors
    /// `Io` when the log cannot be read.
    fn tail(&self, lines: usize) -> Result<Vec<String>>;
}

/// Looks whether everything is set up.
pub trait Doctor: Send + Sync {
    /// What was found.
    fn findings(&self) -> Vec<Finding>;
}
