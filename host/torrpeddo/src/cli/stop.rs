//! `torrpeddo stop`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use torrpeddo_protocol::methods::{Shutdown, ShutdownParams, When};

use super::args::StopArguments;
use super::out::Out;
use crate::failure::{Failure, Result};
use crate::paths::Paths;
use crate::{reach, start};

/// How long an engine may take to save everything; a bit more than it gives itself.
const END_LIMIT: Duration = Duration::from_secs(35);

/// Ends the engine, and says when it has ended.
pub fn run(arguments: &StopArguments, out: &Out) -> Result<ExitCode> {
    let paths = Paths::discover()?;
    let Some(mut connection) = reach::connect_running(&paths)? else {
        out.document(&json!({ "was_running": false }));
        out.line("The engine is not running.");
        return Ok(ExitCode::SUCCESS);
    };
    let when = if arguments.idle { When::Idle } else { When::Now };
    connection.client.call::<Shutdown>(&ShutdownParams { when })?;
    let pid = connection.engine.engine.pid;
    if when == When::Idle {
        out.document(&json!({ "was_running": true, "pid": pid }));
        out.line("The engine ends as soon as nothing downloads.");
        return Ok(ExitCode::SUCCESS);
    }
    // It keeps its lock until it is gone, whatever its socket does before.
    let deadline = Instant::now() + END_LIMIT;
    let mut pause = start::Pause::new();
    while start::try_lock(&paths.engine_lock)?.is_none() {
        if Instant::now() > deadline {
            return Err(Failure::unavailable(format!("The engine (process {pid}) does not end."))
                .hint("Its log says what it is doing; ending the process loses nothing."));
        }
        pause.sleep();
    }
    out.document(&json!({ "was_running": true, "pid": pid }));
    out.line("The engine has ended.");
    Ok(ExitCode::SUCCESS)
}
