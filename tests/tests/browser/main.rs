//! Real browsers with the built extension: what a user does, in each of them.

/// The options of a case: the default ones, or those that follow `with`.
macro_rules! options_of_case {
    () => {
        torrpeddo_tests::browser::Options::default()
    };
    ($options:path) => {
        $options
    };
}

/// Makes a test for each browser out of an async function that takes a `Case`. `name with OPTIONS`
/// starts the browser with other options than the default ones.
macro_rules! in_each_browser {
    ($($name:ident $(with $options:path)?),* $(,)?) => {
        mod chromium {
            $(#[test] fn $name() {
                let options = options_of_case!($($options)?);
                let kind = torrpeddo_tests::browser::Kind::Chromium;
                crate::support::run_with(kind, stringify!($name), options, |_, _| (), super::$name);
            })*
        }
        mod firefox {
            $(#[test] fn $name() {
                let options = options_of_case!($($options)?);
                let kind = torrpeddo_tests::browser::Kind::Firefox;
                crate::support::run_with(kind, stringify!($name), options, |_, _| (), super::$name);
            })*
        }
    };
}

mod accessible;
mod adding;
mod background;
mod catching;
mod clicks;
mod diagnostics;
mod drawing;
mod installed;
mod killed;
mod manager;
mod mirrored;
mod missing;
mod opening;
mod packaged;
mod popup;
mod queue;
mod removal;
mod settings;
mod sizes;
mod stopped;
mod support;
mod swarm;
mod tooltips;
mod torrentfiles;
