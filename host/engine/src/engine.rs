//! The engine as the binary sees it.
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::EngineConfig;
use crate::Result;

/// A running engine. Clones share it.
#[derive(Clone)]
pub struct Engine {}

impl Engine {
    /// Opens the store, starts the session and brings every entry back as it was.
    ///
    /// # Errors
    /// When the store cannot be opened or no session can be started.
    pub async fn start(_config: EngineConfig) -> Result<Self> {
        Ok(Self {})
    }

    /// Speaks the protocol with one client until it leaves.
    pub async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(&self, _stream: S) {}

    /// Resolves when the engine should end: `shutdown` was called, or nothing is left to do and
    /// nobody is there (`keep_running`).
    pub async fn ended(&self) {
        std::future::pending().await
    }

    /// Tells the clients, saves everything and stops all network and disk work.
    pub async fn stop(&self) {}
}
