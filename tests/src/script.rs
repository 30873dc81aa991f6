//! A Python program that is asked by lines of JSON: how libtorrent is driven.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

use crate::{Namespace, paths};

/// A running program. It ends with this value, and also when the test process dies, because its
/// standard input ends.
pub(crate) struct Script {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Script {
    /// Starts a program of `tests/seeder` with one argument, in a namespace or in that of the test.
    /// Returns it and the first line that it says.
    pub fn start(name: &str, options: &Value, within: Option<&Namespace>) -> (Self, Value) {
        let python = paths::tool("TORRPEDDO_TEST_PYTHON", "venv/bin/python", "python3");
        let mut command = Command::new(&python);
        command.arg(paths::repository().join("tests/seeder").join(name)).arg(options.to_string());
        if let Some(namespace) = within {
            command = namespace.inside(&command);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for us.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", python.display()));
        let input = child.stdin.take().expect("a piped standard input");
        let output = BufReader::new(child.stdout.take().expect("a piped standard output"));
        let script = Self { child, pipes: Mutex::new((input, output)) };
        let ready = read_line(&mut script.pipes.lock().expect("a new lock").1);
        assert_eq!(ready["ready"], true, "{ready}");
        (script, ready)
    }

    /// Says something, and waits for the answer.
    pub fn ask(&self, command: &Value) -> Value {
        let mut pipes = self.pipes.lock().expect("no test panicked while it asked");
        writeln!(pipes.0, "{command}").expect("a program that reads");
        read_line(&mut pipes.1)
    }
}

fn read_line(output: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    output.read_line(&mut line).expect("a program that answers");
    serde_json::from_str(&line)
        .unwrap_or_else(|_| panic!("it ended or said {line:?}; its errors are above"))
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
