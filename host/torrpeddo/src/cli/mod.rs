//! The command line: a thin client of the engine, and the set-up.
//!
//! What people read has one style: what happened, then `hint:` and what to do. With `--json` one
//! JSON document goes to standard output, errors too.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::failure::{EXIT_USAGE, Failure, Result};
use crate::paths::Paths;
use crate::{engine_process, reach, relay, start};
use args::{Arguments, Command};
use out::Out;

mod act;
mod add;
mod args;
mod doctor;
mod list;
mod open;
mod out;
mod progress;
mod select;
mod settings;
mod setup;
mod stop;
mod swarm;
mod text;
mod watch;

/// Does what the command line says.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to clap, and go to standard output.
            let code = if error.use_stderr() { EXIT_USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let out = Out::new(arguments.json);
    match dispatch(arguments.command, &out) {
        Ok(code) => code,
        Err(failure) => {
            out.failure(&failure);
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command, out: &Out) -> Result<ExitCode> {
    match command {
        Command::Add(arguments) => add::run(&arguments, out),
        Command::Open(arguments) => open::run(&arguments, out),
        Command::List(arguments) => list::run(&arguments, out),
        Command::Watch(arguments) => watch::run(&arguments, out),
        Command::Peers(arguments) => swarm::peers(&arguments, out),
        Command::Trackers(arguments) => swarm::trackers(&arguments, out),
        Command::Announce(which) => act::announce(&which, out),
        Command::Pause(which) => act::pause(&which, out),
        Command::Resume(arguments) => act::resume(&arguments, out),
        Command::Cancel(which) => act::cancel(&which, out),
        Command::DeleteFiles(arguments) => act::delete_files(&arguments, out),
        Command::Remove(arguments) => act::remove(&arguments, out),
        Command::Settings(arguments) => settings::run(&arguments, out),
        Command::Stop(arguments) => stop::run(&arguments, out),
        Command::Install(arguments) => setup::install(arguments, out),
        Command::Uninstall(arguments) => setup::uninstall(arguments, out),
        Command::Doctor(arguments) => doctor::run(&arguments, out),
        Command::Engine(arguments) => engine_process::run(arguments.detached),
        Command::Relay => Ok(relay::run()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "torrpeddo", &mut script);
            out.bytes(&script);
            Ok(ExitCode::SUCCESS)
        }
        Command::Manual { folder } => {
            clap_mangen::generate_to(Arguments::command(), &folder).map_err(|error| {
                let folder = folder.display();
                Failure::usage(format!("The manual cannot be written to {folder}: {error}."))
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The engine, started where it is not running.
fn connect() -> Result<reach::Connection> {
    start::connect(&Paths::discover()?)
}

impl From<torrpeddo_protocol::client::ClientError> for Failure {
    fn from(error: torrpeddo_protocol::client::ClientError) -> Self {
        use torrpeddo_protocol::client::ClientError;
        match error {
            ClientError::Rpc(error) => error.into(),
            ClientError::Closed => {
                Self::unavailable("The engine has ended.").hint("Run the command again.")
            }
            error => Self::unavailable(error.to_string())
                .hint("Run `torrpeddo doctor` to see what is wrong."),
        }
    }
}
