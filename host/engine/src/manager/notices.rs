//! Tells the desktop what happened while no client is there to do it.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use torrpeddo_protocol::notifications::{Event, EventKind};

use super::{Manager, blocking};
use crate::names::clean_text;

/// How much of a name is shown.
const NAME_BYTES: usize = 200;

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
        let title = clean_text(event.name.as_deref().unwrap_or("Torrpeddo"), NAME_BYTES);
        let desktop = Arc::clone(&self.config().desktop);
        if let Err(error) = blocking(move || desktop.notify(&title, &text)).await {
            tracing::info!(%error, "a notification could not be shown");
        }
    }
}
