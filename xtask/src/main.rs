//! The tasks of this repository: `cargo xtask help`.

mod build;
mod command;
mod cross;
mod debian;
mod fuzz;
mod package;
mod programs;
mod setup;
mod test;

use clap::{Parser, Subcommand};

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Shows the whole thing: a browser, the extension, the engine and a swarm, all on loopback
    Run(programs::RunArguments),
    /// Checks and tests everything
    Test(test::Arguments),
    /// Builds the release binary and the extension for both browsers
    Build,
    /// Makes the packages that people install
    Package(package::Arguments),
    /// Measures the relay, the engine and the extension on this machine
    Bench(programs::BenchArguments),
    /// Fuzzes what reads the input of strangers
    Fuzz(fuzz::Arguments),
    /// Writes the extension's TypeScript types from the types of host/protocol
    Codegen,
}

fn main() -> std::process::ExitCode {
    let done = match Arguments::parse().task {
        Task::Run(arguments) => programs::run(&arguments),
        Task::Test(arguments) => test::test(&arguments),
        Task::Build => build::everything(),
        Task::Package(arguments) => package::package(&arguments),
        Task::Bench(arguments) => programs::bench(&arguments),
        Task::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Task::Codegen => codegen(),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// What went wrong, in a sentence.
type Result<T = ()> = std::result::Result<T, String>;

fn codegen() -> Result {
    let path = command::repository().join("extension/lib/protocol/generated.ts");
    std::fs::write(&path, torrpeddo_protocol::typescript::generate())
        .map_err(|error| format!("{}: {error}", path.display()))
}
