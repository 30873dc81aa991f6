//! Tells the desktop what happened while no client is there to do it.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use torrpeddo_protocol::notifications::{Event, EventKind};

use super::{Manager, blocking};

/// How many characters of a name are shown.
const NAME: usize = 120;

impl Manager {
    pub(super) fn spawn_notices(&self) {
        let manager = self.clone();
        let mut events = self.events();
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) if event.kind == EventKind::EngineStopping => return,
                    Ok(event) => manager.notice(&event).await,
                    // So much at once that nobody would read all of it.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    async fn notice(&self, event: &Event) {
        let text = match (event.kind, &event.error) {
            (EventKind::TorrentCompleted, _) => "The download is complete.".to_owned(),
            (EventKind::TorrentError, Some(error)) => error.message.clone(),
            _ => return,
        };
        // Who gets events shows them. One receiver is our own.
        let told = self.0.events.receiver_count() > 1;
        if told || !self.settings().notify_when_browser_closed {
            return;
        }
        let title = readable(event.name.as_deref().unwrap_or("Torrpeddo"));
        let desktop = Arc::clone(&self.config().desktop);
        if let Err(error) = blocking(move || desktop.notify(&title, &text)).await {
            tracing::info!(%error, "a notification could not be shown");
        }
    }
}

/// A name that fits a line, from whoever made the torrent.
fn readable(name: &str) -> String {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
    if name.chars().count() > NAME { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_a_line() {
        assert_eq!(readable("a\nb\u{7}"), "ab");
        assert_eq!(readable(&"ü".repeat(NAME)), "ü".repeat(NAME));
        assert_eq!(readable(&"ü".repeat(10_000)), "ü".repeat(NAME) + "…");
    }
}
