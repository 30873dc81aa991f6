//! What the protocol page promises, asked for over the wire by a client that knows only that page.

mod dead_magnets;
mod downloads;
mod durability;
mod errors;
mod frames;
mod hostile;
mod life;
mod previews;
mod relays;
mod session;
mod subscriptions;
mod support;
