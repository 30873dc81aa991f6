//! The task of a connection: reads and writes both sides.

mod events;
mod rounds;

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use self::events::{EngineEvent, EngineSide, closed, drain, engine_event, interest, remote_event};
use super::engine_side::Retries;
use super::frames::FrameReader;
use super::outgoing::Backlog;
use super::session::{Outputs, Session, TICK};
use super::status::PeerStatus;
use super::transport::{EngineStream, RemoteStream};
use super::{EndReason, PeerCommand, PeerEvent, PeerKey, PeerParams};
use crate::types::Attachment;
use crate::wire::handshake::Handshake;

/// How long the piece engine may take to read the last blocks of a peer that has gone.
const DRAIN: Duration = Duration::from_secs(2);

/// Most reads without a block until other tasks of the thread run.
const MAX_ROUNDS: u32 = 8;

/// How long the piece engine may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Reports the end of a connection, however it ends.
struct EndNotice {
    key: PeerKey,
    reason: EndReason,
    useful: bool,
    events: mpsc::UnboundedSender<PeerEvent>,
}

impl Drop for EndNotice {
    fn drop(&mut self) {
        let reason = std::mem::replace(&mut self.reason, EndReason::Aborted);
        _ = self.events.send(PeerEvent::Ended { key: self.key, reason, useful: self.useful });
    }
}

/// Everything of a connection but the peer's socket.
struct Connection {
    // The sockets are closed before the end is reported: fields are dropped in this order.
    engine: EngineSide,
    remote_reader: FrameReader,
    engine_reader: FrameReader,
    remote_backlog: Backlog,
    engine_backlog: Backlog,
    /// The peer's socket took less than it was given.
    remote_full: bool,
    /// The piece engine's socket took less than it was given.
    engine_full: bool,
    session: Session,
    commands: mpsc::Receiver<PeerCommand>,
    attachment: watch::Receiver<Option<Attachment>>,
    attached: Option<Attachment>,
    pieces: watch::Receiver<usize>,
    retries: Retries,
    handshake: [u8; Handshake::LEN],
    opened: bool,
    tick_at: Instant,
    /// When a block was last passed on to the piece engine.
    forwarded_at: Option<Instant>,
    notice: EndNotice,
}

/// Why the task leaves its loop.
enum Outcome {
    End(EndReason),
    /// The connection is to go on on this runtime.
    Move(Handle),
}

impl From<EndReason> for Outcome {
    fn from(reason: EndReason) -> Self {
        Self::End(reason)
    }
}

/// Starts the task of a connection.
pub(super) fn start(
    runtime: &Handle,
    params: PeerParams,
    key: PeerKey,
    status: Arc<PeerStatus>,
    commands: mpsc::Receiver<PeerCommand>,
    events: mpsc::UnboundedSender<PeerEvent>,
) {
    let PeerParams { stream, handshake, received, torrent, options, .. } = params;
    let notice =
        EndNotice { key, reason: EndReason::Aborted, useful: false, events: events.clone() };
    // The piece engine sees a peer that supports the extension protocol and nothing else.
    let shown = Handshake { reserved: [0, 0, 0, 0, 0, 0x10, 0, 0], ..handshake };
    let mut attachment = torrent.attachment.subscribe();
    attachment.mark_unchanged();
    let attached = torrent.attachment.borrow().clone();
    let pieces = torrent.pieces.changes();
    let mut remote_reader = FrameReader::default();
    remote_reader.prepend(&received);
    let connection = Box::new(Connection {
        engine: EngineSide::Absent,
        remote_reader,
        engine_reader: FrameReader::default(),
        remote_backlog: Backlog::default(),
        engine_backlog: Backlog::default(),
        remote_full: false,
        engine_full: false,
        session: Session::new(key, torrent, options, status, &handshake, events),
        commands,
        attachment,
        attached,
        pieces,
        retries: Retries::default(),
        handshake: shown.to_bytes(),
        opened: false,
        tick_at: Instant::now() + TICK,
        forwarded_at: None,
        notice,
    });
    spawn(runtime, stream, connection);
}

fn spawn(runtime: &Handle, stream: std::net::TcpStream, connection: Box<Connection>) {
    runtime.spawn(run(stream, connection));
}

async fn run(stream: std::net::TcpStream, mut connection: Box<Connection>) {
    let remote = match RemoteStream::from_std(stream) {
        Ok(remote) => remote,
        Err(error) => {
            connection.notice.reason = EndReason::RemoteFailed(error.kind());
            return;
        }
    };
    let outcome = connection.drive(&remote).await;
    let reason = match outcome {
        Outcome::Move(runtime) => match remote.into_std() {
            Ok(stream) => return spawn(&runtime, stream, connection),
            Err(error) => EndReason::RemoteFailed(error.kind()),
        },
        Outcome::End(reason) => {
            drop(remote);
            reason
        }
    };
    connection.finish(&reason).await;
    tracing::debug!(key = ?connection.notice.key, %reason, "peer connection ended");
    connection.notice.useful = connection.session.is_useful();
    connection.notice.reason = reason;
}

impl Connection {
    /// Handles everything until the connection ends.
    async fn drive(&mut self, remote: &RemoteStream) -> Outcome {
        match self.turn(remote).await {
            Ok(never) => match never {},
            Err(outcome) => outcome,
        }
    }

    async fn turn(&mut self, remote: &RemoteStream) -> Result<std::convert::Infallible, Outcome> {
        let mut timer = pin!(sleep_until(self.tick_at));
        if !self.opened {
            self.in_scratch(|this, scratch| this.open(remote, scratch))?;
        }
        let mut remote_ready = true;
        let mut engine_ready = true;
        let mut rounds = 0_u32;
        loop {
            let now = Instant::now();
            if self.session.is_active() && self.tick_at > now + TICK {
                self.tick_at = now + TICK;
                timer.as_mut().reset(self.tick_at);
            }
            if (remote_ready && self.reads_remote()) || engine_ready {
                let forwarded = self.in_scratch(|this, scratch| {
                    if remote_ready && this.reads_remote() {
                        remote_ready = this.read_remote(remote, scratch, now)?;
                    }
                    if engine_ready {
                        engine_ready = this.read_engine(remote, scratch, now)?;
                    }
                    Ok::<_, Outcome>(this.session.take_forwarded())
                })?;
                if forwarded {
                    self.forwarded_at = Some(now);
                    if let Some(attached) = &self.attached {
                        attached.engine.served();
                    }
                }
                rounds = rounds.wrapping_add(1);
                // The piece engine reads blocks while they are still in the cache. Waiting for a socket
                // that is ready does not yield, so a peer that floods is stopped here as well.
                if forwarded || rounds.is_multiple_of(MAX_ROUNDS) {
                    tokio::task::yield_now().await;
                }
            }
            self.wait(remote, timer.as_mut(), &mut remote_ready, &mut engine_ready).await?;
        }
    }

    /// Waits until something happens, and handles it unless it is that a side can be read. It is called
    /// after each read, so that no side can keep the others from being handled.
    async fn wait(
        &mut self,
        remote: &RemoteStream,
        mut timer: Pin<&mut Sleep>,
        remote_ready: &mut bool,
        engine_ready: &mut bool,
    ) -> Result<(), Outcome> {
        let interest = interest(self.reads_remote(), self.remote_full);
        let tells_pieces = self.session.info().is_some() && self.session.waits_for_pieces();
        let untold = self.session.has_untold_pieces() && !self.remote_full;
        tokio::select! {
            command = self.commands.recv() => {
                // Nobody can close a connection whose handle is gone.
                let closed = PeerCommand::Close(super::CloseReason::Stopped);
                let command = command.unwrap_or(closed);
                self.settle(remote, |this, out, _| Ok(this.session.on_command(command, out)?))
            }
            ready = remote_event(remote, interest) => {
                let ready = ready.map_err(|error| EndReason::RemoteFailed(error.kind()))?;
                *remote_ready = ready.is_readable() || ready.is_read_closed() || ready.is_error();
                if ready.is_writable() || ready.is_write_closed() {
                    self.remote_full = false;
                    return self.settle(remote, |_, _, _| Ok(()));
                }
                Ok(())
            }
            event = engine_event(&mut self.engine, self.engine_full) => match event {
                EngineEvent::Ready(Ok(ready)) => {
                    *engine_ready = ready.is_readable() || ready.is_read_closed() || ready.is_error();
                    if ready.is_writable() || ready.is_write_closed() {
                        self.engine_full = false;
                        return self.settle(remote, |_, _, _| Ok(()));
                    }
                    Ok(())
                }
                EngineEvent::Ready(Err(_)) => {
                    self.settle(remote, |this, out, now| this.on_engine_closed(out, now))
                }
                EngineEvent::Resumed => {
                    self.connect();
                    Ok(())
                }
                EngineEvent::Connected(result) => {
                    *engine_ready = true;
                    self.settle(remote, |this, out, now| this.on_connected(result, out, now))
                }
            },
            changed = self.attachment.changed() => {
                changed.map_err(|_| EndReason::Detached)?;
                self.settle(remote, |this, out, _| this.on_attachment(out))?;
                self.move_to_engine()
            }
            _ = self.pieces.changed(), if tells_pieces => {
                self.settle(remote, |_, _, _| Ok(()))
            }
            () = std::future::ready(()), if untold => self.settle(remote, |_, _, _| Ok(())),
            () = timer.as_mut() => {
                self.settle(remote, |this, out, now| this.on_tick(out, now))?;
                timer.reset(self.tick_at);
                Ok(())
            }
        }
    }

    /// Whether messages of the peer are read: not while the piece engine does not take what it gets.
    fn reads_remote(&self) -> bool {
        self.engine_backlog.is_empty()
    }

    fn on_tick(&mut self, out: &mut Outputs, now: Instant) -> Result<(), Outcome> {
        let reading = self.reads_remote();
        self.tick_at = self.session.on_tick(reading, now, out)?;
        Ok(())
    }

    fn on_attachment(&mut self, out: &mut Outputs) -> Result<(), Outcome> {
        let attachment = self.attachment.borrow_and_update().clone();
        let Some(attached) = attachment else {
            return match self.attached {
                Some(_) => Err(EndReason::Detached.into()),
                None => Ok(()),
            };
        };
        if self.attached.is_none() {
            self.session.set_info(Arc::clone(&attached.info), true, out)?;
        } else {
            self.session.drop_engine(out);
        }
        self.attached = Some(attached);
        self.close_engine();
        self.connect();
        Ok(())
    }

    /// Leaves the current runtime if the piece engine's is another.
    fn move_to_engine(&self) -> Result<(), Outcome> {
        match &self.attached {
            Some(attached) => {
                let runtime = attached.engine.runtime();
                let here = Handle::try_current().is_ok_and(|here| here.id() == runtime.id());
                if here { Ok(()) } else { Err(Outcome::Move(runtime)) }
            }
            None => Ok(()),
        }
    }

    fn connect(&mut self) {
        if let Some(attached) = &self.attached {
            let connecting = attached.engine.connect(self.handshake);
            self.engine = EngineSide::Connecting(connecting, Instant::now() + CONNECT_TIMEOUT);
        }
    }

    fn close_engine(&mut self) {
        self.engine = EngineSide::Absent;
        self.engine_reader = FrameReader::default();
        self.engine_backlog.clear();
        self.engine_full = false;
    }

    fn on_connected(
        &mut self,
        result: io::Result<std::net::TcpStream>,
        out: &mut Outputs,
        now: Instant,
    ) -> Result<(), Outcome> {
        match result.and_then(EngineStream::from_std) {
            Ok(stream) => {
                self.close_engine();
                self.engine = EngineSide::Connected(stream);
                Ok(self.session.on_engine_ready(out)?)
            }
            Err(_) => self.on_engine_closed(out, now),
        }
    }

    /// The piece engine closed the connection or did not take it.
    fn on_engine_closed(&mut self, out: &mut Outputs, now: Instant) -> Result<(), Outcome> {
        self.close_engine();
        self.session.on_engine_closed(out)?;
        let retry = self.retries.next(now).ok_or(EndReason::EngineRefused)?;
        self.engine = EngineSide::Paused(retry);
        Ok(())
    }

    /// Ends the piece engine's side. Blocks of a peer that has gone are still read by the piece engine.
    async fn finish(&mut self, reason: &EndReason) {
        let drains = matches!(reason, EndReason::RemoteClosed | EndReason::RemoteFailed(_));
        let recent = self.forwarded_at.is_some_and(|at| Instant::now() < at + DRAIN);
        if drains && recent {
            let drained = timeout(DRAIN, async {
                tokio::select! {
                    biased;
                    _ = closed(&mut self.commands) => {}
                    () = drain(&mut self.engine, &mut self.engine_backlog) => {}
                }
            });
            _ = drained.await;
        }
        self.close_engine();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        let future = size_of_future(run);
        let size = size_of::<Connection>() + future;
        assert!(size <= 3 * 1024, "{} + {future}", size_of::<Connection>());
    }

    fn size_of_future<F: Future>(_: impl Fn(std::net::TcpStream, Box<Connection>) -> F) -> usize {
        size_of::<F>()
    }
}
