//! Random numbers that can be had again.

/// Set to the seed of a run that failed, it runs in the same order again.
pub const SEED: &str = "TORRPEDDO_TEST_SEED";

/// A small generator (xorshift64*). Its seed is printed, and so shown where a test fails.
pub struct Random(u64);

impl Random {
    /// A new one for each run, unless [`SEED`] says otherwise.
    ///
    /// # Panics
    /// When [`SEED`] is no number.
    #[must_use]
    pub fn new() -> Self {
        let now = || std::time::UNIX_EPOCH.elapsed().map_or(1, |now| now.as_micros() as u64);
        let seed =
            std::env::var(SEED).map_or_else(|_| now(), |seed| seed.parse().expect("a number"));
        eprintln!("{SEED}={seed}");
        Self(seed | 1)
    }

    /// Another one that goes its own way.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(self.next() | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}
