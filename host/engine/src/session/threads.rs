//! The threads that librqbit runs on, apart from the engine's own: a disk that is slow must not keep
//! an answer back.
//!
//! Where librqbit is started on a runtime of several threads, it hands its thread's other tasks over
//! to another thread for every block of 16 KiB that it writes or reads (`block_in_place`), which takes
//! half the time of a fast download. So it is started on a runtime of one thread.
//!
//! A torrent that begins is given to one of a few threads, and stays there with its peers (see
//! [`inlet`](super::inlet)). Its tasks wake each other several times for every block, and ten times a
//! second where nothing happens: on several threads each of these would wake another one, which takes
//! more time than the work.

use std::future::{Future, poll_fn};
use std::num::NonZero;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism};

use tokio::runtime::{self, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::session::rest::{rest, ring_late};

/// How many threads there are at least for torrents, and for peers that connect to us: several of
/// them may wait for a disk.
const THREADS: usize = 8;

/// Runs librqbit's tasks until they are told to end.
#[derive(Debug, Clone)]
pub struct Threads {
    later: Handle,
    torrents: Arc<[Handle]>,
    /// How many torrents have been given a thread.
    given: Arc<AtomicUsize>,
}

impl Threads {
    /// Awaits what `start` makes on a runtime of one thread, runs there what `serve` makes of it, and has
    /// `Self` run all that is begun afterwards, until `end`.
    ///
    /// # Errors
    /// Those of `start`; `Unavailable` when the system gives no threads.
    pub async fn start<T, F, S>(
        start: impl FnOnce() -> F + Send + 'static,
        serve: impl FnOnce(&T) -> S + Send + 'static,
        end: CancellationToken,
    ) -> Result<(T, Self)>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>>,
        S: Future<Output = ()>,
    {
        let (tell, started) = oneshot::channel();
        let run = move || match runtimes(&end) {
            Ok((first, later, torrents)) => {
                let later_handle = later.handle().clone();
                let threads = Self { later: later_handle, torrents, given: Arc::default() };
                run(&first, later, threads, start, serve, end, tell);
            }
            Err(error) => {
                // Some threads may be there already.
                end.cancel();
                _ = tell.send(Err(no_threads(&error)));
            }
        };
        Builder::new().name("librqbit".into()).spawn(run).map_err(|error| no_threads(&error))?;
        started.await.unwrap_or_else(|_| Err(Error::Internal("librqbit did not start".into())))
    }

    /// Runs what begins tasks of librqbit.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        self.later.spawn(task)
    }

    /// The thread for the next torrent.
    pub fn assign(&self) -> Handle {
        let number = self.given.fetch_add(1, Ordering::Relaxed) % self.torrents.len().max(1);
        self.torrents.get(number).unwrap_or(&self.later).clone()
    }
}

/// Awaits the beginning of a torrent, and runs what it begins on `thread`.
pub async fn begin<F: Future>(thread: &Handle, torrent: F) -> F::Output {
    let mut torrent = pin!(torrent);
    poll_fn(|context| {
        let _there = thread.enter();
        torrent.as_mut().poll(context)
    })
    .await
}

type Runtimes = (Runtime, Runtime, Arc<[Handle]>);

fn runtimes(end: &CancellationToken) -> std::io::Result<Runtimes> {
    let threads = available_parallelism().map_or(THREADS, NonZero::get).max(THREADS);
    let first = of_one_thread().build()?;
    let mut later = runtime::Builder::new_multi_thread();
    later.worker_threads(threads).thread_name("librqbit-peers").on_thread_start(ring_late);
    let later = later.enable_all().build()?;
    let torrents =
        (0..threads).map(|_| for_torrents(end.clone())).collect::<std::io::Result<_>>()?;
    Ok((first, later, torrents))
}

fn of_one_thread() -> runtime::Builder {
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_all();
    builder
}

/// A thread for torrents, until the end.
fn for_torrents(end: CancellationToken) -> std::io::Result<Handle> {
    let runtime = of_one_thread().on_thread_park(rest).build()?;
    let handle = runtime.handle().clone();
    let run = move || {
        ring_late();
        runtime.block_on(end.cancelled());
        runtime.shutdown_background();
    };
    Builder::new().name("librqbit-torrent".into()).spawn(run)?;
    Ok(handle)
}

fn run<T, F, S>(
    first: &Runtime,
    later: Runtime,
    threads: Threads,
    start: impl FnOnce() -> F,
    serve: impl FnOnce(&T) -> S,
    end: CancellationToken,
    tell: oneshot::Sender<Result<(T, Threads)>>,
) where
    F: Future<Output = Result<T>>,
    S: Future<Output = ()>,
{
    ring_late();
    first.block_on(async {
        let started = start().await;
        // Held while this thread waits, and so in force for all tasks on it: what connects to librqbit
        // is accepted here, and served by the other threads.
        let _elsewhere = later.enter();
        let serving = started.as_ref().ok().map(serve);
        let told = tell.send(started.map(|made| (made, threads)));
        match serving {
            Some(serving) if told.is_ok() => tokio::select! {
                () = serving => end.cancelled().await,
                () = end.cancelled() => {}
            },
            _ => end.cancel(),
        }
    });
    later.shutdown_background();
}

fn no_threads(error: &std::io::Error) -> Error {
    Error::Unavailable(format!("The system gives the torrent session no threads: {error}."))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::runtime::RuntimeFlavor;

    use super::*;

    async fn nothing() {}

    fn idle<T>(_: &T) -> impl Future<Output = ()> + use<T> {
        nothing()
    }

    fn here() -> (Option<String>, thread::ThreadId) {
        (name(), thread::current().id())
    }

    fn name() -> Option<String> {
        thread::current().name().map(str::to_owned)
    }

    #[tokio::test]
    async fn it_starts_on_one_thread_and_goes_on_on_many() {
        let end = CancellationToken::new();
        let (ask, asked) = oneshot::channel();
        let start = || async {
            // A listener, say: begun by the start, and itself the beginning of others.
            let listener = tokio::spawn(async move {
                let () = asked.await.unwrap();
                tokio::spawn(async { name() }).await.unwrap()
            });
            Ok((Handle::current().runtime_flavor(), name(), listener))
        };
        let ((flavor, thread, listener), threads) =
            Threads::start(start, idle, end.clone()).await.unwrap();
        assert_eq!((flavor, thread.as_deref()), (RuntimeFlavor::CurrentThread, Some("librqbit")));
        ask.send(()).unwrap();
        assert_eq!(listener.await.unwrap().as_deref(), Some("librqbit-peers"));
        let thread = threads.spawn(async { name() }).await.unwrap();
        assert_eq!(thread.as_deref(), Some("librqbit-peers"));
        end.cancel();
    }

    #[tokio::test]
    async fn a_torrent_stays_on_one_thread_with_its_peers() {
        let end = CancellationToken::new();
        let ((), threads) = Threads::start(|| async { Ok(()) }, idle, end.clone()).await.unwrap();
        let torrent = || async {
            let thread = threads.assign();
            let begun = begin(&thread, async {
                tokio::task::yield_now().await;
                let peer = || tokio::spawn(async move { here() });
                tokio::spawn(async move { (here(), peer().await) }).await
            });
            let (task, peer) = begun.await.unwrap();
            assert_eq!(task.0.as_deref(), Some("librqbit-torrent"));
            assert_eq!(peer.unwrap(), task);
            task.1
        };
        assert_ne!(torrent().await, torrent().await, "the next one has another thread");
        end.cancel();
    }

    #[tokio::test]
    async fn a_start_that_fails_says_why() {
        let start = || async { Err::<(), _>(Error::Unavailable("No.".into())) };
        let failed = Threads::start(start, idle, CancellationToken::new()).await.unwrap_err();
        assert_eq!(failed.to_string(), "No.");
    }

    #[tokio::test]
    async fn everything_ends_when_it_is_told_to() {
        let end = CancellationToken::new();
        let start = || async { Ok(tokio::spawn(std::future::pending::<()>())) };
        let (first, threads) = Threads::start(start, idle, end.clone()).await.unwrap();
        let later = threads.spawn(std::future::pending::<()>());
        end.cancel();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(later.await.unwrap_err().is_cancelled());
    }
}
