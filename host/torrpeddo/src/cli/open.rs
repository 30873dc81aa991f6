//! `torrpeddo open`: what the desktop runs for magnet links and torrent files.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde_json::json;
use torrpeddo_engine::Desktop as _;
use torrpeddo_protocol::methods::{AddOptions, Empty, ShowManager};

use super::args::OpenArguments;
use super::out::Out;
use super::{add, text};
use crate::browser;
use crate::desktop::SystemDesktop;
use crate::failure::{EXIT_FAILED, Result};

const UNSHOWN: &str = "Open Torrpeddo from the toolbar of your browser to see the list.";

/// Adds everything, and shows the full page.
pub fn run(arguments: &OpenArguments, out: &Out) -> Result<ExitCode> {
    let done = add_and_show(arguments, out);
    // Whoever clicked a link in another program sees no terminal.
    if let Err(failure) = &done
        && !std::io::stderr().is_terminal()
    {
        notify(&failure.to_rpc().message);
    }
    done
}

fn add_and_show(arguments: &OpenArguments, out: &Out) -> Result<ExitCode> {
    let mut connection = super::connect()?;
    let added = add::each(&mut connection, &arguments.sources, &AddOptions::default(), out)?;
    // An engine of another version may not know the question.
    let answer = connection.client.call::<ShowManager>(&Empty {});
    let shown = answer.is_ok_and(|answer| answer.shown) || browser::show_manager();
    out.document(&json!({ "results": added, "shown": shown }));
    let error = added.iter().find_map(|one| one.error.as_ref());
    if !shown {
        out.hint(UNSHOWN);
    }
    if !std::io::stderr().is_terminal() {
        match error {
            Some(error) => notify(&text::plain(&error.message)),
            None if !shown => notify(UNSHOWN),
            None => {}
        }
    }
    let all_well = added.iter().all(|one| one.ok);
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}

/// Tells the user on the desktop, where there is one: there is nowhere else to say it.
fn notify(sentence: &str) {
    let _ = SystemDesktop.notify("Torrpeddo", sentence);
}
