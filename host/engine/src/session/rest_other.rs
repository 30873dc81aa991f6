//! Systems other than Linux have no such settings for a thread's timers, or let them ring late by
//! themselves; none sleeps as shortly.

/// Notes that this thread has taken something from a peer.
pub fn served() {}

/// To be called when this thread has nothing to do at the moment.
pub fn rest() {}

/// Lets the timers of this thread ring late.
pub fn ring_late() {}
