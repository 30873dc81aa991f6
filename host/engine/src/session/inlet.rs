//! Hands connections of the swarm over to librqbit, through its listener on loopback.
//!
//! librqbit spawns the tasks of a connection that it accepts on the runtime that is entered on its first
//! thread. So the runtime of the torrent is entered there while a connection is made and until librqbit
//! has answered the handshake: its tasks then run on the thread of the torrent, beside the task of the
//! swarm, and a block wakes no other thread.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use torrpeddo_swarm::wire::handshake::Handshake;
use torrpeddo_swarm::{ConnectFuture, PieceEngine};

use crate::session::rest;
use crate::session::threads::begin;

/// How long the runtime of a torrent stays entered for librqbit's answer. A later answer costs speed
/// alone: the connection then runs on librqbit's common threads.
const ENTERED: Duration = Duration::from_millis(50);

/// Longest time for librqbit's answer. It waits up to five seconds for a torrent that starts.
const ANSWER: Duration = Duration::from_secs(10);

/// Most connections that are made at a time.
const AT_ONCE: usize = 64;

/// A connection to be made.
pub struct HandOver {
    handshake: [u8; Handshake::LEN],
    torrent: Handle,
    answer: oneshot::Sender<io::Result<std::net::TcpStream>>,
}

/// The piece engine's side of one torrent.
pub struct Inlet {
    torrent: Handle,
    queue: mpsc::UnboundedSender<HandOver>,
}

impl Inlet {
    /// Hands connections over through `queue`, to tasks on `torrent`.
    pub const fn new(torrent: Handle, queue: mpsc::UnboundedSender<HandOver>) -> Self {
        Self { torrent, queue }
    }
}

impl PieceEngine for Inlet {
    fn connect(&self, handshake: [u8; Handshake::LEN]) -> ConnectFuture {
        let (answer, answered) = oneshot::channel();
        let hand_over = HandOver { handshake, torrent: self.torrent.clone(), answer };
        let queued = self.queue.send(hand_over);
        Box::pin(async move {
            let ended = || io::Error::from(io::ErrorKind::ConnectionAborted);
            queued.map_err(|_| ended())?;
            answered.await.map_err(|_| ended())?
        })
    }

    fn runtime(&self) -> Handle {
        self.torrent.clone()
    }

    fn served(&self) {
        rest::served();
    }
}

/// Makes the connections of `queue` to librqbit, which listens on `librqbit`. Runs on its first thread.
pub async fn hand_over_all(librqbit: SocketAddr, mut queue: mpsc::UnboundedReceiver<HandOver>) {
    let common = Handle::current();
    let mut waiting = VecDeque::new();
    loop {
        let Some(first) = (match waiting.pop_front() {
            Some(first) => Some(first),
            None => queue.recv().await,
        }) else {
            return;
        };
        while let Ok(next) = queue.try_recv() {
            waiting.push_back(next);
        }
        // A connection that ended meanwhile needs nothing.
        waiting.retain(|one: &HandOver| !one.answer.is_closed());
        let torrent = first.torrent.clone();
        let mut group = vec![first];
        let mut others = VecDeque::with_capacity(waiting.len());
        for next in waiting.drain(..) {
            if next.torrent.id() == torrent.id() && group.len() < AT_ONCE {
                group.push(next);
            } else {
                others.push_back(next);
            }
        }
        waiting = others;
        let mut making: FuturesUnordered<_> =
            group.into_iter().map(|one| hand_over(librqbit, one)).collect();
        // The timer belongs to this thread: that of the torrent may wait for a disk.
        let mut limit = pin!(sleep(ENTERED));
        let all_made = {
            let _entered = torrent.enter();
            // The sockets are polled on the common threads, for the same reason.
            let made = begin(&common, async { while making.next().await.is_some() {} });
            tokio::select! {
                biased;
                () = made => true,
                () = &mut limit => false,
            }
        };
        if !all_made {
            tokio::spawn(async move { while making.next().await.is_some() {} });
        }
    }
}

async fn hand_over(librqbit: SocketAddr, HandOver { handshake, answer, .. }: HandOver) {
    if answer.is_closed() {
        return;
    }
    let made = timeout(ANSWER, async {
        let mut stream = TcpStream::connect(librqbit).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&handshake).await?;
        stream.read_exact(&mut [0; Handshake::LEN]).await?;
        stream.into_std()
    });
    let made = made.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    // A connection that nobody waits for any more is closed.
    _ = answer.send(made);
}
