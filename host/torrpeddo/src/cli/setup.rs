//! `torrpeddo install` and `uninstall`.

use std::process::ExitCode;

use console::style;
use torrpeddo_installer::Environment;
use torrpeddo_installer::browsers::Scope;
use torrpeddo_installer::install::{self, Outcome, Report, Request};

use super::args::InstallArguments;
use super::out::Out;
use super::text;
use crate::doctor;
use crate::failure::{EXIT_FAILED, Failure, Result};
use crate::paths::Paths;

/// Registers with browsers.
pub fn install(arguments: InstallArguments, out: &Out) -> Result<ExitCode> {
    let report = act(arguments, install::install)?;
    tell(&report, out);
    // Nothing refused and nothing done means that no browser was found.
    let done = report.any(Outcome::Written) || report.any(Outcome::Unchanged);
    if !done && !report.any(Outcome::Refused) {
        out.hint("Start your browser once, then run this again; or name it with --browser.");
    }
    Ok(code(done && !report.any(Outcome::Refused)))
}

/// Undoes it.
pub fn uninstall(arguments: InstallArguments, out: &Out) -> Result<ExitCode> {
    let report = act(arguments, install::uninstall)?;
    tell(&report, out);
    Ok(code(!report.any(Outcome::Refused)))
}

fn act(
    arguments: InstallArguments,
    act: impl Fn(&Environment, &Request) -> Result<Report, String>,
) -> Result<Report> {
    let InstallArguments { browsers, system, user_data_dir, manifest_dir, dry_run } = arguments;
    let scope = if system { Scope::System } else { Scope::User };
    let request = Request { browsers, scope, manifest_dir, user_data_dir, dry_run };
    let environment = doctor::environment(&Paths::discover()?)?;
    act(&environment, &request).map_err(Failure::usage)
}

fn tell(report: &Report, out: &Out) {
    out.document(report);
    for action in &report.actions {
        let mark = match action.outcome {
            Outcome::Written => style("written  ").green(),
            Outcome::Unchanged => style("unchanged").green(),
            Outcome::Removed => style("removed  ").green(),
            Outcome::Skipped => style("skipped  ").dim(),
            Outcome::Refused => style("REFUSED  ").red(),
        };
        out.line(&format!("{mark}  {}", text::plain(&action.message)));
        if matches!(action.outcome, Outcome::Written | Outcome::Removed) {
            out.line(&format!("           {}", action.manifest.display()));
        }
        if let Some(remedy) = &action.remedy {
            out.line(&format!("           {} {}", style("hint:").cyan(), text::plain(remedy)));
        }
    }
    if report.dry_run {
        out.line("This was a dry run: nothing was changed.");
    }
}

fn code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) }
}
