//! The commands that do something to torrents.

use std::process::ExitCode;

use torrpeddo_protocol::methods::{
    AnnounceNow, Cancel, DeleteFiles, DeleteFilesParams, IdsParams, ManyResult, Method, OneResult,
    Pause, Remove, RemoveParams, Resume, ResumeParams,
};
use torrpeddo_protocol::{Torrent, limits, size};

use super::args::{DeleteFilesArguments, RemoveArguments, ResumeArguments, Which};
use super::out::Out;
use super::{select, text};
use crate::failure::{EXIT_FAILED, Failure, Result};
use crate::reach::Connection;

/// `torrpeddo pause`.
pub fn pause(which: &Which, out: &Out) -> Result<ExitCode> {
    let (mut connection, torrents) = meant(which)?;
    act::<Pause>(&mut connection, &torrents, "paused", out, |ids| IdsParams { ids })
}

/// `torrpeddo resume`.
pub fn resume(arguments: &ResumeArguments, out: &Out) -> Result<ExitCode> {
    let (mut connection, torrents) = meant(&arguments.which)?;
    let force = arguments.force.then_some(true);
    act::<Resume>(&mut connection, &torrents, "resumed", out, |ids| ResumeParams { ids, force })
}

/// `torrpeddo announce`.
pub fn announce(which: &Which, out: &Out) -> Result<ExitCode> {
    let (mut connection, torrents) = meant(which)?;
    act::<AnnounceNow>(&mut connection, &torrents, "announced", out, |ids| IdsParams { ids })
}

/// `torrpeddo cancel`.
pub fn cancel(which: &Which, out: &Out) -> Result<ExitCode> {
    let (mut connection, torrents) = meant(which)?;
    act::<Cancel>(&mut connection, &torrents, "cancelled", out, |ids| IdsParams { ids })
}

/// `torrpeddo delete-files`.
pub fn delete_files(arguments: &DeleteFilesArguments, out: &Out) -> Result<ExitCode> {
    let (mut connection, torrents) = meant(&arguments.which)?;
    if !agreed(&torrents, "Delete the files of", arguments.yes, out)? {
        return Ok(ExitCode::from(EXIT_FAILED));
    }
    act::<DeleteFiles>(&mut connection, &torrents, "deleted", out, |ids| DeleteFilesParams {
        ids,
        trash: None,
    })
}

/// `torrpeddo remove`.
pub fn remove(arguments: &RemoveArguments, out: &Out) -> Result<ExitCode> {
    let (mut connection, torrents) = meant(&arguments.which)?;
    // Forgetting one by its name is what was said; forgetting all of them is worth a question.
    let agreed = if arguments.delete_files {
        agreed(&torrents, "Delete the files of, and forget,", arguments.yes, out)?
    } else if arguments.which.all {
        agreed(&torrents, "Forget", arguments.yes, out)?
    } else {
        true
    };
    if !agreed {
        return Ok(ExitCode::from(EXIT_FAILED));
    }
    let delete_files = arguments.delete_files.then_some(true);
    act::<Remove>(&mut connection, &torrents, "removed", out, |ids| RemoveParams {
        ids,
        delete_files,
        trash: None,
    })
}

fn meant(which: &Which) -> Result<(Connection, Vec<Torrent>)> {
    let mut connection = super::connect()?;
    let torrents = select::which(&mut connection, which)?;
    Ok((connection, torrents))
}

/// Whether what cannot be undone may be done.
fn agreed(torrents: &[Torrent], what: &str, yes: bool, out: &Out) -> Result<bool> {
    if yes || torrents.is_empty() {
        return Ok(true);
    }
    if !out.can_ask() {
        return Err(Failure::usage("This cannot be undone, and nobody is there to be asked.")
            .hint("Say --yes if that is what you want."));
    }
    let whose = match torrents {
        [one] => text::plain(&one.name),
        several => format!("{} torrents", several.len()),
    };
    let bytes = torrents.iter().map(|torrent| torrent.done_bytes).sum();
    Ok(out.ask(&format!("{what} {whose} ({})?", size::bytes(bytes))))
}

/// Calls a method over many, and tells how it went with each.
fn act<M: Method<Result = ManyResult>>(
    connection: &mut Connection,
    torrents: &[Torrent],
    done: &str,
    out: &Out,
    params: impl Fn(Vec<String>) -> M::Params,
) -> Result<ExitCode> {
    let mut results: Vec<OneResult> = Vec::new();
    for some in torrents.chunks(limits::IDS) {
        let ids = some.iter().map(|torrent| torrent.id.clone()).collect();
        results.extend(connection.client.call::<M>(&params(ids))?.results);
    }
    let mut all_well = true;
    for result in &results {
        all_well &= result.ok;
        let torrent = torrents.iter().find(|torrent| torrent.id == result.id);
        let name = torrent.map_or(result.id.as_str(), |torrent| torrent.name.as_str());
        let name = text::plain(name);
        match &result.error {
            None => out.line(&format!("{done}: {name}")),
            Some(error) => {
                out.line(&format!("not {done}: {name}: {}", text::plain(&error.message)));
            }
        }
    }
    if results.is_empty() {
        out.line("There are no torrents.");
    }
    out.document(&ManyResult { results });
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}
