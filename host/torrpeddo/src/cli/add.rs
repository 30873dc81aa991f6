//! `torrpeddo add`.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;
use torrpeddo_protocol::methods::{
    AddMagnet, AddMagnetParams, AddOptions, AddResult, AddTorrent, AddTorrentParams, AddUrl,
    AddUrlParams,
};
use torrpeddo_protocol::{ErrorKind, RpcError, Torrent, limits, size};

use super::args::AddArguments;
use super::out::Out;
use super::{text, watch};
use crate::failure::{EXIT_FAILED, EXIT_NO_ENGINE, Failure, Result};
use crate::reach::Connection;

/// How it went with one source.
#[derive(Debug, Serialize)]
pub struct Added {
    source: String,
    /// Whether it is in the list.
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    torrent: Option<Torrent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    already_exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
}

/// Adds everything, and waits for it where that is wanted.
pub fn run(arguments: &AddArguments, out: &Out) -> Result<ExitCode> {
    let options = options(arguments)?;
    let mut connection = super::connect()?;
    let mut added = each(&mut connection, &arguments.sources, &options, out)?;
    let mut all_well = added.iter().all(|one| one.ok);
    if arguments.wait {
        let torrents: Vec<Torrent> = added.iter().filter_map(|one| one.torrent.clone()).collect();
        let ended = watch::wait_for(&mut connection, torrents, out)?;
        all_well &= ended.all_well;
        for one in &mut added {
            let Some(torrent) = &mut one.torrent else { continue };
            if let Some(newest) = ended.torrents.get(&torrent.id) {
                *torrent = newest.clone();
            }
        }
    }
    out.document(&json!({ "results": added }));
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}

/// Adds each source, and says how it went.
pub fn each(
    connection: &mut Connection,
    sources: &[String],
    options: &AddOptions,
    out: &Out,
) -> Result<Vec<Added>> {
    let mut added = Vec::new();
    for source in sources {
        let result = match add(connection, source, options) {
            // Without an engine none of the others can be added either.
            Err(failure) if failure.exit == EXIT_NO_ENGINE => return Err(failure),
            result => result,
        };
        tell(source, &result, out);
        added.push(match result {
            Ok(result) => Added {
                source: source.clone(),
                ok: true,
                torrent: Some(result.torrent),
                already_exists: Some(result.already_exists),
                error: None,
            },
            Err(failure) => Added {
                source: source.clone(),
                ok: false,
                torrent: None,
                already_exists: None,
                error: Some(failure.to_rpc()),
            },
        });
    }
    Ok(added)
}

fn options(arguments: &AddArguments) -> Result<AddOptions> {
    let save_path = match &arguments.folder {
        None => None,
        Some(folder) => {
            let absolute = std::path::absolute(folder).ok();
            let text = absolute.as_deref().and_then(Path::to_str).map(str::to_owned);
            Some(text.ok_or_else(|| {
                Failure::usage(format!("{} is no folder that can be used.", folder.display()))
            })?)
        }
    };
    Ok(AddOptions {
        save_path,
        paused: arguments.paused.then_some(true),
        selected: None,
        queue_top: arguments.top.then_some(true),
        labels: (!arguments.labels.is_empty()).then(|| arguments.labels.clone()),
        preview_id: None,
    })
}

fn add(connection: &mut Connection, source: &str, options: &AddOptions) -> Result<AddResult> {
    let source = &file_of_url(source);
    let options = Some(options.clone());
    let client = &mut connection.client;
    let scheme = source.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    Ok(match scheme.as_deref() {
        Some("magnet") => {
            client.call::<AddMagnet>(&AddMagnetParams { uri: source.into(), options })?
        }
        Some("http" | "https") => {
            client.call::<AddUrl>(&AddUrlParams { url: source.into(), options })?
        }
        _ => {
            let data = STANDARD.encode(read(Path::new(source))?);
            client.call::<AddTorrent>(&AddTorrentParams { data, options })?
        }
    })
}

/// The path of a `file:` URL, which some programs give instead of a path.
fn file_of_url(source: &str) -> String {
    let is_url = source.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    let path =
        url::Url::parse(source).ok().filter(|_| is_url).and_then(|url| url.to_file_path().ok());
    path.as_deref().and_then(Path::to_str).unwrap_or(source).to_owned()
}

/// The bytes of a torrent file.
fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let limit = limits::TORRENT_FILE as u64;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let mut failure =
            Failure::new(ErrorKind::Io, format!("The file {shown} cannot be read: {error}."));
        failure.error.data.path = Some(shown.to_string());
        failure.error.data.reason = Some(error.to_string());
        return Err(failure.hint("Give a magnet link, a torrent file, or the URL of one."));
    }
    if bytes.len() as u64 > limit {
        let most = size::bytes(limit);
        return Err(Failure::new(
            ErrorKind::TooLarge,
            format!("The file {shown} is longer than {most}: that is no torrent file."),
        ));
    }
    Ok(bytes)
}

fn tell(source: &str, result: &Result<AddResult>, out: &Out) {
    match result {
        Ok(result) => {
            let (id, name) = (&result.torrent.id, &result.torrent.name);
            let what = if result.already_exists { "already there" } else { "added" };
            out.line(&format!("{what}: {} ({})", text::plain(name), text::short_id(id)));
        }
        Err(failure) => {
            // A magnet link can be longer than a screen.
            let source = text::plain(source);
            let source = console::truncate_str(&source, 60, "…");
            out.line(&format!("not added: {source}: {}", text::plain(&failure.to_rpc().message)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_urls_are_paths_and_nothing_else_is_changed() {
        #[cfg(unix)]
        assert_eq!(file_of_url("file:///a%20b/%C3%A4.torrent"), "/a b/ä.torrent");
        #[cfg(windows)]
        assert_eq!(file_of_url("file:///C:/a%20b/%C3%A4.torrent"), r"C:\a b\ä.torrent");
        for other in ["/a%20b", "magnet:?xt=1", "file", "https://x/file:"] {
            assert_eq!(file_of_url(other), other);
        }
        // That would be a folder in the network, which only Windows knows.
        #[cfg(unix)]
        assert_eq!(file_of_url("file://elsewhere/x"), "file://elsewhere/x");
    }
}
