//! The engine's named pipe: connecting to it and listening on it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::net::windows::named_pipe::NamedPipeServer;
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_PIPE_BUSY, ERROR_PIPE_NOT_CONNECTED,
};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_OVERLAPPED, SECURITY_IDENTIFICATION};

use crate::win32;

/// How long a free instance of the pipe is waited for: the engine makes one for each who comes.
const BUSY_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait before the next try.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// A blocking connection to the engine. Clones share it.
#[derive(Debug, Clone)]
pub struct Stream(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pipe: File,
    /// How many milliseconds a read or a write may take.
    limit: AtomicU32,
}

/// A connection as the engine serves it.
pub type Served = NamedPipeServer;

/// Why nobody could be reached.
#[derive(Debug)]
pub enum Unreached {
    /// No engine: there is no pipe of this name.
    Nobody,
    /// Something else; an engine may well be there.
    Failed(io::Error),
}

/// Connects to the engine, if whoever listens there is of this user.
pub fn connect(path: &Path) -> Result<Stream, Unreached> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(FILE_FLAG_OVERLAPPED);
    // Whoever listens may learn who we are, but not act in our name.
    options.security_qos_flags(SECURITY_IDENTIFICATION);
    let deadline = Instant::now() + BUSY_LIMIT;
    let pipe = loop {
        match options.open(path) {
            Ok(pipe) => break pipe,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unreached::Nobody),
            Err(error) if is(&error, ERROR_PIPE_BUSY) && Instant::now() < deadline => {
                std::thread::sleep(BUSY_PAUSE);
            }
            Err(error) => return Err(Unreached::Failed(error)),
        }
    };
    match win32::is_ours(&pipe) {
        Ok(true) => Ok(Stream(Arc::new(Shared { pipe, limit: AtomicU32::new(win32::INFINITE) }))),
        Ok(false) => Err(Unreached::Failed(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "another user has taken its name",
        ))),
        Err(error) => Err(Unreached::Failed(error)),
    }
}

/// Bounds every read and write.
pub fn set_timeout(stream: &Stream, timeout: Option<Duration>) -> io::Result<()> {
    let millis = timeout.map_or(win32::INFINITE, |timeout| {
        u32::try_from(timeout.as_millis()).unwrap_or(win32::INFINITE)
    });
    stream.0.limit.store(millis, Ordering::Relaxed);
    Ok(())
}

/// Says that nothing more will be written. A pipe cannot be closed on one side alone, but a read at
/// its other end returns nothing where nothing was written, and that is how a stream ends. (Wine does
/// not tell; there the relay just goes a second later.)
pub fn finish_writing(stream: &Stream) {
    // Nothing to do when the other side is gone already.
    let _ = win32::write(&stream.0.pipe, &[], stream.limit());
}

impl Stream {
    /// The same connection once more.
    ///
    /// # Errors
    /// None: other systems' streams have some.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    fn limit(&self) -> u32 {
        self.0.limit.load(Ordering::Relaxed)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match win32::read(&self.0.pipe, buffer, self.limit()) {
            Err(error) if is(&error, ERROR_BROKEN_PIPE) || is(&error, ERROR_PIPE_NOT_CONNECTED) => {
                Ok(0)
            }
            read => read,
        }
    }
}

impl Write for Stream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        (&*self).write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for &Stream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.is_empty() {
            // It would end the stream.
            return Ok(0);
        }
        win32::write(&self.0.pipe, data, self.limit())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}

/// Where the engine listens.
#[derive(Debug)]
pub struct Listener {
    /// The instance that the next client connects to.
    next: NamedPipeServer,
    path: PathBuf,
}

impl Listener {
    /// Listens at `path`. To be called by the holder of the engine's lock only. The pipe of an engine
    /// that was killed went with its process.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match connect(path) {
            Err(Unreached::Nobody) => {}
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
            Err(Unreached::Failed(error)) => return Err(error),
        }
        Ok(Self { next: win32::create_pipe(path, true)?, path: path.to_owned() })
    }

    /// The next connection. Only this user can open the pipe.
    pub async fn accept(&mut self) -> io::Result<Served> {
        let connected = self.next.connect().await;
        // Whoever comes next needs another instance, also where nothing came of this one.
        let next = win32::create_pipe(&self.path, false)?;
        let served = std::mem::replace(&mut self.next, next);
        connected.map(|()| served)
    }

    /// Whether the pipe can still be found: nobody can take its name away.
    pub fn is_reachable(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn name(test: &str) -> PathBuf {
        format!(r"\\.\pipe\torrpeddo-test-{}-{test}", std::process::id()).into()
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn a_pipe_is_taken_once_and_goes_with_its_listener() {
        let path = name("once");
        assert!(matches!(connect(&path), Err(Unreached::Nobody)));
        block_on(async {
            let mut listener = Listener::bind(&path).unwrap();
            let error = Listener::bind(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            // That it looked counts as a client.
            listener.accept().await.unwrap();
            assert!(connect(&path).is_ok());
        });
        assert!(matches!(connect(&path), Err(Unreached::Nobody)));
    }

    #[test]
    fn both_sides_speak_at_once() {
        let path = name("both");
        block_on(async {
            let mut listener = Listener::bind(&path).unwrap();
            let client = std::thread::spawn(move || {
                let mut stream = connect(&path).unwrap();
                let mut reader = stream.try_clone().unwrap();
                // It waits for what comes only after the writing below.
                let reading = std::thread::spawn(move || {
                    let mut all = String::new();
                    reader.read_to_string(&mut all).unwrap();
                    all
                });
                stream.write_all(b"question").unwrap();
                reading.join().unwrap()
            });
            let mut served = listener.accept().await.unwrap();
            let mut asked = [0; 8];
            served.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"question");
            served.write_all(b"answer").await.unwrap();
            drop(served);
            // The pipe is closed by the runtime, which must go on meanwhile.
            let heard = tokio::task::spawn_blocking(|| client.join().unwrap()).await.unwrap();
            assert_eq!(heard, "answer");
        });
    }

    #[test]
    fn a_silent_engine_is_not_waited_for_without_end() {
        let path = name("silent");
        block_on(async {
            let _listener = Listener::bind(&path).unwrap();
            let mut stream = connect(&path).unwrap();
            set_timeout(&stream, Some(Duration::from_millis(20))).unwrap();
            let error = stream.read(&mut [0; 8]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        });
    }
}
