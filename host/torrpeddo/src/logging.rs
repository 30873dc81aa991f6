//! The engine's log: a file that is rotated, and standard error when somebody is looking. Never
//! standard output.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::failure::{Failure, Result};

/// A file is put aside when it is this long. By size and not by day: a fault that logs in a circle
/// must not fill the disk before midnight.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// How many are kept, the current one among them.
const FILES: usize = 4;
/// The most that is read to find the newest lines.
const TAIL_BYTES: u64 = 512 * 1024;

/// What is logged unless `TORRPEDDO_LOG` says otherwise.
/// librqbit's look at pieces that nobody claims reads to a person like damage, and is none.
const DEFAULT_LEVELS: &str = "warn,librqbit::file_ops=error,torrpeddo=info,torrpeddo_engine=info";

/// The current log file.
pub fn file(log_dir: &Path) -> PathBuf {
    log_dir.join("engine.log")
}

/// Begins to log.
pub fn start(log_dir: &Path, to_stderr: bool) -> Result<()> {
    let path = file(log_dir);
    let writer = RotatingFile::open(&path, FILE_BYTES, FILES).map_err(|error| {
        Failure::unavailable(format!("The log {} cannot be written: {error}.", path.display()))
    })?;
    let wanted = std::env::var("TORRPEDDO_LOG").ok().filter(|wanted| !wanted.trim().is_empty());
    let levels = wanted.as_deref().unwrap_or(DEFAULT_LEVELS);
    let (targets, misread) = match levels.parse::<Targets>() {
        Ok(targets) => (targets, None),
        Err(error) => (Targets::new().with_default(LevelFilter::INFO), Some(error.to_string())),
    };
    let to_file = fmt::layer().with_ansi(false).with_writer(Mutex::new(writer));
    let on_stderr = to_stderr.then(|| fmt::layer().with_ansi(false).with_writer(io::stderr));
    tracing_subscriber::registry()
        .with(to_file.with_filter(targets.clone().and(Telling)))
        .with(on_stderr.with_filter(targets.and(Telling)))
        .try_init()
        .map_err(|error| Failure::unavailable(format!("The log cannot be started: {error}.")))?;
    if let Some(error) = misread {
        tracing::warn!("TORRPEDDO_LOG={levels} makes no sense: {error}");
    }
    log_panics();
    Ok(())
}

/// Leaves out what tells nothing: tasks of librqbit that find their torrent paused call it an error.
struct Telling;

impl<S> Filter<S> for Telling {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        if event.metadata().target() != "librqbit_core::spawn_utils" {
            return true;
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        !["torrent was paused", "torrent is not live"].iter().any(|end| text.0.ends_with(end))
    }
}

/// The message of an event.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// A panic is a bug, and ends only the task that it happens in: the log is where it is seen.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let backtrace = std::backtrace::Backtrace::force_capture();
        tracing::error!("{panic}\n{backtrace}");
    }));
}

/// A file that is put aside when it is long.
struct RotatingFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    max_bytes: u64,
    files: usize,
}

impl RotatingFile {
    fn open(path: &Path, max_bytes: u64, files: usize) -> io::Result<Self> {
        let file = open_to_append(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, bytes, max_bytes, files })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.files).rev() {
            let older = numbered(&self.path, number);
            // The oldest one goes; one that is missing is no loss.
            let _ = fs::rename(numbered(&self.path, number - 1), older);
        }
        self.file = open_to_append(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.max_bytes {
            self.rotate()?;
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    // The names of torrents are nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// `engine.log`, `engine.1.log`, …
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 0 { path.to_owned() } else { path.with_extension(format!("{number}.log")) }
}

/// The newest lines.
pub struct Tail {
    log_dir: PathBuf,
}

impl Tail {
    /// Of the log in this folder.
    pub fn new(log_dir: &Path) -> Self {
        Self { log_dir: log_dir.to_owned() }
    }
}

impl torrpeddo_engine::LogTail for Tail {
    fn tail(&self, lines: usize) -> torrpeddo_engine::Result<Vec<String>> {
        let path = file(&self.log_dir);
        let newest = read_end(&path).map_err(|error| torrpeddo_engine::Error::io(&path, &error))?;
        let mut text = newest;
        if text.lines().count() < lines {
            // Just rotated: the rest is in the file before.
            let older = read_end(&numbered(&path, 1)).unwrap_or_default();
            text.insert_str(0, &older);
        }
        let all: Vec<&str> = text.lines().collect();
        Ok(all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect())
    }
}

fn read_end(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line is whole only where nothing was skipped.
    let whole = if skipped == 0 { 0 } else { text.find('\n').map_or(text.len(), |end| end + 1) };
    Ok(text[whole..].to_owned())
}

#[cfg(test)]
mod tests {
    use torrpeddo_engine::LogTail;

    use super::*;

    #[test]
    fn files_are_put_aside_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path());
        let mut log = RotatingFile::open(&path, 20, 3).unwrap();
        for number in 0..20 {
            log.write_all(format!("line {number:02}\n").as_bytes()).unwrap();
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 18\nline 19\n");
        assert_eq!(fs::read_to_string(numbered(&path, 2)).unwrap(), "line 14\nline 15\n");
        let mut log = RotatingFile::open(&path, 20, 3).unwrap();
        log.write_all(b"line 20\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 20\n", "a restart goes on counting");
    }

    #[test]
    fn a_torrent_that_was_paused_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path());
        let log = RotatingFile::open(&path, FILE_BYTES, FILES).unwrap();
        let layer = fmt::layer().with_ansi(false).with_writer(Mutex::new(log));
        let targets: Targets = DEFAULT_LEVELS.parse().unwrap();
        let subscriber =
            tracing_subscriber::registry().with(layer.with_filter(targets.and(Telling)));
        tracing::subscriber::with_default(subscriber, || {
            let name = "[3]speed_estimator_updater";
            tracing::error!(
                target: "librqbit_core::spawn_utils",
                "{name} finished with error: chunk tracker empty, torrent was paused"
            );
            tracing::error!(target: "librqbit_core::spawn_utils", "a listener ended: no memory");
            tracing::info!(target: "torrpeddo", "a sentence about how a torrent was paused");
            tracing::info!(target: "librqbit", "chatter");
        });
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].ends_with("a listener ended: no memory"), "{text}");
        assert!(lines[1].ends_with("how a torrent was paused"), "{text}");
    }

    #[test]
    fn the_newest_lines_are_found_across_files() {
        let dir = tempfile::tempdir().unwrap();
        let tail = Tail::new(dir.path());
        assert!(tail.tail(5).is_err());
        fs::write(numbered(&file(dir.path()), 1), "one\ntwo\n").unwrap();
        fs::write(file(dir.path()), "three\n").unwrap();
        assert_eq!(tail.tail(2).unwrap(), ["two", "three"]);
        assert_eq!(tail.tail(99).unwrap(), ["one", "two", "three"]);
        assert!(tail.tail(0).unwrap().is_empty());
        let long = "x".repeat(1000) + "\n";
        fs::write(file(dir.path()), long.repeat(1000) + "end\n").unwrap();
        let lines = tail.tail(100).unwrap();
        assert_eq!((lines.len(), lines[99].as_str()), (100, "end"));
        assert!(lines[..99].iter().all(|line| line.len() == 1000));
    }
}
