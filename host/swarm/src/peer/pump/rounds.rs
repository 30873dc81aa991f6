//! Reads both sides, passes the messages on and writes both sides.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use super::events::{EngineSide, guarded, is_retry};
use super::{Connection, Outcome};
use crate::peer::EndReason;
use crate::peer::outgoing::Memory;
use crate::peer::session::{EngineReceiver, Outputs, RemoteReceiver};
use crate::peer::transport::{EngineStream, RemoteStream};

/// Bytes of the read buffer, of which there is one for each thread.
const BUFFER: usize = 256 * 1024;

/// What a thread needs while it handles the messages of a connection.
pub(super) struct Scratch {
    pub buffer: Box<[u8]>,
    pub out: Outputs,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        buffer: vec![0; BUFFER].into_boxed_slice(),
        out: Outputs::default(),
    });
}

/// Whose bytes the messages to write are in.
#[derive(Clone, Copy)]
enum Written {
    Nothing,
    Remote,
    Engine,
}

impl Connection {
    pub(super) fn in_scratch<T>(&mut self, action: impl FnOnce(&mut Self, &mut Scratch) -> T) -> T {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.out.engine.clear();
            scratch.out.remote.clear();
            action(self, scratch)
        })
    }

    /// Does something that is not a message, and what follows from it.
    pub(super) fn settle(
        &mut self,
        remote: &RemoteStream,
        action: impl FnOnce(&mut Self, &mut Outputs, Instant) -> Result<(), Outcome>,
    ) -> Result<(), Outcome> {
        let now = Instant::now();
        self.in_scratch(|this, scratch| {
            action(this, &mut scratch.out, now)?;
            this.end_round(remote, &mut scratch.out, Written::Nothing, &scratch.buffer, now)
        })
    }

    pub(super) fn open(
        &mut self,
        remote: &RemoteStream,
        scratch: &mut Scratch,
    ) -> Result<(), Outcome> {
        let now = Instant::now();
        self.opened = true;
        let info = self.attached.as_ref().map(|attached| Arc::clone(&attached.info));
        if let Some(info) = info {
            self.session.set_info(info, false, &mut scratch.out)?;
            self.connect();
        }
        self.session.open(&mut scratch.out);
        self.remote_reader.take_prepended(&mut scratch.buffer);
        self.on_remote_bytes(remote, scratch, now)
    }

    /// Reads the peer once. Returns whether there may be more.
    pub(super) fn read_remote(
        &mut self,
        remote: &RemoteStream,
        scratch: &mut Scratch,
        now: Instant,
    ) -> Result<bool, Outcome> {
        let read = self
            .remote_reader
            .read(&mut scratch.buffer, |buffers| remote.try_read_vectored(buffers));
        match read {
            Ok(0) => Err(EndReason::RemoteClosed.into()),
            Ok(_) => {
                self.session.on_received(now);
                self.on_remote_bytes(remote, scratch, now)?;
                Ok(true)
            }
            Err(error) if is_retry(&error) => Ok(false),
            Err(error) => Err(EndReason::RemoteFailed(error.kind()).into()),
        }
    }

    fn on_remote_bytes(
        &mut self,
        remote: &RemoteStream,
        scratch: &mut Scratch,
        now: Instant,
    ) -> Result<(), Outcome> {
        let Scratch { buffer, out } = scratch;
        let mut receiver = RemoteReceiver { session: &mut self.session, out, now };
        let consumed = self.remote_reader.process(buffer, &mut receiver)?;
        self.end_round(remote, out, Written::Remote, buffer, now)?;
        self.remote_reader.finish(buffer, consumed);
        Ok(())
    }

    /// Reads the piece engine once. Returns whether there may be more.
    pub(super) fn read_engine(
        &mut self,
        remote: &RemoteStream,
        scratch: &mut Scratch,
        now: Instant,
    ) -> Result<bool, Outcome> {
        let Scratch { buffer, out } = scratch;
        let EngineSide::Connected(engine) = &self.engine else { return Ok(false) };
        out.engine.clear();
        out.remote.clear();
        let read = self.engine_reader.read(buffer, |buffers| engine.try_read_vectored(buffers));
        match read {
            Ok(0) => {}
            Ok(_) => {
                let mut receiver = EngineReceiver { session: &mut self.session, out, now };
                let result = self.engine_reader.process(buffer, &mut receiver);
                if let Ok(consumed) = result {
                    self.end_round(remote, out, Written::Engine, buffer, now)?;
                    self.engine_reader.finish(buffer, consumed);
                    return Ok(true);
                }
            }
            Err(error) if is_retry(&error) => return Ok(false),
            Err(_) => {}
        }
        self.on_engine_closed(out, now)?;
        self.end_round(remote, out, Written::Nothing, buffer, now)?;
        Ok(false)
    }

    /// Completes a round: lets the session add what follows from it, and writes to both sides.
    fn end_round(
        &mut self,
        remote: &RemoteStream,
        out: &mut Outputs,
        written: Written,
        buffer: &[u8],
        now: Instant,
    ) -> Result<(), Outcome> {
        self.session.end_round(self.remote_backlog.len(), now, out)?;
        let memory = match written {
            Written::Nothing => Memory::default(),
            Written::Remote => self.remote_reader.memory(buffer),
            Written::Engine => self.engine_reader.memory(buffer),
        };
        let full = &mut self.remote_full;
        let count = self.remote_backlog.write(&out.remote, memory, |slices| {
            guarded(full, || remote.try_write_vectored(slices))
        });
        match count {
            Ok(0) => {}
            Ok(_) => self.session.on_written(now),
            Err(error) => return Err(EndReason::RemoteFailed(error.kind()).into()),
        }
        out.remote.clear();
        if self.session.take_restart() {
            out.engine.clear();
            self.close_engine();
            self.connect();
            return Ok(());
        }
        let EngineSide::Connected(engine) = &self.engine else { return Ok(()) };
        let full = &mut self.engine_full;
        let result = self.engine_backlog.write(&out.engine, memory, |slices| {
            guarded(full, || engine.try_write_vectored(slices))
        });
        out.engine.clear();
        if result.is_err() {
            self.on_engine_closed(out, now)?;
            // What this adds for the peer is written in the next round.
            let full = &mut self.remote_full;
            let result = self.remote_backlog.write(&out.remote, Memory::default(), |slices| {
                guarded(full, || remote.try_write_vectored(slices))
            });
            out.remote.clear();
            result.map_err(|error| EndReason::RemoteFailed(error.kind()))?;
        }
        Ok(())
    }
}

/// Reads and drops what the piece engine sends.
///
/// # Errors
/// As [`EngineStream::try_read_vectored`].
pub(super) fn read_away(stream: &EngineStream) -> io::Result<usize> {
    SCRATCH.with_borrow_mut(|scratch| {
        stream.try_read_vectored(&mut [io::IoSliceMut::new(&mut scratch.buffer)])
    })
}
