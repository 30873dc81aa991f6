//! The relay: what a browser starts. Two threads that copy bytes between the browser's pipes and
//! the engine's socket, without a runtime and without looking at what they copy.
//!
//! While there is no engine the relay speaks for itself; see [`offline`](crate::offline).
//!
//! Invariant: standard output carries frames and nothing else.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use torrpeddo_protocol::frame;

use crate::endpoint::{self, Stream};
use crate::failure::Result;
use crate::offline::{self, Outcome};
use crate::paths::Paths;
use crate::start;

/// Large enough for all but the longest frames to pass in one piece, small enough to cost nothing.
const BUFFER_BYTES: usize = 32 * 1024;

/// How long the engine may take to say its last words after the browser has closed. Browsers wait
/// two seconds and more before they kill.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Relays until either side ends.
pub fn run() -> ExitCode {
    let result = match reach_engine() {
        Ok(stream) => bridge(stream, None),
        Err(failure) => {
            complain(&failure);
            match offline::answer(&mut io::stdin(), &mut io::stdout(), failure, reach_engine) {
                Ok(Outcome::Online(stream, hello)) => bridge(stream, Some(&hello)),
                Ok(Outcome::Ended) => Ok(()),
                Err(error) => Err(error),
            }
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The browser closed its end; that is how it leaves.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn reach_engine() -> Result<Stream> {
    start::connect(&Paths::discover()?)?.into_fresh()
}

/// Copies both ways; `first` is a frame that was read already.
fn bridge(mut stream: Stream, first: Option<&[u8]>) -> io::Result<()> {
    if let Some(first) = first {
        frame::write_frame(&mut stream, first)?;
    }
    let outgoing = stream.try_clone()?;
    thread::Builder::new().name("to engine".into()).spawn(move || {
        let mut writer = &outgoing;
        // Whatever ends it, nothing more will come from the browser.
        let _ = copy(&mut io::stdin().lock(), &mut writer);
        endpoint::finish_writing(&outgoing);
        thread::sleep(LAST_WORDS);
        // The other thread may hang in a pipe that nobody reads.
        std::process::exit(0);
    })?;
    #[cfg(target_os = "linux")]
    crate::memory::trim();
    copy(&mut stream, &mut io::stdout().lock())
}

fn copy(reader: &mut impl Read, writer: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error),
        };
        writer.write_all(&buffer[..read])?;
        writer.flush()?;
    }
}

/// A line for the browser's own log.
pub fn complain(what: &impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "torrpeddo: {what}");
}
