//! What the protocol page promises, asked for over the wire by a client that knows only that page.

mod cancelling;
mod damage;
mod database;
mod dead_magnets;
mod details;
mod downloads;
mod durability;
mod errors;
mod faults;
mod frames;
mod hostile;
mod life;
mod network;
mod places;
mod power_cut;
mod previews;
mod queue;
mod recheck;
mod relays;
mod rules;
mod selection;
mod session;
mod subscriptions;
mod support;
mod watch_folder;
