//! The RPC server: frames in, frames out, for one client at a time. Only here is JSON known.
//!
//! A connection has a task that reads, a task that writes, and one for each request that has to
//! wait. The way out is a short queue: who does not read is not sent more, and nobody else waits
//! for that. A request is begun before the next one is read, so commands take effect in the order
//! in which they came, although their answers need not.

mod dispatch;
mod methods;
mod subscription;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use torrpeddo_protocol::frame::{Frame, tokio_io};
use torrpeddo_protocol::jsonrpc::{self, Id, Request};
use torrpeddo_protocol::{ErrorKind, RpcError, limits};

use crate::engine::Engine;
use crate::manager::{Manager, now_ms};
use subscription::Subscription;
use torrpeddo_protocol::notifications::{Event, EventKind, Notification};

/// How many frames wait for a client that does not read.
const OUTGOING: usize = 16;

/// How many requests of one connection may be under way. With more, reading waits.
const UNDER_WAY: usize = 128;

/// One client.
pub(crate) struct Connection {
    pub engine: Engine,
    pub out: mpsc::Sender<Vec<u8>>,
    pub subscription: Mutex<Option<Subscription>>,
    /// Previews that this client began: they end with it.
    pub previews: Mutex<Vec<String>>,
}

/// Tells the browser that came last, of those that listen, to show the full page; `false` when
/// there is none.
fn show_manager(engine: &Engine) -> bool {
    let event = Event::new(EventKind::ShowManager, now_ms());
    let Ok(frame) = jsonrpc::notification(Event::NAME, &event) else { return false };
    engine.browsers().iter().rev().any(|browser| {
        let listens = browser.subscription.lock().as_ref().is_some_and(Subscription::has_events);
        // One that does not read would not show anything.
        listens && browser.out.try_send(frame.clone()).is_ok()
    })
}

impl Connection {
    fn manager(&self) -> &Manager {
        self.engine.manager()
    }
}

/// Speaks with one client until it leaves.
pub(crate) async fn serve<S>(engine: Engine, stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (reader, mut writer) = tokio::io::split(stream);
    let (out, mut queue) = mpsc::channel::<Vec<u8>>(OUTGOING);
    let writing = tokio::spawn(async move {
        while let Some(payload) = queue.recv().await {
            if tokio_io::write_frame(&mut writer, &payload).await.is_err() {
                break;
            }
        }
        let _ = writer.shutdown().await;
    });
    let connection = Arc::new(Connection {
        engine,
        out,
        subscription: Mutex::new(None),
        previews: Mutex::new(Vec::new()),
    });
    let mut requests = JoinSet::new();
    let writer_gone = connection.out.clone();
    tokio::select! {
        () = read(&connection, reader, &mut requests) => {}
        // A client that takes nothing any more is gone, whatever it still sends.
        () = writer_gone.closed() => {}
    }
    drop(writer_gone);
    // What was begun is finished, whoever waits for it: a stop that is half done helps nobody.
    requests.detach_all();
    connection.subscription.lock().take();
    let previews = std::mem::take(&mut *connection.previews.lock());
    connection.engine.manager().abandon_previews(&previews);
    drop(connection);
    // What has been answered is still sent, if the client takes it.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), writing).await;
}

async fn read<R: AsyncRead + Unpin>(
    connection: &Arc<Connection>,
    mut reader: R,
    requests: &mut JoinSet<()>,
) {
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    loop {
        let payload = match tokio_io::read_frame(&mut reader, limits::FRAME_FROM_CLIENT).await {
            Ok(Some(Frame::Payload(payload))) => payload,
            Ok(Some(Frame::TooLong { announced })) => {
                let error = RpcError::new(
                    ErrorKind::InvalidRequest,
                    format!("A frame of {announced} bytes is over the limit of 64 MiB."),
                );
                if connection.out.send(jsonrpc::failure(None, &error)).await.is_err() {
                    return;
                }
                continue;
            }
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "a client is gone");
                return;
            }
        };
        while requests.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let connection = Arc::clone(connection);
        let answering = async move {
            answer(&connection, &payload).await;
            drop(place);
        };
        if let Some(rest) = begin(answering).await {
            requests.spawn(rest);
        }
    }
}

/// Polls a future once. What is not ready yet comes back, to be continued elsewhere.
async fn begin(
    future: impl Future<Output = ()> + Send + 'static,
) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
    let mut future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(future);
    let ready = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
    ready.is_pending().then_some(future)
}

async fn answer(connection: &Arc<Connection>, payload: &[u8]) {
    let (id, result) = match Request::parse(payload) {
        Ok(Request { id, method, params }) => {
            let done = dispatch::dispatch(connection, &method, params, id.as_ref());
            let result = AssertUnwindSafe(done).catch_unwind().await.unwrap_or_else(|_| {
                // The panic hook has logged it.
                Err(RpcError::new(
                    ErrorKind::Internal,
                    format!(
                        "Something went wrong inside the engine in {method}. The log says what."
                    ),
                ))
            });
            match (id, result) {
                // A notification gets no answer, not even an error.
                (None, _) => return,
                (Some(id), result) => (Some(id), result),
            }
        }
        Err((id, error)) => (id, Err(error)),
    };
    let frame = match result {
        Ok(frame) => frame,
        Err(error) => jsonrpc::failure(id.as_ref(), &error),
    };
    let _ = connection.out.send(fitting(id.as_ref(), frame)).await;
}

/// The engine never sends a frame that a browser would drop the port for.
fn fitting(id: Option<&Id>, frame: Vec<u8>) -> Vec<u8> {
    if frame.len() <= limits::FRAME_TO_CLIENT {
        return frame;
    }
    tracing::error!(bytes = frame.len(), "an answer is over the limit");
    let message = "The answer is too large for one frame. Ask for less at once.";
    jsonrpc::failure(id, &RpcError::new(ErrorKind::TooLarge, message))
}
