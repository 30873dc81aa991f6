//! Real browsers with the built extension: what a user does, in each of them.

/// Makes a test for each browser out of an async function that takes a `Case`.
macro_rules! in_each_browser {
    ($($name:ident),* $(,)?) => {
        mod chromium {
            $(#[test] fn $name() { crate::support::run(torrpeddo_tests::browser::Kind::Chromium, stringify!($name), super::$name); })*
        }
        mod firefox {
            $(#[test] fn $name() { crate::support::run(torrpeddo_tests::browser::Kind::Firefox, stringify!($name), super::$name); })*
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
mod tooltips;
mod torrentfiles;
