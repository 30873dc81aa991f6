//! What the engine does at its start: registrations that lead nowhere since the program was moved
//! are written anew, and browsers that came later are told.

use crate::browsers::{self, Browser, Sandbox, Scope};
use crate::environment::Environment;
use crate::manifest::Found;
use crate::registration::Registration;
use crate::{autostart, handler, left_out};

/// Puts right what can be, and says each in a sentence.
///
/// Another installation that works is left alone: two of them would take the browsers from each
/// other for ever. And nothing is registered for somebody who never did so, or who took it back.
pub fn repair(environment: &Environment) -> Vec<String> {
    let mut said = Vec::new();
    let mut unknown = Vec::new();
    let (mut is_in_use, mut has_moved) = (false, false);
    for (browser, registration) in registrations(environment) {
        match registration.look() {
            Found::Nothing => unknown.push((browser, registration)),
            Found::Ours(there, bytes) => {
                let program = registration.leads_to(&there);
                let is_this = program == environment.binary;
                if !is_this && program.exists() {
                    continue;
                }
                is_in_use = true;
                has_moved |= !is_this;
                let wanted = registration.wanted(environment);
                if !wanted.is_ok_and(|wanted| registration.is_current(&bytes, &wanted)) {
                    said.push(write(environment, browser, &registration));
                }
            }
            // The doctor speaks of these.
            Found::NotOurs(_) | Found::Unreadable(_) => {}
        }
    }
    if is_in_use {
        for (browser, registration) in unknown {
            let is_told = || is_told_by_the_system(environment, browser);
            if !left_out::is_left_out(environment, browser) && !is_told() {
                said.push(write(environment, browser, &registration));
            }
        }
    }
    if has_moved {
        said.extend(others(environment));
    }
    said
}

/// What else names the program, where the user asked for it.
fn others(environment: &Environment) -> impl Iterator<Item = String> {
    let handler = handler::is_installed(environment).then(|| handler::install(environment, false));
    let autostart =
        autostart::is_installed(environment).then(|| autostart::install(environment, false));
    handler.into_iter().chain(autostart).map(|action| action.message)
}

/// Those of the user's browsers that are there.
fn registrations(environment: &Environment) -> Vec<(&'static Browser, Registration)> {
    let mut registrations: Vec<(&'static Browser, Registration)> = Vec::new();
    for browser in browsers::ALL {
        for place in browser.places_in(environment, Scope::User) {
            let is_useless = matches!(place.sandbox, Some(Sandbox::SnapWithout(_)));
            if is_useless || !place.is_present(environment) {
                continue;
            }
            let registration = Registration::at(environment, browser.family, place);
            if registrations.iter().all(|(_, other)| *other != registration) {
                registrations.push((browser, registration));
            }
        }
    }
    registrations
}

fn is_told_by_the_system(environment: &Environment, browser: &Browser) -> bool {
    browser.places_in(environment, Scope::System).any(|place| {
        let registration = Registration::at(environment, browser.family, place);
        matches!(registration.look(), Found::Ours(there, _) if there.path.exists())
    })
}

fn write(environment: &Environment, browser: &Browser, registration: &Registration) -> String {
    let written = registration
        .wanted(environment)
        .and_then(|wanted| registration.write(environment, &wanted));
    match written {
        Ok(()) => format!("registered with {}", browser.title),
        Err(error) => {
            let file = registration.file.display();
            format!("not registered with {}: {file}: {error}", browser.title)
        }
    }
}

#[cfg(test)]
#[path = "repair_tests.rs"]
mod tests;
