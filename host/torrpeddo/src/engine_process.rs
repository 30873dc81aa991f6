//! `torrpeddo engine`: the process around the engine. It owns what the engine must not know: the
//! environment, the lock, the socket, the signals and the log.

use std::fs::File;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use torrpeddo_engine::{Engine, EngineConfig};
use torrpeddo_installer::repair;

use crate::desktop::SystemDesktop;
use crate::doctor::{self, SelfDoctor};
use crate::endpoint::Listener;
use crate::failure::{EXIT_ALREADY_RUNNING, Failure, Result};
use crate::paths::Paths;
use crate::system::EndSignals;
use crate::{defaults, engine_info, logging, paths, reach, start, system};

/// How long an engine that is just ending is waited for. Shorter than its starter waits for us.
const LOCK_LIMIT: Duration = Duration::from_secs(8);
/// How often the socket is looked after.
const SOCKET_CHECK: Duration = Duration::from_secs(10);
/// How long saving may take at the end.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How long what still runs after that may take to notice.
const RUNTIME_LIMIT: Duration = Duration::from_secs(2);

/// Runs the engine until it ends. `detached`: nobody looks at this process's terminal.
pub fn run(detached: bool) -> Result<ExitCode> {
    if detached {
        system::detach();
    }
    let paths = Paths::discover()?;
    let result = paths.prepare().and_then(|()| run_in(&paths, detached));
    if let Err(failure) = &result
        && failure.exit != EXIT_ALREADY_RUNNING
    {
        tracing::error!("{}", failure.to_rpc().message);
        // Whoever started us has no other way to learn why there is no engine.
        start::write_start_error(&paths, failure);
    }
    result.map(|()| ExitCode::SUCCESS)
}

fn run_in(paths: &Paths, detached: bool) -> Result<()> {
    // Two engines on one data folder would destroy each other's work: the lock is held until this
    // process is gone, however it goes.
    let _lock = take_lock(paths)?;
    logging::start(&paths.log_dir, !detached)?;
    system::raise_file_limit();
    let config = EngineConfig {
        data_dir: paths.data_dir.clone(),
        defaults: defaults::from_environment()?,
        allowed_roots: paths::allowed_roots(),
        version: reach::VERSION.into(),
        boot_id: system::boot_id(fresh_id()),
        desktop: Arc::new(SystemDesktop),
        log: Arc::new(logging::Tail::new(&paths.log_dir)),
        doctor: Arc::new(SelfDoctor::new(paths)),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::unavailable(format!("The system gives the engine no threads: {error}."))
    })?;
    let result = runtime.block_on(serve(paths, config));
    runtime.shutdown_timeout(RUNTIME_LIMIT);
    result
}

/// An id that no other start has.
fn fresh_id() -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
}

/// Waits while another engine ends; one that answers is there to stay.
fn take_lock(paths: &Paths) -> Result<File> {
    let deadline = Instant::now() + LOCK_LIMIT;
    let mut pause = start::Pause::new();
    loop {
        if let Some(lock) = start::try_lock(&paths.engine_lock)? {
            return Ok(lock);
        }
        let running = reach::connect_running(paths);
        if matches!(running, Ok(None)) && Instant::now() < deadline {
            pause.sleep();
            continue;
        }
        let pid = match running {
            Ok(Some(connection)) => Some(connection.engine.engine.pid),
            _ => engine_info::read(paths).map(|info| info.pid),
        };
        let process = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
        let mut failure =
            Failure::unavailable(format!("An engine of this user is running already{process}."))
                .hint("`torrpeddo stop` ends it.");
        failure.exit = EXIT_ALREADY_RUNNING;
        return Err(failure);
    }
}

async fn serve(paths: &Paths, config: EngineConfig) -> Result<()> {
    let no_socket = |error: std::io::Error| {
        Failure::unavailable(format!(
            "The socket {} cannot be made: {error}.",
            paths.socket.display()
        ))
    };
    let mut signals = EndSignals::new().map_err(no_socket)?;
    let engine = Engine::start(config)
        .await
        .map_err(|error| Failure::unavailable(format!("The engine cannot be started: {error}")))?;
    let mut listener = Listener::bind(&paths.socket).map_err(no_socket)?;
    engine_info::write(paths).map_err(no_socket)?;
    let _ = std::fs::remove_file(&paths.start_error);
    tracing::info!("engine {} listens at {}", reach::VERSION, paths.socket.display());
    if engine.settings().repair_registrations {
        let paths = paths.clone();
        // Beside everything else: nobody waits for it.
        tokio::task::spawn_blocking(move || repair_registrations(&paths));
    }

    let mut check = tokio::time::interval(SOCKET_CHECK);
    check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let why = loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => {
                    let engine = engine.clone();
                    tokio::spawn(async move { engine.serve(stream).await });
                }
                Err(error) => {
                    // Out of descriptors, most likely: trying at once would only spin.
                    tracing::warn!("a connection was not accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = check.tick() => if !listener.is_reachable() {
                match rebind(paths) {
                    Ok(new) => listener = new,
                    Err(failure) => tracing::warn!("{failure}"),
                }
            },
            signal = signals.next() => break signal,
            () = engine.ended() => break "nothing left to do",
        }
    };
    tracing::info!("the engine ends: {why}");
    // Nobody new from here on; a relay that comes now waits for the lock and starts the next one.
    drop(listener);
    engine_info::remove(paths);
    tokio::select! {
        () = engine.stop() => tracing::info!("the engine has ended"),
        signal = signals.next() => tracing::warn!("{signal} again: ending without waiting"),
        () = tokio::time::sleep(STOP_LIMIT) => tracing::error!("ending took too long; given up"),
    }
    Ok(())
}

/// Tells browsers anew where the program was moved, and those that came later.
fn repair_registrations(paths: &Paths) {
    match doctor::environment(paths) {
        Ok(environment) => {
            for done in repair::repair(&environment) {
                tracing::info!("{done}");
            }
        }
        Err(failure) => tracing::warn!("the browsers cannot be looked at: {failure}"),
    }
}

/// Listens again where somebody removed the socket under us.
fn rebind(paths: &Paths) -> Result<Listener> {
    paths.prepare()?;
    let listener = Listener::bind(&paths.socket).map_err(|error| {
        Failure::unavailable(format!("The socket is gone and cannot be made again: {error}."))
    })?;
    tracing::info!("the socket was gone and is there again");
    Ok(listener)
}
