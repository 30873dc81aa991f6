//! The threads that librqbit runs on, apart from the engine's own: a disk that is slow must not keep
//! an answer back.
//!
//! Where librqbit is started on a runtime of several threads, it hands its thread's other tasks over
//! to another thread for every block of 16 KiB that it writes or reads (`block_in_place`), which takes
//! half the time of a fast download. So it is started on a runtime of one thread. Everything that it
//! begins later, the peers above all, runs on another one, with threads to spare for those that wait
//! for the disk.

use std::future::Future;
use std::num::NonZero;
use std::thread::{Builder, available_parallelism};

use tokio::runtime::{self, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

/// How many threads peers have at least: several of them may wait for the disk.
const THREADS: usize = 8;

/// Runs librqbit's tasks until they are told to end.
#[derive(Debug, Clone)]
pub struct Threads(Handle);

impl Threads {
    /// Awaits what `start` makes on a runtime of one thread, and has `Self` run all that is begun
    /// afterwards, until `end`.
    pub async fn start<T, F>(
        start: impl FnOnce() -> F + Send + 'static,
        end: CancellationToken,
    ) -> Result<(T, Self)>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>>,
    {
        let (tell, started) = oneshot::channel();
        let run = move || match runtimes() {
            Ok((first, later)) => run(&first, later, start, end, tell),
            Err(error) => _ = tell.send(Err(no_threads(&error))),
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
        self.0.spawn(task)
    }
}

fn runtimes() -> std::io::Result<(Runtime, Runtime)> {
    let threads = available_parallelism().map_or(THREADS, NonZero::get).max(THREADS);
    let first = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut later = runtime::Builder::new_multi_thread();
    let later = later.worker_threads(threads).thread_name("librqbit-peers").enable_all().build()?;
    Ok((first, later))
}

fn run<T, F: Future<Output = Result<T>>>(
    first: &Runtime,
    later: Runtime,
    start: impl FnOnce() -> F,
    end: CancellationToken,
    tell: oneshot::Sender<Result<(T, Threads)>>,
) {
    first.block_on(async {
        let started = start().await;
        let failed = started.is_err();
        // Held while this thread waits, and so in force for all tasks on it: a peer that connects
        // to us is met here, and served by the other threads like those that we connect to.
        let _elsewhere = later.enter();
        let told = tell.send(started.map(|made| (made, Threads(later.handle().clone()))));
        if !failed && told.is_ok() {
            end.cancelled().await;
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
            Threads::start(start, end.clone()).await.unwrap();
        assert_eq!((flavor, thread.as_deref()), (RuntimeFlavor::CurrentThread, Some("librqbit")));
        ask.send(()).unwrap();
        assert_eq!(listener.await.unwrap().as_deref(), Some("librqbit-peers"));
        let thread = threads.spawn(async { name() }).await.unwrap();
        assert_eq!(thread.as_deref(), Some("librqbit-peers"));
        end.cancel();
    }

    #[tokio::test]
    async fn a_start_that_fails_says_why() {
        let start = || async { Err::<(), _>(Error::Unavailable("No.".into())) };
        let failed = Threads::start(start, CancellationToken::new()).await.unwrap_err();
        assert_eq!(failed.to_string(), "No.");
    }

    #[tokio::test]
    async fn everything_ends_when_it_is_told_to() {
        let end = CancellationToken::new();
        let start = || async { Ok(tokio::spawn(std::future::pending::<()>())) };
        let (first, threads) = Threads::start(start, end.clone()).await.unwrap();
        let later = threads.spawn(std::future::pending::<()>());
        end.cancel();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(later.await.unwrap_err().is_cancelled());
    }
}
