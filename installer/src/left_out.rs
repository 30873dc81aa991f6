//! Browsers that the user took Torrpeddo back from. Without this the next start of the engine would
//! take them for new ones.

use crate::browsers::Browser;
use crate::environment::Environment;
use crate::{made_folders, notes};

const LIST: &str = "left-out-browsers";

/// Whether this one shall be left alone.
#[must_use]
pub fn is_left_out(environment: &Environment, browser: &Browser) -> bool {
    notes::read(environment, LIST).iter().any(|name| name == browser.name)
}

/// Forgets about these; about all when there are none.
pub(crate) fn admit(environment: &Environment, browsers: &[&'static Browser]) {
    let left: Vec<String> = if browsers.is_empty() {
        Vec::new()
    } else {
        let admitted = |name: &String| browsers.iter().any(|browser| browser.name == name);
        notes::read(environment, LIST).into_iter().filter(|name| !admitted(name)).collect()
    };
    notes::write(environment, LIST, &left);
}

/// Remembers these. With none everything is taken back, and nothing is left to be repaired.
pub(crate) fn leave_out(environment: &Environment, browsers: &[&'static Browser]) {
    let mut left = if browsers.is_empty() { Vec::new() } else { notes::read(environment, LIST) };
    for browser in browsers {
        if !left.iter().any(|name| name == browser.name) {
            left.push(browser.name.into());
        }
    }
    let write = || notes::write(environment, LIST, &left);
    made_folders::noting(environment, &[&notes::file(environment, LIST)], write);
}
