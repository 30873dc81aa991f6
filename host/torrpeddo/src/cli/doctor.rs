//! `torrpeddo doctor`.

use std::process::ExitCode;

use console::style;
use serde_json::json;
use torrpeddo_installer::doctor::has_problem;
use torrpeddo_protocol::model::Level;

use super::args::DoctorArguments;
use super::out::Out;
use super::text;
use crate::doctor;
use crate::failure::{EXIT_FAILED, Result};
use crate::paths::Paths;

/// Looks at everything, and puts right what it can where that is wanted.
pub fn run(arguments: &DoctorArguments, out: &Out) -> Result<ExitCode> {
    let paths = Paths::discover();
    let fixed = if arguments.fix { doctor::fix(&paths) } else { Vec::new() };
    for done in &fixed {
        out.line(&format!("{}  {}", style("fixed  ").green(), text::plain(done)));
    }
    let findings = doctor::examine(&paths);
    out.document(&json!({ "findings": findings, "fixed": fixed }));
    for finding in &findings {
        let mark = match finding.level {
            Level::Ok => style("ok     ").green(),
            Level::Warning => style("warning").yellow(),
            Level::Problem => style("PROBLEM").red(),
        };
        out.line(&format!("{mark}  {}: {}", finding.check, text::plain(&finding.message)));
        if let Some(remedy) = &finding.remedy {
            out.line(&format!("         {} {}", style("hint:").cyan(), text::plain(remedy)));
        }
    }
    Ok(if has_problem(&findings) { ExitCode::from(EXIT_FAILED) } else { ExitCode::SUCCESS })
}
