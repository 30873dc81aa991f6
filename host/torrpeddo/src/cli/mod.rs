//! cli
use std::io::Write;
use std::process::ExitCode;

pub fn run() -> ExitCode {
    let arg: Vec<String> = std::env::args().skip(1).collect();
    match arg.first().map(String::as_str) {
        Some("relay") => crate::relay::run(),
        Some("engine") => match crate::engine_process::run(arg.len() > 1) {
            Ok(code) => code,
            Err(failure) => {
                let _ = writeln!(std::io::stderr(), "{failure}");
                failure.exit_code()
            }
        },
        _ => ExitCode::FAILURE,
    }
}
