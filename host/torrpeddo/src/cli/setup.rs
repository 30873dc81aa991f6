//! `torrpeddo install` and `uninstall`.

use std::process::ExitCode;

use console::style;
use torrpeddo_installer::browsers::Scope;
use torrpeddo_installer::install::{self, Outcome, Report, Request};
use torrpeddo_installer::{autostart, handler};

use super::args::InstallArguments;
use super::out::Out;
use super::text;
use crate::doctor;
use crate::failure::{EXIT_FAILED, Failure, Result};
use crate::paths::Paths;
use crate::system;

/// Registers with browsers, and does what was asked for besides.
pub fn install(arguments: InstallArguments, out: &Out) -> Result<ExitCode> {
    let environment = doctor::environment(&Paths::discover()?)?;
    let (handler, autostart, dry_run) = (arguments.handler, arguments.autostart, arguments.dry_run);
    let request = request(arguments);
    let mut report = install::install(&environment, &request).map_err(Failure::usage)?;
    let is_told = report.any(Outcome::Written) || report.any(Outcome::Unchanged);
    if handler {
        report.actions.push(handler::install(&environment, dry_run));
        system::associations_changed();
    }
    if autostart {
        report.actions.push(autostart::install(&environment, dry_run));
    }
    tell(&report, out);
    if report.actions.iter().all(|action| action.browsers.is_empty()) {
        out.hint("Start your browser once, then run this again; or name it with --browser.");
    }
    Ok(code(is_told && !report.any(Outcome::Refused)))
}

/// Undoes it: all of it, or what is named.
pub fn uninstall(arguments: InstallArguments, out: &Out) -> Result<ExitCode> {
    let environment = doctor::environment(&Paths::discover()?)?;
    let dry_run = arguments.dry_run;
    let parts = (arguments.handler, arguments.autostart);
    let all = parts == (false, false)
        && arguments.browsers.is_empty()
        && arguments.manifest_dir.is_none()
        && arguments.user_data_dir.is_none()
        && !arguments.system;
    let request = request(arguments);
    let mut report = if parts == (false, false) || !request.browsers.is_empty() {
        install::uninstall(&environment, &request).map_err(Failure::usage)?
    } else {
        Report { dry_run, actions: Vec::new() }
    };
    let mut besides = Vec::new();
    if all || parts.0 {
        besides.push(handler::uninstall(&environment, dry_run));
        system::associations_changed();
    }
    if all || parts.1 {
        besides.push(autostart::uninstall(&environment, dry_run));
    }
    // Of what nobody named and never was there is nothing to say.
    besides.retain(|action| !all || action.outcome != Outcome::Skipped);
    report.actions.extend(besides);
    tell(&report, out);
    if report.actions.is_empty() {
        out.line("Nothing was installed.");
    }
    Ok(code(!report.any(Outcome::Refused)))
}

fn request(arguments: InstallArguments) -> Request {
    let InstallArguments { browsers, system, user_data_dir, manifest_dir, dry_run, .. } = arguments;
    let scope = if system { Scope::System } else { Scope::User };
    Request { browsers, scope, manifest_dir, user_data_dir, dry_run }
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
            out.line(&format!("           {}", action.file.display()));
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
