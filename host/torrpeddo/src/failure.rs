//! What went wrong, for a person: what happened, and what to do.

use std::fmt;
use std::process::ExitCode;

use torrpeddo_protocol::{ErrorKind, RpcError};

/// The result of anything in the binary.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// The command did not do all that it was asked.
pub const EXIT_FAILED: u8 = 1;
/// The command line makes no sense; clap's own code.
pub const EXIT_USAGE: u8 = 2;
/// The engine cannot be started or reached, or does not fit this program.
pub const EXIT_NO_ENGINE: u8 = 3;
/// `torrpeddo engine` found another engine of this user.
pub const EXIT_ALREADY_RUNNING: u8 = 4;

/// Why a command, the relay or the engine's start went no further.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error as the protocol carries it; its message is the sentence.
    pub error: Box<RpcError>,
    /// What to do, where the sentence does not say so itself.
    pub hint: Option<String>,
    /// The exit code.
    pub exit: u8,
}

impl Failure {
    /// A failure that the command line reports as such.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { error: Box::new(RpcError::new(kind, message)), hint: None, exit: EXIT_FAILED }
    }

    /// The engine cannot be started or reached.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { exit: EXIT_NO_ENGINE, ..Self::new(ErrorKind::Unavailable, message) }
    }

    /// A running engine speaks another protocol.
    pub fn incompatible(message: impl Into<String>, supported: Vec<u32>) -> Self {
        let mut failure =
            Self { exit: EXIT_NO_ENGINE, ..Self::new(ErrorKind::Incompatible, message) };
        failure.error.data.supported = Some(supported);
        failure
    }

    /// The command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: EXIT_USAGE, ..Self::new(ErrorKind::InvalidParams, message) }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error object for a client, the hint made part of the sentence.
    pub fn to_rpc(&self) -> RpcError {
        let mut error = (*self.error).clone();
        if let Some(hint) = &self.hint {
            error.message = format!("{} {hint}", error.message);
        }
        error
    }

    /// The code to exit with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error.message)
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        Self { error: Box::new(error), hint: None, exit: EXIT_FAILED }
    }
}
