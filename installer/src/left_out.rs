//! Browsers that the user took Torrpeddo back from, one name a line. Without this the next start of
//! the engine would take them for new ones.

use std::fs;

use crate::browsers::Browser;
use crate::environment::Environment;
use crate::manifest;

/// Whether this one shall be left alone.
#[must_use]
pub fn is_left_out(environment: &Environment, browser: &Browser) -> bool {
    read(environment).iter().any(|name| name == browser.name)
}

/// Forgets about these; about all when there are none.
pub(crate) fn admit(environment: &Environment, browsers: &[&'static Browser]) {
    let left: Vec<String> = if browsers.is_empty() {
        Vec::new()
    } else {
        let admitted = |name: &String| browsers.iter().any(|browser| browser.name == name);
        read(environment).into_iter().filter(|name| !admitted(name)).collect()
    };
    write(environment, &left);
}

/// Remembers these. With none everything is taken back, and nothing is left to be repaired.
pub(crate) fn leave_out(environment: &Environment, browsers: &[&'static Browser]) {
    let mut left = if browsers.is_empty() { Vec::new() } else { read(environment) };
    for browser in browsers {
        if !left.iter().any(|name| name == browser.name) {
            left.push(browser.name.into());
        }
    }
    write(environment, &left);
}

fn read(environment: &Environment) -> Vec<String> {
    let text = fs::read_to_string(&environment.left_out).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// What cannot be remembered is no reason to fail: the worst is a registration too many.
fn write(environment: &Environment, names: &[String]) {
    if names.is_empty() {
        let _ = fs::remove_file(&environment.left_out);
    } else {
        let text = names.join("\n") + "\n";
        let _ = manifest::write(&environment.left_out, text.as_bytes(), false);
    }
}
