//! The only place that writes to standard output on behalf of a person or a script.

use std::io::{self, IsTerminal, Write};

use console::style;
use serde::Serialize;
use serde_json::json;

use super::text;
use crate::failure::Failure;

/// Where the command line's words go.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// One JSON document instead of words.
    pub json: bool,
}

impl Out {
    /// For people, or for scripts.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// A line for people.
    pub fn line(&self, line: &str) {
        if !self.json {
            self.bytes(format!("{line}\n").as_bytes());
        }
    }

    /// What there is to do, after a line.
    pub fn hint(&self, hint: &str) {
        self.line(&format!("{} {hint}", style("hint:").cyan()));
    }

    /// The document for scripts.
    pub fn document(&self, document: &impl Serialize) {
        if self.json
            && let Ok(mut bytes) = serde_json::to_vec(document)
        {
            bytes.push(b'\n');
            self.bytes(&bytes);
        }
    }

    /// The bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            // A reader that has seen enough (`| head`) is no error; a full disk is one.
            let code = i32::from(error.kind() != io::ErrorKind::BrokenPipe);
            std::process::exit(code);
        }
    }

    /// Why the command failed.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            let mut error = json!({ "error": failure.error });
            if let Some(hint) = &failure.hint {
                error["error"]["hint"] = hint.as_str().into();
            }
            self.document(&error);
            return;
        }
        let mut stderr = io::stderr().lock();
        // The sentence may quote a stranger's name.
        let sentence = text::plain(&failure.error.message);
        let _ = writeln!(stderr, "{} {sentence}", style("error:").red().bold().for_stderr());
        if let Some(hint) = &failure.hint {
            let _ = writeln!(stderr, "{} {hint}", style("hint:").cyan().for_stderr());
        }
    }

    /// Whether somebody is there who can be asked.
    pub fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a yes-or-no question; anything but a clear yes is a no.
    pub fn ask(&self, question: &str) -> bool {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    /// The columns of the terminal, when there is one to fit into.
    pub fn columns(&self) -> Option<usize> {
        let terminal = console::Term::stdout();
        terminal.is_term().then(|| usize::from(terminal.size().1))
    }
}
