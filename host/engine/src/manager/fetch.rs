//! Fetches torrent files from the web.

use std::time::Duration;

use reqwest::redirect::Policy;
use torrpeddo_protocol::{limits, size};

use super::Manager;
use crate::{Error, Result};

/// How long a web server may take in all.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often it may send us on.
const REDIRECTS: usize = 10;

/// What was behind a URL.
pub(super) enum Fetched {
    /// A magnet link, given or redirected to.
    Magnet(String),
    /// Bytes that may be a torrent file.
    Torrent(Vec<u8>),
}

pub(super) fn client() -> Result<reqwest::Client> {
    let policy = Policy::custom(|attempt| {
        if attempt.previous().len() >= REDIRECTS {
            attempt.error("too many redirects")
        } else if matches!(attempt.url().scheme(), "http" | "https") {
            attempt.follow()
        } else {
            // Some sites answer with a redirect to a magnet link: look at it, do not follow it.
            attempt.stop()
        }
    });
    reqwest::Client::builder()
        .redirect(policy)
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| Error::Internal(format!("no HTTP client: {error}")))
}

impl Manager {
    /// Fetches what is behind `url`: at most 10 MiB.
    pub(super) async fn fetch(&self, url: &str) -> Result<Fetched> {
        let url = url.trim();
        if is_magnet(url) {
            return Ok(Fetched::Magnet(url.to_owned()));
        }
        let invalid = |message: &str| Error::InvalidParams {
            message: message.into(),
            member: Some("url".into()),
        };
        let parsed = reqwest::Url::parse(url)
            .map_err(|_| invalid("This is no link. Give an http or https address, or a magnet."))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(invalid("Only http, https and magnet links can be added."));
        }
        let host = parsed.host_str().unwrap_or_default().to_owned();
        let failed = |error: &reqwest::Error| Error::Io {
            message: format!(
                "The torrent file could not be fetched from {host}: {}. Try again, or save it and \
                 add the file.",
                reason(error)
            ),
            path: None,
            reason: error.to_string(),
        };
        let mut response = self.0.http.get(parsed).send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        if status.is_redirection() {
            let location = response.headers().get("location").and_then(|to| to.to_str().ok());
            if let Some(location) = location.filter(|location| is_magnet(location)) {
                return Ok(Fetched::Magnet(location.to_owned()));
            }
        }
        if !status.is_success() {
            return Err(Error::Io {
                message: format!(
                    "{host} answered “{status}” instead of a torrent file. If it wants a login, \
                     save the file in the browser and add it."
                ),
                path: None,
                reason: status.to_string(),
            });
        }
        let mut torrent = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if torrent.len() + chunk.len() > limits::TORRENT_FILE {
                return Err(Error::TooLarge(format!(
                    "What {host} sends is larger than {}: that is no torrent file.",
                    size::bytes(limits::TORRENT_FILE as u64)
                )));
            }
            torrent.extend_from_slice(&chunk);
        }
        Ok(Fetched::Torrent(torrent))
    }
}

fn is_magnet(url: &str) -> bool {
    url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("magnet:"))
}

fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "no connection could be made"
    } else if error.is_redirect() {
        "it redirects in circles"
    } else {
        "the transfer broke off"
    }
}
