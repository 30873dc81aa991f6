//! What a connection waits for.

use std::future::pending;
use std::io;

use tokio::io::Interest;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::rounds::read_away;
use crate::peer::PeerCommand;
use crate::peer::outgoing::{Backlog, Memory, Outgoing};
use crate::peer::transport::{EngineStream, RemoteStream};
use crate::types::ConnectFuture;

/// The piece engine's side.
pub(super) enum EngineSide {
    /// The torrent is not attached.
    Absent,
    /// It is connected at this time.
    Paused(Instant),
    /// It has to answer before the deadline.
    Connecting(ConnectFuture, Instant),
    Connected(EngineStream),
}

/// What happened on the piece engine's side.
pub(super) enum EngineEvent {
    Resumed,
    Connected(io::Result<std::net::TcpStream>),
    Ready(io::Result<tokio::io::Ready>),
}

/// Writes unless the socket is known to be full.
pub(super) fn guarded(
    full: &mut bool,
    write: impl FnOnce() -> io::Result<usize>,
) -> io::Result<usize> {
    if *full {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let result = write();
    *full = result.as_ref().is_err_and(is_retry);
    result
}

pub(super) fn is_retry(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

pub(super) fn interest(read: bool, write: bool) -> Option<Interest> {
    match (read, write) {
        (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
        (true, false) => Some(Interest::READABLE),
        (false, true) => Some(Interest::WRITABLE),
        (false, false) => None,
    }
}

pub(super) async fn remote_event(
    remote: &RemoteStream,
    interest: Option<Interest>,
) -> io::Result<tokio::io::Ready> {
    match interest {
        Some(interest) => remote.ready(interest).await,
        None => pending().await,
    }
}

pub(super) async fn engine_event(engine: &mut EngineSide, full: bool) -> EngineEvent {
    match engine {
        EngineSide::Absent => pending().await,
        EngineSide::Paused(until) => {
            sleep_until(*until).await;
            EngineEvent::Resumed
        }
        EngineSide::Connecting(connecting, deadline) => {
            let result = timeout_at(*deadline, connecting).await;
            EngineEvent::Connected(result.unwrap_or_else(|elapsed| Err(elapsed.into())))
        }
        EngineSide::Connected(stream) => {
            let interest = interest(true, full).unwrap_or(Interest::READABLE);
            EngineEvent::Ready(stream.ready(interest).await)
        }
    }
}

/// Waits for a command to close.
pub(super) async fn closed(commands: &mut mpsc::Receiver<PeerCommand>) {
    while !matches!(commands.recv().await, None | Some(PeerCommand::Close(_))) {}
}

/// Writes what waits for the piece engine, and waits until it has read everything and hangs up.
pub(super) async fn drain(engine: &mut EngineSide, backlog: &mut Backlog) {
    let EngineSide::Connected(stream) = engine else { return };
    let nothing = Outgoing::default();
    while !backlog.is_empty() {
        let written =
            backlog.write(&nothing, Memory::default(), |slices| stream.try_write_vectored(slices));
        if written.is_err() {
            return;
        }
        if !backlog.is_empty() && stream.ready(Interest::WRITABLE).await.is_err() {
            return;
        }
    }
    stream.shutdown();
    loop {
        match read_away(stream) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if is_retry(&error) => {
                if stream.ready(Interest::READABLE).await.is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
