//! What the end-to-end tests, the demo and the benchmarks share.
//!
//! Everything runs on loopback (or in a [`Namespace`]) and in temporary folders, and knows the
//! program by its protocol alone: [`Relay`] starts `torrpeddo relay` and speaks frames over its
//! standard input and output. The other side of every transfer is libtorrent ([`Seeder`],
//! [`Leecher`]) or transmission, which nobody here wrote. Tests wait for conditions ([`wait_for`]),
//! never for a time to pass.

mod background;
pub mod bench;
pub mod bencode;
pub mod browser;
pub mod capture;
pub mod demo;
mod driver;
pub mod files;
pub mod gate;
pub mod gossip;
pub mod handler;
pub mod http;
pub mod leecher;
pub mod look;
pub mod machine;
pub mod magnets;
mod mirror;
pub mod mount;
pub mod namespace;
pub mod notifications;
pub mod paths;
pub mod process;
pub mod random;
pub mod relay;
pub mod sandbox;
mod script;
pub mod scripted_seeder;
pub mod scripted_tracker;
pub mod seeder;
pub mod torrents;
pub mod tracker;
pub mod transmission;
pub mod wait;
mod wine;
pub mod wire;

pub use capture::Capture;
pub use files::Files;
pub use gate::Gate;
pub use gossip::Gossip;
pub use leecher::Leecher;
pub use mount::Disk;
pub use namespace::Namespace;
pub use random::Random;
pub use relay::{Notification, Relay, Rpc};
pub use sandbox::Sandbox;
pub use scripted_seeder::ScriptedSeeder;
pub use scripted_tracker::ScriptedTracker;
pub use seeder::{Seed, Seeder};
pub use tracker::Tracker;
pub use wait::{DEADLINE, wait_for, wait_until};
pub use wine::Wine;
